"""Map tiles of a published raster: which there are, and what each shows."""

from __future__ import annotations

import math

from pyproj import CRS

from providers import raster_drawing
from providers.raster_reading import Grid, Published
from territoire.core.derive.tilematrixset import OFFERED, WEB_MERCATOR, Bounds, Tile, TileMatrixSet
from territoire.core.errors import NotFoundError
from territoire.query.layers import PublishedLayer

SIDE = 256

__all__ = ["SIDE", "checked", "deepest", "draw", "grid_named", "limits"]


def grid_named(name: str) -> TileMatrixSet:
    """Return a tile matrix set by its id; NotFoundError names those that are offered."""
    for offered in OFFERED:
        if offered.id == name:
            return offered
    raise NotFoundError(
        f"there is no tile matrix set {name[:60]!r}", remedy=f"use {' or '.join(one.id for one in OFFERED)}"
    )


def deepest(layer: PublishedLayer, grid: TileMatrixSet = WEB_MERCATOR) -> int:
    """Return the last matrix that is offered: the first whose pixels are as small as the raster's, and one more."""
    said = layer.description
    metres = 111_320.0 if CRS.from_epsg(said["srid"]).is_geographic else 1.0
    size = abs(said["transform"][0]) * metres
    if grid is WEB_MERCATOR:
        box = layer.extent_crs84 or grid.clip_crs84
        size /= math.cos(math.radians(min(abs(box[1] + box[3]) / 2, 80)))
    return min(grid.deepest, max(0, math.ceil(math.log2(grid.side_m / SIDE / size))) + 1)


def limits(layer: PublishedLayer, grid: TileMatrixSet) -> dict[int, tuple[Tile, Tile]]:
    """Return the first and the last tile that can hold something, for each matrix that is offered."""
    bounds = _bounds(layer, grid)
    if bounds is None:
        return {}
    found = {matrix: grid.limits(bounds, matrix) for matrix in range(deepest(layer, grid) + 1)}
    return {matrix: corners for matrix, corners in found.items() if corners}


def checked(layer: PublishedLayer, grid: TileMatrixSet, tile: Tile) -> Tile:
    """Return the tile, or NotFoundError where the matrix set has none or the layer is not offered that deep."""
    last = deepest(layer, grid)
    if not 0 <= tile.matrix <= last:
        raise NotFoundError(f"{layer.id} has no tiles at zoom {tile.matrix}", remedy=f"zooms go from 0 to {last}")
    columns, rows = grid.size(tile.matrix)
    if not (0 <= tile.column < columns and 0 <= tile.row < rows):
        raise NotFoundError(
            f"row {tile.row}, column {tile.column} is outside of {grid.id} at zoom {tile.matrix}",
            remedy=f"rows go to {rows - 1}, columns to {columns - 1}",
        )
    return tile


def draw(
    layer: PublishedLayer, raster: Published, grid: TileMatrixSet, tile: Tile, *, side: int = SIDE
) -> bytes | None:
    """Return a tile as PNG, None where nothing is."""
    asked = Grid(grid.srid, grid.envelope(tile), side, side)
    picture = raster_drawing.draw(raster, asked, raster_drawing.look(layer))
    return None if picture is None else raster_drawing.png(picture)


def _bounds(layer: PublishedLayer, grid: TileMatrixSet) -> Bounds | None:
    said = layer.description
    if said["srid"] == grid.srid:
        west, south, east, north = said["extent_native"]
        return west, south, east, north
    return grid.project(layer.extent_crs84) if layer.extent_crs84 else None
