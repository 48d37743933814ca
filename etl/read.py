"""Read: a layer's features in batches by pyogrio's Arrow stream; a batch with a bad row is read again by fiona."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import Transformer
from pyproj.exceptions import ProjError

from etl import describe, rows
from etl.describe import Layer
from etl.ledger import Reject
from etl.rows import Row
from territoire.core.errors import SourceError
from territoire.core.models import Column, Dataset

BATCH = 16_384
_ARROW_TYPES = {
    "text": pa.string(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
}


class _NeedsRowsError(Exception):
    """Something in the batch is not as declared: only row by row can it be named."""


def batches(dataset: Dataset, layer: Layer) -> Iterator[list[Row | Reject]]:
    """Yield the features of a layer as staging rows and rejects, BATCH at a time, in the order of the file."""
    start = 0
    try:
        with pyogrio.open_arrow(
            layer.landed.opens,
            layer=layer.name,
            columns=list(dict.fromkeys(layer.fields)),
            encoding=layer.encoding,
            read_geometry=dataset.geometry is not None,
            batch_size=BATCH,
            use_pyarrow=True,
        ) as (meta, reader):
            for batch in reader:
                stop = start + batch.num_rows
                try:
                    converted: list[Row | Reject] = _columns(dataset, layer, batch, meta["geometry_name"], start)
                except (_NeedsRowsError, pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError):
                    converted = list(rows.read(dataset, layer, start, stop, _undecodable(dataset, layer, batch, start)))
                yield _reproject(dataset, layer, converted)
                start = stop
    except (DataSourceError, DataLayerError, pa.ArrowException, RuntimeError) as exc:
        raise SourceError(
            f"{layer.landed.url}: reading stopped after feature {start}: {exc}",
            remedy="fetch it again; it may have been cut short",
        ) from exc


def _columns(
    dataset: Dataset, layer: Layer, batch: pa.RecordBatch, geometry_name: str, start: int
) -> list[Row | Reject]:
    count = batch.num_rows
    converted: list[list[Any]] = [
        [layer.number] * count,
        list(range(start + 1, start + count + 1)),
    ]  # mixed types
    for column, field in zip(dataset.columns, layer.fields, strict=True):
        converted.append(_convert(layer, column, field, batch.column(field)))
    if dataset.geometry:
        converted.append(_geometries(batch.column(geometry_name or "wkb_geometry")))
    return list(zip(*converted, strict=True))


def _convert(layer: Layer, column: Column, field: str, array: pa.Array) -> list[Any]:  # values of the column's type
    if array.null_count == len(array):
        return [None] * len(array)
    if field in layer.untyped:
        raise describe.changed_type(layer.landed, column, field, "OFTString")
    array.validate(full=True)
    target = _ARROW_TYPES[column.type]
    if column.type == "text":
        if pc.any(pc.match_substring(array, "\x00")).as_py():  # pyright: ignore[reportAttributeAccessIssue]
            raise _NeedsRowsError
    elif column.type in {"date", "timestamp"} and not _is_plain_time(array.type):
        # dates as text, and times without zone, are read with care
        raise _NeedsRowsError
    cast = array.cast(target, safe=True)
    if column.type == "number" and not pc.all(pc.is_finite(cast)).as_py():  # pyright: ignore[reportAttributeAccessIssue]
        raise _NeedsRowsError
    return cast.to_pylist()


def _undecodable(dataset: Dataset, layer: Layer, batch: pa.RecordBatch, start: int) -> frozenset[tuple[int, str]]:
    """Return (feature, column) of the texts that are not UTF-8: fiona would give them as null."""
    found: set[tuple[int, str]] = set()
    for column, field in zip(dataset.columns, layer.fields, strict=True):
        array = batch.column(field)
        if pa.types.is_string(array.type):
            for number, value in enumerate(array.cast(pa.binary()).to_pylist(), start + 1):
                if value is not None and not _is_utf8(value):
                    found.add((number, column.name))
    return frozenset(found)


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_plain_time(arrow_type: pa.DataType) -> bool:
    return pa.types.is_date(arrow_type) or (pa.types.is_timestamp(arrow_type) and arrow_type.tz is not None)


def _geometries(array: pa.Array) -> list[bytes | None]:
    values: list[bytes | None] = array.to_pylist()
    shapes = shapely.from_wkb(np.array(values, dtype=object), on_invalid="ignore")
    unreadable = shapely.is_missing(shapes) & np.array([value is not None for value in values])
    bounds = shapely.bounds(shapes)
    # an empty geometry has NaN bounds too, and is looked at in SQL
    infinite = ~np.isfinite(bounds).all(axis=1) & ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    if unreadable.any() or infinite.any():
        raise _NeedsRowsError
    return values


def _reproject(dataset: Dataset, layer: Layer, converted: list[Row | Reject]) -> list[Row | Reject]:
    """Reproject here what PostGIS cannot: a CRS that is defined, but has no EPSG code."""
    if dataset.geometry is None or layer.crs is None or layer.srid is not None:
        return converted
    try:
        transformer = Transformer.from_crs(layer.crs, dataset.geometry.srid, always_xy=True)
    except ProjError as exc:
        raise SourceError(
            f"{layer.landed.url}: its CRS cannot be brought to EPSG:{dataset.geometry.srid}: {exc}",
            remedy="say `crs: EPSG:2154` (say) under `source:`",
        ) from exc
    return [
        row if isinstance(row, Reject) or row[-1] is None else (*row[:-1], _moved(row[-1], transformer))
        for row in converted
    ]


def _moved(wkb: bytes, transformer: Transformer) -> bytes:
    shape = shapely.transform(shapely.from_wkb(wkb), lambda points: np.column_stack(transformer.transform(*points.T)))
    return bytes(shapely.to_wkb(shape, flavor="iso"))
