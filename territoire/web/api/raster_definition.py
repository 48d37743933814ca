"""What the API definition says of rasters: their values, maps and map tiles."""

from __future__ import annotations

from typing import Any

from providers import coverage_parameters, raster_coverage, raster_reading
from territoire.core.derive.tilematrixset import OFFERED
from territoire.query.layers import PublishedLayer
from territoire.web.api import operations, schemas

__all__ = ["CONFORMANCE", "RESPONSES", "paths"]

Document = dict[str, Any]  # a JSON document

_COVERAGES = "http://www.opengis.net/spec/ogcapi-coverages-1/1.0/conf/"
_MAPS = "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/"
#: Only what a test proves. Coverages is a draft still: the second names are those of its last version.
CONFORMANCE = (
    f"{_COVERAGES}core",
    f"{_COVERAGES}subsetting",
    f"{_COVERAGES}subsetting-spatial",
    f"{_COVERAGES}scaling",
    f"{_COVERAGES}scaling-spatial",
    f"{_COVERAGES}fieldselection",
    f"{_COVERAGES}crs",
    f"{_COVERAGES}geotiff",
    f"{_COVERAGES}coveragejson",
    f"{_COVERAGES}png",
    f"{_MAPS}core",
    f"{_MAPS}collection-map",
    f"{_MAPS}tilesets",
    f"{_MAPS}crs",
    f"{_MAPS}png",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/png",
)
_PROBLEM: Document = {
    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
    "text/html": {"schema": {"type": "string"}},
}
RESPONSES: Document = {"TooManyCells": {"description": "More values than one answer may hold", "content": _PROBLEM}}
_BINARY: Document = {"schema": {"type": "string", "format": "binary"}}
_BOX: Document = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}
_TEXT: Document = {"type": "string"}
_POSITIVE: Document = {"type": "number", "minimum": 0, "exclusiveMinimum": True}
_SIDE: Document = {"type": "integer", "minimum": 1, "maximum": 4096}


def paths(layer: PublishedLayer) -> Document:
    """Return the paths of a raster."""
    root, title, name = f"/collections/{layer.id}", layer.declaration.title.fr, f"{layer.id}.collection"
    bands = operations.operation(f"{layer.id}.schema", title, "data", "Object", schemas.MEDIA, html=False)
    bands["parameters"] = operations.references("f_json", "lang")
    found: Document = {
        root: operations.get(f"{layer.id}.describe", title, "data", "Collection"),
        f"{root}/schema": {"get": bands},
        f"{root}/coverage": {"get": _coverage(layer)},
        f"{root}/map": {"get": _map(layer)},
        f"{root}/map/tiles": operations.get(f"{name}.map.getTileSetsList", title, "tiles", "Object", html=False),
        **_tiles(title, f"{root}/map/tiles/{{tileMatrixSetId}}", f"{name}.map"),
    }
    for part in ("domainset", "rangetype"):
        operation = f"{layer.id}.coverage.{part}"
        found[f"{root}/coverage/{part}"] = operations.get(operation, title, "data", "Object", html=False)
    return found


def _coverage(layer: PublishedLayer) -> Document:
    names = list(raster_reading.names(layer.description))
    wanted: dict[str, tuple[str, Document]] = {
        "bbox": ("West, south, east, north", _BOX),
        "bbox-crs": ("CRS of bbox", _TEXT),
        "subset": ("Parts of axes, as E(900000:910000),N(6250000) or Lat(43:44)", _TEXT),
        "subset-crs": ("CRS of subset", _TEXT),
        "properties": ("Bands", {"type": "array", "items": {"type": "string", "enum": names}}),
        "scale-factor": ("How many pixels become one, along each axis", _POSITIVE),
        "scale-axes": ("The same for each axis, as E(10),N(20)", _TEXT),
        "scale-size": ("Pixels along each axis, as E(500),N(400)", _TEXT),
        "width": ("Pixels eastwards", _POSITIVE),
        "height": ("Pixels northwards", _POSITIVE),
        "crs": ("CRS of the answer", _TEXT),
        "f": ("Format, in place of Accept", {"type": "string", "enum": ["geotiff", "json", "png"]}),
    }
    content: Document = {
        raster_coverage.GEOTIFF: _BINARY,
        raster_coverage.COG: _BINARY,
        raster_coverage.COVERAGEJSON: {"schema": {"$ref": "#/components/schemas/Object"}},
        "image/png": _BINARY,
    }
    return {
        "operationId": f"{layer.id}.collection.getCoverage",
        "summary": layer.declaration.title.fr,
        "description": "Without parameters the whole, as one Cloud-Optimised GeoTIFF of which ranges may be asked."
        f" At most {coverage_parameters.MOST_CELLS:,} values otherwise.",
        "tags": ["data"],
        "parameters": [
            *(operations.parameter(name, said, schema) for name, (said, schema) in wanted.items()),
            *operations.references("lang"),
        ],
        "responses": {
            "200": {"description": "Values", "content": content},
            "204": {"description": "The raster does not lie there"},
            "206": {"description": "A range of the file", "content": {raster_coverage.COG: _BINARY}},
            "413": {"$ref": "#/components/responses/TooManyCells"},
            **operations.errors(),
        },
    }


def _map(layer: PublishedLayer) -> Document:
    wanted: dict[str, tuple[str, Document]] = {
        "bbox": ("West, south, east, north", _BOX),
        "bbox-crs": ("CRS of bbox", _TEXT),
        "crs": ("CRS of the map", _TEXT),
        "width": ("Pixels", _SIDE),
        "height": ("Pixels", _SIDE),
        "transparent": ("Is what is not drawn transparent?", {"type": "boolean"}),
        "bgcolor": ("Colour of what is not drawn, as 0xFFFFFF", _TEXT),
        "f": ("Format, in place of Accept", {"type": "string", "enum": ["png"]}),
    }
    return {
        "operationId": f"{layer.id}.collection.getMap",
        "summary": layer.declaration.title.fr,
        "tags": ["data"],
        "parameters": [operations.parameter(name, said, schema) for name, (said, schema) in wanted.items()],
        "responses": {"200": {"description": "A map", "content": {"image/png": _BINARY}}, **operations.errors()},
    }


def _tiles(title: str, root: str, name: str) -> Document:
    of_set = _part("tileMatrixSetId", {"type": "string", "enum": [grid.id for grid in OFFERED]})
    described = operations.operation(f"{name}.getTileSet", title, "tiles", "Object", "application/json", html=False)
    described["parameters"] = [of_set, *operations.references("f_json", "lang")]
    address = [_part(part, {"type": "string"}) for part in ("tileMatrix", "tileRow", "tileCol")]
    tile: Document = {
        "operationId": f"{name}.getTile",
        "summary": title,
        "tags": ["tiles"],
        "parameters": [of_set, *address],
        "responses": {
            "200": {"description": "A tile", "content": {"image/png": _BINARY}},
            "204": {"description": "Nothing lies in this tile"},
            **operations.errors(),
        },
    }
    return {root: {"get": described}, f"{root}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": {"get": tile}}


def _part(name: str, wanted: Document) -> Document:
    return {"name": name, "in": "path", "required": True, "schema": wanted}
