"""Images of a service, as bytes of red, green, blue and alpha."""

from __future__ import annotations

from typing import Any

import numpy
from numpy.typing import NDArray
from rasterio.errors import RasterioIOError
from rasterio.io import MemoryFile

from territoire.core.errors import SourceError


def decode(body: bytes, size: tuple[int, int], service: str) -> NDArray[Any]:  # rasterio has no types
    """Return a PNG or JPEG of `size`, rows and columns, as four bands; SourceError when it is none."""
    driver = "PNG" if body.startswith(b"\x89PNG") else "JPEG"
    try:
        with MemoryFile(body) as memory, memory.open(driver=driver) as opened:
            values: Any = opened.read()
            palette = opened.colormap(1) if opened.colorinterp[0].name == "palette" else None
    except RasterioIOError as exc:
        raise SourceError(f"{service}: what came is no whole image: {exc}", remedy="try again later") from exc
    if values.shape[1:] != size or values.dtype != numpy.uint8:
        raise SourceError(f"{service}: an image of another size came than was asked for", remedy="try again later")
    if palette:
        table = numpy.array([palette.get(value, (0, 0, 0, 0)) for value in range(256)], numpy.uint8)
        return numpy.moveaxis(table[values[0]], -1, 0)
    if values.shape[0] in (1, 2):
        values = numpy.concatenate([values[:1], values[:1], values])
    opaque = numpy.full((1, *size), 255, numpy.uint8)
    return values if values.shape[0] == 4 else numpy.concatenate([values, opaque])
