"""Heights along a line from a published raster: what answers where nobody else can be asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy
from pyproj import Geod, Transformer
from rasterio.windows import Window

from providers import raster_reading
from providers.raster_reading import Published
from territoire.core.layers import Raster
from territoire.geoplateforme.altimetry import Height
from territoire.geoplateforme.reading import Position
from territoire.query.layers import PublishedLayer

__all__ = ["along", "reliefs"]

_EARTH = Geod(ellps="GRS80")


def reliefs(layers: Sequence[PublishedLayer], folder: Path) -> list[tuple[Published, bool]]:
    """Return the rasters of heights in metres, each with whether they were measured: these first, the finest first."""
    found = [
        (raster_reading.of_layer(layer, folder), layer.declaration.raster.measured)
        for layer in layers
        if isinstance(layer.declaration, Raster)
        and (layer.declaration.raster.colours, layer.declaration.raster.unit) == ("relief", "m")
    ]
    return sorted(found, key=lambda one: (not one[1], max(raster_reading.cell(one[0], 3857))))


def along(raster: Published, line: Sequence[Position], sampling: int) -> list[Height] | None:
    """Return `sampling` heights at even distances along a line in CRS84; None where the raster knows none of them."""
    positions = _sampled(line, sampling)
    place = Transformer.from_crs("OGC:CRS84", raster.srid, always_xy=True)
    xs, ys = place.transform([one[0] for one in positions], [one[1] for one in positions])
    found = [Height(position, _height(raster, x, y)) for position, x, y in zip(positions, xs, ys, strict=True)]
    return found if any(height.metres is not None for height in found) else None


def _sampled(line: Sequence[Position], sampling: int) -> list[Position]:
    longitudes, latitudes = zip(*line, strict=True)
    steps = _EARTH.line_lengths(longitudes, latitudes)
    distances = numpy.concatenate([[0.0], numpy.cumsum(steps)])
    wanted = numpy.linspace(0, distances[-1], sampling)
    found = (numpy.interp(wanted, distances, axis) for axis in (longitudes, latitudes))
    return [(float(longitude), float(latitude)) for longitude, latitude in zip(*found, strict=True)]


def _height(raster: Published, x: float, y: float) -> float | None:
    """Return the height between the four pixels around a place; of its own pixel beside those that have none."""
    if not (math.isfinite(x) and math.isfinite(y)):
        return None
    column, row = ~raster.transform @ (x, y)
    if not (0 <= column < raster.width and 0 <= row < raster.height):
        return None
    left, top = min(max(column - 0.5, 0), raster.width - 1), min(max(row - 0.5, 0), raster.height - 1)
    first = int(left), int(top)
    size = min(2, raster.width - first[0]), min(2, raster.height - first[1])
    window = Window(*first, *size)  # pyright: ignore[reportCallIssue]
    values = raster_reading.window(raster, window, (size[1], size[0]), bands=(1,))[0]
    if numpy.ma.getmaskarray(values).any():
        own = values[int(row) - first[1], int(column) - first[0]]
        return None if own is numpy.ma.masked else round(float(own), 2)
    right, low = left - first[0], top - first[1]
    across = values.data.astype(float) @ numpy.array([1 - right, right])[: size[0]]
    return round(float(across @ numpy.array([1 - low, low])[: size[1]]), 2)
