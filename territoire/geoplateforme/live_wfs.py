"""A feature type of the WFS, asked at each request: what it offers, a page of it, how many features match."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from territoire.geoplateforme import answers, catalogue, xml
from territoire.geoplateforme.answers import Answer
from territoire.geoplateforme.reading import features as read_features
from territoire.geoplateforme.reading import odd
from territoire.geoplateforme.transport import Transport

__all__ = ["MOST", "FeatureType", "Page", "Selection", "count", "describe", "page"]

#: The service gives no more than this, silently.
MOST = 5000
_SERVICE = "wfs"
_BASE = {"SERVICE": "WFS", "VERSION": "2.0.0"}
#: A longer request goes as a form: fronts cut addresses off.
_LONGEST_QUERY = 1800


@dataclass(frozen=True, slots=True)
class FeatureType:
    """What the service says of a feature type."""

    extent_crs84: tuple[float, float, float, float]
    crs: tuple[str, ...]
    fields: Mapping[str, str]
    """XML Schema type (string, int, dateTime ...) of each field but the geometry."""
    geometry: str | None
    geometry_type: str | None
    """Local name of its GML type, as MultiSurface."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is wanted of a feature type; `ecql` is a condition, empty for all, each sort key `FIELD A` or `FIELD D`."""

    ecql: str = ""
    fields: tuple[str, ...] | None = None
    sort: tuple[str, ...] = ()
    srid: int = 4326
    start: int = 0
    count: int = MOST


@dataclass(frozen=True, slots=True)
class Page:
    """Features as GeoJSON objects (x before y), how many match in all, and the answer that they came in."""

    features: Sequence[dict[str, Any]]  # JSON objects
    matched: int | None
    answer: Answer


def describe(transport: Transport, name: str) -> FeatureType:
    """Return what the service says of a feature type; NotFoundError when it has none of that name."""
    offered = catalogue.offer(transport, _SERVICE, name)
    fields, geometry = _fields(transport, name)
    return FeatureType(
        extent_crs84=offered.extent_crs84 or (-180.0, -90.0, 180.0, 90.0),
        crs=offered.crs,
        fields=fields,
        geometry=geometry[0] if geometry else None,
        geometry_type=geometry[1] if geometry else None,
    )


def page(transport: Transport, name: str, wanted: Selection) -> Page:
    """Return a page of features; UpstreamError when the answer is not whole."""
    content = _ask(transport, name, wanted, {"OUTPUTFORMAT": "application/json"})
    read = content.json()
    found = read_features(_SERVICE, read)
    matched = read.get("numberMatched", read.get("totalFeatures"))
    matched = matched if isinstance(matched, int) else None  # "unknown" is a word that GeoServer uses
    returned = read.get("numberReturned", len(found))
    if returned != len(found):
        raise odd(_SERVICE, f"announces {returned} features and holds {len(found)}")
    return Page(found, matched, content)


def count(transport: Transport, name: str, ecql: str) -> tuple[int, Answer]:
    """Return how many features match exactly."""
    answer = _ask(transport, name, Selection(ecql), {"RESULTTYPE": "hits"})
    found = xml.parse(answer.body, service=_SERVICE).get("numberMatched", "")
    if not re.fullmatch(r"[0-9]{1,18}", found):
        raise odd(_SERVICE, "does not say how many features match")
    return int(found), answer


def _ask(transport: Transport, name: str, wanted: Selection, more: Mapping[str, str]) -> Answer:
    params = {**_BASE, "REQUEST": "GetFeature", "TYPENAMES": name, **more}
    if "RESULTTYPE" not in more:
        params |= {"SRSNAME": f"EPSG:{wanted.srid}", "COUNT": str(wanted.count)}
        params |= {"STARTINDEX": str(wanted.start)} if wanted.start else {}
        params |= {"SORTBY": ",".join(wanted.sort)} if wanted.sort else {}
        params |= {"PROPERTYNAME": ",".join(wanted.fields)} if wanted.fields else {}
    # what is not in the form that was asked is refused before it is kept
    check = _is_json if "OUTPUTFORMAT" in more else _is_xml
    if wanted.ecql:
        params["CQL_FILTER"] = wanted.ecql
    if sum(len(value) for value in params.values()) > _LONGEST_QUERY:
        return transport.post(_SERVICE, form=params, fresh_s=transport.services[_SERVICE].fresh_s, check=check)
    return transport.get(_SERVICE, params=params, check=check)


def _is_json(answer: Answer) -> None:
    answers.check_media(answer, _SERVICE, "application/json", "application/geo+json")


def _is_xml(answer: Answer) -> None:
    xml.guard(answer.body, service=_SERVICE)


def _fields(transport: Transport, name: str) -> tuple[dict[str, str], tuple[str, str] | None]:
    """Return the types of the fields, and name and type of the geometry: DescribeFeatureType, in JSON.

    OWSLib's get_schema sends the wrong parameter to a WFS 2.0 and reads one type only.
    """
    params = {**_BASE, "REQUEST": "DescribeFeatureType", "TYPENAMES": name, "OUTPUTFORMAT": "application/json"}
    content = transport.get(_SERVICE, params=params, fresh_s=3600).json()
    types = content.get("featureTypes") if isinstance(content, dict) else None
    if not isinstance(types, list) or not types or not isinstance(types[0], dict):
        raise odd(_SERVICE, f"does not describe {name}")
    fields: dict[str, str] = {}
    geometry: tuple[str, str] | None = None
    for one in types[0].get("properties", []):
        if str(one.get("type", "")).startswith("gml:"):
            geometry = geometry or (str(one["name"]), str(one.get("localType", "Geometry")))
        else:
            fields[str(one.get("name"))] = str(one.get("localType", "string"))
    return fields, geometry
