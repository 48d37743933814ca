"""The pages of live collections: a map through our address, whence and when the data came, records for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsing import AXE, near, pixels, serious
from clients import watch
from geoplateforme.standin import Geoplateforme
from lab import Lab, Server
from live_layers import LAYERS, age, publish
from playwright.sync_api import Browser, Page, expect

from territoire.core.database import Urls

ROOT = "/ogc/collections"
RECORDS = f"{ROOT}/catalogue_ign/items"
IDLE = 'html[data-map="idle"]'
#: What lies around everything on our maps.
AROUND = (0xE6, 0xEB, 0xE9)
#: Pages to be looked at, and how much of the map is drawn at the least.
MAPS = {"plan_ign": 0.5, "ortho": 0.4, "znieff_carte": 0.01, "plan_vecteur": 0.1}


@pytest.fixture(scope="module")
def lab(
    new_database: Callable[[], Urls], geoplateforme_process: Geoplateforme, tmp_path_factory: pytest.TempPathFactory
) -> Lab:
    """A database where one collection of our own and a live one of each kind are published."""
    geoplateforme_process.reset()
    made = Lab(new_database(), tmp_path_factory.mktemp("live-pages"))
    publish(made, geoplateforme_process)
    return made


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps answers."""
    return tmp_path_factory.mktemp("live-var")


@pytest.fixture(scope="module")
def served(lab: Lab, var: Path, geoplateforme_process: Geoplateforme) -> Iterator[Server]:
    """A server of live collections."""
    with lab.serve(**geoplateforme_process.env, TERRITOIRE_VAR=str(var)) as running:
        yield running


@pytest.fixture
def server(served: Server, geoplateforme: Geoplateforme) -> Server:
    """The server, its source well."""
    assert geoplateforme
    return served


@pytest.mark.parametrize("name", MAPS)
def test_a_live_layer_is_on_the_map_of_its_page(
    server: Server, geoplateforme: Geoplateforme, page: Page, name: str
) -> None:
    with watch(server) as traffic:
        page.goto(f"{server.base}{ROOT}/{name}")
        page.wait_for_selector(IDLE)
    assert traffic.failed == []
    part = {"wms": "map", "wms_vector": "map", "wmts": "map/tiles/"}.get(LAYERS[name]["service"])
    wanted = f"{ROOT}/{name}/{part}" if part else f"/tiles/{name}/"
    assert any(request.path.startswith(wanted) for request in traffic.requests)
    # the browser asked nobody else (fixture `page`); our server did
    assert geoplateforme.requests
    counted = pixels(page.locator("canvas.maplibregl-canvas").screenshot())
    assert 1 - near(counted, AROUND) / sum(counted.values()) > MAPS[name]


def test_live_features_are_drawn_where_one_looks_and_a_click_tells_them(server: Server, page: Page) -> None:
    page.goto(f"{server.base}{ROOT}/batiments_direct?lang=fr")
    page.wait_for_selector(IDLE)
    said = page.locator("[data-map-said]")
    expect(said).to_have_text("Zoomez pour voir les objets.")
    for _ in range(7):
        page.wait_for_selector(IDLE)
        page.get_by_label("Zoomer", exact=True).click()
        page.wait_for_timeout(400)
    expect(said).to_have_text(re.compile(r"^Objets montrés\s: \d+"), timeout=15_000)
    with page.expect_response(lambda answer: "/items?f=json" in answer.url) as heard:
        page.locator("canvas.maplibregl-canvas").press("ArrowRight")
    assert heard.value.ok
    assert "limit=1000&bbox=" in heard.value.url


def test_a_layer_without_web_mercator_has_a_page_without_a_map(server: Server) -> None:
    body = server.get(f"{ROOT}/cosia", Accept="text/html")[2].decode()
    assert "data-map" not in body
    assert "/ogc/collections/cosia/map/tiles/" in body


def test_the_page_says_whence_and_when_and_that_the_source_fails(
    lab: Lab, geoplateforme: Geoplateforme, tmp_path: Path
) -> None:
    with lab.serve(**geoplateforme.env, TERRITOIRE_VAR=str(tmp_path)) as server:
        path = f"{ROOT}/plan_ign?lang=fr"
        first = server.get(path, Accept="text/html")
        assert "GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2" in first[2].decode()
        assert "pas encore demandé par ce serveur" in first[2].decode()
        # it is of now: no tag, and nobody keeps it
        assert (first[1]["cache-control"], "etag" in first[1]) == ("no-cache", False)
        tile = f"{ROOT}/plan_ign/map/tiles/WebMercatorQuad/8/93"
        assert server.get(f"{tile}/132", Accept="*/*")[0] == 200
        answered = server.get(path, Accept="text/html")[2].decode()
        assert "WMTS de la Géoplateforme, à l'instant" in answered
        assert "dernier échec" not in answered
        geoplateforme.vice("html")
        assert server.get(f"{tile}/131", Accept="*/*")[0] == 502
        assert "ne répond pas\u202f; dernier échec" in server.get(path, Accept="text/html")[2].decode()
        english = server.get(f"{ROOT}/plan_ign?lang=en", Accept="text/html")[2].decode()
        assert "does not answer; last failure just now" in english
        described = server.get(f"{ROOT}/plan_ign", Accept="application/json")
        assert "etag" in described[1]


