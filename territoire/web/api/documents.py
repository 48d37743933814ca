"""Landing page, conformance, collections and collection, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from territoire.core.derive import crs
from territoire.core.vocabulary import Vocabulary
from territoire.query.layers import PublishedLayer
from territoire.query.model import Generation
from territoire.web.answers import CSV, GEOJSON, JSONFG, OPENAPI
from territoire.web.api import layers as layer_documents
from territoire.web.api import live_definition, processes, raster_definition, schemas
from territoire.web.api.links import QUERYABLES, SCHEMA, SORTABLES, TILESETS_VECTOR, Link, link
from territoire.web.asked import Asked
from territoire.web.cartography import styles
from territoire.web.qgis import layer_definition, project

_FEATURES = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
_TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
_FILTER = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/"
_CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf/"
_SCHEMAS = "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/"
_COMMON = "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/"
#: Only what a test proves (tests/api/test_conformance.py names each class).
CONFORMANCE = (
    f"{_COMMON}core",
    f"{_COMMON}landing-page",
    f"{_COMMON}json",
    f"{_COMMON}html",
    f"{_COMMON}oas30",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    f"{_FEATURES}core",
    f"{_FEATURES}oas30",
    f"{_FEATURES}html",
    f"{_FEATURES}geojson",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    f"{_FILTER}filter",
    f"{_FILTER}features-filter",
    f"{_FILTER}queryables",
    f"{_FILTER}queryables-query-parameters",
    f"{_CQL2}cql2-text",
    f"{_CQL2}cql2-json",
    f"{_CQL2}basic-cql2",
    f"{_CQL2}advanced-comparison-operators",
    f"{_CQL2}case-insensitive-comparison",
    f"{_CQL2}accent-insensitive-comparison",
    f"{_CQL2}basic-spatial-functions",
    # the name of a draft, the one that QGIS before 3.44 looks for
    f"{_CQL2}basic-spatial-operators",
    f"{_CQL2}basic-spatial-functions-plus",
    f"{_CQL2}spatial-functions",
    f"{_CQL2}temporal-functions",
    f"{_CQL2}property-property",
    f"{_CQL2}arithmetic",
    f"{_SCHEMAS}schemas",
    f"{_SCHEMAS}core-roles-features",
    f"{_SCHEMAS}returnables-and-receivables",
    f"{_SCHEMAS}sortables",
    # the same standard under the name that its last version has
    "http://www.opengis.net/spec/ogcapi-common-3/1.0/conf/schemas",
    "http://www.opengis.net/spec/ogcapi-common-3/1.0/conf/returnables-and-receivables",
    f"{_TILES}core",
    f"{_TILES}tileset",
    f"{_TILES}tilesets-list",
    f"{_TILES}dataset-tilesets",
    f"{_TILES}geodata-tilesets",
    f"{_TILES}collections-selection",
    f"{_TILES}datetime",
    f"{_TILES}mvt",
    f"{_TILES}oas30",
    *processes.CONFORMANCE,
    *raster_definition.CONFORMANCE,
    *live_definition.CONFORMANCE,
)

Document = dict[str, Any]  # a JSON document


def landing(asked: Asked, vocabulary: Vocabulary) -> Document:
    """Return the landing page (OGC 19-072, 7.3); QGIS needs service-desc and data (clients.md 1)."""
    ogc, language = asked.ogc, asked.language
    where = vocabulary.territory.preposition.get(language)
    english = language == "en"
    return {
        "title": f"Territoire: geodata {where}" if english else f"Territoire : les données {where}",
        "description": "Reference and thematic geodata, as OGC API Features and Tiles."
        if english
        else "Données de référence et données métier, en OGC API Features et Tiles.",
        "links": [
            *_own(asked, "application/json"),
            link(f"{ogc}/openapi", "service-desc", OPENAPI, "api", language),
            link(f"{ogc}/conformance", "conformance", "application/json", "conformance", language),
            link(f"{ogc}/collections", "data", "application/json", "collections", language),
            link(f"{ogc}/tiles", TILESETS_VECTOR, "application/json", "tilesets", language),
            link(
                f"{ogc}/tileMatrixSets",
                "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes",
                "application/json",
                "tms_list",
                language,
            ),
            link(f"{ogc}/processes", processes.PROCESSES, "application/json", "processes", language),
            link(f"{asked.base}/", "related", "text/html", "home", language),
            link(f"{asked.base}/qgis/territoire.qgz", "related", project.MEDIA, "qgis_project", language),
        ],
    }


def classes(*, takes_jobs: bool) -> list[str]:
    """Return the classes that a server claims."""
    return [name for name in CONFORMANCE if takes_jobs or name not in processes.OF_JOBS]


def conformance(asked: Asked, *, takes_jobs: bool) -> Document:
    """Return the conformance declaration."""
    return {"conformsTo": classes(takes_jobs=takes_jobs), "links": _own(asked, "application/json")}


def collections(
    asked: Asked, generations: Sequence[Generation], layers: Sequence[PublishedLayer], vocabulary: Vocabulary
) -> Document:
    """Return all collections: those that have rows, then the layers."""
    return {
        "crs": [crs.CRS84, *(crs.uri(srid) for srid in crs.OFFERED)],
        "links": _own(asked, "application/json"),
        "collections": [collection(asked, found, vocabulary) for found in (*generations, *layers)],
    }


def collection(asked: Asked, found: Generation | PublishedLayer, vocabulary: Vocabulary) -> Document:
    """Return one collection; equal here and in the list, as the test suite compares them."""
    if isinstance(found, PublishedLayer):
        return layer_documents.described(asked, found, vocabulary)
    return _features(asked, found, vocabulary)


def _features(asked: Asked, generation: Generation, vocabulary: Vocabulary) -> Document:
    dataset, language = generation.dataset, asked.language
    described: Document = {
        "id": dataset.id,
        "title": dataset.title.get(language),
        "description": dataset.abstract.get(language),
        "keywords": list(dataset.keywords),
        "itemType": "feature",
        "itemCount": generation.rows,
        "license": vocabulary.licences[dataset.licence].url,
        "attribution": attribution(generation, vocabulary),
        "updated": generation.published_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "links": _collection_links(asked, generation, vocabulary),
    }
    if dataset.geometry:
        bounds = generation.extent_crs84 or vocabulary.territory.bbox_crs84
        described["extent"] = {"spatial": {"bbox": [list(bounds)], "crs": crs.CRS84}}
        described["crs"] = crs.uris(dataset)
        described["storageCrs"] = crs.uri(dataset.geometry.srid)
    return described


def attribution(generation: Generation, vocabulary: Vocabulary) -> str:
    """Return who must be named and when the data are of, as Licence Ouverte 2.0 asks."""
    producer = vocabulary.producers[generation.dataset.producer].name
    return f"{producer}, {generation.millesime}" if generation.millesime else producer


def _own(asked: Asked, media: str) -> list[Link]:
    return [
        link(asked.url, "self", media, "self", asked.language),
        link(asked.link(f="html"), "alternate", "text/html", "html", asked.language),
    ]


def _collection_links(asked: Asked, generation: Generation, vocabulary: Vocabulary) -> list[Link]:
    language, identifier = asked.language, generation.dataset.id
    address = f"{asked.ogc}/collections/{identifier}"
    licence = vocabulary.licences[generation.dataset.licence]
    links: list[Link] = [
        link(address, "self", "application/json", "self", language),
        link(f"{address}?f=html", "alternate", "text/html", "html", language),
        link(f"{address}/items", "items", GEOJSON, "items", language),
        link(f"{address}/items?f=html", "items", "text/html", "items_html", language),
        link(f"{address}/items?f=jsonfg", "items", JSONFG, "items_jsonfg", language),
        link(f"{address}/items?f=csv", "items", CSV, "items_csv", language),
        link(f"{address}/queryables", QUERYABLES, schemas.MEDIA, "queryables", language),
        link(f"{address}/sortables", SORTABLES, schemas.MEDIA, "sortables", language),
        link(f"{address}/schema", SCHEMA, schemas.MEDIA, "schema", language),
        link(f"{address}/schema/feature", "describedby", schemas.MEDIA, "feature_schema", language),
        {"href": licence.url, "rel": "license", "type": "text/html", "title": licence.title},
    ]
    links.append(link(f"{asked.base}/qgis/{identifier}.qlr", "related", layer_definition.MEDIA, "qgis", language))
    if generation.dataset.tiles:
        links.append(link(f"{address}/tiles", TILESETS_VECTOR, "application/json", "tilesets", language))
        links.append(link(f"{asked.base}/tiles/{identifier}.json", "related", "application/json", "tilejson", language))
        links.append(link(f"{asked.base}/styles/{identifier}.json", "stylesheet", styles.MEDIA, "style", language))
    return links
