"""A set of vector tiles of the TMS, asked at each request: what it offers, a tile, and its style."""

from __future__ import annotations

from urllib.parse import quote

from territoire.core.errors import UpstreamError
from territoire.geoplateforme.answers import Answer
from territoire.geoplateforme.reading import Json, odd
from territoire.geoplateforme.transport import Transport

__all__ = ["describe", "style", "tile"]

_SERVICE = "tms"


def describe(transport: Transport, name: str, style_name: str | None) -> Json:
    """Return what serving a set needs: zooms, extent, the layers in its tiles; UpstreamError when it is not there."""
    answer = transport.get(_SERVICE, f"{quote(name, safe='')}/metadata.json", fresh_s=3600)
    if answer.status == 404:
        raise UpstreamError(f"tms: the Géoplateforme has no tiles {name}", remedy="look at its TMS for the name")
    content = answer.json()
    if not isinstance(content, dict) or not isinstance(content.get("vector_layers"), list):
        raise odd(_SERVICE, f"says no vector layers of {name}")
    if style_name and style(transport, name, style_name) is None:
        raise UpstreamError(f"tms: {name} has no style {style_name}", remedy="leave `style:` out, or correct its name")
    try:
        bounds = _numbers(content.get("bounds", "-180,-85,180,85"))
        return {
            "extent_crs84": bounds,
            "minzoom": int(content.get("minzoom", 0)),
            "maxzoom": int(content.get("maxzoom", 18)),
            "style": style_name,
            "vector_layers": [
                {"id": str(one["id"]), "fields": {str(k): str(v) for k, v in (one.get("fields") or {}).items()}}
                for one in content["vector_layers"]
            ],
        }
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise odd(_SERVICE, f"says of {name} what cannot be read: {exc}") from exc


def tile(transport: Transport, name: str, zoom: int, column: int, row: int) -> Answer:
    """Return a tile, rows counted from the north as the Géoplateforme does; its status is 404 where there is none."""
    return transport.get(_SERVICE, f"{quote(name, safe='')}/{zoom}/{column}/{row}.pbf")


def style(transport: Transport, name: str, style_name: str) -> Answer | None:
    """Return a MapLibre style of the set, None when there is none of that name."""
    path = f"vectorTiles/styles/{quote(name, safe='')}/{quote(style_name, safe='')}.json"
    answer = transport.get("styles", path)
    return None if answer.status == 404 else answer


def _numbers(value: object) -> list[float]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or len(parts) != 4:
        raise ValueError("its bounds are not four numbers")
    return [float(part) for part in parts]
