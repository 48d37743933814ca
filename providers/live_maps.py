"""Maps of the Géoplateforme, asked at each request: parameters of OGC API Maps become a GetMap."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pyproj import Transformer

from providers.live_tiles import source_layer
from territoire.core.errors import RequestError
from territoire.geoplateforme import live_wms
from territoire.geoplateforme.answers import Answer
from territoire.geoplateforme.live_wms import Wanted
from territoire.geoplateforme.transport import Transport
from territoire.query import crs, parameters
from territoire.query.layers import PublishedLayer
from territoire.query.model import Crs

__all__ = ["MEDIA", "NAMES", "image", "parse"]

NAMES = ("bbox", "bbox-crs", "bgcolor", "crs", "f", "height", "lang", "transparent", "width")
MEDIA = {"png": "image/png", "jpeg": "image/jpeg"}
_WIDTH = 1024
#: What one map may cost, in pixels of a side; the source allows 10,000.
_LARGEST = 4096
_CODE = re.compile(
    r"(?:https?://www\.opengis\.net/def/crs/EPSG/[0-9.]+/|\[?EPSG:|urn:ogc:def:crs:EPSG::)([0-9]{4,6})\]?"
)
_CRS84 = re.compile(
    r"(?:https?://www\.opengis\.net/def/crs/OGC/(?:1\.3|0)/|\[?OGC:|urn:ogc:def:crs:OGC:(?:1\.3)?:)CRS84\]?"
)


def image(transport: Transport, layer: PublishedLayer, wanted: Wanted) -> Answer:
    """Return the answer with a map."""
    return live_wms.image(transport, layer.kind, wanted)


def parse(layer: PublishedLayer, given: Mapping[str, str], form: str) -> Wanted:
    """Read the parameters of a map (OGC 20-058); RequestError for what makes no sense or the source lacks."""
    media = MEDIA[form]
    if media not in layer.description["formats"]:
        raise RequestError(f"f: {layer.id} is not drawn as {form}", remedy="leave f out")
    target = _crs(layer, given["crs"], "crs") if "crs" in given else crs.DEFAULT
    west, south, east, north = _box(layer, given, target)
    width, height = _size(given, (east - west) / (north - south))
    return Wanted(
        layer=source_layer(layer),
        style=layer.description["style"],
        # in degrees by the code that all sources have: the latitude first
        crs=f"EPSG:{target.srid}",
        box=(south, west, north, east) if target.flipped or target is crs.DEFAULT else (west, south, east, north),
        width=width,
        height=height,
        media=media,
        transparent=_transparent(given, form),
        background=_colour(given.get("bgcolor")),
    )


def _box(layer: PublishedLayer, given: Mapping[str, str], target: Crs) -> tuple[float, float, float, float]:
    """Return west, south, east, north in the CRS of the map."""
    if "bbox" in given:
        named = _crs(layer, given["bbox-crs"], "bbox-crs") if "bbox-crs" in given else crs.DEFAULT
        box = parameters.bbox(given["bbox"].split(","), named)
        bounds = box.west, box.south, box.east, box.north
    else:
        named, bounds = crs.DEFAULT, layer.extent_crs84 or (-180.0, -85.0, 180.0, 85.0)
    if bounds[0] >= bounds[2] or bounds[1] >= bounds[3]:
        raise RequestError("bbox: a map needs an area, west of its east", remedy="write west,south,east,north")
    if named.srid == target.srid:
        return bounds
    moved = Transformer.from_crs(named.srid, target.srid, always_xy=True).transform_bounds(*bounds, densify_pts=21)
    if not all(abs(number) < float("inf") for number in moved):
        raise RequestError(f"bbox: it has no image in EPSG:{target.srid}", remedy="give a box within its area")
    return moved[0], moved[1], moved[2], moved[3]


def _size(given: Mapping[str, str], ratio: float) -> tuple[int, int]:
    width = _side("width", given["width"]) if "width" in given else None
    height = _side("height", given["height"]) if "height" in given else None
    if width is None and height is None:
        width = _WIDTH
    if width is None:
        width = round((height or _WIDTH) * ratio)
    if height is None:
        height = round(width / ratio)
    return min(max(width, 1), _LARGEST), min(max(height, 1), _LARGEST)


def _side(name: str, text: str) -> int:
    if not re.fullmatch(r"0*[1-9][0-9]{0,3}", text) or int(text) > _LARGEST:
        raise RequestError(f"{name}: {text[:40]!r} is not a number of pixels", remedy=f"1 to {_LARGEST}")
    return int(text)


def _transparent(given: Mapping[str, str], form: str) -> bool:
    text = given.get("transparent", "true" if form == "png" and "bgcolor" not in given else "false").lower()
    if text not in {"true", "false"}:
        raise RequestError(f"transparent: {text[:40]!r} is neither true nor false", remedy="write transparent=true")
    return text == "true" and form == "png"


def _colour(text: str | None) -> str:
    found = re.fullmatch(r"(?:0x|#)?([0-9A-Fa-f]{6})", text or "FFFFFF")
    if found is None:
        raise RequestError(f"bgcolor: {(text or '')[:40]!r} is not a colour", remedy="write it as 0xFFFFFF")
    return f"0x{found[1].upper()}"


def _crs(layer: PublishedLayer, text: str, parameter: str) -> Crs:
    if _CRS84.fullmatch(text):
        return crs.DEFAULT
    found = _CODE.fullmatch(text)
    known: list[Any] = layer.description["srids"]
    if found and int(found[1]) in known:
        return crs.by_srid(int(found[1]))
    raise RequestError(
        f"{parameter}: {layer.id} is not offered in {text[:100]!r}",
        remedy=f"use CRS84 or one of {', '.join(f'EPSG:{srid}' for srid in known)}",
    )
