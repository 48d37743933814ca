"""The schemas of answers and bodies in the API definition: data, one name for each kind of document."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]  # a JSON document

_TEXT: Document = {"type": "string"}
_COUNT: Document = {"type": "integer", "minimum": 0}


def _reference(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(items: Document) -> Document:
    return {"type": "array", "items": items}


_LINKS = _list(_reference("Link"))
_NAMED: Document = {"id": _TEXT, "title": _TEXT, "links": _LINKS}

_LINK: Document = {
    "type": "object",
    "required": ["href", "rel"],
    "properties": {key: _TEXT for key in ("href", "rel", "type", "title")},
}
_FILTER: Document = {"description": "CQL2 JSON (OGC 21-065r2)", "oneOf": [{"type": "object"}, {"type": "boolean"}]}
_QUERY: Document = {
    "type": "object",
    "description": "The parameters of the GET, form-encoded",
    "properties": {name: {"$ref": f"#/components/parameters/{name}/schema"} for name in ("filter", "filter-lang")},
}
_CONFORMANCE: Document = {
    "type": "object",
    "required": ["conformsTo"],
    "properties": {"conformsTo": _list(_TEXT)},
}
_COLLECTIONS: Document = {
    "type": "object",
    "required": ["links", "collections"],
    "properties": {"links": _LINKS, "collections": _list(_reference("Collection"))},
}
_GEOMETRY: Document = {"type": "object", "nullable": True, "required": ["type"], "properties": {"type": _TEXT}}
_FEATURE: Document = {
    "type": "object",
    "required": ["type", "id", "geometry", "properties"],
    "properties": {
        "type": {"type": "string", "enum": ["Feature"]},
        "id": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        "geometry": _GEOMETRY,
        "properties": {"type": "object", "nullable": True},
        "links": _LINKS,
    },
}
_FEATURE_COLLECTION: Document = {
    "type": "object",
    "required": ["type", "features", "links"],
    "properties": {
        "type": {"type": "string", "enum": ["FeatureCollection"]},
        "features": _list(_reference("Feature")),
        "numberMatched": _COUNT,
        "numberReturned": _COUNT,
        "timeStamp": {"type": "string", "format": "date-time"},
        "links": _LINKS,
    },
}
_PROBLEM: Document = {
    "type": "object",
    "required": ["title", "status", "detail"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "remedy": _TEXT,
        "restart": _TEXT,
    },
}

SCHEMAS: Document = {
    "Object": {"type": "object"},
    "Link": _LINK,
    "Filter": _FILTER,
    "Query": _QUERY,
    "LandingPage": {"type": "object", "required": ["links"], "properties": _NAMED},
    "Conformance": _CONFORMANCE,
    "Collection": {"type": "object", "required": ["id", "links"], "properties": _NAMED},
    "Collections": _COLLECTIONS,
    "Feature": _FEATURE,
    "FeatureCollection": _FEATURE_COLLECTION,
    "Problem": _PROBLEM,
}
