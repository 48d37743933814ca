"""The features of a dataset, for pygeoapi: parameters become the house's `Query`, SQL writes the GeoJSON."""

from __future__ import annotations

import json
from typing import Any, TypedDict
from urllib.parse import urlencode

from pygeoapi.crs import CrsTransformSpec
from pygeoapi.provider.base import BaseProvider

from providers import refusals
from providers.runtime import TooSlowError, runtime
from territoire.core.derive import schema
from territoire.core.errors import NotFoundError, RequestError
from territoire.core.models import Dataset
from territoire.query import cursor, items, paging, parameters, values
from territoire.query.model import Generation, Query

_GEOJSON = "application/geo+json"
#: A filtered page's count may take this long.
_COUNT_BUDGET_MS = 500
#: pygeoapi takes `filter` itself: under these names it leaves the text to us.
_DISGUISED = {given: name for name, given in parameters.DISGUISED.items()}
_UNDER_STOCK = {given: name for name, given in parameters.UNDER_STOCK.items()}
_Json = dict[str, Any]  # a JSON document


class SortKey(TypedDict):
    """A sort key as pygeoapi hands it over."""

    property: str
    order: str


class PostGISFeatureProvider(BaseProvider):
    """A published dataset as features; an instance lives for one request and holds no connection."""

    def __init__(self, provider_def: _Json) -> None:
        """Look the dataset up; nothing is asked of the database."""
        super().__init__(provider_def)
        with refusals.translated():
            dataset = runtime().dataset(self.data)
        self._items_url: str = (self.options or {}).get("items_url", f"/collections/{self.data}/items")
        self._fields = fields(dataset)

    def get_fields(self) -> dict[str, _Json]:
        """Return the JSON Schema of each property."""
        return self._fields

    def query(
        self,
        offset: int = 0,
        limit: int = parameters.DEFAULT_LIMIT,
        resulttype: str = "results",
        bbox: list[float] | None = None,
        datetime_: str | None = None,
        properties: list[tuple[str, str]] | None = None,
        sortby: list[SortKey] | None = None,
        select_properties: list[str] | None = None,
        skip_geometry: bool = False,
        q: str | None = None,
        language: object = None,
        filterq: object = None,
        crs_transform_spec: CrsTransformSpec | None = None,
        **_: object,
    ) -> _Json:
        """Return a page as a FeatureCollection, or only the count where that is asked for.

        `properties` holds what pygeoapi does not know itself: filters, `cursor`, `resultType`.
        """
        with refusals.translated():
            if filterq is not None:
                raise _filter_of_pygeoapi()
            if q is not None:
                raise parameters.unknown("q", parameters.NAMES)
            given = [(_DISGUISED.get(name, name), text) for name, text in properties or []]
            given += pairs(bbox, datetime_, sortby, select_properties, skip_geometry, crs_transform_spec)
            if resulttype == "hits":
                given.append(("resultType", "hits"))
            position = [("limit", str(limit)), ("offset", str(offset))]
            plain = [(_UNDER_STOCK.get(name, name), text) for name, text in given]
            generation, query = _resolve(self.data, [*plain, *position])
            if query.hits:
                return _collection([], matched=_count(generation, query))
            return self._page(generation, query, [position[0], *given])

    def get(
        self,
        identifier: str,
        language: object = None,
        crs_transform_spec: CrsTransformSpec | None = None,
        **_: object,
    ) -> _Json:
        """Return one feature by its key."""
        with refusals.translated():
            generation = runtime().generation(self.data)
            query = parameters.parse(generation.dataset, pairs(crs_transform_spec=crs_transform_spec))
            key = generation.dataset.column(generation.dataset.key)
            missing = NotFoundError(f"{self.data} has no feature {identifier[:60]!r}", remedy="look it up in its items")
            try:
                value = values.parse(key, identifier, where=key.name)
            except RequestError as exc:
                # an id of another type than the key's is the id of nothing
                raise missing from exc
            rows = runtime().fetch(generation, items.item(generation, value, query))
            if not rows:
                raise missing
            return json.loads(rows[0][0])

    def __repr__(self) -> str:
        """Name the dataset."""
        return f"<PostGISFeatureProvider> {self.data}"

    def _page(self, generation: Generation, query: Query, given: list[tuple[str, str]]) -> _Json:
        rows = runtime().fetch(generation, items.page(generation, query))
        matched = _matched(generation, query, len(rows))
        page = paging.cut(generation, query.at(query.after, matched), rows)
        features = [json.loads(text) for text in page.features]
        if page.next is None:
            # with a count beside a cursor, pygeoapi would add an `offset` link here and walk without end
            return _collection(features, matched=None if query.after else matched)
        kept = [(name, text) for name, text in given if name not in {"cursor", "offset"}]
        address = f"{self._items_url}?{urlencode([*kept, ('cursor', page.next)])}"
        link = {"rel": "next", "type": _GEOJSON, "title": "Items (next)", "href": address}
        return _collection(features, matched=matched, links=[link])


