"""The tile matrix sets that are offered, and the arithmetic of their tiles."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from pyproj import Transformer

from territoire.core.derive import crs
from territoire.core.models import Localised, Tiles

Bounds = tuple[float, float, float, float]

#: Half the side of the Web Mercator square, in metres (6378137 * pi).
HALF = 20037508.342789244
_TILE_PIXELS = 256
#: Metres of a pixel of the standards (OGC 17-083r4, 6.1): what makes a cell size a scale.
_PIXEL_M = 0.00028


@dataclass(frozen=True, slots=True)
class Tile:
    """The address of a tile: its matrix, its row from the top, its column from the left."""

    matrix: int
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class TileMatrixSet:
    """Grids of tiles in one CRS with one top left corner, each twice as fine as the one before.

    `one_column` and `one_row` are the last matrices with a single column and a single row; from there they double.
    `finer` is how many matrices further the cells are as small on the ground as those of a WebMercatorQuad zoom.
    `clip_crs84` is where the CRS is sound, in degrees. `uri` is None where no register has the set.
    """

    id: str
    title: Localised
    srid: int
    origin: tuple[float, float]
    side_m: float
    deepest: int
    one_column: int
    one_row: int
    finer: int
    clip_crs84: Bounds
    uri: str | None = None
    scale_set: str | None = None

    def size(self, matrix: int) -> tuple[int, int]:
        """Return how many columns and rows a matrix has."""
        return 1 << max(0, matrix - self.one_column), 1 << max(0, matrix - self.one_row)

    def envelope(self, tile: Tile, *, margin: float = 0) -> Bounds:
        """Return west, south, east and north of a tile, widened by a share of its side."""
        side = self.side_m / (1 << tile.matrix)
        west, north = self.origin[0] + tile.column * side, self.origin[1] - tile.row * side
        edge = margin * side
        return west - edge, north - side - edge, west + side + edge, north + edge

    def matrices(self, tiles: Tiles) -> range:
        """Return the matrices at which declared zooms of WebMercatorQuad are offered in this set.

        On the ground, as a metre of Web Mercator is 0.7 m in France; zoom 0 means from the first matrix on.
        """
        first = min(self.deepest, tiles.minzoom + self.finer) if tiles.minzoom else 0
        return range(first, min(self.deepest, tiles.maxzoom + self.finer) + 1)

    def project(self, bounds_crs84: Bounds) -> Bounds | None:
        """Return bounds in this set's CRS, None if nothing of them lies where the CRS is sound."""
        west, south, east, north = self.clip_crs84
        clipped = (
            max(bounds_crs84[0], west),
            max(bounds_crs84[1], south),
            min(bounds_crs84[2], east),
            min(bounds_crs84[3], north),
        )
        if clipped[0] > clipped[2] or clipped[1] > clipped[3]:
            return None
        return _projected(clipped, self.srid)

    def limits(self, bounds: Bounds, matrix: int) -> tuple[Tile, Tile] | None:
        """Return the first and the last tile of a matrix that meet bounds in this set's CRS, None if none does."""
        side = self.side_m / (1 << matrix)
        columns, rows = self.size(matrix)
        left, right = (int((x - self.origin[0]) // side) for x in (bounds[0], bounds[2]))
        top, bottom = (int((self.origin[1] - y) // side) for y in (bounds[3], bounds[1]))
        if right < 0 or bottom < 0 or left >= columns or top >= rows:
            return None
        first = Tile(matrix, max(0, top), max(0, left))
        return first, Tile(matrix, min(rows - 1, bottom), min(columns - 1, right))


WEB_MERCATOR = TileMatrixSet(
    id="WebMercatorQuad",
    title=Localised(fr="Mercator du web, compatible avec Google Maps", en="Google Maps Compatible for the World"),
    srid=3857,
    origin=(-HALF, HALF),
    side_m=2 * HALF,
    deepest=24,
    one_column=0,
    one_row=0,
    finer=0,
    clip_crs84=(-180.0, -85.0511, 180.0, 85.0511),
    uri="http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad",
    scale_set="http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
)
#: The corner, cell sizes and numbers of the IGN's LAMB93_5cm (WMTS of the Géoplateforme): 5 cm at matrix 22, so that
#: our tiles lie on its images. Its columns and rows are counted from x 0 to 1,678 km and from y 12,000 to 5,289 km.
LAMBERT_93 = TileMatrixSet(
    id="Lambert93",
    title=Localised(fr="Lambert-93, grille LAMB93_5cm de l'IGN", en="Lambert-93, the IGN's grid LAMB93_5cm"),
    srid=2154,
    origin=(0.0, 12_000_000.0),
    side_m=0.05 * _TILE_PIXELS * (1 << 22),
    deepest=22,
    one_column=5,
    one_row=3,
    finer=1,
    clip_crs84=(-20.0, 35.0, 30.0, 65.0),
)
#: All that are offered, the one that most clients know first.
OFFERED = (WEB_MERCATOR, LAMBERT_93)


@functools.lru_cache(maxsize=1024)
def _projected(bounds_crs84: Bounds, srid: int) -> Bounds:
    transformer = Transformer.from_crs("OGC:CRS84", srid, always_xy=True)
    west, south, east, north = transformer.transform_bounds(*bounds_crs84, densify_pts=101)
    return west, south, east, north


def definition(grid: TileMatrixSet, uri: str, language: str) -> dict[str, Any]:  # a JSON document
    """Return the definition of a set (OGC 17-083r4, TileMatrixSet)."""
    described: dict[str, Any] = {
        "id": grid.id,
        "title": grid.title.get(language),
        "uri": uri,
        "crs": crs.uri(grid.srid),
        "orderedAxes": ["E", "N"],
        "tileMatrices": [_matrix(grid, number) for number in range(grid.deepest + 1)],
    }
    if grid.scale_set:
        described["wellKnownScaleSet"] = grid.scale_set
    return described


def _matrix(grid: TileMatrixSet, number: int) -> dict[str, Any]:  # a JSON document
    cell = grid.side_m / _TILE_PIXELS / (1 << number)
    columns, rows = grid.size(number)
    return {
        "id": str(number),
        "scaleDenominator": cell / _PIXEL_M,
        "cellSize": cell,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": list(grid.origin),
        "matrixWidth": columns,
        "matrixHeight": rows,
        "tileWidth": _TILE_PIXELS,
        "tileHeight": _TILE_PIXELS,
    }
