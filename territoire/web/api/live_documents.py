"""The descriptions of live collections: what each kind adds to its collection, and tilesets of their tiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers import live_features, live_tiles
from territoire.core.derive import crs, tileset
from territoire.core.derive.tilematrixset import HALF, WEB_MERCATOR
from territoire.query.layers import PublishedLayer
from territoire.web.answers import CSV, GEOJSON, JSONFG
from territoire.web.api.links import (
    GEODATA,
    QUERYABLES,
    SCHEMA,
    SCHEMA_TILING,
    SORTABLES,
    TILESETS_VECTOR,
    Link,
    link,
)
from territoire.web.asked import Asked
from territoire.web.cartography import styles
from territoire.web.qgis import layer_definition, rasters

__all__ = [
    "TILESETS_MAP",
    "catalogue",
    "features",
    "map_tiles",
    "maps",
    "matrix_set",
    "page_links",
    "tilejson",
    "tileset_of",
    "tilesets_of",
    "vector_tiles",
]

Document = dict[str, Any]  # a JSON document
TILESETS_MAP = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-map"
_MAP = "http://www.opengis.net/def/rel/ogc/1.0/map"
_SCHEMA_MEDIA = "application/schema+json"
_QUAD = "WebMercatorQuad"
_QUAD_URI = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{_QUAD}"


def features(asked: Asked, layer: PublishedLayer) -> Document:
    """Return what a collection of live features adds; how many there are moves, and is left out."""
    dataset, language = live_features.dataset_of(layer), asked.language
    address = f"{asked.ogc}/collections/{layer.id}"
    added: Document = {
        "itemType": "feature",
        "links": [
            link(f"{address}/items", "items", GEOJSON, "items", language),
            link(f"{address}/items?f=html", "items", "text/html", "items_html", language),
            link(f"{address}/items?f=jsonfg", "items", JSONFG, "items_jsonfg", language),
            link(f"{address}/items?f=csv", "items", CSV, "items_csv", language),
            link(f"{address}/queryables", QUERYABLES, _SCHEMA_MEDIA, "queryables", language),
            link(f"{address}/sortables", SORTABLES, _SCHEMA_MEDIA, "sortables", language),
            link(f"{address}/schema", SCHEMA, _SCHEMA_MEDIA, "schema", language),
            link(f"{address}/schema/feature", "describedby", _SCHEMA_MEDIA, "feature_schema", language),
            _definition(asked, layer),
        ],
    }
    if dataset.geometry:
        added |= {"crs": crs.uris(dataset), "storageCrs": crs.uri(dataset.geometry.srid)}
    return added


def map_tiles(asked: Asked, layer: PublishedLayer) -> Document:
    """Return what a collection of live map tiles adds."""
    address = f"{asked.ogc}/collections/{layer.id}/map/tiles"
    links = [link(address, TILESETS_MAP, "application/json", "tilesets", asked.language)]
    return {"links": [*links, _definition(asked, layer)] if rasters.has_tiles(layer) else links}


def vector_tiles(asked: Asked, layer: PublishedLayer) -> Document:
    """Return what a collection of live vector tiles adds."""
    address, language = f"{asked.ogc}/collections/{layer.id}", asked.language
    links = [
        link(f"{address}/tiles", TILESETS_VECTOR, "application/json", "tilesets", language),
        link(f"{asked.base}/tiles/{layer.id}.json", "related", "application/json", "tilejson", language),
    ]
    if layer.description["style"]:
        links.append(link(f"{asked.base}/styles/{layer.id}.json", "stylesheet", styles.MEDIA, "style", language))
    return {"links": links}


def maps(asked: Asked, layer: PublishedLayer) -> Document:
    """Return what a collection of live maps adds (OGC 20-058, /req/collection-map)."""
    address = f"{asked.ogc}/collections/{layer.id}/map"
    found = [link(f"{address}?f={media[6:]}", _MAP, media, "map", asked.language) for media in _formats(layer)]
    return {"crs": [crs.CRS84, *(crs.uri(srid) for srid in layer.description["srids"])], "links": found}


def catalogue(asked: Asked, layer: PublishedLayer) -> Document:
    """Return what a live catalogue adds (OGC 20-004, 9.2)."""
    address, language = f"{asked.ogc}/collections/{layer.id}/items", asked.language
    links = [
        link(address, "items", GEOJSON, "items", language),
        link(f"{address}?f=html", "items", "text/html", "items_html", language),
    ]
    return {"itemType": "record", "links": links}


def tilesets_of(asked: Asked, layer: PublishedLayer) -> Document:
    """Return the list of the tilesets of a layer of tiles (OGC 20-057, /req/tilesets-list)."""
    short = ("title", "dataType", "crs", "tileMatrixSetId", "tileMatrixSetURI", "links")
    found = [tileset_of(asked, layer, str(one["id"])) for one in _sets(layer)]
    own: list[Link] = [link(asked.url, "self", "application/json", "self", asked.language)]
    return {"links": own, "tilesets": [{name: one[name] for name in short if name in one} for one in found]}


def tileset_of(asked: Asked, layer: PublishedLayer, name: str) -> Document:
    """Return a tileset's metadata (OGC 17-083r4, TileSet) with the limits that the source gives."""
    is_map = layer.kind == "wmts"
    known = next((one for one in _sets(layer) if one["id"] == name), None)
    chosen = known or live_tiles.matrix_set(layer, name)
    root = f"{asked.ogc}/collections/{layer.id}{'/map' if is_map else ''}/tiles/{name}"
    media = str(layer.description["media"]) if is_map else tileset.MVT
    described: Document = {
        "title": layer.declaration.title.get(asked.language),
        "description": layer.declaration.abstract.get(asked.language),
        "dataType": "map" if is_map else "vector",
        "crs": crs.uri(chosen["srid"]),
        "tileMatrixSetId": name,
        "tileMatrixSetURI": _QUAD_URI if name == _QUAD else f"{asked.ogc}/tileMatrixSets/{name}",
        "tileMatrixSetLimits": chosen["limits"],
        "links": [
            link(root, "self", "application/json", "tileset", asked.language),
            {**link(f"{root}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", "item", media, "tiles", asked.language)}
            | {"templated": True},
            link(f"{asked.ogc}/tileMatrixSets/{name}", SCHEMA_TILING, "application/json", "tms_list", asked.language),
            link(f"{asked.ogc}/collections/{layer.id}", GEODATA, "application/json", "collection", asked.language),
        ],
    }
    if not is_map:
        described["layers"] = [{"id": one["id"], "dataType": "vector"} for one in layer.description["vector_layers"]]
    return described


