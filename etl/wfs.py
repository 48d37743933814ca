"""A whole feature type of the WFS, brought here page by page along its key, so that nothing is lost or doubled."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from etl import space, wfs_pages
from etl.report import Report
from etl.wfs_pages import Page, Wanted
from territoire.core import registry
from territoire.core.errors import SourceError
from territoire.core.models import Dataset
from territoire.core.sources import GEOMETRY, WfsSource
from territoire.geoplateforme import live_wfs, wfs, xml
from territoire.geoplateforme.exchange import UnreachableError
from territoire.geoplateforme.reading import features as read_features
from territoire.geoplateforme.reading import odd
from territoire.geoplateforme.transport import Transport
from territoire.query.cql2.ecql import quoted

_TRIES = 4


_LATER = "load it again later, when its producer has finished updating it"


class _ChangedError(SourceError):
    """The feature type is not what it was when the walk began."""


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
        pages = _walk(wanted, kept, transport, report)
    except _ChangedError:
        # what was fetched is of two states: only a new walk can be whole
        shutil.rmtree(kept)
        pages = _walk(wanted, kept, transport, report)
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


def _walk(wanted: Wanted, kept: Path, transport: Transport, report: Report) -> list[Page]:
    """Return the pages of all features: those that lie there, then those that are missing."""
    total = _count(wanted, transport)
    pages = wfs_pages.resume(kept, wanted.signature(total))
    keys = {key for page in pages for key in page.keys}
    while len(keys) < total:
        page = _page(wanted, pages[-1].keys[-1] if pages else None, total - len(keys), transport).save(
            kept, len(pages), wanted
        )
        if not keys.isdisjoint(page.keys):
            raise _ChangedError(
                f"{wanted.source.address}: {wanted.key} is not unique over its pages, or they are out of order",
                remedy="choose another `key:`",
            )
        keys.update(page.keys)
        pages.append(page)
        report.progress(len(keys), total)
        if len(pages) == 1:
            space.check(kept, page.file.stat().st_size * total // len(keys))
    if (now := _count(wanted, transport)) != total:
        raise _ChangedError(
            f"{wanted.source.address}: {total} features became {now} during the download", remedy=_LATER
        )
    return pages


def _page(wanted: Wanted, after: str | int | None, rest: int, transport: Transport) -> wfs_pages.Read:
    """Return the features that follow a key; the service must know exactly as many more as are missing."""
    params = {"SORTBY": f"{wanted.key} A", "COUNT": str(live_wfs.MOST), "OUTPUTFORMAT": "application/json"}
    params |= {"SRSNAME": f"EPSG:{wanted.source.srid}", "PROPERTYNAME": ",".join(wanted.names)}
    further = "" if after is None else f'"{wanted.key}" > {quoted(after)}'
    content = _ask(wanted, params, further, transport).json()
    features = read_features("wfs", content)
    matched = content.get("numberMatched", content.get("totalFeatures"))
    if content.get("numberReturned", len(features)) != len(features):
        raise odd("wfs", f"announces {content['numberReturned']} features and holds {len(features)}")
    if matched != rest or not features:
        raise _ChangedError(
            f"{wanted.source.address}: {rest} features were to follow {after!r}, and the service says {matched}:"
            f" it changed during the download, or {wanted.key} is not unique",
            remedy=f"{_LATER}, or choose another `key:`",
        )
    return wfs_pages.read(wanted, features)


def _count(wanted: Wanted, transport: Transport) -> int:
    answer = _ask(wanted, {"RESULTTYPE": "hits"}, "", transport)
    found = xml.parse(answer.body, service="wfs").get("numberMatched", "")
    if not re.fullmatch(r"[0-9]{1,18}", found):
        raise odd("wfs", "does not say how many features match")
    return int(found)


def _ask(wanted: Wanted, params: dict[str, str], further: str, transport: Transport) -> Any:
    """Post the request, never answered from the cache; once more where the answer was cut, for it only reads."""
    form = {"SERVICE": "WFS", "VERSION": "2.0.0", "REQUEST": "GetFeature", "TYPENAMES": wanted.source.typename}
    given = f"({wanted.source.filter})" if wanted.source.filter else ""
    condition = " AND ".join(part for part in (given, further) if part)
    form |= params | ({"CQL_FILTER": condition} if condition else {})
    for _ in range(_TRIES - 1):
        try:
            return transport.post("wfs", form=form)
        except UnreachableError as exc:
            if not exc.sent:
                raise
    return transport.post("wfs", form=form)


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
