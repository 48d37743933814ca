"""Colours and lines: each dataset keeps a colour; areas and names look by their grain, as on a printed map."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from territoire.core.models import Dataset
from territoire.query.model import Generation
from territoire.web.cartography import scales

__all__ = ["PALE", "Look", "colour", "of"]

#: How opaque the inside of an area is: what lies under it stays readable.
PALE = 45 / 255
#: Red, green, blue; dark enough for lines and points on a white map, and told apart by colour-blind people.
_COLOURS = ("18,69,90", "168,72,15", "63,107,58", "110,68,128", "122,90,16", "30,110,130")


@dataclass(frozen=True, slots=True)
class Look:
    """The look of features of this grain and above: outline as red, green, blue and in mm, letters in points."""

    grain_m: int
    outline: str
    outline_mm: float
    #: Names have the colour of their line, so that a reader knows which area they name.
    letters: str
    letters_pt: float
    #: As Qt has it: 50 is normal, 75 bold.
    weight: int
    #: Among names that meet, 10 wins.
    priority: int
    #: An outline alone: what lies under it in a project keeps its tint.
    is_hollow: bool


_LOOKS = (
    Look(150_000, "74,52,98", 0.9, "74,52,98", 13, 75, 10, is_hollow=True),
    Look(60_000, "110,68,128", 0.6, "110,68,128", 11, 75, 9, is_hollow=True),
    Look(25_000, "168,72,15", 0.4, "140,58,10", 9, 63, 7, is_hollow=True),
    Look(12_000, "30,110,110", 0.26, "24,90,90", 8, 50, 4, is_hollow=True),
    Look(0, "125,132,136", 0.16, "28,47,56", 8, 50, 6, is_hollow=False),
)


def of(generation: Generation) -> Look:
    """Return the look of a dataset's areas and names."""
    grain = scales.grain_m(generation) or 0
    return next(look for look in _LOOKS if grain >= look.grain_m)


def colour(dataset: Dataset) -> str:
    """Return a dataset's own colour as red, green, blue: the same in every process, whatever else is published."""
    return _COLOURS[zlib.crc32(dataset.id.encode()) % len(_COLOURS)]
