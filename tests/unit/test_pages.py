"""Our pages, in both languages: valid, complete without JavaScript, asking nobody else, and text stays text."""

from __future__ import annotations

import html_check
import published
import pytest

from territoire.query.search import Hit
from territoire.web.pages import collection, error, home
from territoire.web.pages import site as page_site
from territoire.web.pages.locale import LANGUAGES, Language
from territoire.web.pages.site import Site


def _pages(site: Site) -> dict[str, str]:
    hits = [Hit("communes", "13100", "Saint-Rémy-de-Provence"), Hit("nasty", 'a/b?c#"', published.NASTY)]
    return {
        "home": home.render(site),
        "results": home.render(site, search=published.NASTY, results=hits),
        "nothing found": home.render(site, search="zzz"),
        "too short": home.render(site, search="z"),
        "many": home.render(site, search="saint", results=hits[:1] * 20),
        **{g.dataset.id: collection.render(site, g) for g in site.generations},
        "error": error.render(site, 404, "Not Found", published.NASTY, published.NASTY),
        "away": error.render(site, 503, "Service Unavailable", "the database is away", ""),
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("base", ["http://127.0.0.1:8000", "https://geo.example.org/territoire"])
def test_every_page_is_valid(language: Language, base: str) -> None:
    site = published.site(language, path=f"/?lang={language}", base=base)
    faults = {name: found for name, text in _pages(site).items() if (found := html_check.read(text).faults)}
    assert faults == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_leads_elsewhere_only_to_the_producer_and_the_licence(language: Language) -> None:
    site = published.site(language)
    words = site.vocabulary
    allowed = {word.url for group in (words.producers, words.licences) for word in group.values()}
    for name, text in _pages(site).items():
        elsewhere = {address for address in html_check.read(text).outside if "opengis.net/def/crs/EPSG" not in address}
        assert elsewhere <= allowed, name


def test_what_data_say_is_text() -> None:
    for name, text in _pages(published.site()).items():
        assert "<script>alert" not in text, name
    nasty = html_check.read(collection.render(published.site(), published.generation(published.nasty())))
    assert published.NASTY in nasty.text
    assert "alert(1)" not in "".join(str(script) for script in nasty.scripts)


def test_the_home_page_says_what_is_published_without_javascript() -> None:
    page = html_check.read(home.render(published.site()))
    assert "Communes" in page.text
    assert "COG 2025" in page.text
    assert "24\u00a0novembre 2026" in page.text
    assert "/ogc/collections/communes" in page.addresses
    assert "http://127.0.0.1:8000/ogc" in page.text


def test_an_empty_platform_has_a_home_page_that_says_what_to_do() -> None:
    full = published.site()
    empty = Site(full.base, "fr", (), full.vocabulary, "0.1.0", "/")
    page = html_check.read(home.render(empty))
    assert page.faults == []
    assert "territoire etl run --all" in page.text


def test_a_result_leads_to_its_feature_whatever_its_key_holds() -> None:
    page = html_check.read(home.render(published.site(), search="x", results=[Hit("nasty", 'a/b?c#"é', "nom")]))
    assert "/ogc/collections/nasty/items/a%2Fb%3Fc%23%22%C3%A9" in page.addresses


def test_a_chosen_language_follows_the_links_and_a_negotiated_one_does_not() -> None:
    chosen = html_check.read(home.render(published.site("en", path="/?lang=en")))
    assert "/ogc/collections/communes?lang=en" in chosen.addresses
    negotiated = html_check.read(home.render(published.site("en", path="/")))
    assert "/ogc/collections/communes" in negotiated.addresses


def test_the_language_switch_keeps_the_search() -> None:
    page = html_check.read(home.render(published.site("fr", path="/?q=aix&lang=fr"), search="aix"))
    assert "?q=aix&lang=en" in page.addresses


def test_links_work_below_a_path() -> None:
    site = published.site(base="https://geo.example.org/territoire")
    page = html_check.read(collection.render(site, site.generations[0]))
    inside = [address for address in page.addresses if address.startswith("/")]
    assert inside
    assert all(address.startswith("/territoire/") for address in inside)


def test_the_attribution_names_producer_edition_and_date() -> None:
    site = published.site()
    page = html_check.read(collection.render(site, next(g for g in site.generations if g.dataset.id == "communes")))
    wanted = "IGN (ADMIN EXPRESS COG) et Insee/DGCL, COG 2025, mis à jour le 24\u00a0novembre 2026."
    assert wanted in page.text


def test_what_asks_not_to_be_indexed_says_so_twice() -> None:
    site = published.site()
    assert '<meta name="robots" content="noindex">' in collection.render(site, published.generation(published.nasty()))
    robots = page_site.robots(site)
    assert "Disallow: /ogc/collections/nasty/" in robots
    assert "communes" not in robots


def test_an_error_says_its_status_and_remedy() -> None:
    page = html_check.read(error.render(published.site(), 410, "Gone", "what it walked is gone", "start again"))
    assert "410" in page.text
    assert "start again" in page.text
