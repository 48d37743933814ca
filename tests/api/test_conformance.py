"""Each declared conformance class, proven over HTTP; the class is named by its URI at each test."""

from __future__ import annotations

import itertools
import urllib.request
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import shapely
from lab import Lab, Server, get, row, write
from openapi_spec_validator import validate
from proofs import COMMON1, COMMON2, FEATURES1, FEATURES2, TILES1, proven, proves
from pyproj import CRS, Transformer
from stock import Serve

from territoire.web.api import documents

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
HTML = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def server(new_database: Any, tmp_path_factory: pytest.TempPathFactory, serve: Serve) -> Iterator[Server]:
    """Polygons, points with time, lines, and a table without geometry."""
    lab = Lab(new_database(), tmp_path_factory.mktemp("conformance"))
    lab.use_the_declared("communes", "departements")
    lab.load("departements")
    lab.load("communes")
    lab.declare()
    rows = [row(n, geom=None if n == 3 else row(n)["geom"], jour=None if n == 4 else row(n)["jour"]) for n in range(50)]
    lab.load("lieux", write(lab.folder / "lieux.gpkg", rows))
    lab.declare(id="routes", geometry={"type": "MultiLineString", "srid": 4326})
    lines = [row(n, geom=shapely.LineString([(5 + n / 50, 43.5), (5.1 + n / 50, 44)])) for n in range(20)]
    lab.load("routes", write(lab.folder / "routes.gpkg", lines, crs="EPSG:4326"))
    bare = {"geometry": None, "checks": {"min_rows": 1}, "time": None}
    lab.declare(id="registre", **bare)
    lab.load("registre", write(lab.folder / "registre.gpkg", [row(n) for n in range(12)]))
    with serve(lab) as running:
        yield running


COLLECTIONS = ("communes", "departements", "lieux", "registre", "routes")
SPATIAL = ("communes", "departements", "lieux", "routes")


def walk(server: Server, path: str) -> list[dict[str, Any]]:
    """Return all features of a walk by `next` links."""
    features: list[dict[str, Any]] = []
    url: str | None = server.base + path
    while url:
        status, _, body = get(url)
        assert status == 200, body
        page = orjson.loads(body)
        features += page["features"]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    return features


def rels(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for link in document["links"]:
        found.setdefault(link["rel"], []).append(link)
    return found


@proves(f"{COMMON1}core", f"{COMMON1}landing-page", f"{COMMON1}json", f"{FEATURES1}core")
def test_the_landing_page_links_what_clients_look_for(server: Server) -> None:
    status, headers, body = server.get("/ogc", Accept="application/json")
    assert (status, headers["content-type"]) == (200, "application/json")
    links = rels(orjson.loads(body))
    assert {"self", "alternate", "service-desc", "conformance", "data"} <= links.keys()
    assert links["service-desc"][0]["type"] == OPENAPI
    assert get(links["conformance"][0]["href"])[0] == get(links["data"][0]["href"])[0] == 200
    assert server.get("/ogc/", Accept="application/json")[0] == 200


@proves(f"{COMMON1}html", f"{FEATURES1}html")
@pytest.mark.parametrize(
    "path",
    [
        "",
        "/conformance",
        "/collections",
        "/collections/communes",
        "/collections/communes/items",
        "/collections/registre/items",
        "/collections/communes/items/13055",
        "/collections/lieux/items/L000003",
    ],
)
def test_every_document_has_a_page(server: Server, path: str) -> None:
    by_f = server.get(f"/ogc{path}?f=html", Accept="application/json")
    by_accept = server.get(f"/ogc{path}", Accept=HTML)
    for status, headers, body in (by_f, by_accept):
        assert (status, headers["content-type"].split(";")[0]) == (200, "text/html")
        assert b"</html>" in body


@pytest.mark.parametrize("path", ["", "/collections/communes", "/collections/communes/items"])
def test_a_page_says_its_charset(server: Server, path: str) -> None:
    assert server.get(f"/ogc{path}", Accept=HTML)[1]["content-type"] == "text/html; charset=utf-8"


@proves(f"{COMMON1}oas30", f"{FEATURES1}oas30", f"{TILES1}oas30")
def test_the_definition_is_valid_self_contained_and_says_what_the_server_does(server: Server) -> None:
    status, headers, body = server.get("/ogc/openapi", Accept=OPENAPI)
    assert (status, headers["content-type"].replace(" ", "")) == (200, OPENAPI)
    definition = orjson.loads(body)
    validate(definition)
    assert b"http://schemas" not in body
    references = [part.split(b'"')[0] for part in body.split(b'"$ref":"')[1:]]
    assert references
    assert all(reference.startswith(b"#/") for reference in references)
    shared = definition["components"]["parameters"]
    limit = shared["limit"]["schema"]
    assert (limit["default"], limit["maximum"]) == (1000, 10000)
    for name in COLLECTIONS:
        operation = definition["paths"][f"/collections/{name}/items"]["get"]
        given = [shared[p["$ref"].rsplit("/", 1)[1]] if "$ref" in p else p for p in operation["parameters"]]
        listed = {parameter["name"]: parameter["schema"] for parameter in given}
        assert {"limit", "bbox", "datetime", "offset", "crs", "sortby", "nom"} <= listed.keys()
        assert "nom" in listed["properties"]["items"]["enum"]
        assert {"nom", "-nom"} <= set(listed["sortby"]["items"]["enum"])
        described = server.json(f"/ogc/collections/{name}")
        assert listed["crs"]["enum"] == described.get("crs", listed["crs"]["enum"])
    assert any(".getTile" in o["get"]["operationId"] for o in definition["paths"].values())


def test_every_documented_path_answers_as_documented(server: Server) -> None:
    definition = server.json("/ogc/openapi")
    values = {"featureId": None, "tileMatrix": "8", "tileRow": "93", "tileCol": "131"}
    values |= {"tileMatrixSetId": "WebMercatorQuad", "processID": "geocode", "jobID": _waiting_job(server)}
    for path, operations in definition["paths"].items():
        if "get" not in operations:
            continue
        filled = path
        for name, value in values.items():
            if f"{{{name}}}" in path:
                key = value or walk(server, f"/ogc{path.split('/{')[0]}?limit=1")[0]["id"]
                filled = filled.replace(f"{{{name}}}", key)
        status, headers, _ = server.get(f"/ogc{filled}", Accept="*/*")
        answer = operations["get"]["responses"][str(status)]
        # no worker runs: a job has no result
        assert status in ({404} if path.endswith("/results") else {200, 204}), filled
        if status == 200:
            assert headers["content-type"].split(";")[0] in {media.split(";")[0] for media in answer["content"]}


def _waiting_job(server: Server) -> str:
    """Hand a job in, and return its number."""
    headers = {"Content-Type": "application/json", "Prefer": "respond-async"}
    body = b'{"inputs": {"text": "Digne"}}'
    address = f"{server.base}/ogc/processes/geocode/execution"
    with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=30) as answer:
        return orjson.loads(answer.read())["jobID"]


