"""The ASGI application: routes, errors, and what a process opens and closes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from providers.processes.catalogue import Workshop
from territoire.core import database, logs, registry, settings
from territoire.core.errors import RequestError
from territoire.core.executions import Desk
from territoire.core.settings import Settings
from territoire.core.vocabulary import Vocabulary
from territoire.web import (
    answers,
    arcgis_routes,
    live_style_routes,
    processes_routes,
    qgis_routes,
    records_routes,
    routes,
    tile_routes,
    views,
)
from territoire.web import live_routes as live
from territoire.web import raster_routes as rasters
from territoire.web.api.rendered import Rendered
from territoire.web.catalogue import Catalogue
from territoire.web.compression import Compressed
from territoire.web.executing import Bench
from territoire.web.facades import Facades
from territoire.web.live_routes import LIVE_KINDS, by_kind
from territoire.web.middleware import AddressLimit, CrossOrigin, RequestLog, TrailingSlash
from territoire.web.painters import Painters

_POOL_SIZE = 8
log = structlog.get_logger()


def create() -> Starlette:
    """Build the application from the environment: what uvicorn calls in each process."""
    logs.configure()
    given = settings.load()
    urls = database.urls(given)
    vocabulary = registry.load_vocabulary(given.datasets)
    return build(given, reader_url=urls.reader, submitter_url=urls.submitter, vocabulary=vocabulary)


def build(given: Settings, *, reader_url: str, vocabulary: Vocabulary, submitter_url: str = "") -> Starlette:
    """Build the application on a database; the catalogue is opened by the lifespan."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        catalogue = Catalogue(reader_url, pool_size=_POOL_SIZE)
        await catalogue.open()
        app.state.catalogue = catalogue
        app.state.facades = Facades(given)
        app.state.painters = Painters()
        app.state.desk = Desk(submitter_url)
        app.state.bench = Bench(Workshop(given, patience_s=10.0), takes_jobs=app.state.desk.takes_jobs)
        yield
        app.state.bench.close()
        app.state.desk.close()
        app.state.painters.close()
        app.state.facades.close()
        await catalogue.close()

    app = Starlette(
        routes=_routes(),
        lifespan=lifespan,
        middleware=[Middleware(each) for each in (RequestLog, CrossOrigin, AddressLimit, Compressed, TrailingSlash)],
        exception_handlers={RequestError: _refused, HTTPException: _no_route, Exception: _failed},
    )
    app.router.redirect_slashes = False
    app.state.public_url = given.public_url
    app.state.trusted_proxies = given.trusted_networks
    app.state.vocabulary = vocabulary
    app.state.var = given.var
    app.state.rendered = Rendered()
    app.state.views = views.Views(vocabulary, public_url=given.public_url)
    return app


