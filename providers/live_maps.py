"""Maps of the Géoplateforme, asked at each request: parameters of OGC API Maps become a GetMap."""

from __future__ import annotations

from collections.abc import Mapping

from providers import map_parameters
from providers.live_tiles import source_layer
from providers.map_parameters import NAMES
from territoire.core.errors import RequestError
from territoire.geoplateforme import live_wms
from territoire.geoplateforme.answers import Answer
from territoire.geoplateforme.live_wms import Wanted
from territoire.geoplateforme.transport import Transport
from territoire.query import crs
from territoire.query.layers import PublishedLayer

__all__ = ["MEDIA", "NAMES", "image", "parse"]

MEDIA = {"png": "image/png", "jpeg": "image/jpeg"}


def image(transport: Transport, layer: PublishedLayer, wanted: Wanted) -> Answer:
    """Return the answer with a map."""
    return live_wms.image(transport, layer.kind, wanted)


def parse(layer: PublishedLayer, given: Mapping[str, str], form: str) -> Wanted:
    """Read the parameters of a map; RequestError for what makes no sense or the source lacks."""
    media = MEDIA[form]
    if media not in layer.description["formats"]:
        raise RequestError(f"f: {layer.id} is not drawn as {form}", remedy="leave f out")
    extent = layer.extent_crs84 or (-180.0, -85.0, 180.0, 85.0)
    drawn = map_parameters.parse(layer.id, given, form, srids=layer.description["srids"], extent_crs84=extent)
    west, south, east, north = drawn.box
    # in degrees by the code that all sources have: the latitude first
    is_flipped = drawn.crs.flipped or drawn.crs is crs.DEFAULT
    return Wanted(
        layer=source_layer(layer),
        style=layer.description["style"],
        crs=f"EPSG:{drawn.crs.srid}",
        box=(south, west, north, east) if is_flipped else drawn.box,
        width=drawn.width,
        height=drawn.height,
        media=media,
        transparent=drawn.transparent,
        background=f"0x{drawn.background}",
    )
