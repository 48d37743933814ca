"""The API definition: one OpenAPI 3.0 document without outside references, with literal paths for QGIS and GDAL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import territoire
from territoire.core.derive import crs
from territoire.core.models import Dataset
from territoire.query import parameters
from territoire.query.model import Generation
from territoire.web import posted
from territoire.web.answers import CSV, GEOJSON, JSONFG
from territoire.web.api import operations, schemas, tile_definition
from territoire.web.asked import Asked

Document = dict[str, Any]  # a JSON document


def definition(asked: Asked, generations: Sequence[Generation]) -> Document:
    """Return the whole definition (OGC 17-069r4, requirements class oas30)."""
    paths: Document = {
        "/": operations.get("landing", "Landing page", "server", "LandingPage"),
        "/conformance": operations.get("conformance", "Conformance classes", "server", "Conformance"),
        "/collections": operations.get("collections", "Collections", "data", "Collections"),
        **tile_definition.shared_paths(),
    }
    for generation in generations:
        paths |= _collection_paths(generation.dataset)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Territoire",
            "version": territoire.__version__,
            "description": "OGC API Features and Tiles of the territory.",
            "license": {"name": "Apache-2.0 (software); each collection names its own licence"},
        },
        "servers": [{"url": asked.ogc}],
        "tags": [{"name": name} for name in ("server", "data", "tiles")],
        "paths": paths,
        "components": {
            "parameters": _parameters() | tile_definition.parameters(),
            "responses": _responses(),
            "schemas": _schemas(),
        },
    }


def _collection_paths(dataset: Dataset) -> Document:
    root = f"/collections/{dataset.id}"
    item = operations.operation(
        f"{dataset.id}.getItem", f"One feature of {dataset.title.fr}", "data", "Feature", GEOJSON
    )
    item["parameters"] = [
        {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string"}, "description": dataset.key},
        *operations.references("crs", "properties", "skipGeometry", "f_items", "lang"),
    ]
    items = operations.operation(f"{dataset.id}.getItems", dataset.title.fr, "data", "FeatureCollection", GEOJSON)
    items["responses"]["410"] = {"$ref": "#/components/responses/Gone"}
    item["responses"]["200"]["content"] |= _other_forms("Feature")
    items["responses"]["200"]["content"] |= _other_forms("FeatureCollection")
    names = ("limit", "offset", "cursor", "bbox", "bbox-crs", "crs", "datetime", "sortby", "properties")
    filters = operations.references("filter", "filter-lang", "filter-crs")
    items["parameters"] = [
        *operations.references(*names, "skipGeometry", "resultType", "f_items", "lang"),
        *filters,
        *operations.filters(dataset),
    ]
    described = {
        root: operations.get(f"{dataset.id}.describe", dataset.title.fr, "data", "Collection"),
        f"{root}/queryables": _schema(dataset, "queryables", "f"),
        f"{root}/sortables": _schema(dataset, "sortables", "f_json"),
        f"{root}/schema": _schema(dataset, "schema", "f"),
        f"{root}/items": {"get": items, "post": _posted(items)},
        f"{root}/items/{{featureId}}": {"get": item},
    }
    return described | (tile_definition.paths(dataset) if dataset.tiles else {})


def _schema(dataset: Dataset, name: str, forms: str) -> Document:
    described = operations.operation(
        f"{dataset.id}.{name}",
        f"{name.title()} of {dataset.title.fr}",
        "data",
        "Object",
        schemas.MEDIA,
        html=forms == "f",
    )
    described["parameters"] = operations.references(forms, "lang")
    return {"get": described}


def _posted(items: Document) -> Document:
    """Describe the POST that stands for a GET: its parameters as a form, or a filter as the body."""
    content = {media: {"schema": {"$ref": "#/components/schemas/Filter"}} for media in posted.CQL2_JSON}
    content[posted.FORM] = {"schema": {"$ref": "#/components/schemas/Query"}}
    answers = {status: answer for status, answer in items["responses"].items() if status != "200"}
    described = items["responses"]["200"]
    kept = [parameter for parameter in items["parameters"] if parameter not in operations.references("f_items")]
    return {
        **items,
        "parameters": [*kept, *operations.references("f_json")],
        "operationId": items["operationId"].replace(".getItems", ".postItems"),
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {**described, "content": {k: v for k, v in described["content"].items() if k != "text/html"}},
            **answers,
            "413": {"$ref": "#/components/responses/TooLarge"},
            "415": {"$ref": "#/components/responses/UnsupportedMedia"},
        },
    }


def _parameters() -> Document:
    text = {"type": "string"}
    names = {"type": "array", "items": {"type": "string"}}
    address = {"type": "string", "format": "uri", "default": crs.CRS84}
    limit = {
        "type": "integer",
        "minimum": 1,
        "maximum": parameters.MAX_LIMIT,
        "default": parameters.DEFAULT_LIMIT,
    }
    box = {
        "type": "array",
        "minItems": 4,
        "maxItems": 6,
        "items": {"type": "number"},
    }
    languages = {"type": "string", "enum": [parameters.TEXT, parameters.JSON], "default": parameters.TEXT}
    hits = {"type": "string", "enum": ["results", "hits"], "default": "results"}
    plain = [
        operations.parameter("limit", "Features a page; a larger number is clamped to the maximum", limit),
        operations.parameter("offset", "Features to skip", {"type": "integer", "minimum": 0, "default": 0}),
        operations.parameter("cursor", "Where the walk goes on: as `next` links give it", text),
        operations.parameter("bbox", "west,south,east,north, in the axis order of bbox-crs", box),
        operations.parameter("bbox-crs", "CRS of bbox", address),
        operations.parameter("crs", "CRS of the answer's geometries", address),
        operations.parameter(
            "datetime", "A date, a time, or start/end with .. for an open end; no effect without time", text
        ),
        operations.parameter("sortby", "Columns to sort by, - before one for descending", names),
        operations.parameter("properties", "Columns to return", names),
        operations.parameter("skipGeometry", "Leave geometries out", {"type": "boolean", "default": False}),
        operations.parameter("resultType", "hits counts without returning features", hits),
        operations.parameter("filter", "A condition in CQL2, as population > 1000 AND nom LIKE 'Saint-%'", text),
        operations.parameter("filter-lang", "Encoding of filter", languages),
        operations.parameter("filter-crs", "CRS of the geometries in filter, and their axis order", address),
        operations.parameter("lang", "Language of titles", {"type": "string", "enum": ["fr", "en"]}),
    ]
    described = {parameter["name"]: parameter for parameter in plain}
    for name, formats in (
        ("f", ["json", "html"]),
        ("f_items", ["json", "html", "jsonfg", "csv"]),
        ("f_json", ["json"]),
    ):
        described[name] = operations.parameter("f", "Format, in place of Accept", {"type": "string", "enum": formats})
    return described


def _other_forms(answer: str) -> Document:
    """Return what else features are given as: JSON-FG is GeoJSON with more members."""
    return {JSONFG: {"schema": {"$ref": f"#/components/schemas/{answer}"}}, CSV: {"schema": {"type": "string"}}}


def _responses() -> Document:
    content: Document = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    # a browser gets a page
    content["text/html"] = {"schema": {"type": "string"}}
    meanings = {
        "BadRequest": "A parameter is unknown or makes no sense; the problem says which and what to do",
        "NotFound": "There is no such thing",
        "NotAcceptable": "No such format",
        "TooLarge": "The body, or the address that its `next` links would have, is too long",
        "UnsupportedMedia": "The body is neither a form nor CQL2 JSON",
        "Gone": "The generation that the cursor walked has been removed; start again",
        "Unavailable": "The database is away, or the query takes too long; see Retry-After",
    }
    return {name: {"description": meaning, "content": content} for name, meaning in meanings.items()}


def _schemas() -> Document:
    links = {"type": "array", "items": {"$ref": "#/components/schemas/Link"}}
    named = {"id": {"type": "string"}, "title": {"type": "string"}, "links": links}
    geometry = {"type": "object", "nullable": True, "required": ["type"], "properties": {"type": {"type": "string"}}}
    return {
        "Object": {"type": "object"},
        "Link": {
            "type": "object",
            "required": ["href", "rel"],
            "properties": {key: {"type": "string"} for key in ("href", "rel", "type", "title")},
        },
        "Filter": {"description": "CQL2 JSON (OGC 21-065r2)", "oneOf": [{"type": "object"}, {"type": "boolean"}]},
        "Query": {
            "type": "object",
            "description": "The parameters of the GET, form-encoded",
            "properties": {name: {"type": "string"} for name in ("filter", "filter-lang", "filter-crs", "bbox")},
        },
        "LandingPage": {"type": "object", "required": ["links"], "properties": named},
        "Conformance": {
            "type": "object",
            "required": ["conformsTo"],
            "properties": {"conformsTo": {"type": "array", "items": {"type": "string"}}},
        },
        "Collection": {"type": "object", "required": ["id", "links"], "properties": named},
        "Collections": {
            "type": "object",
            "required": ["links", "collections"],
            "properties": {
                "links": links,
                "collections": {"type": "array", "items": {"$ref": "#/components/schemas/Collection"}},
            },
        },
        "Feature": {
            "type": "object",
            "required": ["type", "id", "geometry", "properties"],
            "properties": {
                "type": {"type": "string", "enum": ["Feature"]},
                "id": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
                "geometry": geometry,
                "properties": {"type": "object", "nullable": True},
                "links": links,
            },
        },
        "FeatureCollection": {
            "type": "object",
            "required": ["type", "features", "links"],
            "properties": {
                "type": {"type": "string", "enum": ["FeatureCollection"]},
                "features": {"type": "array", "items": {"$ref": "#/components/schemas/Feature"}},
                "numberMatched": {"type": "integer", "minimum": 0},
                "numberReturned": {"type": "integer", "minimum": 0},
                "timeStamp": {"type": "string", "format": "date-time"},
                "links": links,
            },
        },
        "Problem": {
            "type": "object",
            "required": ["title", "status", "detail"],
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "remedy": {"type": "string"},
                "restart": {"type": "string"},
            },
        },
    }
