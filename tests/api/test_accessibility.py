"""Everyone can use the pages: axe finds nothing serious, the keyboard reaches all, a phone is wide enough."""

from __future__ import annotations

import urllib.request
from collections.abc import Generator

import pytest
from browsing import AXE, serious
from lab import Server
from playwright.sync_api import Browser, Page

COLLECTION = "/ogc/collections/communes"
PAGES = {
    "home": "/",
    "search": "/?q=saint",
    "api": "/ogc",
    "collections": "/ogc/collections",
    "collection": COLLECTION,
    "items": f"{COLLECTION}/items",
    "item": f"{COLLECTION}/items/13055",
    "processes": "/ogc/processes",
    "process": "/ogc/processes/zone-statistics",
    "error": "/ogc/collections/commune",
}
IDLE = 'html[data-map="idle"]'


@pytest.fixture
def visitor(browser: Browser) -> Generator[Page]:
    """A page whose console may say that an address is not there: a refusal is looked at as well."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed (make setup-dev)")
    context = browser.new_context(locale="fr-FR")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(demo_server: Server, visitor: Page, name: str, language: str, width: int) -> None:
    _open(demo_server, visitor, PAGES[name], language=language, width=width)
    assert visitor.locator("h1").count() == 1
    assert visitor.locator("html").get_attribute("lang") == language
    assert serious(visitor) == []


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious_in_the_page_of_a_job(demo_server: Server, visitor: Page, width: int) -> None:
    execution = f"{demo_server.base}/ogc/processes/geocode/execution"
    headers = {"Content-Type": "application/json", "Prefer": "respond-async"}
    body = b'{"inputs": {"text": "Digne"}}'
    with urllib.request.urlopen(urllib.request.Request(execution, body, headers), timeout=30) as answer:
        path = answer.headers["Location"].removeprefix(demo_server.base)
    _open(demo_server, visitor, path, language="fr", width=width)
    assert visitor.locator("progress").count() == 1
    assert serious(visitor) == []


def test_axe_would_find_a_fault(demo_server: Server, visitor: Page) -> None:
    _open(demo_server, visitor, "/", language="fr", width=1280)
    visitor.evaluate("document.querySelector('label[for=q]').remove()")
    visitor.evaluate("document.querySelector('#q').removeAttribute('placeholder')")
    visitor.evaluate("document.querySelector('.quiet').style.color = '#cccccc'")
    assert {fault[0] for fault in serious(visitor)} == {"label", "color-contrast"}


def test_the_keyboard_reaches_the_search_the_layers_and_what_can_be_copied(demo_server: Server, page: Page) -> None:
    _open(demo_server, page, "/", language="fr", width=1280)
    reached = _tab_through(page)
    assert reached[0] == "a:Aller au contenu"
    wanted = [
        "input:q",
        "button:Chercher",
        "input:layer",
        "canvas:",
        "a:Télécharger le projet QGIS",
        "code:adresse-qgis",
    ]
    order = [next(i for i, name in enumerate(reached) if name.startswith(start)) for start in wanted]
    assert order == sorted(order)
    assert "button:Copier : QGIS : adresse de la connexion" in [name.replace("\u00a0", " ") for name in reached]


def test_the_keyboard_opens_a_program_and_copies_it(demo_server: Server, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    _open(demo_server, page, COLLECTION, language="en", width=390)
    summary = page.locator(".snippets summary", has_text="requests")
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    text = page.evaluate("document.activeElement.textContent")
    assert text.startswith("import requests")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(".copy-button.done", has_text="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == text


@pytest.mark.parametrize("width", [1280, 390])
def test_open_programs_make_no_page_scroll_sideways(demo_server: Server, page: Page, width: int) -> None:
    _open(demo_server, page, COLLECTION, language="fr", width=width)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def _open(server: Server, page: Page, path: str, *, language: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{server.base}{path}{'&' if '?' in path else '?'}lang={language}")
    if page.locator("[data-map]").count():
        page.wait_for_selector(IDLE)


def _tab_through(page: Page) -> list[str]:
    """Press Tab through a page and return what had the focus, in order."""
    describe = """() => {
      const one = document.activeElement;
      if (one === document.body) return '';
      const label = one.getAttribute('aria-label');
      const name = one.tagName === 'CANVAS' ? '' : label || one.id || one.name || one.textContent.trim();
      return `${one.tagName.toLowerCase()}:${name}`;
    }"""
    reached: list[str] = []
    for _ in range(120):
        page.keyboard.press("Tab")
        found = page.evaluate(describe)
        if not found:
            break
        reached.append(found)
    return reached
