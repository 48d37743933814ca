"""Features of the Géoplateforme, asked at each request: the house's Query becomes a GetFeature with ECQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import shapely
import shapely.ops
from pyproj import Transformer

from territoire.core.errors import RequestError, UpstreamError
from territoire.core.models import Column, Dataset
from territoire.geoplateforme import live_wfs
from territoire.geoplateforme.answers import Answer
from territoire.geoplateforme.transport import Transport
from territoire.query.cql2 import ecql
from territoire.query.layers import PublishedLayer
from territoire.query.model import Bbox, Generation, Interval, Query, Value

__all__ = ["Page", "as_generation", "dataset_of", "one", "page"]

_Json = dict[str, Any]  # a JSON object
#: Segments per side of a box in metres, so that it follows the parallels of degrees: 0.2 m off on a regional box.
_SEGMENTS = 64


@dataclass(frozen=True, slots=True)
class Page:
    """Features with the declared columns and the key as their id; x before y in the asked CRS, whatever its authority.

    `following` is the offset of the next page, None on the last one; `answer` says when the source spoke.
    """

    features: list[_Json]
    matched: int | None
    following: int | None
    answer: Answer


def dataset_of(layer: PublishedLayer) -> Dataset:
    """Return the declaration of live features."""
    if not isinstance(layer.declaration, Dataset):
        raise TypeError(f"{layer.id} has no rows")
    return layer.declaration


def as_generation(layer: PublishedLayer) -> Generation:
    """Return a live layer as what documents, schemas and forms are made from; its rows are those of its publication."""
    at = layer.published_at
    counted = int(layer.description["count"])
    return Generation(dataset_of(layer), 0, counted, None, layer.extent_crs84, None, at, at)


def page(transport: Transport, layer: PublishedLayer, query: Query) -> Page:
    """Return a page, always in an order that ends with the key; RequestError for what the source cannot do."""
    dataset, name = dataset_of(layer), _name(layer)
    condition = _condition(layer, query)
    if query.hits:
        matched, answer = live_wfs.count(transport, name, condition)
        return Page([], matched, None, answer)
    size = min(query.limit, live_wfs.MOST)
    wanted = live_wfs.Selection(
        ecql=condition,
        fields=_fields(layer, query),
        sort=_order(layer, query),
        srid=query.crs.srid,
        start=query.offset,
        count=size,
    )
    found = live_wfs.page(transport, name, wanted)
    _check_axes(layer, query, found.features)
    features = [_feature(dataset, layer.description["fields"], query, one) for one in found.features]
    end = query.offset + len(features)
    if len(features) < size and found.matched is not None and end < found.matched:
        raise UpstreamError(
            f"wfs: the Géoplateforme gave {len(features)} features where {min(size, found.matched - query.offset)} "
            "were there",
            remedy="ask for smaller pages: limit=100",
        )
    goes_on = bool(features) and (end < found.matched if found.matched is not None else len(features) == size)
    return Page(features, found.matched, end if goes_on else None, found.answer)


def one(transport: Transport, layer: PublishedLayer, key: Value, query: Query) -> tuple[_Json | None, Answer]:
    """Return a feature by its key, None when there is none."""
    dataset = dataset_of(layer)
    field = layer.description["fields"][dataset.key]
    wanted = live_wfs.Selection(
        ecql=f'("{field}" = {_literal(key)})', fields=_fields(layer, query), srid=query.crs.srid, count=1
    )
    found = live_wfs.page(transport, _name(layer), wanted)
    if not found.features:
        return None, found.answer
    _check_axes(layer, query, found.features)
    return _feature(dataset, layer.description["fields"], query, found.features[0]), found.answer


def _name(layer: PublishedLayer) -> str:
    live = dataset_of(layer).live
    return (live.layer or "") if live else ""


def _fields(layer: PublishedLayer, query: Query) -> tuple[str, ...] | None:
    """Return the source's fields to ask for: the declared ones, not all that it has."""
    dataset = dataset_of(layer)
    fields, geometry = layer.description["fields"], layer.description["geometry"]
    needed = {dataset.key, *((dataset.time.start, dataset.time.end) if dataset.time else ())}
    names = [c.name for c in dataset.columns if query.properties is None or c.name in {*query.properties, *needed}]
    wanted = [fields[name] for name in names]
    if geometry and dataset.geometry and not query.skip_geometry:
        wanted.append(geometry)
    return tuple(dict.fromkeys(wanted))


def _order(layer: PublishedLayer, query: Query) -> tuple[str, ...]:
    fields, key = layer.description["fields"], dataset_of(layer).key
    keys = {fields[sort.column]: "D" if sort.descending else "A" for sort in query.sortby}
    last = next(reversed(keys.values()), "A")
    keys.setdefault(fields[key], last)
    return tuple(f"{field} {direction}" for field, direction in keys.items())


