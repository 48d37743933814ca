"""A layer of the WMTS, asked at each request: its tile matrix sets as OGC API Tiles has them, and a tile."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from owslib.wmts import WebMapTileService
from pyproj import CRS
from pyproj.exceptions import CRSError

from territoire.core.errors import UpstreamError
from territoire.geoplateforme import answers, xml
from territoire.geoplateforme.answers import Answer
from territoire.geoplateforme.reading import Json
from territoire.geoplateforme.transport import Transport

__all__ = ["Address", "describe", "tile"]

_SERVICE = "wmts"
_BASE = {"SERVICE": "WMTS", "VERSION": "1.0.0"}
#: Scale of the first matrix of WebMercatorQuad, and its top left corner in metres (OGC 17-083r4, D.1).
_QUAD_SCALE, _QUAD_CORNER = 559082264.0287178, 20037508.342789244
#: Metres of a pixel of the standards (OGC 17-083r4, 6.1).
_PIXEL_M = 0.00028


@dataclass(frozen=True, slots=True)
class Address:
    """A tile in the source's own words."""

    layer: str
    style: str
    media: str
    matrix_set: str
    matrix: str
    row: int
    column: int


def tile(transport: Transport, at: Address) -> Answer:
    """Return a tile; its status is 404 where the layer has none."""
    params = {"REQUEST": "GetTile", "LAYER": at.layer, "STYLE": at.style, "FORMAT": at.media}
    params |= {"TILEMATRIXSET": at.matrix_set, "TILEMATRIX": at.matrix}
    params |= {"TILEROW": str(at.row), "TILECOL": str(at.column)}
    kinds = ("image/", at.media.partition(";")[0])
    return transport.get(
        _SERVICE, params={**_BASE, **params}, check=lambda answer: answers.check_media(answer, _SERVICE, *kinds)
    )


def describe(transport: Transport, name: str, style: str | None) -> Json:
    """Return what serving a layer needs: extent, format, style and tile matrix sets with their limits.

    UpstreamError when there is no such layer, or none of its sets has a CRS that EPSG knows.
    """
    answer = transport.get(_SERVICE, params={**_BASE, "REQUEST": "GetCapabilities"}, fresh_s=3600)
    service = WebMapTileService(answer.url, xml=xml.guard(answer.body, service=_SERVICE))
    layer = service.contents.get(name)
    if layer is None:
        raise UpstreamError(
            f"wmts: the Géoplateforme has no layer {name}", remedy="look for its name: territoire geoplateforme search"
        )
    sets = [_set(service, layer, identifier) for identifier in layer.tilematrixsetlinks]
    offered = [one for one in sets if one]
    if not offered:
        raise UpstreamError(f"wmts: {name} is in no CRS that EPSG knows", remedy="declare another layer")
    return {
        "extent_crs84": list(layer.boundingBoxWGS84 or (-180.0, -85.0, 180.0, 85.0)),
        "media": _media(layer.formats),
        "formats": list(layer.formats),
        "style": _style(layer, name, style),
        "sets": offered,
    }


def _style(layer: Any, name: str, wanted: str | None) -> str:  # OWSLib has no types
    if wanted is not None and wanted not in layer.styles:
        raise UpstreamError(f"wmts: {name} has no style {wanted}", remedy=f"known: {', '.join(layer.styles)}")
    defaults = [style for style, said in layer.styles.items() if said.get("isDefault")]
    return wanted or next(iter([*defaults, *layer.styles]), "normal")


def _media(formats: list[str]) -> str:
    known = [one for one in formats if one in {"image/png", "image/jpeg"}]
    return known[0] if known else formats[0]


def _set(service: Any, layer: Any, identifier: str) -> Json | None:  # OWSLib has no types
    """Translate a tile matrix set (OGC 17-083r4) with the limits of this layer; None when EPSG lacks its CRS."""
    source = service.tilematrixsets[identifier]
    srid = _srid(str(source.crs))
    if srid is None:
        return None
    crs = CRS.from_epsg(srid)
    metres = 111319.49079327358 if crs.is_geographic else 1.0
    matrices = [_matrix(one, metres) for one in source.tilematrix.values()]
    links = layer.tilematrixsetlinks[identifier].tilematrixlimits
    limits = [
        {
            "tileMatrix": str(key),
            "minTileRow": int(one.mintilerow),
            "maxTileRow": int(one.maxtilerow),
            "minTileCol": int(one.mintilecol),
            "maxTileCol": int(one.maxtilecol),
        }
        for key, one in links.items()
    ] or [_whole(one) for one in matrices]
    known = {one["id"] for one in matrices}
    # a limit of a matrix that the set has not would name tiles that nobody can ask for
    limits = [one for one in limits if one["tileMatrix"] in known]
    matrices.sort(key=lambda one: -one["scaleDenominator"])
    limits.sort(key=lambda one: [m["id"] for m in matrices].index(one["tileMatrix"]))
    name = "WebMercatorQuad" if _is_quad(srid, matrices) else re.sub(r"[^A-Za-z0-9_.-]", "_", identifier)
    return {"id": name, "source": identifier, "srid": srid, "matrices": matrices, "limits": limits}


def _matrix(one: Any, metres: float) -> Json:  # OWSLib has no types
    first, second = (float(part) for part in one.topleftcorner)
    scale = float(one.scaledenominator)
    return {
        "id": str(one.identifier),
        "scaleDenominator": scale,
        "cellSize": scale * _PIXEL_M / metres,
        # the document says it in the order of the CRS's own axes, as OGC 17-083r4 wants it too
        "pointOfOrigin": [first, second],
        "tileWidth": int(one.tilewidth),
        "tileHeight": int(one.tileheight),
        "matrixWidth": int(one.matrixwidth),
        "matrixHeight": int(one.matrixheight),
    }


def _whole(matrix: Json) -> Json:
    return {
        "tileMatrix": matrix["id"],
        "minTileRow": 0,
        "maxTileRow": matrix["matrixHeight"] - 1,
        "minTileCol": 0,
        "maxTileCol": matrix["matrixWidth"] - 1,
    }


def _is_quad(srid: int, matrices: list[Json]) -> bool:
    """Tell whether the set is a part of WebMercatorQuad, with its names: the sets PM_x_y of the Géoplateforme."""
    return srid == 3857 and all(
        one["id"].isdigit()
        and abs(one["scaleDenominator"] * 2 ** int(one["id"]) / _QUAD_SCALE - 1) < 1e-4
        and all(abs(abs(side) / _QUAD_CORNER - 1) < 1e-4 for side in one["pointOfOrigin"])
        and (one["tileWidth"], one["tileHeight"]) == (256, 256)
        for one in matrices
    )


def _srid(text: str) -> int | None:
    """Return the EPSG code of a CRS of the capabilities; the Géoplateforme also uses IGN's own register."""
    own = {"IGNF:LAMB93": 2154, "IGNF:WGS84G": 4326, "IGNF:RGF93G": 4171, "IGNF:PM": 3857}
    if text in own:
        return own[text]
    found = re.search(r"EPSG:(?:[0-9.]*:)?([0-9]{4,6})$", text)
    try:
        return int(found[1]) if found and CRS.from_epsg(int(found[1])) else None
    except CRSError:
        return None
