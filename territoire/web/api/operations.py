"""The building blocks of the API definition: operations, parameters, answers."""

from __future__ import annotations

from typing import Any

from territoire.core.derive import schema
from territoire.core.models import Column, Dataset

Document = dict[str, Any]  # a JSON document

#: What PostgreSQL's types hold.
_RANGES = {
    "integer": {"format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1},
    "bigint": {"format": "int64"},
}
_ERRORS = {
    "400": "BadRequest",
    "404": "NotFound",
    "406": "NotAcceptable",
    "414": "AddressTooLong",
    "503": "Unavailable",
}


def get(name: str, summary: str, tag: str, answer: str, *, html: bool = True) -> Document:
    """Describe the GET of a document that has no parameters but its form and language."""
    described = operation(name, summary, tag, answer, "application/json", html=html)
    described["parameters"] = references("f" if html else "f_json", "lang")
    return {"get": described}


def operation(name: str, summary: str, tag: str, answer: str, media: str, *, html: bool = True) -> Document:
    """Describe an operation without its parameters; `answer` names a schema of the components."""
    content: Document = {media: {"schema": {"$ref": f"#/components/schemas/{answer}"}}}
    if html:
        content["text/html"] = {"schema": {"type": "string"}}
    return {
        "operationId": name,
        "summary": summary,
        "tags": [tag],
        "responses": {"200": {"description": summary, "content": content}, **errors()},
    }


def errors() -> Document:
    """Return the refusals that every operation may answer with."""
    return {status: {"$ref": f"#/components/responses/{name}"} for status, name in _ERRORS.items()}


def references(*names: str) -> list[Document]:
    """Return references to parameters of the components."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def filters(dataset: Dataset) -> list[Document]:
    """Describe the columns that filter by `column=value`."""
    return [_filter(column) for column in dataset.columns if column.queryable]


def _filter(column: Column) -> Document:
    wanted = schema.column(column)
    described = column.description.fr if column.description else column.title.fr
    # a value outside of the codelist matches nothing: it is no error
    kept = {key: wanted[key] for key in ("type", "format") if key in wanted} | _RANGES.get(column.type, {})
    return parameter(column.name, f"{described} ({column.name} = value)", kept)


def parameter(name: str, description: str, wanted: Document) -> Document:
    """Describe a query parameter as QGIS and the test suites read them: optional, form, not exploded."""
    return {
        "name": name,
        "in": "query",
        "required": False,
        "style": "form",
        "explode": False,
        "description": description,
        "schema": wanted,
    }
