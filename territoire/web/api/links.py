"""Links as JSON: address, relation, type, title."""

from __future__ import annotations

from territoire.web.negotiate import Language

Link = dict[str, str | bool]
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
SORTABLES = "http://www.opengis.net/def/rel/ogc/1.0/sortables"
SCHEMA = "http://www.opengis.net/def/rel/ogc/1.0/schema"
GEODATA = "http://www.opengis.net/def/rel/ogc/1.0/geodata"
SCHEMA_TILING = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
TILESETS_VECTOR = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
TITLES: dict[str, dict[Language, str]] = {
    "self": {"fr": "Ce document", "en": "This document"},
    "html": {"fr": "Cette page en HTML", "en": "This page as HTML"},
    "json": {"fr": "Ce document en JSON", "en": "This document as JSON"},
    "jsonfg": {"fr": "Ce document en JSON-FG", "en": "This document as JSON-FG"},
    "csv": {"fr": "Ce document en CSV", "en": "This document as CSV"},
    "api": {"fr": "Définition de l'API", "en": "API definition"},
    "conformance": {"fr": "Classes de conformité", "en": "Conformance classes"},
    "collections": {"fr": "Collections", "en": "Collections"},
    "collection": {"fr": "La collection", "en": "The collection"},
    "items": {"fr": "Objets en GeoJSON", "en": "Features as GeoJSON"},
    "items_jsonfg": {"fr": "Objets en JSON-FG", "en": "Features as JSON-FG"},
    "items_csv": {"fr": "Objets en CSV", "en": "Features as CSV"},
    "items_html": {"fr": "Objets en HTML", "en": "Features as HTML"},
    "tiles": {"fr": "Tuiles vectorielles", "en": "Vector tiles"},
    "tilesets": {"fr": "Jeux de tuiles vectorielles", "en": "Vector tilesets"},
    "tilejson": {"fr": "TileJSON, pour MapLibre", "en": "TileJSON, for MapLibre"},
    "style": {"fr": "Style des tuiles, pour MapLibre et QGIS", "en": "Style of the tiles, for MapLibre and QGIS"},
    "tileset": {"fr": "Jeu de tuiles", "en": "Tileset"},
    "WebMercatorQuad": {"fr": "Schéma de tuilage WebMercatorQuad", "en": "Tile matrix set WebMercatorQuad"},
    "Lambert93": {"fr": "Schéma de tuilage Lambert93", "en": "Tile matrix set Lambert93"},
    "tms_list": {"fr": "Schémas de tuilage", "en": "Tile matrix sets"},
    "queryables": {"fr": "Propriétés qui filtrent", "en": "Queryables"},
    "sortables": {"fr": "Propriétés qui trient", "en": "Sortables"},
    "schema": {"fr": "Schéma des objets", "en": "Schema of the features"},
    "feature_schema": {"fr": "Schéma d'un objet en GeoJSON", "en": "Schema of a feature in GeoJSON"},
    "map": {"fr": "Carte", "en": "Map"},
    "coverage": {"fr": "Valeurs", "en": "Values"},
    "domainset": {"fr": "Domaine : où sont les pixels", "en": "Domain: where the pixels are"},
    "rangetype": {"fr": "Type : ce que dit un pixel", "en": "Range type: what a pixel says"},
    "bands": {"fr": "Schéma des bandes", "en": "Schema of the bands"},
    "tilesets_map": {"fr": "Jeux de tuiles d'images", "en": "Map tilesets"},
    "tiles_map": {"fr": "Tuiles d'images", "en": "Map tiles"},
    "cog": {"fr": "Le fichier entier, en GeoTIFF optimisé (COG)", "en": "The whole file, as optimised GeoTIFF (COG)"},
    "next": {"fr": "Page suivante", "en": "Next page"},
    "qgis": {"fr": "Définition de couche, pour QGIS", "en": "Layer definition, for QGIS"},
    "qgis_project": {"fr": "Projet QGIS de toutes les collections", "en": "QGIS project of all collections"},
    "processes": {"fr": "Traitements", "en": "Processes"},
    "process": {"fr": "Le traitement", "en": "The process"},
    "execute": {"fr": "Lancer le traitement", "en": "Execute the process"},
    "job": {"fr": "La tâche", "en": "The job"},
    "results": {"fr": "Le résultat", "en": "The result"},
    "home": {"fr": "Page d'accueil", "en": "Home page"},
}


def link(href: str, rel: str, media: str, title: str, language: Language) -> Link:
    """Return a link whose title is one of TITLES."""
    return {"href": href, "rel": rel, "type": media, "title": TITLES[title][language]}
