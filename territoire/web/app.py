"""The ASGI application: errors, and what a process opens and closes; its addresses stand in addresses.py."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from providers.processes.catalogue import Workshop
from territoire.core import database, logs, registry, settings
from territoire.core.errors import RequestError
from territoire.core.executions import Desk
from territoire.core.settings import Settings
from territoire.core.vocabulary import Vocabulary
from territoire.web import addresses, answers, routes, views
from territoire.web.api.rendered import Rendered
from territoire.web.catalogue import Catalogue
from territoire.web.compression import Compressed
from territoire.web.executing import Bench
from territoire.web.facades import Facades
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
        routes=addresses.routes(),
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
