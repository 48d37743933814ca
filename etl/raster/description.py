"""Describes a raster's file: what serving needs to know of it, so that no request opens it for that."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rasterio
from rasterio.warp import transform_bounds

from etl.raster.landing import Landed
from etl.raster.source import ENVIRONMENT
from etl.raster.statistics import Statistics
from etl.raster.target import Target

__all__ = ["describe"]

Json = dict[str, Any]  # a JSON document


def describe(
    file: Path, generation: int, target: Target, statistics: Sequence[Statistics], landed: Landed, *, pixels: str
) -> Json:
    """Return what serving needs, and what people read; boxes are west, south, east, north."""
    with rasterio.Env(**ENVIRONMENT), rasterio.open(file) as dataset:
        overviews, names = dataset.overviews(1), dataset.descriptions
        box_crs84 = transform_bounds(dataset.crs, "OGC:CRS84", *target.bounds, densify_pts=101)
    return {
        "file": f"rasters/{file.parent.name}/{file.name}",
        "generation": generation,
        "pixels": pixels,
        "bytes": file.stat().st_size,
        "source": landed.url,
        "retrieved_at": landed.retrieved_at.isoformat(timespec="seconds"),
        "millesime": landed.source.millesime,
        "srid": target.srid,
        "transform": list(target.transform)[:6],
        "width": target.width,
        "height": target.height,
        "extent_native": list(target.bounds),
        "extent_crs84": list(box_crs84),
        "dtype": target.dtype,
        "nodata": target.nodata,
        "has_alpha": target.has_alpha,
        "palette": target.palette is not None,
        "overviews": list(overviews),
        "bands": [{"name": names[number] or None, **dataclasses.asdict(one)} for number, one in enumerate(statistics)],
    }
