"""The grid that a raster is published on: CRS, corner, size of its pixels, their type and what means nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.errors import CRSError
from rasterio.transform import Affine, array_bounds
from rasterio.warp import calculate_default_transform, transform_bounds

from etl.raster.source import Palette, Source
from territoire.core.errors import SourceError
from territoire.core.layers import Raster

Bounds = tuple[float, float, float, float]

#: A grid larger than this was declared by mistake: région Sud at 50 cm has 3.2e11 pixels, at 5 m 3.2e9.
_MOST_PIXELS = 50_000_000_000
#: What stands for nothing where the source has a mask and no value for it: outside of what the type mostly holds.
_NOTHING = {
    "int8": -128.0,
    "uint16": 65535.0,
    "int16": -32768.0,
    "uint32": 4294967295.0,
    "int32": -2147483648.0,
    "float32": -9999.0,
    "float64": -9999.0,
}


@dataclass(frozen=True, slots=True)
class Target:
    """A grid of square or nearly square pixels, north up; `transform` maps column and row to x and y of `srid`.

    With `has_alpha`, a band after the `bands` says where there is something, and `nodata` is None.
    """

    srid: int
    transform: Affine
    width: int
    height: int
    bands: int
    dtype: str
    nodata: float | None
    has_alpha: bool
    palette: Palette | None
    resampling: Resampling

    @property
    def crs(self) -> CRS:
        """The CRS."""
        return CRS.from_epsg(self.srid)

    @property
    def bounds(self) -> Bounds:
        """West, south, east and north, in the CRS's unit."""
        west, south, east, north = array_bounds(self.height, self.width, self.transform)
        return west, south, east, north

    @property
    def bytes(self) -> int:
        """How much memory all pixels would take."""
        size = {"8": 1, "6": 2, "2": 4, "4": 8}[self.dtype[-1]]
        return self.width * self.height * (self.bands * size + self.has_alpha)


def of_file(raster: Raster, source: Source) -> Target:
    """Return the grid for a file: its own where it is in the declared CRS and resolution, else one that holds it."""
    grid = raster.raster
    try:
        crs = CRS.from_epsg(grid.srid)
        transform, width, height = _placed(source, crs, grid.resolution)
    except CRSError as exc:
        raise SourceError(
            f"{raster.id}: {source.crs.to_string()} does not go over to EPSG:{grid.srid} there: {exc}",
            remedy="declare another `raster.srid`",
        ) from exc
    is_its_own = (transform, width, height) == (source.transform, source.width, source.height) and source.crs == crs
    nodata, has_alpha = _nothing(source)
    return checked(
        raster,
        Target(
            srid=grid.srid,
            transform=transform,
            width=width,
            height=height,
            bands=len(source.bands),
            dtype=source.dtype,
            nodata=nodata,
            has_alpha=has_alpha,
            palette=source.palette,
            resampling=_resampling(raster, source, is_its_own=is_its_own),
        ),
    )


def around(bounds: Bounds, resolution: float) -> tuple[Affine, int, int]:
    """Return a grid of whole multiples of the resolution that holds these bounds."""
    left, top = math.floor(bounds[0] / resolution) * resolution, math.ceil(bounds[3] / resolution) * resolution
    # a sixty-fourth of a pixel beyond a line is a rounding, not another row
    width = math.ceil((bounds[2] - left) / resolution - 1 / 64)
    height = math.ceil((top - bounds[1]) / resolution - 1 / 64)
    return Affine(resolution, 0, left, 0, -resolution, top), max(1, width), max(1, height)


def checked(raster: Raster, target: Target) -> Target:
    """Return the grid, or refuse one that is too large."""
    if target.width * target.height > _MOST_PIXELS:
        raise SourceError(
            f"{raster.id}: {target.width} x {target.height} pixels are more than {_MOST_PIXELS:.0e}",
            remedy="declare a coarser `raster.resolution`, in units of the CRS",
        )
    return target


def _placed(source: Source, crs: CRS, resolution: float | None) -> tuple[Affine, int, int]:
    own, bounds = source.transform, array_bounds(source.height, source.width, source.transform)
    is_upright = own.b == own.d == 0 and own.a > 0 > own.e
    if source.crs == crs and is_upright and resolution in (None, own.a):
        return own, source.width, source.height
    if resolution is None:
        made, _, _ = calculate_default_transform(source.crs, crs, source.width, source.height, *bounds)
        resolution = float(made.a)
    if source.crs == crs:
        return around(bounds, resolution)
    return around(transform_bounds(source.crs, crs, *bounds, densify_pts=101), resolution)


def _nothing(source: Source) -> tuple[float | None, bool]:
    """Say what marks the pixels that hold nothing: the source's value, one of ours, or an alpha band for bytes."""
    if source.is_image:
        return None, True
    if source.nodata is not None and math.isfinite(source.nodata):
        return source.nodata, False
    if source.palette:
        unused = next((value for value in (255, 0) if source.palette.get(value, (0, 0, 0, 0))[:3] == (0, 0, 0)), 255)
        return float(unused), False
    if source.dtype == "uint8":
        # each of the 256 values may mean something
        return None, True
    return _NOTHING[source.dtype], False


def _resampling(raster: Raster, source: Source, *, is_its_own: bool) -> Resampling:
    declared = Resampling[raster.raster.resampling]
    # the mean of two classes is a third one; and pixels that stay where they are stay as they are
    if is_its_own or (source.palette and declared not in {Resampling.nearest, Resampling.mode}):
        return Resampling.nearest
    return declared
