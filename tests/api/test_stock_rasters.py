"""Stock pygeoapi, unpatched, runs our plug-ins of rasters: the values, maps and tiles that our own server gives."""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np
import pytest
import stock
import yaml
from lab import ROOT, Lab, Server
from rasterio.io import MemoryFile
from rasters import declare, heights, run, write

from territoire.core.database import Urls
from territoire.core.derive import configuration, resource

RELIEF = "/collections/relief"


@pytest.fixture(scope="module")
def doors(
    new_database: Callable[[], Urls], tmp_path_factory: pytest.TempPathFactory
) -> Generator[tuple[Server, Server]]:
    """Our server and a stock one on the same raster, and one more that is declared and not published."""
    lab = Lab(new_database(), tmp_path_factory.mktemp("stock"))
    write(lab.datasets / "relief.tif", heights(300, 400), nodata=-9999)
    declare(lab, id="later")
    raster = declare(lab)
    run(lab)
    server = yaml.safe_load((ROOT / "pygeoapi-config" / "server.yml").read_text("utf-8"))
    # the resources of processes are no matter here
    server["resources"] = {}
    offered = [raster, lab.registry.find("later")]
    config = configuration.configuration(
        server, offered, lab.registry.vocabulary, base_url=resource.STOCK_URL, bounds={}
    )
    with lab.serve() as ours, stock.serve(lab, config) as theirs:
        yield ours, theirs


def values(server: Server, path: str) -> np.ndarray:
    status, _, body = server.get(path, Accept="*/*")
    assert status == 200, body[:500]
    with MemoryFile(body).open() as opened:
        return opened.read()


def test_a_coverage_has_the_same_values(doors: tuple[Server, Server]) -> None:
    ours, theirs = doors
    box = "bbox=5.6,43.6,5.7,43.65"
    mine = values(ours, f"/ogc{RELIEF}/coverage?{box}&f=geotiff")
    assert (mine == values(theirs, f"{RELIEF}/coverage?{box}&f=GeoTIFF")).all()
    subset = "subset=E(910000:915000),N(6285000:6287000)"
    assert (
        values(ours, f"/ogc{RELIEF}/coverage?{subset}&f=geotiff")
        == values(theirs, f"{RELIEF}/coverage?{subset}&f=GeoTIFF")
    ).all()
    assert ours.json(f"/ogc{RELIEF}/coverage?{box}&f=json") == theirs.json(f"{RELIEF}/coverage?{box}&f=json")
    assert theirs.get(f"{RELIEF}/coverage?subset=E(5:1)&f=GeoTIFF")[0] == 400
    assert theirs.get(f"{RELIEF}/coverage?properties=nothing&f=GeoTIFF")[0] == 400
    assert theirs.get(f"{RELIEF}/coverage?bbox=-70,10,-60,20&f=GeoTIFF")[0] == 400


def test_a_map_is_the_same_picture(doors: tuple[Server, Server]) -> None:
    ours, theirs = doors
    query = "bbox=5.5,43.5,5.9,43.7&width=200&height=150&f=png"
    mine, other = ours.get(f"/ogc{RELIEF}/map?{query}"), theirs.get(f"{RELIEF}/map?{query}")
    assert (mine[0], other[0]) == (200, 200), other[2][:500]
    assert mine[2] == other[2]
    assert len(mine[2]) > 2000


def test_a_tile_is_the_same_picture(doors: tuple[Server, Server]) -> None:
    ours, theirs = doors
    mine = ours.get(f"/ogc{RELIEF}/map/tiles/WebMercatorQuad/7/46/66")
    other = theirs.get(f"{RELIEF}/map/tiles/WebMercatorQuad/7/46/66?f=png")
    if other[0] == 404:
        other = theirs.get(f"{RELIEF}/tiles/WebMercatorQuad/7/46/66?f=png")
    assert (mine[0], other[0]) == (200, 200), other[2][:500]
    assert mine[2] == other[2]
    assert len(mine[2]) > 2000


def test_the_collection_says_its_grid_and_one_that_is_not_published_breaks_nothing(
    doors: tuple[Server, Server],
) -> None:
    _, theirs = doors
    told = theirs.json(f"{RELIEF}?f=json")
    assert told["extent"]["spatial"]["grid"][0]["cellsCount"] == 400
    listed = [one["id"] for one in theirs.json("/collections?f=json")["collections"]]
    assert "relief" in listed
    assert theirs.json(f"{RELIEF}/schema?f=json")["properties"]["value"]["type"] == "number"
    assert theirs.get("/collections/later/coverage?f=GeoTIFF")[0] == 404
