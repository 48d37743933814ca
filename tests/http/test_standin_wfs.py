"""The stand-in of the Géoplateforme does what it says, asked by real clients: GDAL, OWSLib, plain HTTP."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from geoplateforme.layers import BUILDINGS
from geoplateforme.standin import Geoplateforme
from owslib.fes2 import FilterRequest, PropertyIsEqualTo
from owslib.wfs import WebFeatureService

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


def ask(client: httpx2.Client, typename: str, **asked: str) -> httpx2.Response:
    return client.get("/wfs/ows", params={**FEATURE, "TYPENAMES": typename, **asked})


def features(client: httpx2.Client, typename: str, **asked: str) -> list[dict[str, Any]]:
    answer = ask(client, typename, **asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["features"]


def test_a_page_of_5000_is_cut_silently(client: httpx2.Client) -> None:
    page = ask(client, BATIMENT, COUNT="9000").json()
    assert (page["numberReturned"], page["numberMatched"], page["totalFeatures"]) == (5_000, BUILDINGS, BUILDINGS)
    assert page["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::4326"
    assert page["features"][0]["geometry_name"] == "geometrie"
    names = [feature["properties"]["cleabs"] for feature in page["features"]]
    assert names != sorted(names)


def test_pages_sorted_by_key_hold_each_feature_once(client: httpx2.Client) -> None:
    keys: list[str] = []
    for start in range(0, BUILDINGS, 5_000):
        page = features(client, BATIMENT, SORTBY="cleabs", PROPERTYNAME="cleabs", STARTINDEX=str(start))
        keys += [feature["properties"]["cleabs"] for feature in page]
    assert len(keys) == len(set(keys)) == BUILDINGS
    assert keys == sorted(keys)


def test_hits_are_counted_in_xml(client: httpx2.Client) -> None:
    asked = {"TYPENAMES": COMMUNE, "RESULTTYPE": "hits", "CQL_FILTER": "code_insee_du_departement = '05'"}
    text = client.get("/wfs/ows", params={**FEATURE, **asked, "OUTPUTFORMAT": "gml32"}).text
    assert 'numberMatched="162"' in text
    assert 'numberReturned="0"' in text


@pytest.mark.parametrize(
    "asked",
    [
        {"BBOX": "5.0,43.0,5.6,43.6,EPSG:4326"},
        {"BBOX": "43.0,5.0,43.6,5.6,urn:ogc:def:crs:EPSG::4326"},
        {"BBOX": "43.0,5.0,43.6,5.6"},
        {"CQL_FILTER": "BBOX(geometrie,5.0,43.0,5.6,43.6,'EPSG:4326')"},
        {"CQL_FILTER": "INTERSECTS(geometrie,SRID=4326;POLYGON((5 43,5.6 43,5.6 43.6,5 43.6,5 43)))"},
        {"CQL_FILTER": "INTERSECTS(geometrie,POLYGON((43 5,43 5.6,43.6 5.6,43.6 5,43 5)))"},
    ],
)
def test_the_name_of_the_crs_gives_the_order_of_the_axes(client: httpx2.Client, asked: dict[str, str]) -> None:
    assert len(features(client, COMMUNE, **asked)) == 67


def test_inverted_axes_give_nothing_and_200(client: httpx2.Client) -> None:
    assert features(client, COMMUNE, BBOX="43.0,5.0,43.6,5.6,EPSG:4326") == []


def test_another_crs_is_asked_by_srsname(client: httpx2.Client) -> None:
    found = features(client, COMMUNE, SRSNAME="urn:ogc:def:crs:EPSG::2154", COUNT="1")
    east, north = found[0]["geometry"]["coordinates"][0][0][0]
    assert 790_000 < east < 1_080_000
    assert 6_210_000 < north < 6_460_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("code_insee_du_departement IN ('04','05')", lambda row: row["code_insee_du_departement"] in ("04", "05")),
        (
            "nom_officiel ILIKE 'saint-%' AND NOT population > 1000",
            lambda row: row["nom_officiel"].lower().startswith("saint-") and row["population"] <= 1000,
        ),
        ("nom_officiel = 'L''Escale'", lambda row: row["nom_officiel"] == "L'Escale"),
        (
            "(population BETWEEN 500 AND 800 OR population > 100000) AND code_insee LIKE '13%'",
            lambda row: (
                (500 <= row["population"] <= 800 or row["population"] > 100_000) and row["code_insee"][:2] == "13"
            ),
        ),
        ("code_insee = '05061' OR population < 20", lambda row: row["code_insee"] == "05061" or row["population"] < 20),
        ("code_insee_du_canton IS NULL", lambda row: row["code_insee_du_canton"] is None),
        ("population <> 200 AND code_insee < '05'", lambda row: row["population"] != 200 and row["code_insee"] < "05"),
        ("date_du_recensement BEFORE 2023-06-01T00:00:00Z", lambda row: row["date_du_recensement"] < "2023-06"),
    ],
)
def test_ecql_keeps_what_it_says(client: httpx2.Client, text: str, expected: Callable[[dict[str, Any]], bool]) -> None:
    rows = [feature["properties"] for feature in features(client, COMMUNE)]
    wanted = [row["code_insee"] for row in rows if expected(row)]
    found = [feature["properties"]["code_insee"] for feature in features(client, COMMUNE, CQL_FILTER=text)]
    assert wanted
    assert found == wanted


def test_a_long_filter_goes_by_post(client: httpx2.Client) -> None:
    ring = ",".join(f"{5 + n / 10_000:.4f} 43" for n in range(6_000)) + ",5.6 43.6,5 43.6,5 43"
    form = {**FEATURE, "TYPENAMES": COMMUNE, "CQL_FILTER": f"INTERSECTS(geometrie,SRID=4326;POLYGON(({ring})))"}
    assert client.post("/wfs/ows", data=form).json()["numberMatched"] == 67


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"TYPENAMES": "BDFORET_V2:x"}, "Unknown namespace [BDFORET_V2]"),
        ({"TYPENAMES": "BDTOPO_V3:x"}, "Feature type BDTOPO_V3:x unknown"),
        ({"TYPENAMES": f"{COMMUNE},{BATIMENT},{FORET}"}, "No more than 2"),
        ({"OUTPUTFORMAT": "Application/json"}, "output format"),
        ({"TYPENAMES": FORET, "STARTINDEX": "0"}, "Cannot do natural order without a primary key"),
        ({"CQL_FILTER": "population >"}, "Could not parse CQL filter list"),
        ({"CQL_FILTER": "rien = 1"}, "Illegal property name: rien"),
        ({"CQL_FILTER": "population = 1", "BBOX": "1,2,3,4"}, "mutually exclusive"),
        ({"SRSNAME": "EPSG:999999"}, "Could not find a CRS"),
    ],
)
def test_refusals_are_geoservers(client: httpx2.Client, asked: dict[str, str], text: str) -> None:
    answer = client.get("/wfs/ows", params={**FEATURE, "TYPENAMES": COMMUNE, **asked})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/xml;charset=UTF-8"
    assert text in answer.text
    told = client.get("/wfs/ows", params={**FEATURE, "TYPENAMES": COMMUNE, **asked, "EXCEPTIONS": "application/json"})
    assert text in told.json()["exceptions"][0]["text"]


def test_a_parameter_given_twice_is_an_error_where_it_differs(client: httpx2.Client) -> None:
    query = f"SERVICE=WFS&REQUEST=GetFeature&TYPENAMES={COMMUNE}&COUNT=1&VERSION=2.0.0"
    assert client.get(f"/wfs/ows?{query}&version=2.0.0").status_code == 200
    assert client.get(f"/wfs/ows?{query}&version=1.1.0").status_code == 400


def test_without_primary_key_pages_want_an_order(client: httpx2.Client) -> None:
    assert len(features(client, FORET, SORTBY="id", STARTINDEX="6100")) == 100


def test_a_type_without_geometry(client: httpx2.Client) -> None:
    found = features(client, "BAN-PLUS:lien_adresse_parcelle", COUNT="1")[0]
    assert found["geometry"] is None
    assert found["properties"]["type_lien"] == "adresse dans parcelle"


def test_gdal_reads_the_same_from_gml_as_json_says(
    geoplateforme: Geoplateforme, client: httpx2.Client, tmp_path: Path
) -> None:
    # GDAL asks for the schemas of all types at once, is refused (more than 2), and asks for the one
    source = "WFS:" + geoplateforme.env["TERRITOIRE_GEOPLATEFORME_WFS_URL"]
    target = tmp_path / "lu.geojson"
    where = ["-where", "cleabs < 'BATIMENT0000000240001300'"]
    command = ["ogr2ogr", "-f", "GeoJSON", "-lco", "RFC7946=NO", "-lco", "COORDINATE_PRECISION=5"]
    subprocess.run([*command, str(target), source, BATIMENT, *where], capture_output=True, check=True)
    read = {one["properties"]["cleabs"]: one for one in json.loads(target.read_text())["features"]}
    told = features(client, BATIMENT, CQL_FILTER="cleabs < 'BATIMENT0000000240001300'")
    assert len(read) == len(told) == 100
    for one in told:
        same = read[one["properties"]["cleabs"]]
        for name, value in one["properties"].items():
            if name not in ("date_creation", "date_modification", "date_d_apparition", "date_de_confirmation"):
                assert same["properties"].get(name) == value, name
            else:
                assert str(same["properties"][name]).replace("/", "-")[:10] == value[:10]
        assert np.allclose(same["geometry"]["coordinates"][0][0], one["geometry"]["coordinates"][0][0], atol=1e-4)


def test_owslib_reads_the_wfs(geoplateforme: Geoplateforme) -> None:
    wfs = WebFeatureService(geoplateforme.env["TERRITOIRE_GEOPLATEFORME_WFS_URL"], version="2.0.0")
    assert set(wfs.contents) == set(geoplateforme.layers)
    assert wfs.get_schema("wfs_du:zone_urba")["geometry_column"] == "the_geom"
    only = FilterRequest().setConstraint(PropertyIsEqualTo("code_insee", "13055"), tostring=True).decode()
    # OWSLib 0.36 names the format `outputformat` in XML, where case counts: the answer is GML
    found = wfs.getfeature([COMMUNE], filter=only, outputFormat="application/json", method="POST").read()
    assert (found.count(b"<wfs:member>"), b"Marseille" in found) == (1, True)
