"""TMS with vector tiles, as ROK4 answers; MapServer makes the tiles."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import escape

import orjson

from . import mapserver
from .exchange import Ask, Reply, exception_ows
from .grids import HALF_M, PM, extent
from .layers import EXTENT_CRS84, TMS_LAYERS, TMS_LEVELS


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
    west, south, east, north = extent(3857)
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
        f'<Origin x="{-HALF_M}" y="{HALF_M}"/><TileFormat width="256" height="256"'
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
