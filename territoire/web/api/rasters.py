"""The descriptions of rasters: their collection, bands, domain, tilesets and TileJSON."""

from __future__ import annotations

from typing import Any

from providers import raster_coverage, raster_tiles, rasters
from providers.raster_reading import Published
from territoire.core.derive import crs
from territoire.core.derive.tilematrixset import OFFERED, WEB_MERCATOR, TileMatrixSet
from territoire.core.errors import NotFoundError
from territoire.query.layers import PublishedLayer
from territoire.web.api.links import GEODATA, SCHEMA, SCHEMA_TILING, Link, link
from territoire.web.asked import Asked

__all__ = ["collection", "domainset", "rangetype", "schema", "tilejson", "tileset", "tilesets"]

Document = dict[str, Any]  # a JSON document

_REL = "http://www.opengis.net/def/rel/ogc/1.0/"
_JSON, _SCHEMA_MEDIA, _PNG = "application/json", "application/schema+json", "image/png"


def collection(asked: Asked, layer: PublishedLayer) -> Document:
    """Return what a raster adds to the description of its collection: grid, CRSs and links."""
    said, language = layer.description, asked.language
    address = f"{asked.ogc}/collections/{layer.id}"
    west, south, east, north = layer.extent_crs84 or (-180.0, -90.0, 180.0, 90.0)
    cells = (said["width"], (east - west) / said["width"]), (said["height"], (north - south) / said["height"])
    return {
        "extent": {
            "spatial": {
                "bbox": [[west, south, east, north]],
                "crs": crs.CRS84,
                "storageCrsBbox": [said["extent_native"]],
                "grid": [{"cellsCount": count, "resolution": size} for count, size in cells],
            }
        },
        "crs": [crs.CRS84, *(crs.uri(srid) for srid in dict.fromkeys((said["srid"], *crs.OFFERED)))],
        "storageCrs": crs.uri(said["srid"]),
        "links": [
            link(f"{address}/coverage", f"{_REL}coverage", raster_coverage.COG, "coverage", language),
            link(f"{address}/coverage?f=json", f"{_REL}coverage", raster_coverage.COVERAGEJSON, "coverage", language),
            link(f"{address}/coverage/domainset", f"{_REL}coverage-domainset", _JSON, "domainset", language),
            link(f"{address}/coverage/rangetype", f"{_REL}coverage-rangetype", _JSON, "rangetype", language),
            link(f"{address}/schema", SCHEMA, _SCHEMA_MEDIA, "bands", language),
            link(f"{address}/map", f"{_REL}map", _PNG, "map", language),
            link(f"{address}/map/tiles", f"{_REL}tilesets-map", _JSON, "tilesets_map", language),
            link(f"{asked.base}/tiles/{layer.id}.json", "related", _JSON, "tilejson", language),
            link(f"{asked.base}/rasters/{layer.id}.tif", "enclosure", raster_coverage.COG, "cog", language),
        ],
    }


def schema(asked: Asked, layer: PublishedLayer, raster: Published) -> Document:
    """Return the bands as a JSON Schema (OGC API Common, part 3)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{asked.ogc}/collections/{layer.id}/schema",
        "type": "object",
        "title": layer.declaration.title.get(asked.language),
        "properties": raster_coverage.fields(raster, layer.description["dtype"], rasters.units(layer)),
        "additionalProperties": False,
    }


def domainset(raster: Published) -> Document:
    """Return where the pixels lie."""
    return raster_coverage.domainset(raster)


def rangetype(layer: PublishedLayer, raster: Published) -> Document:
    """Return what a pixel holds."""
    return raster_coverage.rangetype(raster, layer.description["dtype"], rasters.units(layer))


def tilesets(asked: Asked, layer: PublishedLayer) -> Document:
    """Return the list of the tilesets of maps (OGC 20-057, /req/tilesets-list)."""
    short = ("title", "dataType", "crs", "tileMatrixSetId", "tileMatrixSetURI", "links")
    found = [tileset(asked, layer, grid) for grid in OFFERED if raster_tiles.limits(layer, grid)]
    own: list[Link] = [link(asked.url, "self", _JSON, "self", asked.language)]
    return {"links": own, "tilesets": [{name: one[name] for name in short} for one in found]}


def tileset(asked: Asked, layer: PublishedLayer, grid: TileMatrixSet) -> Document:
    """Return a tileset's metadata (OGC 17-083r4, TileSet)."""
    found = raster_tiles.limits(layer, grid)
    if not found:
        raise NotFoundError(f"nothing of {layer.id} lies in {grid.id}", remedy=f"use {WEB_MERCATOR.id}")
    root, language = f"{asked.ogc}/collections/{layer.id}/map/tiles/{grid.id}", asked.language
    scheme = f"{asked.ogc}/tileMatrixSets/{grid.id}"
    template = link(f"{root}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", "item", _PNG, "tiles_map", language)
    links = [
        link(root, "self", _JSON, "tileset", language),
        {**template, "templated": True},
        link(scheme, SCHEMA_TILING, _JSON, grid.id, language),
        link(f"{asked.ogc}/collections/{layer.id}", GEODATA, _JSON, "collection", language),
    ]
    if grid is WEB_MERCATOR:
        links.append(link(f"{asked.base}/tiles/{layer.id}.json", "describedby", _JSON, "tilejson", language))
    return {
        "title": layer.declaration.title.get(language),
        "description": layer.declaration.abstract.get(language),
        "dataType": "map",
        "crs": crs.uri(grid.srid),
        "tileMatrixSetId": grid.id,
        "tileMatrixSetURI": grid.uri or scheme,
        "tileMatrixSetLimits": [
            {
                "tileMatrix": str(matrix),
                "minTileRow": first.row,
                "maxTileRow": last.row,
                "minTileCol": first.column,
                "maxTileCol": last.column,
            }
            for matrix, (first, last) in found.items()
        ],
        "links": links,
    }


def tilejson(asked: Asked, layer: PublishedLayer, attribution: str) -> Document:
    """Return TileJSON 3.0; the addresses of tiles carry the publication, so that they may be kept for ever."""
    return {
        "tilejson": "3.0.0",
        "name": layer.declaration.title.get(asked.language),
        "description": layer.declaration.abstract.get(asked.language),
        "attribution": attribution,
        "scheme": "xyz",
        "tiles": [f"{asked.base}/tiles/{layer.id}/g{layer.mark}/{{z}}/{{x}}/{{y}}.png"],
        "tileSize": raster_tiles.SIDE,
        "minzoom": 0,
        "maxzoom": raster_tiles.deepest(layer),
        "bounds": list(layer.extent_crs84 or (-180.0, -85.0, 180.0, 85.0)),
    }
