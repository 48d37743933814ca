"""Addresses and places to positions, and back: one by one, or a table in slices."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from territoire.core.errors import TooLargeError, UpstreamError
from territoire.geoplateforme.reading import Json, Position, features, geometry, odd
from territoire.geoplateforme.transport import Transport

__all__ = [
    "MAX_LINES",
    "Index",
    "Place",
    "Row",
    "Slices",
    "Suggestion",
    "complete",
    "geocode_table",
    "reverse",
    "reverse_table",
    "search",
]

Index = Literal["address", "poi", "parcel"]
Row = Sequence[str]
#: How many lines are done, and the names and values of the columns that a slice adds.
Slices = Iterator[tuple[int, list[str], list[Row]]]
#: What the service takes in one batch.
MAX_LINES = 200_000
_MAX_BYTES = 50_000_000
#: Lines sent at once: a slice is some seconds, and what a job that is taken up again has to do twice at most.
_SLICE = 1000
_ASKED = "adresse"


@dataclass(frozen=True, slots=True)
class Place:
    """One answer of the geocoder: a point in CRS84, its label, and how sure it is (0 to 1)."""

    position: Position
    label: str
    score: float
    properties: Json = field(repr=False)
    """All that the service says of it."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One proposal while somebody types: its text, what it is, and its position in CRS84."""

    text: str
    kind: str
    position: Position


def search(
    transport: Transport,
    text: str,
    *,
    limit: int = 5,
    index: Index = "address",
    near: Position | None = None,
    filters: dict[str, str] | None = None,
) -> list[Place]:
    """Return the places that a text names, best first; `filters` are the service's own, as postcode or citycode."""
    params = {"q": text, "limit": str(limit), "index": index, **(filters or {})}
    if near:
        params |= {"lon": f"{near[0]:.7f}", "lat": f"{near[1]:.7f}"}
    return _places(transport.get("geocoding", "search", params).json())


def reverse(transport: Transport, position: Position, *, limit: int = 1, index: Index = "address") -> list[Place]:
    """Return the places at a position in CRS84, nearest first."""
    params = {"lon": f"{position[0]:.7f}", "lat": f"{position[1]:.7f}", "limit": str(limit), "index": index}
    return _places(transport.get("geocoding", "reverse", params).json())


def complete(transport: Transport, text: str, *, limit: int = 5) -> list[Suggestion]:
    """Return what a text may become, for people who are typing."""
    params = {"text": text, "maximumResponses": str(limit), "type": "StreetAddress,PositionOfInterest"}
    content = transport.get("completion", "completion", params).json()
    found = content.get("results") if isinstance(content, dict) else None
    if not isinstance(found, list):
        raise odd("completion", "has no results")
    try:
        return [Suggestion(str(one["fulltext"]), str(one.get("kind", "")), (one["x"], one["y"])) for one in found]
    except (KeyError, TypeError, AttributeError) as exc:
        raise odd("completion", "has a result without text or position") from exc


def geocode_table(
    transport: Transport,
    texts: Sequence[str],
    *,
    index: Index = "address",
    recall: Callable[[int], bytes | None],
    keep: Callable[[int, bytes], None],
) -> Slices:
    """Geocode many texts; yields how many are done, and the names and values of the columns that a slice adds.

    `recall` and `keep` remember the service's answer by number of slice, so that a batch goes on where it was cut.
    TooLargeError above 200,000 lines or 50 MB.
    """
    yield from _table(transport, "search/csv", [_ASKED], [[text] for text in texts], index, recall, keep)


def reverse_table(
    transport: Transport,
    positions: Sequence[Position | None],
    *,
    index: Index = "address",
    recall: Callable[[int], bytes | None],
    keep: Callable[[int, bytes], None],
) -> Slices:
    """Find what is at many positions in CRS84, as geocode_table does; None leaves a line empty."""
    lines = [[f"{p[0]:.7f}", f"{p[1]:.7f}"] if p else ["", ""] for p in positions]
    yield from _table(transport, "reverse/csv", ["longitude", "latitude"], lines, index, recall, keep)


def _table(
    transport: Transport,
    path: str,
    header: list[str],
    lines: Sequence[Row],
    index: Index,
    recall: Callable[[int], bytes | None],
    keep: Callable[[int, bytes], None],
) -> Slices:
    if len(lines) > MAX_LINES or sum(len(cell.encode()) + 1 for line in lines for cell in line) > _MAX_BYTES:
        raise TooLargeError(
            f"a batch of {len(lines)} lines is more than the geocoder takes",
            remedy=f"split it: {MAX_LINES} lines and 50 MB at most",
        )
    first: list[str] | None = None
    for number, start in enumerate(range(0, len(lines), _SLICE)):
        part = lines[start : start + _SLICE]
        kept = recall(number)
        body = kept or _send(transport, path, header, part, index)
        names, rows = _added(body, header, len(part))
        if kept is None:
            keep(number, body)
        first = names if first is None else first
        if names != first:
            raise odd("geocoding", "has other columns than the one before")
        yield start + len(part), names, rows


def _send(transport: Transport, path: str, header: list[str], part: Sequence[Row], index: Index) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([header, *part])
    form = {"indexes": index} | ({"columns": _ASKED} if header == [_ASKED] else {})
    file = ("lignes.csv", buffer.getvalue().encode(), "text/csv")
    return transport.post("geocoding", path, form=form, files={"data": file}).body


def _added(body: bytes, header: list[str], count: int) -> tuple[list[str], list[Row]]:
    """Return the columns that the service added: there must be a line for each that was sent."""
    try:
        names, *rows = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
    except (UnicodeDecodeError, csv.Error, ValueError) as exc:
        raise odd("geocoding", "is no CSV in UTF-8") from exc
    rows = [row for row in rows if row]
    if len(rows) != count or any(len(row) != len(names) for row in rows):
        raise UpstreamError(
            f"geocoding: {count} lines were sent and {len(rows)} came back", remedy="try the same batch again later"
        )
    # `latitude` and `longitude` are what a search adds, and what a reverse search was given
    chosen = [n for n, name in enumerate(names) if name not in header]
    return [names[n] for n in chosen], [[row[n] for n in chosen] for row in rows]


def _places(content: object) -> list[Place]:
    return [_place(one) for one in features("geocoding", content)]


def _place(feature: Json) -> Place:
    x, y, *_ = geometry("geocoding", feature, ("Point",))["coordinates"] or (None, None)
    properties: Json = feature["properties"]
    if not isinstance(x, int | float) or not isinstance(y, int | float):
        raise odd("geocoding", "has a place without position")
    score = properties.get("_score", properties.get("score", 0.0))
    label = properties.get("label") or properties.get("toponym") or properties.get("id") or ""
    label = ", ".join(map(str, label)) if isinstance(label, list) else str(label)
    return Place((float(x), float(y)), label, float(score) if isinstance(score, int | float) else 0.0, properties)
