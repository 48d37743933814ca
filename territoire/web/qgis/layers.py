"""The layers of a dataset: its features by OGC API, and its vector tiles."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from territoire.query.model import Generation
from territoire.web.cartography import scales
from territoire.web.pages.site import Site
from territoire.web.qgis import labels, references, symbols
from territoire.web.qgis.markup import element

__all__ = ["features", "features_id", "features_uri", "in_tree", "tiles", "tiles_id", "tiles_uri"]

_NO_GEOMETRY = "No geometry"
_PAGE_SIZE = 1000
_SHAPES = {"Point": "Point", "LineString": "Line", "Polygon": "Polygon"}


def features_id(generation: Generation) -> str:
    """Return the identifier of the layer of features within its file."""
    # QGIS drops an identifier of ten characters or fewer, and the layer is lost from the tree
    return f"territoire_{generation.dataset.id}_features"


def tiles_id(generation: Generation) -> str:
    """Return the identifier of the layer of vector tiles within its file."""
    return f"territoire_{generation.dataset.id}_tiles"


def features_uri(site: Site, generation: Generation) -> str:
    """Return the data source of the provider OAPIF.

    CRS84 is named: QGIS 3.22 reads nothing else, later ones would take Lambert-93 of themselves, and a layer file
    must say which it is.
    """
    parts = {
        "pageSize": str(_PAGE_SIZE),
        "pagingEnabled": "default",
        "restrictToRequestBBOX": "1",
        "srsname": references.CRS84,
        "typename": generation.dataset.id,
        "url": f"{site.base}/ogc",
        "version": "OGC_API_FEATURES",
    }
    return " ".join(f"{name}='{_quoted(value)}'" for name, value in parts.items())


def tiles_uri(site: Site, generation: Generation) -> str:
    """Return the data source of the provider of vector tiles."""
    offered = generation.dataset.tiles
    low, high = (offered.minzoom, offered.maxzoom) if offered else (0, 0)
    address = f"{site.base}/tiles/{generation.dataset.id}/{{z}}/{{x}}/{{y}}.mvt"
    return f"type=xyz&url={address}&zmin={low}&zmax={high}"


def in_tree(
    parent: Element, site: Site, generation: Generation, *, as_tiles: bool = False, is_shown: bool = True
) -> None:
    """Add a layer to a tree of layers; vector tiles are switched off, as the same objects are there already."""
    title = generation.dataset.title.get(site.language)
    element(
        parent,
        "layer-tree-layer",
        id=tiles_id(generation) if as_tiles else features_id(generation),
        name=tiles_name(site, title) if as_tiles else title,
        providerKey="vectortile" if as_tiles else "OAPIF",
        source=tiles_uri(site, generation) if as_tiles else features_uri(site, generation),
        expanded="0",
        checked="Qt::Checked" if is_shown and not as_tiles else "Qt::Unchecked",
    )


def tiles_name(site: Site, title: str) -> str:
    """Return the name of a layer of tiles."""
    return f"{title} ({'vector tiles' if site.language == 'en' else 'tuiles vectorielles'})"


def features(parent: Element, site: Site, generation: Generation) -> None:
    """Add the layer of features: source, CRS, names for people, look, licence."""
    dataset = generation.dataset
    declared = dataset.geometry.type if dataset.geometry else None
    shape = _SHAPES.get((declared or "").removeprefix("Multi"), "Unknown geometry" if declared else _NO_GEOMETRY)
    wkb = {None: "NoGeometry", "Geometry": "Unknown"}.get(declared, declared) or "Unknown"
    layer = element(parent, "maplayer", type="vector", geometry=shape, wkbType=wkb, readOnly="1")
    element(layer, "id", features_id(generation))
    element(layer, "datasource", features_uri(site, generation))
    element(layer, "layername", dataset.title.get(site.language))
    if dataset.geometry:
        references.describe(element(layer, "srs"), references.CRS84)
    _credits(layer, site, generation)
    element(layer, "provider", "OAPIF", encoding="UTF-8")
    _visibility(layer, generation)
    symbols.single_symbol(layer, generation)
    labels.features(layer, generation)
    aliases = element(layer, "aliases")
    for index, column in enumerate(dataset.columns):
        element(aliases, "alias", field=column.name, name=column.title.get(site.language), index=str(index))
    element(layer, "previewExpression", f'"{dataset.label or dataset.key}"')


def tiles(parent: Element, site: Site, generation: Generation) -> None:
    """Add the layer of a dataset's vector tiles."""
    dataset = generation.dataset
    layer = element(parent, "maplayer", type="vector-tile")
    element(layer, "id", tiles_id(generation))
    element(layer, "datasource", tiles_uri(site, generation))
    element(layer, "layername", tiles_name(site, dataset.title.get(site.language)))
    references.describe(element(layer, "srs"), references.WEB_MERCATOR)
    _credits(layer, site, generation)
    element(layer, "provider", "vectortile")
    # no names: a tile's edge cuts a feature, and each piece would have its own
    symbols.polygon_tiles(layer, generation)


def _visibility(layer: Element, generation: Generation) -> None:
    # beyond this scale QGIS would read every feature to draw a blot
    if found := scales.of(generation):
        layer.set("hasScaleBasedVisibilityFlag", "1")
        layer.set("minScale", f"{found.seen}")
        layer.set("maxScale", "0")


def _credits(layer: Element, site: Site, generation: Generation) -> None:
    """Say whose data these are and what their licence is, where QGIS shows it."""
    dataset, words = generation.dataset, site.vocabulary
    producer, licence = words.producers[dataset.producer], words.licences[dataset.licence]
    rights = f"{producer.name}, {generation.millesime}" if generation.millesime else producer.name
    page = f"{site.base}/ogc/collections/{dataset.id}"
    title, abstract = dataset.title.get(site.language), dataset.abstract.get(site.language)
    element(layer, "title", title)
    element(layer, "abstract", abstract)
    element(layer, "attribution", rights, href=producer.url)
    element(layer, "dataUrl", page, format="text/html")
    metadata = element(layer, "resourceMetadata")
    element(metadata, "identifier", page)
    element(metadata, "language", "ENG" if site.language == "en" else "FRE")
    element(metadata, "type", "dataset")
    element(metadata, "title", title)
    element(metadata, "abstract", abstract)
    links = element(metadata, "links")
    element(links, "link", type="WWW:LINK", name=title, url=page, format="", description="", mimeType="", size="")
    element(links, "link", type="WWW:LINK", name=licence.title, url=licence.url, format="", description="")
    element(metadata, "license", licence.title)
    element(metadata, "rights", rights)


def _quoted(value: str) -> str:
    # as QgsDataSourceUri quotes: a backslash before each quote and backslash
    return value.replace("\\", "\\\\").replace("'", "\\'")
