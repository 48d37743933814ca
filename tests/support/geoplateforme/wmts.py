"""WMTS 1.0.0 (KVP) and TMS with vector tiles, as ROK4 answers; MapServer draws the tiles."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import escape

import orjson
import pyproj

from . import mapserver, wms
from .exchange import Ask, Reply, exception_ows
from .layers import EXTENT_CRS84, TMS_LAYERS, TMS_LEVELS, WMTS_LAYERS, ImageLayer

_PIXEL_M = 0.00028
_HALF_M = 20037508.342789244
_TILE = 256


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
        side = self.pixel(level) * _TILE
        return max(1, math.ceil(self.size_m[0] / side - 1e-9)), max(1, math.ceil(self.size_m[1] / side - 1e-9))

    def limits(self, level: int) -> tuple[int, int, int, int]:
        """Return first and last row, first and last column that hold data."""
        west, south, east, north = _extent(self.srid)
        side = self.pixel(level) * _TILE
        columns, rows = self.matrix(level)
        return (
            max(0, int((self.top - north) / side)),
            min(rows - 1, int((self.top - south) / side)),
            max(0, int((west - self.left) / side)),
            min(columns - 1, int((east - self.left) / side)),
        )

    def bounds(self, level: int, row: int, column: int) -> tuple[float, float, float, float]:
        """Return west, south, east, north of a tile in the grid's CRS."""
        side = self.pixel(level) * _TILE
        west, north = self.left + column * side, self.top - row * side
        return west, north - side, west + side, north


PM = Grid("EPSG:3857", 3857, -_HALF_M, _HALF_M, 2 * _HALF_M / _TILE, (2 * _HALF_M, 2 * _HALF_M))
LAMB93_5CM = Grid("IGNF:LAMB93", 2154, 0.0, 12_000_000.0, 209715.2, (1_500_000.0, 6_100_000.0))


@lru_cache
def _extent(srid: int) -> tuple[float, float, float, float]:
    return pyproj.Transformer.from_crs(4326, srid, always_xy=True).transform_bounds(*EXTENT_CRS84)


def _grid(matrix_set: str) -> Grid:
    return PM if matrix_set.startswith("PM") else LAMB93_5CM


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
        first_row, last_row, first_column, last_column = _grid(layer.matrix_set).limits(level)
        if not (first_row <= row <= last_row and first_column <= column <= last_column):
            return exception_ows("No data found", "Not Found", status=404)
        etag = f'"{layer.name}-{level}-{row}-{column}"'
        return Reply(layer.media, self._drawn(layer.name, level, row, column), headers={"ETag": etag})

    def _draw(self, name: str, level: int, row: int, column: int) -> bytes:
        layer = WMTS_LAYERS[name]
        grid = _grid(layer.matrix_set)
        bbox = ",".join(repr(value) for value in grid.bounds(level, row, column))
        crs = f"EPSG:{grid.srid}"
        drawn = ",".join(layer.drawn)
        return wms.draw(self._folder, drawn, crs=crs, bbox=bbox, size=(_TILE, _TILE), media=layer.media)


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
    grid = _grid(layer.matrix_set)
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
    grid = _grid(name)
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


class Tms:
    """The TMS of a folder of data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._drawn = lru_cache(maxsize=2_000)(self._draw)

    def answer(self, ask: Ask) -> Reply:
        """Answer with the index, a tileset's description or a tile."""
        parts = ask.path.strip("/").split("/") if ask.path.strip("/") else []
        if not parts:
            return Reply("text/xml", _tms_index(ask.address).encode())
        name = parts[0]
        if name not in TMS_LAYERS:
            return exception_ows(f"Layer {escape(name)} unknown", "Not Found", status=404)
        if len(parts) == 1:
            return Reply("text/xml", _tile_map(ask.address, name).encode())
        if parts[1:] == ["metadata.json"]:
            return Reply("application/json", orjson.dumps(_metadata(ask.address, name)))
        found = re.fullmatch(r"(\d+)/(\d+)/(\d+)\.pbf", "/".join(parts[1:]))
        if found is None:
            return exception_ows("Invalid request", "InvalidParameterValue")
        level, column, row = (int(group) for group in found.groups())
        if level not in TMS_LEVELS[name]:
            return exception_ows("No data found", "Not Found", status=404)
        first_row, last_row, first_column, last_column = PM.limits(level)
        if not (first_row <= row <= last_row and first_column <= column <= last_column):
            return exception_ows("No data found", "Not Found", status=404)
        return Reply("application/x-protobuf", self._drawn(name, level, column, row))

    def _draw(self, name: str, level: int, column: int, row: int) -> bytes:
        answer = mapserver.ask(
            self._folder,
            f"{name}.map",
            {
                "mode": "tile",
                "tilemode": "gmap",
                "tile": f"{column} {row} {level}",
                "layers": " ".join(TMS_LAYERS[name]),
                "map.imagetype": "mvt",
            },
        )
        if "protobuf" not in answer.media and "mapbox" not in answer.media:
            raise ValueError(answer.body.decode(errors="replace"))
        return answer.body


def _tms_index(url: str) -> str:
    maps = "".join(
        f'<TileMap title="{name}" srs="EPSG:3857" profile="none" extension="pbf" href="{url}/{name}"/>'
        for name in TMS_LAYERS
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><TileMapService version="1.0.0" services="{url.rsplit("/", 1)[0]}">'
        f"<Title>WMS/WMTS/TMS server</Title><Abstract/><TileMaps>{maps}</TileMaps></TileMapService>"
    )


def _tile_map(url: str, name: str) -> str:
    west, south, east, north = _extent(3857)
    sets = "".join(
        f'<TileSet href="{url}/{name}/{level}" minrow="{limits[0]}" maxrow="{limits[1]}" mincol="{limits[2]}"'
        f' maxcol="{limits[3]}" units-per-pixel="{PM.pixel(level)}" order="{level}"/>'
        for level in TMS_LEVELS[name]
        for limits in (PM.limits(level),)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><TileMap version="1.0.0" tilemapservice="{url}"><Title>{name}</Title>'
        "<Abstract/><SRS>EPSG:3857</SRS>"
        f'<BoundingBox CRS="EPSG:3857" minx="{west}" maxx="{east}" miny="{south}" maxy="{north}"/>'
        f'<Origin x="{-_HALF_M}" y="{_HALF_M}"/><TileFormat width="256" height="256"'
        f' mime-type="application/x-protobuf" extension="pbf"/><TileSets profile="none">{sets}</TileSets></TileMap>'
    )


def _metadata(url: str, name: str) -> dict[str, object]:
    levels = TMS_LEVELS[name]
    return {
        "name": name,
        "description": name,
        "format": "pbf",
        "minzoom": str(levels[0]),
        "maxzoom": str(levels[-1]),
        "bounds": ",".join(str(value) for value in EXTENT_CRS84),
        "center": "6.0,44.0,10",
        "tiles": [f"{url}/{name}/{{z}}/{{x}}/{{y}}.pbf"],
        "vector_layers": [
            {"id": layer, "minzoom": levels[0], "maxzoom": levels[-1], "fields": {}} for layer in TMS_LAYERS[name]
        ],
    }
