"""WMTS 1.0.0 (KVP), as ROK4 answers; MapServer draws the tiles."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import escape

from . import wms
from .exchange import Ask, Reply, exception_ows
from .grids import TILE, grid_of
from .layers import EXTENT_CRS84, WMTS_LAYERS, ImageLayer

_PIXEL_M = 0.00028


class Wmts:
    """The WMTS of a folder of data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._drawn = lru_cache(maxsize=2_000)(self._draw)

    def answer(self, ask: Ask) -> Reply:
        """Answer one request."""
        asks = ask.parameters
        operation = asks.get("request", "").lower()
        if operation == "getcapabilities":
            return Reply("text/xml", _capabilities(ask.address).encode())
        if operation != "gettile":
            return exception_ows(f"Request {operation} unknown", "OperationNotSupported", "request")
        for name in ("layer", "style", "format", "tilematrixset", "tilematrix", "tilerow", "tilecol"):
            if name not in asks:
                return exception_ows(f"{name.upper()} query parameter missing", "MissingParameterValue", name)
        layer = WMTS_LAYERS.get(asks["layer"])
        if layer is None:
            return exception_ows(f"Layer {escape(asks['layer'])} unknown", "InvalidParameterValue", "layer")
        # PM still answers for layers whose capabilities link PM_0_19
        sets = (layer.matrix_set, "PM") if layer.matrix_set.startswith("PM") else (layer.matrix_set,)
        for name, allowed in (("style", (layer.style,)), ("format", (layer.media,)), ("tilematrixset", sets)):
            if asks[name] not in allowed:
                return exception_ows(f"{name} {escape(asks[name])} unknown", "InvalidParameterValue", name)
        try:
            level, row, column = (int(asks[name]) for name in ("tilematrix", "tilerow", "tilecol"))
        except ValueError:
            return exception_ows("Invalid tile indices", "InvalidParameterValue")
        if level not in layer.levels:
            return exception_ows(f"TileMatrix {level} unknown", "InvalidParameterValue", "tilematrix")
        first_row, last_row, first_column, last_column = grid_of(layer.matrix_set).limits(level)
        if not (first_row <= row <= last_row and first_column <= column <= last_column):
            return exception_ows("No data found", "Not Found", status=404)
        etag = f'"{layer.name}-{level}-{row}-{column}"'
        return Reply(layer.media, self._drawn(layer.name, level, row, column), headers={"ETag": etag})

    def _draw(self, name: str, level: int, row: int, column: int) -> bytes:
        layer = WMTS_LAYERS[name]
        grid = grid_of(layer.matrix_set)
        bbox = ",".join(repr(value) for value in grid.bounds(level, row, column))
        crs = f"EPSG:{grid.srid}"
        drawn = ",".join(layer.drawn)
        return wms.draw(self._folder, drawn, crs=crs, bbox=bbox, size=(TILE, TILE), media=layer.media)


def _capabilities(url: str) -> str:
    sets = {layer.matrix_set: layer.levels for layer in WMTS_LAYERS.values()}
    get = (
        f'<ows:DCP><ows:HTTP><ows:Get xlink:href="{url}"><ows:Constraint name="GetEncoding"><ows:AllowedValues>'
        "<ows:Value>KVP</ows:Value></ows:AllowedValues></ows:Constraint></ows:Get></ows:HTTP></ows:DCP>"
    )
    operations = "".join(
        f'<ows:Operation name="{name}">{get}</ows:Operation>' for name in ("GetCapabilities", "GetTile")
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Capabilities version="1.0.0" xmlns="http://www.opengis.net/wmts/1.0"'
        ' xmlns:ows="http://www.opengis.net/ows/1.1" xmlns:xlink="http://www.w3.org/1999/xlink">'
        "<ows:ServiceIdentification><ows:Title>WMS/WMTS/TMS server</ows:Title><ows:ServiceType>OGC WMTS"
        "</ows:ServiceType><ows:ServiceTypeVersion>1.0.0</ows:ServiceTypeVersion></ows:ServiceIdentification>"
        f"<ows:OperationsMetadata>{operations}</ows:OperationsMetadata><Contents>"
        f"{''.join(_layer(layer) for layer in WMTS_LAYERS.values())}"
        f"{''.join(_matrix_set(name, levels) for name, levels in sets.items())}</Contents></Capabilities>"
    )


def _layer(layer: ImageLayer) -> str:
    west, south, east, north = EXTENT_CRS84
    grid = grid_of(layer.matrix_set)
    limits = "".join(
        "<TileMatrixLimits><TileMatrix>{}</TileMatrix><MinTileRow>{}</MinTileRow><MaxTileRow>{}</MaxTileRow>"
        "<MinTileCol>{}</MinTileCol><MaxTileCol>{}</MaxTileCol></TileMatrixLimits>".format(level, *grid.limits(level))
        for level in layer.levels
    )
    return (
        f"<Layer><ows:Title>{escape(layer.title)}</ows:Title><ows:Abstract>{escape(layer.title)}</ows:Abstract>"
        f"<ows:WGS84BoundingBox><ows:LowerCorner>{west} {south}</ows:LowerCorner><ows:UpperCorner>{east} {north}"
        f"</ows:UpperCorner></ows:WGS84BoundingBox><ows:Identifier>{layer.name}</ows:Identifier>"
        f'<Style isDefault="true"><ows:Title>{layer.style}</ows:Title><ows:Identifier>{layer.style}</ows:Identifier>'
        f"</Style><Format>{layer.media}</Format><TileMatrixSetLink><TileMatrixSet>{layer.matrix_set}</TileMatrixSet>"
        f"<TileMatrixSetLimits>{limits}</TileMatrixSetLimits></TileMatrixSetLink></Layer>"
    )


def _matrix_set(name: str, levels: Iterable[int]) -> str:
    grid = grid_of(name)
    matrices = "".join(
        f"<TileMatrix><ows:Identifier>{level}</ows:Identifier><ScaleDenominator>{grid.pixel(level) / _PIXEL_M:.16f}"
        f"</ScaleDenominator><TopLeftCorner>{grid.left:.16f} {grid.top:.16f}</TopLeftCorner><TileWidth>256</TileWidth>"
        f"<TileHeight>256</TileHeight><MatrixWidth>{grid.matrix(level)[0]}</MatrixWidth>"
        f"<MatrixHeight>{grid.matrix(level)[1]}</MatrixHeight></TileMatrix>"
        for level in levels
    )
    return (
        f"<TileMatrixSet><ows:Identifier>{name}</ows:Identifier><ows:SupportedCRS>{grid.crs}</ows:SupportedCRS>"
        f"{matrices}</TileMatrixSet>"
    )
