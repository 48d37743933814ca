"""Texts of parameters as values of a column's type."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from territoire.core.errors import RequestError
from territoire.core.models import Column, ColumnType, Localised
from territoire.query import values
from territoire.query.model import Interval

TYPES: tuple[ColumnType, ...] = ("text", "integer", "bigint", "number", "boolean", "date", "timestamp")


def _column(kind: ColumnType) -> Column:
    return Column(name="colonne", type=kind, title=Localised(fr="Colonne"))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "", ""),
        ("text", "L'Isle-sur-la-Sorgue", "L'Isle-sur-la-Sorgue"),
        ("text", "< 50 logements", "< 50 logements"),
        ("integer", "42", 42),
        ("integer", "-2147483648", -(2**31)),
        ("integer", "+7", 7),
        ("bigint", "9223372036854775807", 2**63 - 1),
        ("number", "4.25", 4.25),
        ("number", "-1e3", -1000.0),
        ("boolean", "True", True),
        ("boolean", "0", False),
        ("date", "2024-02-29", "2024-02-29"),
        ("timestamp", "2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("timestamp", "2026-01-31t12:00:00.5z", datetime(2026, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_a_good_value_is_read(kind: ColumnType, text: str, value: object) -> None:
    assert values.parse(_column(kind), text, where="colonne") == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("text", "a\x00b"),
        ("text", "a\ud800b"),
        ("integer", "2147483648"),
        ("integer", "4.0"),
        ("integer", "42\n"),
        ("integer", ""),
        ("bigint", "9223372036854775808"),
        ("number", "nan"),
        ("number", "inf"),
        ("number", "1e400"),
        ("number", "1_000"),
        ("number", "4,2"),
        ("boolean", "oui"),
        ("date", "2026-02-29"),
        ("date", "31/01/2026"),
        ("timestamp", "2026-01-31T12:00:00"),
        ("timestamp", "2026-01-31T25:00:00Z"),
        ("timestamp", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_a_bad_value_is_refused_with_the_parameter_and_an_example(kind: ColumnType, text: str) -> None:
    with pytest.raises(RequestError, match="colonne") as caught:
        values.parse(_column(kind), text, where="colonne")
    assert caught.value.remedy


@given(st.sampled_from(TYPES), st.text() | st.floats().map(str) | st.integers().map(str) | st.datetimes().map(str))
def test_any_text_is_a_value_or_a_refusal(kind: ColumnType, text: str) -> None:
    try:
        value = values.parse(_column(kind), text, where="colonne")
    except RequestError:
        return
    if isinstance(value, str):
        value.encode()


@given(st.dates(), st.dates())
def test_an_interval_of_dates_holds_both_days_whole(one: date, other: date) -> None:
    first, last = sorted((one, other))
    read = values.interval(f"{first.isoformat()}/{last.isoformat()}")
    assert read.start == datetime(first.year, first.month, first.day, tzinfo=UTC)
    assert read.end == datetime(last.year, last.month, last.day, 23, 59, 59, 999_999, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_is_itself(moment: datetime) -> None:
    assert values.interval(moment.isoformat()) == Interval(moment, moment)


@pytest.mark.parametrize("text", ["2026-01-31/..", "2026-01-31/"])
def test_an_open_end_is_unbounded(text: str) -> None:
    assert values.interval(text) == Interval(datetime(2026, 1, 31, tzinfo=UTC), None)


@pytest.mark.parametrize("text", ["../2026-01-31", "/2026-01-31"])
def test_an_open_start_is_unbounded(text: str) -> None:
    assert values.interval(text).start is None


@pytest.mark.parametrize("text", ["", "..", "/", "../..", "2026", "abc", "2026-01-01/2026-02-01/2026-03-01", "now/.."])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(RequestError, match="datetime") as caught:
        values.interval(text)
    assert "2026-01-01/2026-12-31" in caught.value.remedy


def test_an_interval_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(RequestError, match="ends before it starts"):
        values.interval("2026-02-01/2026-01-01")


@given(st.text())
def test_any_datetime_is_an_interval_or_a_refusal(text: str) -> None:
    try:
        values.interval(text)
    except RequestError:
        return
