"""At which scales a layer reads well: derived from its grain, the usual width of one of its features."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pyproj import Geod

from territoire.query.model import Generation

__all__ = ["Scales", "grain_m", "of"]

#: Widths of a usual feature on the map, in metres of paper: where it shows, where its name fits, where it fills all.
_SEEN, _NAMED, _FILLS = 0.0012, 0.026, 0.09
_GEOD = Geod(ellps="GRS80")


@dataclass(frozen=True, slots=True)
class Scales:
    """Denominators of scales: beyond `seen` a layer is not drawn, between `named` and `full` its names are."""

    seen: int
    named: int
    full: int


def of(generation: Generation) -> Scales | None:
    """Return the scales of a layer, None where nothing says how large its features are."""
    grain = grain_m(generation)
    return Scales(*(_round(grain / width) for width in (_SEEN, _NAMED, _FILLS))) if grain else None


def grain_m(generation: Generation) -> float | None:
    """Return the side in metres of the square that each feature would have if all shared their box evenly."""
    if not generation.rows or not generation.extent_crs84:
        return None
    west, south, east, north = generation.extent_crs84
    middle = (south + north) / 2
    width, height = _GEOD.line_length([west, east], [middle] * 2), _GEOD.line_length([west] * 2, [south, north])
    # features in a row still have some height
    return math.sqrt(max(width, height / 100) * max(height, width / 100) / generation.rows) or None


def _round(denominator: float) -> int:
    """Return two figures, as people write scales."""
    size = 10 ** max(int(math.log10(max(denominator, 1))) - 1, 0)
    return max(round(denominator / size) * size, 1)
