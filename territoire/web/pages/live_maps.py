"""What the map of a live collection is told: everything through our own address, as static/map-live.js reads it."""

from __future__ import annotations

from urllib.parse import urlencode

from providers import live_features, live_maps
from territoire.core.derive import crs
from territoire.query.layers import PublishedLayer
from territoire.web.pages import locale, maps, site
from territoire.web.pages.maps import Json
from territoire.web.pages.site import Site

__all__ = ["settings"]

_QUAD = "WebMercatorQuad"
_MERCATOR = crs.uri(3857)
#: Features on a map at once.
_MOST = 1000
#: Beyond so many, a map of the whole territory would show a few at random: it begins nearer to the ground.
_FEW, _NEAR = 5000, 13
_WORDS = ("live_nearer", "live_all", "live_some", "live_failed")


def settings(current: Site, layer: PublishedLayer) -> Json | None:
    """Describe a map of a live collection; None where MapLibre cannot draw it: records, or no Web Mercator."""
    makers = {"wmts": _tiles, "tms": _vector, "wms": _images, "wms_vector": _images, "wfs": _features}
    made = makers[layer.kind](current, layer) if layer.kind in makers else None
    if made is None:
        return None
    producer = current.vocabulary.producers[layer.declaration.producer].name
    shown = {"id": layer.id, "attribution": producer, **made}
    frame, t = maps.frame(current), locale.texts(current.language)
    words = {**frame["words"], **{name: t(name) for name in _WORDS}}
    return {**frame, "words": words, "layers": [], "live": shown, "bounds": list(_bounds(current, layer))}


def _tiles(current: Site, layer: PublishedLayer) -> Json | None:
    chosen = next((one for one in layer.description["sets"] if one["id"] == _QUAD), None)
    if chosen is None:
        return None
    zooms = [int(one["tileMatrix"]) for one in chosen["limits"]]
    address = f"{_root(current, layer)}/map/tiles/{_QUAD}/{{z}}/{{y}}/{{x}}"
    return {"kind": "raster", "tiles": address, "minzoom": min(zooms), "maxzoom": max(zooms), **_box(layer)}


def _images(current: Site, layer: PublishedLayer) -> Json | None:
    if 3857 not in layer.description["srids"]:
        return None
    form = next(name for name, media in live_maps.MEDIA.items() if media in layer.description["formats"])
    given = {"crs": _MERCATOR, "bbox-crs": _MERCATOR, "width": "256", "height": "256", "f": form}
    given |= {"transparent": "true"} if form == "png" else {}
    address = f"{_root(current, layer)}/map?bbox={{bbox-epsg-3857}}&{urlencode(given)}"
    return {"kind": "raster", "tiles": address, "minzoom": 0, "maxzoom": 19, **_box(layer)}


def _vector(current: Site, layer: PublishedLayer) -> Json | None:
    names = [str(one["id"]) for one in layer.description["vector_layers"]]
    return {"kind": "vector", "tilejson": f"{site.root(current)}/tiles/{layer.id}.json", "names": names}


def _features(current: Site, layer: PublishedLayer) -> Json | None:
    dataset, language = live_features.dataset_of(layer), current.language
    if dataset.geometry is None:
        return None
    return {
        "kind": "features",
        "address": f"{_root(current, layer)}/items?f=json&limit={_MOST}&bbox=",
        "minzoom": _NEAR if int(layer.description["count"]) > _FEW else 0,
        "layer": {
            "id": dataset.id,
            "title": dataset.title.get(language),
            "key": dataset.key,
            "label": dataset.label or dataset.key,
            "geometry": dataset.geometry.type,
            "items": f"{_root(current, layer)}/items/",
            "query": site.href(current, "").removeprefix(site.root(current)),
            "columns": [{"name": column.name, "title": column.title.get(language)} for column in dataset.columns],
        },
    }


def _root(current: Site, layer: PublishedLayer) -> str:
    return f"{site.root(current)}/ogc/collections/{layer.id}"


def _box(layer: PublishedLayer) -> Json:
    return {"bounds": list(layer.extent_crs84)} if layer.extent_crs84 else {}


def _bounds(current: Site, layer: PublishedLayer) -> tuple[float, float, float, float]:
    """Return where the map opens: what lies in the territory, or all of a layer that lies elsewhere."""
    territory = current.vocabulary.territory.bbox_crs84
    own = layer.extent_crs84 or territory
    shared = (*map(max, own[:2], territory[:2]), *map(min, own[2:], territory[2:]))
    return (shared[0], shared[1], shared[2], shared[3]) if shared[0] < shared[2] and shared[1] < shared[3] else own
