"""A project (.qgz): all datasets and layers by theme, on a map of the territory in Lambert-93."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from providers import live_features
from territoire.query.model import Generation
from territoire.web.cartography import scales
from territoire.web.pages.site import Site
from territoire.web.qgis import layers, rasters, references
from territoire.web.qgis.markup import document, element

__all__ = ["MEDIA", "render"]

MEDIA = "application/x-qgis-project"
#: The oldest QGIS that the files are tested with.
_VERSION = "3.22.0"
_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)


def render(site: Site) -> bytes:
    """Return the project, zipped: the same bytes for the same publication."""
    published = max((found.published_at for found in (*site.generations, *site.layers)), default=_EARLIEST)
    entry = zipfile.ZipInfo("territoire.qgs", date_time=published.astimezone(UTC).timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr(entry, _project(site))
    return whole.getvalue()


def _project(site: Site) -> bytes:
    title = f"Territoire - {site.vocabulary.territory.title.get(site.language)}"
    root = element(None, "qgis", projectname=title, version=_VERSION)
    element(root, "title", title)
    references.describe(element(root, "projectCrs"), references.LAMBERT_93)
    # without this QGIS does not read projectCrs
    projected = element(element(root, "properties"), "SpatialRefSys")
    element(projected, "ProjectionsEnabled", "1", type="int")
    tree = element(root, "layer-tree-group")
    _extent(root, site)
    described = element(root, "projectlayers")
    used = {found.dataset.theme for found in site.generations}
    used |= {layer.declaration.theme for layer in site.layers if layer.kind == "wfs" or rasters.has_tiles(layer)}
    themes = [name for name in site.vocabulary.themes if name in used]
    for name in themes:
        # the first theme alone is drawn at once: hundreds of layers would keep QGIS busy for minutes
        first = name == themes[0]
        group = element(
            tree,
            "layer-tree-group",
            name=site.vocabulary.themes[name].title.get(site.language),
            expanded="1" if first else "0",
            checked="Qt::Checked" if first else "Qt::Unchecked",
        )
        _fill(group, described, site, name)
    return document(root, doctype="qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'")


def _fill(group: Element, described: Element, site: Site, theme: str) -> None:
    """Add the layers of a theme to its group and to the project."""
    # QGIS draws the first on top: large areas above the small ones that they hold, tiles under all
    ours = [g for g in site.generations if g.dataset.theme == theme]
    for generation in sorted(ours, key=lambda g: -(scales.grain_m(g) or 0)):
        _layers(group, described, site, generation)
    # what is asked of the Géoplateforme, or hides what lies below, waits to be switched on
    for layer in (layer for layer in site.layers if layer.declaration.theme == theme):
        if layer.kind == "wfs":
            generation = live_features.as_generation(layer)
            layers.in_tree(group, site, generation, is_shown=False)
            layers.features(described, site, generation)
        elif rasters.has_tiles(layer):
            rasters.in_tree(group, site, layer, is_shown=False)
            rasters.tiles(described, site, layer)


def _layers(group: Element, described: Element, site: Site, generation: Generation) -> None:
    layers.in_tree(group, site, generation)
    layers.features(described, site, generation)
    geometry = generation.dataset.geometry
    if generation.dataset.tiles and geometry and geometry.type.endswith("Polygon"):
        layers.in_tree(group, site, generation, as_tiles=True)
        layers.tiles(described, site, generation)


def _extent(root: Element, site: Site) -> None:
    """Say where the map opens, twice: what QGIS has on its screen, and what `full view` goes back to."""
    west, south, east, north = references.bounds_l93(site.vocabulary.territory.bbox_crs84)
    corners = {"xmin": f"{west:.0f}", "ymin": f"{south:.0f}", "xmax": f"{east:.0f}", "ymax": f"{north:.0f}"}
    canvas = element(root, "mapcanvas", name="theMapCanvas")
    element(canvas, "units", "meters")
    extent = element(canvas, "extent")
    for name, value in corners.items():
        element(extent, name, value)
    references.describe(element(canvas, "destinationsrs"), references.LAMBERT_93)
    view = element(element(root, "ProjectViewSettings"), "DefaultViewExtent", **corners)
    references.describe(view, references.LAMBERT_93)
