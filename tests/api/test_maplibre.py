"""MapLibre in Chromium draws our tiles, on our pages and on those of another site; what is drawn is measured."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyproj
import pytest
import shapely
from browsing import HEIGHT, WIDTH, another_site, near, pixels
from clients import source, watch
from lab import ROOT, Lab, Server, row, write
from playwright.sync_api import Browser, Page, expect

VENDOR = ROOT / "territoire" / "web" / "static" / "vendor"
ZOOM, CENTRE = 8, (5.97, 44.05)
#: The page of somebody else: it has a MapLibre of its own, and asks our server for tiles only.
STANDALONE = """<!doctype html><meta charset="utf-8"><title>Ailleurs</title><link rel="icon" href="data:,">
<style>html, body, #map {{ margin: 0; height: 100% }}</style><div id="map"></div>
<script type="module">
import * as maplibregl from "./maplibre-gl.mjs";
const communes = {{ id: "communes", type: "fill", source: "communes", "source-layer": "communes" }};
communes.paint = {{ "fill-color": "#ff0000", "fill-antialias": false }};
window.map = new maplibregl.Map({{
  container: "map", center: {centre}, zoom: {zoom}, attributionControl: false, fadeDuration: 0,
  canvasContextAttributes: {{ antialias: false }},
  style: {{
    version: 8,
    sources: {{ communes: {{ type: "vector", url: "{tilejson}" }} }},
    layers: [{{ id: "ground", type: "background", paint: {{ "background-color": "#ffffff" }} }}, communes],
  }},
}});
map.once("idle", () => {{ document.documentElement.dataset.map = "idle"; }});
</script>"""
IDLE = 'html[data-map="idle"]'


def test_the_map_of_a_collection_draws_the_communes_in_all_their_tints(demo_server: Server, page: Page) -> None:
    with watch(demo_server) as traffic:
        page.goto(f"{demo_server.base}/ogc/collections/communes")
        page.wait_for_selector(IDLE)
    counted = pixels(page.locator("canvas.maplibregl-canvas").screenshot())
    whole = sum(counted.values())
    land = (0xF7, 0xF4, 0xEC)
    tints = ["c9dccb", "d9e3c6", "bcd5d3", "e8dfc4", "cfd9e0", "e3d5d0"]
    shares = {
        tint: near(counted, tuple(0.9 * a + 0.1 * b for a, b in zip(bytes.fromhex(tint), land, strict=True))) / whole
        for tint in tints
    }
    assert min(shares.values()) > 0.01, shares
    assert 0.1 < sum(shares.values()) < 0.6, shares
    tiles = [request for request in traffic.requests if "/tiles/communes/g" in request.path]
    assert tiles
    assert traffic.failed == []


def test_a_page_of_another_site_draws_every_commune_where_it_is(
    demo: Lab, demo_server: Server, page: Page, tmp_path: Path
) -> None:
    shutil.copytree(VENDOR, tmp_path, dirs_exist_ok=True)
    tilejson = f"{demo_server.base}/tiles/communes.json"
    (tmp_path / "index.html").write_text(STANDALONE.format(centre=list(CENTRE), zoom=ZOOM, tilejson=tilejson))
    with another_site(tmp_path) as site, watch(demo_server) as traffic:
        page.goto(site)
        page.wait_for_selector(IDLE)
    assert traffic.failed == []
    assert [request.path for request in traffic.requests[:1]] == ["/tiles/communes.json"]
    assert all(request.path.startswith("/tiles/communes/g") for request in traffic.requests[1:])

    drawn: list[dict[str, Any]] = page.evaluate("map.queryRenderedFeatures().map((feature) => feature.properties)")
    wanted = source(demo.registry.get("communes"))
    assert {feature["code_insee"]: feature["nom"] for feature in drawn} == {
        key: row["nom"] for key, row in wanted.rows.items()
    }
    assert {feature["code_insee"]: feature["population"] for feature in drawn} == {
        key: row["population"] for key, row in wanted.rows.items()
    }

    counted = pixels(page.locator("canvas.maplibregl-canvas").screenshot())
    assert counted[255, 0, 0] == pytest.approx(_area_on_screen(wanted.shapes.values()), rel=0.005)
    assert set(counted) == {(255, 0, 0), (255, 255, 255)}


def test_a_page_of_another_site_draws_several_collections_of_one_source(
    demo: Lab, demo_server: Server, page: Page, tmp_path: Path
) -> None:
    shutil.copytree(VENDOR, tmp_path, dirs_exist_ok=True)
    tilejson = f"{demo_server.base}/tiles.json?collections=departements,communes"
    second = ', { id: "departements", type: "line", source: "communes", "source-layer": "departements" }],'
    html = STANDALONE.format(centre=list(CENTRE), zoom=ZOOM, tilejson=tilejson)
    html = html.replace(", communes],", f", communes{second}")
    (tmp_path / "index.html").write_text(html)
    with another_site(tmp_path) as site, watch(demo_server) as traffic:
        page.goto(site)
        page.wait_for_selector(IDLE)
    assert traffic.failed == []
    assert {request.path.count("/") for request in traffic.requests[1:]} == {4}
    drawn: list[list[str]] = page.evaluate(
        "map.queryRenderedFeatures().map((feature) => [feature.sourceLayer, feature.properties.nom])"
    )
    for name in ("communes", "departements"):
        wanted = {values["nom"] for values in source(demo.registry.get(name)).rows.values()}
        assert {nom for layer, nom in drawn if layer == name} == wanted


def test_a_map_says_that_one_must_come_nearer_to_see_what_has_no_tiles_so_far_away(lab: Lab, page: Page) -> None:
    lab.declare(publish={"tiles": {"minzoom": 12, "maxzoom": 14}})
    lab.load("lieux", write(lab.folder / "lieux.gpkg", [row(n) for n in range(200)]))
    with lab.serve() as server:
        page.goto(f"{server.base}/ogc/collections/lieux?lang=fr")
        page.wait_for_selector(IDLE)
        said = page.locator("[data-map-said]")
        expect(said).to_have_text("Zoomez pour voir les objets.")
        closer = page.locator(".maplibregl-ctrl-zoom-in")
        while said.text_content() and closer.is_enabled():
            closer.click()
            page.wait_for_timeout(400)
        expect(said).to_have_text("")


def _area_on_screen(shapes: Any) -> float:
    """Return how many pixels the shapes cover on the map of the other site."""
    to_mercator = pyproj.Transformer.from_crs("EPSG:2154", "EPSG:3857", always_xy=True)
    pixel = 2 * 20037508.342789244 / (512 * 2**ZOOM)
    x, y = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:3857", always_xy=True).transform(*CENTRE)
    view = shapely.box(x - WIDTH / 2 * pixel, y - HEIGHT / 2 * pixel, x + WIDTH / 2 * pixel, y + HEIGHT / 2 * pixel)
    whole = shapely.union_all([shapely.transform(s, to_mercator.transform, interleaved=False) for s in shapes])
    return float(whole.intersection(view).area) / pixel**2


@pytest.mark.parametrize(
    ("path", "selector", "rows"),
    [
        ("/", "table.list tbody tr", 6),
        ("/ogc/collections/communes", "table.list tbody tr", 11),
        ("/ogc/collections/communes/items", "table.list tbody tr", 20),
        ("/ogc/collections/communes/items/84054", "dl.facts div", 11),
    ],
)
def test_lists_and_tables_are_there_without_javascript(
    path: str, selector: str, rows: int, demo_server: Server, browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="fr-FR")
    page = context.new_page()
    page.goto(demo_server.base + path)
    visible = [line for line in page.locator(selector).all() if line.is_visible()]
    assert len(visible) >= rows
    assert page.locator(".map-note").is_visible()
    context.close()
