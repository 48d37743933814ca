"""The page of a refusal: what happened in plain words, what to do, then the technical detail."""

from __future__ import annotations

from territoire.web.pages import environment
from territoire.web.pages.site import Site

__all__ = ["render"]

#: Heading and advice of each status that a refusal has.
_SAID = {
    404: ("error_not_found", "error_not_found_advice"),
    406: ("error_not_acceptable", "error_not_acceptable_advice"),
    410: ("error_gone", "error_gone_advice"),
    413: ("error_too_large", "error_too_large_advice"),
    415: ("error_unsupported", "error_unsupported_advice"),
    503: ("error_unavailable", "error_unavailable_advice"),
}
_OTHERWISE = ("error_title", "error_title_advice")


def render(site: Site, status: int, title: str, detail: str, remedy: str) -> str:
    """Return the page; `title`, `detail` and `remedy` are those of the JSON answer, in English."""
    heading, advice = _SAID.get(status, _OTHERWISE)
    return environment.render(
        "error.html",
        site,
        heading=heading,
        advice=advice,
        status=status,
        title=title,
        detail=detail,
        remedy=remedy,
    )
