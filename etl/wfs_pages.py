"""The pages of a download: typed as the service describes them, kept on disk so that a killed run goes on from them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.feather as feather
import shapely
from pyproj import CRS, Transformer

from territoire.core.errors import SourceError
from territoire.core.sources import WfsSource
from territoire.geoplateforme.wfs import Field

#: Older pages are of another state of the source, though it counts as many features.
_KEPT_S = 86_400
_TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ms", "UTC"),
}
_WORDS = 2**256


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a feature type; `extent_crs84` is where the service says that it lies."""

    source: WfsSource
    key: str
    fields: tuple[Field, ...]
    geometry: str | None
    extent_crs84: tuple[float, float, float, float]

    @property
    def names(self) -> list[str]:
        """The fields with the geometry."""
        return [field.name for field in self.fields] + ([self.geometry] if self.geometry else [])

    @property
    def schema(self) -> pa.Schema:
        """The columns of a page; the geometry is ISO WKB."""
        columns = [pa.field(field.name, _TYPES[field.type]) for field in self.fields]
        wkb = {"ARROW:extension:name": "geoarrow.wkb"}
        return pa.schema([*columns, *([pa.field(self.geometry, pa.binary(), metadata=wkb)] if self.geometry else [])])

    @property
    def key_field(self) -> Field:
        """The field of the key."""
        return next(field for field in self.fields if field.name == self.key)

    def signature(self, total: int, cuts: Sequence[str | int]) -> str:
        """Return what two downloads must share for the pages of one to serve the other."""
        asked = self.source.model_dump(mode="json", include={"typename", "filter", "srid"})
        types = [(field.name, field.type) for field in self.fields]
        return json.dumps([asked, self.key, types, self.geometry, total, cuts], sort_keys=True)


@dataclass(frozen=True, slots=True)
class Page:
    """A page on disk: its keys in the order of the service, and the sum of the checksums of its rows."""

    file: Path
    keys: pa.ChunkedArray
    sum: int

    @property
    def rows(self) -> int:
        """How many features it holds."""
        return len(self.keys)

    @property
    def last(self) -> str | int:
        """The key of its last feature."""
        return self.keys[-1].as_py()

    def table(self) -> pa.Table:
        """Read the rows."""
        return feather.read_table(str(self.file))


@dataclass(frozen=True, slots=True)
class Read:
    """A page in memory."""

    table: pa.Table
    sum: int

    def save(self, folder: Path, stretch: int, number: int, wanted: Wanted) -> Page:
        """Write the page whole or not at all."""
        file = folder / f"{stretch:04}-{number:06}.arrow"
        keys = {"key": wanted.key, "sum": hex(self.sum)}
        table = self.table.replace_schema_metadata(keys)
        partial = file.with_suffix(".partial")
        try:
            feather.write_feather(table, str(partial), compression="zstd")
            with partial.open("rb") as written:
                os.fsync(written.fileno())
            partial.rename(file)
        except OSError as exc:
            raise SourceError(f"{file}: cannot be written: {exc}", remedy="check rights and space") from exc
        return _load(file, table)


def resume(folder: Path, signature: str) -> dict[int, list[Page]]:
    """Return the pages of each stretch of an earlier, killed run that asked the same within a day.

    If it asked another thing, or too long ago, they are removed.
    """
    mark = folder / "signature.json"
    is_same = mark.is_file() and mark.read_text(encoding="utf-8") == signature
    if not is_same or time.time() - mark.stat().st_mtime > _KEPT_S:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        mark.write_text(signature, encoding="utf-8")
        return {}
    pages: dict[int, list[Page]] = {}
    for file in sorted(folder.glob("*.arrow")):
        pages.setdefault(int(file.name.partition("-")[0]), []).append(_load(file, feather.read_table(str(file))))
    return pages


