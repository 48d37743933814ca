"""Brings a raster to its grid in blocks, each a file that stays: a run that was killed goes on after its last one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window
from rasterio.windows import transform as window_transform

from etl.raster.source import Source
from etl.raster.target import Target
from etl.report import Report
from territoire.core.errors import LoadError

#: Pixels of a block's side: 16 MB of 32-bit values, and a multiple of the tiles of every GeoTIFF here.
SIDE = 2048
_TILE = 512

Pixels = NDArray[Any]  # bands, rows, columns of the target's type
#: Makes the pixels of a window of the target: its bands, then its alpha where it has one.
Making = Callable[[Window], Pixels]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the grid, and the file of it."""

    window: Window
    name: str


def blocks(target: Target) -> Iterator[Block]:
    """Return all blocks of a grid, row by row."""
    for top in range(0, target.height, SIDE):
        for left in range(0, target.width, SIDE):
            width, height = min(SIDE, target.width - left), min(SIDE, target.height - top)
            yield Block(Window(left, top, width, height), f"{top // SIDE}_{left // SIDE}.tif")  # pyright: ignore[reportCallIssue]


def build(target: Target, folder: Path, make: Making, report: Report) -> list[Block]:
    """Write the blocks that `folder` does not hold yet; `make` may raise, and what is done stays done."""
    wanted = list(blocks(target))
    for done, block in enumerate(wanted):
        report.progress(done, len(wanted))
        file = folder / block.name
        if not file.exists():
            _write(target, block, make(block.window), file)
    report.progress(len(wanted), len(wanted))
    return wanted


def warping(dataset: Any, source: Source, target: Target) -> WarpedVRT:  # rasterio has no types
    """Open a view of the source on the target's grid; GDAL's own tolerance is an eighth of a pixel."""
    options: dict[str, Any] = {  # options of GDAL
        "src_crs": source.crs,
        "crs": target.crs,
        "transform": target.transform,
        "width": target.width,
        "height": target.height,
        "resampling": target.resampling,
        # 0 fails in rasterio 1.5 where the grid is given
        "tolerance": 0.001,
        "warp_mem_limit": 64,
    }
    if source.nodata is not None:
        return WarpedVRT(dataset, src_nodata=source.nodata, nodata=_outside(target, source), **options)
    # an alpha band says where there is something, and is made from the mask where the source has one
    return WarpedVRT(dataset, add_alpha=ColorInterp.alpha not in dataset.colorinterp, **options)


def of_view(view: WarpedVRT, source: Source, target: Target) -> Making:
    """Return what makes the pixels of a window from a view of the source."""

    def make(window: Window) -> Pixels:
        values: Pixels = view.read(list(source.bands), window=window)
        if source.nodata is not None:
            there = values != _outside(target, source)
        else:
            alpha: Pixels = view.read(view.count, window=window)
            there = numpy.broadcast_to(alpha > 0, values.shape)
        if values.dtype.kind == "f":
            there = there & numpy.isfinite(values)
        return marked(values, there, target)

    return make


def marked(values: Pixels, there: Pixels, target: Target) -> Pixels:
    """Return a block's pixels with nothing where nothing is: `nodata`, or an alpha band after the others."""
    if target.has_alpha:
        # an image's nodata is a colour: black, say, and not each byte of value 0
        alpha = numpy.where(there.any(axis=0), 255, 0).astype(target.dtype)
        return numpy.concatenate([values * (alpha > 0), alpha[numpy.newaxis]]).astype(target.dtype)
    nothing = _outside(target)
    if (values[there] == nothing).any():
        raise LoadError(
            f"the value {nothing:g}, which was to mean `nothing`, stands in the source",
            remedy="give the source a nodata value of its own, or say it: `source.nodata`",
        )
    return numpy.where(there, values, nothing).astype(target.dtype)


def profile(target: Target) -> dict[str, Any]:  # options of GDAL
    """Return how a GeoTIFF of the target's pixels is written."""
    return {
        "driver": "GTiff",
        "crs": target.crs,
        "count": target.bands + target.has_alpha,
        "dtype": target.dtype,
        "nodata": target.nodata,
        "tiled": True,
        "blockxsize": _TILE,
        "blockysize": _TILE,
        "compress": "ZSTD",
        "zstd_level": 1,
        "bigtiff": "IF_SAFER",
        "photometric": "RGB" if target.has_alpha and target.bands == 3 else "MINISBLACK",
    }


def _outside(target: Target, source: Source | None = None) -> float:
    """Return the value that pixels without any have on the way."""
    if target.nodata is not None:
        return target.nodata
    return float(source.nodata or 0) if source else 0.0


def _write(target: Target, block: Block, values: Pixels, file: Path) -> None:
    part = file.with_suffix(".part")
    place = window_transform(block.window, target.transform)
    options: dict[str, Any] = {
        **profile(target),
        "width": block.window.width,
        "height": block.window.height,
        "transform": place,
    }
    with rasterio.open(part, "w", **options) as out:
        out.write(values)
    # after a power cut a name must not stand for an empty file
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(file)
