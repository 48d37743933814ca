"""Query parameters, parsed and validated once into a frozen `Query`; whatever is wrong is a RequestError that helps."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from territoire.core.errors import RequestError
from territoire.core.models import Dataset
from territoire.query import crs, values
from territoire.query.cql2 import compile, draft_text
from territoire.query.cql2 import json_form as cql2_json
from territoire.query.cql2 import text as cql2_text
from territoire.query.cql2.tree import Node
from territoire.query.model import Bbox, Crs, Equal, Filter, Interval, Query, Sort

DEFAULT_LIMIT = 1000
MAX_LIMIT = 10_000
_BIGGEST = 2**63 - 1
TEXT = "cql2-text"
JSON = "cql2-json"
#: GDAL (3.12 too) sends LIKE, <, > or OR only where filter-lang lists this name of a draft, whatever classes a server
#: declares: OGROAPIFLayer::GetQueryableAttributes looks for `cql-text` in the API definition, and for nothing else.
DRAFT = "cql-text"
_FILTERS = ("filter", "filter-lang", "filter-crs")
#: Names under which pygeoapi, which reads these itself and wrongly, leaves them to our provider: behind our door,
#: where links say the real ones, and under stock pygeoapi, where links keep them.
DISGUISED = {name: f"_{name}" for name in _FILTERS}
UNDER_STOCK = {name: f"cql2-{name}" for name in _FILTERS}
#: Parameters of items; `f` and `lang` belong to the representation and are read elsewhere.
NAMES = (
    "bbox",
    "bbox-crs",
    "crs",
    "cursor",
    "datetime",
    "f",
    "filter",
    "filter-crs",
    "filter-lang",
    "lang",
    "limit",
    "offset",
    "properties",
    "resultType",
    "skipGeometry",
    "sortby",
)
#: Known to the standards but offered by later versions: their refusal says so.
LATER = frozenset({"q", "ids", "profile", "subset", "zoom-level"})


def parse(dataset: Dataset, given: Sequence[tuple[str, str]]) -> Query:
    """Turn the pairs of a query string into a Query; the cursor is checked by the caller, who knows generations."""
    named = _named(dataset, given)
    box_crs = crs.parse(named["bbox-crs"], dataset, "bbox-crs") if "bbox-crs" in named else crs.DEFAULT
    hits = named.get("resultType", "results")
    if hits not in {"results", "hits"}:
        raise RequestError(f"resultType: {hits[:40]!r} is unknown", remedy="use results or hits")
    return Query(
        crs=crs.parse(named["crs"], dataset, "crs") if "crs" in named else crs.DEFAULT,
        limit=limit(named.get("limit")),
        offset=offset(named.get("offset")),
        bbox=bbox(named["bbox"].split(","), box_crs) if "bbox" in named else None,
        interval=interval(dataset, named["datetime"]) if "datetime" in named else None,
        equals=equals(dataset, [(name, text) for name, text in given if name not in NAMES]),
        properties=properties(dataset, named["properties"].split(",")) if "properties" in named else None,
        skip_geometry=_boolean("skipGeometry", named.get("skipGeometry", "false")),
        sortby=sortby(dataset, named["sortby"].split(",")) if "sortby" in named else (),
        hits=hits == "hits",
        filter=cql(dataset, named),
    )


def cql(dataset: Dataset, named: Mapping[str, str]) -> Filter | None:
    """Read filter, filter-lang and filter-crs (OGC 19-079r2, /req/filter); None without a filter.

    An empty filter is refused: a client that lost its text must not get everything.
    """
    language = named.get("filter-lang", TEXT)
    parsers: dict[str, Callable[[str], Node]] = {
        TEXT: cql2_text.parse,
        JSON: cql2_json.parse,
        DRAFT: lambda text: draft_text.parse(text, dataset),
    }
    if language not in parsers:
        raise RequestError(f"filter-lang: {language[:40]!r} is not offered", remedy=f"use {TEXT} or {JSON}")
    literal_crs = crs.parse(named["filter-crs"], dataset, "filter-crs") if "filter-crs" in named else crs.DEFAULT
    if "filter" not in named:
        return None
    wanted = Filter(parsers[language](named["filter"]), literal_crs, named["filter"])
    compile.check(wanted, dataset)
    return wanted


def limit(text: str | None) -> int:
    """Return the page size: at most MAX_LIMIT, larger is clamped (OGC 17-069r4, /req/core/fc-limit-response-1)."""
    if text is None:
        return DEFAULT_LIMIT
    # no upper bound: a client that wants all says so with a big number
    if not re.fullmatch(r"\+?0*[1-9][0-9]*", text):
        raise RequestError(
            f"limit: {text[:40]!r} is not a whole number of 1 or more",
            remedy=f"leave it out for {DEFAULT_LIMIT}, or ask for up to {MAX_LIMIT} and follow the `next` link",
        )
    digits = text.lstrip("+0")
    # no int() of a text of any length
    return min(int(digits), MAX_LIMIT) if len(digits) <= len(str(MAX_LIMIT)) else MAX_LIMIT


def offset(text: str | None) -> int:
    """Return how many features to skip."""
    if text is None:
        return 0
    if not re.fullmatch(r"\+?[0-9]{1,20}", text) or int(text) > _BIGGEST:
        raise RequestError(f"offset: {text[:40]!r} is not a whole number of 0 or more", remedy="write offset=1000")
    return int(text)


def bbox(numbers: Sequence[str], box_crs: Crs) -> Bbox:
    """Read four or six numbers in the axis order of `box_crs`; heights are ignored, as no data has any."""
    if len(numbers) not in {4, 6}:
        raise RequestError(
            f"bbox: {len(numbers)} numbers, but a box has four (or six with heights)",
            remedy="write bbox=west,south,east,north, as bbox=5.2,43.2,5.5,43.4",
        )
    read = [values.number(text.strip(), where="bbox") for text in numbers]
    half = len(read) // 2
    first, second, third, fourth = read[0], read[1], read[half], read[half + 1]
    west, south, east, north = (second, first, fourth, third) if box_crs.flipped else (first, second, third, fourth)
    _check_box(west, south, east, north, box_crs)
    return Bbox(west, south, east, north, box_crs.srid)


def _check_box(west: float, south: float, east: float, north: float, box_crs: Crs) -> None:
    order = "latitude, longitude" if box_crs.flipped else "west,south,east,north"
    if south > north:
        raise RequestError(f"bbox: its south {south} is north of its north {north}", remedy=f"{order} is the order")
    degrees = box_crs.decimals == 7
    if west > east and not degrees:
        raise RequestError(f"bbox: its west {west} is east of its east {east}", remedy=f"{order} is the order")
    if degrees and (south < -90 or north > 90 or min(west, east) < -180 or max(west, east) > 180):
        raise RequestError(
            "bbox: latitudes go from -90 to 90, longitudes from -180 to 180",
            remedy=f"{order} is the order; for metres, say bbox-crs=http://www.opengis.net/def/crs/EPSG/0/2154",
        )


def interval(dataset: Dataset, text: str) -> Interval | None:
    """Read `datetime`; None for a dataset without time, on which it has no effect (OGC 17-069r4, 7.15.4)."""
    read = values.interval(text)
    return read if dataset.time else None


def equals(dataset: Dataset, pairs: Iterable[tuple[str, str]]) -> tuple[Equal, ...]:
    """Read `column=value` filters; a name that is not a queryable column is refused with the nearest ones."""
    queryables = [column.name for column in dataset.columns if column.queryable]
    found: list[Equal] = []
    for name, text in pairs:
        if name not in queryables:
            raise unknown(name, [*NAMES, *queryables])
        found.append(Equal(name, values.parse(dataset.column(name), text, where=name)))
    return tuple(found)


def properties(dataset: Dataset, names: Sequence[str]) -> tuple[str, ...]:
    """Read the properties to return, kept in the declared order."""
    known = [column.name for column in dataset.columns]
    _all_known("properties", names, known)
    return tuple(name for name in known if name in names)


def sortby(dataset: Dataset, keys: Sequence[str]) -> tuple[Sort, ...]:
    """Read sort keys: `name`, `+name` or `-name` (a `+` that arrives as a blank is one)."""
    known = [column.name for column in dataset.columns if column.sortable]
    read = [Sort(key.lstrip("+- "), key.startswith("-")) for key in keys]
    _all_known("sortby", [sort.column for sort in read], known)
    if len({sort.column for sort in read}) < len(read):
        raise RequestError("sortby: a column stands twice", remedy="name each column once")
    return tuple(read)


def unknown(name: str, known: Sequence[str]) -> RequestError:
    """Return the refusal of a parameter, with the nearest right ones (/req/core/query-param-unknown)."""
    if name in LATER:
        return RequestError(f"{name[:60]}: this parameter is not offered yet", remedy="leave it out")
    return RequestError(f"{name[:60]!r} is not a parameter of this address", remedy=_nearest(name, known))


def _named(dataset: Dataset, given: Sequence[tuple[str, str]]) -> dict[str, str]:
    named: dict[str, str] = {}
    for name, text in given:
        if name in NAMES:
            if name in named:
                raise RequestError(f"{name}: stands twice", remedy="give it once")
            named[name] = text
    return named


def _boolean(name: str, text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise RequestError(f"{name}: {text[:40]!r} is neither true nor false", remedy=f"write {name}=true")
    return text.lower() == "true"


def _all_known(parameter: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise RequestError(f"{parameter}: {name[:60]!r} is not a column", remedy=_nearest(name, known))


def _nearest(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name[:100], known, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(known)}"
