"""OGC API Tiles (20-057) over HTTP: what the official suite asserts, and what its vacuous tests leave out."""

from __future__ import annotations

import itertools
import math
import tarfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import mvt
import orjson
import pytest
import shapely
from lab import ROOT, Lab, Server, get, row, write
from proofs import TILES1, proves
from stock import Serve

TILESETS = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
SCHEME = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
MVT = "application/vnd.mapbox-vector-tile"
SETS = ("WebMercatorQuad", "Lambert93")
OURS = pytest.mark.ours
TILED = ("balises", "communes", "departements", "lieux", "routes")
ZOOMS = {"balises": (5, 9), "communes": (0, 14), "departements": (0, 14), "lieux": (0, 14), "routes": (0, 14)}
SCHEMAS = ROOT.parent / "shared" / "ogc-schemas.tgz"
CRS = {
    "WebMercatorQuad": "http://www.opengis.net/def/crs/EPSG/0/3857",
    "Lambert93": "http://www.opengis.net/def/crs/EPSG/0/2154",
}


@pytest.fixture(scope="module")
def server(new_database: Any, tmp_path_factory: pytest.TempPathFactory, serve: Serve) -> Iterator[Server]:
    """Polygons, points with time, lines in degrees, points of few zooms, and a table without geometry."""
    lab = Lab(new_database(), tmp_path_factory.mktemp("tiles"))
    lab.use_the_declared("communes", "departements")
    lab.load("departements")
    lab.load("communes")
    lab.declare()
    rows = [row(n, jour=None if n == 4 else row(n)["jour"]) for n in range(50)]
    lab.load("lieux", write(lab.folder / "lieux.gpkg", rows))
    lab.declare(id="balises", time=None, publish={"tiles": {"minzoom": 5, "maxzoom": 9}})
    lab.load("balises", write(lab.folder / "balises.gpkg", rows[:7]))
    lab.declare(id="routes", geometry={"type": "MultiLineString", "srid": 4326})
    lines = [row(n, geom=shapely.LineString([(5 + n / 50, 43.5), (5.1 + n / 50, 44)])) for n in range(20)]
    lab.load("routes", write(lab.folder / "routes.gpkg", lines, crs="EPSG:4326"))
    lab.declare(id="registre", geometry=None, checks={"min_rows": 1}, time=None)
    lab.load("registre", write(lab.folder / "registre.gpkg", [row(n) for n in range(12)]))
    with serve(lab) as running:
        yield running


def linked(document: dict[str, Any], rel: str) -> dict[str, Any]:
    """Return the one link of a relation."""
    [link] = [link for link in document["links"] if link["rel"] == rel]
    return link


def fetch(url: str) -> Any:
    """Return the JSON at an address."""
    status, headers, body = get(url, Accept="application/json")
    assert (status, headers["content-type"]) == (200, "application/json"), body[:300]
    return orjson.loads(body)


def tile_url(template: str, matrix: str, row_: int, column: int) -> str:
    """Fill a template."""
    return template.replace("{tileMatrix}", matrix).replace("{tileRow}", str(row_)).replace("{tileCol}", str(column))


def layers(server: Server, path: str) -> dict[str, mvt.Layer]:
    """Return the layers of a tile, none where it is empty."""
    status, _, body = server.get(path, Accept="*/*")
    assert status in {200, 204}, body
    return mvt.read(body)


def codes(server: Server, path: str, layer: str = "lieux") -> set[str]:
    """Return the keys in a layer of a tile."""
    found = layers(server, path)
    return {properties["code"] for properties in found[layer].properties} if found else set()


def lists(server: Server) -> dict[str, dict[str, Any]]:
    """Return the lists of tilesets: of all collections, and of each one."""
    landing = server.json("/ogc", Accept="application/json")
    found = {"": fetch(linked(landing, TILESETS)["href"])}
    for name in TILED:
        found[name] = fetch(linked(server.json(f"/ogc/collections/{name}"), TILESETS)["href"])
    return found


