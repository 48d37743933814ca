"""A dataset's catalogue record (OGC API Records, 20-004r1), without the links that depend on the server."""

from __future__ import annotations

from typing import Any

from territoire.core.derive import crs
from territoire.core.derive.tileset import Bounds
from territoire.core.models import Dataset
from territoire.core.vocabulary import Vocabulary


def record(
    dataset: Dataset,
    vocabulary: Vocabulary,
    *,
    bounds_crs84: Bounds | None,
    updated: str | None = None,
    language: str = "fr",
) -> dict[str, Any]:  # a JSON document
    """Return the record; `updated` is an RFC 3339 time, the geometry the bounds of the published generation."""
    producer = vocabulary.producers[dataset.producer]
    licence = vocabulary.licences[dataset.licence]
    theme = vocabulary.themes[dataset.theme]
    properties: dict[str, Any] = {
        "type": "dataset",
        "title": dataset.title.get(language),
        "description": dataset.abstract.get(language),
        "language": {"code": language},
        "keywords": list(dataset.keywords),
        "themes": [{"concepts": [{"id": dataset.theme, "title": theme.title.get(language)}], "scheme": "territoire"}],
        "contacts": [{"organization": producer.name, "roles": ["owner"], "links": [{"href": producer.url}]}],
        "license": licence.url,
        "formats": [{"name": "GeoJSON"}, *([{"name": "MVT"}] if dataset.tiles else [])],
        "crs": crs.uris(dataset) if dataset.geometry else [],
    }
    if dataset.contact:
        properties["contacts"].append({"name": dataset.contact, "roles": ["pointOfContact"]})
    if dataset.millesime:
        properties["edition"] = dataset.millesime
    if updated:
        properties["updated"] = updated
    return {
        "id": dataset.id,
        "type": "Feature",
        "conformsTo": ["http://www.opengis.net/spec/ogcapi-records-1/1.0/req/record-core"],
        "time": None,
        "geometry": _box(bounds_crs84) if bounds_crs84 else None,
        "properties": properties,
    }


def _box(bounds_crs84: Bounds) -> dict[str, Any]:  # a GeoJSON geometry
    west, south, east, north = bounds_crs84
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}
