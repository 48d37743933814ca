"""Tileset metadata and TileJSON: of one dataset's tiles, or of several datasets in the same tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from territoire.core.derive import crs, schema
from territoire.core.derive.tilematrixset import Bounds, Tile, TileMatrixSet
from territoire.core.models import Dataset, Tiles

MVT = "application/vnd.mapbox-vector-tile"
#: The zoom of WebMercatorQuad that shows a region whole.
_OVERVIEW = Tiles(minzoom=7, maxzoom=7)
_DIMENSIONS = {
    "Point": 0,
    "MultiPoint": 0,
    "LineString": 1,
    "MultiLineString": 1,
    "Polygon": 2,
    "MultiPolygon": 2,
}

Document = dict[str, Any]  # a JSON document


@dataclass(frozen=True, slots=True)
class Layer:
    """A dataset in tiles, with where it lies: in degrees, and in its own CRS where that is known."""

    dataset: Dataset
    bounds_crs84: Bounds
    bounds_native: Bounds | None = None

    @property
    def tiles(self) -> Tiles:
        """The zooms at which the dataset is offered."""
        if self.dataset.tiles is None:
            raise ValueError(f"{self.dataset.id} has no tiles")
        return self.dataset.tiles

    def bounds(self, grid: TileMatrixSet) -> Bounds | None:
        """Return where the dataset lies in a set's CRS, None if nowhere."""
        geometry = self.dataset.geometry
        if geometry and geometry.srid == grid.srid and self.bounds_native:
            return self.bounds_native
        return grid.project(self.bounds_crs84)


def limits(layers: Sequence[Layer], grid: TileMatrixSet) -> dict[int, tuple[Tile, Tile]]:
    """Return the first and the last tile that hold data, for each matrix at which a layer is offered."""
    found = {matrix: corners(layers, grid, matrix) for matrix in range(grid.deepest + 1)}
    return {matrix: around for matrix, around in found.items() if around}


def corners(layers: Sequence[Layer], grid: TileMatrixSet, matrix: int) -> tuple[Tile, Tile] | None:
    """Return the first and the last tile of one matrix that hold data, None if no layer has any there."""
    around: tuple[Tile, Tile] | None = None
    for layer in layers:
        bounds = layer.bounds(grid) if matrix in grid.matrices(layer.tiles) else None
        own = grid.limits(bounds, matrix) if bounds else None
        if own:
            around = _around(own, around or own)
    return around


def _around(one: tuple[Tile, Tile], other: tuple[Tile, Tile]) -> tuple[Tile, Tile]:
    (first, last), (other_first, other_last) = one, other
    return (
        Tile(first.matrix, min(first.row, other_first.row), min(first.column, other_first.column)),
        Tile(first.matrix, max(last.row, other_last.row), max(last.column, other_last.column)),
    )


def tileset(
    layers: Sequence[Layer], grid: TileMatrixSet, *, title: str, description: str, language: str = "fr"
) -> Document:
    """Return the metadata (OGC 17-083r4, TileSet) without its links, which depend on who asks."""
    offered = limits(layers, grid)
    described: Document = {
        "title": title,
        "description": description,
        "dataType": "vector",
        "crs": crs.uri(grid.srid),
        "tileMatrixSetId": grid.id,
        "tileMatrixSetLimits": [_limits(*corners) for corners in offered.values()],
        "layers": [_layer(layer, grid, language) for layer in layers],
    }
    if grid.uri:
        described["tileMatrixSetURI"] = grid.uri
    bounds = union([found for layer in layers if (found := layer.bounds(grid))])
    if bounds and offered:
        west, south, east, north = (round(value, 3) for value in bounds)
        overview = grid.matrices(_OVERVIEW)[0]
        described["boundingBox"] = {
            "lowerLeft": [west, south],
            "upperRight": [east, north],
            "crs": crs.uri(grid.srid),
            "orderedAxes": ["E", "N"],
        }
        described["centerPoint"] = {
            "coordinates": [round((west + east) / 2, 1), round((south + north) / 2, 1)],
            "crs": crs.uri(grid.srid),
            "tileMatrix": str(min(max(offered), max(min(offered), overview))),
        }
    return described


def _limits(first: Tile, last: Tile) -> Document:
    return {
        "tileMatrix": str(first.matrix),
        "minTileRow": first.row,
        "maxTileRow": last.row,
        "minTileCol": first.column,
        "maxTileCol": last.column,
    }


def union(boxes: Sequence[Bounds]) -> Bounds | None:
    """Return the bounds around all boxes, None where there are none."""
    if not boxes:
        return None
    wests, souths, easts, norths = zip(*boxes, strict=True)
    return min(wests), min(souths), max(easts), max(norths)


def _layer(layer: Layer, grid: TileMatrixSet, language: str) -> Document:
    """Describe a layer of the tiles (OGC 17-083r4, TileSet.layers): named by its dataset's id."""
    dataset, matrices = layer.dataset, grid.matrices(layer.tiles)
    described: Document = {
        "id": dataset.id,
        "title": dataset.title.get(language),
        "dataType": "vector",
        "minTileMatrix": str(matrices[0]),
        "maxTileMatrix": str(matrices[-1]),
        "propertiesSchema": {"type": "object", "properties": schema.properties(dataset, language)},
    }
    if dataset.geometry and dataset.geometry.type in _DIMENSIONS:
        described["geometryDimension"] = _DIMENSIONS[dataset.geometry.type]
    return described


def tilejson(
    layers: Sequence[Layer], *, title: str, description: str, template: str, attribution: str, language: str = "fr"
) -> Document:
    """Return TileJSON 3.0, of WebMercatorQuad; `template` is the absolute address with {z}, {x} and {y}."""
    bounds = union([layer.bounds_crs84 for layer in layers])
    minzoom = min((layer.tiles.minzoom for layer in layers), default=0)
    maxzoom = max((layer.tiles.maxzoom for layer in layers), default=0)
    described: Document = {
        "tilejson": "3.0.0",
        "name": title,
        "description": description,
        "attribution": attribution,
        "scheme": "xyz",
        "tiles": [template],
        "minzoom": minzoom,
        "maxzoom": maxzoom,
    }
    if bounds:
        west, south, east, north = bounds
        middle = [round((west + east) / 2, 5), round((south + north) / 2, 5)]
        described["bounds"] = list(bounds)
        described["center"] = [*middle, min(maxzoom, max(minzoom, _OVERVIEW.minzoom))]
    described["vector_layers"] = [
        {
            "id": layer.dataset.id,
            "description": layer.dataset.title.get(language),
            "minzoom": layer.tiles.minzoom,
            "maxzoom": layer.tiles.maxzoom,
            "fields": {column.name: column.title.get(language) for column in layer.dataset.columns},
        }
        for layer in layers
    ]
    return described
