"""Features as CSV and as JSON-FG: read by csv, GDAL and OWSLib, paged by headers, null kept apart from empty."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonfg
import orjson
import pyogrio.raw
import pytest
import shapely
from lab import Lab, Server, get, row, write
from owslib.ogcapi.features import Features
from pyproj import Transformer

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
LAMBERT = "http://www.opengis.net/def/crs/EPSG/0/2154"
WGS84 = "http://www.opengis.net/def/crs/EPSG/0/4326"
CORE = "http://www.opengis.net/spec/json-fg-1/1.0/conf/"
NASTY = 'L\'Isle, dite "la belle"\r\nsur deux lignes ; é'
PERIODS = {
    "columns": [
        {"name": "code", "type": "text", "title": {"fr": "Code"}, "nullable": False},
        {"name": "debut", "type": "timestamp", "title": {"fr": "Début"}},
        {"name": "fin", "type": "timestamp", "title": {"fr": "Fin"}},
    ],
    "label": None,
    "time": {"start": "debut", "end": "fin"},
}


@pytest.fixture(scope="module")
def server(new_database: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Communes, points with time and all that a text can be, a table, and periods."""
    lab = Lab(new_database(), tmp_path_factory.mktemp("forms"))
    lab.use_the_declared("communes", "departements")
    lab.load("departements")
    lab.load("communes")
    lab.declare()
    rows = [row(n) for n in range(25)]
    rows[1] |= {"nom": NASTY}
    rows[2] |= {"nom": "", "population": None}
    rows[3] |= {"nom": None, "geom": None, "jour": None}
    lab.load("lieux", write(lab.folder / "lieux.gpkg", rows))
    lab.declare(id="registre", geometry=None, time=None, checks={"min_rows": 1})
    lab.load("registre", write(lab.folder / "registre.gpkg", [row(n) for n in range(5)]))
    lab.declare(id="periodes", **PERIODS)
    spans = [("2026-01-01T00:00:00", "2026-02-01T12:30:00"), ("2026-01-01T00:00:00", None), (None, None)]
    periods = [
        {"code": f"P{n}", "debut": start, "fin": end, "geom": row(n)["geom"]} for n, (start, end) in enumerate(spans)
    ]
    file = write(lab.folder / "periodes.gpkg", periods, types={"debut": "datetime64[ms]", "fin": "datetime64[ms]"})
    lab.load("periodes", file)
    lab.declare(id="routes", geometry={"type": "MultiLineString", "srid": 4326})
    lines = [row(n, geom=shapely.LineString([(5 + n / 50, 43.5), (5.1 + n / 50, 44)])) for n in range(5)]
    lab.load("routes", write(lab.folder / "routes.gpkg", lines, crs="EPSG:4326"))
    with lab.serve() as running:
        yield running


