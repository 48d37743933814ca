"""Filters over HTTP: the classes of Features part 3, part 5 and CQL2, as their abstract tests ask for them."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import jsonschema
import orjson
import pytest
import shapely
from lab import Lab, Server, get, row, write
from proofs import COMMON3, CQL2, FEATURES3, FEATURES5, proves
from stock import Serve

REL = "http://www.opengis.net/def/rel/ogc/1.0/"
SCHEMA = "application/schema+json"
ITEMS = "/ogc/collections/lieux/items"
NAMES = ("L'Isle-sur-la-Sorgue", "Èze", "eze", "Arles", "ARLES", "Saint-Rémy", "100 %", '< 50 & "x"')


@pytest.fixture(scope="module")
def server(new_database: Any, tmp_path_factory: pytest.TempPathFactory, serve: Serve) -> Iterator[Server]:
    """Points with time, nulls and accents; polygons; a table without geometry."""
    lab = Lab(new_database(), tmp_path_factory.mktemp("filter"))
    lab.use_the_declared("departements")
    lab.load("departements")
    columns = [
        {"name": "code", "type": "text", "title": {"fr": "Code"}, "nullable": False},
        {"name": "nom", "type": "text", "title": {"fr": "Nom", "en": "Name"}},
        {"name": "population", "type": "integer", "title": {"fr": "Population"}, "unit": "1"},
        {"name": "taux", "type": "number", "title": {"fr": "Taux"}},
        {"name": "jour", "type": "date", "title": {"fr": "Jour"}},
        {"name": "fin", "type": "date", "title": {"fr": "Fin"}},
        {"name": "secret", "type": "text", "title": {"fr": "Secret"}, "queryable": False, "sortable": False},
    ]
    lab.declare(columns=columns, time={"start": "jour", "end": "fin"})
    rows = [
        row(n, nom=None if n % 9 == 8 else NAMES[n % len(NAMES)], secret="s", fin=f"2026-02-{n % 28 + 1:02}")
        for n in range(60)
    ]
    rows[7] |= {"population": None, "jour": None, "geom": None}
    lab.load("lieux", write(lab.folder / "lieux.gpkg", rows))
    lab.declare(id="registre", geometry=None, checks={"min_rows": 1}, time=None)
    lab.load("registre", write(lab.folder / "registre.gpkg", [row(n) for n in range(12)]))
    with serve(lab) as running:
        yield running


COLLECTIONS = ("departements", "lieux", "registre")


def _asked(expression: str, **given: str) -> str:
    pairs = [("filter", expression), *((name.replace("_", "-"), value) for name, value in given.items())]
    return f"{ITEMS}?{urlencode(pairs)}"


def _features(server: Server, expression: str, **given: str) -> list[dict[str, Any]]:
    """Return all features of a walk, and check that the count agrees."""
    url: str | None = server.base + _asked(expression, limit="7", **given)
    features: list[dict[str, Any]] = []
    matched = None
    while url:
        status, _, body = get(url)
        assert status == 200, body
        page = orjson.loads(body)
        matched = page["numberMatched"] if matched is None else matched
        features += page["features"]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert len({f["id"] for f in features}) == len(features) == matched
    return features


def _agrees(server: Server, expression: str, test: Callable[[dict[str, Any]], Any], **given: str) -> None:
    everything = server.json(f"{ITEMS}?limit=1000")["features"]
    wanted = {f["id"] for f in everything if test(f["properties"])}
    assert {f["id"] for f in _features(server, expression, **given)} == wanted, expression


def post(url: str, body: bytes, media: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of a POST, whatever the status."""
    request = urllib.request.Request(url, data=body, headers={"Content-Type": media, "Accept": "application/geo+json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()


@proves(f"{CQL2}cql2-text", f"{CQL2}basic-cql2", f"{FEATURES3}filter", f"{FEATURES3}features-filter")
def test_basic_cql2_compares_joins_and_knows_null(server: Server) -> None:
    _agrees(server, "nom = 'L''Isle-sur-la-Sorgue'", lambda p: p["nom"] == NAMES[0])
    _agrees(server, "nom <> 'Èze'", lambda p: p["nom"] not in {None, "Èze"})
    _agrees(server, '"population" >= 50', lambda p: (p["population"] or 0) >= 50)
    _agrees(server, "population < 10 AND taux > 0.5", lambda p: p["population"] in range(5, 10) and p["taux"] > 0.5)
    _agrees(server, "population <= 2 OR nom = 'Arles' AND taux > 5",
            lambda p: p["population"] in {0, 1, 2} or (p["nom"] == "Arles" and p["taux"] > 5))  # fmt: skip
    _agrees(server, "NOT population > 3", lambda p: p["population"] is not None and p["population"] <= 3)
    _agrees(server, "nom IS NULL", lambda p: p["nom"] is None)
    _agrees(server, "nom IS NOT NULL AND jour IS NULL", lambda p: p["nom"] is not None and p["jour"] is None)
    _agrees(server, "jour = DATE('2026-01-05')", lambda p: p["jour"] == "2026-01-05")
    _agrees(server, "jour > TIMESTAMP('2026-01-20T00:00:00Z')", lambda p: (p["jour"] or "") > "2026-01-20")
    _agrees(server, "TRUE", lambda p: True)
    # beside the other parameters, all must hold
    both = {f["id"] for f in _features(server, "population > 10", taux="2.5", sortby="-nom", filter_lang="cql2-text")}
    assert both == {"L000020"}


@proves(f"{CQL2}cql2-json")
def test_the_same_in_json_by_get_and_post(server: Server) -> None:
    document = {
        "op": "or",
        "args": [
            {"op": "=", "args": [{"property": "nom"}, NAMES[7]]},
            {"op": "and", "args": [{"op": "<", "args": [{"property": "population"}, 5]}, {"op": "not", "args": [
                {"op": "isNull", "args": [{"property": "nom"}]}]}]},
        ],
    }  # fmt: skip
    written = orjson.dumps(document).decode()
    _agrees(server, written, lambda p: p["nom"] == NAMES[7] or (((p["population"] or 9) < 5 or p["population"] == 0)
            and p["nom"] is not None), filter_lang="cql2-json")  # fmt: skip
    for media in ("application/query-cql2+json", "application/json"):
        status, headers, body = post(f"{server.base}{ITEMS}?limit=3", written.encode(), media)
        assert (status, headers["content-type"]) == (200, "application/geo+json"), body
        page = orjson.loads(body)
        by_get = server.json(_asked(written, limit="3", filter_lang="cql2-json"))
        assert page["features"] == by_get["features"]
        assert page["numberMatched"] == by_get["numberMatched"]
        link = next(link["href"] for link in page["links"] if link["rel"] == "next")
        assert dict(parse_qsl(urlsplit(link).query))["filter"] == written
        following = orjson.loads(get(link)[2])["features"]
        assert {f["id"] for f in following}.isdisjoint(f["id"] for f in page["features"])


def test_a_form_stands_for_a_long_address(server: Server) -> None:
    values = ",".join(f"'L{n:06}'" for n in range(0, 600, 2))
    form = urlencode({"filter": f"code IN ({values})", "limit": "4", "sortby": "-code", "properties": "nom"}).encode()
    status, _, body = post(server.base + ITEMS, form, "application/x-www-form-urlencoded; charset=UTF-8")
    assert status == 200, body
    page = orjson.loads(body)
    assert [f["id"] for f in page["features"]] == ["L000058", "L000056", "L000054", "L000052"]
    link = next(link["href"] for link in page["links"] if link["rel"] == "next")
    assert [f["id"] for f in orjson.loads(get(link)[2])["features"]] == ["L000050", "L000048", "L000046", "L000044"]


@pytest.mark.parametrize(
    ("body", "media", "status", "said"),
    [
        (b"x" * 70_000, "application/json", 413, "65536"),
        (b"filter=" + b"x" * 17_000, "application/x-www-form-urlencoded", 413, "next"),
        (b"TRUE", "text/plain", 415, "query-cql2"),
        (b"{", "application/json", 400, "not JSON"),
        (b"\xff", "application/json", 400, "UTF-8"),
        (b"filter=TRUE&filter=TRUE", "application/x-www-form-urlencoded", 400, "twice"),
        (b"filter=TRUE&f=html", "application/x-www-form-urlencoded", 400, "json"),
        (b"limt=3", "application/x-www-form-urlencoded", 400, "did you mean limit"),
        (b"", "application/json", 400, "not JSON"),
    ],
)
def test_a_post_that_makes_no_sense_is_refused(server: Server, body: bytes, media: str, status: int, said: str) -> None:
    found, headers, answer = post(server.base + ITEMS, body, media)
    assert (found, headers["content-type"]) == (status, "application/problem+json")
    problem = orjson.loads(answer)
    assert said in f"{problem['detail']} {problem.get('remedy', '')}"


def test_qgis_does_not_take_the_post_for_a_right_to_edit(server: Server) -> None:
    request = urllib.request.Request(server.base + ITEMS, method="OPTIONS")
    with urllib.request.urlopen(request) as answer:
        assert "POST" not in answer.headers["Allow"]
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]


@proves(f"{CQL2}advanced-comparison-operators")
def test_like_between_and_in(server: Server) -> None:
    _agrees(server, "nom LIKE 'Saint-R_my'", lambda p: p["nom"] == "Saint-Rémy")
    _agrees(server, "nom LIKE '%-%'", lambda p: "-" in (p["nom"] or ""))
    _agrees(server, r"nom LIKE '% \%'", lambda p: p["nom"] == "100 %")
    _agrees(server, "nom NOT LIKE 'A%'", lambda p: p["nom"] is not None and not p["nom"].startswith("A"))
    _agrees(server, "population BETWEEN 10 AND 20", lambda p: p["population"] in range(10, 21))
    _agrees(server, "population NOT BETWEEN 1 AND 58", lambda p: p["population"] in {0, 59})
    _agrees(server, "nom IN ('Arles', '< 50 & \"x\"')", lambda p: p["nom"] in {"Arles", NAMES[7]})
    _agrees(server, "population NOT IN (1, 2)", lambda p: p["population"] not in {None, 1, 2})


@proves(f"{CQL2}case-insensitive-comparison", f"{CQL2}accent-insensitive-comparison")
def test_case_and_accents_can_be_left_out(server: Server) -> None:
    _agrees(server, "CASEI(nom) = CASEI('aRLES')", lambda p: p["nom"] in {"Arles", "ARLES"})
    _agrees(server, "CASEI(nom) LIKE CASEI('saint-RÉ%')", lambda p: p["nom"] == "Saint-Rémy")
    _agrees(server, "CASEI(nom) IN (casei('ÈZE'), casei('EZE'))", lambda p: p["nom"] in {"Èze", "eze"})
    _agrees(server, "ACCENTI(nom) = ACCENTI('Ézé')", lambda p: p["nom"] == "Èze")
    _agrees(server, "ACCENTI(CASEI(nom)) = ACCENTI(CASEI('éZE'))", lambda p: p["nom"] in {"Èze", "eze"})


@proves(
    f"{CQL2}basic-spatial-functions",
    f"{CQL2}basic-spatial-operators",
    f"{CQL2}basic-spatial-functions-plus",
    f"{CQL2}spatial-functions",
)
@pytest.mark.parametrize(
    "name", ["intersects", "disjoint", "within", "contains", "equals", "touches", "overlaps", "crosses"]
)
def test_spatial_functions_agree_with_shapely(server: Server, name: str) -> None:
    everything = server.json("/ogc/collections/departements/items")["features"]
    shapes = {f["id"]: shapely.from_geojson(orjson.dumps(f["geometry"])) for f in everything}
    literals = {
        "POINT(5.4 43.55)": None,
        "POLYGON((5 43.4,6 43.4,6 44.2,5 44.2,5 43.4))": None,
        "LINESTRING(4.9 43.5,6.9 44.3)": None,
        "MULTIPOINT((5.4 43.55),(6.2 44.1))": None,
        "MULTILINESTRING((4.9 43.5,6.9 44.3),(5 44,5.1 44))": None,
        "MULTIPOLYGON(((5 43.4,6 43.4,6 44.2,5 43.4)),((-100 40,-99 40,-99 41,-100 40)))": None,
        "GEOMETRYCOLLECTION(POLYGON((5 43.4,6 43.4,6 44.2,5 43.4)))": "MULTIPOLYGON(((5 43.4,6 43.4,6 44.2,5 43.4)))",
        "BBOX(4,42.9,8,45.2)": "POLYGON((4 42.9,8 42.9,8 45.2,4 45.2,4 42.9))",
    }
    for literal, meaning in literals.items():
        shape = shapely.from_wkt(meaning or literal)
        wanted = {key for key, stored in shapes.items() if getattr(shapely, name)(stored, shape)}
        for function in (f"S_{name.upper()}", name.upper()):
            path = f"/ogc/collections/departements/items?filter={quote(f'{function}(geometry,{literal})')}"
            assert {f["id"] for f in server.json(path)["features"]} == wanted, literal


def test_a_literal_is_in_filter_crs_and_its_axis_order(server: Server) -> None:
    default = {f["id"] for f in _features(server, "S_INTERSECTS(geometry, BBOX(5.5,43.7,5.6,43.9))")}
    flipped = _features(server, "S_INTERSECTS(geometry, BBOX(43.7,5.5,43.9,5.6))",
                        filter_crs="http://www.opengis.net/def/crs/EPSG/0/4326")  # fmt: skip
    assert {f["id"] for f in flipped} == default
    metres = _features(server, "S_INTERSECTS(geometry, BBOX(900950,6299000,901550,6301000))", filter_crs="EPSG:2154")
    assert {f["id"] for f in metres} == {f"L{n:06}" for n in range(10, 16)}
    assert len(_features(server, "S_INTERSECTS(geometry, BBOX(-180,-90,180,90))")) == 59
    status, _, body = server.get("/ogc/collections/registre/items?filter=S_INTERSECTS(geometry,BBOX(5,43,6,44))")
    assert status == 400
    assert b"takes geometries" in body


@proves(f"{CQL2}temporal-functions")
def test_temporal_functions_compare_instants_and_intervals(server: Server) -> None:
    _agrees(server, "T_AFTER(jour, DATE('2026-01-20'))", lambda p: (p["jour"] or "") > "2026-01-20")
    _agrees(server, "T_BEFORE(jour, TIMESTAMP('2026-01-03T00:00:00Z'))", lambda p: (p["jour"] or "9") < "2026-01-03")
    _agrees(server, "T_EQUALS(jour, DATE('2026-01-03'))", lambda p: p["jour"] == "2026-01-03")
    _agrees(server, "T_INTERSECTS(jour, INTERVAL('2026-01-03', '2026-01-05'))",
            lambda p: "2026-01-03" <= (p["jour"] or "") <= "2026-01-05")  # fmt: skip
    _agrees(server, "T_DISJOINT(jour, INTERVAL('..', '2026-01-20'))", lambda p: (p["jour"] or "") > "2026-01-20")
    start, end = "2026-01-10", "2026-02-10"
    for name, test in {
        "CONTAINS": lambda s, e: s < start and e > end,
        "DURING": lambda s, e: s > start and e < end,
        "FINISHEDBY": lambda s, e: s < start and e == end,
        "FINISHES": lambda s, e: s > start and e == end,
        "MEETS": lambda s, e: e == start,
        "METBY": lambda s, e: s == end,
        "OVERLAPPEDBY": lambda s, e: start < s < end < e,
        "OVERLAPS": lambda s, e: s < start < e < end,
        "STARTEDBY": lambda s, e: s == start and e > end,
        "STARTS": lambda s, e: s == start and e < end,
    }.items():
        _agrees(server, f"T_{name}(INTERVAL(jour, fin), INTERVAL('{start}', '{end}'))",
                lambda p, test=test: p["jour"] and test(p["jour"], p["fin"]))  # fmt: skip


@proves(f"{CQL2}property-property", f"{CQL2}arithmetic")
def test_either_side_may_be_a_property_a_literal_or_arithmetic(server: Server) -> None:
    _agrees(server, "50 < population", lambda p: (p["population"] or 0) > 50)
    _agrees(server, "taux = population", lambda p: p["population"] == 0)
    _agrees(server, "jour > fin", lambda p: False)
    _agrees(server, "'a' = 'a'", lambda p: True)
    _agrees(server, "population + 1 > 58", lambda p: (p["population"] or 0) > 57)
    _agrees(server, "taux * 8 = population", lambda p: p["population"] is not None)
    _agrees(server, "population % 10 = 3 AND population div 10 = 2", lambda p: p["population"] == 23)
    _agrees(server, "population / 2 = 2.5 OR population ^ 2 - 1 = 80", lambda p: p["population"] in {5, 9})
    _agrees(server, "(population - 1) / population < 0", lambda p: False)


def _schema(server: Server, name: str, resource: str) -> dict[str, Any]:
    links = [link for link in server.json(f"/ogc/collections/{name}")["links"] if link["rel"] == REL + resource]
    [link] = [link for link in links if link["type"] == SCHEMA]
    status, headers, body = get(link["href"], Accept=SCHEMA)
    assert (status, headers["content-type"]) == (200, SCHEMA)
    schema = orjson.loads(body)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == link["href"]
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert all(isinstance(p.get("type", ""), str) and p["title"] for p in schema["properties"].values())
    return schema


@proves(f"{FEATURES3}queryables", f"{FEATURES3}queryables-query-parameters")
def test_queryables_are_what_filters_and_parameters_may_name(server: Server) -> None:
    properties = _schema(server, "lieux", "queryables")["properties"]
    assert list(properties) == ["code", "nom", "population", "taux", "jour", "fin", "geometry"]
    assert properties["jour"] == {"title": "Jour", "type": "string", "format": "date"}
    assert properties["geometry"]["$ref"] == "https://geojson.org/schema/Point.json"
    assert "geometry" not in _schema(server, "registre", "queryables")["properties"]
    for name in COLLECTIONS:
        for found in _schema(server, name, "queryables")["properties"]:
            path = f"/ogc/collections/{name}/items?limit=1"
            assert server.get(f"{path}&filter={found}%20IS%20NULL")[0] == 200
            assert found == "geometry" or server.get(f"{path}&{found}=1")[0] in {200, 400}
    for parameter in ("filter=secret%3D's'", "secret=s"):
        status, _, body = server.get(f"{ITEMS}?{parameter}")
        assert (status, b"secret" in body) == (400, True)
    _agrees(server, "population = 3", lambda p: p["population"] == 3)
    assert server.json(f"{ITEMS}?population=3")["numberMatched"] == 1
    english = server.json("/ogc/collections/lieux/queryables?lang=en")
    assert english["properties"]["nom"]["title"] == "Name"


@proves(
    f"{FEATURES5}schemas",
    f"{FEATURES5}core-roles-features",
    f"{FEATURES5}returnables-and-receivables",
    f"{COMMON3}schemas",
    f"{COMMON3}returnables-and-receivables",
)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_the_schema_is_that_of_the_features(server: Server, name: str) -> None:
    schema = _schema(server, name, "schema")
    roles = [p["x-ogc-role"] for p in schema["properties"].values() if "x-ogc-role" in p]
    assert len(roles) == len(set(roles))
    assert roles.count("id") == 1
    sequence = [p["x-ogc-propertySeq"] for p in schema["properties"].values()]
    assert sequence == list(range(1, len(sequence) + 1))
    geometry = schema["properties"].pop("geometry", None)
    assert (geometry is None) == (name == "registre")
    if geometry:
        assert geometry.keys().isdisjoint({"type", "$ref"})
        assert geometry["format"] == {"lieux": "geometry-point", "departements": "geometry-multipolygon"}[name]
    # a null is an absent property
    for feature in server.json(f"/ogc/collections/{name}/items?limit=100")["features"]:
        values = {key: value for key, value in feature["properties"].items() if value is not None}
        jsonschema.validate(values, schema, format_checker=jsonschema.FormatChecker())
    if name == "lieux":
        assert {"primary-interval-start", "primary-interval-end", "id", "primary-geometry"} == set(roles)
        assert schema["properties"]["code"]["readOnly"] is True
        assert schema["properties"]["population"]["x-ogc-unit"] == "1"
        assert schema["required"] == ["code"]


@proves(f"{FEATURES5}sortables")
def test_sortables_are_what_sortby_may_name(server: Server) -> None:
    properties = _schema(server, "lieux", "sortables")["properties"]
    assert list(properties) == ["code", "nom", "population", "taux", "jour", "fin"]
    for name in properties:
        assert server.get(f"{ITEMS}?sortby=-{name}&limit=1")[0] == 200
    status, _, body = server.get(f"{ITEMS}?sortby=secret")
    assert (status, b"secret" in body) == (400, True)


@pytest.mark.parametrize("resource", ["queryables", "schema"])
def test_people_read_schemas_as_pages(server: Server, resource: str) -> None:
    status, headers, body = server.get(f"/ogc/collections/lieux/{resource}", Accept="text/html")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"population" in body
    assert server.get("/ogc/collections/lieux/sortables?f=html")[0] == 400
    assert server.get("/ogc/collections/nope/queryables")[0] == 404


def test_a_page_for_people_filters_as_the_json_does(server: Server) -> None:
    expression = "nom = 'L''Isle-sur-la-Sorgue' OR population = 1 AND taux > 100"
    status, _, body = server.get(_asked(expression, f="html", limit="3"), Accept="text/html")
    page = body.decode()
    assert status == 200
    wanted = [f["id"] for f in server.json(_asked(expression))["features"]]
    assert all((f">{key}<" in page or key in page) for key in wanted[:3])
    assert "_filter" not in page
    assert "L000001" not in page
    link = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    status, _, body = get(server.base + link if link.startswith("/") else link, Accept="text/html")
    assert status == 200
    assert wanted[3] in body.decode()
    status, _, body = server.get(_asked("populaton = 1", f="html"), Accept="text/html")
    assert status == 400
    assert b"population" in body


INJECTIONS = (
    "nom = 'x''; drop table data.lieux__g1; --'",
    "nom = 'x' OR '1'='1' --'",
    '"nom""; drop table x; --" = \'x\'',
    "pg_sleep(10) = 1",
    "casei(pg_read_file('/etc/passwd')) = 'x'",
    "nom = (SELECT version())",
    "nom = 'x' UNION SELECT 1",
    "S_INTERSECTS(geometry, ST_Buffer(geometry, 10))",
    "nom LIKE '%' || pg_sleep(5)",
    "nom = $1 OR nom = %s OR nom = %(p0)s",
    "\"%(p0)s\" = 'x'",
    "nom = '%(p0)s{}%'",
    "(" * 60 + "!" + ")" * 60,
    "(nom = 'x' AND " * 60 + "!" + ")" * 60,
    "NOT " * 2500 + "TRUE",
    "casei(" * 1500 + "nom" + ")" * 1500 + "= 'x'",
    "population = " + "-" * 5000 + "1",
    "population > 1e309",
    "population ^ 99999 > 1",
    "0 ^ -1 > population",
    "nom = '\x00'",
)


def test_no_filter_brings_the_server_down_or_reaches_what_it_may_not(server: Server) -> None:
    before = server.workers()
    for expression in INJECTIONS:
        for path in (_asked(expression), f"/ogc/collections/departements/items?filter={quote(expression)}"):
            began = time.perf_counter()
            status, _, body = server.get(path)
            assert status in {200, 400}, (expression, body)
            assert status == 400 or not orjson.loads(body)["features"] or "population" in expression, expression
            assert time.perf_counter() - began < 2, expression
        assert server.get(f"{ITEMS}?sortby={quote(expression[:3000])}")[0] == 400
        deep = orjson.dumps({"op": "=", "args": [{"property": expression}, expression]})
        assert post(server.base + ITEMS, deep, "application/json")[0] in {400, 413}
    nested = b'{"op":"not","args":[' * 3000 + b"true" + b"]}" * 3000
    assert post(server.base + ITEMS, nested[:60_000], "application/json")[0] in {400, 413}
    assert server.workers() == before
    assert server.json(f"{ITEMS}?limit=1")["numberMatched"] == 60


def test_a_filter_holds_in_tiles_too(server: Server) -> None:
    whole = server.get("/tiles/lieux/6/33/23.mvt", Accept="*/*")
    some = server.get(f"/tiles/lieux/6/33/23.mvt?filter={quote('population > 50')}", Accept="*/*")
    assert whole[0] == some[0] == 200
    assert len(some[2]) < len(whole[2])
    for refused in ("nomm = 1", "0 ^ -1 > population", "population * 1e308 > taux"):
        assert server.get(f"/tiles/lieux/6/33/23.mvt?filter={quote(refused)}")[0] == 400, refused


def test_qgis_finds_all_that_it_wants_before_it_pushes_a_filter_down(server: Server) -> None:
    """The calls of QGIS in their order (clients.md 1), and the filters that 3.40 writes (environment.md 5)."""
    landing = {link["rel"]: link for link in server.json("/ogc", Accept="application/json")["links"]}
    definition = orjson.loads(get(landing["service-desc"]["href"], Accept=landing["service-desc"]["type"])[2])
    root = landing["data"]["href"].split("?")[0]
    described = orjson.loads(get(f"{root}/lieux")[2])
    classes = set(orjson.loads(get(landing["conformance"]["href"])[2])["conformsTo"])
    assert {f"{CQL2}cql2-text", f"{CQL2}basic-cql2", f"{FEATURES3}filter", f"{FEATURES3}features-filter"} <= classes
    assert f"{FEATURES5}schemas" in classes
    rels = {link["rel"]: link for link in described["links"]}
    queryables = orjson.loads(get(rels[f"{REL}queryables"]["href"], Accept=SCHEMA)[2])["properties"]
    assert queryables["geometry"]["$ref"].startswith("https://geojson.org/schema/")
    assert all(isinstance(found["type"], str) for name, found in queryables.items() if name != "geometry")
    assert definition["components"]["parameters"]["limit"]["schema"]["maximum"] == 10_000
    assert get(f"{root}/lieux/items?limit=10")[0] == 200
    for expression, crs in (
        ("(nom = 'Arles')", None),
        ("((population + 1) > 30)", None),
        ("(CASEI(nom) LIKE CASEI('a%'))", None),
        ("(nom IN ('Arles','ARLES'))", None),
        ("((population BETWEEN 3 AND 5) AND (NOT (nom IS NULL)))", None),
        ("(jour > TIMESTAMP('2026-01-20T00:00:00Z'))", None),
        ("((population ^ 2) > 9) AND ((population % 2) = 1)", None),
        ("S_INTERSECTS(geometry,BBOX(5,43,6,44))", None),
        ("(nom = 'Arles') AND S_INTERSECTS(geometry,POINT(43.75 5.5)) OR population = 3", "EPSG/0/4326"),
    ):
        asked = {"filter": expression, "filter-lang": "cql2-text", "limit": "1000"}
        if crs:
            asked |= {
                "filter-crs": f"http://www.opengis.net/def/crs/{crs}",
                "crs": f"http://www.opengis.net/def/crs/{crs}",
            }
        status, _, body = get(f"{root}/lieux/items?{urlencode(asked)}")
        assert status == 200, body
        assert 0 < orjson.loads(body)["numberReturned"] < 60