def test_the_conformance_page_claims_what_a_test_proves(server: Server) -> None:
    claimed = server.json("/ogc/conformance")["conformsTo"]
    assert set(claimed) == set(documents.CONFORMANCE) == proven().keys()
    assert len(claimed) == len(set(claimed))


@proves(f"{COMMON2}collections")
def test_collections_and_each_collection_say_the_same(server: Server) -> None:
    listed = server.json("/ogc/collections")
    assert [c["id"] for c in listed["collections"]] == list(COLLECTIONS)
    for described in listed["collections"]:
        alone = server.json(f"/ogc/collections/{described['id']}")
        assert alone == described
        links = rels(alone)
        assert {"self", "alternate", "items", "license"} <= links.keys()
        assert all(link["href"].startswith("http") for group in links.values() for link in group)


@pytest.mark.parametrize("name", COLLECTIONS)
@proves(f"{FEATURES1}geojson")
def test_a_walk_by_next_links_gives_each_feature_once(server: Server, name: str) -> None:
    features = walk(server, f"/ogc/collections/{name}/items?limit=7")
    assert len({feature["id"] for feature in features}) == len(features)
    first = server.json(f"/ogc/collections/{name}/items?limit=7")
    assert first["type"] == "FeatureCollection"
    assert first["numberMatched"] == len(features)
    assert first["numberReturned"] == len(first["features"]) == min(7, len(features))
    by_offset = server.json(f"/ogc/collections/{name}/items?limit=5&offset=3")["features"]
    assert by_offset == features[3:8]
    status, headers, body = server.get(f"/ogc/collections/{name}/items/{features[0]['id']}")
    assert (status, headers["content-type"]) == (200, "application/geo+json")
    one = orjson.loads(body)
    assert {"self", "alternate", "collection"} <= rels(one).keys()
    assert {k: one[k] for k in ("type", "id", "geometry", "properties")} == features[0]


@pytest.mark.parametrize("name", COLLECTIONS)
def test_a_collection_says_how_many_features_it_has(server: Server, name: str) -> None:
    described, page = (server.json(f"/ogc/collections/{name}{rest}") for rest in ("", "/items?limit=1"))
    assert described["itemCount"] == page["numberMatched"] > 0


@pytest.mark.parametrize("name", SPATIAL)
def test_a_bbox_gives_what_intersects_it_and_nothing_else(server: Server, name: str) -> None:
    features = [f for f in walk(server, f"/ogc/collections/{name}/items") if f["geometry"]]
    shapes = {f["id"]: shapely.from_geojson(orjson.dumps(f["geometry"])) for f in features}
    for box in ((5.0, 43.2, 5.6, 43.6), (6.9, 43.5, 7.0, 43.7), (5.37, 43.29, 5.371, 43.291), (-1.5, 50, 1.5, 53)):
        found = {f["id"] for f in walk(server, f"/ogc/collections/{name}/items?bbox={','.join(map(str, box))}")}
        wide = {key for key, shape in shapes.items() if shapely.intersects(shape, shapely.box(*box).buffer(2e-5))}
        narrow = {key for key, shape in shapes.items() if shapely.intersects(shape, shapely.box(*box).buffer(-2e-5))}
        assert narrow <= found <= wide
    everything = walk(server, f"/ogc/collections/{name}/items?bbox=-180,-90,180,90")
    assert {f["id"] for f in everything} == shapes.keys()
    for box in ("177,65,-177,70", "-180,85,180,90", "-180,-90,180,-85"):
        assert walk(server, f"/ogc/collections/{name}/items?bbox={box}") == []
    assert {f["id"] for f in walk(server, f"/ogc/collections/{name}/items?bbox=5,43,0,6,44,9")} == {
        f["id"] for f in walk(server, f"/ogc/collections/{name}/items?bbox=5,43,6,44")
    }


