"""Every address of the server and who answers it; of two that match, the first is taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from territoire.web import (
    arcgis_routes,
    live_style_routes,
    processes_routes,
    qgis_routes,
    records_routes,
    tile_routes,
)
from territoire.web import live_routes as live
from territoire.web import raster_routes as rasters
from territoire.web import routes as documents
from territoire.web.live_routes import LIVE_KINDS, by_kind

__all__ = ["routes"]

Table = list[tuple[str, Callable[[Request], Awaitable[Response]]]]
_COLLECTION = "/ogc/collections/{collection}"


def routes() -> list[Route | Mount]:
    """Return the routes of the application."""
    gets = (*_documents(), *_features(), *_tiles_and_maps(), *_web_tiles(), *_desktop())
    return [
        *(Route(path, endpoint, methods=["GET"]) for path, endpoint in gets),
        *processes_routes.routes(),
        Route(f"{_COLLECTION}/items", by_kind(documents.posted_items, wfs=live.posted_items), methods=["POST"]),
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
    ]


def _documents() -> Table:
    return [
        ("/", documents.home),
        ("/robots.txt", documents.robots),
        ("/favicon.ico", documents.favicon),
        ("/health/live", documents.live),
        ("/health/ready", documents.ready),
        ("/ogc", documents.landing),
        ("/ogc/openapi", documents.definition),
        ("/ogc/conformance", documents.conformance),
        ("/ogc/collections", documents.collections),
    ]


def _features() -> Table:
    return [
        (_COLLECTION, by_kind(documents.collection, **dict.fromkeys(LIVE_KINDS, live.collection))),
        (f"{_COLLECTION}/queryables", by_kind(documents.queryables, wfs=live.queryables)),
        (f"{_COLLECTION}/sortables", by_kind(documents.sortables, wfs=live.sortables)),
        (f"{_COLLECTION}/schema", by_kind(documents.schema, wfs=live.schema, raster=rasters.schema)),
        (f"{_COLLECTION}/schema/feature", by_kind(documents.feature_schema, wfs=live.feature_schema)),
        (f"{_COLLECTION}/items", by_kind(documents.items, wfs=live.items, csw=records_routes.records)),
        (f"{_COLLECTION}/items/{{key:path}}", by_kind(documents.item, wfs=live.item, csw=records_routes.record)),
    ]


def _tiles_and_maps() -> Table:
    """Return what OGC API Tiles, Maps and Coverages have, and the files of rasters."""
    return [
        (f"{_COLLECTION}/tiles", by_kind(tile_routes.collection_tilesets, tms=live.tilesets)),
        (f"{_COLLECTION}/tiles/{{matrix_set}}", by_kind(tile_routes.collection_tileset, tms=live.one_tileset)),
        (
            f"{_COLLECTION}/tiles/{{matrix_set}}/{{z}}/{{y}}/{{x}}",
            by_kind(tile_routes.collection_tile, tms=live.vector_tile),
        ),
        (
            f"{_COLLECTION}/map",
            by_kind(live.no_own, wms=live.map_image, wms_vector=live.map_image, raster=rasters.map_image),
        ),
        (f"{_COLLECTION}/map/tiles", by_kind(live.no_own, wmts=live.tilesets, raster=rasters.tilesets)),
        (
            f"{_COLLECTION}/map/tiles/{{matrix_set}}",
            by_kind(live.no_own, wmts=live.one_tileset, raster=rasters.one_tileset),
        ),
        (
            f"{_COLLECTION}/map/tiles/{{matrix_set}}/{{z}}/{{y}}/{{x}}",
            by_kind(live.no_own, wmts=live.map_tile, raster=rasters.tile),
        ),
        (f"{_COLLECTION}/coverage", by_kind(rasters.no_coverage, raster=rasters.coverage)),
        (f"{_COLLECTION}/coverage/domainset", by_kind(rasters.no_coverage, raster=rasters.domainset)),
        (f"{_COLLECTION}/coverage/rangetype", by_kind(rasters.no_coverage, raster=rasters.rangetype)),
        ("/rasters/{collection}.tif", by_kind(rasters.no_coverage, raster=rasters.file)),
        ("/ogc/tiles", tile_routes.dataset_tilesets),
        ("/ogc/tiles/{matrix_set}", tile_routes.dataset_tileset),
        ("/ogc/tiles/{matrix_set}/{z}/{y}/{x}", tile_routes.dataset_tile),
        ("/ogc/tileMatrixSets", tile_routes.matrix_sets),
        ("/ogc/tileMatrixSets/{matrix_set}", tile_routes.matrix_set),
    ]


def _web_tiles() -> Table:
    """Return what web maps read: TileJSON, plain addresses of tiles, style sheets."""
    return [
        ("/tiles.json", tile_routes.dataset_tilejson),
        ("/tiles/{z}/{x}/{y}.mvt", tile_routes.dataset_plain_tile),
        (
            "/tiles/{collection}.json",
            by_kind(tile_routes.collection_tilejson, tms=live.tilejson, raster=rasters.tilejson),
        ),
        ("/tiles/{collection}/{z}/{x}/{y}.png", by_kind(live.no_own, raster=rasters.plain_tile)),
        ("/tiles/{collection}/g{mark}/{z}/{x}/{y}.png", by_kind(live.no_own, raster=rasters.plain_tile)),
        ("/tiles/{collection}/{z}/{x}/{y}.mvt", by_kind(tile_routes.collection_plain_tile, tms=live.vector_tile)),
        ("/tiles/{collection}/g{generation}/{z}/{x}/{y}.mvt", tile_routes.collection_plain_tile),
        ("/styles.json", tile_routes.dataset_style),
        ("/styles/{collection}.json", by_kind(tile_routes.collection_style, tms=live_style_routes.style)),
        ("/styles/{collection}/{path:path}", by_kind(live.no_own, tms=live_style_routes.resource)),
    ]


def _desktop() -> Table:
    """Return what QGIS and ArcGIS Pro open."""
    return [
        ("/qgis/territoire.qgz", qgis_routes.whole),
        ("/qgis/connexions.xml", qgis_routes.connection),
        ("/qgis/{collection}.qlr", qgis_routes.layer),
        *(
            (f"/arcgis{part}/VectorTileServer{below}", handler)
            for part in ("", "/{collection}")
            for below, handler in (
                ("", arcgis_routes.service),
                ("/resources/styles", arcgis_routes.style),
                ("/resources/styles/root.json", arcgis_routes.style),
                ("/tile/{z}/{y}/{x}.pbf", arcgis_routes.tile),
            )
        ),
    ]
