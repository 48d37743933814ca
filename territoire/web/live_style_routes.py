"""The handlers of the style sheets of live vector tiles, and of the signs and glyphs that they draw with."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from providers.live_tiles import source_layer
from territoire.core.errors import NotFoundError
from territoire.geoplateforme import live_tms
from territoire.query import parameters
from territoire.query.layers import PublishedLayer
from territoire.web import answers, asked, conduct
from territoire.web.cartography import live_styles, styles

__all__ = ["resource", "style"]

_STYLE = {"json": (styles.MEDIA, "application/json")}
#: How long a visitor's client may keep them, in seconds.
_KEEP_S = 3600


async def style(request: Request, layer: PublishedLayer) -> Response:
    """The style sheet that the declaration names."""
    wanted = asked.read(request, offered=_STYLE)
    name, facades = layer.description["style"], conduct.facades(request)
    if not name:
        raise NotFoundError(f"{layer.id} has no style", remedy="its declaration names none: `live: {style: ...}`")
    heard = await facades.run("styles", lambda: live_tms.style(facades.transport, source_layer(layer), name))
    if heard is None:
        raise NotFoundError(f"the Géoplateforme has the style {name} no more", remedy="see its other styles")
    made = conduct.json(
        wanted,
        live_styles.sheet(layer, source_layer(layer), heard.json(), facades.transport.services, base=wanted.base),
        media=styles.MEDIA,
    )
    made.headers.update(facades.headers("styles", heard, keep_s=_KEEP_S))
    return made


async def resource(request: Request, layer: PublishedLayer) -> Response:
    """A sign or a range of glyphs."""
    for name in request.query_params:
        raise parameters.unknown(name, ())
    path, facades = live_styles.resource(layer, request.path_params["path"]), conduct.facades(request)
    heard = await facades.run("styles", lambda: facades.transport.get("styles", path))
    if heard.status == 404:
        raise NotFoundError(f"{layer.id} has no such resource of a style", remedy=f"see /styles/{layer.id}.json")
    return answers.raw(heard.body, media=heard.media, headers=facades.headers("styles", heard, keep_s=_KEEP_S))
