"""The API definition: one OpenAPI 3.0 document without outside references, with literal paths for QGIS and GDAL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import territoire
from territoire.core.derive import crs, schema, tileset
from territoire.core.models import Dataset
from territoire.query import parameters
from territoire.query.model import Generation
from territoire.web.answers import GEOJSON
from territoire.web.asked import Asked

Document = dict[str, Any]  # a JSON document

_ERRORS = {"400": "BadRequest", "404": "NotFound", "406": "NotAcceptable", "503": "Unavailable"}


def definition(asked: Asked, generations: Sequence[Generation]) -> Document:
    """Return the whole definition (OGC 17-069r4, requirements class oas30)."""
    paths: Document = {
        "/": _get("landing", "Landing page", "server", "LandingPage"),
        "/conformance": _get("conformance", "Conformance classes", "server", "Conformance"),
        "/collections": _get("collections", "Collections", "data", "Collections"),
        "/tileMatrixSets": _get("tileMatrixSets", "Tile matrix sets", "tiles", "Object", html=False),
        f"/tileMatrixSets/{tileset.TMS_ID}": _get("tileMatrixSet", tileset.TMS_ID, "tiles", "Object", html=False),
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
            "parameters": _parameters(),
            "responses": _responses(),
            "schemas": _schemas(),
        },
    }


def _collection_paths(dataset: Dataset) -> Document:
    root = f"/collections/{dataset.id}"
    item = _operation(f"{dataset.id}.getItem", f"One feature of {dataset.title.fr}", "data", "Feature", GEOJSON)
    item["parameters"] = [
        {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string"}, "description": dataset.key},
        *_references("crs", "properties", "skipGeometry", "f_items", "lang"),
    ]
    items = _operation(f"{dataset.id}.getItems", dataset.title.fr, "data", "FeatureCollection", GEOJSON)
    items["responses"]["410"] = {"$ref": "#/components/responses/Gone"}
    names = ("limit", "offset", "cursor", "bbox", "bbox-crs", "crs", "datetime", "sortby", "properties")
    items["parameters"] = [
        *_references(*names, "skipGeometry", "resultType", "f_items", "lang"),
        *(_filter(dataset, name) for name in (column.name for column in dataset.columns if column.queryable)),
    ]
    described = {
        root: _get(f"{dataset.id}.describe", dataset.title.fr, "data", "Collection"),
        f"{root}/items": {"get": items},
        f"{root}/items/{{featureId}}": {"get": item},
    }
    return described | (_tile_paths(dataset) if dataset.tiles else {})


def _tile_paths(dataset: Dataset) -> Document:
    root = f"/collections/{dataset.id}/tiles"
    title = f"Tiles of {dataset.title.fr}"
    tile = {
        "operationId": f"{dataset.id}.vector.getTile",
        "summary": title,
        "tags": ["tiles"],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}
            for name in ("tileMatrix", "tileRow", "tileCol")
        ],
        "responses": {
            "200": {
                "description": "A Mapbox vector tile",
                "content": {tileset.MVT: {"schema": {"type": "string", "format": "binary"}}},
            },
            "204": {"description": "Nothing lies in this tile"},
            **_error_references(),
        },
    }
    return {
        root: _get(f"{dataset.id}.vector.getTileSetsList", title, "tiles", "Object", html=False),
        f"{root}/{tileset.TMS_ID}": _get(f"{dataset.id}.vector.getTileSet", title, "tiles", "Object", html=False),
        f"{root}/{tileset.TMS_ID}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": {"get": tile},
    }


def _get(operation: str, summary: str, tag: str, answer: str, *, html: bool = True) -> Document:
    described = _operation(operation, summary, tag, answer, "application/json", html=html)
    described["parameters"] = _references("f" if html else "f_json", "lang")
    return {"get": described}


def _operation(operation: str, summary: str, tag: str, answer: str, media: str, *, html: bool = True) -> Document:
    content: Document = {media: {"schema": {"$ref": f"#/components/schemas/{answer}"}}}
    if html:
        content["text/html"] = {"schema": {"type": "string"}}
    return {
        "operationId": operation,
        "summary": summary,
        "tags": [tag],
        "responses": {"200": {"description": summary, "content": content}, **_error_references()},
    }


def _error_references() -> Document:
    return {status: {"$ref": f"#/components/responses/{name}"} for status, name in _ERRORS.items()}


def _references(*names: str) -> list[Document]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _filter(dataset: Dataset, name: str) -> Document:
    column = dataset.column(name)
    wanted = schema.column(column)
    described = column.description.fr if column.description else column.title.fr
    kept = {key: wanted[key] for key in ("type", "format", "enum") if key in wanted}
    return _parameter(name, f"{described} ({name} = value)", kept)


def _parameter(name: str, description: str, wanted: Document) -> Document:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "style": "form",
        "explode": False,
        "description": description,
        "schema": wanted,
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
    hits = {"type": "string", "enum": ["results", "hits"], "default": "results"}
    plain = [
        _parameter("limit", "Features a page; a larger number is clamped to the maximum", limit),
        _parameter("offset", "Features to skip", {"type": "integer", "minimum": 0, "default": 0}),
        _parameter("cursor", "Where the walk goes on: as `next` links give it", text),
        _parameter("bbox", "west,south,east,north, in the axis order of bbox-crs", box),
        _parameter("bbox-crs", "CRS of bbox", address),
        _parameter("crs", "CRS of the answer's geometries", address),
        _parameter("datetime", "A date, a time, or start/end with .. for an open end; no effect without time", text),
        _parameter("sortby", "Columns to sort by, - before one for descending", names),
        _parameter("properties", "Columns to return", names),
        _parameter("skipGeometry", "Leave geometries out", {"type": "boolean", "default": False}),
        _parameter("resultType", "hits counts without returning features", hits),
        _parameter("lang", "Language of titles", {"type": "string", "enum": ["fr", "en"]}),
    ]
    described = {parameter["name"]: parameter for parameter in plain}
    for name, formats in (("f", ["json", "html"]), ("f_items", ["json", "html"]), ("f_json", ["json"])):
        described[name] = _parameter("f", "Format, in place of Accept", {"type": "string", "enum": formats})
    return described


def _responses() -> Document:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    meanings = {
        "BadRequest": "A parameter is unknown or makes no sense; the problem says which and what to do",
        "NotFound": "There is no such thing",
        "NotAcceptable": "No such format",
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
