"""A real browser on a real server: the map draws our tiles, a click names, and what data say never runs."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from browsing import WIDTH
from lab import Lab, Server, row, write
from playwright.sync_api import Browser, Page

_ATTACK = "</script><script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"
_KEY = 'a/b?c#"é'
_IDLE = 'html[data-map="idle"]'


def test_the_home_page_draws_the_communes_and_a_click_names_one(demo_server: Server, page: Page) -> None:
    page.goto(demo_server.base)
    page.wait_for_selector(_IDLE)
    box = page.locator("canvas.maplibregl-canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    link = page.locator(".popup a")
    link.wait_for()
    name = page.locator(".popup-name").inner_text()
    link.click()
    assert page.locator("h1").inner_text() == name


def test_the_map_works_by_another_address_than_the_public_one(demo: Lab, page: Page) -> None:
    with demo.serve(TERRITOIRE_PUBLIC_URL="https://geo.example.org") as server:
        page.goto(f"{server.base}/ogc/collections/departements")
        with page.expect_response(lambda answer: answer.url.endswith(".mvt") and answer.status == 200):
            page.reload()
        page.wait_for_selector(_IDLE)
        assert "https://geo.example.org/ogc" in page.locator("main").inner_text()


def test_another_layer_can_be_chosen_with_the_keyboard(demo_server: Server, page: Page) -> None:
    page.goto(demo_server.base)
    page.wait_for_selector(_IDLE)
    page.locator("input[value=communes]").focus()
    page.keyboard.press("ArrowDown")
    assert page.locator("input[name=layer]:checked").get_attribute("value") == "epci"


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_no_page_scrolls_sideways(demo_server: Server, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    communes = "/ogc/collections/communes"
    for path in (
        "/",
        "/?q=saint",
        "/ogc",
        "/ogc/collections",
        communes,
        f"{communes}/items",
        f"{communes}/items/13055",
    ):
        page.goto(demo_server.base + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_pages_are_complete_without_javascript(demo_server: Server, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(demo_server.base)
    page.fill("#q", "l'isle sur la sorgue")
    page.press("#q", "Enter")
    assert page.locator(".hits a").first.inner_text().startswith("L'Isle-sur-la-Sorgue")
    page.locator(".hits a").first.click()
    assert page.locator("h1").inner_text() == "L'Isle-sur-la-Sorgue"
    assert page.locator("html").get_attribute("lang") == "en"
    context.close()


def test_a_name_that_is_a_script_is_shown_as_text(lab: Lab, page: Page) -> None:
    lab.declare()
    rows = [row(1, code=_KEY, nom=_ATTACK), row(2, nom="long" * 100)]
    lab.load("lieux", write(lab.datasets / "lieux.gpkg", rows))
    with lab.serve() as server:
        for path in ("/ogc/collections/lieux/items", f"/ogc/collections/lieux/items/{quote(_KEY, safe='')}"):
            page.goto(server.base + path)
            page.wait_for_selector(_IDLE)
            assert _ATTACK in page.locator("main").inner_text()
            assert "taken" not in page.title() or _ATTACK in page.title()
            assert page.locator("main img").count() == 0
            assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
        canvas = page.locator("canvas.maplibregl-canvas").bounding_box()
        assert canvas is not None
        page.mouse.click(canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] / 2)
        assert page.locator(".popup-name").inner_text() == _ATTACK
        page.goto(f"{server.base}/?q={quote(_ATTACK)}")
        assert _ATTACK in page.locator(".hits").inner_text()
        assert page.locator("#q").input_value() == _ATTACK[:100]