def test_datetime_filters_what_has_time_and_leaves_the_rest(server: Server) -> None:
    days = {f["id"]: f["properties"]["jour"] for f in walk(server, "/ogc/collections/lieux/items")}
    for asked, wanted in (
        ("2026-01-05", lambda day: day == "2026-01-05"),
        ("2026-01-05T12:00:00Z", lambda day: day == "2026-01-05"),
        ("2026-01-05/2026-01-09", lambda day: "2026-01-05" <= day <= "2026-01-09"),
        ("2026-01-20/..", lambda day: day >= "2026-01-20"),
        ("/2026-01-03", lambda day: day <= "2026-01-03"),
    ):
        found = {f["id"] for f in walk(server, f"/ogc/collections/lieux/items?datetime={asked}")}
        assert found == {key for key, day in days.items() if day and wanted(day)}, asked
    assert len(walk(server, "/ogc/collections/communes/items?datetime=2026-01-05")) == 946


@proves(f"{FEATURES2}crs")
@pytest.mark.parametrize("name", SPATIAL)
def test_each_offered_crs_is_given_in_its_authoritys_axis_order(server: Server, name: str) -> None:
    described = server.json(f"/ogc/collections/{name}")
    assert described["crs"][0] == CRS84
    assert described["storageCrs"] in described["crs"]
    key = next(f["id"] for f in walk(server, f"/ogc/collections/{name}/items?limit=10") if f["geometry"])
    default = server.json(f"/ogc/collections/{name}/items/{key}")
    expected = shapely.from_geojson(orjson.dumps(default["geometry"]))
    for uri in described["crs"]:
        status, headers, body = server.get(f"/ogc/collections/{name}/items/{key}?crs={uri}")
        assert (status, headers["content-crs"]) == (200, f"<{uri}>")
        found = shapely.from_geojson(orjson.dumps(orjson.loads(body)["geometry"]))
        # always_xy is off: pyproj takes and gives axes as the authority orders them
        to = Transformer.from_crs("OGC:CRS84", CRS.from_user_input(uri))
        moved = shapely.transform(expected, lambda p, to=to: list(zip(*to.transform(*p.T), strict=True)))
        tolerance = 2e-7 if CRS.from_user_input(uri).is_geographic else 0.05
        assert shapely.hausdorff_distance(found, moved) < tolerance, uri


@pytest.mark.parametrize("name", SPATIAL)
def test_a_bbox_means_the_same_in_each_crs(server: Server, name: str) -> None:
    described = server.json(f"/ogc/collections/{name}")
    box = (5.2, 43.3, 5.9, 43.9)
    ring = shapely.segmentize(shapely.box(*box), 0.01)
    default = {f["id"] for f in walk(server, f"/ogc/collections/{name}/items?bbox={','.join(map(str, box))}")}
    for uri in described["crs"][1:]:
        to = Transformer.from_crs("OGC:CRS84", CRS.from_user_input(uri))
        west, south, east, north = shapely.transform(
            ring, lambda p, to=to: list(zip(*to.transform(*p.T), strict=True))
        ).bounds
        corners = ",".join(map(repr, (west, south, east, north)))
        found = {f["id"] for f in walk(server, f"/ogc/collections/{name}/items?bbox={corners}&bbox-crs={uri}")}
        # the box around the transformed box is wider than it, never narrower
        assert default <= found, uri
        assert len(found) <= len(default) * 1.2 + 3
        extent = described["extent"]["spatial"]["bbox"][0]
        to_corner = [to.transform(extent[0], extent[1]), to.transform(extent[2], extent[3])]
        whole = ",".join(map(repr, itertools.chain(*to_corner)))
        first = {f["id"] for f in server.json(f"/ogc/collections/{name}/items?limit=10")["features"]}
        again = server.json(f"/ogc/collections/{name}/items?limit=10&bbox={whole}&bbox-crs={uri}")["features"]
        # the official suite transforms two corners of the extent and wants the first features again
        assert {f["id"] for f in again} == first


def test_an_unknown_crs_is_refused(server: Server) -> None:
    for parameter in ("crs", "bbox-crs"):
        bad = f"{parameter}=http://www.opengis.net/def/crs/0/unsupported&bbox=5,43,6,44"
        status, headers, body = server.get(f"/ogc/collections/communes/items?{bad}")
        assert (status, headers["content-type"]) == (400, "application/problem+json")
        assert "EPSG/0/2154" in orjson.loads(body)["remedy"]
