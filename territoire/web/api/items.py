"""Items and one item in the form that was asked for: the hot path, without pygeoapi and without Python per feature."""

from __future__ import annotations

from urllib.parse import quote

import psycopg
from psycopg import errors as pg
from starlette.responses import Response

from territoire.core.errors import GoneError, NotFoundError, RequestError, UnavailableError
from territoire.core.models import Dataset
from territoire.query import cursor, items, paging, parameters, values
from territoire.query.cursor import Cursor
from territoire.query.model import Generation, Query
from territoire.web import answers, caching
from territoire.web.api import forms
from territoire.web.api.links import Link, link
from territoire.web.asked import Asked
from territoire.web.catalogue import Catalogue, Row, as_request_error

#: A filtered page's count may take this long; else numberMatched is left out, as the standard allows.
_COUNT_BUDGET_MS = 500
_OF_ONE = ("f", "lang", "crs", "properties", "skipGeometry")


async def page(asked: Asked, catalogue: Catalogue, dataset_id: str) -> Response:
    """Answer with a page of features: one generation from the first page to the last."""
    try:
        return await _page(asked, catalogue, dataset_id)
    except GoneError:
        if "cursor" in dict(asked.pairs):
            raise
        # published twice within the second that our copy of the pointer may be old
        await catalogue.refresh()
        return await _page(asked, catalogue, dataset_id)


async def _page(asked: Asked, catalogue: Catalogue, dataset_id: str) -> Response:
    generation, query = await _resolve(asked, catalogue, dataset_id)
    tag = caching.of_generation(asked, generation)
    if caching.is_current(asked.if_none_match, tag):
        return caching.not_modified(tag)
    form = forms.FORMS[asked.format]
    rows: list[Row] = []
    if not query.hits:
        rows = await _fetch(asked, catalogue, generation, items.page(generation, query, form.write))
    matched = await _matched(asked, catalogue, generation, query, rows)
    cut = paging.cut(generation, query.at(query.after, matched), rows)
    content = forms.Content(generation, query, cut.features, matched, _links(asked, dataset_id, cut.next))
    headers = {**_headers(query, tag), **forms.headers(form, content)}
    return answers.raw(form.page(content).encode(), media=form.media, headers=headers)


async def one(asked: Asked, catalogue: Catalogue, dataset_id: str, key: str) -> Response:
    """Answer with one feature."""
    try:
        return await _one(asked, catalogue, dataset_id, key)
    except GoneError:
        await catalogue.refresh()
        return await _one(asked, catalogue, dataset_id, key)


async def _one(asked: Asked, catalogue: Catalogue, dataset_id: str, key: str) -> Response:
    generation = catalogue.current(dataset_id)
    dataset = generation.dataset
    query = query_of_one(asked, dataset)
    try:
        value = values.parse(dataset.column(dataset.key), key, where=dataset.key)
    except RequestError as exc:
        raise _no_item(dataset_id, key) from exc
    tag = caching.of_generation(asked, generation)
    if caching.is_current(asked.if_none_match, tag):
        return caching.not_modified(tag)
    form = forms.FORMS[asked.format]
    rows = await _fetch(asked, catalogue, generation, items.item(generation, value, query, form.write))
    if not rows:
        raise _no_item(dataset_id, key)
    address = f"{asked.ogc}/collections/{dataset_id}"
    links = [
        *_forms(asked),
        link(address, "collection", "application/json", "collection", asked.language),
    ]
    said = {"Link": form.profile} if form.profile else {}
    body = form.one(generation, query, rows[0][0], links)
    return answers.raw(body.encode(), media=form.media, headers={**_headers(query, tag), **said})


def query_of_one(asked: Asked, dataset: Dataset) -> Query:
    """Read the parameters of one feature, whatever its form; RequestError for one that only pages of features have."""
    for name, _ in asked.pairs:
        if name not in _OF_ONE:
            raise parameters.unknown(name, _OF_ONE)
    return parameters.parse(dataset, asked.pairs)


