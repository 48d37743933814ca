"""What every page needs to know of the site, and the addresses within it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from territoire.core.vocabulary import Vocabulary
from territoire.query.layers import PublishedLayer
from territoire.query.model import Generation
from territoire.web.pages.locale import Language

__all__ = ["Site", "href", "item_href", "other_language", "root", "robots", "switch_href"]


@dataclass(frozen=True, slots=True)
class Site:
    """The site as one visitor sees it."""

    base: str
    """Public address, without trailing slash."""
    language: Language
    generations: tuple[Generation, ...]
    vocabulary: Vocabulary
    version: str
    path: str
    """Path and query of the current page."""
    layers: tuple[PublishedLayer, ...] = ()


def root(site: Site) -> str:
    """Return the path that the site lives under, '' for most: links work whatever host is used."""
    return urlsplit(site.base).path.rstrip("/")


def href(site: Site, path: str, **query: str) -> str:
    """Return the address of `path` in the site; the language follows where it was chosen, not negotiated."""
    if _chosen(site):
        query = {**query, "lang": site.language}
    return f"{root(site)}{path}{'?' if query else ''}{urlencode(query)}"


def item_href(site: Site, dataset_id: str, key: str) -> str:
    """Return the address of a feature's page; a key may hold any character."""
    return href(site, f"/ogc/collections/{dataset_id}/items/{quote(key, safe='')}")


def other_language(site: Site) -> Language:
    """Return the language that the page is not in."""
    return "en" if site.language == "fr" else "fr"


def switch_href(site: Site) -> str:
    """Return the address of the current page in the other language."""
    parts = urlsplit(site.path)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "lang"]
    return f"?{urlencode([*kept, ('lang', other_language(site))])}"


def robots(site: Site) -> str:
    """Return robots.txt: tiles are for maps, and what is declared `indexing: none` is not for search engines."""
    base = root(site)
    lines = ["User-agent: *", f"Disallow: {base}/tiles/"]
    declared = [*(found.dataset for found in site.generations), *(layer.declaration for layer in site.layers)]
    for collection in declared:
        if collection.publish.indexing == "none":
            page = f"{base}/ogc/collections/{collection.id}"
            lines += [f"Disallow: {page}{end}" for end in ("$", "?", "/")]
    return "\n".join(lines) + "\n"


def _chosen(site: Site) -> bool:
    return any(name == "lang" for name, _ in parse_qsl(urlsplit(site.path).query))
