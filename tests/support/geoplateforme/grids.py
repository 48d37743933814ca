"""The tile matrices: PM (EPSG:3857) and LAMB93_5cm, as the Géoplateforme's WMTS has them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import pyproj

from .layers import EXTENT_CRS84

HALF_M = 20037508.342789244
TILE = 256


@dataclass(frozen=True)
class Grid:
    """A family of tile matrices: each level halves the pixel of the one before."""

    crs: str
    srid: int
    left: float
    top: float
    pixel_m: float
    """Side of a pixel at level 0, in metres."""
    size_m: tuple[float, float]

    def pixel(self, level: int) -> float:
        """Return the side of a pixel of a level, in metres."""
        return self.pixel_m / 2**level

    def matrix(self, level: int) -> tuple[int, int]:
        """Return how many columns and rows a level has."""
        side = self.pixel(level) * TILE
        return max(1, math.ceil(self.size_m[0] / side - 1e-9)), max(1, math.ceil(self.size_m[1] / side - 1e-9))

    def limits(self, level: int) -> tuple[int, int, int, int]:
        """Return first and last row, first and last column that hold data."""
        west, south, east, north = extent(self.srid)
        side = self.pixel(level) * TILE
        columns, rows = self.matrix(level)
        return (
            max(0, int((self.top - north) / side)),
            min(rows - 1, int((self.top - south) / side)),
            max(0, int((west - self.left) / side)),
            min(columns - 1, int((east - self.left) / side)),
        )

    def bounds(self, level: int, row: int, column: int) -> tuple[float, float, float, float]:
        """Return west, south, east, north of a tile in the grid's CRS."""
        side = self.pixel(level) * TILE
        west, north = self.left + column * side, self.top - row * side
        return west, north - side, west + side, north


PM = Grid("EPSG:3857", 3857, -HALF_M, HALF_M, 2 * HALF_M / TILE, (2 * HALF_M, 2 * HALF_M))
LAMB93_5CM = Grid("IGNF:LAMB93", 2154, 0.0, 12_000_000.0, 209715.2, (1_500_000.0, 6_100_000.0))


@lru_cache
def extent(srid: int) -> tuple[float, float, float, float]:
    """Return the extent of all layers in a CRS."""
    return pyproj.Transformer.from_crs(4326, srid, always_xy=True).transform_bounds(*EXTENT_CRS84)


def grid_of(matrix_set: str) -> Grid:
    """Return the grid of a tile matrix set by its name."""
    return PM if matrix_set.startswith("PM") else LAMB93_5CM
