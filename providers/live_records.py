"""Records of the Géoplateforme's catalogue, asked at each request: OGC API Records becomes CSW."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from territoire.core.errors import RequestError
from territoire.core.layers import LiveLayer
from territoire.geoplateforme import live_csw
from territoire.geoplateforme.answers import Answer
from territoire.geoplateforme.live_csw import Search
from territoire.geoplateforme.transport import Transport
from territoire.query import crs, parameters, values
from territoire.query.layers import PublishedLayer

__all__ = ["NAMES", "Page", "Wanted", "one", "page", "parse"]

_Json = dict[str, Any]  # a JSON object
NAMES = ("bbox", "datetime", "f", "ids", "lang", "limit", "offset", "q")
_DEFAULT, _MOST = 50, 200
_MOST_WORDS, _MOST_IDS = 10, 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a catalogue: a search, or records by their identifiers."""

    search: Search
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Records as GeoJSON objects; `following` is the offset of the next page, None on the last one."""

    records: Sequence[_Json]
    matched: int
    following: int | None
    answer: Answer


def parse(layer: PublishedLayer, given: Sequence[tuple[str, str]]) -> Wanted:
    """Read the parameters (OGC 20-004, 7.8); RequestError for one that is unknown, twice there or ill-formed."""
    named: dict[str, str] = {}
    for name, text in given:
        if name not in NAMES:
            raise parameters.unknown(name, NAMES)
        if name in named:
            raise RequestError(f"{name}: stands twice", remedy="give it once")
        named[name] = text
    declared = layer.declaration
    own = declared.live.search if isinstance(declared, LiveLayer) else None
    words = (*(own or "").split(), *named.get("q", "").replace(",", " ").split())
    if len(words) > _MOST_WORDS or any(not word.isprintable() or len(word) > 100 for word in words):
        raise RequestError("q: these are not words to look for", remedy=f"give at most {_MOST_WORDS} words")
    box = parameters.bbox(named["bbox"].split(","), crs.DEFAULT) if "bbox" in named else None
    during = values.interval(named["datetime"]) if "datetime" in named else None
    bounds = (
        [moment and moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (during.start, during.end)] if during else []
    )
    search = Search(
        words=words,
        box=(box.west, box.south, box.east, box.north) if box else None,
        modified=(bounds[0], bounds[1]) if bounds else (None, None),
        start=parameters.offset(named.get("offset")),
        count=min(parameters.limit(named["limit"]), _MOST) if "limit" in named else _DEFAULT,
    )
    ids = tuple(dict.fromkeys(one for one in named.get("ids", "").split(",") if one))
    if len(ids) > _MOST_IDS:
        raise RequestError("ids: these are too many", remedy=f"give at most {_MOST_IDS}")
    return Wanted(search, ids)


def page(transport: Transport, wanted: Wanted) -> Page:
    """Return a page of records."""
    if wanted.ids:
        found = [live_csw.single(transport, identifier) for identifier in wanted.ids]
        records = [record for record, _ in found if record]
        return Page(records, len(records), None, found[-1][1])
    search = wanted.search
    read = live_csw.records(transport, search)
    end = search.start + len(read.records)
    return Page(read.records, read.matched, end if read.records and end < read.matched else None, read.answer)


def one(transport: Transport, identifier: str) -> tuple[_Json | None, Answer]:
    """Return a record by its identifier, None when there is none."""
    return live_csw.single(transport, identifier)
