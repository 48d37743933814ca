"""What the page of a live collection says: that it comes from the Géoplateforme, and addresses to copy."""

from __future__ import annotations

from territoire.core.layers import LiveLayer
from territoire.core.models import Dataset
from territoire.query.layers import PublishedLayer
from territoire.web.pages.facet import Facet
from territoire.web.pages.site import Site

__all__ = ["facet"]

_SERVICES = {"wfs": "WFS", "wmts": "WMTS", "tms": "TMS", "wms": "WMS-Raster", "wms_vector": "WMS-Vecteur", "csw": "CSW"}


def facet(site: Site, layer: PublishedLayer) -> Facet:
    """Return the addresses of a live collection and where it comes from."""
    declared = layer.declaration
    live = declared.live if isinstance(declared, Dataset | LiveLayer) else None
    named = (live.layer or live.search or "") if live else ""
    facts = (("live_source", f"Géoplateforme, {_SERVICES[layer.kind]} {named}".strip()),)
    return Facet(facts=facts, addresses=_addresses(site, layer), note="live_note")


def _addresses(site: Site, layer: PublishedLayer) -> tuple[tuple[str, str], ...]:
    base, root = site.base, f"{site.base}/ogc/collections/{layer.id}"
    if layer.kind == "wfs":
        return (
            ("connect_qgis", f"{base}/ogc"),
            ("connect_layer", layer.id),
            ("connect_gdal", f"ogr2ogr {layer.id}.gpkg OAPIF:{base}/ogc {layer.id} -spat 5.3 43.2 5.5 43.4"),
            ("connect_curl", f'curl "{root}/items?limit=5"'),
        )
    if layer.kind == "wmts":
        names = [str(one["id"]) for one in layer.description["sets"]]
        return tuple(("connect_tiles", f"{root}/map/tiles/{name}/{{z}}/{{y}}/{{x}}") for name in names)
    if layer.kind == "tms":
        return (
            ("connect_tilejson", f"{base}/tiles/{layer.id}.json"),
            ("connect_tiles", f"{base}/tiles/{layer.id}/{{z}}/{{x}}/{{y}}.mvt"),
        )
    if layer.kind == "csw":
        return (("connect_curl", f'curl "{root}/items?q=eau&limit=5"'),)
    return (("connect_curl", f'curl "{root}/map?bbox=5.3,43.2,5.5,43.4&width=800&f=png" -o carte.png'),)
