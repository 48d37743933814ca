"""What a filter becomes: a condition in SQL on a table of features.gpkg, with its values and axis orders put right."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pyproj
import shapely

from .layers import FeatureLayer

_SRID = re.compile(r"^(?:EPSG:|urn:ogc:def:crs:EPSG:[\d.]*:|urn:x-ogc:def:crs:EPSG:|https?://\S+?[/#])(\d+)$", re.I)
SRIDS = (4326, 2154, 3857, 4171, 4258, 32631, 32632)
_LATITUDE_FIRST = (4326, 4171, 4258)


class WfsError(Exception):
    """A request that the WFS refuses: code and locator of the OWS exception, and its text."""

    def __init__(self, text: str, code: str = "InvalidParameterValue", locator: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.locator = locator


@dataclass(frozen=True)
class Condition:
    """SQL that is true for what is kept, and the values of its question marks."""

    sql: str
    values: tuple[Any, ...] = ()

    def __and__(self, other: Condition) -> Condition:
        return Condition(f"({self.sql} and {other.sql})", self.values + other.values)

    def __or__(self, other: Condition) -> Condition:
        return Condition(f"({self.sql} or {other.sql})", self.values + other.values)

    def __invert__(self) -> Condition:
        return Condition(f"(not {self.sql})", self.values)


ALL = Condition("1")


def srid_of(name: str) -> tuple[int, bool]:
    """Return the EPSG code of a CRS's name, and whether the name asks for the axes of the authority (lat, lon)."""
    found = _SRID.match(name.strip())
    if found is None or int(found[1]) not in SRIDS:
        raise WfsError(f"Could not find a CRS for {name}", locator="srsName")
    return int(found[1]), not name.strip().upper().startswith("EPSG:")


def to_crs84(shape: Any, srid: int | None, *, is_authority_order: bool) -> Any:
    """Return a shape in longitude, latitude; without a CRS it is read in the layer's, latitude first."""
    if srid is None:
        srid, is_authority_order = 4326, True
    if is_authority_order and srid in _LATITUDE_FIRST:
        shape = shapely.transform(shape, lambda points: points[:, ::-1])
    if srid == 4326:
        return shape
    reproject = pyproj.Transformer.from_crs(srid, 4326, always_xy=True)
    return shapely.transform(shape, reproject.transform, interleaved=False)


def field(layer: FeatureLayer, name: str) -> str:
    """Return a property's column, quoted; a namespace before it is dropped."""
    bare = name.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    if bare == layer.geometry:
        return '"geom"'
    if bare not in layer.fields:
        raise WfsError(f"Illegal property name: {bare} for feature type {layer.typename}", "InvalidParameterValue")
    return f'"{bare}"'


def value(layer: FeatureLayer, column: str, text: Any) -> Any:
    """Return a literal as `column` holds its values: GeoServer converts it to the type of the property."""
    kind = layer.fields.get(column.strip('"'))
    try:
        if kind == "string":
            return str(text)
        if kind in ("int", "double"):
            return float(text)
        if kind == "boolean":
            return int(text if isinstance(text, bool) else str(text).lower() == "true")
        if kind == "date":
            return str(text)[:10]
        if kind == "dateTime":
            # as the GeoPackage has it: 2022-01-30T20:54:46.000, UTC
            bare = str(text).rstrip("Z")
            return {10: f"{bare}T00:00:00.000", 19: f"{bare}.000"}.get(len(bare), bare)
    except ValueError as exc:
        raise WfsError(f"'{text}' is not a value of {column}") from exc
    return text


def compare(layer: FeatureLayer, column: str, operator: str, literal: Any) -> Condition:
    """Compare a column with a literal; a null satisfies no comparison."""
    return Condition(f"ifnull({column} {operator} ?, 0)", (value(layer, column, literal),))


def like(column: str, pattern: str, *, matches_case: bool) -> Condition:
    """Compare a column with a pattern: % is any text, _ one character, a backslash takes their meaning away."""
    if matches_case:
        return Condition(f"ifnull({column} like ? escape '\\', 0)", (pattern,))
    return Condition(f"ifnull(fold({column}) like ? escape '\\', 0)", (pattern.lower(),))


def box(layer: FeatureLayer, bounds: tuple[float, ...], crs: str | None) -> Condition:
    """Keep what meets a box, whose four numbers are in the order that the CRS's name asks for."""
    srid, is_authority_order = srid_of(crs) if crs else (None, True)
    return spatial(layer, "intersects", shapely.box(*bounds), srid, is_authority_order=is_authority_order)


def spatial(
    layer: FeatureLayer, test: str, shape: Any, srid: int | None, *, is_authority_order: bool = False
) -> Condition:
    """Keep what stands in a relation of Simple Features (`intersects`, `within` ...) to a shape."""
    if layer.geometry is None:
        raise WfsError(f"{layer.typename} has no geometry")
    shape = to_crs84(shape, srid, is_authority_order=is_authority_order)
    west, south, east, north = shapely.bounds(shape)
    exact = Condition("spatial(?, geom, ?)", (test, shapely.to_wkb(shape)))
    if test == "disjoint":
        return exact
    near = Condition(
        f'fid in (select id from "rtree_{layer.table}_geom" where maxx >= ? and minx <= ? and maxy >= ? and miny <= ?)',
        (west, east, south, north),
    )
    return near & exact
