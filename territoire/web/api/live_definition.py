"""What the API definition says of live collections: their tiles, maps and records, and how their source may fail."""

from __future__ import annotations

from typing import Any

from providers import live_maps
from territoire.core.derive import tileset
from territoire.query.layers import PublishedLayer
from territoire.web.answers import GEOJSON
from territoire.web.api import operations

__all__ = ["CONFORMANCE", "ERRORS", "KINDS", "RESPONSES", "paths"]

Document = dict[str, Any]  # a JSON document
#: Only what a test proves: records as such, not the search, whose words are not combined as Records 1.0 wants.
CONFORMANCE = ("http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core",)
_TILE = ("tileMatrixSetId", "tileMatrix", "tileRow", "tileCol")
#: Those that are described here.
KINDS = frozenset({"wmts", "tms", "wms", "wms_vector", "csw"})
#: What every answer of a live collection may be, beside what all answers may be.
ERRORS: Document = {
    "502": {"$ref": "#/components/responses/BadGateway"},
    "504": {"$ref": "#/components/responses/GatewayTimeout"},
}
_PROBLEM: Document = {
    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
    "text/html": {"schema": {"type": "string"}},
}
RESPONSES: Document = {
    "BadGateway": {"description": "The source answered nonsense; the problem names its service", "content": _PROBLEM},
    "GatewayTimeout": {"description": "The source did not answer in time", "content": _PROBLEM},
}


def paths(layer: PublishedLayer) -> Document:
    """Return the paths of a live layer; live features are described as those of any dataset."""
    root, title = f"/collections/{layer.id}", layer.declaration.title.fr
    found: Document = {root: operations.get(f"{layer.id}.describe", title, "data", "Collection")}
    if layer.kind == "wmts":
        media = str(layer.description["media"])
        return found | _tiles(layer, f"{root}/map/tiles", f"{layer.id}.collection.map", media)
    if layer.kind == "tms":
        return found | _tiles(layer, f"{root}/tiles", f"{layer.id}.collection.vector", tileset.MVT)
    if layer.kind == "csw":
        return found | _records(layer, root)
    return found | {f"{root}/map": {"get": _map(layer)}}


def _tiles(layer: PublishedLayer, root: str, name: str, media: str) -> Document:
    title = layer.declaration.title.fr
    described = operations.operation(f"{name}.getTileSet", title, "tiles", "Object", "application/json", html=False)
    sets = [str(one["id"]) for one in layer.description.get("sets", [])] or ["WebMercatorQuad"]
    of_set = _part("tileMatrixSetId", {"type": "string", "enum": sets})
    described["parameters"] = [of_set, *operations.references("f_json", "lang")]
    tile: Document = {
        "operationId": f"{name}.getTile",
        "summary": title,
        "tags": ["tiles"],
        "parameters": [of_set, *(_part(part, {"type": "string"}) for part in _TILE[1:])],
        "responses": {
            "200": {"description": "A tile", "content": {media: {"schema": {"type": "string", "format": "binary"}}}},
            "204": {"description": "Nothing lies in this tile"},
            **operations.errors(),
            **ERRORS,
        },
    }
    return {
        root: operations.get(f"{name}.getTileSetsList", title, "tiles", "Object", html=False),
        f"{root}/{{tileMatrixSetId}}": {"get": described},
        f"{root}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": {"get": tile},
    }


def _map(layer: PublishedLayer) -> Document:
    number: Document = {"type": "integer", "minimum": 1, "maximum": 4096}
    media = {name: one for name, one in live_maps.MEDIA.items() if one in layer.description["formats"]}
    wanted: dict[str, tuple[str, Document]] = {
        "bbox": ("West, south, east, north", {"type": "array", "items": {"type": "number"}}),
        "bbox-crs": ("CRS of bbox", {"type": "string", "format": "uri"}),
        "crs": ("CRS of the map", {"type": "string", "format": "uri"}),
        "width": ("Pixels", number),
        "height": ("Pixels", number),
        "transparent": ("Is what is not drawn transparent?", {"type": "boolean"}),
        "bgcolor": ("Colour of what is not drawn, as 0xFFFFFF", {"type": "string"}),
        "f": ("Format, in place of Accept", {"type": "string", "enum": list(media)}),
    }
    binary: Document = {"schema": {"type": "string", "format": "binary"}}
    return {
        "operationId": f"{layer.id}.collection.getMap",
        "summary": layer.declaration.title.fr,
        "tags": ["data"],
        "parameters": [operations.parameter(name, said, schema) for name, (said, schema) in wanted.items()],
        "responses": {
            "200": {"description": "A map", "content": dict.fromkeys(media.values(), binary)},
            **operations.errors(),
            **ERRORS,
        },
    }


def _records(layer: PublishedLayer, root: str) -> Document:
    title = layer.declaration.title.fr
    items = operations.operation(f"{layer.id}.getRecords", title, "data", "FeatureCollection", GEOJSON)
    item = operations.operation(f"{layer.id}.getRecord", title, "data", "Feature", GEOJSON)
    texts: Document = {"type": "array", "items": {"type": "string"}}
    items["parameters"] = [
        operations.parameter("q", "Words that a record must hold", {"type": "string"}),
        operations.parameter("ids", "Identifiers of records", texts),
        operations.parameter("bbox", "West, south, east, north", {"type": "array", "items": {"type": "number"}}),
        operations.parameter("datetime", "When a record was changed", {"type": "string"}),
        operations.parameter("limit", "Records on a page", {"type": "integer", "minimum": 1, "maximum": 200}),
        operations.parameter("offset", "Records to skip", {"type": "integer", "minimum": 0}),
        *operations.references("f", "lang"),
    ]
    item["parameters"] = [_part("recordId", {"type": "string"}), *operations.references("f", "lang")]
    for one in (items, item):
        one["responses"] |= ERRORS
    return {f"{root}/items": {"get": items}, f"{root}/items/{{recordId}}": {"get": item}}


def _part(name: str, wanted: Document) -> Document:
    return {"name": name, "in": "path", "required": True, "schema": wanted}
