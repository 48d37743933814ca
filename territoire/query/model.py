"""The frozen values of a request: which generation is read, and the one `Query` behind both doors."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from territoire.core.derive import tileset
from territoire.core.models import Dataset
from territoire.query.cql2.tree import Node

Value = str | int | float | bool | datetime | None
#: A generation's mark, as addresses and cursors carry it.
MARK = re.compile(r"([0-9]{1,10})-[0-9a-f]{1,12}")


@dataclass(frozen=True, slots=True)
class Generation:
    """One immutable generation of a dataset as it is served, with the declaration that it was built with."""

    dataset: Dataset
    number: int
    rows: int
    extent_native: tileset.Bounds | None
    extent_crs84: tileset.Bounds | None
    millesime: str | None
    created_at: datetime
    published_at: datetime

    @property
    def mark(self) -> str:
        """What names this generation and no other, ever: after an older backup is restored, numbers come back."""
        return f"{self.number}-{int(self.created_at.timestamp() * 1000):x}"


@dataclass(frozen=True, slots=True)
class Crs:
    """A CRS as a request names it; `flipped` when its authority puts north or latitude first.

    `decimals` is the published precision: 7 of a degree (1 cm), 3 of a metre.
    """

    uri: str
    srid: int
    flipped: bool
    decimals: int


@dataclass(frozen=True, slots=True)
class Bbox:
    """A box in x, y order (east or longitude first) of `srid`; west > east crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float
    srid: int


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval of time, UTC; None is unbounded."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort key."""

    column: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Equal:
    """`column = value`, the value already of the column's type."""

    column: str
    value: Value


@dataclass(frozen=True, slots=True)
class Filter:
    """A CQL2 expression, checked against its collection; its geometries are in `crs`, in the authority's axis order."""

    root: Node
    crs: Crs
    #: As it was written, for refusals that name a place in it.
    text: str = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a walk stands: the sort values (as text, None for null) and the fid of the last feature given."""

    values: tuple[str | None, ...]
    fid: int


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of a collection's items, parsed and validated once."""

    crs: Crs
    limit: int = 1000
    offset: int = 0
    after: Position | None = None
    matched: int | None = None
    bbox: Bbox | None = None
    interval: Interval | None = None
    equals: tuple[Equal, ...] = ()
    properties: tuple[str, ...] | None = None
    skip_geometry: bool = False
    sortby: tuple[Sort, ...] = ()
    hits: bool = False
    filter: Filter | None = None

    @property
    def is_filtered(self) -> bool:
        """True if the query may match fewer features than the collection has."""
        return bool(self.bbox or self.interval or self.equals or self.filter)

    @property
    def fingerprint(self) -> str:
        """What a cursor must agree with: filters and order, not page size or representation."""
        text = repr((self.bbox, self.interval, self.equals, self.sortby))
        if self.filter:
            text += repr(self.filter)
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()

    def at(self, position: Position | None, matched: int | None) -> Self:
        """Return the query that goes on after `position`."""
        return replace(self, after=position, matched=matched)
