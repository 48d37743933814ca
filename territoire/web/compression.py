"""Content encodings: zstd, br and gzip by Accept-Encoding, compressed in a thread, never on the event loop."""

from __future__ import annotations

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import Callable

import brotli
import zstandard
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from territoire.web import negotiate

#: Below this, an encoding saves less than it costs.
_SMALLEST = 1024
_KINDS = ("text/", "application/json", "application/geo+json", "application/vnd.", "application/problem+json")
_MORE_KINDS = ("application/schema+json", "application/fg+json", "image/svg+xml", "application/xml", "text/javascript")
#: Prepared variants of documents, by tag and encoding; the oldest goes first.
_KEPT_BYTES = 16 * 2**20


def _gzip(body: bytes) -> bytes:
    # level 1: a page of 1,000 features in 5 ms; level 9 takes 20 times as long for a tenth less
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def _brotli(body: bytes) -> bytes:
    return bytes(brotli.compress(body, quality=4))


def _zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=3).compress(body)


#: By preference, where the client has none.
ENCODINGS: dict[str, Callable[[bytes], bytes]] = {"zstd": _zstd, "br": _brotli, "gzip": _gzip}


def choose(accept_encoding: str | None) -> str | None:
    """Return the encoding to use (RFC 9110, 12.5.3), None for the body as it is."""
    if not accept_encoding:
        return None
    ranges = dict(negotiate.ranges(accept_encoding))
    star = ranges.get("*", 0.0)
    weights = {name: ranges.get(name, star) for name in ENCODINGS}
    best = max(weights, key=lambda name: weights[name])
    identity = ranges.get("identity", 0.0)
    return best if weights[best] > 0 and weights[best] >= identity else None


class Compressed:
    """Encodes the answers that gain from it, and says in Vary that they depend on Accept-Encoding."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold the head of an answer back until its body tells whether it is worth encoding."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        encoding = choose(Headers(scope=scope).get("accept-encoding"))
        head: Message | None = None

        async def sending(message: Message) -> None:
            nonlocal head
            if message["type"] == "http.response.start":
                if _is_compressible(message):
                    MutableHeaders(scope=message).add_vary_header("Accept-Encoding")
                    head = message
                else:
                    await send(message)
                return
            if head is not None:
                first, head = head, None
                body = message.get("body", b"")
                # a stream (files) is passed on as it comes
                if encoding and not message.get("more_body", False) and len(body) >= _SMALLEST:
                    body = await self._encoded(first, encoding, body)
                    message = {**message, "body": body}
                await send(first)
            await send(message)

        await self._app(scope, receive, sending)

    async def _encoded(self, head: Message, encoding: str, body: bytes) -> bytes:
        headers = MutableHeaders(scope=head)
        # features carry the time and are not asked for twice: only what may be kept is prepared
        tag = headers.get("etag") if "max-age" in headers.get("cache-control", "") else None
        known = self._kept.get((tag, encoding)) if tag else None
        packed = known or await asyncio.to_thread(ENCODINGS[encoding], body)
        if tag and known is None:
            self._keep((tag, encoding), packed)
        headers["Content-Encoding"] = encoding
        headers["Content-Length"] = str(len(packed))
        return packed

    def _keep(self, key: tuple[str, str], packed: bytes) -> None:
        self._kept[key] = packed
        self._size += len(packed)
        while self._size > _KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._size -= len(oldest)


def _is_compressible(head: Message) -> bool:
    headers = Headers(raw=head["headers"])
    has_body = head["status"] not in {204, 304} and "content-encoding" not in headers
    return has_body and headers.get("content-type", "").startswith(_KINDS + _MORE_KINDS)