def item_address(ogc: str, dataset_id: str, key: str) -> str:
    """Return the address of a feature."""
    return f"{ogc}/collections/{dataset_id}/items/{quote(key, safe='')}"


def _headers(query: Query, tag: str) -> dict[str, str]:
    return {"Content-Crs": f"<{query.crs.uri}>", "ETag": tag, "Cache-Control": caching.REVALIDATE}


async def _resolve(asked: Asked, catalogue: Catalogue, dataset_id: str) -> tuple[Generation, Query]:
    token = dict(asked.pairs).get("cursor")
    current = catalogue.current(dataset_id)
    if token is None:
        return current, parameters.parse(current.dataset, asked.pairs)
    walked: Cursor = cursor.decode(token)
    generation = await catalogue.generation(dataset_id, walked.generation)
    if generation is None:
        raise gone(asked)
    # a cursor's parameters are those of the declaration that its generation was built with
    query = parameters.parse(generation.dataset, asked.pairs)
    walked.check(query)
    return generation, query.at(walked.position, walked.matched)


async def _matched(
    asked: Asked, catalogue: Catalogue, generation: Generation, query: Query, rows: list[Row]
) -> int | None:
    if not query.is_filtered:
        return generation.rows
    if query.after:
        return query.matched
    if not query.hits and not query.after and not query.offset and len(rows) <= query.limit:
        return len(rows)
    budget = None if query.hits else _COUNT_BUDGET_MS
    try:
        counted = await _fetch(asked, catalogue, generation, items.count(generation, query), budget_ms=budget)
    except pg.QueryCanceled as exc:
        if query.hits:
            raise UnavailableError("counting takes too long", remedy="narrow the filter") from exc
        return None
    return int(counted[0][0])


async def _fetch(
    asked: Asked,
    catalogue: Catalogue,
    generation: Generation,
    statement: items.Statement,
    *,
    budget_ms: int | None = None,
) -> list[Row]:
    try:
        return await catalogue.fetch(statement, budget_ms=budget_ms)
    except pg.UndefinedTable as exc:
        catalogue.forget(generation)
        raise gone(asked) from exc
    except pg.QueryCanceled as exc:
        if budget_ms is not None:
            raise
        raise UnavailableError("the query takes too long", remedy="narrow it: a smaller bbox or limit") from exc
    except (psycopg.DataError, psycopg.InternalError) as exc:
        raise as_request_error(exc) from exc


def gone(asked: Asked) -> GoneError:
    """Return the refusal of a walk whose generation has been removed, with the address to start again."""
    return GoneError(
        "the data have been republished since this walk began, and its generation has been removed",
        remedy=asked.link(cursor=None),
    )


def _no_item(dataset_id: str, key: str) -> NotFoundError:
    return NotFoundError(f"{dataset_id} has no feature {key[:100]!r}", remedy="look it up in the list of items")


def _links(asked: Asked, dataset_id: str, next_token: str | None) -> list[Link]:
    language, media = asked.language, forms.FORMS[asked.format].media
    links = [
        *_forms(asked),
        link(f"{asked.ogc}/collections/{dataset_id}", "collection", "application/json", "collection", language),
    ]
    if next_token:
        # the cursor says where to go on: an offset was spent on the first page
        links.append(link(asked.link(cursor=next_token, offset=None), "next", media, "next", language))
    return links


def _forms(asked: Asked) -> list[Link]:
    """Return the link to this answer, and those to its other forms (OGC 17-069r4, /req/core/fc-links)."""
    links = [link(asked.url, "self", forms.FORMS[asked.format].media, "self", asked.language)]
    # pages of pygeoapi know no cursor
    links.append(link(asked.link(f="html", cursor=None), "alternate", "text/html", "html", asked.language))
    others = [name for name in forms.FORMS if name != asked.format]
    links += [link(asked.link(f=name), "alternate", forms.FORMS[name].media, name, asked.language) for name in others]
    return links
