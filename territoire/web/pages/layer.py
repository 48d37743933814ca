"""The page of a collection that has no rows here: its map, what is known of it, its licence, addresses to copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from territoire.geoplateforme.pulse import Beat
from territoire.query.layers import PublishedLayer
from territoire.web.pages import environment, live, locale, rasters
from territoire.web.pages.facet import Facet
from territoire.web.pages.site import Site

__all__ = ["FACETS", "Facet", "render"]


#: What each kind adds.
FACETS: Mapping[str, Callable[[Site, PublishedLayer], Facet]] = {
    **dict.fromkeys(("wfs", "wmts", "tms", "wms", "wms_vector", "csw"), live.facet),
    "raster": rasters.facet,
}


def render(site: Site, layer: PublishedLayer, beat: Beat | None = None) -> str:
    """Return the page of a published layer; `beat` is what is known of the source of a live one."""
    declared, words = layer.declaration, site.vocabulary
    make = FACETS.get(layer.kind)
    facet = make(site, layer) if make else Facet()
    if beat:
        facet = replace(facet, facts=(*facet.facts, *live.heard(site, layer, beat)))
    return environment.render(
        "layer.html",
        site,
        layer=layer,
        declared=declared,
        theme=words.themes[declared.theme],
        producer=words.producers[declared.producer],
        licence=words.licences[declared.licence],
        attribution=_attribution(site, layer),
        facet=facet,
    )


def _attribution(site: Site, layer: PublishedLayer) -> str:
    """Write what the licence asks a reuser to write."""
    producer = site.vocabulary.producers[layer.declaration.producer].name
    edition = f", {layer.description['millesime']}" if layer.description.get("millesime") else ""
    day = locale.date(layer.published_at, site.language)
    return locale.texts(site.language)("attribution", producer=producer, edition=edition, date=day)
