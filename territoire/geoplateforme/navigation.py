"""Routes and what can be reached, on the roads of BD TOPO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from territoire.geoplateforme.reading import Json, Position, geometry, number, odd, pair
from territoire.geoplateforme.transport import Transport

__all__ = ["Isochrone", "Itinerary", "Resource", "isochrone", "itinerary", "resources"]

Profile = Literal["car", "pedestrian"]
Cost = Literal["time", "distance"]
_ROUTES = "bdtopo-osrm"
_REACH = "bdtopo-valhalla"


@dataclass(frozen=True, slots=True)
class Itinerary:
    """A route: its line in CRS84, its length in metres and its duration in seconds."""

    geometry: Json = field(repr=False)
    metres: float
    seconds: float
    resource: str
    version: str
    """Date of the graph of roads."""
    portions: list[Json] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Isochrone:
    """What can be reached from a point, or from where it can be: a polygon in CRS84."""

    geometry: Json = field(repr=False)
    resource: str
    version: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A graph that the service offers, and what it can do with it."""

    id: str
    description: str


def itinerary(
    transport: Transport,
    start: Position,
    end: Position,
    *,
    through: Sequence[Position] = (),
    profile: Profile = "car",
    optimization: Literal["fastest", "shortest"] = "fastest",
    steps: bool = False,
    resource: str = _ROUTES,
) -> Itinerary:
    """Return the route from `start` to `end`, positions in CRS84; the shortest one needs another graph than OSRM's."""
    params = {
        "resource": _REACH if optimization == "shortest" and resource == _ROUTES else resource,
        "start": pair(start),
        "end": pair(end),
        "profile": profile,
        "optimization": optimization,
        "getSteps": str(steps).lower(),
        "distanceUnit": "meter",
        "timeUnit": "second",
        "crs": "EPSG:4326",
        "geometryFormat": "geojson",
    }
    if through:
        params["intermediates"] = "|".join(map(pair, through))
    content = _object("itinerary", transport.get("itinerary", "itineraire", params).json())
    portions = content.get("portions")
    return Itinerary(
        geometry("itinerary", content, ("LineString", "MultiLineString")),
        number("itinerary", content, "distance"),
        number("itinerary", content, "duration"),
        str(content.get("resource", "")),
        str(content.get("resourceVersion", "")),
        portions if isinstance(portions, list) else [],
    )


def isochrone(
    transport: Transport,
    point: Position,
    *,
    cost: Cost,
    value: float,
    profile: Profile = "car",
    direction: Literal["departure", "arrival"] = "departure",
    resource: str = _REACH,
) -> Isochrone:
    """Return what is reached within `value` seconds or metres of a point in CRS84."""
    params = {
        "resource": resource,
        "point": pair(point),
        "costType": cost,
        "costValue": f"{value:g}",
        "profile": profile,
        "direction": direction,
        "distanceUnit": "meter",
        "timeUnit": "second",
        "crs": "EPSG:4326",
        "geometryFormat": "geojson",
    }
    content = _object("isochrone", transport.get("isochrone", "isochrone", params).json())
    shape = geometry("isochrone", content, ("Polygon", "MultiPolygon"))
    return Isochrone(shape, str(content.get("resource", "")), str(content.get("resourceVersion", "")))


def resources(transport: Transport) -> list[Resource]:
    """Return the graphs that the service offers today."""
    content = _object("itinerary", transport.get("itinerary", "getcapabilities").json())
    found = content.get("resources")
    if not isinstance(found, list) or not all(isinstance(one, dict) and one.get("id") for one in found):
        raise odd("itinerary", "names no resources")
    return [Resource(str(one["id"]), str(one.get("description", ""))) for one in found]


def _object(service: str, content: object) -> Json:
    if not isinstance(content, dict):
        raise odd(service, "is no JSON object")
    return content
