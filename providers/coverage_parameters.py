"""The parameters of a coverage (OGC API Coverages): which part of a raster, how finely, which bands, in which CRS."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyproj import CRS, Transformer
from rasterio.windows import Window

from providers import raster_reading
from providers.map_parameters import named_crs
from providers.raster_reading import Grid, Published
from territoire.core.derive import crs as offered
from territoire.core.derive.tileset import Bounds
from territoire.core.errors import RequestError, TooLargeError
from territoire.query import crs, parameters, values
from territoire.query.model import Crs

__all__ = ["MOST_CELLS", "NAMES", "Part", "axes", "part", "srids"]

#: All that an address may say, beside f and lang.
NAMES = (
    *("bbox", "bbox-crs", "crs", "height", "properties", "scale-axes", "scale-factor", "scale-size"),
    *("subset", "subset-crs", "width"),
)
#: Values that one answer may hold: 4,000 x 4,000 of one band.
MOST_CELLS = 16_000_000
_AXIS = re.compile(r"([A-Za-z]+)\(([^():]+)(?::([^():]+))?\)")
_DEGREES = {"lon": 0, "long": 0, "lat": 1}
_NATIVE = {"e": 0, "x": 0, "n": 1, "y": 1}


@dataclass(frozen=True, slots=True)
class Part:
    """What is asked of a raster: bands by number, and pixels of its own or of a grid in another CRS.

    `size` is rows and columns; `pixels` is a window of the raster, None where `grid` is in another CRS.
    """

    crs: Crs
    bands: tuple[int, ...]
    size: tuple[int, int]
    grid: Grid
    pixels: Window | None


def srids(raster: Published) -> tuple[int, ...]:
    """Return the EPSG codes that a raster is offered in, its own first."""
    return tuple(dict.fromkeys((raster.srid, *offered.OFFERED)))


def axes(raster: Published) -> tuple[str, str]:
    """Return the names of the raster's own axes, eastwards first."""
    return ("Lon", "Lat") if CRS.from_epsg(raster.srid).is_geographic else ("E", "N")


def part(raster: Published, given: Mapping[str, str]) -> Part | None:
    """Read what is asked; None where the raster does not lie; RequestError, or TooLargeError beyond MOST_CELLS."""
    target = named_crs(raster.id, given["crs"], "crs", srids(raster)) if "crs" in given else _own(raster)
    box = _box(raster, given)
    bands = _bands(raster, given.get("properties"))
    if box is None:
        _sizes(given, (1, 1))
        return None
    if target.srid == raster.srid:
        pixels = _pixels(raster, box)
        if pixels is None:
            return None
        size = _sizes(given, (int(pixels.height), int(pixels.width)))
        place = raster.transform
        west, north = place @ (pixels.col_off, pixels.row_off)
        east, south = place @ (pixels.col_off + pixels.width, pixels.row_off + pixels.height)
        grid = Grid(raster.srid, (west, south, east, north), size[1], size[0])
    else:
        pixels, grid = None, _elsewhere(raster, box, target, given)
        size = grid.height, grid.width
    if size[0] * size[1] * len(bands) > MOST_CELLS:
        raise TooLargeError(
            f"{size[1]} x {size[0]} pixels of {len(bands)} bands are more than {MOST_CELLS:,}",
            remedy="ask for a smaller bbox, or for fewer pixels by scale-factor, width or height;"
            " the whole file is the coverage without parameters",
        )
    return Part(target, bands, size, grid, pixels)


@dataclass(frozen=True, slots=True)
class _Box:
    """A box of a CRS, x first; a side that nobody gave is the raster's."""

    srid: int
    bounds: Bounds


def _own(raster: Published) -> Crs:
    return crs.by_srid(raster.srid)


