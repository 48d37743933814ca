"""Notices another edition of a layer: a service does not say when its pixels changed, so some of them are looked at."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

from rasterio.windows import Window

from etl.raster.blocks import Making
from etl.raster.target import Target

__all__ = ["digest", "places"]

#: Places along each side of the grid, and the pixels of a side of each: 64 requests of 16 kB of heights.
_ACROSS, _SIDE = 8, 64
_AT_A_TIME = 4


def digest(target: Target, make: Making) -> str:
    """Return a checksum of the pixels at places spread over the grid; what changes between them goes unseen."""
    found = hashlib.sha256()
    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        for values in threads.map(make, places(target)):
            found.update(values.tobytes())
    return found.hexdigest()


def places(target: Target) -> list[Window]:
    """Return the windows that are looked at: even over the grid, the whole of a small one."""
    wide, high = min(_SIDE, target.width), min(_SIDE, target.height)
    lefts, tops = _starts(target.width, wide), _starts(target.height, high)
    return [Window(left, top, wide, high) for top in tops for left in lefts]  # pyright: ignore[reportCallIssue]


def _starts(length: int, side: int) -> list[int]:
    free = length - side
    return sorted({free * n // (_ACROSS - 1) for n in range(_ACROSS)})
