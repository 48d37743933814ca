"""Vector tiles in Lambert-93 as a vector tile service of ArcGIS (REST API, Vector Tile Service).

QGIS and ArcGIS Pro read no tile matrix set but Web Mercator's in any other way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from territoire.core.derive import tileset
from territoire.core.derive.tilematrixset import LAMBERT_93, Bounds
from territoire.core.errors import NotFoundError

__all__ = ["GRID", "STYLES", "described", "styled"]

GRID = LAMBERT_93
#: Where clients look for root.json, below the service.
STYLES = "resources/styles"
_PIXELS = 512
#: Pixels per metre of paper at 96 dpi, by which ArcGIS counts scales.
_PER_METRE = 96 / 0.0254
#: A Lambert-93 of ArcGIS older than the EPSG's number.
_REFERENCE = {"wkid": 102110, "latestWkid": GRID.srid}

Json = dict[str, Any]  # a JSON document


def described(layers: Sequence[tileset.Layer], *, title: str, attribution: str) -> Json:
    """Return the description of the service; from level 0 on, as clients compute all levels from it.

    NotFoundError where nothing lies in Lambert-93.
    """
    around = tileset.union([found for layer in layers if (found := layer.bounds(GRID))])
    if around is None:
        raise NotFoundError(f"nothing lies in {GRID.id}", remedy="use the tiles of web maps: /tiles.json")
    deepest = max(GRID.matrices(layer.tiles)[-1] for layer in layers)
    extent = _extent(around)
    return {
        "currentVersion": 11.1,
        "name": title,
        "copyrightText": attribution,
        "capabilities": "TilesOnly",
        "type": "indexedVector",
        "defaultStyles": STYLES,
        "tiles": ["tile/{z}/{y}/{x}.pbf"],
        "exportTilesAllowed": False,
        "initialExtent": extent,
        "fullExtent": extent,
        "minScale": _level(0)["scale"],
        "maxScale": _level(deepest)["scale"],
        "maxzoom": deepest,
        "tileInfo": {
            "rows": _PIXELS,
            "cols": _PIXELS,
            "dpi": 96,
            "format": "pbf",
            "origin": {"x": GRID.origin[0], "y": GRID.origin[1]},
            "spatialReference": _REFERENCE,
            "lods": [_level(level) for level in range(deepest + 1)],
        },
    }


def styled(sheet: Json) -> Json:
    """Return a style sheet as a service has it: all layers in one source, which is the service."""
    layers = [{**layer, "source": "esri"} for layer in sheet["layers"]]
    sources = {"esri": {"type": "vector", "url": "../../"}}
    return {"version": 8, "name": sheet["name"], "sources": sources, "layers": layers}


def _extent(bounds: Bounds) -> Json:
    west, south, east, north = (round(value, 3) for value in bounds)
    return {"xmin": west, "ymin": south, "xmax": east, "ymax": north, "spatialReference": _REFERENCE}


def _level(level: int) -> Json:
    resolution = GRID.side_m / _PIXELS / (1 << level)
    return {"level": level, "resolution": resolution, "scale": resolution * _PER_METRE}
