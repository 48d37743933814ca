"""ECQL: what a filter becomes for a GeoServer; most texts are read by another parser of that language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygeofilter.parsers.ecql import parse

from territoire.core.errors import RequestError
from territoire.core.models import Column, Dataset, Geometry, Localised, Source
from territoire.query import parameters
from territoire.query.cql2 import ecql

TITLE = Localised(fr="Titre")
DATASET = Dataset(
    id="batiments",
    title=TITLE,
    abstract=TITLE,
    theme="t",
    producer="p",
    licence="l",
    source=(Source(url="batiments.gpkg"),),
    key="cleabs",
    columns=(
        Column(name="cleabs", type="text", title=TITLE, nullable=False),
        Column(name="nom", type="text", title=TITLE),
        Column(name="hauteur", type="number", title=TITLE),
        Column(name="etages", type="integer", title=TITLE),
        Column(name="leger", type="boolean", title=TITLE),
        Column(name="debut", type="date", title=TITLE),
    ),
    geometry=Geometry(type="MultiPolygon", srid=2154),
)
FIELDS = {column.name: column.name for column in DATASET.columns} | {"nom": "nom_officiel"}


def written(expression: str, crs: str | None = None) -> str:
    given = [("filter", expression), *([("filter-crs", crs)] if crs else [])]
    wanted = parameters.parse(DATASET, given).filter
    assert wanted is not None
    return ecql.expression(wanted, DATASET, geometry="geometrie", fields=FIELDS)


@pytest.mark.parametrize(
    ("cql2", "expected"),
    [
        ("nom = 'L''Isle'", "(\"nom_officiel\" = 'L''Isle')"),
        ("hauteur > 3.5 AND NOT leger", '(("hauteur" > 3.5) AND (NOT ("leger" = true)))'),
        (
            "etages = 1 OR etages = 2 AND hauteur < 9",
            '(("etages" = 1) OR (("etages" = 2) AND ("hauteur" < 9)))',
        ),
        ("nom IS NOT NULL", '(NOT ("nom_officiel" IS NULL))'),
        ("nom LIKE 'Saint-%'", "(\"nom_officiel\" LIKE 'Saint-%')"),
        ("CASEI(nom) LIKE CASEI('SAINT-É%')", "(strToLowerCase(\"nom_officiel\") LIKE 'saint-é%')"),
        ("etages BETWEEN 2 AND 5", '("etages" BETWEEN 2 AND 5)'),
        ("nom IN ('a', 'b')", "(\"nom_officiel\" IN ('a', 'b'))"),
        ("hauteur / 3 > etages + 1", '(("hauteur" / 3) > ("etages" + 1))'),
        ("debut >= DATE('2026-01-31')", "(\"debut\" >= '2026-01-31')"),
        ("T_AFTER(debut, DATE('2026-01-31'))", "(\"debut\" > '2026-01-31')"),
        (
            "T_INTERSECTS(debut, INTERVAL('2026-01-01', '2026-12-31'))",
            "(\"debut\" <= '2026-12-31' AND \"debut\" >= '2026-01-01')",
        ),
        ("T_INTERSECTS(debut, INTERVAL('..', '2026-12-31'))", "(\"debut\" <= '2026-12-31')"),
        ("TRUE", "(1 = 1)"),
        ("S_INTERSECTS(geometry, POINT(5.4 43.3))", "INTERSECTS(geometrie, SRID=4326;POINT (5.4 43.3))"),
        ("S_WITHIN(POINT(5.4 43.3), geometry)", "CONTAINS(geometrie, SRID=4326;POINT (5.4 43.3))"),
    ],
)
def test_a_filter_is_written_in_ecql(cql2: str, expected: str) -> None:
    assert written(cql2) == expected
    if not any(mark in expected for mark in ("SRID", "NOT (", "''")):
        # what GeoServer reads and the parser at hand does not
        assert parse(expected) is not None


def test_a_literal_keeps_its_crs_and_has_x_first() -> None:
    lambert = written("S_INTERSECTS(geometry, POINT(900000 6250000))", "http://www.opengis.net/def/crs/EPSG/0/2154")
    assert lambert == "INTERSECTS(geometrie, SRID=2154;POINT (900000 6250000))"
    flipped = written("S_INTERSECTS(geometry, POINT(43.3 5.4))", "http://www.opengis.net/def/crs/EPSG/0/4326")
    assert flipped == "INTERSECTS(geometrie, SRID=4326;POINT (5.4 43.3))"


@pytest.mark.parametrize(
    ("cql2", "named"),
    [
        ("ACCENTI(nom) = ACCENTI('é')", "ACCENTI"),
        ("hauteur ^ 2 > 4", "\\^"),
        ("etages % 2 = 0", "%"),
        ("T_DURING(INTERVAL(debut, debut), INTERVAL('2026-01-01', '2026-12-31'))", "T_DURING"),
        ("S_INTERSECTS(geometry, geometry)", "literal"),
    ],
)
def test_what_ecql_cannot_say_is_refused_with_its_place(cql2: str, named: str) -> None:
    with pytest.raises(RequestError, match=named) as caught:
        written(cql2)
    assert "line 1" in caught.value.message
    assert caught.value.status == 400


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30))
def test_no_text_leaves_its_literal(text: str) -> None:
    literal = text.replace("'", "''")
    assert written(f"nom = '{literal}'") == '("nom_officiel" = \'' + literal + "')"
