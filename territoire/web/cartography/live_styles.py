"""Style sheets of the Géoplateforme's vector tiles, so rewritten that everything is asked at our address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from territoire.core.errors import NotFoundError, UpstreamError
from territoire.geoplateforme.services import Services
from territoire.query.layers import PublishedLayer

__all__ = ["resource", "sheet"]

Json = dict[str, Any]  # a JSON document
_GLYPHS = "/{fontstack}/{range}.pbf"
#: What a style may need beside tiles, below the folder of the styles.
_RESOURCES = re.compile(r"vectorTiles/(?:fonts/[\w ,.-]+/\d{1,5}-\d{1,5}\.pbf|[\w./@-]+\.(?:json|png))")


def sheet(layer: PublishedLayer, tileset: str, given: Json, services: Services, *, base: str) -> Json:
    """Return a style of `tileset` whose tiles, signs and glyphs stand below `base`; what stands elsewhere is left out.

    UpstreamError when nothing is left to draw.
    """
    tms = services["tms"].address(tileset)
    own = {name for name, source in given.get("sources", {}).items() if _is_of(source, tms)}
    layers = [one for one in given.get("layers", []) if one.get("type") == "background" or one.get("source") in own]
    if not own or not layers:
        raise UpstreamError(f"styles: the style of {layer.id} draws none of its tiles", remedy="declare another style")
    made = {name: value for name, value in given.items() if name in {"version", "name", "center", "zoom"}}
    made["sources"] = {name: {"type": "vector", "url": f"{base}/tiles/{layer.id}.json"} for name in own}
    # a symbol needs its signs and its letters: it goes with them
    for name, tail in (("sprite", ""), ("glyphs", _GLYPHS)):
        address = given.get(name)
        path = _path(services, address.removesuffix(tail)) if isinstance(address, str) else None
        if path is not None:
            made[name] = f"{base}/styles/{layer.id}/{path}{tail}"
    made["layers"] = [one for one in layers if "glyphs" in made or "text-field" not in one.get("layout", {})]
    return made


def resource(layer: PublishedLayer, path: str) -> str:
    """Return the path of a sign or of glyphs below the service of the styles; NotFoundError for anything else."""
    if not _RESOURCES.fullmatch(path) or ".." in path:
        raise NotFoundError(f"{layer.id} has no such resource of a style", remedy=f"see /styles/{layer.id}.json")
    return path


def _is_of(source: Mapping[str, Any], tms: str) -> bool:
    """Are these the tiles of the layer?"""
    tiles = source.get("tiles") or [source.get("url") or ""]
    return source.get("type") == "vector" and all(str(one).startswith(f"{tms}/") for one in tiles)


def _path(services: Services, address: str) -> str | None:
    """Return where an address lies below the styles, None where it does not: a style leads nobody elsewhere."""
    try:
        service, path, _ = services.locate(address)
    except UpstreamError:
        return None
    return path if service.name == "styles" else None
