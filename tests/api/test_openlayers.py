"""OpenLayers in Chromium reads our tilesets by OGCVectorTile, in both tile matrix sets; what is drawn is measured."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyproj
import pytest
import shapely
from browsing import HEIGHT, WIDTH, another_site, pixels
from clients import source, watch
from lab import ROOT, Lab, Server, row, write
from playwright.sync_api import Page

OPENLAYERS = ROOT / "node_modules" / "ol" / "dist" / "ol.js"
CENTRE, IDLE = (5.97, 44.05), 'html[data-map="idle"]'
#: The page of somebody else. A CRS must be known to OpenLayers; for a map in that CRS its name and unit are enough.
STANDALONE = """<!doctype html><meta charset="utf-8"><title>Ailleurs</title><link rel="icon" href="data:,">
<style>html, body, #map {{ margin: 0; height: 100% }}</style><div id="map"></div>
<script src="ol.js"></script>
<script>
const lambert = new ol.proj.Projection({{ code: "EPSG:2154", units: "m", extent: [0, 5289113, 1677721, 12000000] }});
ol.proj.addProjection(lambert);
const red = new ol.style.Style({{ fill: new ol.style.Fill({{ color: "#ff0000" }}) }});
const line = new ol.style.Style({{ stroke: new ol.style.Stroke({{ color: "#000080", width: 2 }}) }});
const source = new ol.source.OGCVectorTile({{
  url: "{tileset}", format: new ol.format.MVT(), projection: "{code}", collections: {collections},
}});
source.on("error", (event) => console.error("source", event));
const style = (feature) => (feature.get("layer") === "departements" ? line : red);
window.tiles = new ol.layer.VectorTile({{ source, style, background: "#ffffff" }});
window.map = new ol.Map({{
  target: "map", layers: [window.tiles], controls: [], pixelRatio: 1,
  view: new ol.View({{ projection: "{code}", center: {centre}, resolution: {resolution} }}),
}});
// the map is complete before its source has read the tileset, too
let loading = 0, loaded = 0;
source.on("tileloadstart", () => {{ loading += 1; }});
source.on("tileloadend", () => {{ loading -= 1; loaded += 1; }});
map.on("rendercomplete", () => {{ if (loaded && !loading) document.documentElement.dataset.map = "idle"; }});
</script>"""


def show(page: Page, site: str, folder: Path, **words: Any) -> None:
    """Open the page of another site on a tileset, until all is drawn."""
    (folder / "index.html").write_text(STANDALONE.format(**words))
    page.goto(site)
    page.wait_for_selector(IDLE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site with an OpenLayers of its own; the test is skipped where npm has not brought it."""
    if not OPENLAYERS.exists():
        pytest.skip("OpenLayers is not installed (make setup-dev)")
    shutil.copy(OPENLAYERS, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("grid", "srid", "resolution"), [("WebMercatorQuad", 3857, 305.748113140705), ("Lambert93", 2154, 204.8)]
)
@pytest.mark.parametrize("root", ["collections/communes/tiles", "tiles"])
def test_openlayers_draws_every_commune_where_it_is(
    demo: Lab, demo_server: Server, page: Page, folder: Path, grid: str, srid: int, resolution: float, root: str
) -> None:
    centre = pyproj.Transformer.from_crs("OGC:CRS84", srid, always_xy=True).transform(*CENTRE)
    collections = "undefined" if root.startswith("collections") else '["communes"]'
    tileset = f"{demo_server.base}/ogc/{root}/{grid}"
    words = {"code": f"EPSG:{srid}", "centre": list(centre), "resolution": resolution, "collections": collections}
    with another_site(folder) as site, watch(demo_server) as traffic:
        show(page, site, folder, tileset=tileset, **words)
    assert traffic.failed == []
    asked = [request.path for request in traffic.requests]
    assert asked[:2] == [f"/ogc/{root}/{grid}", f"/ogc/tileMatrixSets/{grid}"]
    assert len(asked) > 3
    assert all(path.startswith(f"/ogc/{root}/{grid}/") for path in asked[2:])

    extent = [centre[0] - 4e5, centre[1] - 4e5, centre[0] + 4e5, centre[1] + 4e5]
    drawn: list[list[str]] = page.evaluate(
        f"tiles.getFeaturesInExtent({extent}).map((feature) => [feature.get('code_insee'), feature.get('nom')])"
    )
    wanted = source(demo.registry.get("communes"))
    assert dict(drawn) == {key: row["nom"] for key, row in wanted.rows.items()}

    counted = pixels(page.locator("#map").screenshot())
    # an edge is mixed of red and white: green tells how much of the pixel is not covered; where two communes meet,
    # each covers its part of the pixel and a little white shines through
    covered = sum(count * (255 - green) / 255 for (_, green, _), count in counted.items())
    assert covered == pytest.approx(_area_on_screen(wanted.shapes.values(), srid, centre, resolution), rel=0.02)
    assert all(red == 255 and green == blue for red, green, blue in counted)


def _area_on_screen(shapes: Any, srid: int, centre: tuple[float, float], resolution: float) -> float:
    """Return how many pixels the shapes, in Lambert-93, cover on the map."""
    move = pyproj.Transformer.from_crs(2154, srid, always_xy=True)
    half = (WIDTH / 2 * resolution, HEIGHT / 2 * resolution)
    view = shapely.box(centre[0] - half[0], centre[1] - half[1], centre[0] + half[0], centre[1] + half[1])
    whole = shapely.union_all([shapely.transform(s, move.transform, interleaved=False) for s in shapes])
    return float(whole.intersection(view).area) / resolution**2


def test_openlayers_draws_two_collections_of_one_lambert_tileset(demo_server: Server, page: Page, folder: Path) -> None:
    centre = pyproj.Transformer.from_crs("OGC:CRS84", 2154, always_xy=True).transform(*CENTRE)
    words = {"code": "EPSG:2154", "centre": list(centre), "resolution": 204.8}
    words["collections"] = '["communes", "departements"]'
    with another_site(folder) as site:
        show(page, site, folder, tileset=f"{demo_server.base}/ogc/tiles/Lambert93", **words)
    counted = pixels(page.locator("#map").screenshot(path=str(folder / "map.png")))
    assert counted[255, 0, 0] > 100_000
    assert counted[0, 0, 128] > 1_000


@pytest.mark.parametrize(("grid", "srid", "resolution"), [("WebMercatorQuad", 3857, 200.0), ("Lambert93", 2154, 150.0)])
def test_openlayers_draws_tiles_of_few_zooms(
    lab: Lab, page: Page, folder: Path, grid: str, srid: int, resolution: float
) -> None:
    lab.declare(id="balises", publish={"tiles": {"minzoom": 6, "maxzoom": 8}})
    lab.load("balises", write(lab.folder / "balises.gpkg", [row(number) for number in range(40)]))
    centre = pyproj.Transformer.from_crs(2154, srid, always_xy=True).transform(900_000, 6_300_000)
    words = {"code": f"EPSG:{srid}", "centre": list(centre), "resolution": resolution, "collections": "undefined"}
    with lab.serve() as server, another_site(folder) as site, watch(server) as traffic:
        show(page, site, folder, tileset=f"{server.base}/ogc/collections/balises/tiles/{grid}", **words)
    assert traffic.failed == []
    box = [centre[0] - 1e5, centre[1] - 1e5, centre[0] + 1e5, centre[1] + 1e5]
    drawn = page.evaluate(f"tiles.getFeaturesInExtent({box}).map((feature) => feature.get('code'))")
    assert set(drawn) == {row(number)["code"] for number in range(40)}
