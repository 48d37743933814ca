"""The demo's relief: the file that is shipped is the one that the code makes."""

from __future__ import annotations

import numpy as np
import rasterio

from etl.demo import relief


def test_the_shipped_relief_is_the_one_that_is_computed() -> None:
    with rasterio.open(relief.FILE) as opened:
        shipped = opened.read(1)
        assert (opened.crs.to_epsg(), opened.nodata) == (2154, relief.NOTHING)
    # sine and cosine may differ by their last bit from one processor to the next, and a height with them
    assert np.abs(shipped.astype(int) - relief.heights()).max() <= 1
    assert relief.FILE.stat().st_size < 1_500_000


def test_it_has_mountains_in_the_north_east_a_plain_in_the_west_and_a_sea() -> None:
    heights = relief.heights()
    rows, columns = heights.shape
    assert heights[: rows // 2, columns // 2 :].max() > 3000
    assert 0 <= heights[rows // 2, 20] < 30
    assert heights[-1, columns // 3] == relief.NOTHING
