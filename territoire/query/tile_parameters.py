"""Query parameters of tiles: the filters of items, read by the same code, and what only tiles have."""

from __future__ import annotations

import re
from collections.abc import Sequence

from territoire.core.errors import RequestError
from territoire.core.models import Dataset
from territoire.query import parameters
from territoire.query.model import Query

#: Parameters of items that a tile's address says already, or that mean nothing to it.
_ITEMS_ONLY = frozenset(
    {"bbox", "bbox-crs", "crs", "cursor", "lang", "limit", "offset", "resultType", "skipGeometry", "sortby"}
)
_FORMATS = frozenset({"mvt", "pbf"})
_MOMENT = r'(\*|"[^"]{1,60}")'
_SUBSET = re.compile(rf"^datetime\({_MOMENT}(?::{_MOMENT})?\)$")
#: What a tile of several collections understands; columns differ between collections.
OF_SEVERAL = ("collections", "datetime", "f", "subset")


def parse(dataset: Dataset, given: Sequence[tuple[str, str]]) -> Query:
    """Turn the pairs of a tile's query string into a Query: every filter that items have."""
    queryables = [column.name for column in dataset.columns if column.queryable]
    known = [*(name for name in parameters.NAMES if name not in _ITEMS_ONLY), "subset", *queryables]
    _check(given, known)
    return parameters.parse(dataset, _as_items(given))


def parse_shared(dataset: Dataset, given: Sequence[tuple[str, str]]) -> Query:
    """Turn the pairs of a tile of several collections into the Query of one; one without time ignores it."""
    _check(given, OF_SEVERAL)
    return parameters.parse(dataset, [pair for pair in _as_items(given) if pair[0] != "collections"])


def selection(given: Sequence[tuple[str, str]], *, root: str) -> tuple[str, ...] | None:
    """Read `collections`: ids, or addresses of collections below `root`; None without it.

    OGC 20-057, /req/collections-selection/query-collections.
    """
    texts = [text for name, text in given if name == "collections"]
    if not texts:
        return None
    if len(texts) > 1:
        raise RequestError("collections: stands twice", remedy="give it once: collections=communes,epci")
    names = [text.removeprefix(f"{root}/") for text in texts[0].split(",")]
    if len(set(names)) < len(names):
        raise RequestError("collections: a collection stands twice", remedy="name each collection once")
    return tuple(names)


def _check(given: Sequence[tuple[str, str]], known: Sequence[str]) -> None:
    for name, text in given:
        if name not in known:
            raise parameters.unknown(name, known)
        if name == "f" and text not in _FORMATS:
            raise RequestError(f"f: {text[:40]!r} is not offered here", remedy="leave it out: tiles are MVT")


def _as_items(given: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [("datetime", _interval(text)) if name == "subset" else (name, text) for name, text in given]


def _interval(subset: str) -> str:
    """Read `subset=datetime("start":"end")` as `start/end` (OGC 20-057, /req/datetime/axis)."""
    match = _SUBSET.match(subset)
    if match is None:
        raise RequestError(
            f"subset: {subset[:60]!r} is not understood",
            remedy='time is the one axis: subset=datetime("2026-01-01":"2026-12-31"), * for an open end',
        )
    return "/".join(".." if moment == "*" else moment[1:-1] for moment in match.groups() if moment is not None)
