"""The requirements of JSON-FG 1.0 (OGC 21-045r1) that an answer of ours can break, each by its name there."""

from __future__ import annotations

import re
from typing import Any

import orjson
import shapely
from jsonschema import Draft202012Validator

_CONF = "http://www.opengis.net/spec/json-fg-1/1.0/conf/"
_CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_DATE = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_STAMP = rf"{_DATE}T\d{{2}}:\d{{2}}:\d{{2}}(?:\.\d+)?Z"  # /req/core/utc
_DEPTHS = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
_DIMENSIONS = {"Point": 0, "LineString": 1, "Polygon": 2}
_FORBIDDEN = ("conformsTo", "coordRefSys", "measures")
Document = dict[str, Any]  # a JSON document


def _without(*names: str) -> Document:
    return {"not": {"anyOf": [{"required": [name]} for name in names]}}


def _shape(kind: str, depth: int) -> Document:
    """Describe a geometry of two dimensions that has no member of JSON-FG's own."""
    coordinates: Document = {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}}
    for _ in range(depth):
        coordinates = {"type": "array", "items": coordinates}
    wanted = {"type": {"const": kind}, "coordinates": coordinates}
    return {"type": "object", "required": ["type", "coordinates"], "properties": wanted, **_without(*_FORBIDDEN)}


def _one(*patterns: str) -> Document:
    return {"type": "string", "pattern": f"^(?:{'|'.join(patterns)})$"}


def _interval(moment: str) -> Document:
    return {"type": "array", "minItems": 2, "maxItems": 2, "items": _one(moment, r"\.\.")}


_GEOMETRY = {"oneOf": [{"type": "null"}, *(_shape(kind, depth) for kind, depth in _DEPTHS.items())]}
_TIME: Document = {
    "oneOf": [
        {"type": "null"},
        {
            "type": "object",
            "minProperties": 1,
            "properties": {
                "date": _one(_DATE),
                "timestamp": _one(_STAMP),
                # both ends are of one kind, /req/core/interval B and C
                "interval": {"anyOf": [_interval(_DATE), _interval(_STAMP)]},
            },
            "additionalProperties": False,
        },
    ]
}
_FEATURE: Document = {
    "type": "object",
    "required": ["type", "id", "time", "place", "geometry", "properties"],
    "properties": {
        "type": {"const": "Feature"},
        "id": {"type": ["string", "number"]},
        "time": _TIME,
        "place": _GEOMETRY,
        "geometry": _GEOMETRY,
        "properties": {"type": ["object", "null"]},
    },
}
_ROOT: Document = {
    "type": "object",
    "required": ["type", "conformsTo", "featureType", "featureSchema", "links"],
    "properties": {
        "conformsTo": {"allOf": [{"contains": {"const": _CONF + name}} for name in ("core", "types-schemas")]},
        "featureType": {"type": "string"},
        "featureSchema": {"type": "string", "pattern": "^https?://"},
        "coordRefSys": {"type": "string", "pattern": "^https?://www.opengis.net/def/crs/"},
        "geometryDimension": {"type": "integer", "minimum": 0, "maximum": 3},
    },
}


def check(root: Document) -> list[Document]:
    """Check a whole answer, and return its features."""
    Draft202012Validator(_ROOT).validate(root)
    is_collection = root["type"] == "FeatureCollection"
    features: list[Document] = root["features"] if is_collection else [root]
    for feature in features:
        Draft202012Validator(_FEATURE).validate(feature)
        # /req/core/metadata C and /req/core/same-crs: said once, in the root
        assert not is_collection or not {"conformsTo", "coordRefSys", "featureType"} & feature.keys()
        _check_shapes(feature, root)
        _check_interval(feature["time"])
    return features


def _check_shapes(feature: Document, root: Document) -> None:
    if feature["geometry"]:
        west, south, east, north = shapely.from_geojson(orjson.dumps(feature["geometry"])).bounds
        assert -180 <= west <= east <= 180, "/req/core/geometry-wgs84 A"
        assert -90 <= south <= north <= 90, "/req/core/geometry-wgs84 B"
    if feature["place"]:
        assert root["coordRefSys"] != _CRS84, "/req/core/place"
        assert feature["geometry"] != feature["place"], "/req/core/fallback"
        assert shapely.from_geojson(orjson.dumps(feature["place"])).is_valid, "/req/core/geom-valid"
    given = feature["place"] or feature["geometry"]
    if given and "geometryDimension" in root:
        wanted = _DIMENSIONS[given["type"].removeprefix("Multi")]
        assert root["geometryDimension"] == wanted, "/req/types-schemas/geometry-dimension"


def _check_interval(time: Document | None) -> None:
    start, end = (time or {}).get("interval", ("..", ".."))
    if ".." not in {start, end}:
        assert re.sub("Z$", "", start) <= re.sub("Z$", "", end), "/req/core/interval D"
