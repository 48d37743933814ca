"""The collections that have no rows here, as JSON: what all have, and what each kind adds in a module of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from territoire.core.derive import crs
from territoire.core.vocabulary import Vocabulary
from territoire.query.layers import PublishedLayer
from territoire.web.api import live_documents, rasters
from territoire.web.api.links import link
from territoire.web.asked import Asked

Document = dict[str, Any]  # a JSON document
#: Members of a collection's description; its `links` follow those that every collection has.
Adding = Callable[[Asked, PublishedLayer], Document]

#: What each kind adds to the description of its collection.
ADDED: Mapping[str, Adding] = {
    "wfs": live_documents.features,
    "wmts": live_documents.map_tiles,
    "tms": live_documents.vector_tiles,
    "wms": live_documents.maps,
    "wms_vector": live_documents.maps,
    "csw": live_documents.catalogue,
    "raster": rasters.collection,
}


def described(asked: Asked, layer: PublishedLayer, vocabulary: Vocabulary) -> Document:
    """Return a layer as a collection; equal alone and in the list of collections."""
    declared, language = layer.declaration, asked.language
    address = f"{asked.ogc}/collections/{layer.id}"
    licence = vocabulary.licences[declared.licence]
    added = ADDED[layer.kind](asked, layer) if layer.kind in ADDED else {}
    whole: Document = {
        "id": layer.id,
        "title": declared.title.get(language),
        "description": declared.abstract.get(language),
        "keywords": list(declared.keywords),
        "license": licence.url,
        "attribution": attribution(layer, vocabulary),
        "updated": layer.published_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "extent": {
            "spatial": {"bbox": [list(layer.extent_crs84 or vocabulary.territory.bbox_crs84)], "crs": crs.CRS84}
        },
    }
    links = [
        link(address, "self", "application/json", "self", language),
        link(f"{address}?f=html", "alternate", "text/html", "html", language),
        {"href": licence.url, "rel": "license", "type": "text/html", "title": licence.title},
    ]
    return {**whole, **added, "links": [*links, *added.get("links", [])]}


def attribution(layer: PublishedLayer, vocabulary: Vocabulary) -> str:
    """Return who must be named, and the edition where it is known."""
    producer = vocabulary.producers[layer.declaration.producer].name
    edition = layer.description.get("millesime")
    return f"{producer}, {edition}" if edition else producer
