"""What the pixels of a raster amount to, counted over all of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window

from etl.raster.blocks import SIDE
from etl.raster.source import ENVIRONMENT


@dataclass(frozen=True, slots=True)
class Statistics:
    """One band's values; None where no pixel has any. `valid_percent` is the share of pixels that have one."""

    minimum: float | None
    maximum: float | None
    mean: float | None
    std: float | None
    valid_percent: float


def of_file(file: Path, bands: int) -> list[Statistics]:
    """Return the statistics of the first `bands` bands, read by rows of tiles."""
    sums = [_Sums() for _ in range(bands)]
    with rasterio.Env(**ENVIRONMENT), rasterio.open(file) as dataset:
        for top in range(0, dataset.height, SIDE):
            for left in range(0, dataset.width, SIDE):
                width, height = min(SIDE, dataset.width - left), min(SIDE, dataset.height - top)
                window = Window(left, top, width, height)  # pyright: ignore[reportCallIssue]
                mask = dataset.read_masks(list(range(1, bands + 1)), window=window)
                values = dataset.read(list(range(1, bands + 1)), window=window)
                for one, band, there in zip(sums, values, mask, strict=True):
                    one.add(band[there > 0])
        pixels = dataset.width * dataset.height
    return [one.told(pixels) for one in sums]


class _Sums:
    """Joins the statistics of pieces (Chan, Golub and LeVeque): sums of squares would lose the digits of heights."""

    def __init__(self) -> None:
        self._count = 0
        self._mean = 0.0
        self._squares = 0.0
        self._low, self._high = math.inf, -math.inf

    def add(self, values: NDArray[Any]) -> None:  # of any type of pixel
        if not values.size:
            return
        wide = values.astype(numpy.float64)
        mean, count = float(wide.mean()), values.size
        apart, whole = mean - self._mean, self._count + count
        self._squares += float(((wide - mean) ** 2).sum()) + apart * apart * self._count * count / whole
        self._mean += apart * count / whole
        self._count = whole
        self._low, self._high = min(self._low, float(values.min())), max(self._high, float(values.max()))

    def told(self, pixels: int) -> Statistics:
        if not self._count:
            return Statistics(None, None, None, None, 0.0)
        share = round(100 * self._count / pixels, 4)
        return Statistics(self._low, self._high, self._mean, math.sqrt(self._squares / self._count), share)
