"""The page and the cursor that come out of rows."""

from __future__ import annotations

from datetime import UTC, datetime

from territoire.core.models import Column, Dataset, Localised, Source
from territoire.query import crs, cursor, paging
from territoire.query.model import Generation, Position, Query, Sort


def _generation() -> Generation:
    title = Localised(fr="Titre")
    dataset = Dataset(
        id="places",
        title=title,
        abstract=title,
        theme="t",
        producer="p",
        licence="l",
        source=(Source(url="places.gpkg"),),
        key="code",
        columns=(Column(name="code", type="text", title=title), Column(name="nom", type="text", title=title)),
    )
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Generation(dataset, 7, 4, None, None, None, moment, moment)


def test_a_page_with_one_row_more_than_its_limit_has_a_next_page() -> None:
    page = paging.cut(_generation(), Query(crs.DEFAULT, limit=2), [(1, "a"), (2, "b"), (3, "c")])
    assert page.features == ("a", "b")
    assert page.next is not None
    assert cursor.decode(page.next).position == Position((), 2)


def test_the_last_page_has_none_even_when_it_is_full() -> None:
    assert paging.cut(_generation(), Query(crs.DEFAULT, limit=2), [(1, "a"), (2, "b")]) == paging.Page(("a", "b"), None)


def test_an_empty_page_has_no_features_and_no_next() -> None:
    assert paging.cut(_generation(), Query(crs.DEFAULT, limit=2), []) == paging.Page((), None)


def test_the_cursor_carries_generation_sort_values_and_count() -> None:
    query = Query(crs.DEFAULT, limit=1, matched=4, sortby=(Sort("nom", descending=True),))
    page = paging.cut(_generation(), query, [(5, None, "a"), (6, "Èze", "b")])
    assert page.next is not None
    decoded = cursor.decode(page.next)
    assert (decoded.generation, decoded.position, decoded.matched) == (_generation().mark, Position((None,), 5), 4)
    decoded.check(query)
