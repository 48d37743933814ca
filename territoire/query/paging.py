"""Cuts the rows of a page's SQL into the page and the cursor that goes on after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from territoire.query import cursor
from territoire.query.model import Generation, Position, Query


@dataclass(frozen=True, slots=True)
class Page:
    """The features of a page as GeoJSON texts, and the cursor of the next page if there is one."""

    features: tuple[str, ...]
    next: str | None


def cut(generation: Generation, query: Query, rows: Sequence[Sequence[Any]]) -> Page:  # columns have many types
    """Return the page in `rows`, those of `items.page`: one row beyond the limit says that the walk goes on."""
    kept = rows[: query.limit]
    features = tuple(row[-1] for row in kept)
    if len(rows) <= query.limit:
        return Page(features, None)
    fid, *keys = kept[-1][:-1]
    token = cursor.encode(generation.mark, Position(tuple(keys), fid), query, query.matched)
    return Page(features, token)
