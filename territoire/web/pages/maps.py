"""What a page's map is told: layers, background and words, as JSON that map.js reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from territoire.query.layers import PublishedLayer
from territoire.query.model import Generation
from territoire.web.pages import locale, site
from territoire.web.pages.site import Site

__all__ = ["frame", "of_raster", "settings"]

#: Datasets that make the background of every map, where they are published: land, then its boundaries.
_LAND, _BOUNDARIES = "region", "departements"

Json = dict[str, Any]  # a JSON document


def settings(current: Site, shown: Sequence[Generation], *, with_columns: bool = False) -> Json:
    """Describe a map of these datasets, the first one shown; `with_columns` lists the attributes on a click."""
    layers = [_layer(current, g, with_columns=with_columns) for g in shown if g.dataset.tiles]
    return {**frame(current), "layers": layers, "bounds": list(_bounds(current, shown))}


def of_raster(current: Site, layer: PublishedLayer) -> Json:
    """Describe a map of a raster's tiles."""
    bounds = layer.extent_crs84 or current.vocabulary.territory.bbox_crs84
    shown = [{"id": layer.id, "tilejson": _tilejson(current, layer.id)}]
    return {**frame(current), "layers": [], "rasters": shown, "bounds": list(bounds)}


def frame(current: Site) -> Json:
    """Return what every map has: a background of what is published, and words."""
    t = locale.texts(current.language)
    tiled = {g.dataset.id: g for g in current.generations if g.dataset.tiles}
    return {
        "background": [
            {"id": name, "role": role, "tilejson": _tilejson(current, name)}
            for name, role in ((_LAND, "land"), (_BOUNDARIES, "boundary"))
            if name in tiled
        ],
        "words": {
            "open": t("map_open"),
            "untitled": t("map_untitled"),
            "failed": t("map_failed"),
            "nearer": t("live_nearer"),
            "zoom_in": t("map_zoom_in"),
            "zoom_out": t("map_zoom_out"),
            "attribution": t("map_attribution"),
            "close": t("map_close"),
            "ctrl": t("map_ctrl"),
            "command": t("map_command"),
            "two_fingers": t("map_two_fingers"),
        },
    }


def _layer(current: Site, generation: Generation, *, with_columns: bool) -> Json:
    dataset, language = generation.dataset, current.language
    described: Json = {
        "id": dataset.id,
        "title": dataset.title.get(language),
        "tilejson": _tilejson(current, dataset.id),
        "minzoom": dataset.tiles.minzoom if dataset.tiles else 0,
        "key": dataset.key,
        "label": dataset.label or dataset.key,
        "geometry": dataset.geometry.type if dataset.geometry else "Geometry",
        "items": f"{site.root(current)}/ogc/collections/{dataset.id}/items/",
        "query": site.href(current, "").removeprefix(site.root(current)),
    }
    if with_columns:
        described["columns"] = [{"name": c.name, "title": c.title.get(language)} for c in dataset.columns]
    return described


def _tilejson(current: Site, dataset_id: str) -> str:
    return f"{site.root(current)}/tiles/{dataset_id}.json"


def _bounds(current: Site, shown: Sequence[Generation]) -> tuple[float, float, float, float]:
    """Return west, south, east, north in degrees around all that is shown, around the territory for several layers.

    One dataset that reaches beyond the territory must not move the map of the others away from it.
    """
    boxes = [g.extent_crs84 for g in shown if g.extent_crs84]
    if len(boxes) != 1:
        return current.vocabulary.territory.bbox_crs84
    return boxes[0]