@proves(f"{TILES1}tilesets-list", f"{TILES1}geodata-tilesets", f"{TILES1}dataset-tilesets")
def test_each_list_names_both_sets_with_all_that_clients_read(server: Server) -> None:
    landing = server.json("/ogc", Accept="application/json")
    assert linked(landing, TILESETS)["href"] == f"{server.base}/ogc/tiles"
    assert linked(landing, TILESETS)["type"] == "application/json"
    known = {one["id"]: one for one in fetch(f"{server.base}/ogc/tileMatrixSets")["tileMatrixSets"]}
    for name, listed in lists(server).items():
        assert linked(listed, "self")["type"] == "application/json"
        assert [one["tileMatrixSetId"] for one in listed["tilesets"]] == list(SETS)
        for one in listed["tilesets"]:
            assert one["dataType"] == "vector"
            assert one["crs"] == CRS[one["tileMatrixSetId"]]
            # ogc-client compares them
            assert one["tileMatrixSetURI"] == known[one["tileMatrixSetId"]]["uri"]
            root = f"{server.base}/ogc/{f'collections/{name}/' if name else ''}tiles"
            assert linked(one, "self")["href"] == f"{root}/{one['tileMatrixSetId']}"
            item = linked(one, "item")
            assert (item["templated"], item["type"]) == (True, MVT)
            assert f"/tiles/{one['tileMatrixSetId']}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}" in item["href"]
            whole = fetch(linked(one, "self")["href"])
            assert whole["tileMatrixSetLimits"] == one["tileMatrixSetLimits"]
            assert linked(whole, "self")["href"] == linked(one, "self")["href"]
    assert TILESETS not in {link["rel"] for link in server.json("/ogc/collections/registre")["links"]}
    assert server.get("/ogc/collections/registre/tiles")[0] == 404
    assert [one["crs"] for one in fetch(f"{server.base}/ogc/tiles?f=json")["tilesets"]] == list(CRS.values())


@proves(f"{TILES1}tileset")
def test_each_tileset_says_where_it_lies_in_its_own_crs(server: Server) -> None:
    for name, listed in lists(server).items():
        for one in listed["tilesets"]:
            whole = fetch(linked(one, "self")["href"])
            grid = fetch(linked(whole, SCHEME)["href"])
            assert (grid["id"], grid["uri"], grid["crs"]) == (
                whole["tileMatrixSetId"],
                whole["tileMatrixSetURI"],
                whole["crs"],
            )
            matrices = {matrix["id"]: matrix for matrix in grid["tileMatrices"]}
            box = whole["boundingBox"]
            assert box["crs"] == whole["centerPoint"]["crs"] == whole["crs"]
            (west, south), (east, north) = box["lowerLeft"], box["upperRight"]
            middle = shapely.Point(whole["centerPoint"]["coordinates"])
            assert shapely.box(west, south, east, north).buffer(0.1).contains(middle)
            assert whole["tileMatrixSetLimits"]
            for limits in whole["tileMatrixSetLimits"]:
                matrix = matrices[limits["tileMatrix"]]
                side = matrix["cellSize"] * matrix["tileWidth"]
                left, top = matrix["pointOfOrigin"]
                columns = [math.floor((x - left) / side) for x in (west, east)]
                rows = [math.floor((top - y) / side) for y in (north, south)]
                assert columns == [limits["minTileCol"], limits["maxTileCol"]], (name, limits)
                assert rows == [limits["minTileRow"], limits["maxTileRow"]], (name, limits)
                assert limits["maxTileCol"] < matrix["matrixWidth"]
                assert limits["maxTileRow"] < matrix["matrixHeight"]
            assert whole["centerPoint"]["tileMatrix"] in {one["tileMatrix"] for one in whole["tileMatrixSetLimits"]}


@pytest.mark.parametrize("name", ["", *TILED])
def test_each_layer_has_the_schema_of_its_properties(server: Server, name: str) -> None:
    for grid in SETS:
        whole = server.json(f"/ogc/{f'collections/{name}/' if name else ''}tiles/{grid}")
        assert [layer["id"] for layer in whole["layers"]] == ([name] if name else list(TILED))
        for layer in whole["layers"]:
            feature = server.json(f"/ogc/collections/{layer['id']}/items?limit=1")["features"][0]
            assert list(layer["propertiesSchema"]["properties"]) == list(feature["properties"])
            assert layer["dataType"] == "vector"
            zooms = ZOOMS[layer["id"]]
            shift = 1 if grid == "Lambert93" else 0
            first = 0 if zooms[0] == 0 else zooms[0] + shift
            assert (layer["minTileMatrix"], layer["maxTileMatrix"]) == (str(first), str(zooms[1] + shift))