def _condition(layer: PublishedLayer, query: Query) -> str:
    """Write all filters of a query as one ECQL condition: every literal is quoted by us."""
    dataset = dataset_of(layer)
    fields, geometry = layer.description["fields"], layer.description["geometry"]
    parts = [f'("{fields[equal.column]}" = {_literal(equal.value)})' for equal in query.equals]
    if query.interval and dataset.time:
        parts += _during(dataset, fields, query.interval)
    if query.bbox and geometry and dataset.geometry:
        parts.append(_within(geometry, query.bbox))
    if query.filter:
        parts.append(ecql.expression(query.filter, dataset, geometry=geometry, fields=fields))
    return " AND ".join(parts)


def _literal(value: Value) -> str:
    if value is None:
        raise RequestError("a null equals nothing", remedy="filter with IS NULL")
    return ecql.quoted(value)


def _during(dataset: Dataset, fields: Mapping[str, str], interval: Interval) -> list[str]:
    time = dataset.time
    if time is None:
        return []
    start, end = dataset.column(time.start), dataset.column(time.end or time.start)
    found: list[str] = []
    if interval.end:
        found.append(f'("{fields[start.name]}" <= {_moment(start, interval.end)})')
    else:
        # a feature without a start is in no time (OGC 17-069r4, /req/core/fc-time-response)
        found.append(f'(NOT ("{fields[start.name]}" IS NULL))')
    if interval.start:
        late = f'("{fields[end.name]}" >= {_moment(end, interval.start)})'
        # a feature without an end still holds
        found.append(f'(("{fields[end.name]}" IS NULL) OR {late})' if time.end else late)
    return found


def _moment(column: Column, moment: datetime) -> str:
    return ecql.quoted(moment.date().isoformat() if column.type == "date" else moment.astimezone(UTC))


def _within(geometry: str, box: Bbox) -> str:
    """Write a box as polygons in degrees, longitude first as their SRID says (GeoServer's EWKT)."""
    sides = [(box.west, box.east)] if box.west <= box.east else [(box.west, 180.0), (-180.0, box.east)]
    found: list[str] = []
    for west, east in sides:
        shape = shapely.box(west, box.south, east, box.north)
        if west == east or box.south == box.north:
            shape = shapely.LineString([(west, box.south), (east, box.north)])
            shape = shape if shape.length else shapely.Point(west, box.south)
        elif box.srid != 4326:
            shape = shapely.segmentize(shape, max(east - west, box.north - box.south) / _SEGMENTS)
        if box.srid != 4326:
            moved = Transformer.from_crs(box.srid, 4326, always_xy=True)
            shape = shapely.ops.transform(moved.transform, shape)
        if not shapely.get_coordinates(shape).size or not shape.is_valid:
            raise RequestError("bbox: it has no image in degrees", remedy="give a box within the area of its CRS")
        found.append(f"INTERSECTS({geometry}, SRID=4326;{shapely.to_wkt(shape, rounding_precision=9)})")
    return f"({' OR '.join(found)})"


def _feature(dataset: Dataset, fields: Mapping[str, str], query: Query, given: _Json) -> _Json:
    """Return a feature of the source with the names, types and id of the declaration."""
    read = given["properties"]
    names = [c.name for c in dataset.columns if query.properties is None or c.name in query.properties]
    time = [name for name in (dataset.time.start, dataset.time.end) if name] if dataset.time else []
    values = {n: _value(dataset.column(n), read.get(fields[n])) for n in dict.fromkeys([*names, *time, dataset.key])}
    return {
        "type": "Feature",
        "id": values[dataset.key],
        "geometry": None if query.skip_geometry or not dataset.geometry else given.get("geometry"),
        "properties": {name: values[name] for name in names},
        "_time": [values[name] for name in time],
    }


def _value(column: Column, value: Any) -> Any:  # of the source's making
    """Return a value in the column's type: dates without a zone, codes as text."""
    if value is None:
        return None
    if column.type == "text":
        return value if isinstance(value, str) else str(value)
    if column.type == "date" and isinstance(value, str):
        return value[:10]
    return value


def _check_axes(layer: PublishedLayer, query: Query, features: Any) -> None:  # JSON objects
    """Refuse features whose x and y have changed places: they lie elsewhere, and nobody else would notice."""
    extent = layer.extent_crs84
    geometry = next((one.get("geometry") for one in features if one.get("geometry")), None)
    if extent is None or geometry is None or query.crs.srid != 4326:
        return
    found = re.findall(r"-?[0-9.]+(?:[eE][-+]?[0-9]+)?", str(geometry.get("coordinates"))[:200])
    if len(found) < 2:
        return
    x, y = float(found[0]), float(found[1])
    west, south, east, north = extent
    if not (west <= x <= east and south <= y <= north) and west <= y <= east and south <= x <= north:
        raise UpstreamError(
            "wfs: the Géoplateforme gives latitude before longitude, against its own rule", remedy="try again later"
        )
