"""Stock pygeoapi, unpatched, runs our plug-ins beside our own server: same features, same order, same ids."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import pytest
import stock
import yaml
from lab import ROOT, Lab

from territoire.core.database import Urls
from territoire.core.derive import resource

ROWS = 230
_COLUMN_TYPES = {
    "numero": "bigint",
    "nom": "text",
    "population": "integer",
    "surface": "number",
    "actif": "boolean",
    "debut": "date",
    "fin": "date",
    "vu": "timestamp",
}
_CHANGED: dict[str, Any] = {
    "source": {"url": "lieux.geojson"},
    "key": "numero",
    "columns": [{"name": name, "type": kind, "title": {"fr": name}} for name, kind in _COLUMN_TYPES.items()],
    "geometry": {"type": "MultiPolygon", "srid": 2154},
    "time": {"start": "debut", "end": "fin"},
}
_NAMES = (
    "Èze", "Eze", "eze", "Évenos", "Arles", "L'Isle-sur-la-Sorgue", "Saint-Rémy-de-Provence", "< 50 logements",
    "a > b", '"guillemets"', "</script><script>", "back\\slash", "Œuf", "zz", "100 %", "1+1", "a&b=c", "😀",
)  # fmt: skip


def _features() -> list[dict[str, Any]]:  # GeoJSON
    chance = random.Random(93)

    def some(value: object) -> object:
        return None if chance.random() < 0.2 else value

    features: list[dict[str, Any]] = []
    for number in range(1, ROWS + 1):
        x, y, side = chance.uniform(4.5, 7), chance.uniform(43.2, 44.8), chance.choice([0.001, 0.05, 0.4])
        start = date(2020, 1, 1) + timedelta(days=chance.randrange(900))
        ring = [[x, y], [x + side, y], [x + side, y + side], [x, y]]
        features.append(
            {
                "type": "Feature",
                "geometry": some({"type": "Polygon", "coordinates": [ring]}),
                "properties": {
                    "numero": number * 7919,
                    "nom": some(chance.choice(_NAMES)),
                    "population": some(chance.choice([-5, 0, 3, 946])),
                    "surface": some(chance.choice([0.1, 1 / 3, 1e-30, chance.random()])),
                    "actif": some(chance.random() < 0.5),
                    "debut": some(start.isoformat()),
                    "fin": some((start + timedelta(days=chance.randrange(400))).isoformat()),
                    "vu": some(f"2026-01-{chance.randrange(1, 29):02d}T12:00:{chance.randrange(60):02d}Z"),
                },
            }
        )
    chance.shuffle(features)
    return features


@dataclass(frozen=True)
class Doors:
    """The two servers, each with the address under which /collections stands."""

    ours: str
    stock: str
    client: httpx2.Client

    def get(self, door: str, path: str) -> httpx2.Response:
        base = self.ours if door == "ours" else self.stock
        return self.client.get(base + path, headers={"Accept": "application/json"})


@pytest.fixture(scope="module")
def lab(new_database: Callable[[], Urls], tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """The demo's communes, and a collection with a column of every type, nulls, time and odd texts."""
    made = Lab(new_database(), tmp_path_factory.mktemp("stock"))
    made.use_the_declared()
    made.declare(**_CHANGED)
    content = json.dumps({"type": "FeatureCollection", "features": _features()})
    (made.datasets / "lieux.geojson").write_text(content, encoding="utf-8")
    for dataset in ("departements", "communes", "lieux"):
        assert made.load(dataset).status == "published"
    return made


def _configuration(made: Lab) -> stock.Document:
    """Return the committed configuration, with one resource more."""
    document = yaml.safe_load((ROOT / "pygeoapi-config" / "pygeoapi.yml").read_text("utf-8"))
    # the declarations of this laboratory, and the processes
    document["resources"] = {
        name: one
        for name, one in document["resources"].items()
        if one["type"] == "process" or name in made.registry.declarations
    }
    document["resources"]["lieux"] = resource.resource(made.registry.get("lieux"), made.registry.vocabulary)
    return document


