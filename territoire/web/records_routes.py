"""The handlers of a live catalogue: a page of records, one record, for programs and for people."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from providers import live_records
from territoire.core.errors import NotFoundError
from territoire.query.layers import PublishedLayer
from territoire.web import answers, asked, conduct
from territoire.web.api import items as api_items
from territoire.web.api import live_documents
from territoire.web.api.links import Link, link
from territoire.web.asked import Asked
from territoire.web.pages import records as records_page

_RECORDS = {"json": ("application/geo+json", "application/json"), "html": ("text/html",)}
_MEDIA = {"json": answers.GEOJSON, "html": "text/html"}
#: How long a visitor's client may keep an answer, in seconds.
_KEEP_S = 60


async def records(request: Request, layer: PublishedLayer) -> Response:
    """A page of records; people get a list with a search."""
    wanted = asked.read(request, offered=_RECORDS, known=None)
    search = live_records.parse(layer, wanted.pairs)
    facades = conduct.facades(request)
    found = await facades.run("csw", lambda: live_records.page(facades.transport, search))
    headers = facades.headers("csw", found.answer, keep_s=_KEEP_S)
    if wanted.format == "html":
        site = conduct.views(request).site(request, wanted)
        return _page(wanted, records_page.listed(site, layer, found, wanted.link), headers)
    links = live_documents.page_links(wanted, layer, _MEDIA, found.following)
    content = {
        "type": "FeatureCollection",
        "features": [_record(wanted, layer, record) for record in found.records],
        "numberMatched": found.matched,
        "numberReturned": len(found.records),
        "links": links,
    }
    return _written(wanted, content, headers)


async def record(request: Request, layer: PublishedLayer) -> Response:
    """One record."""
    wanted = asked.read(request, offered=_RECORDS)
    name = request.path_params["key"]
    facades = conduct.facades(request)
    found, heard = await facades.run("csw", lambda: live_records.one(facades.transport, name))
    if found is None:
        raise NotFoundError(f"{layer.id} has no record {name[:100]!r}", remedy="look it up in the list of records")
    headers = facades.headers("csw", heard, keep_s=_KEEP_S)
    if wanted.format == "html":
        site = conduct.views(request).site(request, wanted)
        return _page(wanted, records_page.one(site, layer, found, heard), headers)
    return _written(wanted, _record(wanted, layer, found), headers)


def _record(wanted: Asked, layer: PublishedLayer, found: dict[str, object]) -> dict[str, object]:
    address = api_items.item_address(wanted.ogc, layer.id, str(found["id"]))
    own: list[Link] = [
        link(address, "self", answers.GEOJSON, "self", wanted.language),
        link(f"{address}?f=html", "alternate", "text/html", "html", wanted.language),
        link(f"{wanted.ogc}/collections/{layer.id}", "collection", "application/json", "collection", wanted.language),
    ]
    given = found["links"]
    return {
        "conformsTo": ["http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core"],
        **found,
        "links": [*own, *(given if isinstance(given, list) else [])],
    }


def _written(wanted: Asked, content: object, headers: Mapping[str, str]) -> Response:
    made = answers.document(content, language=wanted.language, media=answers.GEOJSON)
    made.headers.update(headers)
    return made


def _page(wanted: Asked, page: str, headers: Mapping[str, str]) -> Response:
    made = answers.html(page, language=wanted.language)
    made.headers.update(headers)
    return made