@pytest.mark.real_data
def test_the_documents_are_valid_against_the_schemas_of_the_standard(server: Server) -> None:
    if not SCHEMAS.exists():
        pytest.skip("the OGC's schemas are not at hand")
    from jsonschema import Draft201909Validator
    from referencing import Registry, Resource

    root = "schemas/schemas.opengis.net/tms/2.0/json/"
    with tarfile.open(SCHEMAS) as archive:
        files = {
            member.name.removeprefix(root): orjson.loads(archive.extractfile(member).read())  # type: ignore[union-attr]
            for member in archive
            if member.name.startswith(root) and member.name.endswith(".json") and "examples" not in member.name
        }
    registry = Registry().with_resources((name, Resource.from_contents(schema)) for name, schema in files.items())
    tileset, grid = (
        Draft201909Validator(files[name], registry=registry) for name in ("tileSet.json", "tileMatrixSet.json")
    )
    checked = 0
    for listed in lists(server).values():
        for one in listed["tilesets"]:
            for document in (one, fetch(linked(one, "self")["href"])):
                tileset.validate(document)
                checked += 1
    for name in SETS:
        grid.validate(server.json(f"/ogc/tileMatrixSets/{name}"))
    assert checked == 24
    assert not tileset.is_valid({"dataType": "vector"})


def test_the_lambert_set_is_the_ign_grid_of_5_cm(server: Server) -> None:
    grid = server.json("/ogc/tileMatrixSets/Lambert93")
    assert grid["uri"] == f"{server.base}/ogc/tileMatrixSets/Lambert93"
    assert [matrix["id"] for matrix in grid["tileMatrices"]] == [str(number) for number in range(23)]
    for matrix in grid["tileMatrices"]:
        assert matrix["pointOfOrigin"] == [0, 12_000_000]
        assert matrix["cornerOfOrigin"] == "topLeft"
        assert (matrix["tileWidth"], matrix["tileHeight"]) == (256, 256)
        assert matrix["cellSize"] == pytest.approx(0.05 * 2 ** (22 - int(matrix["id"])))
        assert matrix["scaleDenominator"] == pytest.approx(matrix["cellSize"] / 0.00028)
        # all of metropolitan France, Corsica included
        side = matrix["cellSize"] * 256
        assert matrix["matrixWidth"] * side > 1_245_000
        assert 12_000_000 - matrix["matrixHeight"] * side < 6_045_000


def test_the_web_mercator_set_is_the_registered_one(server: Server) -> None:
    grid = server.json("/ogc/tileMatrixSets/WebMercatorQuad")
    assert grid["uri"] == "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
    first = grid["tileMatrices"][0]
    assert first["scaleDenominator"] == pytest.approx(559082264.028717, rel=1e-9)
    assert first["cellSize"] == pytest.approx(156543.033928041, rel=1e-12)
    assert first["pointOfOrigin"] == pytest.approx([-20037508.3427892, 20037508.3427892], rel=1e-12)
    assert [matrix["matrixWidth"] for matrix in grid["tileMatrices"]] == [1 << z for z in range(25)]


@proves(f"{TILES1}core", f"{TILES1}mvt")
@pytest.mark.parametrize("grid", ["WebMercatorQuad", pytest.param("Lambert93", marks=OURS)])
@pytest.mark.parametrize("name", ["", *TILED])
def test_tiles_are_within_their_limits_and_nowhere_else(server: Server, name: str, grid: str) -> None:
    whole = server.json(f"/ogc/{f'collections/{name}/' if name else ''}tiles/{grid}")
    template = linked(whole, "item")["href"]
    found = 0
    for limits in whole["tileMatrixSetLimits"]:
        rows = range(limits["minTileRow"], limits["maxTileRow"] + 1)
        columns = range(limits["minTileCol"], limits["maxTileCol"] + 1)
        corners = {(rows[0], columns[0]), (rows[-1], columns[0]), (rows[-1], columns[-1])}
        asked = set(itertools.product(rows, columns)) if len(rows) * len(columns) < 5 else corners
        for y, x in asked:
            status, headers, body = get(tile_url(template, limits["tileMatrix"], y, x), Accept="*/*")
            assert status == (200 if body else 204)
            assert headers["cache-control"] == "public, max-age=60"
            if body:
                assert headers["content-type"] == MVT
                assert mvt.read(body).keys() <= set([name] if name else TILED)
                found += 1
        beyond = [(rows[-1] + 1, columns[0]), (rows[0] - 1, columns[0]), (rows[0], columns[-1] + 1)]
        for y, x in beyond:
            assert get(tile_url(template, limits["tileMatrix"], y, x), Accept="*/*")[0] == 404
    assert found >= len(whole["tileMatrixSetLimits"]) / 2
    assert get(tile_url(template, "8", 2147483647, 2147483647))[0] == 404


