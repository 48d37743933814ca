"""The forms that features are given in: media type, SQL of a feature, and what stands around the features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from territoire.query import items, representations
from territoire.query.items import Writer
from territoire.query.model import Generation, Query
from territoire.web.answers import CSV, GEOJSON, JSONFG
from territoire.web.api.links import Link

#: Profile of GeoJSON that a JSON-FG answer has (OGC 21-045r1, JSON-FG in Web APIs).
_PROFILE = '<http://www.opengis.net/def/profile/OGC/0/jsonfg>; rel="profile"'
_JSONFG = "http://www.opengis.net/spec/json-fg-1/1.0/conf/"
_DIMENSIONS = {"Point": 0, "LineString": 1, "Polygon": 2}
#: Proxies keep little room for headers: a longer link stands in the body alone, where the form has room for it.
_LONGEST_LINK = 3000


@dataclass(frozen=True, slots=True)
class Content:
    """What a page of features holds, whatever its form."""

    generation: Generation
    query: Query
    features: tuple[str, ...]
    matched: int | None
    links: list[Link]


@dataclass(frozen=True, slots=True)
class Form:
    """One form: `page` writes a page's body, `one` that of a single feature."""

    media: str
    write: Writer
    page: Callable[[Content], str]
    one: Callable[[Generation, Query, str, list[Link]], str]
    attachment: str | None = None
    """Extension of the file that a browser saves the answer as."""
    profile: str | None = None


def _geojson_page(content: Content) -> str:
    return _collection(content, {})


def _geojson_one(generation: Generation, query: Query, feature: str, links: list[Link]) -> str:
    return _with(feature, {"links": links})


def _jsonfg_page(content: Content) -> str:
    return _collection(content, _jsonfg_members(content.generation, content.query, content.links))


def _jsonfg_one(generation: Generation, query: Query, feature: str, links: list[Link]) -> str:
    members = _jsonfg_members(generation, query, links)
    # a collection's member: a single feature has its geometry to tell
    members.pop("geometryDimension", None)
    return _with(feature, {**members, "links": links})


def _csv_page(content: Content) -> str:
    header = ",".join(representations.csv_names(content.generation, content.query))
    return "\r\n".join([header, *content.features, ""])


def _csv_one(generation: Generation, query: Query, feature: str, links: list[Link]) -> str:
    return _csv_page(Content(generation, query, (feature,), None, links))


FORMS = {
    "json": Form(GEOJSON, items.feature, _geojson_page, _geojson_one),
    "jsonfg": Form(JSONFG, representations.jsonfg_feature, _jsonfg_page, _jsonfg_one, profile=_PROFILE),
    "csv": Form(CSV, representations.csv_line, _csv_page, _csv_one, attachment="csv"),
}


def headers(form: Form, content: Content) -> dict[str, str]:
    """Return what a page says beside its body: for forms whose body has no room for links and counts, and for all."""
    said = {"OGC-NumberReturned": str(len(content.features))}
    if content.matched is not None:
        said["OGC-NumberMatched"] = str(content.matched)
    found = [f'<{given["href"]}>; rel="next"; type="{form.media}"' for given in content.links if given["rel"] == "next"]
    found = [text for text in found if len(text) <= _LONGEST_LINK]
    if form.profile:
        found.append(form.profile)
    if found:
        said["Link"] = ", ".join(found)
    if form.attachment:
        said["Content-Disposition"] = f'attachment; filename="{content.generation.dataset.id}.{form.attachment}"'
    return said


def _jsonfg_members(
    generation: Generation, query: Query, links: list[Link]
) -> dict[str, Any]:  # members of a JSON document
    dataset = generation.dataset
    members: dict[str, Any] = {  # the same
        "conformsTo": [f"{_JSONFG}core", f"{_JSONFG}types-schemas"],
        "featureType": dataset.id,
        "featureSchema": next(f"{given['href']}/schema" for given in links if given["rel"] == "collection"),
    }
    dimension = _DIMENSIONS.get(dataset.geometry.type.removeprefix("Multi")) if dataset.geometry else None
    if dimension is not None:
        members["geometryDimension"] = dimension
    if dataset.geometry and representations.is_in_place(query):
        members["coordRefSys"] = query.crs.uri
    return members


def _collection(content: Content, described: dict[str, Any]) -> str:  # members of a JSON document
    counted = {} if content.matched is None else {"numberMatched": content.matched}
    head = {
        "type": "FeatureCollection",
        **described,
        **counted,
        "numberReturned": len(content.features),
        "timeStamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "links": content.links,
    }
    # features are text from SQL: they go in before the closing brace
    return f'{orjson.dumps(head).decode()[:-1]},"features":[{",".join(content.features)}]}}'


def _with(feature: str, members: dict[str, Any]) -> str:  # members of a JSON document
    return f"{feature[:-1]},{orjson.dumps(members).decode()[1:]}"
