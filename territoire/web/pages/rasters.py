"""What the page of a raster says: its map, its grid and values, where it comes from, addresses to copy."""

from __future__ import annotations

from providers import raster_reading, raster_tiles
from territoire.core.layers import Raster
from territoire.query.layers import PublishedLayer
from territoire.web.pages import locale, maps, site
from territoire.web.pages.facet import Facet
from territoire.web.pages.locale import Language
from territoire.web.pages.site import Site

__all__ = ["facet"]

_MIB = 2**20


def facet(current: Site, layer: PublishedLayer) -> Facet:
    """Return the facts of a raster, its map of tiles, and what can be downloaded or copied."""
    root = site.root(current)
    return Facet(
        facts=_facts(current, layer),
        actions=(
            ("raster_download", f"{root}/rasters/{layer.id}.tif"),
            ("collection_qgis", site.href(current, f"/qgis/{layer.id}.qlr")),
        ),
        addresses=_addresses(current, layer),
        map=maps.of_raster(current, layer),
        note="raster_hint",
    )


def _facts(current: Site, layer: PublishedLayer) -> tuple[tuple[str, str], ...]:
    said, language = layer.description, current.language
    declared = layer.declaration
    unit = (declared.raster.unit or "") if isinstance(declared, Raster) else ""
    size = f"{_decimal(said['bytes'] / _MIB, language, 1)} {'Mo' if language == 'fr' else 'MB'}"
    cell = _decimal(abs(said["transform"][0]), language, 6)
    pixels = " × ".join(locale.number(said[side], language) for side in ("width", "height"))
    return (
        ("raster_source", str(said["source"]).rsplit("/", 1)[-1]),
        ("figure_crs", f"EPSG:{said['srid']}"),
        ("raster_resolution", f"{cell} {'°' if said['srid'] == 4326 else 'm'}"),
        ("raster_size", f"{pixels}, {size}"),
        *_bands(layer, unit, language),
    )


def _bands(layer: PublishedLayer, unit: str, language: Language) -> tuple[tuple[str, str], ...]:
    """Say the values of a band of measures; those of an image mean nothing to anybody."""
    said = layer.description
    band = said["bands"][0]
    if len(said["bands"]) > 1 or said["palette"] or band["minimum"] is None:
        return (("raster_bands", ", ".join(raster_reading.names(said))),)
    low, high, mean = (_decimal(band[name], language, 1) for name in ("minimum", "maximum", "mean"))
    found = locale.texts(language)("raster_range_value", low=low, high=high, mean=mean, unit=unit)
    covered = f"{_decimal(band['valid_percent'], language, 1)} %"
    return (("raster_range", found), ("raster_valid", covered))


def _addresses(current: Site, layer: PublishedLayer) -> tuple[tuple[str, str], ...]:
    base = current.base
    coverage = f"{base}/ogc/collections/{layer.id}/coverage"
    west, south, east, north = layer.extent_crs84 or current.vocabulary.territory.bbox_crs84
    x, y = (west + east) / 2, (south + north) / 2
    box = f"{x - 0.05:.2f},{y - 0.05:.2f},{x + 0.05:.2f},{y + 0.05:.2f}"
    deep = raster_tiles.deepest(layer)
    return (
        ("raster_gdal", f"gdalinfo /vsicurl/{base}/rasters/{layer.id}.tif"),
        ("raster_part", f'curl "{coverage}?bbox={box}&f=geotiff" -o {layer.id}.tif'),
        ("raster_json", f'curl "{coverage}?bbox={box}&scale-factor=10&f=json"'),
        ("raster_map", f'curl "{base}/ogc/collections/{layer.id}/map?bbox={box}&width=800" -o {layer.id}.png'),
        ("connect_tilejson", f"{base}/tiles/{layer.id}.json"),
        ("raster_xyz", f"{base}/tiles/{layer.id}/{{z}}/{{x}}/{{y}}.png (zoom 0-{deep})"),
    )


def _decimal(value: float, language: Language, digits: int) -> str:
    """Write a number with at most so many decimals, as the language does."""
    whole, _, part = f"{value:.{digits}f}".partition(".")
    text = locale.number(int(whole), language) if whole != "-0" else "-0"
    part = part.rstrip("0")
    return f"{text}{',' if language == 'fr' else '.'}{part}" if part else text.replace("-0", "0")
