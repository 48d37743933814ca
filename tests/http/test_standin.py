"""The stand-in of the Géoplateforme does what it says, asked by real clients: images, tiles, catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import mvt
import numpy as np
import pytest
from geoplateforme import data, mapfiles, process
from geoplateforme.standin import Geoplateforme
from owslib.csw import CatalogueServiceWeb
from owslib.fes import PropertyIsLike
from owslib.wmts import WebMapTileService

COMMUNE = "ADMINEXPRESS-COG.LATEST:commune"
BATIMENT = "BDTOPO_V3:batiment"
FORET = "LANDCOVER.FORESTINVENTORY.V2:formation_vegetale"
FEATURE = {"SERVICE": "WFS", "VERSION": "2.0.0", "REQUEST": "GetFeature", "OUTPUTFORMAT": "application/json"}
MAP = {"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetMap", "STYLES": "", "CRS": "EPSG:2154"}
HEIGHTS = "ELEVATION.ELEVATIONGRIDCOVERAGE.HIGHRES"


@pytest.fixture
def client(geoplateforme: Geoplateforme) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=geoplateforme.base, timeout=60) as found:
        yield found


def test_what_another_version_made_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def build(folder: Path) -> None:
        made.append(len(list(folder.iterdir())))
        (folder / data.FEATURES).touch()

    monkeypatch.setattr(data, "build", build)
    monkeypatch.setattr(mapfiles, "write", lambda folder: (folder / "mapserver.conf").touch())
    folder = tmp_path / "standin"
    process.prepare(folder)
    process.prepare(folder)
    assert made == [0]
    (folder / "made-by").write_text("another version")
    process.prepare(folder)
    # and what was cut short, from nothing
    (folder / "made-by").unlink()
    (folder / "mapserver.conf").unlink()
    process.prepare(folder)
    assert made == [0, 0, 0]


def test_owslib_reads_the_wmts(geoplateforme: Geoplateforme) -> None:
    wmts = WebMapTileService(geoplateforme.env["TERRITOIRE_GEOPLATEFORME_WMTS_URL"])
    for layer, matrix_set, style, level in (
        ("GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2", "PM_0_19", "normal", "10"),
        ("IGNF_COSIA_2024-2026", "LAMB93_5cm_6_22", "CoSIA", "12"),
    ):
        limits = wmts[layer].tilematrixsetlinks[matrix_set].tilematrixlimits[level]
        where = {"tilematrixset": matrix_set, "tilematrix": level, "column": limits.mintilecol, "style": style}
        tile = wmts.gettile(layer=layer, row=limits.mintilerow, format="image/png", **where)
        assert tile.read()[:4] == b"\x89PNG"


def test_wmts_knows_its_limits(client: httpx2.Client) -> None:
    layer = {"LAYER": "ORTHOIMAGERY.ORTHOPHOTOS", "STYLE": "normal", "FORMAT": "image/jpeg", "TILEMATRIXSET": "PM_0_19"}
    asked = {"SERVICE": "WMTS", "VERSION": "1.0.0", "REQUEST": "GetTile", "TILEMATRIX": "10", "TILECOL": "528", **layer}
    tile = client.get("/wmts", params={**asked, "TILEROW": "373"})
    assert (tile.status_code, tile.headers["content-type"], tile.content[:2]) == (200, "image/jpeg", b"\xff\xd8")
    same = client.get("/wmts", params={**asked, "TILEROW": "373"}, headers={"If-None-Match": tile.headers["etag"]})
    assert same.status_code == 304
    assert client.get("/wmts", params={**asked, "TILEROW": "3"}).status_code == 404
    assert client.get("/wmts", params=asked).status_code == 400


def test_heights_of_the_image_and_of_the_service_are_the_same(client: httpx2.Client) -> None:
    asked = {**MAP, "LAYERS": HEIGHTS, "BBOX": "960000,6400000,970000,6410000", "WIDTH": "40", "HEIGHT": "40"}
    raw = client.get("/wms-r", params={**asked, "FORMAT": "image/x-bil;bits=32"})
    image = np.frombuffer(raw.content, "<f4").reshape(40, 40)
    # the middle of the pixel in the middle
    point = {"lon": "6.3370", "lat": "44.7049", "resource": "ign_rge_alti_wld", "zonly": "true"}
    height = client.get("/altimetrie/1.0/calcul/alti/rest/elevation.json", params=point).json()["elevations"][0]
    assert 600 < height < 3_100
    assert image.min() < height < image.max()
    line = {"lon": "5.4|6.6", "lat": "43.3|44.9", "resource": "ign_rge_alti_wld", "sampling": "7"}
    profile = client.get("/altimetrie/1.0/calcul/alti/rest/elevationLine.json", params=line).json()["elevations"]
    assert len(profile) == 7
    outside = client.get("/altimetrie/1.0/calcul/alti/rest/elevation.json", params={**point, "lon": "0"}).json()
    assert outside["elevations"] == [-99_999]


def test_wms_takes_two_layers_and_the_styles_it_names(client: httpx2.Client) -> None:
    asked = {**MAP, "BBOX": "890000,6240000,900000,6250000", "WIDTH": "100", "HEIGHT": "100", "FORMAT": "image/png"}
    assert client.get("/wms-v/ows", params={**asked, "LAYERS": BATIMENT}).content[:4] == b"\x89PNG"
    three = client.get("/wms-r", params={**asked, "LAYERS": f"{HEIGHTS},{HEIGHTS},{HEIGHTS}"})
    assert (three.status_code, "limit" in three.text) == (400, True)
    assert "StyleNotDefined" in client.get("/wms-r", params={**asked, "LAYERS": HEIGHTS, "STYLES": "x"}).text


def test_vector_tiles_hold_the_declared_layers(client: httpx2.Client) -> None:
    described = client.get("/tms/1.0.0/PLAN.IGN/metadata.json").json()
    assert [layer["id"] for layer in described["vector_layers"]] == ["limite_admin", "bati_surf"]
    tile = client.get("/tms/1.0.0/PLAN.IGN/12/2109/1497.pbf")
    assert tile.headers["content-type"] == "application/x-protobuf"
    assert set(mvt.read(tile.content)) == {"limite_admin", "bati_surf"}
    assert client.get("/tms/1.0.0/PLAN.IGN/12/3/3.pbf").status_code == 404
    style = client.get("/annexes/ressources/vectorTiles/styles/PLAN.IGN/standard.json").json()
    assert style["layers"][0]["source-layer"] == "limite_admin"


def test_owslib_reads_the_catalogue(geoplateforme: Geoplateforme) -> None:
    catalogue = CatalogueServiceWeb(geoplateforme.env["TERRITOIRE_GEOPLATEFORME_CSW_URL"])
    catalogue.getrecords2(constraints=[PropertyIsLike("csw:AnyText", "%topo%")], esn="full")
    assert [record.uris[0]["name"] for record in catalogue.records.values()] == [BATIMENT]
    gmd = "http://www.isotc211.org/2005/gmd"
    catalogue.getrecords2(typenames="gmd:MD_Metadata", esn="full", outputschema=gmd, startposition=51, maxrecords=10)
    assert catalogue.results == {"matches": 67, "returned": 10, "nextrecord": 61}
    catalogue.getrecordbyid(["IGNF_BD-TOPO"], outputschema="http://standards.iso.org/iso/19115/-3/mdb/2.0")
    assert catalogue.records["IGNF_BD-TOPO"].identification[0].title == "BD TOPO"
