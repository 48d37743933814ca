"""Reads a published raster: any grid of it in any CRS, from the overview that is just fine enough."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import rasterio
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.errors import RasterioIOError
from rasterio.transform import Affine, array_bounds, from_bounds
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from territoire.core.derive.tileset import Bounds
from territoire.core.errors import GoneError
from territoire.query import crs
from territoire.query.layers import PublishedLayer

#: Files that a thread keeps open, each at one of its levels.
_OPEN = 8

Values = numpy.ma.MaskedArray[Any, Any]  # bands, rows, columns of any type of pixel


@dataclass(frozen=True, slots=True)
class Published:
    """A raster's file with what its description says of it; boxes are west, south, east, north."""

    id: str
    path: Path
    srid: int
    transform: Affine
    width: int
    height: int
    nodata: float | None
    has_palette: bool
    names: tuple[str, ...]
    overviews: tuple[int, ...]

    @property
    def box(self) -> Bounds:
        """Where it lies, in its own CRS."""
        west, south, east, north = array_bounds(self.height, self.width, self.transform)
        return west, south, east, north


@dataclass(frozen=True, slots=True)
class Grid:
    """Pixels that are asked for: a box (x first) of a CRS, and how many columns and rows it is cut into."""

    srid: int
    box: Bounds
    width: int
    height: int


def of_layer(layer: PublishedLayer, folder: Path) -> Published:
    """Return the file of a published layer below `folder`, TERRITOIRE_VAR."""
    said = layer.description
    return Published(
        id=layer.id,
        path=folder / said["file"],
        srid=said["srid"],
        transform=Affine(*said["transform"]),
        width=said["width"],
        height=said["height"],
        nodata=said["nodata"],
        has_palette=said["palette"],
        names=names(said),
        overviews=tuple(said["overviews"]),
    )


def read(raster: Published, asked: Grid, *, bands: Sequence[int], resampling: Resampling) -> Values | None:
    """Return a grid's values, masked where there is none; None where the raster does not lie."""
    inner = _met(raster, asked)
    if inner is None:
        return None
    cell_x, cell_y = (asked.box[2] - asked.box[0]) / asked.width, (asked.box[3] - asked.box[1]) / asked.height
    west, north = asked.box[0] + inner.col_off * cell_x, asked.box[3] - inner.row_off * cell_y
    place = Affine(cell_x, 0, west, 0, -cell_y, north)
    dataset = _opened(raster, _level(raster, asked.srid, place, inner))
    target = CRS.from_epsg(asked.srid)
    size = {"transform": place, "width": int(inner.width), "height": int(inner.height)}
    kind = Resampling.nearest if raster.has_palette else resampling
    with WarpedVRT(dataset, crs=target, resampling=kind, tolerance=0.01, **size) as view:
        part: Values = view.read(list(bands), masked=True)
    if (inner.width, inner.height) == (asked.width, asked.height):
        return part
    whole: Values = numpy.ma.masked_all((len(bands), asked.height, asked.width), part.dtype)
    top, left = int(inner.row_off), int(inner.col_off)
    whole[:, top : top + int(inner.height), left : left + int(inner.width)] = part
    return whole


def window(raster: Published, pixels: Window, size: tuple[int, int], *, bands: Sequence[int]) -> Values:
    """Return a window of the raster's own pixels, as they are; or fewer of them, when `size` says rows and columns."""
    is_whole = size == (int(pixels.height), int(pixels.width))
    coarser = pixels.height / size[0] > 1 and not raster.has_palette
    resampling = Resampling.nearest if is_whole or not coarser else Resampling.average
    read: Values = _opened(raster, -1).read(
        list(bands), window=pixels, out_shape=(len(bands), *size), masked=True, resampling=resampling
    )
    return read


def palette(raster: Published) -> dict[int, tuple[int, int, int, int]]:
    """Return the colours of the values of a raster that has a palette."""
    found: dict[int, tuple[int, int, int, int]] = _opened(raster, -1).colormap(1)
    return found


def cell(raster: Published, srid: int) -> tuple[float, float]:
    """Return how wide and high a pixel of the raster's middle is in the unit of another CRS."""
    west, south, east, north = raster.box
    x, y = (west + east) / 2, (south + north) / 2
    half_x, half_y = raster.transform.a / 2, -raster.transform.e / 2
    corners = x - half_x, y - half_y, x + half_x, y + half_y
    box = transform_bounds(CRS.from_epsg(raster.srid), CRS.from_epsg(srid), *corners)
    return box[2] - box[0], box[3] - box[1]


def names(said: Mapping[str, Any]) -> tuple[str, ...]:  # a JSON document
    """Return the names of the bands that a description tells of."""
    bands = said["bands"]
    if len(bands) == 1:
        return (str(bands[0]["name"] or "value"),)
    if said["has_alpha"] and len(bands) == 3:
        return ("red", "green", "blue")
    return tuple(str(band["name"] or f"band{number}") for number, band in enumerate(bands, start=1))


def _met(raster: Published, asked: Grid) -> Window | None:
    """Return the pixels of a grid that the raster can meet: beyond them a CRS may have no image of them at all."""
    extent = raster.box if asked.srid == raster.srid else crs.extent_in(raster.box, raster.srid, asked.srid)
    west, south, east, north = asked.box
    box = max(west, extent[0]), max(south, extent[1]), min(east, extent[2]), min(north, extent[3])
    if box[0] >= box[2] or box[1] >= box[3]:
        return None
    place = ~from_bounds(*asked.box, asked.width, asked.height)
    left, top = place @ (box[0], box[3])
    right, bottom = place @ (box[2], box[1])
    first_x, first_y = max(0, int(left + 1e-6)), max(0, int(top + 1e-6))
    last_x, last_y = min(asked.width, int(right + 1 - 1e-6)), min(asked.height, int(bottom + 1 - 1e-6))
    return Window(first_x, first_y, max(1, last_x - first_x), max(1, last_y - first_y))  # pyright: ignore[reportCallIssue]


def _level(raster: Published, srid: int, place: Affine, inner: Window) -> int:
    """Return the coarsest overview that is as fine as what is asked for, -1 for the raster itself."""
    x, y = place @ (inner.width / 2, inner.height / 2)
    corners = x, y + place.e, x + place.a, y
    box = corners
    if srid != raster.srid:
        box = transform_bounds(CRS.from_epsg(srid), CRS.from_epsg(raster.srid), *corners)
    factor = min((box[2] - box[0]) / raster.transform.a, (box[3] - box[1]) / -raster.transform.e)
    coarse = [level for level, one in enumerate(raster.overviews) if one <= factor * 1.01]
    return coarse[-1] if coarse else -1


class _Kept(threading.local):
    """The files of one thread: GDAL lets a dataset be read by one thread at a time."""

    def __init__(self) -> None:
        self.open: OrderedDict[tuple[Path, int], Any] = OrderedDict()  # rasterio has no types


_KEPT = _Kept()


def _opened(raster: Published, level: int) -> Any:  # rasterio has no types
    """Return the raster open at a level; GoneError when its file is no more, as a newer one has been published."""
    known, name = _KEPT.open, (raster.path, level)
    if name in known:
        known.move_to_end(name)
        return known[name]
    options: dict[str, Any] = {} if level < 0 else {"OVERVIEW_LEVEL": level}  # options of GDAL
    try:
        made: Any = rasterio.open(raster.path, driver="GTiff", **options)
    except RasterioIOError as exc:
        raise GoneError(f"{raster.id}: this edition of the raster is no more", remedy="ask again") from exc
    known[name] = made
    while len(known) > _OPEN:
        known.popitem(last=False)[1].close()
    return made
