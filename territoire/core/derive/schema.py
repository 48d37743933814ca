"""JSON Schemas: of a declaration, for editors; of a feature's properties, for clients."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from territoire.core.models import Column, Dataset
from territoire.core.registry import Declaration

_JSON_TYPES: dict[str, dict[str, str]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "bigint": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
}


def declaration() -> dict[str, Any]:  # a JSON document
    """Return the JSON Schema of datasets/<theme>/<id>.yml."""
    schema = TypeAdapter(Declaration).json_schema(by_alias=True)
    # one source may stand without the list around it
    one_or_many = schema["$defs"]["Dataset"]["properties"]["source"]
    kinds = one_or_many.pop("items")
    one_or_many["anyOf"] = [kinds, {"type": "array", "items": kinds, "minItems": 1}]
    for key in ("type", "default"):
        one_or_many.pop(key, None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def column(declared: Column, language: str = "fr") -> dict[str, Any]:  # a JSON document
    """Return the JSON Schema of one property."""
    schema: dict[str, Any] = {"title": declared.title.get(language), **_JSON_TYPES[declared.type]}
    if declared.description:
        schema["description"] = declared.description.get(language)
    if declared.unit:
        schema["x-ogc-unit"] = declared.unit
    if declared.codelist:
        schema["enum"] = [code.value for code in declared.codelist]
    return schema


def properties(dataset: Dataset, language: str = "fr") -> dict[str, Any]:  # a JSON document
    """Return the JSON Schemas of all properties of a dataset's features, in order."""
    return {declared.name: column(declared, language) for declared in dataset.columns}
