"""A layer of the WMTS: its tiles laid side by side, and brought to a grid block by block."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy
from pyproj import CRS as Registered
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.warp import reproject, transform_bounds
from rasterio.windows import Window
from rasterio.windows import bounds as window_bounds
from rasterio.windows import transform as window_transform

from etl.raster import images
from etl.raster.blocks import Making, Pixels
from etl.raster.target import Bounds, Target
from territoire.core.errors import SourceError
from territoire.geoplateforme import live_wmts
from territoire.geoplateforme.transport import Transport

#: Requests under way at a time.
_AT_A_TIME = 4
#: Pixels around a block that its edge is computed from.
_MARGIN = 4

Json = dict[str, Any]  # a JSON document


@dataclass(frozen=True, slots=True)
class _Matrix:
    """One matrix of tiles of a layer: `origin` is its top left corner, x first, `cell` the side of a pixel."""

    set: str
    id: str
    srid: int
    origin: tuple[float, float]
    cell: float
    side: tuple[int, int]
    rows: range
    columns: range


def making(target: Target, transport: Transport, name: str) -> Making:
    """Return what makes the blocks of a grid from the tiles that are just fine enough."""
    described = live_wmts.describe(transport, name, None)
    matrix = _matrix(described, target)

    def tile(at: tuple[int, int]) -> Pixels | None:
        address = live_wmts.Address(
            name, described["style"], described["media"], matrix.set, matrix.id, row=at[0], column=at[1]
        )
        answer = live_wmts.tile(transport, address)
        # the layer has no tile there
        return images.decode(answer.body, matrix.side, "wmts") if answer.status == 200 and answer.body else None

    def make(window: Window) -> Pixels:
        box = transform_bounds(target.crs, CRS.from_epsg(matrix.srid), *_widened(window, target), densify_pts=21)
        rows, columns = _met(matrix, box)
        made = numpy.zeros((4, int(window.height), int(window.width)), numpy.uint8)
        if not rows or not columns:
            return made
        laid = numpy.zeros((4, len(rows) * matrix.side[0], len(columns) * matrix.side[1]), numpy.uint8)
        wanted = [(row, column) for row in rows for column in columns]
        with ThreadPoolExecutor(_AT_A_TIME) as threads:
            for (row, column), pixels in zip(wanted, threads.map(tile, wanted), strict=True):
                if pixels is not None:
                    top, left = (row - rows[0]) * matrix.side[0], (column - columns[0]) * matrix.side[1]
                    laid[:, top : top + matrix.side[0], left : left + matrix.side[1]] = pixels
        _bring(laid, _corner(matrix, rows[0], columns[0]), matrix.srid, made, window, target)
        return made

    return make


def _bring(laid: Pixels, place: Affine, srid: int, made: Pixels, window: Window, target: Target) -> None:
    """Bring the tiles to the block's grid; the last band says where there is something."""
    reproject(
        laid,
        made,
        src_transform=place,
        src_crs=CRS.from_epsg(srid),
        src_alpha=4,
        dst_transform=window_transform(window, target.transform),
        dst_crs=target.crs,
        dst_alpha=4,
        resampling=target.resampling,
    )


def _matrix(described: Json, target: Target) -> _Matrix:
    """Choose the set of the grid's own CRS, or web maps', and its coarsest matrix that is as fine as the grid."""
    sets = {one["srid"]: one for one in reversed(described["sets"])}
    chosen = sets.get(target.srid) or sets.get(3857)
    if chosen is None:
        known = ", ".join(f"EPSG:{srid}" for srid in sets)
        raise SourceError(f"wmts: the layer is offered in {known} alone", remedy="declare one of them")
    limits = {one["tileMatrix"]: one for one in chosen["limits"]}
    wanted = _cell(target, chosen["srid"])
    offered = sorted((one for one in chosen["matrices"] if one["id"] in limits), key=lambda one: -one["cellSize"])
    if not offered:
        raise SourceError("wmts: the layer has no tiles", remedy="declare another layer")
    fine = next((one for one in offered if one["cellSize"] <= wanted * 1.01), offered[-1])
    limit, (first, second) = limits[fine["id"]], fine["pointOfOrigin"]
    is_north_first = Registered.from_epsg(chosen["srid"]).axis_info[0].direction.lower() == "north"
    return _Matrix(
        set=chosen["source"],
        id=fine["id"],
        srid=chosen["srid"],
        origin=(second, first) if is_north_first else (first, second),
        cell=fine["cellSize"],
        side=(fine["tileHeight"], fine["tileWidth"]),
        rows=range(limit["minTileRow"], limit["maxTileRow"] + 1),
        columns=range(limit["minTileCol"], limit["maxTileCol"] + 1),
    )


def _cell(target: Target, srid: int) -> float:
    """Return the side of a pixel of the grid's centre, in the unit of another CRS."""
    west, south, east, north = target.bounds
    x, y, half = (west + east) / 2, (south + north) / 2, target.transform.a / 2
    box = transform_bounds(target.crs, CRS.from_epsg(srid), x - half, y - half, x + half, y + half)
    return min(box[2] - box[0], box[3] - box[1])


def _widened(window: Window, target: Target) -> Bounds:
    west, south, east, north = window_bounds(window, target.transform)
    margin = _MARGIN * target.transform.a
    return west - margin, south - margin, east + margin, north + margin


def _met(matrix: _Matrix, box: Bounds) -> tuple[range, range]:
    """Return the rows and columns of the layer that a box meets, none where it lies outside."""
    high, wide = matrix.cell * matrix.side[0], matrix.cell * matrix.side[1]
    top, bottom = (math.floor((matrix.origin[1] - y) / high) for y in (box[3], box[1]))
    left, right = (math.floor((x - matrix.origin[0]) / wide) for x in (box[0], box[2]))
    rows = range(max(top, matrix.rows.start), min(bottom + 1, matrix.rows.stop))
    return rows, range(max(left, matrix.columns.start), min(right + 1, matrix.columns.stop))


def _corner(matrix: _Matrix, row: int, column: int) -> Affine:
    west = matrix.origin[0] + column * matrix.cell * matrix.side[1]
    north = matrix.origin[1] - row * matrix.cell * matrix.side[0]
    return Affine(matrix.cell, 0, west, 0, -matrix.cell, north)
