"""The coordinate reference systems that a collection offers, and their standard addresses."""

from __future__ import annotations

from territoire.core.models import Dataset

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
#: EPSG codes offered beside CRS84: WGS 84, web maps, Lambert-93, RGF93 in degrees.
OFFERED = (4326, 3857, 2154, 4171)


def uri(srid: int) -> str:
    """Return the OGC address of an EPSG code."""
    return f"http://www.opengis.net/def/crs/EPSG/0/{srid}"


def srids(dataset: Dataset) -> tuple[int, ...]:
    """Return the EPSG codes that a collection offers, its own CRS included."""
    own = dataset.geometry.srid if dataset.geometry else 4326
    return OFFERED if own in OFFERED else (*OFFERED, own)


def uris(dataset: Dataset) -> list[str]:
    """Return the addresses of all CRSs that a collection offers, the default (CRS84) first."""
    return [CRS84, *(uri(srid) for srid in srids(dataset))]