@pytest.fixture(scope="module")
def doors(lab: Lab) -> Generator[Doors]:
    with lab.serve() as ours, stock.serve(lab, _configuration(lab)) as theirs, httpx2.Client(timeout=30) as client:
        yield Doors(f"{ours.base}/ogc", theirs.base, client)


def _unescaped(value: Any) -> Any:  # any JSON
    """Undo what pygeoapi's writer does to < and > in every text."""
    if isinstance(value, str):
        return value.replace("&lt;", "<").replace("&gt;", ">")
    if isinstance(value, list):
        return [_unescaped(inner) for inner in value]
    if isinstance(value, dict):
        return {_unescaped(key): _unescaped(inner) for key, inner in value.items()}
    return value


def _next(page: dict[str, Any]) -> str | None:
    found = [link["href"] for link in page["links"] if link["rel"] == "next"]
    assert len(found) <= 1
    return found[0] if found else None


def _walk(doors: Doors, door: str, path: str) -> tuple[list[dict[str, Any]], int | None]:
    """Return all features from the first page to the last, and the count on the first page."""
    features: list[dict[str, Any]] = []
    answer = doors.get(door, path)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    matched = page.get("numberMatched")
    for _ in range(ROWS + 5):
        assert page["numberReturned"] == len(page["features"])
        features += page["features"]
        address = _next(page)
        if address is None:
            return features, matched
        page = doors.client.get(address, headers={"Accept": "application/json"}).json()
    raise AssertionError(f"the walk from {path} does not end")


def _both(doors: Doors, path: str) -> tuple[list[dict[str, Any]], int | None]:
    """Walk through both doors, and return what both give; the count is the walk's own length."""
    ours, our_count = _walk(doors, "ours", path)
    stock, stock_count = _walk(doors, "stock", path)
    assert _unescaped(stock) == ours
    assert [list(feature["properties"]) for feature in stock] == [list(feature["properties"]) for feature in ours]
    assert stock_count == our_count
    return ours, our_count


def _items(collection: str = "lieux", **parameters: object) -> str:
    names = {"bbox_crs": "bbox-crs"}
    query = urlencode([(names.get(name, name), str(value)) for name, value in parameters.items()])
    return f"/collections/{collection}/items?{query}"


def test_the_first_page_is_the_same_without_any_parameter(doors: Doors) -> None:
    found, matched = _both(doors, "/collections/lieux/items")
    assert (len(found), matched) == (ROWS, ROWS)


@pytest.mark.parametrize("limit", [1, 7, 23, 115, 229, 230, 231, 10_000, 99_999])
def test_a_walk_gives_every_feature_once(doors: Doors, limit: int) -> None:
    found, matched = _both(doors, _items(limit=limit))
    assert len({feature["id"] for feature in found}) == len(found) == matched == ROWS


@pytest.mark.parametrize("offset", [0, 1, 100, 229, 230, 1000])
def test_offset(doors: Doors, offset: int) -> None:
    found, _ = _both(doors, _items(limit=50, offset=offset))
    assert len(found) == max(0, ROWS - offset)


COLUMNS = ["numero", "nom", "population", "surface", "actif", "debut", "fin", "vu"]
SORTS = [f"{sign}{column}" for column in COLUMNS for sign in ("", "-")]


@pytest.mark.parametrize("sortby", [*SORTS, "nom,-debut", "-nom,population", "-actif,-vu,surface"])
def test_sortby(doors: Doors, sortby: str) -> None:
    found, _ = _both(doors, _items(limit=60, sortby=sortby))
    assert len(found) == ROWS


def test_sortby_puts_null_last_and_first_when_it_descends(doors: Doors) -> None:
    for sortby, at in (("nom", -1), ("-nom", 0)):
        found, _ = _both(doors, _items(limit=100, sortby=sortby))
        assert found[at]["properties"]["nom"] is None


