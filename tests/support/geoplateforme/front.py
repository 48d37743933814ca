"""One server for all services, by the paths of data.geopf.fr: routes, counts, and misbehaves on request."""

from __future__ import annotations

import asyncio
import re
import threading
import time
import traceback
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from . import altimetry, annexes, csw, navigation, search, vices
from .atom import Atom
from .exchange import Ask, Reply
from .geocoding import Geocoding
from .layers import FEATURE_LAYERS
from .tms import Tms
from .vices import Quotas, Switches
from .wfs import MOST, Temper, Wfs
from .wms import Wms
from .wmts import Wmts

KEY = "cle-d-essai"
#: The services by the beginning of their paths; the first that fits.
_PATHS = (
    ("wfs", r"/(?:private/)?wfs(?:/ows)?"),
    ("wms", r"/(?:private/)?wms-r(?:/wms)?"),
    ("wms_vector", r"/(?:private/)?wms-v(?:/ows)?"),
    ("wmts", r"/(?:private/)?wmts"),
    ("tms", r"/(?:private/)?tms/1\.0\.0"),
    ("csw", r"/csw"),
    ("atom", r"/(?:chunk/|private/)?telechargement"),
    ("completion", r"/geocodage/completion"),
    ("geocoding", r"/geocodage"),
    ("altimetry", r"/altimetrie"),
    ("isochrone", r"/navigation/isochrone"),
    ("itinerary", r"/navigation"),
    ("search", r"/recherche"),
    ("styles", r"/annexes/ressources"),
)
_ROUTES = tuple((name, re.compile(f"({path})(?=/|$)")) for name, path in _PATHS)
Service = Callable[[Ask], Reply]


class Front:
    """The ASGI application; `seen` holds each request that came."""

    def __init__(self, folder: Path, canary: str) -> None:
        self.switches = Switches()
        self.quotas = Quotas()
        self.seen: list[dict[str, Any]] = []
        self._canary = canary
        self._lock = threading.Lock()
        self._services = self._build(folder)

    def _build(self, folder: Path) -> dict[str, Service]:
        wfs, geocoding = Wfs(folder), Geocoding(folder)
        return {
            "wfs": lambda ask: wfs.answer(ask, self._temper()),
            "wms": Wms(folder, "wms").answer,
            "wms_vector": Wms(folder, "wms_vector").answer,
            "wmts": Wmts(folder).answer,
            "tms": Tms(folder).answer,
            "styles": annexes.answer,
            "csw": csw.answer,
            "atom": Atom(
                folder,
                is_evil=lambda: bool(self.switches.get("traversal", "atom")),
                is_spoiled=lambda: bool(self.switches.take("spoiled", "atom")),
            ).answer,
            "geocoding": geocoding.answer,
            "completion": geocoding.answer,
            "altimetry": altimetry.answer,
            "itinerary": navigation.answer,
            "isochrone": navigation.answer,
            "search": search.answer,
        }

    def _temper(self) -> Temper:
        without = self.switches.get("no_key", "wfs", ())
        return Temper(
            most=self.switches.get("truncation", "wfs", MOST),
            fillers=int(self.switches.get("capabilities_mb", "wfs", 0) * vices.FILLERS_PER_MB),
            without_key=frozenset(FEATURE_LAYERS if without is True else without),
            is_inverted=bool(self.switches.get("axis", "wfs", False)),
            is_edited=bool(self.switches.get("edited", "wfs", False)),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        service, root = _service(request.url.path)
        seen = {
            "time": time.time(),
            "service": service,
            "method": request.method,
            "url": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            "status": None,
        }
        with self._lock:
            self.seen.append(seen)
        try:
            response = await self._respond(request, service, root)
        except Exception:
            # a fault of the stand-in is told where the tests' output is read
            traceback.print_exc()
            raise
        seen["status"] = response.status_code
        if self.switches.take("cut", service) and response.status_code == 200:
            await _cut(response, scope, receive, send)
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request, service: str, root: str) -> Response:
        if service not in self._services:
            return Response("Not Found", 404)
        refused = self._refuse(request, service)
        if refused is not None:
            return refused
        delay = self.switches.take("slow", service)
        if delay:
            await asyncio.sleep(delay)
        believed = self._misbehave(service)
        if believed is not None:
            return believed
        if request.url.path.startswith("/private/") and request.query_params.get("apikey") != KEY:
            return Response(vices.HTML, 403, media_type="text/html")
        content_type = request.headers.get("content-type", "")
        host = f"{request.url.scheme}://{request.url.netloc}"
        ask = Ask(
            address=host + root,
            path=request.url.path[len(root) :].lstrip("/"),
            query=request.url.query,
            method=request.method,
            body=await request.body(),
            media=content_type.split(";")[0].strip(),
            content_type=content_type,
        )
        reply = await run_in_threadpool(self._services[service], ask)
        return _response(request, reply)

    def _refuse(self, request: Request, service: str) -> Response | None:
        quota = self.switches.get("quota", service)
        limit = vices.QUOTAS[service] if quota is True else quota
        client = request.client.host if request.client else ""
        if limit is not None:
            rest = self.quotas.retry_after_s(client, service, limit)
            if rest is not None:
                return Response("Too Many Requests", 429, {"Retry-After": str(rest)})
        after = {"Retry-After": str(self.switches.get("retry_after", service, vices.DEFAULTS["retry_after"]))}
        if self.switches.take("busy", service):
            return Response("Too Many Requests", 429, after)
        status = self.switches.take("status", service)
        if status:
            return Response(vices.HTML, status, after if status == 503 else None, media_type="text/html")
        return None

    def _misbehave(self, service: str) -> Response | None:
        take = self.switches.take
        if take("html", service):
            return Response(vices.HTML, media_type="text/html")
        if take("exception", service):
            return Response(vices.EXCEPTION, headers={"Content-Type": "application/xml;charset=UTF-8"})
        if take("bomb", service):
            return Response(vices.BOMB, media_type="application/xml")
        if take("external_entity", service):
            return Response(vices.external_entity(self._canary), media_type="application/xml")
        target = take("redirect", service)
        if target:
            return Response(status_code=302, headers={"Location": self._canary if target is True else target})
        size = take("endless", service)
        if size:
            return StreamingResponse(vices.endless(size), media_type="application/json")
        return None


def _service(path: str) -> tuple[str, str]:
    for name, pattern in _ROUTES:
        found = pattern.match(path)
        if found:
            # the services of one root (geocoding and completion ...) see the same paths
            root = found[1] if name not in ("completion", "isochrone") else "/" + path.split("/")[1]
            return name, root
    return "unknown", path


def _response(request: Request, reply: Reply) -> Response:
    headers = dict(reply.headers)
    if isinstance(reply.body, Path):
        return FileResponse(reply.body, reply.status, headers, media_type=reply.media)
    if headers.get("ETag") and request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(reply.body, reply.status, {"Content-Type": reply.media, **headers})


async def _cut(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Announce the whole body, send half of it and end the connection."""
    body = bytes(response.body) if hasattr(response, "body") else await _collect(response)
    media = response.headers["content-type"].encode()
    headers = [(b"content-length", str(len(body)).encode()), (b"content-type", media)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})


async def _collect(response: Response) -> bytes:
    if isinstance(response, FileResponse):
        return await run_in_threadpool(Path(response.path).read_bytes)
    assert isinstance(response, StreamingResponse)
    iterator: AsyncIterator[Any] = iterate_in_threadpool(iter(response.body_iterator))  # pyright: ignore
    return b"".join([bytes(part) async for part in iterator])
