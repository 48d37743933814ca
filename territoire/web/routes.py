"""The handlers: each reads its request, chooses JSON or HTML, and leaves the work to api/ or to the pages."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from territoire.core.derive import tileset as derived_tileset
from territoire.core.errors import RequestError
from territoire.core.vocabulary import Vocabulary
from territoire.query import parameters
from territoire.web import answers, asked, caching, negotiate
from territoire.web.answers import OPENAPI
from territoire.web.api import definition as api_definition
from territoire.web.api import documents, tiles
from territoire.web.api import items as api_items
from territoire.web.asked import Asked
from territoire.web.catalogue import Catalogue, away
from territoire.web.views import Views

Handler = Callable[[Request], Awaitable[Response]]


def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    if not catalogue.revision:
        raise away()  # nothing is known yet: the database was away since this process began
    return catalogue


def _vocabulary(request: Request) -> Vocabulary:
    vocabulary: Vocabulary = request.app.state.vocabulary
    return vocabulary


def _views(request: Request) -> Views:
    views: Views = request.app.state.views
    return views


def _json(wanted: Asked, content: dict[str, Any], *, media: str = "application/json") -> Response:  # a JSON document
    return answers.document(content, language=wanted.language, media=media)


def _conditional(handler: Handler) -> Handler:
    """Answer 304 where the client has what is published now, without doing the work; tag the answer otherwise."""

    @functools.wraps(handler)
    async def answer(request: Request) -> Response:
        catalogue: Catalogue = request.app.state.catalogue
        state = catalogue.state
        tag = caching.of_request(request, state)
        if caching.is_current(request.headers.get("if-none-match"), tag):
            return caching.not_modified(tag)
        made = await handler(request)
        # published meanwhile: the answer may be newer than its tag, and goes without
        if made.status_code == 200 and catalogue.state == state:
            made.headers["ETag"] = tag
            is_page = made.headers.get("content-type", "").startswith("text/html")
            made.headers.setdefault("Cache-Control", caching.REVALIDATE if is_page else caching.DOCUMENT)
        return made

    return answer


@_conditional
async def home(request: Request) -> Response:
    """The home page, for people; a search by name with `q`."""
    wanted = asked.read(request, offered={"html": ("text/html",)}, known=("q",))
    return await _views(request).home(wanted, _catalogue(request))


@_conditional
async def robots(request: Request) -> Response:
    """What search engines may read."""
    return PlainTextResponse(_views(request).robots(asked.base(request), _catalogue(request)))


async def favicon(request: Request) -> Response:
    """Where the icon is."""
    return RedirectResponse("/static/favicon.ico", status_code=301)


async def live(request: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


async def ready(request: Request) -> Response:
    """The process can serve: it knows what is published and the database answers."""
    catalogue: Catalogue = request.app.state.catalogue
    if not catalogue.available:
        raise away()
    return PlainTextResponse("ready\n", headers={"Cache-Control": "no-store"})


@_conditional
async def landing(request: Request) -> Response:
    """The landing page of the OGC API."""
    wanted = asked.read(request)
    if wanted.format == "html":
        return await _views(request).pygeoapi(wanted, _catalogue(request), request, "landing")
    return _json(wanted, documents.landing(wanted, _vocabulary(request)))


@_conditional
async def definition(request: Request) -> Response:
    """The API definition; a browser gets the same JSON."""
    wanted = asked.read(request, offered={"json": (OPENAPI.split(";")[0], "application/json", "text/html")})
    return _json(wanted, api_definition.definition(wanted, _catalogue(request).generations), media=OPENAPI)


@_conditional
async def conformance(request: Request) -> Response:
    """The classes of the standards that tests prove."""
    wanted = asked.read(request)
    if wanted.format == "html":
        return await _views(request).pygeoapi(wanted, _catalogue(request), request, "conformance")
    return _json(wanted, documents.conformance(wanted))


@_conditional
async def collections(request: Request) -> Response:
    """All collections."""
    wanted = asked.read(request)
    if wanted.format == "html":
        return await _views(request).pygeoapi(wanted, _catalogue(request), request, "collections")
    generations = _catalogue(request).generations
    return _json(wanted, documents.collections(wanted, generations, _vocabulary(request)))


@_conditional
async def collection(request: Request) -> Response:
    """One collection: its page, or its description."""
    wanted = asked.read(request)
    generation = _catalogue(request).current(request.path_params["collection"])
    if wanted.format == "html":
        return _views(request).collection(wanted, _catalogue(request), generation)
    return _json(wanted, documents.collection(wanted, generation, _vocabulary(request)))


async def items(request: Request) -> Response:
    """A page of features."""
    wanted = asked.read(request, offered=asked.FEATURES, known=None)
    name = request.path_params["collection"]
    catalogue = _catalogue(request)
    if wanted.format == "html":
        return await _items_page(request)
    return await api_items.page(wanted, catalogue, name)


async def item(request: Request) -> Response:
    """One feature."""
    wanted = asked.read(request, offered=asked.FEATURES, known=None)
    name, key = request.path_params["collection"], request.path_params["key"]
    catalogue = _catalogue(request)
    if wanted.format == "html":
        return await _item_page(request)
    return await api_items.one(wanted, catalogue, name, key)


@_conditional
async def _items_page(request: Request) -> Response:
    wanted = asked.read(request, offered=asked.FEATURES, known=None)
    name, catalogue = request.path_params["collection"], _catalogue(request)
    # refused as the JSON would be: pygeoapi lets unknown parameters pass
    parameters.parse(catalogue.current(name).dataset, wanted.pairs)
    return await _views(request).pygeoapi(wanted, catalogue, request, "items", name)


@_conditional
async def _item_page(request: Request) -> Response:
    wanted = asked.read(request, offered=asked.FEATURES, known=None)
    name, key, catalogue = request.path_params["collection"], request.path_params["key"], _catalogue(request)
    catalogue.current(name)
    return await _views(request).pygeoapi(wanted, catalogue, request, "item", name, key)


@_conditional
async def tilesets(request: Request) -> Response:
    """The tilesets of a collection."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    generation = _catalogue(request).current(request.path_params["collection"])
    return _json(wanted, tiles.tilesets(wanted, generation, _vocabulary(request)))