def _box(raster: Published, given: Mapping[str, str]) -> _Box | None:
    """Return the box that bbox and subset say together, None when it is empty."""
    known = srids(raster)
    boxes = [_Box(raster.srid, raster.box)]
    if "bbox" in given:
        named = named_crs(raster.id, given["bbox-crs"], "bbox-crs", known) if "bbox-crs" in given else crs.DEFAULT
        box = parameters.bbox(given["bbox"].split(","), named)
        if box.west > box.east:
            raise RequestError("bbox: west is greater than east", remedy="write west,south,east,north")
        boxes.append(_Box(named.srid, (box.west, box.south, box.east, box.north)))
    if "subset" in given:
        boxes.append(_subset(raster, given))
    box = boxes[-1]
    if len(boxes) == 3:
        if boxes[1].srid != boxes[2].srid:
            raise RequestError("bbox and subset are in different CRSs", remedy="give one of them")
        box = _Box(box.srid, _common(boxes[1].bounds, boxes[2].bounds))
    inside = _common(box.bounds, _extent(raster, box.srid))
    return None if inside[0] > inside[2] or inside[1] > inside[3] else _Box(box.srid, inside)


def _subset(raster: Published, given: Mapping[str, str]) -> _Box:
    """Read subset=E(900000:910000),N(6300000) or subset=Lat(43:44),Lon(5:6); one value is the pixels it lies in."""
    text = given["subset"]
    pieces = [piece.strip() for piece in text.split(",")]
    found = [_AXIS.fullmatch(piece) for piece in pieces]
    names = "Lon, Lat" if axes(raster)[0] == "Lon" else "E, N, or Lon, Lat in degrees"
    if not all(found):
        raise RequestError(f"subset: {text[:80]!r} is not axis(low:high)", remedy=f"subset=Lat(43:44); axes: {names}")
    is_native = any(one and one[1].lower() in _NATIVE for one in found)
    named = given.get("subset-crs")
    chosen = named_crs(raster.id, named, "subset-crs", srids(raster)) if named else None
    srid = chosen.srid if chosen else raster.srid if is_native else 4326
    known = _DEGREES if CRS.from_epsg(srid).is_geographic else _NATIVE
    low, high = list(_extent(raster, srid)[:2]), list(_extent(raster, srid)[2:])
    seen: set[int] = set()
    for one in found:
        axis = known.get(one[1].lower()) if one else None
        if one is None or axis is None or axis in seen:
            raise RequestError(f"subset: {text[:80]!r}: an axis is unknown, or there twice", remedy=f"axes: {names}")
        seen.add(axis)
        low[axis] = _end(one[2], low[axis])
        high[axis] = _end(one[3] if one[3] is not None else one[2], high[axis])
        if low[axis] > high[axis]:
            raise RequestError(f"subset: {one[0][:60]}: the lower end is the greater one", remedy="turn them round")
    return _Box(srid, (low[0], low[1], high[0], high[1]))


def _end(text: str, otherwise: float) -> float:
    return otherwise if text.strip() == "*" else values.number(text.strip(), where="subset")


def _bands(raster: Published, text: str | None) -> tuple[int, ...]:
    if text is None:
        return tuple(range(1, len(raster.names) + 1))
    names = text.split(",")
    for name in names:
        if name not in raster.names or names.count(name) > 1:
            known = ", ".join(raster.names)
            raise RequestError(f"properties: {name[:60]!r} is no band, or there twice", remedy=f"bands: {known}")
    return tuple(raster.names.index(name) + 1 for name in names)


def _extent(raster: Published, srid: int) -> Bounds:
    return raster.box if srid == raster.srid else crs.extent_in(raster.box, raster.srid, srid)


def _common(one: Bounds, other: Bounds) -> Bounds:
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])


def _moved(bounds: Bounds, source: int, target: int) -> Bounds:
    if source == target:
        return bounds
    west, south, east, north = Transformer.from_crs(source, target, always_xy=True).transform_bounds(
        *bounds, densify_pts=101
    )
    return west, south, east, north


