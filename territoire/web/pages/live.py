"""What the page of a live collection says: its map, whence and when its data came, and addresses to copy."""

from __future__ import annotations

from territoire.core.layers import LiveLayer
from territoire.core.models import Dataset
from territoire.geoplateforme.answers import Answer
from territoire.geoplateforme.pulse import Beat
from territoire.query.layers import PublishedLayer
from territoire.web.pages import live_maps, locale, site
from territoire.web.pages.facet import Facet
from territoire.web.pages.site import Site
from territoire.web.qgis import rasters

__all__ = ["facet", "heard", "stale"]

_SERVICES = {"wfs": "WFS", "wmts": "WMTS", "tms": "TMS", "wms": "WMS-Raster", "wms_vector": "WMS-Vecteur", "csw": "CSW"}


def facet(current: Site, layer: PublishedLayer) -> Facet:
    """Return where a live collection comes from, its map, its lists and its addresses."""
    declared = layer.declaration
    live = declared.live if isinstance(declared, Dataset | LiveLayer) else None
    named = (live.layer or live.search or "") if live else ""
    return Facet(
        facts=(("live_source", f"Géoplateforme, {_SERVICES[layer.kind]} {named}".strip()),),
        actions=_actions(current, layer),
        addresses=_addresses(current, layer),
        map=live_maps.settings(current, layer),
        dataset=declared if isinstance(declared, Dataset) else None,
        note="live_note",
    )


def heard(current: Site, layer: PublishedLayer, beat: Beat) -> tuple[tuple[str, str], ...]:
    """Return what is known of the source: when it last answered, and whether it fails since."""
    t, service = locale.texts(current.language), _SERVICES[layer.kind]
    found = [("live_heard", str(t("live_never")))]
    if beat.answered_at:
        found = [
            ("live_heard", t("live_heard_at", service=service, ago=locale.ago(beat.answered_at, current.language)))
        ]
    if beat.is_failing and beat.failed_at:
        found.append(("live_state", t("live_fails", ago=locale.ago(beat.failed_at, current.language))))
    return tuple(found)


def stale(current: Site, answer: Answer) -> str | None:
    """Say that a kept answer stands in for a source that fails, None where it does not."""
    if not answer.is_stale:
        return None
    t = locale.texts(current.language)
    return t("live_stale", ago=locale.ago(answer.retrieved_at, current.language))


def _actions(current: Site, layer: PublishedLayer) -> tuple[tuple[str, str], ...]:
    """Return the lists that people can read without a map, and files."""
    items = f"/ogc/collections/{layer.id}/items"
    if layer.kind == "csw":
        return (("records_see", site.href(current, items)),)
    definition = ("collection_qgis", site.href(current, f"/qgis/{layer.id}.qlr"))
    if layer.kind != "wfs":
        return (definition,) if rasters.has_tiles(layer) else ()
    address = f"{site.root(current)}{items}"
    return (
        ("collection_items", site.href(current, items)),
        definition,
        ("collection_csv", f"{address}?f=csv&limit=5000"),
        ("collection_geojson", f"{address}?f=json"),
    )


def _addresses(current: Site, layer: PublishedLayer) -> tuple[tuple[str, str], ...]:
    base, root = current.base, f"{current.base}/ogc/collections/{layer.id}"
    if layer.kind == "wfs":
        return (
            ("connect_qgis", f"{base}/ogc"),
            ("connect_layer", layer.id),
            ("connect_gdal", f"ogr2ogr {layer.id}.gpkg OAPIF:{base}/ogc {layer.id} -spat 5.3 43.2 5.5 43.4"),
            ("connect_curl", f'curl "{root}/items?limit=5"'),
        )
    if layer.kind == "wmts":
        names = [str(one["id"]) for one in layer.description["sets"]]
        return tuple(("raster_xyz", f"{root}/map/tiles/{name}/{{z}}/{{y}}/{{x}}") for name in names)
    if layer.kind == "tms":
        style = (("connect_style", f"{base}/styles/{layer.id}.json"),) if layer.description["style"] else ()
        return (
            *style,
            ("connect_tilejson", f"{base}/tiles/{layer.id}.json"),
            ("connect_tiles", f"{base}/tiles/{layer.id}/{{z}}/{{x}}/{{y}}.mvt"),
        )
    if layer.kind == "csw":
        return (("records_curl", f'curl "{root}/items?q=eau&limit=5"'),)
    return (("raster_map", f'curl "{root}/map?bbox=5.3,43.2,5.5,43.4&width=800&f=png" -o carte.png'),)
