"""Conditional requests: a weak tag from what an answer depends on, so that a 304 costs no SQL."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from territoire import __version__
from territoire.query.layers import PublishedLayer
from territoire.query.model import Generation
from territoire.web.asked import Asked

#: Documents may be a little old; features are always asked for again, cheaply.
DOCUMENT = "public, max-age=60"
REVALIDATE = "public, no-cache"
#: What all answers but tiles depend on.
NEGOTIATED = "Accept, Accept-Language, Accept-Encoding"
_TAG = re.compile(r'(?:W/)?"[^"]*"')


def of_generation(asked: Asked, generation: Generation) -> str:
    """Return the tag of an answer read from one generation: the same address, form and data give the same tag.

    Weak, as an answer also holds the time at which it was given.
    """
    return _digest(__version__, generation.dataset.id, generation.mark, asked.url, asked.format, asked.language)


def of_tile(request: Request, generations: Sequence[Generation]) -> str:
    """Return the tag of a tile: its bytes hold no address and no words, only what these generations have there."""
    marks = (f"{generation.dataset.id}/{generation.mark}" for generation in generations)
    return _digest(__version__, request.url.path, request.url.query, *marks)


def of_layer(request: Request, layer: PublishedLayer, *, is_negotiated: bool) -> str:
    """Return the tag of what is read from a layer's publication; of what it depends on, `Accept` too if negotiated."""
    accept = request.headers.get("accept", "") if is_negotiated else ""
    return _digest(__version__, layer.id, layer.mark, request.url.path, request.url.query, accept)


def of_request(request: Request, state: str) -> str:
    """Return the tag of a document that depends on all that is published: `state` says what that is."""
    headers = request.headers
    depends = (str(request.url), headers.get("accept", ""), headers.get("accept-language", ""))
    forwarded = [value for name, value in headers.items() if name.startswith("x-forwarded-")]
    return _digest(__version__, state, *depends, *forwarded)


def is_current(if_none_match: str | None, tag: str) -> bool:
    """Compare weakly with If-None-Match (RFC 9110, 13.1.2): one tag or several."""
    if if_none_match is None:
        return False
    wanted = tag.removeprefix("W/")
    return any(given.removeprefix("W/") == wanted for given in _TAG.findall(if_none_match[:8000]))


def not_modified(tag: str, *, vary: str = NEGOTIATED) -> Response:
    """Answer that what the client has is still right; what it was told of keeping it holds on."""
    return Response(status_code=304, headers={"ETag": tag, "Vary": vary})


def _digest(*parts: str) -> str:
    text = "\x00".join(parts)
    return f'W/"{hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()}"'
