"""A whole feature type of the WFS, brought here in pages along its key, so that nothing is lost or doubled."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from etl import space, wfs_pages, wfs_walk
from etl.report import Report
from etl.wfs_pages import Page, Wanted
from territoire.core import registry
from territoire.core.errors import SourceError
from territoire.core.models import Dataset
from territoire.core.sources import GEOMETRY, WfsSource
from territoire.geoplateforme import live_wfs, wfs
from territoire.geoplateforme.transport import Transport


@dataclass(frozen=True, slots=True)
class Fetched:
    """A GeoPackage of one layer with all features, and a checksum of the rows that no order of pages changes."""

    file: Path
    sha256: str


def fetch(
    dataset: Dataset, source: WfsSource, target: Path, kept: Path, *, transport: Transport, report: Report
) -> Fetched:
    """Bring the features of a source to `target`; pages lie in `kept`, where a killed run left them.

    SourceError when the feature type is not as declared, has keys twice, or changes while it is walked.
    """
    wanted = _wanted(dataset, source, transport)
    try:
        pages = wfs_walk.walk(wanted, kept, transport, report)
    except wfs_walk.ChangedError:
        # what was fetched, if anything was, is of two states: only a new walk can be whole
        shutil.rmtree(kept, ignore_errors=True)
        pages = wfs_walk.walk(wanted, kept, transport, report)
    space.check(target, sum(page.file.stat().st_size for page in pages))
    file = target / "features.gpkg"
    _assemble(wanted, pages, file)
    shutil.rmtree(kept)
    return Fetched(file, wfs_pages.digest(pages))


def _wanted(dataset: Dataset, source: WfsSource, transport: Transport) -> Wanted:
    said = live_wfs.describe(transport, source.typename)
    schema = wfs.describe(transport, source.typename)
    fields: dict[str, wfs.Field] = {}
    keys: dict[str, str] = {}
    for column in dataset.columns:
        field = schema.field(column.field)
        if field is None:
            raise SourceError(
                f"{source.address}: column {column.name}: there is no field {column.field!r}",
                remedy=registry.nearest(column.field, [one.name for one in schema.fields]) or "correct `from:`",
            )
        fields[field.name] = field
        keys[column.name] = field.name
    if dataset.geometry and schema.geometry is None:
        raise SourceError(f"{source.address}: it has no geometry", remedy="remove `geometry:`")
    geometry = schema.geometry if dataset.geometry else None
    if source.filter and GEOMETRY in source.filter:
        if schema.geometry is None:
            raise SourceError(f"{source.address}: it has no geometry", remedy=f"write `filter:` without {GEOMETRY}")
        source = source.model_copy(update={"filter": source.filter.replace(GEOMETRY, schema.geometry)})
    return Wanted(source, keys[dataset.key], tuple(fields.values()), geometry, said.extent_crs84)


def _assemble(wanted: Wanted, pages: list[Page], file: Path) -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        for page in pages:
            yield from page.table().to_batches()

    spatial: dict[str, Any] = {}  # pyogrio's arguments
    if wanted.geometry:
        spatial = {"geometry_name": wanted.geometry, "geometry_type": "Unknown", "crs": f"EPSG:{wanted.source.srid}"}
    reader = pa.RecordBatchReader.from_batches(wanted.schema, batches())
    try:
        pyogrio.write_arrow(reader, str(file), layer="features", driver="GPKG", **spatial)
    except (DataSourceError, DataLayerError, pa.ArrowException, OSError, RuntimeError) as exc:
        raise SourceError(f"{file}: cannot be written: {exc}", remedy="check rights and space") from exc
