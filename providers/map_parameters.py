"""The parameters of a map (OGC 20-058), read once for live maps and for rasters."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pyproj import Transformer

from territoire.core.derive.tileset import Bounds
from territoire.core.errors import RequestError
from territoire.query import crs, parameters
from territoire.query.model import Crs

__all__ = ["LARGEST", "NAMES", "Drawn", "named_crs", "parse"]

NAMES = ("bbox", "bbox-crs", "bgcolor", "crs", "f", "height", "lang", "transparent", "width")
_WIDTH = 1024
#: What one map may cost, in pixels of a side.
LARGEST = 4096
_CODE = re.compile(
    r"(?:https?://www\.opengis\.net/def/crs/EPSG/[0-9.]+/|\[?EPSG:|urn:ogc:def:crs:EPSG::)([0-9]{4,6})\]?"
)
_CRS84 = re.compile(
    r"(?:https?://www\.opengis\.net/def/crs/OGC/(?:1\.3|0)/|\[?OGC:|urn:ogc:def:crs:OGC:(?:1\.3)?:)CRS84\]?"
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A map that is asked for: its box is west, south, east, north in `crs`, x first whatever the authority says."""

    crs: Crs
    box: Bounds
    width: int
    height: int
    transparent: bool
    background: str
    """Six hexadecimal digits."""


def parse(name: str, given: Mapping[str, str], form: str, *, srids: Collection[int], extent_crs84: Bounds) -> Drawn:
    """Read the parameters of a map of a layer that is offered in these CRSs; RequestError for what makes no sense."""
    target = named_crs(name, given["crs"], "crs", srids) if "crs" in given else crs.DEFAULT
    west, south, east, north = _box(name, given, target, srids, extent_crs84)
    width, height = _size(given, (east - west) / (north - south))
    return Drawn(
        crs=target,
        box=(west, south, east, north),
        width=width,
        height=height,
        transparent=_transparent(given, form),
        background=_colour(given.get("bgcolor")),
    )


def named_crs(name: str, text: str, parameter: str, srids: Collection[int]) -> Crs:
    """Return the CRS that a parameter names, CRS84 or one of `srids`."""
    if _CRS84.fullmatch(text):
        return crs.DEFAULT
    found = _CODE.fullmatch(text)
    if found and int(found[1]) in srids:
        return crs.by_srid(int(found[1]))
    raise RequestError(
        f"{parameter}: {name} is not offered in {text[:100]!r}",
        remedy=f"use CRS84 or one of {', '.join(f'EPSG:{srid}' for srid in srids)}",
    )


def _box(name: str, given: Mapping[str, str], target: Crs, srids: Collection[int], extent_crs84: Bounds) -> Bounds:
    """Return west, south, east, north in the CRS of the map."""
    if "bbox" in given:
        named = named_crs(name, given["bbox-crs"], "bbox-crs", srids) if "bbox-crs" in given else crs.DEFAULT
        box = parameters.bbox(given["bbox"].split(","), named)
        bounds = box.west, box.south, box.east, box.north
    else:
        named, bounds = crs.DEFAULT, extent_crs84
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
    return min(max(width, 1), LARGEST), min(max(height, 1), LARGEST)


def _side(name: str, text: str) -> int:
    if not re.fullmatch(r"0*[1-9][0-9]{0,3}", text) or int(text) > LARGEST:
        raise RequestError(f"{name}: {text[:40]!r} is not a number of pixels", remedy=f"1 to {LARGEST}")
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
    return found[1].upper()
