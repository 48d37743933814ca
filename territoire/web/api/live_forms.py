"""Live features as texts, in the forms that features of a table have: GeoJSON, JSON-FG, a line of CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
import shapely

from territoire.core.models import Dataset
from territoire.query import representations
from territoire.query.model import Generation, Query

__all__ = ["WRITERS"]

_Json = Mapping[str, Any]  # a JSON object
Write = Callable[[Generation, Query, _Json], str]


def _geojson(_: Generation, query: Query, feature: _Json) -> str:
    return orjson.dumps(
        {
            "type": "Feature",
            "id": feature["id"],
            "geometry": _turned(feature["geometry"], query),
            "properties": feature["properties"],
        }
    ).decode()


def _jsonfg(generation: Generation, query: Query, feature: _Json) -> str:
    geometry = _turned(feature["geometry"], query)
    is_in_place = representations.is_in_place(query)
    return orjson.dumps(
        {
            "type": "Feature",
            "id": feature["id"],
            "time": _time(generation.dataset, feature["_time"]),
            "place": geometry if is_in_place else None,
            "geometry": None if is_in_place else geometry,
            "properties": feature["properties"],
        }
    ).decode()


def _csv(generation: Generation, query: Query, feature: _Json) -> str:
    values: dict[str, Any] = {generation.dataset.key: feature["id"], **feature["properties"]}
    fields: list[str] = []
    for name in representations.csv_names(generation, query):
        if name in values:
            fields.append(_field(values[name], is_text=generation.dataset.column(name).type == "text"))
        else:
            geometry = _turned(feature["geometry"], query)
            shape = None if geometry is None else shapely.from_geojson(orjson.dumps(geometry))
            fields.append("" if shape is None else f'"{shapely.to_wkt(shape, rounding_precision=query.crs.decimals)}"')
    return ",".join(fields)


WRITERS: Mapping[str, Write] = {"json": _geojson, "jsonfg": _jsonfg, "csv": _csv}


def _field(value: object, *, is_text: bool) -> str:
    if value is None:
        return ""
    if is_text:
        return '"' + str(value).replace('"', '""') + '"'
    return str(value).lower() if isinstance(value, bool) else str(value)


def _turned(geometry: Any, query: Query) -> Any:  # a GeoJSON geometry
    """Return a geometry in the axis order of the CRS's authority; the source puts x first."""
    if geometry is None or not query.crs.flipped:
        return geometry
    if "geometries" in geometry:
        return {**geometry, "geometries": [_turned(one, query) for one in geometry["geometries"]]}
    return {**geometry, "coordinates": _flipped(geometry["coordinates"])}


def _flipped(coordinates: Any) -> Any:  # nested lists of numbers
    if coordinates and isinstance(coordinates[0], int | float):
        return [coordinates[1], coordinates[0], *coordinates[2:]]
    return [_flipped(one) for one in coordinates]


def _time(dataset: Dataset, values: list[Any]) -> _Json | None:  # dates as texts
    """Write the `time` member: a date, a timestamp, or an interval whose ends are in order."""
    if dataset.time is None or not any(values):
        return None
    kind = dataset.column(dataset.time.start).type
    if dataset.time.end is None:
        return {"date" if kind == "date" else "timestamp": values[0]}
    if "date" in {kind, dataset.column(dataset.time.end).type}:
        values = [value and value[:10] for value in values]
    start, end = values
    if start and end and start > end:
        return None
    return {"interval": [start or "..", end or ".."]}
