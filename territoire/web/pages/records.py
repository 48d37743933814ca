"""The pages of a live catalogue: a list with a search, and a record with where it leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from providers.live_records import Page
from territoire.geoplateforme.answers import Answer
from territoire.query.layers import PublishedLayer
from territoire.web.pages import environment, live
from territoire.web.pages.site import Site

__all__ = ["FACTS", "listed", "one"]

_Json = Mapping[str, Any]  # a JSON object
#: What a record may say of itself, in the order of the page, each with its word in texts.yml; title and description
#: stand above.
FACTS = ("type", "edition", "updated", "keywords", "license", "rights", "lineage", "crs", "formats", "contacts")


def listed(site: Site, layer: PublishedLayer, found: Page, link: Callable[..., str]) -> str:
    """Return the page of a list of records; `link` writes this page's address with other parameters."""
    given = dict(parse_qsl(urlsplit(site.path).query))
    start = int(given.get("offset", "0"))
    before = str(max(0, start - len(found.records)))
    return environment.render(
        "records.html",
        site,
        layer=layer,
        found=found,
        search=given.get("q", ""),
        previous=link(offset=before) if start else None,
        following=link(offset=str(found.following)) if found.following is not None else None,
        stale=live.stale(site, found.answer),
    )


def one(site: Site, layer: PublishedLayer, record: _Json, answer: Answer) -> str:
    """Return the page of a record."""
    said = record["properties"]
    facts = [(f"record_{name}", text) for name in FACTS if (text := _text(said.get(name)))]
    return environment.render(
        "record.html",
        site,
        layer=layer,
        record=record,
        title=said.get("title") or record["id"],
        facts=[("record_id", str(record["id"])), *facts],
        stale=live.stale(site, answer),
    )


def _text(value: Any) -> str:  # a member of a record
    """Write what a record says: words, or objects by their names."""
    if isinstance(value, list):
        return ", ".join(text for one in value if (text := _text(one)))
    if isinstance(value, dict):
        names = [value.get("name"), value.get("organization"), *(one["value"] for one in value.get("emails", []))]
        return ", ".join(dict.fromkeys(str(name) for name in names if name))
    return "" if value is None else str(value)