def _pixels(raster: Published, box: _Box) -> Window | None:
    """Return the raster's pixels that a box touches; None where it touches none."""
    west, south, east, north = _common(_moved(box.bounds, box.srid, raster.srid), raster.box)
    if west > east or south > north:
        return None
    place = ~raster.transform
    left, top = place @ (west, north)
    right, bottom = place @ (east, south)
    # a line between two pixels belongs to the one after it, as a value of one axis must give one pixel
    columns = _cut(left, right, raster.width)
    rows = _cut(top, bottom, raster.height)
    return Window(columns[0], rows[0], columns[1] - columns[0], rows[1] - rows[0])  # pyright: ignore[reportCallIssue]


def _cut(low: float, high: float, count: int) -> tuple[int, int]:
    first = min(max(math.floor(low + 1e-6), 0), count - 1)
    return first, min(max(math.ceil(high - 1e-6), first + 1), count)


def _elsewhere(raster: Published, box: _Box, target: Crs, given: Mapping[str, str]) -> Grid:
    bounds = _moved(box.bounds, box.srid, target.srid)
    width, height = raster_reading.cell(raster, target.srid)
    # one value of an axis is a pixel, as in the raster's own CRS
    east, south = max(bounds[2], bounds[0] + width), min(bounds[1], bounds[3] - height)
    full = max(1, round((bounds[3] - south) / height)), max(1, round((east - bounds[0]) / width))
    rows, columns = _sizes(given, full)
    return Grid(target.srid, (bounds[0], south, east, bounds[3]), columns, rows)


def _sizes(given: Mapping[str, str], full: tuple[int, int]) -> tuple[int, int]:
    """Return rows and columns: all, or what scale-factor, scale-axes, scale-size, width and height say."""
    asked = [name for name in ("scale-factor", "scale-axes", "scale-size") if name in given]
    if len(asked) > 1 or (asked and {"width", "height"} & given.keys()):
        raise RequestError(f"{asked[0]}: there are several scales", remedy="give one of them")
    if asked == ["scale-factor"]:
        factor = _positive("scale-factor", given["scale-factor"])
        return _scaled(full[0], factor), _scaled(full[1], factor)
    if asked == ["scale-axes"]:
        columns, rows = _by_axis("scale-axes", given["scale-axes"])
        return _scaled(full[0], rows or 1), _scaled(full[1], columns or 1)
    if asked == ["scale-size"]:
        columns, rows = _by_axis("scale-size", given["scale-size"])
    else:
        rows, columns = (_positive(name, given[name]) if name in given else None for name in ("height", "width"))
    return _sized(full, rows, columns)


def _sized(full: tuple[int, int], rows: float | None, columns: float | None) -> tuple[int, int]:
    """Return whole numbers of rows and columns; the one that is not said follows the other."""
    if rows is None and columns is None:
        return full
    if rows is None:
        rows = full[0] * (columns or 1) / full[1]
    if columns is None:
        columns = full[1] * rows / full[0]
    return max(1, round(min(rows, 1e9))), max(1, round(min(columns, 1e9)))


def _scaled(count: int, factor: float) -> int:
    return max(1, round(min(count / factor, 1e9)))


def _by_axis(name: str, text: str) -> Sequence[float | None]:
    """Read what is said of the two axes, eastwards first, None for one of which nothing is said."""
    found: list[float | None] = [None, None]
    for piece in text.split(","):
        one = _AXIS.fullmatch(piece.strip())
        axis = {**_DEGREES, **_NATIVE}.get(one[1].lower()) if one and one[3] is None else None
        if one is None or axis is None or found[axis] is not None:
            raise RequestError(f"{name}: {text[:80]!r} is not axis(number)", remedy=f"write {name}=E(500),N(400)")
        found[axis] = _positive(name, one[2])
    return found


def _positive(name: str, text: str) -> float:
    number = values.number(text.strip(), where=name)
    if number <= 0:
        raise RequestError(f"{name}: {text[:40]!r} is not greater than 0", remedy="write a positive number")
    return number
