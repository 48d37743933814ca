"""The handlers of live collections: each asks the Géoplateforme in its own threads and says how old an answer is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from providers import live_features, live_maps, live_tiles
from territoire.core.derive import tileset
from territoire.core.errors import NotFoundError, RequestError
from territoire.geoplateforme.answers import Answer
from territoire.query import parameters, values
from territoire.query.layers import PublishedLayer
from territoire.query.model import Query
from territoire.web import answers, asked, conduct, posted
from territoire.web.api import documents, forms, live_documents, live_forms, schemas
from territoire.web.api import items as api_items
from territoire.web.api import layers as layer_documents
from territoire.web.api.links import Link
from territoire.web.asked import Asked
from territoire.web.facades import Facades

Handler = Callable[[Request], Awaitable[Response]]
LiveHandler = Callable[[Request, PublishedLayer], Awaitable[Response]]
#: How long a visitor's client may keep an answer, in seconds: features move, tiles and maps hardly do.
_KEEP_FEATURES, _KEEP_IMAGES = 60, 3600
LIVE_KINDS = ("wfs", "wmts", "tms", "wms", "wms_vector", "csw")
_FEATURES = {name: media for name, media in asked.FEATURES.items() if name != "html"}


def by_kind(otherwise: Handler, **handlers: LiveHandler) -> Handler:
    """Send a request to the handler of its collection's kind; what has rows here goes to `otherwise`."""

    async def answer(request: Request) -> Response:
        name = request.path_params["collection"]
        layer = conduct.catalogue(request).find_layer(name)
        if layer is None or layer.kind not in handlers:
            return await otherwise(request)
        return await handlers[layer.kind](request, layer)

    return answer


async def collection(request: Request, layer: PublishedLayer) -> Response:
    """One live collection: its page, which says what is known of its source now, or its description."""
    wanted = asked.read(request)
    if wanted.format != "html":
        return await _description(request)
    beat = conduct.facades(request).transport.pulse.last(layer.kind)
    page = conduct.views(request).collection(wanted, conduct.catalogue(request), layer, beat)
    page.headers["Cache-Control"] = "no-cache"
    return page


@conduct.conditional
async def _description(request: Request) -> Response:
    wanted = asked.read(request)
    found = conduct.catalogue(request).find(request.path_params["collection"])
    return conduct.json(wanted, documents.collection(wanted, found, conduct.vocabulary(request)))


async def no_own(request: Request) -> Response:
    """Refuse what only some layers have: maps, their tiles, what a style draws with."""
    name = request.path_params["collection"]
    conduct.catalogue(request).find(name)
    raise NotFoundError(f"{name} has no such resource", remedy=f"see /ogc/collections/{name}")


async def items(request: Request, layer: PublishedLayer) -> Response:
    """A page of live features; people get the JSON's page of pygeoapi."""
    wanted = asked.read(request, offered=asked.FEATURES, known=None)
    if wanted.format == "html":
        return await _page_of_pygeoapi(request, wanted, layer)
    return await _items(request, wanted, layer)


async def posted_items(request: Request, layer: PublishedLayer) -> Response:
    """A page of live features, asked for by a POST."""
    wanted = asked.read(request, offered=_FEATURES, known=None)
    return await _items(request, await posted.read(request, wanted, offered=_FEATURES), layer)


async def item(request: Request, layer: PublishedLayer) -> Response:
    """One live feature."""
    wanted = asked.read(request, offered=asked.FEATURES, known=None)
    text = request.path_params["key"]
    dataset = live_features.dataset_of(layer)
    query = api_items.query_of_one(wanted, dataset)
    missing = NotFoundError(f"{layer.id} has no feature {text[:100]!r}", remedy="look it up in the list of items")
    try:
        key = values.parse(dataset.column(dataset.key), text, where=dataset.key)
    except RequestError as exc:
        raise missing from exc
    if wanted.format == "html":
        return await _page_of_pygeoapi(request, wanted, layer, text)
    facades = conduct.facades(request)
    found, heard = await facades.run("wfs", lambda: live_features.one(facades.transport, layer, key, query))
    if found is None:
        raise missing
    form, generation = forms.FORMS[wanted.format], live_features.as_generation(layer)
    written = live_forms.WRITERS[wanted.format](generation, query, found)
    body = form.one(generation, query, written, _links(wanted, layer))
    headers = {**facades.headers("wfs", heard, keep_s=_KEEP_FEATURES), "Content-Crs": f"<{query.crs.uri}>"}
    return answers.raw(body.encode(), media=form.media, headers=headers)


async def queryables(request: Request, layer: PublishedLayer) -> Response:
    """What filters of live features may name."""
    return _schema(request, layer, schemas.queryables)


async def sortables(request: Request, layer: PublishedLayer) -> Response:
    """What the order of live features may name."""
    return _schema(request, layer, schemas.sortables)


async def schema(request: Request, layer: PublishedLayer) -> Response:
    """What a live feature holds."""
    return _schema(request, layer, schemas.returnables)


async def feature_schema(request: Request, layer: PublishedLayer) -> Response:
    """What a live feature is in GeoJSON."""
    return _schema(request, layer, schemas.feature)


