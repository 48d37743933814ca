"""Heights: those of the relief that the rasters are made of."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import orjson
import pyproj

from .exchange import Ask, Reply
from .layers import EXTENT_CRS84
from .relief import elevation_m

_MOST = 5_000
_NOWHERE = -99_999.0
_RESOURCE = "ign_rge_alti_wld"
_TO_L93 = pyproj.Transformer.from_crs(4326, 2154, always_xy=True)


def answer(ask: Ask) -> Reply:
    """Answer elevation.json, elevationLine.json or resources."""
    path = ask.path.strip("/")
    if path in ("resources", "1.0/resources"):
        return Reply("application/json", orjson.dumps([{"_id": _RESOURCE, "name": _RESOURCE}]))
    if not path.startswith("1.0/calcul/alti/rest/"):
        return Reply("text/html", b"<html><body>404 Not Found</body></html>", 404)
    asks = orjson.loads(ask.body) if ask.media == "application/json" else ask.parameters
    try:
        lon, lat = _list(asks, "lon"), _list(asks, "lat")
    except ValueError:
        return _refusal("The lon and lat parameters are lists of numbers")
    if not lon or len(lon) != len(lat):
        return _refusal("The lon and lat lists have not the same size")
    if len(lon) > _MOST:
        return _refusal(f"The number of points exceeds {_MOST}")
    if asks.get("resource") != _RESOURCE:
        return _refusal(f"The resource {asks.get('resource')} is unknown")
    if path.endswith("elevation.json"):
        return _heights(lon, lat, zonly=str(asks.get("zonly", "false")).lower() == "true")
    if not path.endswith("elevationLine.json"):
        return _refusal("Unknown method")
    sampling = int(asks.get("sampling", 2))
    if len(lon) < 2 or not 2 <= sampling <= _MOST:
        return _refusal(f"A profile has two points at least, and 2 to {_MOST} samples")
    return _heights(*_along(lon, lat, sampling), zonly=False)


def _list(asks: Any, name: str) -> list[float]:
    delimiter = asks.get("delimiter", "|")
    return [float(part) for part in re.split(re.escape(delimiter), str(asks.get(name, ""))) if part]


def _along(lon: list[float], lat: list[float], sampling: int) -> tuple[list[float], list[float]]:
    """Return so many positions at even distances (in metres) along a line."""
    east, north = _TO_L93.transform(lon, lat)
    done = np.concatenate([[0], np.cumsum(np.hypot(np.diff(east), np.diff(north)))])
    wanted = np.linspace(0, done[-1], sampling)
    x, y = _TO_L93.transform(np.interp(wanted, done, east), np.interp(wanted, done, north), direction="INVERSE")
    return [float(value) for value in x], [float(value) for value in y]


def _heights(lon: list[float], lat: list[float], *, zonly: bool) -> Reply:
    west, south, east, north = EXTENT_CRS84
    heights = np.round(elevation_m(*(np.asarray(axis) for axis in _TO_L93.transform(lon, lat))), 2)
    found = [
        float(z) if west <= x <= east and south <= y <= north else _NOWHERE
        for x, y, z in zip(lon, lat, heights, strict=True)
    ]
    if zonly:
        return Reply("application/json", orjson.dumps({"elevations": found}))
    accuracy = "Variable suivant la source de mesure"
    rows = [{"lon": x, "lat": y, "z": z, "acc": accuracy} for x, y, z in zip(lon, lat, found, strict=True)]
    return Reply("application/json", orjson.dumps({"elevations": rows}))


def _refusal(text: str) -> Reply:
    return Reply("application/json", orjson.dumps({"error": {"code": "BAD_PARAMETER", "description": text}}), 400)
