"""Answers: JSON, GeoJSON, problems (RFC 9457), with the headers that every client needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from territoire.core.errors import GoneError, RequestError, UnavailableError

CSV = "text/csv"
GEOJSON = "application/geo+json"
JSONFG = "application/fg+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
#: An answer depends on these unless its address says all.
_NEGOTIATED = {"Vary": "Accept, Accept-Language"}


def document(content: object, *, language: str, media: str = "application/json") -> Response:
    """Answer with a JSON document."""
    return Response(orjson.dumps(content), media_type=media, headers={"Content-Language": language, **_NEGOTIATED})


def written(body: bytes, *, language: str, media: str) -> Response:
    """Answer with a JSON document that is written already."""
    return Response(body, media_type=media, headers={"Content-Language": language, **_NEGOTIATED})


def raw(body: bytes, *, media: str, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with bytes that are ready."""
    return Response(body, media_type=media, headers={**_NEGOTIATED, **(headers or {})})


def html(text: str, *, language: str, status: int = 200) -> Response:
    """Answer with a page; nothing from elsewhere may be loaded into it."""
    return Response(
        text,
        status_code=status,
        media_type="text/html",
        headers={
            "Content-Language": language,
            "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:;"
            " style-src 'self' 'unsafe-inline'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'",
            "Referrer-Policy": "strict-origin-when-cross-origin",
            **_NEGOTIATED,
        },
    )


def problem(error: RequestError) -> Response:
    """Answer with what is wrong and what to do (RFC 9457)."""
    content: dict[str, Any] = {  # a JSON document
        "type": error.type,
        "title": error.title,
        "status": error.status,
        "detail": error.message,
    }
    if error.remedy:
        content["remedy"] = error.remedy
    if isinstance(error, GoneError):
        content["restart"] = error.remedy
    return Response(
        orjson.dumps(content),
        status_code=error.status,
        media_type="application/problem+json",
        headers={**problem_headers(error), **_NEGOTIATED},
    )


def failed(content: Mapping[str, Any]) -> Response:  # a JSON document
    """Answer with a problem that was written before: why a job failed."""
    return Response(
        orjson.dumps(content),
        status_code=int(content["status"]),
        media_type="application/problem+json",
        headers={"Cache-Control": "no-store", **_NEGOTIATED},
    )


def problem_headers(error: RequestError) -> dict[str, str]:
    """Return the headers that go with a refusal."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, UnavailableError):
        headers["Retry-After"] = str(error.retry_after)
    return headers
