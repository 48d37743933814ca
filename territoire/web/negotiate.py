"""Content negotiation: format by `f` or Accept with quality values (RFC 9110, 12.5.1), language by `lang` or header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from territoire.core.errors import NotAcceptableError, RequestError

Language = Literal["fr", "en"]
_QUALITY = re.compile(r"^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$")


def choose(offered: Mapping[str, tuple[str, ...]], *, f: str | None, accept: str | None) -> str:
    """Return the format to answer in: `offered` maps each to its media types, the preferred format first."""
    if f is not None:
        if f in offered:
            return f
        raise RequestError(f"f: {f[:40]!r} is not offered here", remedy=f"use {' or '.join(offered)}")
    if not accept:
        return next(iter(offered))
    found = ranges(accept)
    scores = {name: max(_quality(media, found) for media in types) for name, types in offered.items()}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] > 0:
        return best
    raise NotAcceptableError(
        f"none of {accept[:100]!r} is offered here",
        remedy="accept " + " or ".join(types[0] for types in offered.values()),
    )


def refuse_nothing(accept: str | None, *, offered: str) -> None:
    """Refuse who accepts nothing at all; what has one form is given whatever else is asked (RFC 9110, 12.4.1)."""
    found = ranges(accept or "")
    if found and all(quality == 0 for _, quality in found):
        raise NotAcceptableError(f"{(accept or '')[:100]!r} accepts nothing", remedy=f"accept {offered}")


def language(*, lang: str | None, accept_language: str | None) -> Language:
    """Return the language to answer in: French unless English is asked for."""
    if lang is not None:
        if lang not in {"fr", "en"}:
            raise RequestError(f"lang: {lang[:20]!r} is not offered", remedy="use fr or en")
        return "en" if lang == "en" else "fr"
    tags = [(tag.split("-")[0], quality) for tag, quality in ranges(accept_language or "")]
    french = max((quality for tag, quality in tags if tag in {"fr", "*"}), default=0.0)
    english = max((quality for tag, quality in tags if tag in {"en"}), default=0.0)
    return "en" if english > french else "fr"


def ranges(header: str) -> list[tuple[str, float]]:
    """Return the names of an Accept-like header with their quality values, in lower case."""
    found: list[tuple[str, float]] = []
    for part in header[:2000].split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            match = _QUALITY.match(parameter)
            if match:
                quality = float(match[1])
        if name:
            found.append((name, quality))
    return found


def _quality(media: str, ranges: list[tuple[str, float]]) -> float:
    kind = media.split("/")[0]
    # the most specific range that matches decides
    for wanted in (media, f"{kind}/*", "*/*"):
        matching = [quality for name, quality in ranges if name == wanted]
        if matching:
            return max(matching)
    return 0.0
