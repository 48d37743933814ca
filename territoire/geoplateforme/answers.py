"""What a service answered, and whether it is an answer: exceptions and pages hide behind a 200."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from territoire.core.errors import UpstreamError
from territoire.geoplateforme import xml

__all__ = ["Answer", "OutageError", "check", "check_media", "refusal", "said"]

#: The name of the root element, or `!doctype html`; atomic groups, as a body may be made to be slow to look at.
_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:(?><\?.*?\?>|<!--.*?-->)\s*+)*+<(?:[\w.-]+:)?(!doctype\s+html|[\w.-]+)",
    re.DOTALL | re.IGNORECASE,
)
_EXCEPTIONS = {b"exceptionreport", b"serviceexceptionreport", b"serviceexception", b"error"}
#: A larger body is not read in search of an exception: none is that long.
_LONGEST_EXCEPTION = 1 << 16


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered: whole, decompressed, and found to be no exception."""

    url: str
    """The address that was asked, without the key."""
    status: int
    """200; 404 only of services where that is ordinary (a tile beyond what is covered)."""
    media: str
    """Content type without parameters, in lower case."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    retrieved_at: datetime
    """When the service last said this, or that it still holds (UTC)."""
    is_stale: bool = False
    """Was it kept from before, because the service fails now?"""
    is_cached: bool = False

    def json(self) -> Any:  # of the service's making
        """Return the body read as JSON; UpstreamError when it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as exc:
            raise UpstreamError(f"{self.url}: the answer is not JSON: {exc}", remedy="try again later") from exc


class OutageError(UpstreamError):
    """The service itself fails, whatever the request: a kept answer may stand in."""

    passes = True


def check(body: bytes, *, service: str, html: bool) -> None:
    """Raise UpstreamError if a body with status 200 is an exception, OutageError if it is a page of HTML.

    The content type is not asked: the Géoplateforme sends exceptions as text/xml, application/xml with or without
    charset, JSON, and pages of its front as whatever was wanted.
    """
    if _is_page(body):
        if not html:
            raise OutageError(
                f"{service}: a page of HTML came in place of data: {_title(body)}",
                remedy="try again later; cartes.gouv.fr says when a service is interrupted",
            )
    elif len(body) <= _LONGEST_EXCEPTION and (_root(body) in _EXCEPTIONS or _exceptions(body)):
        raise refusal(service, body)


def check_media(answer: Answer, service: str, *kinds: str) -> None:
    """Raise OutageError if an answer is of none of these content types, or of their beginnings."""
    if not answer.media.startswith(kinds):
        raise OutageError(
            f"{service}: {answer.media or 'nothing that says what it is'} came in place of {kinds[0].rstrip('/')}",
            remedy="try again later; tell the operators if it stays so",
        )


def refusal(service: str, body: bytes) -> UpstreamError:
    """Return the error for a request that the service refused with this body."""
    return UpstreamError(
        f"{service}: the Géoplateforme refuses: {said(body, service=service)}",
        remedy="check the names of layers and fields with `territoire geoplateforme layers`",
    )


def said(body: bytes, *, service: str) -> str:
    """Return the sentence of an exception, in XML, JSON or plain text, 300 characters at most."""
    if _is_page(body):
        text = _title(body)
    elif listed := _exceptions(body):
        text = "; ".join(str(one.get("text", one.get("code", ""))) for one in listed if isinstance(one, dict))
    elif _root(body) and len(body) <= _LONGEST_EXCEPTION:
        root = xml.parse(body.removeprefix(b"\xef\xbb\xbf").lstrip(), service=service)
        codes = [str(code) for one in root.iter() for key, code in one.attrib.items() if str(key).endswith("ode")]
        text = " ".join([*(str(piece) for piece in root.itertext()), *(f"({code})" for code in codes)])
    else:
        text = body[:1000].decode("utf-8", "replace")
    return " ".join(text.split())[:300] or "without a word"


def _root(body: bytes) -> bytes:
    found = _ROOT.match(body[:4096])
    return found.group(1).lower() if found else b""


def _is_page(body: bytes) -> bool:
    return _root(body).startswith((b"html", b"!doctype"))


def _exceptions(body: bytes) -> list[Any]:  # of the service's making
    """Return the exceptions of GeoServer's JSON report, none of any other body."""
    if len(body) > _LONGEST_EXCEPTION or body.lstrip()[:1] != b"{" or b'"exceptions"' not in body:
        return []
    try:
        found = orjson.loads(body).get("exceptions")
    except orjson.JSONDecodeError:
        return []
    return found if isinstance(found, list) else []


def _title(body: bytes) -> str:
    found = re.search(rb"<title[^>]*>(.{0,200}?)</title", body[:20_000], re.IGNORECASE | re.DOTALL)
    return " ".join(found.group(1).decode("utf-8", "replace").split()) if found else "without a title"