def read(wanted: Wanted, features: Sequence[dict[str, Any]]) -> Read:
    """Give features (GeoJSON objects) the types of the feature type; SourceError names a value that has another."""
    properties = [one.get("properties") or {} for one in features]
    arrays: list[pa.Array] = []
    for field in wanted.fields:
        try:
            values = [_value(field, row.get(field.name)) for row in properties]
            arrays.append(pa.array(values, _TYPES[field.type]))
        except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, TypeError, OverflowError) as exc:
            raise SourceError(
                f"{wanted.source.address}: field {field.name} is described as {field.type}, and holds others: {exc}",
                remedy="tell the producer; leave the column out until it is corrected",
            ) from exc
    keys = arrays[[field.name for field in wanted.fields].index(wanted.key)]
    if keys.null_count or len(set(keys.to_pylist())) != len(keys):
        raise SourceError(
            f"{wanted.source.address}: {wanted.key} is empty or twice there", remedy="choose another `key:`"
        )
    if wanted.geometry:
        arrays.append(_geometries(wanted, [one.get("geometry") for one in features]))
    rows = [orjson.dumps([one.get("properties"), one.get("geometry")], option=orjson.OPT_SORT_KEYS) for one in features]
    total = sum(int.from_bytes(hashlib.sha256(row).digest()) for row in rows) % _WORDS
    return Read(pa.Table.from_arrays(arrays, schema=wanted.schema), total)


def key(wanted: Wanted, feature: dict[str, Any]) -> str | int:
    """Return the key of a feature (a GeoJSON object); SourceError when it is empty, or of another type."""
    found = _value(wanted.key_field, feature["properties"].get(wanted.key))
    if not isinstance(found, str | int) or isinstance(found, bool):
        raise SourceError(
            f"{wanted.source.address}: {wanted.key} is {found!r} somewhere, which is no key",
            remedy="choose a text or a whole number that is never empty as `key:`",
        )
    return found


def count_keys(pages: Sequence[Page]) -> int:
    """Return how many different keys there are."""
    chunks = [chunk for page in pages for chunk in page.keys.chunks]
    return len(pa.chunked_array(chunks).unique()) if chunks else 0


def digest(pages: Sequence[Page]) -> str:
    """Return a checksum of all rows: a sum, so that neither order nor cut of the pages changes it."""
    rows = sum(page.rows for page in pages)
    return hashlib.sha256(f"{rows} {sum(page.sum for page in pages) % _WORDS}".encode()).hexdigest()


def _load(file: Path, table: pa.Table) -> Page:
    said = {name.decode(): value.decode() for name, value in (table.schema.metadata or {}).items()}
    return Page(file, table.column(said["key"]), int(said["sum"], 16))


def _value(field: Field, value: Any) -> Any:  # a JSON value
    if value is None or field.type not in ("date", "timestamp", "text"):
        return value
    if field.type == "date":
        return date.fromisoformat(str(value)[:10])  # GeoServer adds a Z
    if field.type == "timestamp":
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _geometries(wanted: Wanted, given: list[Any]) -> pa.Array:
    texts = [None if one is None else orjson.dumps(one).decode() for one in given]
    try:
        shapes = shapely.from_geojson(np.array(texts, dtype=object))
    except shapely.errors.GEOSException as exc:
        raise SourceError(f"{wanted.source.address}: a geometry cannot be read: {exc}") from exc
    _check_axes(wanted, shapely.total_bounds(shapes))
    return pa.array(shapely.to_wkb(shapes, flavor="iso").tolist(), pa.binary())


def _check_axes(wanted: Wanted, bounds: Any) -> None:  # numpy array of four
    """Refuse coordinates that lie where the layer is not, and would with their axes exchanged."""
    crs = CRS.from_epsg(wanted.source.srid)
    area = crs.area_of_use
    box = shapely.box(*wanted.extent_crs84)
    box = box & shapely.box(area.west, area.south, area.east, area.north) if area else box
    if box.is_empty or np.isnan(bounds).any():
        return
    expected = shapely.box(*Transformer.from_crs(4326, crs, always_xy=True).transform_bounds(*box.bounds))
    x_min, y_min, x_max, y_max = bounds
    is_there = shapely.box(x_min, y_min, x_max, y_max).intersects(expected)
    if not is_there and shapely.box(y_min, x_min, y_max, x_max).intersects(expected):
        raise SourceError(
            f"{wanted.source.address}: the service gives y before x in EPSG:{wanted.source.srid}",
            remedy="ask for another `srid:`, and tell the producer",
        )