@_conditional
async def tileset(request: Request) -> Response:
    """One tileset's metadata, or its TileJSON by f=tilejson."""
    offered = {"json": ("application/json",), "tilejson": ("application/vnd.mapbox.tile+json",)}
    wanted = asked.read(request, offered=offered)
    generation = _catalogue(request).current(request.path_params["collection"])
    tiles.with_tiles(generation)
    tiles.check_matrix_set(request.path_params["matrix_set"])
    build = tiles.tilejson if wanted.format == "tilejson" else tiles.one_tileset
    return _json(wanted, build(wanted, generation, _vocabulary(request)))


@_conditional
async def tile(request: Request) -> Response:
    """One tile by tile matrix set, matrix, row and column."""
    _no_parameters(request)
    tiles.check_matrix_set(request.path_params["matrix_set"])
    return await plain_tile(request)


@_conditional
async def plain_tile(request: Request) -> Response:
    """One tile by z, x and y."""
    _no_parameters(request)
    given = request.path_params
    return await tiles.tile(
        _catalogue(request),
        given["collection"],
        z=given["z"],
        x=given["x"],
        y=given["y"],
        generation=given.get("generation"),
    )


@_conditional
async def tilejson(request: Request) -> Response:
    """TileJSON of a collection."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    generation = _catalogue(request).current(request.path_params["collection"])
    return _json(wanted, tiles.tilejson(wanted, generation, _vocabulary(request)))


@_conditional
async def matrix_sets(request: Request) -> Response:
    """The tile matrix sets."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    return _json(wanted, tiles.matrix_sets(wanted))


@_conditional
async def matrix_set(request: Request) -> Response:
    """One tile matrix set."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    tiles.check_matrix_set(request.path_params["matrix_set"])
    return _json(wanted, derived_tileset.tile_matrix_set())


def refusal(request: Request, error: RequestError) -> Response:
    """Answer a refusal as a page to a browser, as a problem to everyone else."""
    accept = request.headers.get("accept", "")
    try:
        form = negotiate.choose(
            {"json": ("application/problem+json", "application/json"), "html": ("text/html",)},
            f=request.query_params.get("f"),
            accept=accept,
        )
        base = asked.base(request)
        language = negotiate.language(
            lang=request.query_params.get("lang"), accept_language=request.headers.get("accept-language")
        )
    except RequestError:
        return answers.problem(error)
    if form == "html":
        return _views(request).error(base, request.url.path, language, error, request.app.state.catalogue)
    return answers.problem(error)


def _no_parameters(request: Request) -> None:
    for name, value in request.query_params.multi_items():
        if name != "f":
            raise parameters.unknown(name, ["f"])
        if value not in {"mvt", "pbf"}:
            raise RequestError(f"f: {value[:40]!r} is not offered here", remedy="leave it out: tiles are MVT")
