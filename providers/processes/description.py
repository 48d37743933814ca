"""What a process says of itself in French and English, and the check of what is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema
from jsonschema.exceptions import best_match

from territoire.core.errors import RequestError
from territoire.core.models import Localised
from territoire.core.registry import nearest

__all__ = ["CSV", "GEOJSON", "JSON", "LINE", "POINT", "POLYGON", "Description", "Input", "Json", "Language", "Result"]

Json = dict[str, Any]  # a JSON object
Language = str
GEOJSON = "application/geo+json"
JSON = "application/json"
CSV = "text/csv"

_POSITION: Json = {
    "type": "array",
    "prefixItems": [
        {"type": "number", "minimum": -180, "maximum": 180},
        {"type": "number", "minimum": -90, "maximum": 90},
    ],
    "items": {"type": "number"},
    "minItems": 2,
    "maxItems": 3,
}
_RING: Json = {"type": "array", "items": _POSITION, "minItems": 4, "maxItems": 20_000}
_RINGS: Json = {"type": "array", "items": _RING, "minItems": 1, "maxItems": 1000}


def _geometry(name: str, coordinates: Json) -> Json:
    return {
        "type": "object",
        "required": ["type", "coordinates"],
        "properties": {"type": {"const": name}, "coordinates": coordinates},
        "format": "geojson-geometry",
    }


#: Geometries of GeoJSON: longitude and latitude in degrees.
POINT = _geometry("Point", _POSITION)
LINE = _geometry("LineString", {"type": "array", "items": _POSITION, "minItems": 2, "maxItems": 5000})
POLYGON: Json = {
    "oneOf": [
        _geometry("Polygon", _RINGS),
        _geometry("MultiPolygon", {"type": "array", "items": _RINGS, "minItems": 1, "maxItems": 1000}),
    ]
}


@dataclass(frozen=True, slots=True)
class Input:
    """One input: its names and its JSON schema."""

    title: Localised
    schema: Json
    description: Localised | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that a process may give; which one depends on what was asked."""

    title: Localised
    media: str


@dataclass(frozen=True, slots=True)
class Description:
    """A process as it is declared; `one_of` names inputs of which exactly one must be given."""

    id: str
    title: Localised
    description: Localised
    keywords: tuple[str, ...]
    inputs: Mapping[str, Input]
    results: Mapping[str, Result]
    example: Json
    one_of: tuple[str, ...] = ()
    also: Callable[[Json], object] | None = None
    """Raises RequestError for what no schema can say."""
    version: str = field(default="1.0.0")

    @property
    def schema(self) -> Json:
        """The JSON schema of all inputs together."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {name: given.schema for name, given in self.inputs.items()},
            "required": [name for name, given in self.inputs.items() if given.required],
            "additionalProperties": False,
        }

    def check(self, inputs: Mapping[str, Any]) -> Json:
        """Return the inputs as plain values; RequestError says which one is wrong and what was expected."""
        plain = {name: _plain(name, value) for name, value in inputs.items()}
        for name in plain.keys() - self.inputs.keys():
            raise RequestError(
                f"inputs: {self.id} has no input {name[:60]!r}",
                remedy=nearest(name[:60], self.inputs) or f"see /ogc/processes/{self.id}",
            )
        given = [name for name in self.one_of if name in plain]
        if self.one_of and len(given) != 1:
            raise RequestError(
                f"inputs: {' and '.join(given) or 'none'} given, and one of {', '.join(self.one_of)} is needed",
                remedy=f"give exactly one of {', '.join(self.one_of)}",
            )
        fault = best_match(jsonschema.Draft202012Validator(self.schema).iter_errors(plain))
        if fault is not None:
            where = ".".join(["inputs", *map(str, fault.absolute_path)])
            raise RequestError(f"{where}: {fault.message[:200]}", remedy=f"see the schema: /ogc/processes/{self.id}")
        if self.also:
            self.also(plain)
        return plain

    def document(self, language: Language, *, takes_jobs: bool) -> Json:
        """Return the summary and the description of OGC 18-062r2, 7.10, without links."""
        return {
            **self.summary(language, takes_jobs=takes_jobs),
            "inputs": {name: _input(given, language) for name, given in self.inputs.items()},
            "outputs": {
                name: {"title": result.title.get(language), "schema": _output_schema(result.media)}
                for name, result in self.results.items()
            },
        }

    def summary(self, language: Language, *, takes_jobs: bool) -> Json:
        """Return what the list of processes says; `takes_jobs`: whether this server can hand jobs to workers."""
        return {
            "id": self.id,
            "title": self.title.get(language),
            "description": self.description.get(language),
            "keywords": list(self.keywords),
            "version": self.version,
            "jobControlOptions": ["sync-execute", *(["async-execute", "dismiss"] if takes_jobs else [])],
            "outputTransmission": ["value"],
        }

    def metadata(self) -> Json:
        """Return what pygeoapi wants of a plug-in: the same, in both languages."""
        # pygeoapi adds async-execute where its manager takes jobs
        french, english = (self.document(language, takes_jobs=False) for language in ("fr", "en"))
        both = {key: {"fr": french[key], "en": english[key]} for key in ("title", "description")}
        return {**french, **both, "links": [], "example": {"inputs": self.example}}


def _plain(name: str, value: Any) -> Any:  # JSON
    """Take a qualified value out of its wrapping (OGC 18-062r2, 7.11.2.3); what stands elsewhere is not fetched."""
    if isinstance(value, dict):
        if "href" in value and "coordinates" not in value:
            raise RequestError(f"inputs.{name[:60]}: a link is not followed here", remedy="give the value itself")
        if "value" in value and value.keys() <= {"value", "mediaType", "encoding", "schema", "format"}:
            return value["value"]
    return value


def _input(given: Input, language: Language) -> Json:
    described: Json = {
        "title": given.title.get(language),
        "schema": given.schema,
        "minOccurs": 1 if given.required else 0,
        "maxOccurs": 1,
    }
    return {**described, "description": given.description.get(language)} if given.description else described


def _output_schema(media: str) -> Json:
    return {
        "type": "string" if media == CSV else "object",
        "contentMediaType": media,
    }
