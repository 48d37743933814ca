"""Draws a published raster: heights by tint and shade, values in grey, images and palettes in their own colours."""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.enums import Resampling

from providers import raster_reading
from providers.raster_reading import Grid, Published, Values
from territoire.core.layers import Raster
from territoire.query.layers import PublishedLayer

PNG = "image/png"

Image = NDArray[numpy.uint8]  # rows, columns, and red, green, blue, alpha

#: Heights in metres and their tints, from meadows to snow: pale, as what lies above must stay readable.
_TINTS = (
    (-10, (174, 203, 158)),
    (150, (192, 216, 166)),
    (400, (215, 225, 178)),
    (800, (236, 230, 187)),
    (1300, (231, 211, 166)),
    (1900, (214, 190, 152)),
    (2500, (202, 183, 165)),
    (3000, (223, 217, 213)),
    (3800, (250, 250, 250)),
)
#: The light comes from the north-west, half way up, as on printed maps.
_LIGHT = (-0.5, 0.5, math.sqrt(0.5))
_DEGREE_M = 111_320.0


@dataclass(frozen=True, slots=True)
class Look:
    """How a raster is drawn: its kind of colours, and the values that are black and white in grey."""

    colours: str
    darkest: float
    lightest: float


def look(layer: PublishedLayer) -> Look:
    """Return how a layer is drawn; grey spans two standard deviations, so that one odd pixel does not dim all."""
    declared, band = layer.declaration, layer.description["bands"][0]
    # a band of nothing has no statistics
    low, high, mean, std = (float(band[name] or 0) for name in ("minimum", "maximum", "mean", "std"))
    colours = declared.raster.colours if isinstance(declared, Raster) else "grey"
    return Look(colours, max(low, mean - 2 * std), min(high, mean + 2 * std))


def draw(raster: Published, asked: Grid, how: Look) -> Image | None:
    """Return a picture, transparent where there is nothing; None where nothing is at all."""
    if raster.has_palette:
        return _palette(raster, asked)
    if how.colours == "image":
        return _seen(raster_reading.read(raster, asked, bands=(1, 2, 3), resampling=Resampling.bilinear), _image)
    if how.colours == "relief":
        return _relief(raster, asked)
    values = raster_reading.read(raster, asked, bands=(1,), resampling=Resampling.bilinear)
    return _seen(values, lambda found: _grey(found, how))


def png(image: Image) -> bytes:
    """Write a picture as PNG (W3C PNG, third edition), each row as its difference from the one above."""
    height, width, _ = image.shape
    rows = image.reshape(height, -1)
    above = numpy.zeros_like(rows)
    above[1:] = rows[:-1]
    filtered = numpy.concatenate([numpy.full((height, 1), 2, numpy.uint8), rows - above], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, content)
        for kind, content in ((b"IHDR", header), (b"IDAT", zlib.compress(filtered.tobytes(), 4)), (b"IEND", b""))
    )


def over(image: Image | None, size: tuple[int, int], background: str | None) -> Image:
    """Return a picture of rows and columns on a background, six hexadecimal digits; None keeps it transparent."""
    drawn = numpy.zeros((*size, 4), numpy.uint8) if image is None else image
    if background is None:
        return drawn
    ground = numpy.array(list(bytes.fromhex(background)), float)
    share = drawn[..., 3:] / 255
    mixed = drawn[..., :3] * share + ground * (1 - share)
    return numpy.concatenate([mixed.round(), numpy.full((*size, 1), 255)], axis=-1).astype(numpy.uint8)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _seen(values: Values | None, paint: Any) -> Image | None:  # a function of values
    if values is None or numpy.ma.getmaskarray(values).all():
        return None
    painted: Image = paint(values)
    return painted


def _image(values: Values) -> Image:
    there = ~numpy.ma.getmaskarray(values).all(axis=0)
    bands = [*values.filled(0), numpy.where(there, 255, 0)]
    return numpy.stack(bands, axis=-1).astype(numpy.uint8)


def _grey(values: Values, how: Look) -> Image:
    spread = max(how.lightest - how.darkest, 1e-9)
    shade = ((values[0].filled(how.darkest).astype(float) - how.darkest) / spread * 255).clip(0, 255)
    there = ~numpy.ma.getmaskarray(values)[0]
    return numpy.stack([shade, shade, shade, numpy.where(there, 255, 0)], axis=-1).astype(numpy.uint8)


def _palette(raster: Published, asked: Grid) -> Image | None:
    values = raster_reading.read(raster, asked, bands=(1,), resampling=Resampling.nearest)
    known = raster_reading.palette(raster)

    def paint(found: Values) -> Image:
        table = numpy.array([known.get(value, (0, 0, 0, 0)) for value in range(256)], numpy.uint8)
        painted = table[found[0].filled(0)]
        painted[numpy.ma.getmaskarray(found)[0]] = 0
        return painted

    return _seen(values, paint)


def _relief(raster: Published, asked: Grid) -> Image | None:
    """Tint heights and shade them; a pixel more on each side, so that tiles meet without a line."""
    width, height = (asked.box[2] - asked.box[0]) / asked.width, (asked.box[3] - asked.box[1]) / asked.height
    west, south, east, north = asked.box
    wider = Grid(
        asked.srid,
        (west - width, south - height, east + width, north + height),
        asked.width + 2,
        asked.height + 2,
    )
    values = raster_reading.read(raster, wider, bands=(1,), resampling=Resampling.bilinear)
    return _seen(values, lambda found: _shaded(found[0], _metres(asked, width), _metres(asked, height)))


def _shaded(heights: Values, cell_x_m: float, cell_y_m: float) -> Image:
    there = ~numpy.ma.getmaskarray(heights)
    known = heights.filled(0).astype(float)
    # small scales would look flat
    stretch = max(1.0, (max(cell_x_m, cell_y_m) / 60) ** 0.35)
    east, north = _slope(known, there, 1) * stretch / cell_x_m, -_slope(known, there, 0) * stretch / cell_y_m
    light = (-east * _LIGHT[0] - north * _LIGHT[1] + _LIGHT[2]) / numpy.sqrt(east**2 + north**2 + 1)
    inner, middle = light[1:-1, 1:-1].clip(0, 1), known[1:-1, 1:-1]
    levels = [level for level, _ in _TINTS]
    tints = [numpy.interp(middle, levels, [tint[band] for _, tint in _TINTS]) for band in range(3)]
    shaded = [(tint * (0.5 + 0.7 * inner)).clip(0, 255) for tint in tints]
    return numpy.stack([*shaded, numpy.where(there[1:-1, 1:-1], 255, 0)], axis=-1).astype(numpy.uint8)


def _slope(heights: NDArray[Any], there: NDArray[Any], axis: int) -> NDArray[Any]:  # floats, and booleans
    """Return how much heights rise from a pixel to the next along an axis; flat towards where there is nothing."""
    after, before = numpy.roll(heights, -1, axis), numpy.roll(heights, 1, axis)
    has_after, has_before = numpy.roll(there, -1, axis), numpy.roll(there, 1, axis)
    rise = numpy.where(has_after, after - heights, 0) + numpy.where(has_before, heights - before, 0)
    return rise / numpy.maximum(has_after.astype(int) + has_before, 1)


def _metres(asked: Grid, size: float) -> float:
    """Return a length of the grid's CRS on the ground, in metres."""
    if asked.srid == 3857:
        middle = (asked.box[1] + asked.box[3]) / 2
        return size / math.cosh(middle / 6378137.0)
    return size * _DEGREE_M if CRS.from_epsg(asked.srid).is_geographic else size
