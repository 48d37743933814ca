"""The API definition: one OpenAPI 3.0 document without outside references, with literal paths for QGIS and GDAL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import territoire
from territoire.core.models import Dataset
from territoire.query.layers import PublishedLayer
from territoire.query.model import Generation
from territoire.web import posted
from territoire.web.answers import CSV, GEOJSON, JSONFG
from territoire.web.api import (
    answer_schemas,
    live_definition,
    operations,
    process_definition,
    query_parameters,
    raster_definition,
    schemas,
    tile_definition,
)
from territoire.web.asked import Asked

Document = dict[str, Any]  # a JSON document


def definition(asked: Asked, generations: Sequence[Generation], layers: Sequence[PublishedLayer] = ()) -> Document:
    """Return the whole definition (OGC 17-069r4, requirements class oas30)."""
    paths: Document = {
        "/": operations.get("landing", "Landing page", "server", "LandingPage"),
        "/conformance": operations.get("conformance", "Conformance classes", "server", "Conformance"),
        "/collections": operations.get("collections", "Collections", "data", "Collections"),
        **tile_definition.shared_paths(),
        **process_definition.paths(),
    }
    for generation in generations:
        paths |= _collection_paths(generation.dataset)
    live = [layer.declaration for layer in layers if isinstance(layer.declaration, Dataset)]
    for dataset in live:
        paths |= _live_paths(dataset)
    for layer in layers:
        paths |= live_definition.paths(layer) if layer.kind in live_definition.KINDS else {}
        paths |= raster_definition.paths(layer) if layer.kind == "raster" else {}
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Territoire",
            "version": territoire.__version__,
            "description": "OGC API Features, Tiles, Coverages, Maps and Processes of the territory.",
            "license": {"name": "Apache-2.0 (software); each collection names its own licence"},
        },
        "servers": [{"url": asked.ogc}],
        "tags": [{"name": name} for name in ("server", "data", "tiles", process_definition.TAG)],
        "paths": paths,
        "components": {
            "parameters": _parameters([*(generation.dataset for generation in generations), *live]),
            "responses": _responses()
            | process_definition.RESPONSES
            | live_definition.RESPONSES
            | raster_definition.RESPONSES,
            "schemas": answer_schemas.SCHEMAS | process_definition.SCHEMAS,
        },
    }


def _parameters(datasets: Sequence[Dataset]) -> Document:
    described = query_parameters.shared() | tile_definition.parameters() | process_definition.parameters()
    for dataset in datasets:
        described |= query_parameters.of_collection(dataset)
    return described


def _live_paths(dataset: Dataset) -> Document:
    """Describe live features: as those of any dataset, without cursors, and with the ways in which a source fails."""
    cursor = query_parameters.references(dataset, "cursor")
    found = _collection_paths(dataset)
    for path in found.values():
        for operation in path.values():
            operation["parameters"] = [one for one in operation["parameters"] if one not in cursor]
            operation["responses"] = {k: v for k, v in operation["responses"].items() if k != "410"}
            operation["responses"] |= live_definition.ERRORS
    return found


def _collection_paths(dataset: Dataset) -> Document:
    root = f"/collections/{dataset.id}"
    item = operations.operation(
        f"{dataset.id}.getItem", f"One feature of {dataset.title.fr}", "data", "Feature", GEOJSON
    )
    item["parameters"] = [
        {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string"}, "description": dataset.key},
        *query_parameters.references(dataset, "crs", "properties", "skipGeometry", "f_items", "lang"),
    ]
    items = operations.operation(f"{dataset.id}.getItems", dataset.title.fr, "data", "FeatureCollection", GEOJSON)
    items["responses"]["410"] = {"$ref": "#/components/responses/Gone"}
    item["responses"]["200"]["content"] |= _other_forms("Feature")
    items["responses"]["200"]["content"] |= _other_forms("FeatureCollection")
    names = ("limit", "offset", "cursor", "bbox", "bbox-crs", "crs", "datetime", "sortby", "properties")
    filters = ("filter", "filter-lang", "filter-crs")
    items["parameters"] = [
        *query_parameters.references(dataset, *names, "skipGeometry", "resultType", "f_items", "lang", *filters),
        *operations.filters(dataset),
    ]
    described = {
        root: operations.get(f"{dataset.id}.describe", dataset.title.fr, "data", "Collection"),
        f"{root}/queryables": _schema(dataset, "queryables", "f"),
        f"{root}/sortables": _schema(dataset, "sortables", "f_json"),
        f"{root}/schema": _schema(dataset, "schema", "f"),
        f"{root}/schema/feature": _schema(dataset, "schema/feature", "f_json"),
        f"{root}/items": {"get": items, "post": _posted(items)},
        f"{root}/items/{{featureId}}": {"get": item},
    }
    return described | (tile_definition.paths(dataset) if dataset.tiles else {})


def _schema(dataset: Dataset, name: str, forms: str) -> Document:
    described = operations.operation(
        f"{dataset.id}.{name.replace('/', '.')}",
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
    # the filter stands in the body, and twice is once too often
    elsewhere = operations.references("f_items", "filter", "filter-lang")
    kept = [parameter for parameter in items["parameters"] if parameter not in elsewhere]
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
        "AddressTooLong": "The address is longer than the server reads",
        "Gone": "The generation that the cursor walked has been removed; start again",
        "Unavailable": "The database is away, or the query takes too long; see Retry-After",
    }
    return {name: {"description": meaning, "content": content} for name, meaning in meanings.items()}
