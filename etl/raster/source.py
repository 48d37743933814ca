"""Opens the file of a raster, says what its header says, and refuses what cannot be published."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rasterio
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import CRSError, RasterioError, RasterioIOError
from rasterio.io import DatasetReader
from rasterio.transform import Affine

from territoire.core.errors import SourceError
from territoire.core.layers import Raster

#: Formats of one file, read without asking any other: a VRT would name files and addresses of its choice.
_DRIVERS = ("GTiff", "COG", "AAIGrid", "SRTMHGT", "JP2OpenJPEG", "HFA", "EHdr", "DTED", "PNG", "JPEG")
_TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")
#: What GDAL is told whenever we read: no sidecar files that the directory happens to hold, no retry over a network.
ENVIRONMENT: dict[str, Any] = {"GDAL_CACHEMAX": 128, "GDAL_NUM_THREADS": "2"}  # options of GDAL

Palette = dict[int, tuple[int, int, int, int]]


@dataclass(frozen=True, slots=True)
class Source:
    """What a raster's header says; `bands` are those that hold values: an alpha band only says where they are."""

    crs: CRS
    transform: Affine
    width: int
    height: int
    bands: tuple[int, ...]
    dtype: str
    nodata: float | None
    has_mask: bool
    """A mask or an alpha band says which pixels hold something."""
    is_image: bool
    """Bytes of red, green and blue."""
    palette: Palette | None
    names: tuple[str, ...]


@contextmanager
def opened(path: str) -> Generator[Any]:  # rasterio has no types
    """Open a raster for reading; SourceError when it is none, or when what is read of it turns out to be damaged."""
    try:
        with rasterio.Env(**ENVIRONMENT), DatasetReader(path, driver=list(_DRIVERS)) as dataset:
            yield dataset
    except RasterioIOError as exc:
        what = str(exc.__cause__ or exc).splitlines()[0]
        raise SourceError(
            f"{Path(path).name}: not a whole raster: {what}",
            remedy=f"fetch it again; what can be read is {', '.join(_DRIVERS)}",
        ) from exc
    except (CRSError, RasterioError) as exc:
        raise SourceError(f"{Path(path).name}: {str(exc).splitlines()[0]}", remedy="fetch it again") from exc


def describe(raster: Raster, dataset: Any) -> Source:  # rasterio has no types
    """Read the header; SourceError names what keeps the raster from being published as declared."""
    name = Path(str(dataset.name)).name
    crs = dataset.crs or (CRS.from_string(raster.source.crs) if raster.source.crs else None)
    if crs is None:
        raise SourceError(f"{name}: does not say its CRS", remedy="say it: `source.crs: EPSG:2154`")
    if dataset.transform.is_identity:
        raise _without_place(name)
    kinds = list(dataset.colorinterp)
    bands = tuple(number for number, kind in zip(dataset.indexes, kinds, strict=True) if kind != ColorInterp.alpha)
    types = {dataset.dtypes[number - 1] for number in bands}
    if len(types) != 1 or not types <= set(_TYPES):
        raise SourceError(f"{name}: bands of type {', '.join(sorted(types))}", remedy=f"one of {', '.join(_TYPES)}")
    nodata = dataset.nodata if dataset.nodata is not None else raster.source.nodata
    flags = dataset.mask_flag_enums[bands[0] - 1]
    is_image = _is_image(dataset.dtypes[0], [kinds[number - 1] for number in bands])
    found = Source(
        crs=crs,
        transform=dataset.transform,
        width=dataset.width,
        height=dataset.height,
        bands=bands,
        dtype=types.pop(),
        nodata=nodata,
        has_mask=MaskFlags.per_dataset in flags or MaskFlags.alpha in flags,
        is_image=is_image,
        palette=dataset.colormap(1) if kinds[0] == ColorInterp.palette else None,
        names=tuple(dataset.descriptions[number - 1] or "" for number in bands),
    )
    _check_colours(raster, found, name)
    return found


def _is_image(dtype: str, kinds: list[ColorInterp]) -> bool:
    return dtype == "uint8" and kinds[:3] == [ColorInterp.red, ColorInterp.green, ColorInterp.blue]


def _check_colours(raster: Raster, found: Source, name: str) -> None:
    count = len(found.bands)
    if raster.raster.colours == "relief" and (count != 1 or found.palette):
        raise SourceError(f"{name}: {count} bands or a palette are no heights", remedy="`raster.colours: image`")
    if raster.raster.colours == "image" and not (found.is_image or found.palette):
        raise SourceError(
            f"{name}: {count} bands of {found.dtype} are no image of red, green and blue bytes, nor of a palette",
            remedy="`raster.colours: grey`, or another file",
        )


def _without_place(name: str) -> SourceError:
    return SourceError(
        f"{Path(name).name}: does not say where its pixels lie", remedy="georeference it, in a GeoTIFF for example"
    )
