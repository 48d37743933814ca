"""CQL2: what is parsed, how it nests, what is refused and where, and that only bound values carry literals."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import cql2
import orjson
import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st

from territoire.core.errors import RequestError
from territoire.core.models import Time
from territoire.query import crs, parameters
from territoire.query.cql2 import compile as compiler
from territoire.query.cql2 import json_form, text, tree
from territoire.query.cql2.tree import Box, Instant, Literal, Node, Operation, Property, Several, Shape, Span
from territoire.query.items import Binder
from territoire.query.model import Filter, Query

DATASET = samples.dataset(
    "lieux",
    geometry="Point",
    time=Time(start="debut"),
    hidden=("secret",),
    nom="text",
    ab="integer",
    identifiant="bigint",
    surface="number",
    actif="boolean",
    debut="date",
    vu="timestamp",
    secret="text",
)
EXTENT = (800_000.0, 6_200_000.0, 1_080_000.0, 6_460_000.0)


def _query(*given: tuple[str, str]) -> Query:
    return parameters.parse(DATASET, given)


def _sql(wanted: Filter) -> tuple[str, dict[str, Any]]:
    binder = Binder()
    return compiler.condition(wanted, DATASET, EXTENT, binder).as_string(None), binder.values


def _compiled(expression: str) -> tuple[str, dict[str, Any]]:
    wanted = _query(("filter", expression)).filter
    assert wanted is not None
    return _sql(wanted)


def _json(node: Node) -> Any:
    """Write a tree as cql2 (the reference parser, in Rust) writes its own."""
    match node:
        case Property():
            return {"property": node.name}
        case Literal():
            number = isinstance(node.value, int) and not isinstance(node.value, bool)
            return float(node.value) if number and node.value is not None else node.value
        case Instant():
            return {node.kind: node.text}
        case Span():
            return {"interval": [".." if end is None else _json(end) for end in (node.start, node.end)]}
        case Shape():
            return orjson.loads(node.geojson)
        case Box():
            return {"bbox": list(node.numbers)}
        case Several():
            return [_json(value) for value in node.values]
        case Operation():
            return {"op": node.op, "args": [_json(arg) for arg in node.args]}


def _lowered(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: v.lower() if k == "op" else _lowered(v) for k, v in value.items()}
    return [_lowered(item) for item in value] if isinstance(value, list) else value


SAME_AS_THE_REFERENCE = [
    "nom = 'L''Isle-sur-la-Sorgue'",
    "nom = 'Fos-sur-Mer' OR nom = 'Èze' AND ab > 3",
    "NOT ab = 1 AND cd = 2 OR ef = 3",
    "(a OR b) AND NOT (c AND d)",
    '"we""ird" = 1 AND "géo métrie" IS NOT NULL',
    "été <> 'x' and été NOT LIKE 'y%' and a not between 1 and 2 and b not in (1, 2)",
    "a BETWEEN 1 AND 2 AND c IN ('x', 'y', 'é')",
    "CASEI(nom) LIKE casei('a%') AND ACCENTI(CASEI(nom)) = accenti(casei('é'))",
    "ab + 1 * 2 - 3 > -4 AND ab ^ 2 ^ 3 < 5 % 2 AND ab div 2 / 3 = -cd",
    "-2 ^ 2 = 4 AND a - -5 = 3 AND - (b + 1) < 2",
    "S_INTERSECTS(geometry, BBOX(5,43,6,44)) AND S_WITHIN(geometry, POLYGON((5 43,6 43,6 44,5 43)))",
    "S_INTERSECTS(geom, MULTIPOLYGON(((5 43,6 43,6 44,5 43),(5.1 43.1,5.2 43.1,5.2 43.2,5.1 43.1))))",
    "S_CROSSES(geom, LINESTRING(1 2,3 -4.5)) AND S_DISJOINT(geom, MULTIPOINT((1 2),(3 4)))",
    "S_TOUCHES(geom, GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(1 2,3 4))) OR S_EQUALS(geom, POINT(5 43))",
    "S_OVERLAPS(geom, MULTILINESTRING((1 2,3 4),(5 6,7 8)))",
    "T_AFTER(jour, DATE('2026-01-01')) OR T_DURING(INTERVAL(debut, fin), INTERVAL('..', '2026-02-01T00:00:00Z'))",
    "jour > TIMESTAMP('2026-01-01T00:00:00.5Z') AND actif = TRUE AND (actif OR FALSE)",
    "(ab = 1) = true AND ab=1AND cd=2",
    "date = 3 AND point = 4 AND a.b = 1 AND a:c = 1.",
]


@pytest.mark.parametrize("expression", SAME_AS_THE_REFERENCE)
def test_the_tree_is_that_of_the_reference_parser(expression: str) -> None:
    assert _json(text.parse(expression)) == _lowered(cql2.parse_text(expression).to_json())


@pytest.mark.parametrize("expression", SAME_AS_THE_REFERENCE)
def test_the_json_form_means_the_same_as_the_text(expression: str) -> None:
    written = orjson.dumps(cql2.parse_text(expression).to_json()).decode()
    assert _json(json_form.parse(written)) == _json(text.parse(expression))


def test_both_escapes_of_an_apostrophe_are_read() -> None:
    assert text.parse(r"nom = 'L\'Isle'") == text.parse("nom = 'L''Isle'")
    assert text.parse(r"nom LIKE '100\%'") == Operation("like", (Property("nom"), Literal(r"100\%")))


def test_a_filter_is_part_of_the_query_and_of_what_its_cursors_agree_with() -> None:
    one, same, other = (_query(("filter", t)) for t in ("ab = 1", "ab=1", "ab = 2"))
    assert one.is_filtered
    assert one.fingerprint == same.fingerprint != other.fingerprint
    by_json = _query(("filter", '{"op":"=","args":[{"property":"ab"},1]}'), ("filter-lang", "cql2-json"))
    assert by_json.fingerprint == one.fingerprint
    assert _query(("filter-crs", "EPSG:2154")) == _query()


REFUSED = [
    ("", "a property, a value", "line 1, column 1"),
    ("nom = 'x", "never closed", "line 1, column 7"),
    ("nom =", "but here is the end", "line 1, column 6"),
    ("nom == 'x'", "was expected", "line 1, column 6"),
    ("nom = 'x' nom", "AND, OR or the end", "line 1, column 11"),
    ("(nom = 'x'", "never closed", "line 1, column 1"),
    ("nom = 'x')", "closes nothing", "line 1, column 10"),
    ("nom = 'x' AND\n  nomm = 'y'", "did you mean nom", "line 2, column 3"),
    ("secret = 'x'", "not a queryable", "line 1, column 1"),
    ("fid = 1", "not a queryable", "line 1, column 1"),
    ("nom; drop table x", "no meaning", "line 1, column 4"),
    ("pg_sleep(10) = 1", "there is no function 'pg_sleep'", "column 1"),
    ("upper(nom) = 'X'", "there is no function 'upper'", "casei"),
    ("S_INTERSECT(geometry, POINT(5 43))", "did you mean s_intersects", "column 1"),
    ("nom = 13", "nom is of type text", "'Arles'"),
    ("ab = '13'", "ab is of type integer", "42"),
    ("ab = TRUE", "ab is of type integer", "42"),
    ("actif = 1", "actif is of type boolean", "TRUE"),
    ("debut = 'hier'", "'hier' is not of type date", "DATE('2026-01-31')"),
    ("debut > DATE('2026-13-45')", "is not of type date", "DATE('2026-01-31')"),
    ("vu > TIMESTAMP('12h')", "timestamp", "TIMESTAMP("),
    ("ab > 1e309", "not a finite number", "column 6"),
    ("nom = NULL", "IS NULL", "column 7"),
    ("nom", "alone is no condition", "column 1"),
    ("ab + 1", "alone is no condition", ""),
    ("nom + 1 > 2", "takes numbers", ""),
    ("nom LIKE nom", "pattern", ""),
    ("nom LIKE 'x\\\\\\'", "escapes nothing", ""),
    ("ab LIKE '1%'", "ab is of type integer", ""),
    ("nom = ab", "nom is of type text and ab of type integer", ""),
    ("geometry = 1", "is a geometry", "S_INTERSECTS"),
    ("S_INTERSECTS(nom, POINT(5 43))", "takes geometries", ""),
    ("S_INTERSECTS(geometry)", "takes 2 arguments", ""),
    ("S_INTERSECTS(geometry, POINT(43 143))", "latitudes go from -90", "filter-crs"),
    ("S_INTERSECTS(geometry, POLYGON((5 43,6 43,6 44)))", "cannot be read", ""),
    ("S_INTERSECTS(geometry, POLYGON((0 0,1 1,1 0,0 1,0 0)))", "not valid", ""),
    ("S_INTERSECTS(geometry, BBOX(5,43,6))", "four numbers", ""),
    ("S_INTERSECTS(geometry, BBOX(5,44,6,43))", "wrong way round", ""),
    ("T_DURING(debut, INTERVAL('2026-01-01','2026-02-01'))", "intervals on both sides", ""),
    ("T_AFTER(nom, DATE('2026-01-01'))", "not a date", ""),
    ("nom IN ()", "was expected", "column 9"),
    ("nom = 'a\x00b'", "NUL", "column 9"),
]


@pytest.mark.parametrize(("expression", "said", "also"), REFUSED)
def test_a_refusal_names_the_place_and_what_was_expected(expression: str, said: str, also: str) -> None:
    with pytest.raises(RequestError) as caught:
        _query(("filter", expression))
    whole = f"{caught.value.message} {caught.value.remedy}"
    assert said in whole
    assert also in whole


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ('{"op":"="}', "$.args should be a list"),
        ('{"op":"and","args":[{"a":1},true]}', "$.args[0] should be an object"),
        ('{"op":"=","args":[{"property":5},1]}', "$.args[0].property should be a text"),
        ('{"op":"=","args":[{"property":"nomm"},"x"]}', "did you mean nom"),
        ('{"op":"pg_sleep","args":[10]}', "there is no function 'pg_sleep'"),
        ('{"op":"=","args":[{"property":"ab"},1e309]}', "not JSON"),
        ('{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point","coordinates":[1]}]}', "cannot be read"),
        ('{"op":"s_intersects","args":[{"property":"geometry"},{"bbox":[1,2,3]}]}', "four numbers"),
        ('{"op":"and","args":[]}', "joins two"),
        ("[]", "a condition was expected"),
    ],
)
def test_a_wrong_json_names_the_path(written: str, said: str) -> None:
    with pytest.raises(RequestError) as caught:
        _query(("filter", written), ("filter-lang", "cql2-json"))
    assert said in f"{caught.value.message} {caught.value.remedy}"


def test_another_language_or_crs_is_refused() -> None:
    for pair in (("filter-lang", "cql-json"), ("filter-crs", "EPSG:27572")):
        with pytest.raises(RequestError, match=pair[0]):
            _query(("filter", "ab = 1"), pair)


def test_what_only_gdal_writes_is_read_where_it_says_so() -> None:
    def tree_of(written: str, language: str) -> Node:
        wanted = _query(("filter", written), ("filter-lang", language)).filter
        assert wanted is not None
        return wanted.root

    for written, meant in (
        ("nom ILIKE 'è%'", "CASEI(nom) LIKE CASEI('è%')"),
        ("NOT (nom LIKE 'a\\_%')", "NOT (nom LIKE 'a\\\\_%')"),
        ("(actif = 1) OR (ab <> 0)", "(actif = TRUE) OR (ab <> 0)"),
        ("debut >= '2026-01-05T'", "debut >= '2026-01-05T00:00:00Z'"),
        ("vu < '2026-01-05T12:30Z'", "vu < '2026-01-05T12:30:00Z'"),
        ("nom = '2026-01-05T'", "nom = '2026-01-05T'"),
    ):
        assert tree_of(written, "cql-text") == tree_of(meant, "cql2-text")
    for written in ("nom ILIKE 'è%'", "actif = 1", "debut >= '2026-01-05T'"):
        with pytest.raises(RequestError):
            tree_of(written, "cql2-text")


HOSTILE = {
    "parentheses": "(" * 3000 + "ab = 1" + ")" * 3000,
    "open": "(" * 3000,
    "wrong inside": "(" * 60 + "!" + ")" * 60,
    "wrong inside, by AND": "(ab = 1 AND " * 60 + "(" + ")" * 60,
    "not": "NOT " * 3000 + "ab = 1",
    "functions": "casei(" * 2000 + "nom" + ")" * 2000 + " = 'x'",
    "minus": "ab = " + "-" * 3000 + "ab",
    "sums": "+".join(["ab"] * 3000) + " = 1",
    "and": " AND ".join(["ab=1"] * 1500),
    "collections": "S_INTERSECTS(geometry, " + "GEOMETRYCOLLECTION(" * 600 + "POINT(1 2)" + ")" * 600 + ")",
    "lists": "ab IN (" + "(1," * 3000 + "1" + ")" * 3001,
    "long": "nom = '" + "é" * 9000 + "'",
    "quotes": "nom = " + "'" * 9001,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_nests_or_repeats_too_much_is_refused_at_once(name: str) -> None:
    def cost(text: str) -> float:
        began = time.process_time()
        with contextlib.suppress(RequestError):
            _query(("filter", text))
        return time.process_time() - began

    with pytest.raises(RequestError):
        _query(("filter", HOSTILE[name]))
    honest = "ab IN (" + ", ".join(map(str, range(2500))) + ")"
    assert min(cost(HOSTILE[name]) for _ in range(3)) < 20 * min(cost(honest) for _ in range(3))


def test_deep_json_is_refused_at_once() -> None:
    deep = '{"op":"not","args":[' * 3000 + "true" + "]}" * 3000
    for written in (deep[:16_000], "[" * 3000 + "]" * 3000, '{"op":"not","args":[' * 65 + "true" + "]}" * 65):
        with pytest.raises(RequestError, match="nest"):
            _query(("filter", written), ("filter-lang", "cql2-json"))


def test_the_largest_that_is_allowed_compiles() -> None:
    assert _compiled("(" * 60 + "ab = 1" + ")" * 60)
    assert _compiled("NOT " * 60 + "ab = 1")
    assert _compiled(" OR ".join(f"ab={n}" for n in range(240)))
    assert _compiled("+".join(["ab"] * 60) + " = 1")
    assert len(_compiled(f"ab IN ({','.join(map(str, range(3000)))})")[1]) == 3000


def test_integers_are_exact() -> None:
    assert _compiled("identifiant = 9007199254740993")[1] == {"p0": 9007199254740993}
    assert _compiled("identifiant = -9223372036854775808")[1] == {"p0": -(2**63)}
    assert _compiled("identifiant < 99999999999999999999")[1] == {"p0": 1e20}
    assert _compiled("surface = 3")[1] == {"p0": 3.0}


_NAMES = st.sampled_from(["nom", "code"])
_NUMBERS = st.sampled_from(["ab", "identifiant", "surface"])
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


def _property(name: str) -> Any:
    return {"property": name}


def _trees() -> st.SearchStrategy[Any]:
    values = st.integers(-(2**40), 2**40) | st.floats(-1e9, 1e9)
    number = st.recursive(
        _NUMBERS.map(_property) | values,
        lambda inner: st.tuples(st.sampled_from(["+", "-", "*", "/", "%", "div", "^"]), inner, inner).map(
            lambda t: {"op": t[0], "args": [t[1], t[2]]}
        ),
        max_leaves=4,
    )
    word = _NAMES.map(_property) | _TEXT.map(lambda t: f"§{t}")
    folded = st.tuples(st.sampled_from(["casei", "accenti"]), word).map(lambda t: {"op": t[0], "args": [t[1]]})
    comparison = st.sampled_from(["=", "<>", "<", ">", "<=", ">="])
    leaf = (
        st.tuples(comparison, number, number).map(lambda t: {"op": t[0], "args": list(t[1:])})
        | st.tuples(comparison, word | folded, word | folded).map(lambda t: {"op": t[0], "args": list(t[1:])})
        | _TEXT.map(lambda t: {"op": "like", "args": [_property("nom"), f"§{t}§"]})
        | st.lists(_TEXT, min_size=1, max_size=4).map(
            lambda t: {"op": "in", "args": [_property("nom"), [f"§{x}" for x in t]]}
        )
        | st.just({"op": "isNull", "args": [_property("geometry")]})
        | st.booleans()
    )
    return st.recursive(
        leaf,
        lambda inner: (
            st.lists(inner, min_size=2, max_size=3).map(lambda a: {"op": "and", "args": a})
            | st.lists(inner, min_size=2, max_size=3).map(lambda a: {"op": "or", "args": a})
            | inner.map(lambda a: {"op": "not", "args": [a]})
        ),
        max_leaves=8,
    )


def _literals(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [] if "property" in value else [x for arg in value["args"] for x in _literals(arg)]
    if isinstance(value, list):
        return [x for item in value for x in _literals(item)]
    return [value]


@given(_trees())
@settings(max_examples=300, deadline=None)
def test_every_literal_is_bound_and_none_is_in_the_sql(document: Any) -> None:
    found = json_form.parse(orjson.dumps(document).decode())
    written, bound = _sql(Filter(found, crs.DEFAULT, ""))
    wanted = [value for value in _literals(document) if not isinstance(value, bool)]
    assert sorted(map(repr, map(_same, bound.values()))) == sorted(map(repr, map(_same, wanted)))
    assert "§" not in written
    for value in wanted:
        assert not isinstance(value, float) or str(value) not in written or str(value) in {"0.0", "1.0", "2.0"}


def _same(value: Any) -> Any:
    return value if isinstance(value, str) else float(value)


@given(st.text(alphabet="()'\"abnom =<>+-*/%^,.:;\\123ANDORNTLIKEé§\n\x00", max_size=200))
@settings(max_examples=500, deadline=None)
def test_any_text_is_parsed_or_refused(expression: str) -> None:
    with contextlib.suppress(RequestError):
        tree.check_depth(text.parse(expression), expression)


@given(st.text(max_size=20))
def test_a_name_never_leaves_its_quotes(name: str) -> None:
    with pytest.raises(RequestError):
        _query(
            ("filter", orjson.dumps({"op": "isNull", "args": [{"property": f'{name}"'}]}).decode()),
            ("filter-lang", "cql2-json"),
        )
