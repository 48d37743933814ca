"""Tileset metadata and TileJSON of a dataset, and the arithmetic of WebMercatorQuad."""

from __future__ import annotations

import math
from typing import Any

from territoire.core.derive import schema
from territoire.core.models import Dataset

TMS_ID = "WebMercatorQuad"
TMS_URI = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
MVT = "application/vnd.mapbox-vector-tile"
#: Half the side of the Web Mercator square, in metres (6378137 * pi).
HALF = 20037508.342789244
MAX_ZOOM = 24
Bounds = tuple[float, float, float, float]

_DIMENSIONS = {
    "Point": 0,
    "MultiPoint": 0,
    "LineString": 1,
    "MultiLineString": 1,
    "Polygon": 2,
    "MultiPolygon": 2,
}


def limits(bounds_crs84: Bounds, minzoom: int, maxzoom: int) -> list[dict[str, Any]]:  # a JSON document
    """Return the rows and columns that hold data at each zoom, for bounds in degrees."""
    west, south, east, north = bounds_crs84
    found: list[dict[str, Any]] = []
    for zoom in range(minzoom, maxzoom + 1):
        (left, top), (right, bottom) = _tile_at(west, north, zoom), _tile_at(east, south, zoom)
        found.append(
            {
                "tileMatrix": str(zoom),
                "minTileRow": top,
                "maxTileRow": bottom,
                "minTileCol": left,
                "maxTileCol": right,
            }
        )
    return found


def _tile_at(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    size = 1 << zoom
    clamped = max(-85.0511, min(85.0511, latitude))
    column = (longitude + 180) / 360 * size
    row = (1 - math.asinh(math.tan(math.radians(clamped))) / math.pi) / 2 * size
    return min(size - 1, max(0, int(column))), min(size - 1, max(0, int(row)))


def layer(dataset: Dataset, language: str) -> dict[str, Any]:  # a JSON document
    """Describe the one layer of a dataset's tiles (OGC 20-057, TileSet.layers)."""
    tiles = dataset.tiles
    if tiles is None or dataset.geometry is None:
        raise ValueError(f"{dataset.id} has no tiles")
    described: dict[str, Any] = {
        "id": dataset.id,
        "title": dataset.title.get(language),
        "dataType": "vector",
        "minTileMatrix": str(tiles.minzoom),
        "maxTileMatrix": str(tiles.maxzoom),
        "propertiesSchema": {"type": "object", "properties": schema.properties(dataset, language)},
    }
    if dataset.geometry.type in _DIMENSIONS:
        described["geometryDimension"] = _DIMENSIONS[dataset.geometry.type]
    return described


def tileset(dataset: Dataset, bounds_crs84: Bounds, language: str = "fr") -> dict[str, Any]:  # a JSON document
    """Return the tileset metadata without its links, which depend on who asks."""
    tiles = dataset.tiles
    if tiles is None:
        raise ValueError(f"{dataset.id} has no tiles")
    west, south, east, north = bounds_crs84
    return {
        "title": dataset.title.get(language),
        "description": dataset.abstract.get(language),
        "dataType": "vector",
        "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
        "tileMatrixSetId": TMS_ID,
        "tileMatrixSetURI": TMS_URI,
        "tileMatrixSetLimits": limits(bounds_crs84, tiles.minzoom, tiles.maxzoom),
        "boundingBox": {
            "lowerLeft": [west, south],
            "upperRight": [east, north],
            "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        },
        "centerPoint": {
            "coordinates": [round((west + east) / 2, 5), round((south + north) / 2, 5)],
            "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            "tileMatrix": str(min(tiles.maxzoom, max(tiles.minzoom, 7))),
        },
        "layers": [layer(dataset, language)],
    }


def tilejson(
    dataset: Dataset, bounds_crs84: Bounds, *, template: str, attribution: str, language: str = "fr"
) -> dict[str, Any]:  # a JSON document
    """Return the TileJSON 3.0 of a dataset; `template` is the absolute address with {z}, {x} and {y}."""
    tiles = dataset.tiles
    if tiles is None:
        raise ValueError(f"{dataset.id} has no tiles")
    west, south, east, north = bounds_crs84
    return {
        "tilejson": "3.0.0",
        "name": dataset.title.get(language),
        "description": dataset.abstract.get(language),
        "attribution": attribution,
        "scheme": "xyz",
        "tiles": [template],
        "minzoom": tiles.minzoom,
        "maxzoom": tiles.maxzoom,
        "bounds": [west, south, east, north],
        "center": [round((west + east) / 2, 5), round((south + north) / 2, 5), max(tiles.minzoom, 7)],
        "vector_layers": [
            {
                "id": dataset.id,
                "description": dataset.title.get(language),
                "minzoom": tiles.minzoom,
                "maxzoom": tiles.maxzoom,
                "fields": {column.name: column.title.get(language) for column in dataset.columns},
            }
        ],
    }


def tile_matrix_set() -> dict[str, Any]:  # a JSON document
    """Return the definition of WebMercatorQuad (OGC 17-083r4, annex D.1)."""
    side = 2 * HALF
    return {
        "id": TMS_ID,
        "title": "Google Maps Compatible for the World",
        "uri": TMS_URI,
        "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
        "orderedAxes": ["E", "N"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [
            {
                "id": str(zoom),
                # a pixel is 0.28 mm (clause 6.1)
                "scaleDenominator": side / 256 / (1 << zoom) / 0.00028,
                "cellSize": side / 256 / (1 << zoom),
                "cornerOfOrigin": "topLeft",
                "pointOfOrigin": [-HALF, HALF],
                "matrixWidth": 1 << zoom,
                "matrixHeight": 1 << zoom,
                "tileWidth": 256,
                "tileHeight": 256,
            }
            for zoom in range(MAX_ZOOM + 1)
        ],
    }
