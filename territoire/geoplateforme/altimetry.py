"""Heights of the ground (IGN's RGE ALTI): at points, and along a line."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from territoire.geoplateforme.reading import Position, number, odd
from territoire.geoplateforme.transport import Transport

__all__ = ["MAX_POINTS", "RESOURCE", "Height", "elevations", "profile"]

RESOURCE = "ign_rge_alti_wld"
#: Points of one request, and samples of one profile.
MAX_POINTS = 5000
#: What the service says where it knows no height.
_NOWHERE = -99_999.0
_PATH = "1.0/calcul/alti/rest"
#: Longer lists go in a body: proxies refuse long addresses.
_LONGEST_ADDRESS = 4000
_KEPT_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Height:
    """A position in CRS84 with its height in metres (NGF-IGN69 in mainland France), None beyond what is covered."""

    position: Position
    metres: float | None


def elevations(transport: Transport, positions: Sequence[Position], *, resource: str = RESOURCE) -> list[Height]:
    """Return the heights of positions, in their order; 5,000 a request."""
    found: list[Height] = []
    for part in itertools.batched(positions, MAX_POINTS):
        heights = _ask(transport, "elevation.json", {**_list(part), "resource": resource, "zonly": "false"})
        if len(heights) != len(part):
            raise odd("altimetry", f"has {len(heights)} heights for {len(part)} points")
        found += heights
    return found


def profile(transport: Transport, line: Sequence[Position], *, sampling: int, resource: str = RESOURCE) -> list[Height]:
    """Return `sampling` heights (2 to 5,000) at even distances along a line."""
    params = {"resource": resource, "sampling": str(sampling), "profile_mode": "simple"}
    return _ask(transport, "elevationLine.json", {**_list(line), **params})


def _list(positions: Sequence[Position]) -> dict[str, str]:
    lon, lat = ("|".join(f"{position[axis]:.7f}" for position in positions) for axis in (0, 1))
    return {"lon": lon, "lat": lat, "delimiter": "|", "indent": "false"}


def _ask(transport: Transport, name: str, params: dict[str, str]) -> list[Height]:
    path = f"{_PATH}/{name}"
    if sum(map(len, params.values())) < _LONGEST_ADDRESS:
        content = transport.get("altimetry", path, params).json()
    else:
        # it changes nothing: the answer may be kept
        body = orjson.dumps(params)
        content = transport.post("altimetry", path, content=body, media="application/json", fresh_s=_KEPT_S).json()
    found = content.get("elevations") if isinstance(content, dict) else None
    if not isinstance(found, list):
        raise odd("altimetry", "has no elevations")
    return [_height(one) for one in found]


def _height(one: object) -> Height:
    if not isinstance(one, dict):
        raise odd("altimetry", "has an elevation that is none")
    z = number("altimetry", one, "z")
    position = number("altimetry", one, "lon"), number("altimetry", one, "lat")
    return Height(position, None if z <= _NOWHERE else z)
