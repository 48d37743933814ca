"""The schemas of a collection: what can be queried, sorted by, and returned (OGC 19-079r2, OGC 23-058r2)."""

from __future__ import annotations

from typing import Any

from territoire.core.derive import schema
from territoire.core.models import Column, Dataset, GeometryType
from territoire.query.model import Generation
from territoire.web.asked import Asked

MEDIA = "application/schema+json"
FORMS = {"json": (MEDIA, "application/json"), "html": ("text/html",)}
JSON_FORM = {"json": (MEDIA, "application/json")}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_GEOMETRY = {"fr": "Géométrie", "en": "Geometry"}

Document = dict[str, Any]  # a JSON document


def queryables(asked: Asked, generation: Generation) -> Document:
    """Return what filters may name (OGC 19-079r2, /req/queryables/response).

    The geometry has a $ref as Part 3 allows: QGIS pushes no spatial filter down without (clients.md 1.5). Part 5
    wants `format` and no $ref, hence its own class of queryables is not declared.
    """
    dataset = generation.dataset
    columns = [column for column in dataset.columns if column.queryable]
    described = _described(asked, dataset, "queryables", columns)
    if dataset.geometry:
        described["properties"]["geometry"] = {
            "title": _GEOMETRY[asked.language],
            "$ref": f"https://geojson.org/schema/{dataset.geometry.type}.json",
            "format": _format(dataset.geometry.type),
            "x-ogc-role": "primary-geometry",
        }
    return described


def sortables(asked: Asked, generation: Generation) -> Document:
    """Return what `sortby` may name (OGC 23-058r2, /req/sortables/response)."""
    dataset = generation.dataset
    return _described(asked, dataset, "sortables", [column for column in dataset.columns if column.sortable])


def returnables(asked: Asked, generation: Generation) -> Document:
    """Return what a feature holds, with the roles of its properties.

    OGC 23-058r2, /req/returnables-and-receivables/response and /req/core-roles-features.
    """
    dataset = generation.dataset
    described = _described(asked, dataset, "schema", dataset.columns)
    properties: Document = described["properties"]
    for name, role in _roles(dataset).items():
        properties[name]["x-ogc-role"] = role
    # set by the producer, never by a client
    properties[dataset.key]["readOnly"] = True
    if dataset.geometry:
        properties["geometry"] = {
            "title": _GEOMETRY[asked.language],
            "format": _format(dataset.geometry.type),
            "x-ogc-role": "primary-geometry",
        }
    for place, described_property in enumerate(properties.values(), 1):
        described_property["x-ogc-propertySeq"] = place
    described["required"] = [
        column.name for column in dataset.columns if not column.nullable or column.name == dataset.key
    ]
    return described


def feature(asked: Asked, generation: Generation) -> Document:
    """Return the schema of a feature as GeoJSON writes it: what GDAL takes a layer's fields from.

    Without it GDAL guesses from the first 20 features, and a column that is null there becomes text. A bigint is a
    number here, as GDAL reads an integer into 32 bits.
    """
    dataset = generation.dataset
    described = _described(asked, dataset, "schema/feature", dataset.columns)
    properties: Document = described["properties"]
    for column in dataset.columns:
        if column.type == "bigint":
            properties[column.name]["type"] = "number"
    members: Document = {
        "type": {"type": "string", "enum": ["Feature"]},
        "id": {"type": "string" if dataset.column(dataset.key).type == "text" else "integer"},
        # a geometry of any type, or null
        "geometry": {},
        "properties": {"type": "object", "properties": properties},
    }
    return {**described, "properties": members, "required": list(members), "additionalProperties": True}


def _described(asked: Asked, dataset: Dataset, name: str, columns: list[Column] | tuple[Column, ...]) -> Document:
    return {
        "$schema": _DIALECT,
        "$id": f"{asked.ogc}/collections/{dataset.id}/{name}",
        "type": "object",
        "title": dataset.title.get(asked.language),
        "description": dataset.abstract.get(asked.language),
        "properties": {column.name: schema.column(column, asked.language) for column in columns},
        "additionalProperties": False,
    }


def _format(geometry: GeometryType) -> str:
    return f"geometry-{'any' if geometry == 'Geometry' else geometry.lower()}"


def _roles(dataset: Dataset) -> dict[str, str]:
    roles = {dataset.key: "id"}
    time = dataset.time
    if time is None:
        return roles
    if time.end is None:
        return {time.start: "primary-instant", **roles}
    if dataset.column(time.start).type != dataset.column(time.end).type:
        # both ends of an interval have one granularity (/req/core-roles-features/primary-temporal-constraints)
        return {time.start: "primary-interval-start", **roles}
    return {time.start: "primary-interval-start", time.end: "primary-interval-end", **roles}
