"""Reads features one by one with fiona, for batches in which a bad row must be named."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import fiona
import shapely
from fiona.errors import FionaError
from fiona.model import Geometry, to_dict
from shapely.errors import ShapelyError

from etl.describe import Layer
from etl.ledger import Reject
from territoire.core.errors import SourceError
from territoire.core.models import Column, Dataset

_ENCODING = "save the file as UTF-8, or say `encoding:` under `source:`"
_RANGES = {"integer": 2**31, "bigint": 2**63}
_FRACTION = re.compile(r"(\d{2}:\d{2}:\d{2})(\.\d+)?")

Row = tuple[Any, ...]  # source, feature, one value a column, geometry as WKB: of many types


class _BadValueError(Exception):
    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


def read(
    dataset: Dataset, layer: Layer, start: int, stop: int, undecodable: frozenset[tuple[int, str]]
) -> Iterator[Row | Reject]:
    """Read features start..stop-1 (from 0) of a layer, each as a row or as a reject that says what is wrong.

    `undecodable` names the (feature, column) whose text is not UTF-8, which fiona reads as null.
    """
    try:
        with fiona.open(layer.landed.opens, layer=layer.name, encoding=layer.encoding) as collection:
            features = iter(collection.items(start, stop))
            for number in range(start + 1, stop + 1):
                try:
                    _, feature = next(features)
                except StopIteration:
                    return
                except (UnicodeDecodeError, FionaError, ValueError) as exc:
                    yield Reject(layer.number, number, None, f"cannot be read: {exc}", _remedy_of(exc), None)
                    continue
                bad = next((column for feature_number, column in undecodable if feature_number == number), None)
                if bad:
                    yield Reject(layer.number, number, bad, "not valid UTF-8", _ENCODING, None)
                    continue
                yield _row(dataset, layer, number, feature.properties, feature.geometry)
    except FionaError as exc:
        raise SourceError(f"{layer.landed.url}: cannot be read: {exc}", remedy="fetch it again") from exc


def _remedy_of(exc: Exception) -> str:
    if isinstance(exc, UnicodeDecodeError):
        return _ENCODING
    return "correct the feature in the source"


def _row(
    dataset: Dataset, layer: Layer, number: int, given: Any, geometry: Geometry | None
) -> Row | Reject:  # fiona's mapping
    values: list[Any] = [layer.number, number]  # values of the declared types
    for column, field in zip(dataset.columns, layer.fields, strict=True):
        value = given.get(field)
        try:
            values.append(convert(column, value))
        except _BadValueError as exc:
            shown = None if value is None else str(value)[:200].replace("\x00", "\\x00")
            return Reject(layer.number, number, column.name, exc.reason, exc.remedy, shown)
    if dataset.geometry is None:
        return tuple(values)
    try:
        values.append(None if geometry is None else _wkb(geometry))
    except (ShapelyError, ValueError, TypeError, IndexError, AttributeError) as exc:
        return Reject(layer.number, number, "geometry", f"the geometry cannot be read: {exc}", "redraw it", None)
    return tuple(values)


def _wkb(geometry: Geometry) -> bytes:
    shape = shapely.from_geojson(json.dumps(to_dict(geometry)))
    if not all(math.isfinite(bound) for bound in shape.bounds):
        raise ValueError("a coordinate is not a finite number")
    return bytes(shapely.to_wkb(shape, flavor="iso"))


def convert(column: Column, value: Any) -> Any:  # from a type of the file's to the declared one
    """Return `value` as the column's type, or raise what is wrong with it and what to do."""
    if value is None:
        return None
    if column.type == "text":
        return _text(value)
    if column.type in _RANGES:
        return _integer(value, _RANGES[column.type])
    if column.type == "number":
        return _number(value)
    if column.type == "boolean":
        if isinstance(value, bool) or value in (0, 1):
            return bool(value)
        raise _BadValueError("not true or false", "write 0 or 1")
    return _moment(column.type, value)


def _text(value: Any) -> str:  # of any type of the file's
    if not isinstance(value, str):
        raise _BadValueError("not a text", "restore the type of the field: numbers lose leading zeros")
    return value


def _integer(value: Any, limit: int) -> int:  # of any type of the file's
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or value % 1:
        raise _BadValueError("not a whole number", "correct the value, or declare `type: number`")
    if not -limit <= value < limit:
        raise _BadValueError(f"outside of the range of {limit.bit_length()} bits", "declare `type: bigint`")
    return int(value)


def _number(value: Any) -> float:  # of any type of the file's
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _BadValueError("not a number", "correct the value, or declare `type: text`")
    if not math.isfinite(value):
        raise _BadValueError("not a finite number", "leave the value empty")
    return float(value)


def _moment(column_type: str, value: Any) -> date | datetime:  # of any type of the file's
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)
    else:
        try:
            moment = datetime.fromisoformat(str(value).strip().replace("/", "-").upper())
        except ValueError as exc:
            raise _BadValueError("not a date", "write it as 2026-01-31, or 2026-01-31T12:00:00Z") from exc
    if column_type == "date":
        return moment.date()
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
