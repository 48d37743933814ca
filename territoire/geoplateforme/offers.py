"""What the services offer: their capabilities read into plain frozen values, whichever standard they follow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from owslib.feature.wfs200 import ContentMetadata
from owslib.wms import WebMapService
from owslib.wmts import WebMapTileService

from territoire.core.errors import UpstreamError
from territoire.geoplateforme import xml

__all__ = ["REQUESTS", "SERVICES", "Grid", "Offer", "read"]

#: The services that list what they offer, in the order in which people look.
SERVICES = ("wfs", "wmts", "wms", "wms_vector", "tms")
#: The parameters that ask each for its list.
REQUESTS: Mapping[str, Mapping[str, str]] = {
    "wfs": {"SERVICE": "WFS", "VERSION": "2.0.0", "REQUEST": "GetCapabilities"},
    "wmts": {"SERVICE": "WMTS", "VERSION": "1.0.0", "REQUEST": "GetCapabilities"},
    "wms": {"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetCapabilities"},
    "wms_vector": {"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetCapabilities"},
    "tms": {},
}
_WFS = "{http://www.opengis.net/wfs/2.0}"
_EDITION = re.compile(r"\b[ÉéEe]dition\s+([12][0-9]{3}(?:-[0-9]{2}){0,2})\b")
#: OWSLib is not given an address: it only parses, and opens no connection.
_NOWHERE = "about:blank"


@dataclass(frozen=True, slots=True)
class Grid:
    """A tile matrix set in which a layer has tiles, with the names of its first and last matrix."""

    name: str
    crs: str
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A feature type, a layer or a set of tiles of one service."""

    service: str
    name: str
    title: str
    abstract: str = ""
    keywords: tuple[str, ...] = ()
    extent_crs84: tuple[float, float, float, float] | None = None
    """West, south, east, north in degrees; None where the service says nothing usable."""
    crs: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    """The default style first."""
    grids: tuple[Grid, ...] = ()

    @property
    def edition(self) -> str | None:
        """The edition that the abstract or the title names, as 2026, 2026-06 or 2026-06-15; None where they do not."""
        found = _EDITION.search(f"{self.abstract} {self.title}")
        return found[1] if found else None

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:  # JSON of our own making
        """Read an offer from the JSON that it was written as."""
        box: Any = kept["extent_crs84"]
        return cls(
            kept["service"],
            kept["name"],
            kept["title"],
            kept["abstract"],
            keywords=tuple(kept["keywords"]),
            extent_crs84=tuple(box) if box else None,
            crs=tuple(kept["crs"]),
            formats=tuple(kept["formats"]),
            styles=tuple(kept["styles"]),
            grids=tuple(Grid(**one) for one in kept["grids"]),
        )


def read(service: str, body: bytes) -> tuple[Offer, ...]:
    """Return what the capabilities of a service offer; UpstreamError when they cannot be read."""
    readers = {"wfs": _wfs, "wmts": _wmts, "wms": _wms, "wms_vector": _wms, "tms": _tms}
    xml.guard(body, service=service)
    try:
        return tuple(readers[service](service, body))
    except (AttributeError, KeyError, TypeError, ValueError) as exc:  # how OWSLib says that a part is missing
        raise UpstreamError(
            f"{service}: its capabilities cannot be read: {type(exc).__name__}: {exc}", remedy="try again later"
        ) from exc


def _wfs(service: str, body: bytes) -> Iterable[Offer]:
    """OWSLib reads one feature type after the other: the whole it reads only if OperationsMetadata is there."""
    root = xml.parse(body, service=service)
    for element in root.iter(f"{_WFS}FeatureType"):
        one: Any = ContentMetadata(element, root, False)  # OWSLib has no types
        yield Offer(
            service,
            one.id,
            _text(one.title) or one.id,
            _text(one.abstract),
            keywords=_texts(one.keywords),
            extent_crs84=_extent(one.boundingBoxWGS84),
            crs=tuple(dict.fromkeys(crs.getcode() for crs in one.crsOptions if crs)),
        )


def _wmts(service: str, body: bytes) -> Iterable[Offer]:
    document: Any = WebMapTileService(_NOWHERE, xml=body)
    for one in document.contents.values():
        grids = tuple(_grid(document.tilematrixsets[link.tilematrixset], link) for link in _links(one))
        yield Offer(
            service,
            one.id,
            _text(one.title) or one.id,
            _text(one.abstract),
            keywords=_texts(one.keywords),
            extent_crs84=_extent(one.boundingBoxWGS84),
            crs=tuple(dict.fromkeys(grid.crs for grid in grids)),
            formats=_texts(one.formats),
            styles=tuple(sorted(one.styles, key=lambda name: not one.styles[name].get("isDefault"))),
            grids=grids,
        )


def _links(layer: Any) -> Iterable[Any]:  # OWSLib has no types
    return layer.tilematrixsetlinks.values()


def _grid(matrix_set: Any, link: Any) -> Grid:  # OWSLib has no types
    used = set(link.tilematrixlimits or matrix_set.tilematrix)
    matrices = sorted(matrix_set.tilematrix.values(), key=lambda one: -float(one.scaledenominator))
    names = [one.identifier for one in matrices if one.identifier in used]
    return Grid(matrix_set.identifier, str(matrix_set.crs), names[0] if names else "", names[-1] if names else "")


def _wms(service: str, body: bytes) -> Iterable[Offer]:
    document: Any = WebMapService(_NOWHERE, version="1.3.0", xml=body)
    formats = _texts(document.getOperationByName("GetMap").formatOptions)
    for one in document.contents.values():
        yield Offer(
            service,
            one.name,
            _text(one.title) or one.name,
            _text(one.abstract),
            keywords=_texts(one.keywords),
            extent_crs84=_extent(one.boundingBoxWGS84),
            crs=tuple(sorted(set(one.crsOptions))),
            formats=formats,
            styles=tuple(one.styles),
        )


def _tms(service: str, body: bytes) -> Iterable[Offer]:
    for one in xml.parse(body, service=service).iter("{*}TileMap"):
        name = str(one.get("href", "")).rstrip("/").rpartition("/")[2]
        if name:
            yield Offer(
                service,
                name,
                _text(one.get("title")) or name,
                crs=_texts([one.get("srs")]),
                formats=_texts([one.get("extension")]),
            )


def _text(value: Any) -> str:  # of OWSLib
    return " ".join(str(value).split()) if value else ""


def _texts(values: Iterable[Any] | None) -> tuple[str, ...]:  # of OWSLib
    return tuple(dict.fromkeys(text for value in values or () if (text := _text(value))))


def _extent(box: Any) -> tuple[float, float, float, float] | None:  # of OWSLib
    if not box or any(not re.fullmatch(r"-?[0-9.]+(e-?[0-9]+)?", str(one)) for one in box[:4]):
        return None
    west, south, east, north = (float(one) for one in box[:4])
    return (west, south, east, north) if west <= east and -90 <= south <= north <= 90 else None
