"""Style sheets of our vector tiles (MapLibre Style Specification 8), which MapLibre, OpenLayers and QGIS draw by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from territoire.core.derive.tilematrixset import Bounds
from territoire.query.model import Generation
from territoire.web.cartography import looks, scales
from territoire.web.cartography.looks import Look

__all__ = ["MEDIA", "sheet"]

#: As OGC API - Styles (20-009, draft) calls it.
MEDIA = "application/vnd.mapbox.style+json"
_PIXELS_PER_MM = 96 / 25.4
#: Denominator of the scale at zoom 0 of tiles of 512 pixels of 0.28 mm (OGC 17-083r4, Annex D), at the equator.
_ZOOM_0 = 279_541_132.0
_WHOLE = ("Point", "LineString", "Polygon")

Json = dict[str, Any]  # a JSON document


def sheet(generations: Sequence[Generation], *, title: str, base: str, around_crs84: Bounds, finer: int = 0) -> Json:
    """Return the sheet of these datasets, each drawn from its own TileJSON under `base`, on a map of `around_crs84`.

    `finer` is how many zooms further the map's tile matrix set counts than that of web maps.

    No names: a tile's edge cuts features, so that a name in tiles is drawn once a piece. Hence neither glyphs nor
    sprites, and nothing is fetched from elsewhere. No ground either, which would hide the layers under ours.
    """
    west, south, east, north = around_crs84
    # under all: the smallest areas; above: the outlines of those that hold them, then lines and points
    ordered = sorted(generations, key=lambda one: (_rank(one), scales.grain_m(one) or 0))
    return {
        "version": 8,
        "name": title,
        "center": [round((west + east) / 2, 4), round((south + north) / 2, 4)],
        "zoom": max(round(math.log2(360 / max(east - west, north - south, 1e-6)), 1), 0),
        "sources": {
            one.dataset.id: {"type": "vector", "url": f"{base}/tiles/{one.dataset.id}.json"} for one in generations
        },
        "layers": [layer for one in ordered for layer in _layers(one, finer)],
    }


def _rank(generation: Generation) -> int:
    return min(-_WHOLE.index(kind) for kind in _kinds(generation))


def _kinds(generation: Generation) -> tuple[str, ...]:
    declared = generation.dataset.geometry.type.removeprefix("Multi") if generation.dataset.geometry else ""
    return (declared,) if declared in _WHOLE else _WHOLE


def _layers(generation: Generation, finer: int) -> list[Json]:
    name, kinds, look = generation.dataset.id, _kinds(generation), looks.of(generation)
    low = _lowest(generation) + finer
    common: Json = {"source": name, "source-layer": name, **({"minzoom": low} if low else {})}
    own = _hexadecimal(looks.colour(generation.dataset))
    drawn: dict[str, list[Json]] = {
        "Polygon": _areas(name, own, look, low),
        "LineString": [_line(f"{name}-line", own, 0.5, low)],
        "Point": [_circle(name, own, 6 + finer)],
    }
    # the older word for a geometry's type: the newer one is not known to every reader
    mixed = len(kinds) > 1
    return [
        {**layer, **common, **({"filter": ["==", "$type", kind]} if mixed else {})}
        for kind in reversed(kinds)
        for layer in drawn[kind]
    ]


def _areas(name: str, own: str, look: Look, low: int) -> list[Json]:
    fill = {"id": f"{name}-fill", "type": "fill", "paint": {"fill-color": own, "fill-opacity": round(looks.PALE, 2)}}
    outline = _line(f"{name}-outline", _hexadecimal(look.outline), look.outline_mm, low)
    return [outline] if look.is_hollow else [fill, outline]


def _line(identifier: str, colour: str, width_mm: float, low: int) -> Json:
    full = width_mm * _PIXELS_PER_MM
    width = ["interpolate", ["linear"], ["zoom"], low, round(full / 2, 2), low + 5, round(full, 2)]
    paint = {"line-color": colour, "line-width": width}
    return {"id": identifier, "type": "line", "layout": {"line-join": "round"}, "paint": paint}


def _circle(name: str, colour: str, low: int) -> Json:
    radius = ["interpolate", ["linear"], ["zoom"], low, 2.5, low + 7, 6]
    paint = {"circle-color": colour, "circle-radius": radius, "circle-stroke-color": "#fff", "circle-stroke-width": 1}
    return {"id": f"{name}-circle", "type": "circle", "paint": paint}


def _lowest(generation: Generation) -> int:
    """Return the first zoom at which features can be told from one another."""
    found, box = scales.of(generation), generation.extent_crs84
    if found is None or box is None:
        return 0
    middle = math.cos(math.radians((box[1] + box[3]) / 2))
    zoom = math.floor(math.log2(max(_ZOOM_0 * middle / found.seen, 1)))
    deepest = generation.dataset.tiles.maxzoom if generation.dataset.tiles else 0
    return min(zoom, deepest)


def _hexadecimal(colour: str) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in colour.split(","))
