"""A list of connections that QGIS imports (Data Source Manager, WFS / OGC API - Features, Load)."""

from __future__ import annotations

from territoire.web.pages.site import Site
from territoire.web.qgis.markup import document, element

__all__ = ["MEDIA", "render"]

MEDIA = "application/xml"


def render(site: Site) -> bytes:
    """Return the connection to this server, named after the territory."""
    root = element(None, "qgsWFSConnections", version="1.1")
    element(
        root,
        "wfs",
        name=f"Territoire - {site.vocabulary.territory.title.get(site.language)}",
        url=f"{site.base}/ogc",
        version="OGC_API_FEATURES",
        pagesize="1000",
        pagingenabled="default",
        maxnumfeatures="",
        ignoreAxisOrientation="0",
        invertAxisOrientation="0",
    )
    return document(root, doctype="connections")