@pytest.mark.parametrize(
    "address", ["2147483647/0/0", "8/-1/131", "8/93/1e9", "a/b/c", "8/93/131.5", "99999999999/0/0", "%00/0/0", "8/٣/1"]
)
@pytest.mark.parametrize("grid", SETS)
def test_a_hostile_address_is_not_found(server: Server, grid: str, address: str) -> None:
    for root in ("/ogc/tiles", "/ogc/collections/communes/tiles"):
        status, headers, _ = server.get(f"{root}/{grid}/{quote(address, safe='/%')}", Accept="*/*")
        assert (status, headers["content-type"]) == (404, "application/problem+json")
    z, y, x = quote(address, safe="/%").split("/")
    assert server.get(f"/tiles/{z}/{x}/{y}.mvt", Accept="*/*")[0] == 404
    assert server.get(f"/tiles/communes/{z}/{x}/{y}.mvt", Accept="*/*")[0] == 404
    for path in ("/ogc/tiles/Nope", "/ogc/tiles/Nope/1/1/1", "/ogc/tileMatrixSets/Nope"):
        assert server.get(path)[0] == 404


def test_web_maps_may_pan_beyond_the_data(server: Server) -> None:
    for path in ("/tiles/communes/9/0/0.mvt", "/tiles/9/0/0.mvt", "/tiles/lieux/14/0/0.mvt"):
        assert server.get(path, Accept="*/*")[0] == 204
    assert server.get("/tiles/24/0/0.mvt", Accept="*/*")[0] == 404


@proves(f"{TILES1}collections-selection")
@pytest.mark.parametrize(
    "path", ["/ogc/tiles/WebMercatorQuad/8/93/131", pytest.param("/ogc/tiles/Lambert93/9/53/8", marks=OURS)]
)
def test_a_tile_holds_the_collections_that_are_chosen_in_their_order(server: Server, path: str) -> None:
    alone = {name: server.get(f"/ogc/collections/{name}{path[4:]}", Accept="*/*")[2] for name in TILED[:-1]}
    every = layers(server, path)
    assert list(every) == [name for name in TILED if name in every]
    assert {"communes", "departements"} <= every.keys()
    for chosen in ("communes", "departements,communes", "communes,departements"):
        status, _, body = server.get(f"{path}?collections={chosen}", Accept="*/*")
        assert (status, body) == (200, b"".join(alone[name] for name in chosen.split(",")))
        assert list(mvt.read(body)) == chosen.split(",")
    by_address = f"{server.base}/ogc/collections/communes,{server.base}/ogc/collections/departements"
    assert server.get(f"{path}?{urlencode({'collections': by_address})}", Accept="*/*")[2] == body


def test_a_tileset_of_chosen_collections_keeps_the_choice_in_its_addresses(server: Server) -> None:
    for grid in SETS:
        whole = server.json(f"/ogc/tiles/{grid}?collections=routes,communes")
        assert [layer["id"] for layer in whole["layers"]] == ["routes", "communes"]
        assert linked(whole, "item")["href"].endswith("{tileCol}?collections=routes,communes")
    listed = server.json("/ogc/tiles?collections=lieux")
    assert (
        listed["tilesets"][0]["tileMatrixSetLimits"]
        == server.json("/ogc/collections/lieux/tiles")["tilesets"][0]["tileMatrixSetLimits"]
    )
    assert linked(fetch(linked(listed["tilesets"][1], "self")["href"]), "item")["href"].endswith("?collections=lieux")


