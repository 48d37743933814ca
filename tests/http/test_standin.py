"""The stand-in of the Géoplateforme does what it says, asked by real clients."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import httpx2
import pytest
from geoplateforme.layers import BUILDINGS
from geoplateforme.standin import Geoplateforme
from owslib.wfs import WebFeatureService
from owslib.wmts import WebMapTileService

FEATURE = {"SERVICE": "WFS", "VERSION": "2.0.0", "REQUEST": "GetFeature", "OUTPUTFORMAT": "application/json"}


@pytest.fixture
def client(geoplateforme: Geoplateforme) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=geoplateforme.base, timeout=60) as found:
        yield found


def test_a_page_of_5000_is_cut_silently(client: httpx2.Client) -> None:
    page = client.get("/wfs/ows", params={**FEATURE, "TYPENAMES": "BDTOPO_V3:batiment", "COUNT": "9000"}).json()
    assert (page["numberReturned"], page["numberMatched"], page["totalFeatures"]) == (5_000, BUILDINGS, BUILDINGS)
    assert page["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::4326"
    assert page["features"][0]["geometry_name"] == "geometrie"
    names = [feature["properties"]["cleabs"] for feature in page["features"]]
    assert names != sorted(names)


def test_pages_sorted_by_key_hold_each_feature_once(client: httpx2.Client) -> None:
    asked = {**FEATURE, "TYPENAMES": "BDTOPO_V3:batiment", "SORTBY": "cleabs", "PROPERTYNAME": "cleabs"}
    keys: list[str] = []
    for start in range(0, BUILDINGS, 5_000):
        page = client.get("/wfs/ows", params={**asked, "STARTINDEX": str(start)}).json()
        keys += [feature["properties"]["cleabs"] for feature in page["features"]]
    assert len(keys) == len(set(keys)) == BUILDINGS
    assert keys == sorted(keys)


def test_gdal_reads_the_wfs(geoplateforme: Geoplateforme) -> None:
    # GDAL asks for the schemas of all types at once, is refused (more than 2), and asks for the one
    source = "WFS:" + geoplateforme.env["TERRITOIRE_GEOPLATEFORME_WFS_URL"]
    run = subprocess.run(
        ["ogrinfo", "-ro", "-so", source, "ADMINEXPRESS-COG.LATEST:commune"], capture_output=True, text=True, check=True
    )
    assert "Feature Count: 946" in run.stdout
    assert "population: Integer" in run.stdout


def test_owslib_reads_the_wfs_and_the_wmts(geoplateforme: Geoplateforme) -> None:
    wfs = WebFeatureService(geoplateforme.env["TERRITOIRE_GEOPLATEFORME_WFS_URL"], version="2.0.0")
    assert set(wfs.contents) == set(geoplateforme.layers)
    schema = wfs.get_schema("wfs_du:zone_urba")
    assert schema["geometry_column"] == "the_geom"
    wmts = WebMapTileService(geoplateforme.env["TERRITOIRE_GEOPLATEFORME_WMTS_URL"])
    links = wmts["GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2"].tilematrixsetlinks["PM_0_19"]
    limits = links.tilematrixlimits["10"]
    tile = wmts.gettile(
        layer="GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2",
        tilematrixset="PM_0_19",
        tilematrix="10",
        row=limits.mintilerow,
        column=limits.mintilecol,
        format="image/png",
        style="normal",
    )
    assert tile.read()[:4] == b"\x89PNG"