async def tilesets(request: Request, layer: PublishedLayer) -> Response:
    """The tilesets of a layer of tiles."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    return conduct.json(wanted, live_documents.tilesets_of(wanted, layer))


async def one_tileset(request: Request, layer: PublishedLayer) -> Response:
    """One tileset."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    return conduct.json(wanted, live_documents.tileset_of(wanted, layer, request.path_params["matrix_set"]))


async def tilejson(request: Request, layer: PublishedLayer) -> Response:
    """TileJSON of live vector tiles."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    attribution = layer_documents.attribution(layer, conduct.vocabulary(request))
    return conduct.json(wanted, live_documents.tilejson(wanted, layer, attribution))


async def map_tile(request: Request, layer: PublishedLayer) -> Response:
    """One map tile."""
    _known_only(request, ("f",))
    given, facades = request.path_params, conduct.facades(request)
    at = (given["matrix_set"], given["z"], given["y"], given["x"])
    heard = await facades.run("wmts", lambda: live_tiles.map_tile(facades.transport, layer, *at))
    return _tile(facades, layer, heard, heard.media)


async def vector_tile(request: Request, layer: PublishedLayer) -> Response:
    """One vector tile, by either of its addresses."""
    _known_only(request, ("f",))
    given, facades = request.path_params, conduct.facades(request)
    at = (given.get("matrix_set", "WebMercatorQuad"), given["z"], given["y"], given["x"])
    heard = await facades.run("tms", lambda: live_tiles.vector_tile(facades.transport, layer, *at))
    return _tile(facades, layer, heard, tileset.MVT)


async def map_image(request: Request, layer: PublishedLayer) -> Response:
    """A map."""
    offered = {name: (media,) for name, media in live_maps.MEDIA.items()}
    wanted = asked.read(request, offered=offered, known=live_maps.NAMES)
    drawn = live_maps.parse(layer, dict(wanted.pairs), wanted.format)
    facades = conduct.facades(request)
    heard = await facades.run(layer.kind, lambda: live_maps.image(facades.transport, layer, drawn))
    headers = facades.headers(layer.kind, heard, keep_s=_KEEP_IMAGES)
    headers["Content-Crs"] = f"<http://www.opengis.net/def/crs/EPSG/0/{drawn.crs.removeprefix('EPSG:')}>"
    headers["Content-Bbox"] = ",".join(repr(number) for number in drawn.box)
    return answers.raw(heard.body, media=heard.media, headers=headers)


async def _items(request: Request, wanted: Asked, layer: PublishedLayer) -> Response:
    query = _query(wanted, layer)
    facades = conduct.facades(request)
    form, write = forms.FORMS[wanted.format], live_forms.WRITERS[wanted.format]
    generation = live_features.as_generation(layer)

    def work() -> tuple[live_features.Page, tuple[str, ...]]:
        found = live_features.page(facades.transport, layer, query)
        return found, tuple(write(generation, query, feature) for feature in found.features)

    found, texts = await facades.run("wfs", work)
    content = forms.Content(generation, query, texts, found.matched, _links(wanted, layer, found.following))
    headers = {
        **facades.headers("wfs", found.answer, keep_s=_KEEP_FEATURES),
        "Content-Crs": f"<{query.crs.uri}>",
        **forms.headers(form, content),
    }
    return answers.raw(form.page(content).encode(), media=form.media, headers=headers)


def _query(wanted: Asked, layer: PublishedLayer) -> Query:
    if any(name == "cursor" for name, _ in wanted.pairs):
        raise RequestError("cursor: live data have none, they may change between pages", remedy="follow `next`")
    return parameters.parse(live_features.dataset_of(layer), wanted.pairs)


def _schema(request: Request, layer: PublishedLayer, build: Callable[..., Mapping[str, object]]) -> Response:
    wanted = asked.read(request, offered=schemas.JSON_FORM)
    return conduct.json(wanted, dict(build(wanted, live_features.as_generation(layer))), media=schemas.MEDIA)


async def _page_of_pygeoapi(request: Request, wanted: Asked, layer: PublishedLayer, *key: str) -> Response:
    if not key:
        # refused as the JSON would be: pygeoapi lets unknown parameters pass
        _query(wanted, layer)
    known = conduct.catalogue(request)
    what = "item" if key else "items"
    return await conduct.views(request).live(
        wanted, known, request, what, layer.id, *key, facades=conduct.facades(request)
    )


def _links(wanted: Asked, layer: PublishedLayer, following: int | None = None) -> list[Link]:
    known = {**{name: form.media for name, form in forms.FORMS.items()}, "html": "text/html"}
    return live_documents.page_links(wanted, layer, known, following)


def _tile(facades: Facades, layer: PublishedLayer, heard: Answer, media: str) -> Response:
    headers = {**facades.headers(layer.kind, heard, keep_s=_KEEP_IMAGES), "Vary": "Accept-Encoding"}
    if heard.status == 404 or not heard.body:
        return Response(status_code=204, headers=headers)
    return Response(heard.body, media_type=media, headers=headers)


def _known_only(request: Request, known: tuple[str, ...]) -> None:
    for name in request.query_params:
        if name not in known:
            raise parameters.unknown(name, known)