@pytest.mark.parametrize(
    "chosen",
    ["nope", "", "communes,", "communes,nope", "registre", "communes,communes", "x' OR 1=1", "\x00", "a" * 5000],
)
def test_a_choice_that_makes_no_sense_is_refused(server: Server, chosen: str) -> None:
    query = urlencode({"collections": chosen})
    for path in ("/ogc/tiles/WebMercatorQuad/8/93/131", "/ogc/tiles/Lambert93", "/ogc/tiles", "/tiles.json"):
        status, headers, body = server.get(f"{path}?{query}")
        assert (status, headers["content-type"]) == (400, "application/problem+json")
        assert orjson.loads(body)["detail"].startswith("collections: ")
    assert server.get("/ogc/tiles?collections=lieux&collections=routes")[0] == 400
    assert server.get("/ogc/tiles/WebMercatorQuad/8/93/131?properties=nom", Accept="*/*")[0] == 400


def test_the_tilejson_of_all_names_each_layer_and_its_zooms(server: Server) -> None:
    whole = server.json("/tiles.json")
    assert {one["id"]: (one["minzoom"], one["maxzoom"]) for one in whole["vector_layers"]} == ZOOMS
    assert (whole["minzoom"], whole["maxzoom"]) == (0, 14)
    [template] = whole["tiles"]
    url = template.replace("{z}", "8").replace("{x}", "131").replace("{y}", "93")
    assert get(url, Accept="*/*")[2] == server.get("/ogc/tiles/WebMercatorQuad/8/93/131", Accept="*/*")[2]
    chosen = server.json("/tiles.json?collections=balises")
    assert (chosen["minzoom"], chosen["maxzoom"]) == (5, 9)
    assert chosen["tiles"][0].endswith(".mvt?collections=balises")
    assert server.get("/tiles/10/0/0.mvt?collections=balises", Accept="*/*")[0] == 404
    described = linked(server.json("/ogc/tiles/WebMercatorQuad"), "describedby")["href"]
    assert fetch(described) == whole == server.json("/ogc/tiles/WebMercatorQuad?f=tilejson", Accept="*/*")
    assert server.get("/ogc/tiles/Lambert93?f=tilejson")[0] in {400, 406}


ADDRESSES = (
    "/tiles/lieux/6/32/23.mvt",
    "/ogc/collections/lieux/tiles/WebMercatorQuad/6/23/32",
    "/ogc/collections/lieux/tiles/Lambert93/7/13/2",
    "/ogc/tiles/Lambert93/7/13/2",
)


@proves(f"{TILES1}datetime")
@pytest.mark.parametrize("path", [ADDRESSES[1], *(pytest.param(a, marks=OURS) for a in ADDRESSES if a != ADDRESSES[1])])
def test_time_narrows_a_tile_as_it_narrows_items(server: Server, path: str) -> None:
    everything = codes(server, path)
    assert len(everything) == 50
    for interval, subset in (
        ("2026-01-05", '"2026-01-05"'),
        ("2026-01-05T12:00:00Z", '"2026-01-05T12:00:00Z"'),
        ("2026-01-05/2026-01-09", '"2026-01-05":"2026-01-09"'),
        ("2026-01-20/..", '"2026-01-20":*'),
        ("../2026-01-03", '*:"2026-01-03"'),
    ):
        wanted = {f["id"] for f in server.json(f"/ogc/collections/lieux/items?datetime={interval}")["features"]}
        assert wanted < everything
        assert codes(server, f"{path}?datetime={interval}") == wanted
        assert codes(server, f"{path}?subset={quote(f'datetime({subset})')}") == wanted
    for bad in ("datetime=2026-13-01", "datetime=..", "subset=x", "subset=datetime(a)", "subset=datetime(*)"):
        assert server.get(f"{path}?{bad}", Accept="*/*")[0] == 400, bad
    assert server.get(f"{path}?datetime=2026-01-05&subset=datetime(%222026-01-05%22)", Accept="*/*")[0] == 400


def test_time_leaves_alone_what_has_none(server: Server) -> None:
    path = "/ogc/tiles/WebMercatorQuad/8/93/131"
    narrowed, whole = layers(server, f"{path}?datetime=1900-01-01"), layers(server, path)
    assert narrowed["communes"].ids == whole["communes"].ids