def items(server: Server, collection: str, query: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Ask for a page of features."""
    return server.get(f"/ogc/collections/{collection}/items{query}", **headers)


def table(body: bytes) -> list[dict[str, str]]:
    """Read a CSV as Python does."""
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))


def next_link(headers: dict[str, str], media: str) -> str | None:
    """Return the address of the next page that a Link header gives."""
    found = re.search(r'<([^>]*)>; rel="next"; type="([^"]*)"', headers.get("link", ""))
    if found is None:
        return None
    assert found[2] == media
    return found[1]


@pytest.mark.parametrize(
    "ask", [("?f=csv&sortby=code", {}), ("?sortby=code", {"Accept": "text/csv, application/json;q=0.5"})]
)
def test_csv_is_what_rfc_4180_says(server: Server, ask: tuple[str, dict[str, str]]) -> None:
    status, headers, body = items(server, "lieux", ask[0], **ask[1])
    assert (status, headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert headers["content-crs"] == f"<{CRS84}>"
    assert headers["content-disposition"] == 'attachment; filename="lieux.csv"'
    lines = body.decode().split("\r\n")
    assert lines[0] == "code,nom,population,taux,jour,geometry"
    assert lines[1] == '"L000000","Lieu 0",0,0,2026-01-01,"' + table(body)[0]["geometry"] + '"'
    assert lines[-1] == ""
    assert len(table(body)) == 25


def test_csv_keeps_null_apart_from_empty_and_every_text_as_it_is(server: Server) -> None:
    _, _, body = items(server, "lieux", "?f=csv&sortby=code")
    assert table(body)[1]["nom"] == NASTY
    lines = {line.split(",")[0]: line for line in body.decode().split("\r\n")}
    assert lines['"L000002"'].startswith('"L000002","",,0.25,')
    assert lines['"L000003"'] == '"L000003",,3,0.375,,'


def test_csv_has_the_same_values_as_geojson(server: Server) -> None:
    wanted = server.json("/ogc/collections/communes/items?limit=1000&crs=" + LAMBERT)["features"]
    _, headers, body = items(server, "communes", f"?f=csv&limit=1000&crs={LAMBERT}")
    assert headers["content-crs"] == f"<{LAMBERT}>"
    read = {line["code_insee"]: line for line in table(body)}
    assert len(read) == len(wanted) == 946
    for feature in wanted:
        line = read[feature["id"]]
        assert {name: line[name] for name in feature["properties"]} == {
            name: "" if value is None else str(value) for name, value in feature["properties"].items()
        }
        assert shapely.from_wkt(line["geometry"]).equals_exact(shapely.from_geojson(orjson.dumps(feature["geometry"])))


def test_csv_keeps_the_key_and_leaves_geometry_out_when_asked(server: Server) -> None:
    _, _, body = items(server, "lieux", "?f=csv&properties=population&skipGeometry=true&limit=1")
    assert body.decode().split("\r\n")[0] == "code,population"
    _, _, body = items(server, "registre", "?f=csv&limit=1")
    assert body.decode().split("\r\n")[0] == "code,nom,population,taux,jour"


def test_the_axis_order_of_the_authority_holds_in_every_form(server: Server) -> None:
    _, _, body = items(server, "lieux", f"?f=csv&limit=1&crs={WGS84}")
    point = shapely.from_wkt(table(body)[0]["geometry"])
    assert 43 < point.x < 45
    fg = server.json(f"/ogc/collections/lieux/items?f=jsonfg&limit=1&crs={WGS84}")
    assert fg["features"][0]["place"]["coordinates"] == pytest.approx([point.x, point.y], abs=1e-7)


@pytest.mark.parametrize(("form", "media"), [("json", "application/geo+json"), ("jsonfg", "application/fg+json")])
def test_links_of_a_body_name_every_other_form(server: Server, form: str, media: str) -> None:
    _, headers, body = items(server, "lieux", f"?f={form}&limit=10")
    links = orjson.loads(body)["links"]
    assert [link["type"] for link in links if link["rel"] == "self"] == [media]
    others = {"application/geo+json", "application/fg+json", "text/csv", "text/html"} - {media}
    assert {link["type"] for link in links if link["rel"] == "alternate"} == others
    for link in links:
        assert get(link["href"], Accept="*/*")[0] == 200, link
    in_body = [link["href"] for link in links if link["rel"] == "next"]
    assert [next_link(headers, media)] == in_body


@pytest.mark.parametrize(
    ("form", "media"),
    [("csv", "text/csv"), ("jsonfg", "application/fg+json"), ("json", "application/geo+json")],
)
def test_a_walk_by_the_link_header_finds_each_feature_once(server: Server, form: str, media: str) -> None:
    url: str | None = f"{server.base}/ogc/collections/lieux/items?f={form}&limit=10&sortby=-population"
    found: list[str] = []
    while url:
        status, headers, body = get(url)
        assert status == 200
        page = [line["code"] for line in table(body)] if form == "csv" else _ids(body)
        assert headers["ogc-numberreturned"] == str(len(page))
        assert headers["ogc-numbermatched"] == "25"
        found += page
        url = next_link(headers, media)
    assert sorted(found) == [f"L{n:06}" for n in range(25)]
    assert found[0] == "L000002"  # null first, descending


def _ids(body: bytes) -> list[str]:
    return [feature["id"] for feature in orjson.loads(body)["features"]]


def test_hits_are_counted_in_every_form(server: Server) -> None:
    status, headers, body = items(server, "lieux", "?f=csv&resultType=hits&bbox=5,43,8,45")
    assert (status, headers["ogc-numbermatched"], headers["ogc-numberreturned"]) == (200, "24", "0")
    assert body == b"code,nom,population,taux,jour,geometry\r\n"


def test_headers_that_scripts_of_other_sites_need_are_exposed(server: Server) -> None:
    _, headers, _ = items(server, "lieux", "?f=csv&limit=1", Origin="https://ailleurs.example")
    exposed = headers["access-control-expose-headers"].lower()
    assert all(name in exposed for name in ("link", "ogc-numbermatched", "ogc-numberreturned", "content-crs"))


@pytest.mark.parametrize("accept", ["application/fg+json", "application/vnd.ogc.fg+json"])
def test_jsonfg_in_crs84_has_geometry_and_no_place(server: Server, accept: str) -> None:
    _, headers, body = items(server, "communes", "?limit=2", Accept=accept)
    assert headers["content-type"] == "application/fg+json"
    assert '<http://www.opengis.net/def/profile/OGC/0/jsonfg>; rel="profile"' in headers["link"]
    page = orjson.loads(body)
    assert page["conformsTo"] == [f"{CORE}core", f"{CORE}types-schemas"]
    assert (page["featureType"], page["geometryDimension"]) == ("communes", 2)
    assert "coordRefSys" not in page
    assert page["featureSchema"] == f"{server.base}/ogc/collections/communes/schema"
    assert get(page["featureSchema"], Accept="application/schema+json")[0] == 200
    plain = server.json("/ogc/collections/communes/items?limit=2")
    for feature, wanted in zip(page["features"], plain["features"], strict=True):
        assert "conformsTo" not in feature
        assert feature["place"] is None
        assert feature["time"] is None
        assert {name: feature[name] for name in wanted} == wanted


def test_jsonfg_in_another_crs_has_place_and_no_geometry(server: Server) -> None:
    page = server.json(f"/ogc/collections/lieux/items?f=jsonfg&limit=5&sortby=code&crs={LAMBERT}")
    assert page["coordRefSys"] == LAMBERT
    assert page["geometryDimension"] == 0
    features = {feature["id"]: feature for feature in page["features"]}
    assert features["L000000"]["place"] == {"type": "Point", "coordinates": [900000, 6300000]}
    assert {str(feature["geometry"]) for feature in features.values()} == {"None"}
    assert features["L000003"]["place"] is None
    assert features["L000000"]["time"] == {"date": "2026-01-01"}
    assert features["L000003"]["time"] is None


def test_jsonfg_says_when_a_period_begins_and_ends(server: Server) -> None:
    page = server.json("/ogc/collections/periodes/items?f=jsonfg")
    times = {feature["id"]: feature["time"] for feature in page["features"]}
    assert times == {
        "P0": {"interval": ["2026-01-01T00:00:00.000000Z", "2026-02-01T12:30:00.000000Z"]},
        "P1": {"interval": ["2026-01-01T00:00:00.000000Z", ".."]},
        "P2": None,
    }


def test_one_feature_in_jsonfg_says_all_of_itself(server: Server) -> None:
    status, headers, body = items(server, "lieux", f"/L000004?f=jsonfg&crs={LAMBERT}")
    assert (status, headers["content-type"]) == (200, "application/fg+json")
    feature = orjson.loads(body)
    assert feature["conformsTo"][0] == f"{CORE}core"
    assert (feature["featureType"], feature["coordRefSys"]) == ("lieux", LAMBERT)
    assert feature["place"]["coordinates"] == [900400, 6300000]
    assert feature["geometry"] is None
    kinds = {link["rel"]: link["type"] for link in feature["links"]}
    assert kinds["self"] == "application/fg+json"


def test_one_feature_in_csv_is_a_header_and_a_line(server: Server) -> None:
    status, headers, body = items(server, "lieux", "/L000002?f=csv&skipGeometry=true")
    assert (status, headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert body == b'code,nom,population,taux,jour\r\n"L000002","",,0.25,2026-01-03\r\n'


@pytest.mark.parametrize("crs", [CRS84, LAMBERT, WGS84])
@pytest.mark.parametrize("name", ["communes", "lieux", "routes", "registre", "periodes"])
def test_jsonfg_meets_the_requirements_of_the_standard(server: Server, name: str, crs: str) -> None:
    """Polygons, points, lines, no geometry, with and without time; one that is null among them."""
    page = server.json(f"/ogc/collections/{name}/items?f=jsonfg&limit=1000&crs={crs}")
    features = jsonfg.check(page)
    assert len(features) == page["numberMatched"]
    place = "geometry" if crs == CRS84 or name == "registre" else "place"
    assert any(feature[place] for feature in features) == (name != "registre")
    alone = server.json(f"/ogc/collections/{name}/items/{features[0]['id']}?f=jsonfg&crs={crs}")
    jsonfg.check(alone)
    assert {key: alone[key] for key in features[0]} == features[0]
    for status in (get(page["featureSchema"])[0], get(alone["featureSchema"])[0]):
        assert status == 200


def test_jsonfg_of_a_table_has_no_geometry_at_all(server: Server) -> None:
    page = server.json("/ogc/collections/registre/items?f=jsonfg&limit=1")
    assert not {"coordRefSys", "geometryDimension"} & page.keys()
    assert page["features"][0]["geometry"] is page["features"][0]["place"] is None


def test_gdal_reads_the_csv_with_its_shapes(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "lieux.csv"
    file.write_bytes(items(server, "lieux", f"?f=csv&sortby=code&crs={LAMBERT}")[2])
    options = {"GEOM_POSSIBLE_NAMES": "geometry", "EMPTY_STRING_AS_NULL": "NO", "AUTODETECT_TYPE": "YES"}
    meta, _, shapes, values = pyogrio.raw.read(str(file), **options)
    found = dict(zip(meta["fields"], values, strict=True))
    assert len(found["code"]) == 25
    assert found["code"][0] == "L000000"
    assert found["nom"][1].replace("\n", "\r\n").replace("\r\r\n", "\r\n") == NASTY
    assert shapely.from_wkb(shapes[0]).equals(shapely.Point(900_000, 6_300_000))


def test_gdal_reads_jsonfg_in_its_crs(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "communes.json"
    file.write_bytes(items(server, "communes", f"?f=jsonfg&limit=1000&crs={LAMBERT}")[2])
    meta, _, shapes, values = pyogrio.raw.read(f"JSONFG:{file}")
    assert meta["crs"] == "EPSG:2154"
    found = dict(zip(meta["fields"], values, strict=True))
    read = dict(zip(found["code_insee"], shapely.from_wkb(shapes), strict=True))
    assert len(read) == 946
    assert 235e6 < read["13055"].area < 250e6


def test_gdal_reads_a_latitude_first_place_the_right_way_round(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "lieux.json"
    file.write_bytes(items(server, "lieux", f"?f=jsonfg&limit=1&sortby=code&crs={WGS84}")[2])
    meta, _, shapes, _ = pyogrio.raw.read(f"JSONFG:{file}")
    assert meta["crs"] == "EPSG:4326"
    wanted = Transformer.from_crs(2154, 4326, always_xy=True).transform(900_000, 6_300_000)
    assert shapely.get_coordinates(shapely.from_wkb(shapes[0]))[0] == pytest.approx(wanted, abs=1e-6)


def test_owslib_still_reads_the_collection_whose_forms_are_many(server: Server) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        api = Features(f"{server.base}/ogc")
        assert "lieux" in api.feature_collections()
        assert api.collection_items("lieux", limit=3)["numberReturned"] == 3


def test_the_definition_and_the_collection_list_the_forms(server: Server) -> None:
    definition = server.json("/ogc/openapi", Accept="application/json")
    operation = definition["paths"]["/collections/lieux/items"]["get"]
    media = {"application/geo+json", "application/fg+json", "text/csv", "text/html"}
    assert operation["responses"]["200"]["content"].keys() == media
    one = definition["paths"]["/collections/lieux/items/{featureId}"]["get"]
    assert one["responses"]["200"]["content"].keys() == media
    forms = {
        name: parameter["schema"]["enum"]
        for name, parameter in definition["components"]["parameters"].items()
        if parameter["name"] == "f" and parameter["in"] == "query"
    }
    assert ["json", "html", "jsonfg", "csv"] in forms.values()
    links = server.json("/ogc/collections/lieux")["links"]
    assert {link["type"] for link in links if link["rel"] == "items"} == media
