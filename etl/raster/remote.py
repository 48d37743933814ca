"""The pixels of a layer of the Géoplateforme over the territory: heights of the WMS, images of the WMS and the WMTS."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor

import numpy
from pyproj import CRS as Registered
from rasterio.enums import Resampling
from rasterio.errors import CRSError
from rasterio.warp import transform_bounds
from rasterio.windows import Window
from rasterio.windows import bounds as window_bounds

from etl.raster import blocks, images, mosaic
from etl.raster.blocks import Making, Pixels
from etl.raster.target import Bounds, Target, around, checked
from territoire.core.errors import SourceError
from territoire.core.layers import Raster
from territoire.geoplateforme import live_wms
from territoire.geoplateforme.transport import Transport

#: Pixels of a side of what is asked of the WMS at a time: 4 MB of heights.
_PIECE = 1024
#: Requests under way at a time; the quota, shared with others, is the transport's.
_AT_A_TIME = 4
_HEIGHTS = "image/x-bil;bits=32"
#: What the Géoplateforme answers where it has no height.
_NO_HEIGHT = -99999.0


def opened(raster: Raster, transport: Transport, territory_crs84: Bounds) -> tuple[Target, Making]:
    """Return the grid over the territory, and what asks the service for the pixels of its blocks."""
    grid = raster.raster
    if grid.resolution is None:
        raise SourceError(
            f"{raster.id}: a service has pixels of any size", remedy="say `raster.resolution`, in units of the CRS"
        )
    is_image = grid.colours == "image"
    try:
        box = transform_bounds("OGC:CRS84", f"EPSG:{grid.srid}", *territory_crs84, densify_pts=101)
    except CRSError as exc:
        raise SourceError(f"{raster.id}: there is no EPSG:{grid.srid}: {exc}", remedy="another `raster.srid`") from exc
    transform, width, height = around(box, grid.resolution)
    target = checked(
        raster,
        Target(
            srid=grid.srid,
            transform=transform,
            width=width,
            height=height,
            bands=3 if is_image else 1,
            dtype="uint8" if is_image else "float32",
            nodata=None if is_image else raster.source.nodata or _NO_HEIGHT,
            has_alpha=is_image,
            palette=None,
            resampling=Resampling[grid.resampling],
        ),
    )
    name = raster.source.layer or ""
    if raster.source.kind == "wms":
        return target, _of_wms(target, transport, name)
    if not is_image:
        raise SourceError(f"{raster.id}: the WMTS has images only", remedy="`kind: wms`, or `raster.colours: image`")
    return target, mosaic.making(target, transport, name)


def _of_wms(target: Target, transport: Transport, name: str) -> Making:
    described = live_wms.describe(transport, "wms", name, None)
    if target.srid not in described["srids"]:
        known = ", ".join(f"EPSG:{srid}" for srid in described["srids"])
        raise SourceError(f"wms: {name} is not offered in EPSG:{target.srid}", remedy=f"one of {known}")
    media = "image/png" if target.has_alpha else _HEIGHTS
    ask = functools.partial(_piece, target, transport, name, str(described["style"]), media)

    def make(window: Window) -> Pixels:
        values = numpy.empty((target.bands + target.has_alpha, int(window.height), int(window.width)), target.dtype)
        pieces = _pieces(window)
        with ThreadPoolExecutor(_AT_A_TIME) as threads:
            for piece, pixels in zip(pieces, threads.map(ask, pieces), strict=True):
                top, left = int(piece.row_off - window.row_off), int(piece.col_off - window.col_off)
                values[:, top : top + int(piece.height), left : left + int(piece.width)] = pixels
        return values

    return make


def _pieces(window: Window) -> list[Window]:
    made: list[Window] = []
    for top in range(0, int(window.height), _PIECE):
        for left in range(0, int(window.width), _PIECE):
            size = min(_PIECE, int(window.width) - left), min(_PIECE, int(window.height) - top)
            made.append(Window(window.col_off + left, window.row_off + top, *size))  # pyright: ignore[reportCallIssue]
    return made


def _piece(target: Target, transport: Transport, name: str, style: str, media: str, window: Window) -> Pixels:
    box = window_bounds(window, target.transform)
    answer = live_wms.image(
        transport,
        "wms",
        live_wms.Wanted(
            layer=name,
            style=style,
            crs=f"EPSG:{target.srid}",
            box=_in_order(box, target.srid),
            width=int(window.width),
            height=int(window.height),
            media=media,
            transparent=True,
        ),
    )
    size = int(window.height), int(window.width)
    if media == _HEIGHTS:
        return _heights(answer.body, size, target)
    return images.decode(answer.body, size, "wms")


def _heights(body: bytes, size: tuple[int, int], target: Target) -> Pixels:
    if len(body) != 4 * size[0] * size[1]:
        raise SourceError(
            f"wms: {len(body)} bytes came in place of {size[0]} x {size[1]} heights of 32 bits",
            remedy="is it a layer of heights? An image is asked for by `raster.colours: image`",
        )
    values = numpy.frombuffer(body, "<f4").reshape(1, *size)
    there = numpy.isfinite(values) & (values != numpy.float32(target.nodata or 0)) & (values > _NO_HEIGHT)
    return blocks.marked(values, there, target)


def _in_order(box: Bounds, srid: int) -> Bounds:
    """Return a box in the axis order of its CRS's authority, which WMS 1.3.0 asks for."""
    first = Registered.from_epsg(srid).axis_info[0].direction.lower()
    return (box[1], box[0], box[3], box[2]) if first == "north" else box
