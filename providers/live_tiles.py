"""Tiles of the Géoplateforme, asked at each request: addresses of OGC API Tiles become those of WMTS and TMS."""

from __future__ import annotations

from typing import Any

from territoire.core.errors import NotFoundError
from territoire.core.layers import LiveLayer
from territoire.geoplateforme import live_tms, live_wmts
from territoire.geoplateforme.answers import Answer
from territoire.geoplateforme.transport import Transport
from territoire.query.layers import PublishedLayer

__all__ = ["map_tile", "matrix_set", "source_layer", "vector_tile"]

_QUAD = "WebMercatorQuad"


def source_layer(layer: PublishedLayer) -> str:
    """Return the name of a layer at its source."""
    if not isinstance(layer.declaration, LiveLayer):
        raise TypeError(f"{layer.id} is not live")
    return layer.declaration.live.layer or ""


def matrix_set(layer: PublishedLayer, name: str) -> dict[str, Any]:  # a JSON document
    """Return a tile matrix set of a WMTS layer as its publication described it; NotFoundError names the others."""
    sets = {str(one["id"]): one for one in layer.description["sets"]}
    if name not in sets:
        raise NotFoundError(f"{layer.id} has no tiles in {name[:60]!r}", remedy=f"known: {', '.join(sets)}")
    return sets[name]


def map_tile(
    transport: Transport, layer: PublishedLayer, matrix_set_id: str, matrix: str, row: str, column: str
) -> Answer:
    """Return the answer with a tile, its status 404 where the layer has none; NotFoundError beyond its limits."""
    chosen = matrix_set(layer, matrix_set_id)
    at_row, at_column = _number(layer, row), _number(layer, column)
    limits = next((one for one in chosen["limits"] if one["tileMatrix"] == matrix), None)
    if limits is None or not (
        limits["minTileRow"] <= at_row <= limits["maxTileRow"]
        and limits["minTileCol"] <= at_column <= limits["maxTileCol"]
    ):
        raise _beyond(layer)
    said = layer.description
    address = live_wmts.Address(
        layer=source_layer(layer),
        style=said["style"],
        media=said["media"],
        matrix_set=chosen["source"],
        matrix=matrix,
        row=at_row,
        column=at_column,
    )
    return live_wmts.tile(transport, address)


def vector_tile(
    transport: Transport, layer: PublishedLayer, matrix_set_id: str, zoom: str, row: str, column: str
) -> Answer:
    """Return the answer with a vector tile of WebMercatorQuad; NotFoundError where there can be none."""
    if matrix_set_id != _QUAD:
        raise NotFoundError(f"{layer.id} has no tiles in {matrix_set_id[:60]!r}", remedy=f"known: {_QUAD}")
    z, y, x = (_number(layer, part) for part in (zoom, row, column))
    said = layer.description
    if not said["minzoom"] <= z <= said["maxzoom"] or max(x, y) >= 1 << z:
        raise _beyond(layer)
    return live_tms.tile(transport, source_layer(layer), z, x, y)


def _number(layer: PublishedLayer, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise _beyond(layer)
    return int(text)


def _beyond(layer: PublishedLayer) -> NotFoundError:
    return NotFoundError(f"{layer.id} has no such tile", remedy="its tilesets say the limits of each tile matrix")
