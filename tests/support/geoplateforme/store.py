"""Selects features from the GeoPackage: which are on a page, how many match, and their JSON."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyproj
import shapely

from .data import FEATURES
from .layers import FEATURE_LAYERS, FeatureLayer
from .selection import Condition

#: Length of the envelope in a geometry's header, by its code (GeoPackage 1.3, 2.1.3).
_ENVELOPES = (0, 32, 48, 48, 64)
_TESTS = {
    name: getattr(shapely, name)
    for name in ("intersects", "disjoint", "contains", "within", "touches", "crosses", "overlaps", "equals")
}


@dataclass(frozen=True)
class Page:
    """Where a page begins and ends, and in which order: column, and whether it descends."""

    order: tuple[tuple[str, bool], ...]
    start: int
    count: int


class Store:
    """The features of a folder; each thread reads with a connection of its own."""

    def __init__(self, folder: Path, *, is_edited: bool = False) -> None:
        self._file = folder / FEATURES
        self._is_edited = is_edited
        self._own = threading.local()
        self._counts: dict[tuple[str, Condition], int] = {}

    def count(self, layer: FeatureLayer, condition: Condition) -> int:
        """Return how many features match; the data never change, so it is counted once."""
        asked = (layer.table, condition)
        if asked not in self._counts:
            query = f'select count(*) from "{layer.table}" where {condition.sql}'
            self._counts[asked] = self._connection().execute(query, condition.values).fetchone()[0]
        return self._counts[asked]

    def page(self, layer: FeatureLayer, condition: Condition, page: Page) -> list[int]:
        """Return the numbers (fid) of the features on a page, in order."""
        query = (
            f'select fid from "{layer.table}" where {condition.sql} order by {order_sql(page.order)} limit ? offset ?'
        )
        rows = self._connection().execute(query, (*condition.values, page.count, page.start))
        return [row[0] for row in rows]

    def features(self, layer: FeatureLayer, fids: Sequence[int], names: Sequence[str], srid: int) -> list[Any]:
        """Return features as GeoServer writes them in JSON, in the order of `fids`, in longitude, latitude."""
        columns = ", ".join(f't."{name}"' for name in dict.fromkeys([layer.key, *names]))
        # a join keeps the order of the page, whatever it was sorted by
        listed = orjson.dumps(list(fids)).decode()
        query = (
            f'select t.geom, {columns} from json_each(?) as page cross join "{layer.table}" as t'
            " on t.fid = page.value order by page.key"
        )
        rows = self._connection().execute(query, (listed,)).fetchall()
        shapes = _shapes([row[0] for row in rows], srid) if layer.geometry else [None] * len(rows)
        fields = list(dict.fromkeys([layer.key, *names]))
        booleans = [name for name in names if layer.fields[name] == "boolean"]
        times = [name for name in names if layer.fields[name] == "dateTime"]
        return [
            _feature(layer, dict(zip(fields, row[1:], strict=True)), names, booleans, times, shape)
            for row, shape in zip(rows, shapes, strict=True)
        ]

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._own, "connection"):
            connection = sqlite3.connect(f"file:{self._file}?mode=ro&immutable=1", uri=True)
            connection.execute("pragma case_sensitive_like = on")
            connection.create_function("fold", 1, lambda text: text and str(text).lower(), deterministic=True)
            connection.create_function("capitals", 1, lambda text: text and str(text).upper(), deterministic=True)
            connection.create_function("spatial", 3, _test, deterministic=True)
            if self._is_edited:
                _edit(connection)
            self._own.connection = connection
        return self._own.connection


def _edit(connection: sqlite3.Connection) -> None:
    """Put before each table a view in which the first key is another, which stands last."""
    for layer in FEATURE_LAYERS.values():
        if layer.fields[layer.key] != "string":
            continue
        columns = ", ".join(
            f"""case "{name}" when (select min("{name}") from main."{layer.table}") then 'ÉDITÉ' else "{name}" end"""
            f' as "{name}"'
            if name == layer.key
            else f'"{name}"'
            for name in layer.fields
        )
        geometry = "geom, " if layer.geometry else ""
        connection.execute(
            f'create temp view "{layer.table}" as select fid, {geometry}{columns} from main."{layer.table}"'
        )


def order_sql(order: Sequence[tuple[str, bool]]) -> str:
    """Return the order of a page, in which the place of storage decides between equals."""
    return ", ".join([*(f"{column}{' desc' if descends else ''}" for column, descends in order), "fid"])


def _wkb(blob: bytes) -> bytes:
    return blob[8 + _ENVELOPES[blob[3] >> 1 & 7] :]


@lru_cache(maxsize=64)
def _prepared(wkb: bytes) -> Any:
    shape = shapely.from_wkb(wkb)
    shapely.prepare(shape)
    return shape


def _test(name: str, blob: bytes, wkb: bytes) -> int:
    other, own = _prepared(wkb), shapely.from_wkb(_wkb(blob))
    if name == "intersects":
        return int(other.intersects(own))  # symmetric, and quick from the prepared side
    return int(_TESTS[name](own, other))


def _shapes(blobs: Sequence[bytes], srid: int) -> Sequence[Any]:
    shapes = shapely.from_wkb([_wkb(blob) for blob in blobs])
    digits = 8
    if srid != 4326:
        reproject = pyproj.Transformer.from_crs(4326, srid, always_xy=True)
        shapes = shapely.transform(shapes, reproject.transform, interleaved=False)
        digits = 8 if reproject.target_crs and reproject.target_crs.is_geographic else 2
    return shapely.to_geojson(shapely.transform(shapes, lambda points: np.round(points, digits)))


def _feature(
    layer: FeatureLayer,
    row: dict[str, Any],
    names: Sequence[str],
    booleans: Sequence[str],
    times: Sequence[str],
    shape: str | None,
) -> dict[str, Any]:
    for name in booleans:
        row[name] = None if row[name] is None else bool(row[name])
    for name in times:
        row[name] = row[name] and row[name].replace(".000", "Z")
    feature: dict[str, Any] = {
        "type": "Feature",
        "id": f"{layer.name}.{row[layer.key]}",
        "geometry": orjson.Fragment(shape) if shape else None,
    }
    if layer.geometry:
        feature["geometry_name"] = layer.geometry
    feature["properties"] = {name: row[name] for name in names}
    return feature
