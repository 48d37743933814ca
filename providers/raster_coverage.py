"""A part of a published raster as GeoTIFF or CoverageJSON; and what the raster is, in the words of the standards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy
from pyproj import CRS
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.transform import from_bounds

from providers import coverage_parameters, raster_reading
from providers.coverage_parameters import Part
from providers.raster_reading import Published, Values
from territoire.core.derive import crs
from territoire.core.errors import TooLargeError

GEOTIFF = "image/tiff; application=geotiff"
COG = "image/tiff; application=geotiff; profile=cloud-optimized"
COVERAGEJSON = "application/prs.coverage+json"
#: Numbers that one JSON document may hold.
_MOST_IN_JSON = 1_000_000
_QUANTITY = "http://www.opengis.net/def/dataType/OGC/0/"
_NAMES = {
    "int8": "signedByte",
    "uint8": "unsignedByte",
    "int16": "signedShort",
    "uint16": "unsignedShort",
    "int32": "signedInt",
    "uint32": "unsignedInt",
    "float32": "float32",
    "float64": "double",
}

Json = dict[str, Any]  # a JSON document


def values(raster: Published, part: Part) -> Values:
    """Return the values of a part; its own pixels come as they are."""
    if part.pixels is not None:
        return raster_reading.window(raster, part.pixels, part.size, bands=part.bands)
    found = raster_reading.read(raster, part.grid, bands=part.bands, resampling=Resampling.bilinear)
    if found is None:
        return numpy.ma.masked_all((len(part.bands), *part.size), numpy.float32)
    return found


def geotiff(raster: Published, part: Part) -> bytes:
    """Return a part as a GeoTIFF; where there is nothing it has the raster's nodata, or a mask."""
    found = values(raster, part)
    options: Json = {
        "driver": "GTiff",
        "count": found.shape[0],
        "height": part.size[0],
        "width": part.size[1],
        "dtype": found.dtype,
        "crs": f"EPSG:{part.crs.srid}",
        "transform": from_bounds(*part.grid.box, part.size[1], part.size[0]),
        "nodata": raster.nodata,
        "compress": "DEFLATE",
    }
    if max(part.size) > 512:
        options |= {"tiled": True, "blockxsize": 256, "blockysize": 256}
    with MemoryFile() as memory:
        with memory.open(**options) as out:
            out.write(found.filled(raster.nodata if raster.nodata is not None else 0))
            if raster.nodata is None:
                out.write_mask(~numpy.ma.getmaskarray(found).all(axis=0))
            if raster.has_palette:
                out.write_colormap(1, raster_reading.palette(raster))
            for number, band in enumerate(part.bands, start=1):
                out.set_band_description(number, raster.names[band - 1])
        return memory.read()


def coveragejson(raster: Published, part: Part, units: Mapping[str, str | None]) -> Json:
    """Return a part as CoverageJSON (OGC 21-069r2): coordinates of centres, null where there is nothing."""
    if part.size[0] * part.size[1] * len(part.bands) > _MOST_IN_JSON:
        raise TooLargeError(f"more than {_MOST_IN_JSON:,} numbers are no JSON", remedy="narrow it, or f=geotiff")
    found = values(raster, part)
    is_geographic = CRS.from_epsg(part.crs.srid).is_geographic
    return {
        "type": "Coverage",
        "domain": {
            "type": "Domain",
            "domainType": "Grid",
            "axes": _centres(part),
            "referencing": [
                {
                    "coordinates": ["x", "y"],
                    # x is the first coordinate, whatever the authority's order
                    "system": {
                        "type": "GeographicCRS" if is_geographic else "ProjectedCRS",
                        "id": crs.CRS84 if part.crs.srid == 4326 else part.crs.uri,
                    },
                }
            ],
        },
        "parameters": {raster.names[band - 1]: _parameter(raster.names[band - 1], units) for band in part.bands},
        "ranges": {
            raster.names[band - 1]: {
                "type": "NdArray",
                "dataType": "float" if found.dtype.kind == "f" else "integer",
                "axisNames": ["y", "x"],
                "shape": list(part.size),
                "values": _listed(found[number]),
            }
            for number, band in enumerate(part.bands)
        },
    }


def domainset(raster: Published) -> Json:
    """Return where a raster's pixels lie (OGC 09-146r6, general grid), axes in the order E, N."""
    names, bounds = coverage_parameters.axes(raster), raster.box
    unit = "deg" if names[0] == "Lon" else "m"
    steps = raster.transform.a, -raster.transform.e
    counts = raster.width, raster.height
    grid = [
        {"type": "IndexAxis", "axisLabel": name, "lowerBound": 0, "upperBound": count - 1}
        for name, count in zip(("i", "j"), counts, strict=True)
    ]
    axes = [
        {
            "type": "RegularAxis",
            "axisLabel": name,
            "lowerBound": bounds[number],
            "upperBound": bounds[number + 2],
            "uomLabel": unit,
            "resolution": steps[number],
        }
        for number, name in enumerate(names)
    ]
    return {
        "type": "DomainSet",
        "generalGrid": {
            "type": "GeneralGridCoverage",
            "srsName": crs.uri(raster.srid),
            "axisLabels": list(names),
            "axis": axes,
            "gridLimits": {
                "type": "GridLimits",
                "srsName": "http://www.opengis.net/def/crs/OGC/0/Index2D",
                "axisLabels": ["i", "j"],
                "axis": grid,
            },
        },
    }


def rangetype(raster: Published, dtype: str, units: Mapping[str, str | None]) -> Json:
    """Return what a pixel holds (OGC 09-146r6, SWE DataRecord)."""
    return {
        "type": "DataRecord",
        "field": [
            {
                "type": "Quantity",
                "id": name,
                "name": name,
                "encodingInfo": {"dataType": f"{_QUANTITY}{_NAMES[dtype]}"},
                **({"uom": {"type": "UnitReference", "code": unit}} if (unit := units.get(name)) else {}),
            }
            for name in raster.names
        ],
    }


def fields(raster: Published, dtype: str, units: Mapping[str, str | None]) -> dict[str, Json]:
    """Return each band as a property of a JSON Schema (OGC 23-058r2)."""
    kind = "number" if dtype.startswith("float") else "integer"
    return {
        name: {
            "type": kind,
            "title": name,
            "x-ogc-propertySeq": number,
            **({"x-ogc-unit": unit} if (unit := units.get(name)) else {}),
        }
        for number, name in enumerate(raster.names, start=1)
    }


def _centres(part: Part) -> Json:
    west, south, east, north = part.grid.box
    half_x, half_y = (east - west) / part.size[1] / 2, (north - south) / part.size[0] / 2
    return {
        "x": {"start": west + half_x, "stop": east - half_x, "num": part.size[1]},
        "y": {"start": north - half_y, "stop": south + half_y, "num": part.size[0]},
    }


def _parameter(name: str, units: Mapping[str, str | None]) -> Json:
    described: Json = {"type": "Parameter", "observedProperty": {"label": {"fr": name, "en": name}}}
    if unit := units.get(name):
        described["unit"] = {"symbol": {"value": unit, "type": "http://www.opengis.net/def/uom/UCUM/"}}
    return described


def _listed(band: Values) -> list[Any]:
    # the shortest decimals that are this value of 32 bits, not those of the nearest of 64
    if band.dtype == numpy.float32:
        return [None if value is None else float(str(numpy.float32(value))) for value in band.ravel().tolist()]
    return list(band.ravel().tolist())
