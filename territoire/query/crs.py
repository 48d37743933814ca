"""Which CRS a request names, how its axes run, and a box clipped to where a dataset lies."""

from __future__ import annotations

import functools
import re

from pyproj import CRS, Transformer

from territoire.core.derive import crs as offered
from territoire.core.derive.tileset import Bounds
from territoire.core.errors import RequestError
from territoire.core.models import Dataset
from territoire.query.model import Bbox, Crs

DEFAULT = Crs(uri=offered.CRS84, srid=4326, flipped=False, decimals=7)
_NAMES = re.compile(
    r"^(?:https?://www\.opengis\.net/def/crs/EPSG/\d+(?:\.\d+)*/|\[?EPSG:|urn:ogc:def:crs:EPSG::)(\d+)\]?$"
)
_CRS84 = re.compile(
    r"^(?:https?://www\.opengis\.net/def/crs/OGC/(?:1\.3|0)/|\[?OGC:|urn:ogc:def:crs:OGC:(?:1\.3)?:)CRS84h?\]?$"
)


def parse(text: str, dataset: Dataset, parameter: str) -> Crs:
    """Return the CRS that `text` names (address, CURIE or URN); RequestError if the collection lacks it."""
    if _CRS84.match(text):
        return DEFAULT
    match = _NAMES.match(text)
    if match and len(match[1]) < 8 and int(match[1]) in offered.srids(dataset):
        return by_srid(int(match[1]))
    raise RequestError(
        f"{parameter}: {dataset.id} is not offered in {text[:100]!r}",
        remedy=f"use one of {', '.join(offered.uris(dataset))}",
    )


@functools.cache
def by_srid(srid: int) -> Crs:
    """Return an EPSG code as a CRS, axis order read from the EPSG registry (0.25 ms, hence kept)."""
    definition = CRS.from_epsg(srid)
    flipped = definition.axis_info[0].direction.lower() == "north"
    return Crs(offered.uri(srid), srid, flipped=flipped, decimals=7 if definition.is_geographic else 3)


def clip(bbox: Bbox, *, extent: Bounds, srid: int) -> list[Bbox]:
    """Return the parts of `bbox` that can meet data in `extent` (in `srid`): none, one, or two.

    Clipped so that no corner is transformed that the data's CRS cannot express: a world box has no image in
    Lambert-93. Two parts when the box crosses the antimeridian.
    """
    west, south, east, north = extent if bbox.srid == srid else extent_in(extent, srid, bbox.srid)
    sides = [(bbox.west, bbox.east)]
    if bbox.west > bbox.east:
        sides = [(bbox.west, 180.0), (-180.0, bbox.east)]
    clipped = [
        Bbox(max(left, west), max(bbox.south, south), min(right, east), min(bbox.north, north), bbox.srid)
        for left, right in sides
    ]
    return [part for part in clipped if part.west <= part.east and part.south <= part.north]


@functools.lru_cache(maxsize=512)
def extent_in(extent: Bounds, source: int, target: int) -> Bounds:
    """Return an extent in another CRS (both by EPSG code, x before y), a little wider than it is."""
    transformer = Transformer.from_crs(source, target, always_xy=True)
    west, south, east, north = transformer.transform_bounds(*extent, densify_pts=101)
    if west > east:
        # data on both sides of the antimeridian: any longitude may meet them
        west, east = -180.0, 180.0
    # a little wider: densified bounds are exact to the sampling only
    margin_x, margin_y = (east - west) * 0.01 + 1e-6, (north - south) * 0.01 + 1e-6
    return west - margin_x, south - margin_y, east + margin_x, north + margin_y
