"""How layers look: one symbol by geometry type, in a colour that the dataset keeps; areas by their grain."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from territoire.core.models import Dataset
from territoire.query.model import Generation
from territoire.web.cartography import looks
from territoire.web.qgis.markup import element, option_map

__all__ = ["polygon_tiles", "single_symbol"]

_KINDS = {"Point": "marker", "LineString": "line", "Polygon": "fill"}
_OPAQUE = 255


def single_symbol(layer: Element, generation: Generation) -> None:
    """Give a vector layer one symbol; a layer of several geometry types is left to the symbols of QGIS."""
    kind = _kind(generation.dataset)
    if kind is None:
        return
    renderer = element(layer, "renderer-v2", type="singleSymbol")
    _symbol(element(renderer, "symbols"), kind, generation)


def polygon_tiles(layer: Element, generation: Generation) -> None:
    """Give a layer of vector tiles the symbol of the dataset's polygons."""
    dataset = generation.dataset
    renderer = element(layer, "renderer", type="basic")
    style = element(
        element(renderer, "styles"),
        "style",
        name=dataset.id,
        layer=dataset.id,
        geometry="2",
        enabled="1",
        expression="",
        min__zoom="-1",
        max__zoom="-1",
    )
    _symbol(element(style, "symbols"), "fill", generation)


def _kind(dataset: Dataset) -> str | None:
    return _KINDS.get(dataset.geometry.type.removeprefix("Multi")) if dataset.geometry else None


def _symbol(parent: Element, kind: str, generation: Generation) -> None:
    colour, look = looks.colour(generation.dataset), looks.of(generation)
    opaque, pale = f"{colour},{_OPAQUE}", f"{colour},{round(looks.PALE * _OPAQUE)}"
    kinds: dict[str, tuple[str, dict[str, str]]] = {
        "marker": (
            "SimpleMarker",
            {
                "name": "circle",
                "color": opaque,
                "outline_color": "255,255,255,255",
                "outline_width": "0.2",
                "size": "2.4",
            },
        ),
        "line": ("SimpleLine", {"line_color": opaque, "line_width": "0.5", "line_style": "solid"}),
        "fill": (
            "SimpleFill",
            {
                "color": pale,
                "style": "no" if look.is_hollow else "solid",
                "outline_color": f"{look.outline},{_OPAQUE}",
                "outline_width": f"{look.outline_mm}",
                "outline_style": "solid",
            },
        ),
    }
    class_name, properties = kinds[kind]
    symbol = element(parent, "symbol", name="0", type=kind, alpha="1", clip_to_extent="1", force_rhr="0")
    option_map(
        element(symbol, "layer", **{"class": class_name, "enabled": "1", "locked": "0", "pass": "0"}), properties
    )
