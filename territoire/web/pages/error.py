"""The page of a refusal: what happened in plain words, what to do, then the technical detail."""

from __future__ import annotations

from territoire.web.pages import environment
from territoire.web.pages.site import Site

__all__ = ["render"]

_HEADINGS = {404: "error_not_found", 410: "error_gone", 503: "error_unavailable"}


def render(site: Site, status: int, title: str, detail: str, remedy: str) -> str:
    """Return the page; `title`, `detail` and `remedy` are those of the JSON answer, in English."""
    return environment.render(
        "error.html",
        site,
        heading=_HEADINGS.get(status, "error_title"),
        status=status,
        title=title,
        detail=detail,
        remedy=remedy,
    )
