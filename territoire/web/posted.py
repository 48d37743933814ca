"""A POST to items: the parameters of a GET that are too long for an address, or a filter as CQL2 JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from starlette.requests import Request

from territoire.core.errors import RequestError, TooLargeError, UnsupportedMediaError
from territoire.query import parameters
from territoire.web import negotiate
from territoire.web.asked import Asked

FORM = "application/x-www-form-urlencoded"
#: A body that is a filter; the first is the media type of OGC 21-065r2, annex on media types.
CQL2_JSON = ("application/query-cql2+json", "application/json")
#: `next` links are addresses, and proxies refuse those beyond 16 kB.
MAX_ADDRESS = 16_000
_MAX_BODY = 65_536
_MAX_FIELDS = 200


async def read(request: Request, wanted: Asked, *, offered: Mapping[str, tuple[str, ...]]) -> Asked:
    """Return the GET that a POST stands for: its answer is the same, and so are its links."""
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    text = await _body(request)
    if media == FORM:
        added = _fields(text)
    elif media in CQL2_JSON:
        added = [("filter", text.strip()), ("filter-lang", parameters.JSON)]
    else:
        raise UnsupportedMediaError(
            f"a body of type {media[:60]!r} is not read here", remedy=f"send {FORM}, or {CQL2_JSON[0]} for a filter"
        )
    got = replace(wanted, pairs=(*wanted.pairs, *added), if_none_match=None)
    if len(got.url) > MAX_ADDRESS:
        raise TooLargeError(
            f"the request is an address of {len(got.url)} characters, and its `next` links may have {MAX_ADDRESS}",
            remedy="use fewer values or a simpler geometry, or ask in several parts",
        )
    form = negotiate.choose(offered, f=dict(got.pairs).get("f"), accept=request.headers.get("accept"))
    return replace(got, format=form)


async def _body(request: Request) -> str:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise TooLargeError(f"the body is longer than {_MAX_BODY} bytes", remedy="ask a simpler question")
    try:
        return body.decode()
    except UnicodeDecodeError as exc:
        raise RequestError("the body is not UTF-8", remedy="write it in UTF-8") from exc


def _fields(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=_MAX_FIELDS)
    except ValueError as exc:
        raise RequestError("the body is not a form", remedy="write it as filter=...&limit=10, percent-encoded") from exc