def _routes() -> list[Route | Mount]:
    collection = "/ogc/collections/{collection}"
    table: list[tuple[str, Callable[[Request], Awaitable[Response]]]] = [
        ("/", routes.home),
        ("/robots.txt", routes.robots),
        ("/favicon.ico", routes.favicon),
        ("/health/live", routes.live),
        ("/health/ready", routes.ready),
        ("/ogc", routes.landing),
        ("/ogc/openapi", routes.definition),
        ("/ogc/conformance", routes.conformance),
        ("/ogc/collections", routes.collections),
        (collection, by_kind(routes.collection, **dict.fromkeys(LIVE_KINDS, live.collection))),
        (f"{collection}/queryables", by_kind(routes.queryables, wfs=live.queryables)),
        (f"{collection}/sortables", by_kind(routes.sortables, wfs=live.sortables)),
        (f"{collection}/schema", by_kind(routes.schema, wfs=live.schema, raster=rasters.schema)),
        (f"{collection}/schema/feature", by_kind(routes.feature_schema, wfs=live.feature_schema)),
        (f"{collection}/items", by_kind(routes.items, wfs=live.items, csw=records_routes.records)),
        (f"{collection}/items/{{key:path}}", by_kind(routes.item, wfs=live.item, csw=records_routes.record)),
        (f"{collection}/tiles", by_kind(tile_routes.collection_tilesets, tms=live.tilesets)),
        (f"{collection}/tiles/{{matrix_set}}", by_kind(tile_routes.collection_tileset, tms=live.one_tileset)),
        (
            f"{collection}/tiles/{{matrix_set}}/{{z}}/{{y}}/{{x}}",
            by_kind(tile_routes.collection_tile, tms=live.vector_tile),
        ),
        (
            f"{collection}/map",
            by_kind(live.no_own, wms=live.map_image, wms_vector=live.map_image, raster=rasters.map_image),
        ),
        (f"{collection}/map/tiles", by_kind(live.no_own, wmts=live.tilesets, raster=rasters.tilesets)),
        (
            f"{collection}/map/tiles/{{matrix_set}}",
            by_kind(live.no_own, wmts=live.one_tileset, raster=rasters.one_tileset),
        ),
        (
            f"{collection}/map/tiles/{{matrix_set}}/{{z}}/{{y}}/{{x}}",
            by_kind(live.no_own, wmts=live.map_tile, raster=rasters.tile),
        ),
        (f"{collection}/coverage", by_kind(rasters.no_coverage, raster=rasters.coverage)),
        (f"{collection}/coverage/domainset", by_kind(rasters.no_coverage, raster=rasters.domainset)),
        (f"{collection}/coverage/rangetype", by_kind(rasters.no_coverage, raster=rasters.rangetype)),
        ("/rasters/{collection}.tif", by_kind(rasters.no_coverage, raster=rasters.file)),
        ("/ogc/tiles", tile_routes.dataset_tilesets),
        ("/ogc/tiles/{matrix_set}", tile_routes.dataset_tileset),
        ("/ogc/tiles/{matrix_set}/{z}/{y}/{x}", tile_routes.dataset_tile),
        ("/ogc/tileMatrixSets", tile_routes.matrix_sets),
        ("/ogc/tileMatrixSets/{matrix_set}", tile_routes.matrix_set),
        ("/tiles.json", tile_routes.dataset_tilejson),
        ("/tiles/{z}/{x}/{y}.mvt", tile_routes.dataset_plain_tile),
        (
            "/tiles/{collection}.json",
            by_kind(tile_routes.collection_tilejson, tms=live.tilejson, raster=rasters.tilejson),
        ),
        ("/tiles/{collection}/{z}/{x}/{y}.png", by_kind(live.no_own, raster=rasters.plain_tile)),
        ("/tiles/{collection}/g{mark}/{z}/{x}/{y}.png", by_kind(live.no_own, raster=rasters.plain_tile)),
        ("/tiles/{collection}/{z}/{x}/{y}.mvt", by_kind(tile_routes.collection_plain_tile, tms=live.vector_tile)),
        ("/tiles/{collection}/g{generation}/{z}/{x}/{y}.mvt", tile_routes.collection_plain_tile),
        *(
            (f"/arcgis{part}/VectorTileServer{below}", handler)
            for part in ("", "/{collection}")
            for below, handler in (
                ("", arcgis_routes.service),
                ("/resources/styles", arcgis_routes.style),
                ("/resources/styles/root.json", arcgis_routes.style),
                ("/tile/{z}/{y}/{x}.pbf", arcgis_routes.tile),
            )
        ),
        ("/styles.json", tile_routes.dataset_style),
        ("/styles/{collection}.json", by_kind(tile_routes.collection_style, tms=live_style_routes.style)),
        ("/styles/{collection}/{path:path}", by_kind(live.no_own, tms=live_style_routes.resource)),
        ("/qgis/territoire.qgz", qgis_routes.whole),
        ("/qgis/connexions.xml", qgis_routes.connection),
        ("/qgis/{collection}.qlr", qgis_routes.layer),
    ]
    static = StaticFiles(directory=Path(__file__).parent / "static")
    gets = (Route(path, endpoint, methods=["GET"]) for path, endpoint in table)
    return [
        *gets,
        *processes_routes.routes(),
        Route(f"{collection}/items", by_kind(routes.posted_items, wfs=live.posted_items), methods=["POST"]),
        Mount("/static", static),
    ]


async def _refused(request: Request, exc: Exception) -> Response:
    if not isinstance(exc, RequestError):
        raise exc
    return routes.refusal(request, exc)


async def _no_route(request: Request, exc: Exception) -> Response:
    if not isinstance(exc, HTTPException):
        raise exc
    error = RequestError(f"{request.method} {request.url.path[:200]}: {exc.detail}", remedy="begin at /ogc or at /")
    error.status = exc.status_code
    error.title = exc.detail
    answer = routes.refusal(request, error)
    # RFC 9110, 15.5.6: a 405 says which methods there are
    answer.headers.update({name: value for name, value in (exc.headers or {}).items() if name == "Allow"})
    return answer


async def _failed(request: Request, exc: Exception) -> Response:
    # the server's own fault: said without its details, which stand in the log
    log.error("request_failed", path=request.url.path, exc_info=exc)
    error = RequestError("the server failed on this request", remedy="tell its operators; the log has the details")
    error.status, error.title = 500, "Internal Server Error"
    return answers.problem(error)