def matrix_set(asked: Asked, layer: PublishedLayer, name: str) -> Document:
    """Return the definition of a tile matrix set that only a live layer has (OGC 17-083r4, TileMatrixSet)."""
    chosen = live_tiles.matrix_set(layer, name)
    return {
        "id": name,
        "title": chosen["source"],
        "uri": f"{asked.ogc}/tileMatrixSets/{name}",
        "crs": crs.uri(chosen["srid"]),
        "tileMatrices": [{**one, "cornerOfOrigin": "topLeft"} for one in chosen["matrices"]],
        "links": [link(asked.url, "self", "application/json", "self", asked.language)],
    }


def tilejson(asked: Asked, layer: PublishedLayer, attribution: str) -> Document:
    """Return TileJSON 3.0 of live vector tiles."""
    said = layer.description
    return {
        "tilejson": "3.0.0",
        "name": layer.declaration.title.get(asked.language),
        "description": layer.declaration.abstract.get(asked.language),
        "attribution": attribution,
        "scheme": "xyz",
        "tiles": [f"{asked.base}/tiles/{layer.id}/{{z}}/{{x}}/{{y}}.mvt"],
        "minzoom": said["minzoom"],
        "maxzoom": said["maxzoom"],
        "bounds": said["extent_crs84"],
        "vector_layers": said["vector_layers"],
    }


def page_links(asked: Asked, layer: PublishedLayer, known: Mapping[str, str], following: int | None) -> list[Link]:
    """Return the links of a page of features or records; `known` is the media type of each form that it has."""
    links = [link(asked.url, "self", known[asked.format], "self", asked.language)]
    others = {name: media for name, media in known.items() if name != asked.format}
    links += [link(asked.link(f=name), "alternate", media, name, asked.language) for name, media in others.items()]
    address = f"{asked.ogc}/collections/{layer.id}"
    links.append(link(address, "collection", "application/json", "collection", asked.language))
    if following is not None:
        links.append(link(asked.link(offset=str(following)), "next", known[asked.format], "next", asked.language))
    return links


def _definition(asked: Asked, layer: PublishedLayer) -> Link:
    return link(f"{asked.base}/qgis/{layer.id}.qlr", "related", layer_definition.MEDIA, "qgis", asked.language)


def _formats(layer: PublishedLayer) -> list[str]:
    return [str(one) for one in layer.description["formats"]]


def _sets(layer: PublishedLayer) -> list[Document]:
    if layer.kind == "wmts":
        return list(layer.description["sets"])
    said = layer.description
    west, south, east, north = _bounds_m(layer)
    limits: list[Document] = []
    for zoom in range(said["minzoom"], said["maxzoom"] + 1):
        side, last = 2 * HALF / (1 << zoom), (1 << zoom) - 1
        columns = [min(max(int((x + HALF) // side), 0), last) for x in (west, east)]
        rows = [min(max(int((HALF - y) // side), 0), last) for y in (north, south)]
        limits.append(
            {
                "tileMatrix": str(zoom),
                "minTileRow": rows[0],
                "maxTileRow": rows[1],
                "minTileCol": columns[0],
                "maxTileCol": columns[1],
            }
        )
    return [{"id": _QUAD, "source": _QUAD, "srid": 3857, "limits": limits}]


def _bounds_m(layer: PublishedLayer) -> tuple[float, float, float, float]:
    return WEB_MERCATOR.project(layer.extent_crs84 or (-180.0, -85.0, 180.0, 85.0)) or (-HALF, -HALF, HALF, HALF)