@pytest.mark.parametrize(
    "bbox", ["5,43.5,6,44", "5.31,43.31,5.32,43.32", "4,43,7.5,45", "-180,-90,180,90", "0,0,1,1", "5.5,43.5,5.5,44.5",
             "6,43,-170,45", "5,43.5,0,6,44,100"]
)  # fmt: skip
def test_bbox_in_crs84(doors: Doors, bbox: str) -> None:
    _both(doors, _items(limit=20, bbox=bbox))
    _both(doors, _items(limit=20, bbox=bbox, sortby="-nom"))


def test_bbox_finds_something(doors: Doors) -> None:
    found, matched = _both(doors, _items(limit=20, bbox="5,43.5,6,44"))
    assert 20 < len(found) == matched < ROWS


@pytest.mark.parametrize(
    "moment",
    ["2021-03-01", "2021-03-01T12:00:00Z", "2021-01-01/2021-06-30", "2021-06-30/..", "../2020-06-30", "/2020-06-30"],
)
def test_datetime(doors: Doors, moment: str) -> None:
    found, matched = _both(doors, _items(limit=10, datetime=moment))
    assert 0 < len(found) == matched < ROWS


def test_datetime_has_no_effect_where_there_is_no_time(doors: Doors) -> None:
    found, _ = _both(doors, _items("communes", limit=500, datetime="2021-03-01", skipGeometry="true"))
    assert len(found) == 946


@pytest.mark.parametrize("name", _NAMES)
def test_a_filter_by_text(doors: Doors, name: str) -> None:
    found, matched = _both(doors, _items(limit=4, nom=name))
    assert {feature["properties"]["nom"] for feature in found} == {name}
    assert matched == len(found)


@pytest.mark.parametrize(
    "filters",
    [
        {"population": 946},
        {"surface": repr(1 / 3)},
        {"actif": "true"},
        {"debut": "2020-05-01"},
        {"actif": "false", "population": 3, "sortby": "-surface"},
        {"actif": "true", "bbox": "5,43.5,6.5,44.5", "datetime": "2020-06-01/2021-12-31", "sortby": "nom"},
    ],
)
def test_filters_by_other_types(doors: Doors, filters: dict[str, object]) -> None:
    _both(doors, _items(limit=9, **filters))


@pytest.mark.parametrize(
    "expression",
    [
        "nom = 'L''Isle-sur-la-Sorgue'",
        "actif OR population > 3 AND nom LIKE 'A%'",
        "S_INTERSECTS(geometry, BBOX(5,43,6,44))",
    ],
)
def test_a_filter_in_cql2(doors: Doors, expression: str) -> None:
    """Under stock it has another name: pygeoapi reads `filter` itself, and loses quotes and precedences."""
    ours, matched = _walk(doors, "ours", _items(limit=9, filter=expression))
    stock, stock_matched = _walk(doors, "stock", _items(limit=9) + f"&cql2-filter={quote(expression)}")
    assert _unescaped(stock) == ours
    assert 0 < len(ours) == matched == stock_matched < ROWS
    for text in ("nom = 'a'", "populaton = 1"):
        assert doors.get("stock", _items() + f"&filter={quote(text)}").status_code == 400
    assert "did you mean" in doors.get("stock", _items() + "&cql2-filter=populaton%3D1").text


def test_properties_and_skip_geometry(doors: Doors) -> None:
    found, _ = _both(doors, _items(limit=100, properties="population,nom", skipGeometry="true"))
    assert {tuple(feature["properties"]) for feature in found} == {("nom", "population")}
    assert {feature["geometry"] for feature in found} == {None}


@pytest.mark.parametrize(
    "crs",
    ["http://www.opengis.net/def/crs/OGC/1.3/CRS84"]
    + [f"http://www.opengis.net/def/crs/EPSG/0/{code}" for code in (4326, 3857, 2154, 4171)],
)
def test_crs(doors: Doors, crs: str) -> None:
    for collection in ("lieux", "communes"):
        path = _items(collection, limit=300, crs=crs)
        _both(doors, path)
        answers = [doors.get(door, path) for door in ("ours", "stock")]
        assert [answer.headers["content-crs"] for answer in answers] == [f"<{crs}>"] * 2