def test_records_are_a_list_with_a_search_that_needs_no_script(server: Server) -> None:
    status, headers, body = server.get(f"{RECORDS}?limit=10&lang=fr", Accept="text/html")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    seen: list[str] = []
    text = body.decode()
    while True:
        seen += re.findall(rf'<h3><a href="{RECORDS}/([^"?]+)', text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        if following is None:
            break
        address = urlsplit(following[1].replace("&amp;", "&"))
        text = server.get(f"{address.path}?{address.query}", Accept="text/html")[2].decode()
    total = server.json(f"{RECORDS}?limit=1")["numberMatched"]
    assert len(seen) == len(set(seen)) == total
    assert 'rel="prev"' in text
    found = server.get(f"{RECORDS}?f=html&q=urbanisme&lang=fr")[2].decode()
    assert 'value="urbanisme"' in found
    assert "GPU_ZONE-URBA" in found
    assert "Aucune fiche" in server.get(f"{RECORDS}?f=html&q=motquinestnullepart&lang=fr")[2].decode()
    assert server.get(f"{RECORDS}?f=html&mot=x")[0] == 400


def test_a_record_is_a_page_with_its_links_which_nobody_here_follows(
    server: Server, geoplateforme: Geoplateforme
) -> None:
    status, _, body = server.get(f"{RECORDS}/IGNF_BD-TOPO?lang=en", Accept="text/html")
    text = body.decode()
    assert status == 200
    assert "<h1>BD TOPO</h1>" in text
    linked = server.json(f"{RECORDS}/IGNF_BD-TOPO")["links"]
    for link in linked:
        if link["rel"] == "related":
            assert f'href="{link["href"]}" rel="external noreferrer nofollow"' in text
    assert "Where this record leads" in text
    alternate = next(link for link in linked if link["rel"] == "alternate")
    assert alternate["type"] == "text/html"
    assert server.get(alternate["href"].removeprefix(server.base))[2].startswith(b"<!doctype html>")
    assert {seen.service for seen in geoplateforme.requests} == {"csw"}
    assert server.get(f"{RECORDS}/rien", Accept="text/html")[0] == 404


@pytest.mark.parametrize("root", [RECORDS, f"{ROOT}/batiments_direct/items"])
def test_a_kept_page_says_its_age(lab: Lab, geoplateforme: Geoplateforme, tmp_path: Path, root: str) -> None:
    with lab.serve(**geoplateforme.env, TERRITOIRE_VAR=str(tmp_path)) as server:
        key = server.json(f"{root}?limit=1")["features"][0]["id"]
        paths = (f"{root}?lang=fr", f"{root}/{key}?lang=fr")
        for path in paths:
            status, headers, body = server.get(path, Accept="text/html")
            assert (status, "ne répond pas" in body.decode()) == (200, False)
            assert headers["cache-status"].startswith("territoire; ")
        age(tmp_path, timedelta(days=3))
        geoplateforme.vice("html")
        for path in paths:
            status, headers, body = server.get(path, Accept="text/html")
            assert status == 200
            assert headers["cache-status"].endswith("detail=SOURCE-FAILS")
            assert int(headers["age"]) >= 3 * 86_400
            assert "La Géoplateforme ne répond pas" in body.decode()
            assert "il y a 3 j" in body.decode()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(
    "path",
    [
        "plan_ign",
        "batiments_direct",
        "batiments_direct/items",
        "catalogue_ign/items?q=eau",
        "catalogue_ign/items/IGNF_BD-TOPO",
    ],
)
def test_axe_finds_nothing_serious(server: Server, browser: Browser, path: str, language: str, width: int) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed (make setup-dev)")
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="fr-FR")
    visitor = context.new_page()
    visitor.goto(f"{server.base}{ROOT}/{path}{'&' if '?' in path else '?'}lang={language}")
    if visitor.locator("[data-map]").count():
        visitor.wait_for_selector(IDLE)
    assert visitor.locator("h1").count() == 1
    assert serious(visitor) == []
    assert visitor.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