@pytest.mark.parametrize("path", ADDRESSES[:3])
def test_columns_filter_a_tile_and_are_chosen(server: Server, path: str) -> None:
    assert codes(server, f"{path}?population=7") == {"L000007"}
    assert codes(server, f"{path}?population=7&nom=Lieu%208") == set()
    assert server.get(f"{path}?population=7&nom=Lieu%208", Accept="*/*")[0] == 204
    layer = layers(server, f"{path}?properties=nom,taux")["lieux"]
    assert {frozenset(properties) for properties in layer.properties} == {frozenset({"nom", "taux"})}
    assert sorted(layer.ids) == sorted(layers(server, path)["lieux"].ids)
    for query in ("population=7", "properties=nom", "datetime=2026-01-05"):
        _, headers, _ = server.get(f"{path}?{query}", Accept="*/*")
        assert headers["cache-control"] == "public, max-age=60"


@pytest.mark.parametrize("path", ADDRESSES[:3])
@pytest.mark.parametrize(
    "condition",
    [
        "population > 40",
        "nom LIKE 'Lieu 1%' AND taux < 2",
        "S_INTERSECTS(geom, BBOX(5,43,5.51,44))",
        "jour IS NULL",
    ],
)
def test_a_condition_in_cql2_narrows_a_tile_as_it_narrows_items(server: Server, path: str, condition: str) -> None:
    query = urlencode({"filter": condition})
    wanted = {feature["id"] for feature in server.json(f"/ogc/collections/lieux/items?{query}")["features"]}
    assert 0 < len(wanted) < 50
    assert codes(server, f"{path}?{query}") == wanted
    assert server.get(f"{path}?{query}", Accept="*/*")[1]["cache-control"] == "public, max-age=60"


def test_a_filtered_tile_of_a_generation_is_not_kept_for_ever(server: Server) -> None:
    template = server.json("/tiles/lieux.json")["tiles"][0]
    url = template.replace("{z}", "6").replace("{x}", "32").replace("{y}", "23")
    assert get(url, Accept="*/*")[1]["cache-control"] == "public, max-age=31536000, immutable"
    assert get(f"{url}?population=7", Accept="*/*")[1]["cache-control"] == "public, max-age=60"


@pytest.mark.parametrize("path", ADDRESSES[:3])
@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("populatoin=7", "population"),
        ("limit=3", "limit"),
        ("bbox=5,43,6,44", "bbox"),
        ("properties=nope", "nope"),
        ("population=seven", "seven"),
        ("f=png", "MVT"),
        ("properties=", "column"),
        ("population=1%20OR%201=1", "population"),
        ("nom=%00", "nom"),
    ],
)
def test_a_parameter_that_a_tile_does_not_know_is_refused(server: Server, path: str, query: str, named: str) -> None:
    status, headers, body = server.get(f"{path}?{query}", Accept="*/*")
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert named in str(orjson.loads(body))


@proves(f"{TILES1}oas30")
def test_the_definition_names_each_operation_of_tiles_as_the_standard_does(server: Server) -> None:
    definition = server.json("/ogc/openapi")
    names = {path: one["get"]["operationId"] for path, one in definition["paths"].items() if "get" in one}
    address = "{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}"
    assert names["/tileMatrixSets"] == "getTileMatrixSetsList"
    assert names["/tileMatrixSets/{tileMatrixSetId}"] == "getTileMatrixSet"
    for root, name in (("", "dataset"), *((f"/collections/{one}", f"{one}.collection") for one in TILED)):
        assert names[f"{root}/tiles"] == f"{name}.vector.getTileSetsList"
        assert names[f"{root}/tiles/{{tileMatrixSetId}}"] == f"{name}.vector.getTileSet"
        assert names[f"{root}/tiles/{address}"] == f"{name}.vector.getTile"
    parameter = definition["components"]["parameters"]["collections"]
    assert (parameter["style"], parameter["explode"], parameter["required"]) == ("form", False, False)
    assert parameter["schema"] == {"type": "array", "items": {"type": "string"}}
    for path in (f"/tiles/{address}", "/tiles/{tileMatrixSetId}"):
        listed = definition["paths"][path]["get"]["parameters"]
        assert {"$ref": "#/components/parameters/collections"} in listed
    assert "population" in {
        p.get("name") for p in definition["paths"][f"/collections/lieux/tiles/{address}"]["get"]["parameters"]
    }
