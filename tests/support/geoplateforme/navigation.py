"""Routes and isochrones on a country without roads: straight lines and discs, in the service's own shapes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import orjson
import pyproj

from .exchange import Ask, Reply
from .layers import EXTENT_CRS84

_GEOD = pyproj.Geod(ellps="WGS84")
_VERSION = "2026-09-15"
_SPEED_M_S = {"car": 13.9, "pedestrian": 1.1}
_RESOURCES = {
    "bdtopo-osrm": ("itineraire",),
    "bdtopo-valhalla": ("itineraire", "isochrone"),
    "bdtopo-pgr": ("itineraire", "isochrone"),
}
_UNITS = {"meter": 1.0, "kilometer": 1e-3, "second": 1.0, "minute": 1 / 60, "hour": 1 / 3600, "standard": 1.0}
_BEYOND = "No path found: a point is not on the graph"


class RefusalError(Exception):
    """A request that the service refuses."""


def answer(ask: Ask) -> Reply:
    """Answer itineraire, isochrone or getcapabilities."""
    operations = {"itineraire": _itinerary, "isochrone": _isochrone}
    path = ask.path.strip("/")
    asks = orjson.loads(ask.body) if ask.media == "application/json" else ask.parameters
    asks = {str(name).lower(): value for name, value in asks.items()}
    if path == "getcapabilities":
        return Reply("application/json", orjson.dumps(_capabilities()))
    if path not in operations:
        return Reply("application/json", b'{"error":{"errorType":"badRequest","message":"Not Found"}}', 404)
    try:
        if path not in _RESOURCES.get(asks.get("resource", ""), ()):
            raise RefusalError(f"Parameter 'resource' is invalid: {asks.get('resource')} has no {path}")
        return Reply("application/json", orjson.dumps(operations[path](asks)))
    except RefusalError as error:
        code = 404 if str(error) == _BEYOND else 400
        body = {"error": {"errorType": "badRequest", "message": str(error)}}
        return Reply("application/json", orjson.dumps(body), code)


def _capabilities() -> dict[str, Any]:
    return {
        "info": {"name": "Géoplateforme, calcul d'itinéraires", "url": "https://geoservices.ign.fr/"},
        "api": {"name": "simple", "version": "1.0.0"},
        "operations": [{"id": "route"}, {"id": "isochrone"}],
        "resources": [
            {
                "id": name,
                "description": f"Graphe de la BD TOPO, {name}",
                "resourceVersion": _VERSION,
                "availableOperations": [{"id": operation} for operation in operations],
            }
            for name, operations in _RESOURCES.items()
        ],
    }


def _point(asks: Mapping[str, str], name: str) -> tuple[float, float]:
    try:
        lon, lat = (float(part) for part in asks[name].split(","))
    except (KeyError, ValueError) as exc:
        raise RefusalError(f"Parameter '{name}' is invalid: it is lon,lat") from exc
    west, south, east, north = EXTENT_CRS84
    if not (west <= lon <= east and south <= lat <= north):
        raise RefusalError(_BEYOND)
    return lon, lat


def _choice(asks: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = asks.get(name.lower(), allowed[0])
    if value not in allowed:
        raise RefusalError(f"Parameter '{name}' is invalid: one of {', '.join(allowed)}")
    return value


def _itinerary(asks: Mapping[str, str]) -> dict[str, Any]:
    between = [one for one in asks.get("intermediates", "").split("|") if one]
    stops = [
        _point(asks, "start"),
        *(_point({"intermediates": one}, "intermediates") for one in between),
        _point(asks, "end"),
    ]
    profile = _choice(asks, "profile", ("car", "pedestrian"))
    optimization = _choice(asks, "optimization", ("fastest", "shortest"))
    if optimization == "shortest" and asks["resource"] == "bdtopo-osrm":
        raise RefusalError("Parameter 'optimization' is invalid: shortest is not of bdtopo-osrm")
    portions = [_portion(asks, start, end, _SPEED_M_S[profile]) for start, end in itertools.pairwise(stops)]
    line = [stops[0], *(point for portion in portions for point in portion.pop("points"))]
    return {
        "resource": asks["resource"],
        "resourceVersion": _VERSION,
        "start": asks["start"],
        "end": asks["end"],
        "profile": profile,
        "optimization": optimization,
        "geometry": {"type": "LineString", "coordinates": line},
        "crs": "EPSG:4326",
        "distanceUnit": asks.get("distanceunit", "meter"),
        "timeUnit": asks.get("timeunit", "minute"),
        "bbox": _bbox(line),
        "distance": round(sum(portion["distance"] for portion in portions), 4),
        "duration": round(sum(portion["duration"] for portion in portions), 4),
        "constraints": [],
        "portions": portions,
    }


def _portion(
    asks: Mapping[str, str], start: tuple[float, float], end: tuple[float, float], speed: float
) -> dict[str, Any]:
    metres = _GEOD.inv(*start, *end)[2]
    points = [*_GEOD.npts(*start, *end, 8), end]
    distance = metres * _UNITS[_choice(asks, "distanceUnit", ("meter", "kilometer"))]
    duration = metres / speed * _UNITS[_choice(asks, "timeUnit", ("minute", "second", "hour", "standard"))]
    step = {
        "geometry": {"type": "LineString", "coordinates": [start, *points]},
        "attributes": {"name": {"nom_1_gauche": "CHEMIN DROIT"}},
        "distance": distance,
        "duration": duration,
        "instruction": {"type": "depart"},
    }
    return {
        "start": ",".join(map(str, start)),
        "end": ",".join(map(str, end)),
        "distance": distance,
        "duration": duration,
        "bbox": _bbox([start, end]),
        "steps": [step] if asks.get("getsteps", "true") == "true" else [],
        "points": points,
    }


def _isochrone(asks: Mapping[str, str]) -> dict[str, Any]:
    lon, lat = _point(asks, "point")
    profile = _choice(asks, "profile", ("car", "pedestrian"))
    cost = _choice(asks, "costType", ("time", "distance"))
    try:
        value = float(asks["costvalue"])
    except (KeyError, ValueError) as exc:
        raise RefusalError("Parameter 'costValue' is invalid: a number") from exc
    if not 0 < value < math.inf:
        raise RefusalError("Parameter 'costValue' is invalid: above 0")
    unit = _choice(asks, "timeUnit", ("second", "minute", "hour", "standard"))
    if cost == "distance":
        unit = _choice(asks, "distanceUnit", ("meter", "kilometer"))
    metres = value / _UNITS[unit] * (_SPEED_M_S[profile] if cost == "time" else 1)
    ring = [list(_GEOD.fwd(lon, lat, azimuth, metres)[:2]) for azimuth in range(360, -1, -5)]
    ring[-1] = ring[0]
    return {
        "point": asks["point"],
        "resource": asks["resource"],
        "resourceVersion": _VERSION,
        "costType": cost,
        "costValue": value,
        "profile": profile,
        "direction": _choice(asks, "direction", ("departure", "arrival")),
        "crs": "EPSG:4326",
        "timeUnit": asks.get("timeunit", "second"),
        "distanceUnit": asks.get("distanceunit", "meter"),
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "constraints": [],
    }


def _bbox(points: list[tuple[float, float]]) -> list[float]:
    east, north = [point[0] for point in points], [point[1] for point in points]
    return [min(east), min(north), max(east), max(north)]
