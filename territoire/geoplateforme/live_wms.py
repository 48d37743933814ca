"""A layer of one of the two WMS, asked at each request: what it offers, and a map."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from owslib.wms import WebMapService

from territoire.core.errors import UpstreamError
from territoire.geoplateforme import answers, xml
from territoire.geoplateforme.answers import Answer
from territoire.geoplateforme.reading import Json
from territoire.geoplateforme.transport import Transport

__all__ = ["Wanted", "describe", "image"]

_BASE = {"SERVICE": "WMS", "VERSION": "1.3.0"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A map in the source's words; `box` is in the axis order of the CRS's authority, sizes in pixels."""

    layer: str
    style: str
    crs: str
    box: tuple[float, float, float, float]
    width: int
    height: int
    media: str
    transparent: bool
    background: str = "0xFFFFFF"


def image(transport: Transport, service: str, wanted: Wanted) -> Answer:
    """Return a map; OutageError when what came is no image."""
    params = {
        **_BASE,
        "REQUEST": "GetMap",
        "LAYERS": wanted.layer,
        "STYLES": wanted.style,
        "CRS": wanted.crs,
        "BBOX": ",".join(repr(number) for number in wanted.box),
        "WIDTH": str(wanted.width),
        "HEIGHT": str(wanted.height),
        "FORMAT": wanted.media,
        "TRANSPARENT": str(wanted.transparent).upper(),
        "BGCOLOR": wanted.background,
    }
    return transport.get(service, params=params, check=lambda answer: answers.check_media(answer, service, "image/"))


def describe(transport: Transport, service: str, name: str, style: str | None) -> Json:
    """Return what serving a layer needs: extent, CRS, formats and style; UpstreamError when it is not there."""
    answer = transport.get(service, params={**_BASE, "REQUEST": "GetCapabilities"}, fresh_s=3600)
    known = WebMapService(answer.url, version="1.3.0", xml=xml.guard(answer.body, service=service))
    layer: Any = known.contents.get(name)  # OWSLib has no types
    if layer is None:
        raise UpstreamError(
            f"{service}: the Géoplateforme has no layer {name}",
            remedy="look for its name: territoire geoplateforme search",
        )
    if style is not None and style not in layer.styles:
        raise UpstreamError(f"{service}: {name} has no style {style}", remedy=f"known: {', '.join(layer.styles)}")
    formats = [str(one) for one in known.getOperationByName("GetMap").formatOptions]
    srids = {int(found[1]) for crs in layer.crsOptions if (found := re.fullmatch(r"EPSG:([0-9]{4,6})", str(crs)))}
    return {
        "extent_crs84": list(layer.boundingBoxWGS84 or (-180.0, -85.0, 180.0, 85.0)),
        "srids": sorted(srids),
        "formats": [one for one in formats if one in {"image/png", "image/jpeg"}],
        # an empty style is the default one everywhere; `normal` is refused by some layers
        "style": style or "",
        "is_queryable": bool(layer.queryable),
    }
