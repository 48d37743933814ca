"""Read and write the layers of the demo territory's GeoPackage, small and with the same bytes each time."""

from __future__ import annotations

import sqlite3
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyogrio.raw  # pyright: ignore[reportMissingTypeStubs]
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

NAME = "admin-express-cog-paca.gpkg"
LAYERS = ("commune", "epci_partie_paca", "departement", "region", "canton", "arrondissement_municipal")
CRS = "EPSG:2154"
GRID_PER_METRE = 1024
# The day of the younger package: GDAL would otherwise write the day of the run, and the bytes would change.
LAST_CHANGE = "2026-03-09T00:00:00.000Z"
ZIP_DATE = (2026, 3, 9, 0, 0, 0)

# pyogrio has no types: what comes out of it is cast where it enters.
_RAW = cast("Any", pyogrio.raw)

type Value = str | int | float


@dataclass(frozen=True, slots=True)
class Layer:
    """A table of the GeoPackage: its columns, in order, and one outline a row."""

    name: str
    columns: Mapping[str, Sequence[Value]]
    shapes: Sequence[BaseGeometry]


def read_layer(path: Path, name: str) -> Layer:
    """Read one layer of a GeoPackage."""
    meta, _, wkb, data = cast("tuple[Any, Any, Any, Any]", _RAW.read(path, layer=name))
    columns = {str(field): list(values) for field, values in zip(meta["fields"], data, strict=True)}
    return Layer(name, columns, [shapely.from_wkb(cast("bytes", outline)) for outline in wkb])


def from_geopackage(path: Path) -> list[Layer]:
    """Take the six layers of a GeoPackage that has them already."""
    return [read_layer(path, name) for name in LAYERS]


def on_grid(points: np.ndarray) -> np.ndarray:
    """Round coordinates to the grid."""
    return np.rint(points * GRID_PER_METRE) / GRID_PER_METRE


def snapped(shape: BaseGeometry) -> BaseGeometry:
    """Round an outline to the grid, as a multipolygon, and refuse to break it."""
    multi = shapely.MultiPolygon(list(shapely.get_parts(shape)))
    rounded = shapely.transform(multi, on_grid)
    if not rounded.is_valid:
        raise SystemExit(f"rounding breaks an outline: {shapely.is_valid_reason(rounded)}")
    return rounded


def column_array(values: Sequence[Value]) -> np.ndarray:
    """Make a column's array: pyogrio takes the field's type from it."""
    return np.array(values, dtype=object if isinstance(values[0], str) else None)


def write_geopackage(path: Path, layers: Iterable[Layer]) -> None:
    """Write the layers without spatial index (the platform copies them to PostGIS), then compact the file."""
    cast("Any", pyogrio).set_gdal_config_options({"OGR_CURRENT_DATE": LAST_CHANGE})
    for layer in layers:
        _RAW.write(
            path,
            np.array([shapely.to_wkb(snapped(shape)) for shape in layer.shapes], dtype=object),
            [column_array(values) for values in layer.columns.values()],
            list(layer.columns),
            layer=layer.name,
            driver="GPKG",
            geometry_type="MultiPolygon",
            crs=CRS,
            dataset_options={"VERSION": "1.3"},  # GDAL 3.6 warns about 1.4
            layer_options={"SPATIAL_INDEX": "NO"},
        )
    cast("Any", pyogrio).set_gdal_config_options({"OGR_CURRENT_DATE": None})  # it holds for the whole process
    database = sqlite3.connect(path)
    database.execute("VACUUM")
    database.close()


def write_zip(layers: Iterable[Layer], output: Path) -> None:
    """Write the layers to a GeoPackage in a zip, whose dates are fixed so that its bytes are."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        geopackage = Path(folder) / NAME
        write_geopackage(geopackage, layers)
        entry = zipfile.ZipInfo(NAME, ZIP_DATE)
        entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        with zipfile.ZipFile(output, "w") as archive:
            archive.writestr(entry, geopackage.read_bytes(), compresslevel=9)
