"""The layers of map tiles for QGIS: rasters, and live ones of the Géoplateforme."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from providers import raster_tiles
from territoire.query.layers import PublishedLayer
from territoire.web.pages.site import Site
from territoire.web.qgis import references
from territoire.web.qgis.markup import document, element

__all__ = ["has_tiles", "in_tree", "render", "tiles"]

_QUAD = "WebMercatorQuad"


def has_tiles(layer: PublishedLayer) -> bool:
    """Has it tiles that QGIS reads as XYZ: in Web Mercator, at our address?"""
    sets = layer.description["sets"] if layer.kind == "wmts" else []
    return layer.kind == "raster" or any(one["id"] == _QUAD for one in sets)


def render(site: Site, layer: PublishedLayer) -> bytes:
    """Return the definition of a layer that has tiles."""
    root = element(None, "qlr")
    in_tree(element(root, "layer-tree-group", name="", checked="Qt::Checked"), site, layer)
    tiles(element(root, "maplayers"), site, layer)
    return document(root, doctype="qgis-layer-definition")


def in_tree(parent: Element, site: Site, layer: PublishedLayer, *, is_shown: bool = True) -> None:
    """Add the layer to a tree of layers, switched on or off."""
    element(
        parent,
        "layer-tree-layer",
        id=_id(layer),
        name=layer.declaration.title.get(site.language),
        providerKey="wms",
        source=_uri(site, layer),
        expanded="0",
        checked="Qt::Checked" if is_shown else "Qt::Unchecked",
    )


def tiles(parent: Element, site: Site, layer: PublishedLayer) -> None:
    """Add the layer: source, CRS, licence."""
    declared, words = layer.declaration, site.vocabulary
    title, abstract = declared.title.get(site.language), declared.abstract.get(site.language)
    described = element(parent, "maplayer", type="raster")
    element(described, "id", _id(layer))
    element(described, "datasource", _uri(site, layer))
    element(described, "layername", title)
    references.describe(element(described, "srs"), references.WEB_MERCATOR)
    element(described, "provider", "wms")
    element(described, "title", title)
    element(described, "abstract", abstract)
    producer = words.producers[declared.producer]
    element(described, "attribution", producer.name, href=producer.url)
    element(described, "dataUrl", f"{site.base}/ogc/collections/{layer.id}", format="text/html")
    metadata = element(described, "resourceMetadata")
    element(metadata, "title", title)
    element(metadata, "abstract", abstract)
    element(metadata, "license", words.licences[declared.licence].title)


def _id(layer: PublishedLayer) -> str:
    # QGIS drops an identifier of ten characters or fewer
    return f"territoire_{layer.id}_raster"


def _uri(site: Site, layer: PublishedLayer) -> str:
    if layer.kind == "raster":
        address = f"{site.base}/tiles/{layer.id}/{{z}}/{{x}}/{{y}}.png"
        return f"type=xyz&url={address}&zmin=0&zmax={raster_tiles.deepest(layer)}"
    limits = next(one["limits"] for one in layer.description["sets"] if one["id"] == _QUAD)
    zooms = [int(one["tileMatrix"]) for one in limits]
    address = f"{site.base}/ogc/collections/{layer.id}/map/tiles/{_QUAD}/{{z}}/{{y}}/{{x}}"
    return f"type=xyz&url={address}&zmin={min(zooms)}&zmax={max(zooms)}"
