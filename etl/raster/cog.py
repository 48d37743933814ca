"""Joins blocks into one Cloud-Optimised GeoTIFF, and looks whether it is one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import rasterio
import rasterio.shutil
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError

from etl.raster.blocks import Block
from etl.raster.source import ENVIRONMENT
from etl.raster.target import Target
from territoire.core.errors import CheckError, LoadError

#: Pixels of a tile's side; a raster no larger than one needs no overviews.
TILE = 512
_GDAL_TYPES = {
    "uint8": "Byte",
    "int8": "Int8",
    "uint16": "UInt16",
    "int16": "Int16",
    "uint32": "UInt32",
    "int32": "Int32",
    "float32": "Float32",
    "float64": "Float64",
}


def join(target: Target, blocks: Sequence[Block], folder: Path, file: Path, *, names: Sequence[str]) -> None:
    """Write the blocks of `folder` as a COG with overviews; the same blocks give the same bytes."""
    mosaic = folder / "mosaic.vrt"
    mosaic.write_text(_mosaic(target, blocks, names), encoding="utf-8")
    part = file.with_suffix(".part")
    options: dict[str, Any] = {  # options of GDAL
        "driver": "COG",
        "compress": "DEFLATE",
        "predictor": "YES",
        "blocksize": TILE,
        "overviews": "IGNORE_EXISTING",
        "overview_resampling": _overviews(target).name.upper(),
        "bigtiff": "IF_SAFER",
        "num_threads": 2,
    }
    try:
        with rasterio.Env(**ENVIRONMENT):
            rasterio.shutil.copy(str(mosaic), str(part), **options)
    except RasterioError as exc:
        raise LoadError(f"{file}: cannot be written: {exc}", remedy="check the space of its disk") from exc
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(file)


def validate(file: Path) -> None:
    """Raise CheckError unless the file is a COG: tiled, with overviews, headers first, coarse pixels before fine."""
    with rasterio.open(file) as dataset:
        faults: list[str] = []
        if dataset.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") != "COG":
            faults.append("its layout is not a COG's")
        if set(dataset.block_shapes) != {(TILE, TILE)}:
            faults.append(f"its tiles are not of {TILE} pixels")
        overviews = dataset.overviews(1)
        if max(dataset.width, dataset.height) > TILE and not overviews:
            faults.append("it has no overviews")
        ends = [_offset(dataset, "IFD_OFFSET", level) for level in range(-1, len(overviews))]
        first = [_first_tile(dataset, level) for level in range(-1, len(overviews))]
        if sorted(ends) != ends:
            faults.append("its headers are not in order")
        there = [offset for offset in first if offset]
        if there and min(there) < max(ends):
            faults.append("pixels stand before its headers")
        if sorted(there, reverse=True) != there:
            faults.append("its overviews do not stand before its pixels")
    if faults:
        raise CheckError(f"{file.name}: is no Cloud-Optimised GeoTIFF: {'; '.join(faults)}")


def _overviews(target: Target) -> Resampling:
    return Resampling.mode if target.palette else Resampling.average


def _offset(dataset: Any, item: str, level: int) -> int:  # rasterio has no types
    asked = {} if level < 0 else {"ovr": level}
    return int(dataset.get_tag_item(item, "TIFF", bidx=1, **asked) or 0)


def _first_tile(dataset: Any, level: int) -> int:  # rasterio has no types
    """Return where the first tile of a level stands that holds anything, 0 for a level of nothing."""
    return _offset(dataset, "BLOCK_OFFSET_0_0", level)


def _mosaic(target: Target, blocks: Sequence[Block], names: Sequence[str]) -> str:
    """Describe the blocks side by side: GDAL's virtual format, of files that we wrote ourselves."""
    affine = target.transform
    place = ", ".join(repr(number) for number in (affine.c, affine.a, affine.b, affine.f, affine.d, affine.e))
    bands = [_band(target, blocks, number, names) for number in range(1, target.bands + target.has_alpha + 1)]
    return (
        f'<VRTDataset rasterXSize="{target.width}" rasterYSize="{target.height}">'
        f"<SRS>EPSG:{target.srid}</SRS><GeoTransform>{place}</GeoTransform>{''.join(bands)}</VRTDataset>"
    )


def _band(target: Target, blocks: Sequence[Block], number: int, names: Sequence[str]) -> str:
    nodata = "" if target.nodata is None else f"<NoDataValue>{target.nodata!r}</NoDataValue>"
    described = "" if number > len(names) or not names[number - 1] else f" Description={quoteattr(names[number - 1])}"
    table = "".join(
        f'<Entry c1="{red}" c2="{green}" c3="{blue}" c4="{alpha}"/>'
        for _, (red, green, blue, alpha) in sorted((target.palette or {}).items())
    )
    colours = f"<ColorTable>{table}</ColorTable>" if table else ""
    pieces = "".join(_piece(block, number) for block in blocks)
    return (
        f'<VRTRasterBand dataType="{_GDAL_TYPES[target.dtype]}" band="{number}"{described}>{nodata}'
        f"<ColorInterp>{_colour(target, number)}</ColorInterp>{colours}{pieces}</VRTRasterBand>"
    )


def _piece(block: Block, number: int) -> str:
    window = block.window
    size = f'xSize="{window.width}" ySize="{window.height}"'
    return (
        f'<SimpleSource><SourceFilename relativeToVRT="1">{block.name}</SourceFilename>'
        f'<SourceBand>{number}</SourceBand><SrcRect xOff="0" yOff="0" {size}/>'
        f'<DstRect xOff="{window.col_off}" yOff="{window.row_off}" {size}/></SimpleSource>'
    )


def _colour(target: Target, number: int) -> str:
    if target.palette:
        return "Palette"
    if target.has_alpha and number == target.bands + 1:
        return "Alpha"
    if target.has_alpha and target.bands == 3:
        return (ColorInterp.red, ColorInterp.green, ColorInterp.blue)[number - 1].name.capitalize()
    return "Gray" if number == 1 else "Undefined"
