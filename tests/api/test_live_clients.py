"""Clients of others on live collections: OpenLayers draws map tiles in both grids, GDAL reads tiles and filters."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import ogr
import pytest
from browsing import another_site, pixels
from clients import watch
from geoplateforme.standin import Geoplateforme
from lab import ROOT, Lab, Server
from live_layers import ITEMS, publish
from PIL import Image
from playwright.sync_api import Page

from territoire.core.database import Urls

OPENLAYERS = ROOT / "node_modules" / "ol" / "dist" / "ol.js"
#: The page of somebody else, with an OpenLayers of its own.
STANDALONE = """<!doctype html><meta charset="utf-8"><title>Ailleurs</title><link rel="icon" href="data:,">
<style>html, body, #map {{ margin: 0; height: 100% }}</style><div id="map"></div>
<script src="ol.js"></script>
<script>
const lambert = new ol.proj.Projection({{ code: "EPSG:2154", units: "m", extent: [0, 5289113, 1677721, 12000000] }});
ol.proj.addProjection(lambert);
const source = new ol.source.OGCMapTile({{ url: "{tileset}", crossOrigin: "anonymous", projection: "{code}" }});
source.on("error", (event) => console.error("source", event));
const map = new ol.Map({{
  target: "map", layers: [new ol.layer.Tile({{ source, background: "#ff00ff" }})], controls: [], pixelRatio: 1,
  view: new ol.View({{ projection: "{code}", center: {centre}, resolution: {resolution} }}),
}});
let loading = 0, loaded = 0;
source.on("tileloadstart", () => {{ loading += 1; }});
source.on("tileloadend", () => {{ loading -= 1; loaded += 1; }});
map.on("rendercomplete", () => {{ if (loaded && !loading) document.documentElement.dataset.map = "idle"; }});
</script>"""


@pytest.fixture(scope="module")
def served(
    new_database: Callable[[], Urls], geoplateforme_process: Geoplateforme, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server of live collections."""
    geoplateforme_process.reset()
    lab = Lab(new_database(), tmp_path_factory.mktemp("live-clients"))
    publish(lab, geoplateforme_process)
    with lab.serve(**geoplateforme_process.env) as running:
        yield running


@pytest.fixture
def server(served: Server, geoplateforme: Geoplateforme) -> Server:
    """The server, its source well."""
    assert geoplateforme
    return served


@pytest.mark.parametrize(
    ("name", "code", "centre", "resolution"),
    [
        ("plan_ign", "EPSG:3857", (650_000, 5_460_000), 152.8740565703525),
        ("cosia", "EPSG:2154", (900_000, 6_290_000), 25.6),
    ],
)
def test_openlayers_draws_map_tiles_in_their_own_grid(
    server: Server, page: Page, tmp_path: Path, name: str, code: str, centre: tuple[int, int], resolution: float
) -> None:
    if not OPENLAYERS.exists():
        pytest.skip("OpenLayers is not installed (make setup-dev)")
    shutil.copy(OPENLAYERS, tmp_path)
    (listed,) = server.json(f"/ogc/collections/{name}/map/tiles")["tilesets"]
    grid = listed["tileMatrixSetId"]
    tileset = f"{server.base}/ogc/collections/{name}/map/tiles/{grid}"
    html = STANDALONE.format(tileset=tileset, code=code, centre=list(centre), resolution=resolution)
    (tmp_path / "index.html").write_text(html)
    with another_site(tmp_path) as site, watch(server) as traffic:
        page.goto(site)
        page.wait_for_selector('html[data-map="idle"]')
    assert traffic.failed == []
    asked = [request.path for request in traffic.requests]
    assert asked[:2] == [f"/ogc/collections/{name}/map/tiles/{grid}", f"/ogc/tileMatrixSets/{grid}"]
    assert len(asked) > 5
    counted = pixels(page.locator("#map").screenshot())
    # magenta is what no tile covers
    assert counted.get((255, 0, 255), 0) / sum(counted.values()) < 0.01
    assert len(counted) > 1


def test_gdal_reads_map_tiles_by_their_address(server: Server, gdal: tuple[int, int], tmp_path: Path) -> None:
    assert gdal
    address = f"{server.base}/ogc/collections/plan_ign/map/tiles/WebMercatorQuad/${{z}}/${{y}}/${{x}}"
    (tmp_path / "plan.xml").write_text(
        f"<GDAL_WMS><Service name='TMS'><ServerUrl>{address}</ServerUrl></Service><DataWindow>"
        "<UpperLeftX>-20037508.342789244</UpperLeftX><UpperLeftY>20037508.342789244</UpperLeftY>"
        "<LowerRightX>20037508.342789244</LowerRightX><LowerRightY>-20037508.342789244</LowerRightY>"
        "<TileLevel>12</TileLevel><TileCountX>1</TileCountX><TileCountY>1</TileCountY><YOrigin>top</YOrigin>"
        "</DataWindow><Projection>EPSG:3857</Projection><BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY>"
        "<BandsCount>3</BandsCount></GDAL_WMS>"
    )
    column, row = 2115, 1490
    window = [str(column * 256), str(row * 256), "256", "256"]
    files = (str(tmp_path / "plan.xml"), str(tmp_path / "part.png"))
    ogr.run("gdal_translate", "-q", "-of", "PNG", "-srcwin", *window, *files)
    (tmp_path / "tile.png").write_bytes(
        server.get(f"/ogc/collections/plan_ign/map/tiles/WebMercatorQuad/12/{row}/{column}", Accept="*/*")[2]
    )
    with Image.open(tmp_path / "part.png") as part, Image.open(tmp_path / "tile.png") as tile:
        assert part.convert("RGB").tobytes() == tile.convert("RGB").tobytes()


def test_gdal_filters_live_features_at_the_source(
    server: Server, geoplateforme: Geoplateforme, gdal: tuple[int, int]
) -> None:
    assert gdal
    where = "hauteur > 10 AND nature = 'Indifférenciée'"
    box = ("-spat", "5.3", "43.2", "5.5", "43.4")
    said = ogr.run("ogrinfo", "-ro", "-so", "-where", where, *box, ogr.service(server), "batiments_direct")
    given = {"filter": where, "bbox": "5.3,43.2,5.5,43.4", "resultType": "hits"}
    matched = server.json(f"{ITEMS}?{urlencode(given)}")["numberMatched"]
    assert matched > 0
    assert f"Feature Count: {matched}" in said
    assert any("CQL_FILTER" in seen.url and "hauteur" in seen.url for seen in geoplateforme.requests)
