"""Spatial reference systems as QGIS writes them."""

from __future__ import annotations

import functools
from xml.etree.ElementTree import Element

from pyproj import CRS, Transformer

from territoire.core.derive.tileset import Bounds
from territoire.web.qgis.markup import element

__all__ = ["CRS84", "LAMBERT_93", "WEB_MERCATOR", "bounds_l93", "describe"]

CRS84, LAMBERT_93, WEB_MERCATOR = "OGC:CRS84", "EPSG:2154", "EPSG:3857"


def describe(parent: Element, name: str) -> Element:
    """Add what QGIS reads of a CRS: its WKT, which QGIS 3.22 needs, and its name, by which it finds its own."""
    wkt, title, is_geographic = _known(name)
    described = element(parent, "spatialrefsys")
    element(described, "wkt", wkt)
    element(described, "proj4", "")
    element(described, "srid", name.split(":")[1] if name.startswith("EPSG:") else "0")
    element(described, "authid", name)
    element(described, "description", title)
    element(described, "geographicflag", "true" if is_geographic else "false")
    return described


def bounds_l93(bounds_crs84: Bounds) -> Bounds:
    """Return the Lambert-93 box around a box in degrees."""
    transformer = Transformer.from_crs(CRS84, LAMBERT_93, always_xy=True)
    west, south, east, north = transformer.transform_bounds(*bounds_crs84, densify_pts=21)
    return west, south, east, north


@functools.cache
def _known(name: str) -> tuple[str, str, bool]:
    crs = CRS.from_user_input(name)
    return crs.to_wkt("WKT2_2019"), crs.name, crs.is_geographic
