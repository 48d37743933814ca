"""What the statuses of the Géoplateforme mean: patience, an outage, or a request that it does not like."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from territoire.core.errors import UpstreamBusyError, UpstreamError
from territoire.geoplateforme import answers
from territoire.geoplateforme.answers import OutageError
from territoire.geoplateforme.services import Service

__all__ = ["GatewayError", "PatienceError", "TooManyError", "check_status"]

#: What a 429 costs at the least, with or without a Retry-After that can be read.
_BLOCK_S = 5
_LONGEST_S = 3600


class PatienceError(UpstreamBusyError):
    """The service says 503 and wants to be asked later; it did not do what was asked."""


class TooManyError(PatienceError):
    """The service says 429: our address has asked too often, and every process has to wait."""


class GatewayError(OutageError):
    """The service, or the front before it, fails: 500, 502, 504."""


def check_status(service: Service, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Return for 200 (and 206); raise what any other status means."""
    if status in (200, 206):
        return
    name, later = service.name, "try again later; cartes.gouv.fr says when a service is interrupted"
    if status == 429:
        wait = max(_BLOCK_S, _seconds(headers) or _BLOCK_S)
        raise TooManyError(
            f"{name}: the Géoplateforme has had too many requests from this address",
            remedy=f"try again in {wait} s",
            retry_after=wait,
        )
    if status == 503:
        raise PatienceError(
            f"{name}: the Géoplateforme is not available", remedy=later, retry_after=_seconds(headers) or 1
        )
    if status >= 500:
        said = answers.said(body, service=name)
        raise GatewayError(f"{name}: the Géoplateforme fails with {status}: {said}", remedy=later)
    if status in (401, 403):
        raise UpstreamError(
            f"{name}: the Géoplateforme keeps this to those who have a right to it ({status})",
            remedy="give TERRITOIRE_GEOPLATEFORME_KEY a key that has the right, and the address of the private service",
        )
    raise answers.refusal(name, body)


def _seconds(headers: Mapping[str, str]) -> int | None:
    """Read Retry-After, in seconds or as a date; None where it is neither."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:6]), _LONGEST_S)
    try:
        left = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return None  # absent, garbage, or a date without a zone
    return min(max(1, round(left)), _LONGEST_S)
