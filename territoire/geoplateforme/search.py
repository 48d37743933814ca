"""Looks for offers by words: the Géoplateforme's own search, the capabilities where it is away."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from territoire.core.errors import UpstreamBusyError, UpstreamError, UpstreamTimeoutError
from territoire.geoplateforme import catalogue, offers
from territoire.geoplateforme.offers import Offer
from territoire.geoplateforme.transport import Transport

__all__ = ["Found", "matching", "search"]

_MOST = 50
#: The search says WMS of both WMS, and WMTS-TMS of vector tiles.
_KINDS = {"WFS": "wfs", "WMTS": "wmts", "WMS": "wms", "TMS": "tms", "WMTS-TMS": "tms"}


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, and why it was not the Géoplateforme's own search that found it (empty if it was)."""

    offers: tuple[Offer, ...]
    fallback: str


def search(transport: Transport, words: Sequence[str]) -> Found:
    """Return the offers that fit the words, best first; UpstreamError only if no service answers at all."""
    text = " ".join(words)
    try:
        answer = transport.get(
            "search", "api/indexes/geoplateforme/suggest", {"text": text, "size": str(_MOST)}, fresh_s=3600
        )
        return Found(_suggested(answer.json()), "")
    except (UpstreamError, UpstreamBusyError, UpstreamTimeoutError) as exc:
        reason = exc.message
    found = [one for service in offers.SERVICES for one in catalogue.current(transport, service).offers.values()]
    return Found(tuple(matching(found, words)), reason)


def matching(found: Sequence[Offer], words: Sequence[str]) -> list[Offer]:
    """Keep the offers that hold every word in name, title, abstract or keywords, without regard to case and accents."""
    wanted = [_plain(word) for word in words]
    ranked = [(_rank(one, wanted), one) for one in found]
    return [one for rank, one in sorted(ranked, key=lambda pair: -pair[0]) if rank > 0 or not wanted]


def _rank(one: Offer, wanted: Sequence[str]) -> int:
    """Score an offer: a word of the name or title counts more than one of the abstract; 0 if a word is missing."""
    near, far = _plain(f"{one.name} {one.title}"), _plain(f"{one.abstract} {' '.join(one.keywords)}")
    if not all(word in near or word in far for word in wanted):
        return 0
    return sum(2 if word in near else 1 for word in wanted)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()


def _suggested(content: Any) -> tuple[Offer, ...]:  # of the service's making
    if not isinstance(content, list):
        raise UpstreamError("search: the answer is not a list of layers", remedy="try again later")
    found: list[Offer] = []
    for one in content:
        said = one.get("source") if isinstance(one, dict) else None
        service = _KINDS.get(str(said.get("type"))) if isinstance(said, dict) else None
        if isinstance(said, dict) and service and said.get("layer_name"):
            name, abstract = str(said["layer_name"]), re.sub(r"<[^>]*>", " ", str(said.get("description") or ""))
            found.append(Offer(service, name, str(said.get("title") or name), " ".join(abstract.split())))
    return tuple(found)
