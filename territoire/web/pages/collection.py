"""The page of a collection: what it holds, its map, its columns, its licence, and addresses to copy."""

from __future__ import annotations

from territoire.core.derive import crs
from territoire.query.model import Generation
from territoire.web.pages import environment, locale, maps, snippets
from territoire.web.pages.site import Site

__all__ = ["render"]


def render(site: Site, generation: Generation) -> str:
    """Return the page of a published dataset."""
    dataset, words = generation.dataset, site.vocabulary
    return environment.render(
        "collection.html",
        site,
        generation=generation,
        dataset=dataset,
        theme=words.themes[dataset.theme],
        producer=words.producers[dataset.producer],
        licence=words.licences[dataset.licence],
        attribution=_attribution(site, generation),
        addresses=_addresses(site, generation),
        snippets=snippets.snippets(site, generation),
        crs_uri=crs.uri(dataset.geometry.srid) if dataset.geometry else None,
        map=maps.settings(site, [generation], with_columns=True) if dataset.tiles else None,
    )


def _attribution(site: Site, generation: Generation) -> str:
    """Write what the licence asks a reuser to write: the producer, the edition, the date of the last update."""
    producer = site.vocabulary.producers[generation.dataset.producer].name
    edition = f", {generation.millesime}" if generation.millesime else ""
    day = locale.date(generation.published_at, site.language)
    return locale.texts(site.language)("attribution", producer=producer, edition=edition, date=day)


def _addresses(site: Site, generation: Generation) -> list[tuple[str, str]]:
    """Return what can be copied: the key of its title in the texts, and the text itself."""
    dataset, base = generation.dataset, site.base
    items = f"{base}/ogc/collections/{dataset.id}/items"
    found = [
        ("connect_qgis", f"{base}/ogc"),
        ("connect_layer", dataset.id),
        ("connect_gdal", f"ogr2ogr {dataset.id}.gpkg OAPIF:{base}/ogc {dataset.id}"),
        ("connect_curl", f'curl "{items}?limit=5"'),
        ("connect_csv", f'curl "{items}?f=csv&limit=10000" -o {dataset.id}.csv'),
        ("connect_item", f'curl "{items}/<{dataset.key}>"'),
    ]
    if dataset.tiles:
        found += [
            ("connect_lambert", f"{base}/arcgis/{dataset.id}/VectorTileServer"),
            ("connect_style", f"{base}/styles/{dataset.id}.json"),
            ("connect_tilejson", f"{base}/tiles/{dataset.id}.json"),
            ("connect_tiles", f"{base}/tiles/{dataset.id}/{{z}}/{{x}}/{{y}}.mvt"),
        ]
    return found
