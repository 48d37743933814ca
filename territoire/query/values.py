"""Turns the text of a parameter into a value of a column's type, or says what was expected."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time

from territoire.core.errors import RequestError
from territoire.core.models import Column
from territoire.query.model import Interval, Value

_INTEGER = re.compile(r"[-+]?[0-9]{1,19}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# RFC 3339: seconds and zone are needed, so that nobody guesses
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
# PostgreSQL stores neither NUL nor lone surrogates
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_RANGES = {"integer": 2**31, "bigint": 2**63}
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def parse(column: Column, text: str, *, where: str) -> Value:
    """Return `text` as a value of the column; RequestError names `where`, the type and an example."""
    if _UNSTORABLE.search(text):
        raise RequestError(
            f"{where}: a text cannot hold a NUL character, or half of one", remedy="remove %00; write in UTF-8"
        )
    if column.type == "text":
        return text
    if column.type in _RANGES and _INTEGER.fullmatch(text):
        value = int(text)
        if -_RANGES[column.type] <= value < _RANGES[column.type]:
            return value
    if column.type == "number":
        number = _finite(text)
        if number is not None:
            return number
    if column.type == "boolean" and text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    if column.type in {"date", "timestamp"}:
        moment = _moment(text)
        if moment is not None:
            return moment.date().isoformat() if column.type == "date" else moment
    examples = {
        "integer": "42",
        "bigint": "42",
        "number": "4.2",
        "boolean": "true or false",
        "date": "2026-01-31",
        "timestamp": "2026-01-31T12:00:00Z",
    }
    raise RequestError(
        f"{where}: {text[:60]!r} is not of type {column.type}", remedy=f"write it as {examples[column.type]}"
    )


def number(text: str, *, where: str) -> float:
    """Return a finite number; RequestError otherwise."""
    value = _finite(text)
    if value is None:
        raise RequestError(f"{where}: {text[:60]!r} is not a finite number", remedy="write it as 4.2")
    return value


def interval(text: str) -> Interval:
    """Read a `datetime` parameter (OGC 17-069r4, 7.15.4): an instant, or start/end with `..` for open ends."""
    parts = text.split("/")
    if len(parts) > 2 or (len(parts) == 2 and all(part in {"", ".."} for part in parts)):
        raise _datetime_error(text)
    if len(parts) == 1:
        return Interval(_bound(text, text), _bound(text, text, last=True))
    start = None if parts[0] in {"", ".."} else _bound(text, parts[0])
    end = None if parts[1] in {"", ".."} else _bound(text, parts[1], last=True)
    if start and end and start > end:
        raise RequestError(f"datetime: {text[:80]!r} ends before it starts", remedy="write start/end in order")
    return Interval(start, end)


def _bound(whole: str, text: str, *, last: bool = False) -> datetime:
    moment = _moment(text)
    if moment is None:
        raise _datetime_error(whole)
    # a date is a whole day
    return datetime.combine(moment.date(), time.max, UTC) if last and _DATE.fullmatch(text) else moment


def _datetime_error(text: str) -> RequestError:
    return RequestError(
        f"datetime: {text[:80]!r} is neither a date, a time nor an interval",
        remedy="write 2026-01-31, 2026-01-31T12:00:00Z, 2026-01-01/2026-12-31 or 2026-01-01/..",
    )


def _moment(text: str) -> datetime | None:
    try:
        if _DATE.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time.min, UTC)
        if _DATETIME.fullmatch(text):
            return datetime.fromisoformat(text.upper().replace(" ", "T")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return None


def _finite(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None
