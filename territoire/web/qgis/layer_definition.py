"""A layer definition (.qlr): one dataset, to be dropped on a map of QGIS."""

from __future__ import annotations

from territoire.query.model import Generation
from territoire.web.pages.site import Site
from territoire.web.qgis import layers
from territoire.web.qgis.markup import document, element

__all__ = ["MEDIA", "render"]

MEDIA = "application/x-qgis-layer-definition"


def render(site: Site, generation: Generation) -> bytes:
    """Return the definition of a dataset's layer of features."""
    root = element(None, "qlr")
    layers.in_tree(element(root, "layer-tree-group", name="", checked="Qt::Checked"), site, generation)
    layers.features(element(root, "maplayers"), site, generation)
    return document(root, doctype="qgis-layer-definition")
