"""Reads the JSON of the REST services: what is not as agreed is the service's fault, and said so."""

from __future__ import annotations

import math
from typing import Any

from territoire.core.errors import UpstreamError

__all__ = ["Json", "Position", "features", "geometry", "number", "odd", "pair"]

Json = dict[str, Any]  # a JSON object
#: Longitude and latitude in degrees (CRS84).
Position = tuple[float, float]


def odd(service: str, what: str) -> UpstreamError:
    """Return the error for an answer of another shape than agreed."""
    return UpstreamError(f"{service}: the answer {what}", remedy="try again later; tell the operators if it stays so")


def number(service: str, content: Json, name: str) -> float:
    """Return a finite number of an object; UpstreamError otherwise."""
    value = content.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise odd(service, f"has no number {name!r}")
    return float(value)


def geometry(service: str, content: Json, types: tuple[str, ...]) -> Json:
    """Return the GeoJSON geometry of an object, in CRS84; UpstreamError when it is of no type of `types`."""
    found = content.get("geometry")
    if not isinstance(found, dict) or found.get("type") not in types or not isinstance(found.get("coordinates"), list):
        raise odd(service, f"has no geometry of type {' or '.join(types)}")
    return {"type": found["type"], "coordinates": found["coordinates"]}


def features(service: str, content: object) -> list[Json]:
    """Return the features of a collection; UpstreamError when it is none."""
    found = content.get("features") if isinstance(content, dict) else None
    if not isinstance(found, list):
        raise odd(service, "is no collection of features")
    for one in found:
        if not isinstance(one, dict) or not isinstance(one.get("properties"), dict):
            raise odd(service, "has a feature without properties")
    return found


def pair(position: Position) -> str:
    """Write a position as the services want it: longitude, latitude, 7 decimals (1 cm)."""
    return f"{position[0]:.7f},{position[1]:.7f}"
