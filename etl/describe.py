"""What a landed file holds: the layer that was declared, its fields matched to columns, its CRS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError

from etl import nul
from etl.extract import Landed
from territoire.core import registry
from territoire.core.errors import SourceError
from territoire.core.models import Column, Dataset

#: OGR types that can become a declared type without a guess; a text that must become a number is a changed type.
_ACCEPTED: dict[str, frozenset[str]] = {
    "text": frozenset({"OFTString"}),
    "integer": frozenset({"OFTInteger", "OFTInteger64", "OFTReal"}),
    "bigint": frozenset({"OFTInteger", "OFTInteger64", "OFTReal"}),
    "number": frozenset({"OFTInteger", "OFTInteger64", "OFTReal"}),
    "boolean": frozenset({"OFTInteger", "OFTInteger64"}),
    "date": frozenset({"OFTDate", "OFTDateTime", "OFTString"}),
    "timestamp": frozenset({"OFTDate", "OFTDateTime", "OFTString"}),
}
_TYPE_NAMES = {
    "OFTString": "text",
    "OFTInteger": "integer",
    "OFTInteger64": "integer",
    "OFTReal": "decimal number",
    "OFTDate": "date",
    "OFTDateTime": "date and time",
}
_DECLARED = {
    "OFTInteger": "integer",
    "OFTInteger64": "bigint",
    "OFTReal": "number",
    "OFTDate": "date",
    "OFTDateTime": "timestamp",
}


@dataclass(frozen=True, slots=True)
class Layer:
    """A readable layer of a landed source: `fields` in the order of the dataset's columns."""

    number: int
    landed: Landed
    name: str
    encoding: str | None
    fields: tuple[str, ...]
    untyped: frozenset[str]
    features: int | None
    crs: CRS | None
    srid: int | None


def describe(dataset: Dataset, landed: Landed, number: int) -> Layer:
    """Open a source and hold it against the declaration; SourceError names what does not fit."""
    name = _layer(landed)
    encoding = landed.source.encoding
    try:
        info = pyogrio.read_info(landed.opens, layer=name, encoding=encoding, force_feature_count=False)
    except (DataSourceError, DataLayerError, LookupError, UnicodeDecodeError) as exc:
        raise SourceError(f"{landed.url}: cannot be read: {exc}", remedy="open it in QGIS to see what it is") from exc
    fields, untyped = _fields(dataset, landed, info)
    if not landed.opens.startswith("/vsi"):
        nul.refuse(Path(landed.opens), landed.url, name, fields)
    crs, srid = _crs(dataset, landed, info)
    count = int(info["features"])
    return Layer(
        number=number,
        landed=landed,
        name=name,
        encoding=encoding,
        fields=fields,
        untyped=untyped,
        features=count if count >= 0 else None,
        crs=crs,
        srid=srid,
    )


def _layer(landed: Landed) -> str:
    try:
        names = [str(row[0]) for row in pyogrio.list_layers(landed.opens)]
    except DataSourceError as exc:
        raise SourceError(
            f"{landed.url}: not a file that GDAL can open: {exc}",
            remedy="give a GeoPackage, shapefile, GeoJSON or FlatGeobuf; fetch it again if it was cut short",
        ) from exc
    wanted = landed.source.layer
    if len(names) == 1 and (not wanted or landed.is_given):
        return names[0]
    if not names:
        raise SourceError(f"{landed.url}: the file holds no layer", remedy="fetch it again")
    for name in names:
        if wanted and name.lower() == wanted.lower():
            return name
    said = f"there is no layer {wanted!r}" if wanted else f"the file has {len(names)} layers"
    raise SourceError(f"{landed.url}: {said}", remedy=f"say `layer:` one of {', '.join(names)}")


def _fields(dataset: Dataset, landed: Landed, info: dict[str, Any]) -> tuple[tuple[str, ...], frozenset[str]]:
    types = dict(zip((str(name) for name in info["fields"]), info["ogr_types"], strict=True))
    found: list[str] = []
    untyped: set[str] = set()
    for column in dataset.columns:
        field = _match(column.field, list(types))
        if field is None:
            raise SourceError(
                f"{landed.url}: column {column.name}: there is no field {column.field!r}",
                remedy=registry.nearest(column.field, types) or "correct `from:` in the declaration",
            )
        if types[field] not in _ACCEPTED[column.type]:
            if types[field] != "OFTString":
                raise changed_type(landed, column, field, types[field])
            # a field without any value is written as text by some formats: decided when its values are seen
            untyped.add(field)
        found.append(field)
    return tuple(found), frozenset(untyped)


def changed_type(landed: Landed, column: Column, field: str, ogr_type: str) -> SourceError:
    """Return the refusal of a field whose type is not the declared one."""
    return SourceError(
        f"{landed.url}: column {column.name}: field {field} is of type {_TYPE_NAMES.get(ogr_type, ogr_type)},"
        f" and {column.type} is declared",
        remedy=f"restore the type in the file, or declare `type: {_DECLARED.get(ogr_type, 'text')}` (once published,"
        " a new type breaks the contract with clients)",
    )


def _match(field: str, names: list[str]) -> str | None:
    if field in names:
        return field
    # case is ignored: the same data comes as INSEE_COM and insee_com
    same = [name for name in names if name.lower() == field.lower()]
    return same[0] if same else None


def _crs(dataset: Dataset, landed: Landed, info: dict[str, Any]) -> tuple[CRS | None, int | None]:
    """Return the CRS of the layer and its EPSG code, None for the code of one that EPSG does not list."""
    if dataset.geometry is None:
        return None, None
    if info["geometry_type"] is None:
        raise SourceError(
            f"{landed.url}: the layer has no geometry, and {dataset.geometry.type} is declared",
            remedy="choose the layer that has one, or remove `geometry:`",
        )
    said = landed.crs or info["crs"]
    if not said:
        raise SourceError(
            f"{landed.url}: the file does not say its CRS",
            remedy="say `crs: EPSG:2154` (say) under `source:`",
        )
    try:
        crs = CRS.from_user_input(said)
        if crs.is_engineering or not (crs.is_projected or crs.is_geographic or crs.is_bound or crs.is_compound):
            raise CRSError("a local system that has no relation to the Earth")
        return crs, crs.to_epsg(min_confidence=70)
    except CRSError as exc:
        raise SourceError(
            f"{landed.url}: its CRS is unknown: {exc}", remedy="say `crs: EPSG:2154` (say) under `source:`"
        ) from exc