def test_hits_are_a_count_without_features(doors: Doors) -> None:
    for parameters in ({}, {"actif": "true"}, {"bbox": "5,43.5,6,44", "limit": 1}):
        pages = [
            doors.get(door, _items(resultType="hits", **parameters)).json()  # pyright: ignore[reportArgumentType]
            for door in ("ours", "stock")
        ]
        assert [page["features"] for page in pages] == [[], []]
        assert pages[0]["numberMatched"] == pages[1]["numberMatched"] > 0


def test_single_items(doors: Doors) -> None:
    found, _ = _both(doors, "/collections/lieux/items")
    for feature in found[::10]:
        for crs in ("", "?crs=" + quote("http://www.opengis.net/def/crs/EPSG/0/2154")):
            path = f"/collections/lieux/items/{feature['id']}{crs}"
            ours, stock = (doors.get(door, path).json() for door in ("ours", "stock"))
            for answer in (ours, stock):
                del answer["links"]
            assert _unescaped(stock) == ours


def test_the_real_communes_are_the_same(doors: Doors) -> None:
    found, matched = _both(doors, _items("communes", limit=400))
    assert len(found) == matched == 946
    _both(doors, _items("communes", limit=100, sortby="nom", code_departement="13"))


def test_tiles_are_the_same(doors: Doors) -> None:
    for tile in ("7/46/65", "9/186/263", "12/1492/2108", "0/0/0"):
        path = f"/collections/communes/tiles/WebMercatorQuad/{tile}"
        ours, stock = doors.get("ours", path), doors.get("stock", f"{path}?f=pbf")
        assert stock.status_code == 200
        assert stock.content == ours.content != b""
        assert stock.headers["content-type"] == ours.headers["content-type"]


def test_an_empty_tile_is_empty(doors: Doors) -> None:
    answer = doors.get("stock", "/collections/communes/tiles/WebMercatorQuad/9/0/0?f=pbf")
    assert (answer.status_code, answer.content) == (200, b"")


