"""The handlers: each reads its request, chooses JSON or HTML, and leaves the work to api/ or to the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from territoire.core.errors import RequestError
from territoire.query import parameters
from territoire.query.model import Generation
from territoire.web import answers, asked, conduct, negotiate, posted
from territoire.web.answers import OPENAPI
from territoire.web.api import definition as api_definition
from territoire.web.api import documents, schemas
from territoire.web.api import items as api_items
from territoire.web.api.rendered import Rendered
from territoire.web.asked import Asked
from territoire.web.catalogue import Catalogue, away
from territoire.web.views import Views


def _rendered(request: Request) -> Rendered:
    rendered: Rendered = request.app.state.rendered
    return rendered


def _views(request: Request) -> Views:
    views: Views = request.app.state.views
    return views


@conduct.conditional
async def home(request: Request) -> Response:
    """The home page, for people; a search by name with `q`."""
    wanted = asked.read(request, offered={"html": ("text/html",)}, known=("q",))
    return await _views(request).home(wanted, conduct.catalogue(request))


@conduct.conditional
async def robots(request: Request) -> Response:
    """What search engines may read."""
    return PlainTextResponse(_views(request).robots(asked.base(request), conduct.catalogue(request)))


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


@conduct.conditional
async def landing(request: Request) -> Response:
    """The landing page of the OGC API."""
    wanted = asked.read(request)
    if wanted.format == "html":
        return await _views(request).pygeoapi(wanted, conduct.catalogue(request), request, "landing")
    return conduct.json(wanted, documents.landing(wanted, conduct.vocabulary(request)))


@conduct.conditional
async def definition(request: Request) -> Response:
    """The API definition; a browser gets the same JSON."""
    wanted = asked.read(request, offered={"json": (OPENAPI.split(";")[0], "application/json", "text/html")})
    known = conduct.catalogue(request)
    body = _rendered(request).get(
        ("definition", known.revision, wanted.base),
        lambda: api_definition.definition(wanted, known.generations, known.layers),
    )
    return answers.written(body, language=wanted.language, media=OPENAPI)


@conduct.conditional
async def conformance(request: Request) -> Response:
    """The classes of the standards that tests prove."""
    wanted, desk = asked.read(request), request.app.state.desk
    if wanted.format == "html":
        more = {"conformance": documents.classes(takes_jobs=desk.takes_jobs)}
        return await _views(request).pygeoapi(wanted, conduct.catalogue(request), request, "conformance", more=more)
    return conduct.json(wanted, documents.conformance(wanted, takes_jobs=desk.takes_jobs))


@conduct.conditional
async def collections(request: Request) -> Response:
    """All collections."""
    wanted = asked.read(request)
    if wanted.format == "html":
        return await _views(request).pygeoapi(wanted, conduct.catalogue(request), request, "collections")
    known, words = conduct.catalogue(request), conduct.vocabulary(request)
    # the address stands in the links; of its parameters only f and lang are let in
    body = _rendered(request).get(
        ("collections", known.revision, wanted.url, wanted.language),
        lambda: documents.collections(wanted, known.generations, known.layers, words),
    )
    return answers.written(body, language=wanted.language, media="application/json")


@conduct.conditional
async def collection(request: Request) -> Response:
    """One collection: its page, or its description."""
    wanted = asked.read(request)
    found = conduct.catalogue(request).find(request.path_params["collection"])
    if wanted.format == "html":
        return _views(request).collection(wanted, conduct.catalogue(request), found)
    return conduct.json(wanted, documents.collection(wanted, found, conduct.vocabulary(request)))


async def items(request: Request) -> Response:
    """A page of features."""
    wanted = asked.read(request, offered=asked.FEATURES, known=None)
    name = request.path_params["collection"]
    catalogue = conduct.catalogue(request)
    if wanted.format == "html":
        return await _items_page(request)
    return await api_items.page(wanted, catalogue, name)


async def posted_items(request: Request) -> Response:
    """A page of features, asked for by a POST: what is too long for an address (OGC 19-079r2, clause 8)."""
    offered = {name: media for name, media in asked.FEATURES.items() if name != "html"}
    wanted = asked.read(request, offered=offered, known=None)
    wanted = await posted.read(request, wanted, offered=offered)
    return await api_items.page(wanted, conduct.catalogue(request), request.path_params["collection"])


@conduct.conditional
async def queryables(request: Request) -> Response:
    """What filters may name."""
    return await _schema(request, schemas.queryables, "queryables")


@conduct.conditional
async def sortables(request: Request) -> Response:
    """What the order may name."""
    return await _schema(request, schemas.sortables)


@conduct.conditional
async def schema(request: Request) -> Response:
    """What a feature holds."""
    return await _schema(request, schemas.returnables, "schema")


async def feature_schema(request: Request) -> Response:
    """What a feature is in GeoJSON."""
    return await _schema(request, schemas.feature)


async def _schema(
    request: Request,
    build: Callable[[Asked, Generation], dict[str, Any]],  # a JSON document
    page: Literal["queryables", "schema"] | None = None,
) -> Response:
    wanted = asked.read(request, offered=schemas.FORMS if page else schemas.JSON_FORM)
    name, known = request.path_params["collection"], conduct.catalogue(request)
    generation = known.current(name)
    if page and wanted.format == "html":
        return await _views(request).pygeoapi(wanted, known, request, page, name)
    return conduct.json(wanted, build(wanted, generation), media=schemas.MEDIA)


async def item(request: Request) -> Response:
    """One feature."""
    wanted = asked.read(request, offered=asked.FEATURES, known=None)
    name, key = request.path_params["collection"], request.path_params["key"]
    catalogue = conduct.catalogue(request)
    if wanted.format == "html":
        return await _item_page(request)
    return await api_items.one(wanted, catalogue, name, key)


@conduct.conditional
async def _items_page(request: Request) -> Response:
    wanted = asked.read(request, offered=asked.FEATURES, known=None)
    name, catalogue = request.path_params["collection"], conduct.catalogue(request)
    # refused as the JSON would be: pygeoapi lets unknown parameters pass
    parameters.parse(catalogue.current(name).dataset, wanted.pairs)
    return await _views(request).pygeoapi(wanted, catalogue, request, "items", name)


@conduct.conditional
async def _item_page(request: Request) -> Response:
    wanted = asked.read(request, offered=asked.FEATURES, known=None)
    name, key, catalogue = request.path_params["collection"], request.path_params["key"], conduct.catalogue(request)
    api_items.query_of_one(wanted, catalogue.current(name).dataset)
    return await _views(request).pygeoapi(wanted, catalogue, request, "item", name, key)


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
