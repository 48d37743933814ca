"""Search by name in PostgreSQL: what people type finds what is meant, whatever case, accent or apostrophe."""

from __future__ import annotations

import pytest
from lab import Lab, row, write

from territoire.core import database
from territoire.query import published, search
from territoire.query.model import Generation
from territoire.query.search import Hit

_NAMES = [
    "L'Isle-sur-la-Sorgue",
    "Œuvres & Cie",
    "ŒUVRES",
    "Saint\u2011Rémy",
    "100 % _bio_",
    "</script><script>",
    "Ægir",
    "ÇA  là",
    "x" * 200,
]


def _published(lab: Lab) -> tuple[Generation, ...]:
    with database.connect_reader(lab.urls.reader) as connection:
        return tuple(published.generation(found) for found in connection.execute(published.CURRENT).fetchall())


def _find(lab: Lab, text: str, limit: int = search.LIMIT) -> list[Hit]:
    statement = search.search(_published(lab), text, limit)
    if statement is None:
        return []
    query, values = statement
    with database.connect_reader(lab.urls.reader) as connection:
        return [Hit(*found) for found in connection.execute(query, values).fetchall()]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("saint remy de provence", "Saint-Rémy-de-Provence"),
        ("SAINT-RÉMY", "Saint-Rémy-de-Provence"),
        ("l isle sur la sorgue", "L'Isle-sur-la-Sorgue"),
        ("l\u2019isle", "L'Isle-sur-la-Sorgue"),
        ("eze", "Èze"),
        ("vitrolles", "Vitrolles"),
        ("13055", "Marseille"),
    ],
)
def test_a_commune_is_found_however_it_is_typed(demo: Lab, text: str, found: str) -> None:
    assert _find(demo, text)[0].label == found


def test_names_that_begin_so_come_before_names_that_hold_it(demo: Lab) -> None:
    labels = [search.fold(hit.label) for hit in _find(demo, "aix")]
    begin = [label.startswith("aix") for label in labels]
    assert any(begin)
    assert begin == sorted(begin, reverse=True)


def test_every_dataset_with_a_label_is_searched(demo: Lab) -> None:
    assert {hit.dataset for hit in _find(demo, "marseille", 1000)} >= {"communes", "arrondissements_municipaux"}


def test_no_more_than_the_limit_is_given(demo: Lab) -> None:
    assert len(_find(demo, "saint")) == search.LIMIT


@pytest.mark.parametrize("text", ["", " ", "a", "-", "''", "\x00", "\ud800"])
def test_what_is_too_short_is_not_searched(demo: Lab, text: str) -> None:
    assert search.search(_published(demo), text) is None


@pytest.mark.parametrize("text", ["%%", "__", "z'z", 'z"z', "\\\\", "zz" * 5000, "%s", "{0}"])
def test_signs_are_letters_like_others(demo: Lab, text: str) -> None:
    assert _find(demo, text) == []


def test_the_database_folds_as_python_does(lab: Lab) -> None:
    lab.declare()
    rows = [row(number, nom=name) for number, name in enumerate(_NAMES)] + [row(99, nom=None)]
    lab.load("lieux", write(lab.datasets / "lieux.gpkg", rows))
    for name in _NAMES:
        assert name in {hit.label for hit in _find(lab, name)}, name
    assert {hit.label for hit in _find(lab, "oeuvres")} == {"Œuvres & Cie", "ŒUVRES"}
    assert [hit.label for hit in _find(lab, "100 %")] == ["100 % _bio_"]
