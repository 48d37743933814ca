"""A made-up relief and pictures of it, as rasters in EPSG:2154."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin


def elevation_m(east_l93: np.ndarray, north_l93: np.ndarray) -> np.ndarray:
    """Return a made-up relief that rises from the sea to the north-east, in metres, of points in EPSG:2154."""
    slope = np.clip((north_l93 - 6_220_000) / 230_000, 0, 1) * np.clip((east_l93 - 780_000) / 260_000, 0.05, 1)
    waves = np.sin(east_l93 / 7_300) * np.cos(north_l93 / 5_900) + 0.4 * np.sin((east_l93 + north_l93) / 2_100)
    return np.maximum(0, slope * (2_600 + 420 * waves))


def write(folder: Path) -> None:
    """Write elevation.tif (metres, cells of 250 m) and ortho.tif (cells of 100 m)."""
    west, north = 780_000.0, 6_480_000.0
    for name, cell_m, bands in (("elevation.tif", 250, 1), ("ortho.tif", 100, 3)):
        columns, rows = int(310_000 / cell_m), int(290_000 / cell_m)
        east = west + (np.arange(columns) + 0.5) * cell_m
        heights = elevation_m(east[None, :], (north - (np.arange(rows) + 0.5) * cell_m)[:, None])
        pixels = heights[None].astype("float32") if bands == 1 else _photo(heights)
        with rasterio.open(
            folder / name,
            "w",
            driver="GTiff",
            width=columns,
            height=rows,
            count=bands,
            dtype=pixels.dtype,
            crs="EPSG:2154",
            transform=from_origin(west, north, cell_m, cell_m),
            nodata=-99999 if bands == 1 else None,
            tiled=True,
            compress="deflate",
        ) as raster:
            raster.write(pixels)


def _photo(heights: np.ndarray) -> np.ndarray:
    grain = (np.indices(heights.shape).sum(axis=0) % 7) * 6
    return np.stack(
        [np.clip(base + heights / scale + grain, 0, 255) for base, scale in ((70, 16), (95, 22), (60, 14))]
    ).astype("uint8")
