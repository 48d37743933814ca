"""What every answer passes through: CORS, a limit on addresses, and one line of log a request."""

from __future__ import annotations

import re
import time

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from territoire.core.errors import AddressTooLongError
from territoire.web import answers
from territoire.web.protocol import MAX_ADDRESS

log = structlog.get_logger()
_EXPOSED = "Link, OGC-NumberMatched, OGC-NumberReturned, Content-Crs, ETag, Location, Retry-After, Preference-Applied"
#: POST to items is a long GET and left out: QGIS takes it in Allow for a right to edit (clients.md 1.13).
_METHODS = "GET, HEAD, OPTIONS"
#: What does work is no collection to be edited.
_OTHER_METHODS = (
    (re.compile(r"/ogc/processes/[^/]+/execution/?"), "OPTIONS, POST"),
    (re.compile(r"/ogc/jobs/[^/]+/?"), "DELETE, GET, HEAD, OPTIONS"),
)


class TrailingSlash:
    """Reads /ogc/collections/ as /ogc/collections; a slash that belongs to a key is written %2F and stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on without the slash at its end."""
        if scope["type"] == "http" and len(scope["path"]) > 1 and bytes(scope.get("raw_path", b"")).endswith(b"/"):
            scope = {**scope, "path": scope["path"].rstrip("/") or "/"}
        await self._app(scope, receive, send)


class AddressLimit:
    """Refuses an address that is too long; POST takes the same parameters as a form."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 414, or pass the request on."""
        app = self._app
        if scope["type"] == "http" and len(scope.get("raw_path", b"")) + len(scope["query_string"]) > MAX_ADDRESS:
            app = answers.problem(
                AddressTooLongError(
                    f"the address is longer than {MAX_ADDRESS} characters",
                    remedy="POST the parameters of items as a form, or ask a simpler question",
                )
            )
        await app(scope, receive, send)


def _methods(path: str) -> str:
    return next((methods for pattern, methods in _OTHER_METHODS if pattern.fullmatch(path)), _METHODS)


class CrossOrigin:
    """Lets pages of any site read what is public; answers OPTIONS."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer OPTIONS, and add the headers to every other answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            headers = [
                (b"allow", _methods(scope["path"]).encode()),
                (b"access-control-allow-origin", b"*"),
                (b"access-control-allow-methods", b"GET, HEAD, OPTIONS, POST, DELETE"),
                (b"access-control-allow-headers", b"*"),
                (b"access-control-max-age", b"86400"),
            ]
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = MutableHeaders(scope=message)
                added["Access-Control-Allow-Origin"] = "*"
                added["Access-Control-Expose-Headers"] = _EXPOSED
                added["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self._app(scope, receive, sending)


class RequestLog:
    """Writes one line a request: method, path, query, status, bytes, milliseconds; no address of the visitor."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and write its line."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status, size = 500, 0

        async def sending(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                query=scope["query_string"].decode("latin-1")[:500],
                status=status,
                bytes=size,
                ms=round((time.perf_counter() - began) * 1000, 1),
            )