def test_the_description_of_tiles(doors: Doors) -> None:
    path = "/collections/communes/tiles/WebMercatorQuad"
    tilejson = doors.get("stock", f"{path}/metadata?f=tilejson").json()
    assert tilejson["vector_layers"][0]["id"] == "communes"
    template = tilejson["tiles"][0]
    address = template.replace("{z}", "9").replace("{y}", "186").replace("{x}", "263")
    assert doors.client.get(address).content
    described = doors.get("stock", f"{path}?f=json").json()
    assert described["layers"][0]["id"] == "communes"
    assert doors.get("stock", f"{path}?f=html").status_code == 200
    assert doors.get("stock", "/collections/communes/tiles?f=json").json()["tilesets"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=many", "offset=-1", "offset=x", f"offset={2**63}", "bbox=1,2,3", "bbox=a,b,c,d",
        "bbox=nan,nan,nan,nan", "bbox=inf,0,inf,1", "bbox=5,44,6,43", "bbox=900000,6200000,910000,6300000",
        "bbox=5,-91,6,43", "datetime=abc", "datetime=2021-13-01", "datetime=2021-02-01/2021-01-01", "nom=%00",
        "population=many", "population=99999999999999999999", "debut=hier", "surface=nan", "inconnu=1", "popultion=3",
        "cursor=abc", "cursor=", "cursor=%00", "cursor=%C3%A9", "sortby=inconnu", "sortby=", "sortby=nom,nom",
        "properties=inconnu", "properties=", "crs=EPSG:27572", "crs=x", "resultType=count", "q=arles", "ids=1",
        "profile=x",
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_a_400_at_both_doors(doors: Doors, query: str) -> None:
    for door in ("ours", "stock"):
        answer = doors.get(door, f"/collections/lieux/items?{query}")
        assert answer.status_code == 400, (door, answer.text)


def test_our_refusals_keep_their_remedy_under_stock(doors: Doors) -> None:
    answer = doors.get("stock", "/collections/lieux/items?popultion=3")
    assert "did you mean population" in answer.json()["description"]


def test_a_dataset_that_was_never_loaded_is_a_404_that_says_how(doors: Doors) -> None:
    answer = doors.get("stock", "/collections/cantons/items")
    assert answer.status_code == 404
    assert "territoire etl run cantons" in answer.json()["description"]


@pytest.mark.parametrize(
    "path",
    [
        "/collections/inconnu/items",
        "/collections/lieux/items/abc",
        "/collections/lieux/items/1",
        "/collections/lieux/items/99999999999999999999",
        "/collections/lieux/items/%00",
        "/collections/communes/items/99999",
        "/collections/communes/items/%27",
        "/collections/communes/tiles/WebMercatorQuad/15/0/0?f=pbf",
        "/collections/communes/tiles/WebMercatorQuad/9/512/0?f=pbf",
        "/collections/communes/tiles/WebMercatorQuad/a/0/0?f=pbf",
        "/collections/communes/tiles/WebMercatorQuad/-1/0/0?f=pbf",
        "/collections/communes/tiles/WorldCRS84Quad/1/0/0?f=pbf",
    ],
)
def test_what_does_not_exist_is_a_404_under_stock(doors: Doors, path: str) -> None:
    assert doors.get("stock", path).status_code == 404


def test_a_cursor_that_was_altered_or_moved_to_another_query_is_a_400(doors: Doors) -> None:
    address = _next(doors.get("stock", _items(limit=5, sortby="nom")).json())
    assert address is not None
    for altered in (address.replace("sortby=nom", "sortby=-nom"), address[:-1], address + "A", address + "&nom=Arles"):
        assert doors.client.get(altered, headers={"Accept": "application/json"}).status_code == 400


def test_a_cursor_of_one_door_goes_on_at_the_other(doors: Doors) -> None:
    whole, _ = _walk(doors, "ours", _items(sortby="-debut"))
    address = _next(doors.get("stock", _items(limit=50, sortby="-debut")).json())
    assert address is not None
    page = doors.get("ours", address.removeprefix(doors.stock)).json()
    assert page["features"] == whole[50:100]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/conformance",
        "/openapi",
        "/collections",
        "/collections/lieux",
        "/collections/lieux/items",
        "/collections/lieux/items/7919",
        "/collections/communes/items/13004",
        "/collections/lieux/queryables",
        "/collections/lieux/schema",
        "/collections/lieux/tiles",
        "/collections/lieux/tiles/WebMercatorQuad",
        "/collections/lieux/tiles/WebMercatorQuad/metadata",
        "/TileMatrixSets",
        "/TileMatrixSets/WebMercatorQuad",
    ],
)
def test_stock_draws_its_pages_with_the_committed_templates(doors: Doors, path: str) -> None:
    answer = doors.get("stock", f"{path}?f=html")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


def test_stock_executes_our_processes_and_hands_jobs_in(doors: Doors) -> None:
    inputs = {"inputs": {"code_insee": "04070", "datasets": ["communes"]}}
    path = "/processes/zone-statistics/execution"
    ours, stock = (doors.client.post(base + path, json=inputs) for base in (doors.ours, doors.stock))
    assert (ours.status_code, stock.status_code) == (200, 200), stock.text
    assert stock.json() == ours.json()
    refused = doors.client.post(doors.stock + path, json={"inputs": {"code_insee": "x"}})
    assert refused.status_code == 400
    assert "inputs.code_insee" in refused.text
    listed = {one["id"] for one in doors.client.get(f"{doors.stock}/processes?f=json").json()["processes"]}
    assert listed == {one["id"] for one in doors.get("ours", "/processes").json()["processes"]}
    handed = doors.client.post(doors.stock + path, json=inputs, headers={"Prefer": "respond-async"})
    assert handed.status_code == 201
    job = f"/jobs/{handed.json()['jobID']}"
    # the same job through both doors, in one queue
    for door in ("ours", "stock"):
        assert doors.get(door, f"{job}?f=json").json()["status"] == "accepted"
    # pygeoapi 0.24 dismisses, then stumbles over its own answer (no Content-Type) and closes the connection
    httpx2.delete(doors.stock + job)
    assert doors.get("ours", job).json()["status"] == "dismissed"
    assert doors.client.get(f"{doors.stock}/jobs?f=json").json()["jobs"] == []