def _filter_of_pygeoapi() -> RequestError:
    # parsed by pygeofilter, which loses texts and precedences: its tree is not to be trusted
    return RequestError(
        "filter: pygeoapi reads it with a parser that this provider does not trust",
        remedy=f"write {parameters.UNDER_STOCK['filter']}= in place of filter=",
    )


def disguised(properties: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return parameters that pygeoapi passed on, under their real names."""
    plain = [(_DISGUISED.get(name, name), text) for name, text in properties]
    return [(_UNDER_STOCK.get(name, name), text) for name, text in plain]


def fields(dataset: Dataset) -> dict[str, _Json]:
    """Return the JSON Schema of each property as pygeoapi wants it: allowed values under `values`."""
    described: dict[str, _Json] = {}
    for name, column in schema.properties(dataset).items():
        codes = column.pop("enum", None)
        described[name] = {**column, "values": codes} if codes else column
    return described


def pairs(
    bbox: list[float] | None = None,
    datetime_: str | None = None,
    sortby: list[SortKey] | None = None,
    select_properties: list[str] | None = None,
    skip_geometry: bool = False,
    crs_transform_spec: CrsTransformSpec | None = None,
) -> list[tuple[str, str]]:
    """Write pygeoapi's arguments as the parameters that they were, so that one parser reads both doors."""
    found: list[tuple[str, str]] = []
    if bbox:
        found.append(("bbox", ",".join(repr(number) for number in bbox)))
    if datetime_ is not None:
        found.append(("datetime", datetime_))
    if sortby:
        keys = (f"{'-' if key['order'] == '-' else ''}{key['property']}" for key in sortby)
        found.append(("sortby", ",".join(keys)))
    if select_properties:
        found.append(("properties", ",".join(select_properties)))
    if skip_geometry:
        found.append(("skipGeometry", "true"))
    if crs_transform_spec is not None:
        found.append(("crs", crs_transform_spec.target_crs_uri))
    return found


def _resolve(dataset_id: str, given: list[tuple[str, str]]) -> tuple[Generation, Query]:
    """Find the generation that is asked, once, and read the parameters with its own declaration."""
    token = dict(given).get("cursor")
    if token is None:
        generation = runtime().generation(dataset_id)
        return generation, parameters.parse(generation.dataset, given)
    place = cursor.decode(token)
    generation = runtime().generation(dataset_id, place.generation)
    query = parameters.parse(generation.dataset, given)
    place.check(query)
    return generation, query.at(place.position, place.matched)


def _matched(generation: Generation, query: Query, fetched: int) -> int | None:
    """Return how many features match: counted once a walk, and left out when that takes too long."""
    if query.after:
        return query.matched
    if query.is_filtered and not query.offset and fetched <= query.limit:
        return fetched
    try:
        return _count(generation, query, budget_ms=_COUNT_BUDGET_MS)
    except TooSlowError:
        return None


def _count(generation: Generation, query: Query, *, budget_ms: int | None = None) -> int:
    if not query.is_filtered:
        return generation.rows
    return runtime().fetch(generation, items.count(generation, query), budget_ms=budget_ms)[0][0]


def _collection(features: list[_Json], *, matched: int | None, links: list[_Json] | None = None) -> _Json:
    content: _Json = {"type": "FeatureCollection", "features": features, "numberReturned": len(features)}
    if matched is not None:
        content["numberMatched"] = matched
    return {**content, "links": links or []}
