"""A dataset as a resource of pygeoapi, and the whole configuration that stock pygeoapi runs."""

from __future__ import annotations

from typing import Any

from territoire.core.derive import crs, tilematrixset, tileset
from territoire.core.layers import Raster
from territoire.core.models import Dataset
from territoire.core.vocabulary import Vocabulary

#: Where a provider is served is never told to it: stock pygeoapi reads it from here (mechanisms.md).
STOCK_URL = "${TERRITOIRE_STOCK_URL:-http://localhost:5000}"


def resource(
    declared: Dataset | Raster,
    vocabulary: Vocabulary,
    *,
    base_url: str = STOCK_URL,
    bounds_crs84: tileset.Bounds | None = None,
) -> dict[str, Any]:  # a YAML document
    """Return the resource; without known bounds it has those of the territory."""
    licence = vocabulary.licences[declared.licence]
    bounds = bounds_crs84 or vocabulary.territory.bbox_crs84
    providers = _of_raster(declared) if isinstance(declared, Raster) else _providers(declared, base_url)
    return {
        "type": "collection",
        "title": {"fr": declared.title.fr, "en": declared.title.get("en")},
        "description": {"fr": declared.abstract.fr, "en": declared.abstract.get("en")},
        "keywords": {"fr": list(declared.keywords), "en": list(declared.keywords)},
        "links": [{"type": "text/html", "rel": "license", "title": licence.title, "href": licence.url}],
        "extents": {"spatial": {"bbox": list(bounds), "crs": crs.CRS84}},
        "providers": providers,
    }


def _of_raster(raster: Raster) -> list[dict[str, Any]]:  # a YAML document
    picture = {"name": "png", "mimetype": "image/png"}
    return [
        {
            "type": "coverage",
            "name": "providers.rasters.RasterCoverageProvider",
            "data": raster.id,
            "format": {"name": "GeoTIFF", "mimetype": "image/tiff; application=geotiff"},
        },
        {
            "type": "map",
            "name": "providers.rasters.RasterMapProvider",
            "data": raster.id,
            # pygeoapi would hand the box in the default CRS, and call it by this one
            "storage_crs": crs.CRS84,
            "crs": [crs.CRS84, crs.uri(raster.raster.srid), crs.uri(3857)],
            "format": picture,
        },
        {
            "type": "tile",
            "name": "providers.rasters.RasterTileProvider",
            "data": raster.id,
            "options": {"zoom": {"min": 0, "max": 24}, "schemes": [tilematrixset.WEB_MERCATOR.id]},
            "format": picture,
        },
    ]


def _providers(dataset: Dataset, base_url: str) -> list[dict[str, Any]]:  # a YAML document
    plug_in = "geoplateforme.GeoplateformeFeatureProvider" if dataset.live else "features.PostGISFeatureProvider"
    feature: dict[str, Any] = {
        "type": "feature",
        "name": f"providers.{plug_in}",
        "data": dataset.id,
        "id_field": dataset.key,
        "crs": crs.uris(dataset),
        # CRS84, or pygeoapi would transform two corners of a bbox before it calls us and lose features
        "storage_crs": crs.CRS84,
        "include_extra_query_parameters": True,
        "options": {"items_url": f"{base_url}/collections/{dataset.id}/items"},
    }
    if dataset.label:
        feature["title_field"] = dataset.label
    if dataset.time:
        feature["time_field"] = dataset.time.start
    tiles = dataset.tiles
    if tiles is None:
        return [feature]
    tile: dict[str, Any] = {
        "type": "tile",
        "name": "providers.tiles.PostGISTileProvider",
        "data": dataset.id,
        "options": {"zoom": {"min": tiles.minzoom, "max": tiles.maxzoom}, "schemes": [tilematrixset.WEB_MERCATOR.id]},
        "format": {"name": "pbf", "mimetype": tileset.MVT},
    }
    return [feature, tile]
