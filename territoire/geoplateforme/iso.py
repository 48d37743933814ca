"""Records of metadata, ISO 19139 (gmd) and ISO 19115-3 (mdb), read into one form.

The two standards name nearly all elements alike, in other namespaces: elements are found by their local names.
OWSLib reads them with two families of classes, and keeps one CRS, one format and one box of several.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # it publishes no types

from territoire.geoplateforme import xml
from territoire.geoplateforme.reading import odd
from territoire.geoplateforme.record import Constraint, Contact, Dates, Keyword, Link, Record

__all__ = ["read", "records"]

_ROOTS = ("{*}MD_Metadata", "{*}MI_Metadata")


def read(body: bytes, *, service: str = "csw") -> Record:
    """Read the only or first record of a document; UpstreamError when it is no XML or has none."""
    found = next(iter(records(body, service=service)), None)
    if found is None:
        raise odd(service, "holds no record of metadata (ISO 19139 or 19115-3)")
    return found


def records(body: bytes, *, service: str = "csw") -> list[Record]:
    """Read all records of a document, which may be an answer of a CSW; UpstreamError when it is no XML."""
    return [_record(one) for one in xml.parse(body, service=service).iter(*_ROOTS)]


def _record(root: Any) -> Record:  # an element of lxml, as all below
    about = root.find("{*}identificationInfo/*")
    citation = _at(about, "citation/CI_Citation")
    identifier = _said(root, "fileIdentifier", "metadataIdentifier/MD_Identifier/code") or ""
    return Record(
        identifier=identifier,
        title=_said(citation, "title") or identifier,
        abstract=_prose(_at(about, "abstract")),
        kind=_said(root, "hierarchyLevel", "metadataScope/MD_MetadataScope/resourceScope") or "dataset",
        language=_said(root, "language", "defaultLocale/PT_Locale/language"),
        keywords=tuple(_keywords(about)),
        dates=_dates(root, citation),
        edition=_said(citation, "edition"),
        box_crs84=_box(_all(about, "extent/EX_Extent//EX_GeographicBoundingBox")),
        scale=_scale(about),
        resolution=_resolution(about),
        lineage=next(filter(None, (_prose(one) for path in _LINEAGES for one in _all(root, path))), None),
        constraints=tuple(_constraints(about)),
        contacts=tuple(_contacts(about, root)),
        crs=tuple(_crs(root)),
        formats=tuple(_formats(root)),
        links=tuple(_links(root, about)),
    )


_LINEAGES = ("dataQualityInfo/DQ_DataQuality/lineage/LI_Lineage/statement", "resourceLineage/LI_Lineage/statement")


def _at(element: Any, path: str) -> Any:
    return None if element is None else element.find(_named(path))


def _all(element: Any, path: str) -> list[Any]:
    return [] if element is None else element.findall(_named(path))


def _named(path: str) -> str:
    return "/".join(step if step in {"", "*"} else f"{{*}}{step}" for step in path.split("/"))


def _said(element: Any, *paths: str) -> str | None:
    """Return the first text found at one of the paths, on one line."""
    for path in paths:
        for found in _all(element, path):
            text, _ = _text(found)
            if text:
                return text
    return None


def _text(element: Any) -> tuple[str | None, str | None]:
    """Return what a property says, on one line, and where it leads if it is an anchor."""
    value, text = _value(element)
    return (" ".join(text.split()), value.get("{http://www.w3.org/1999/xlink}href")) if text else (None, None)


def _prose(element: Any) -> str | None:
    """Return what a property says, with its lines."""
    _, text = _value(element)
    return "\n".join(" ".join(line.split()) for line in text.split("\n")).strip() or None


def _value(element: Any) -> tuple[Any, str]:
    """Return the element that holds the text of a property, and the text: a code, a string or its first translation."""
    if element is not None:
        for one in element.iter(etree.Element):
            text = (one.get("codeListValue") or one.text or "").strip()
            if text:
                return one, text
    return None, ""


def _keywords(about: Any) -> Iterator[Keyword]:
    for group in _all(about, "descriptiveKeywords/MD_Keywords"):
        thesaurus = _said(group, "thesaurusName/CI_Citation/title")
        for one in _all(group, "keyword"):
            word, _ = _text(one)
            if word:
                yield Keyword(word, thesaurus)


def _dates(root: Any, citation: Any) -> Dates:
    of_record: dict[str | None, str] = {}
    for one in _all(root, "dateInfo/CI_Date"):
        of_record[_said(one, "dateType")] = _said(one, "date") or ""
    newest: dict[str | None, str] = {}
    for one in _all(citation, "date/CI_Date"):
        kind, moment = _said(one, "dateType"), _said(one, "date") or ""
        newest[kind] = max(newest.get(kind, ""), moment)
    stamp = _said(root, "dateStamp") or of_record.get("revision") or next(iter(of_record.values()), None)
    return Dates(
        creation=newest.get("creation") or None,
        publication=newest.get("publication") or None,
        revision=newest.get("revision") or None,
        metadata=stamp or None,
    )


def _box(boxes: Iterable[Any]) -> tuple[float, float, float, float] | None:
    """Return the box around all that can be read; what is no number, or beyond the globe, is left out."""
    sides = ("westBoundLongitude", "southBoundLatitude", "eastBoundLongitude", "northBoundLatitude")
    read = [tuple(_number(_said(box, side)) for side in sides) for box in boxes]
    whole = [box for box in read if abs(box[0]) <= 180 >= abs(box[2]) and -90 <= box[1] <= box[3] <= 90]
    if not whole:
        return None
    west, south, east, north = zip(*whole, strict=True)
    return min(west), min(south), max(east), max(north)


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan


def _scale(about: Any) -> int | None:
    found = _said(about, "spatialResolution/MD_Resolution/equivalentScale/MD_RepresentativeFraction/denominator")
    return int(found) if found and re.fullmatch(r"[0-9]{1,10}", found) else None


def _resolution(about: Any) -> str | None:
    for value in _all(about, "spatialResolution/MD_Resolution/distance/Distance"):
        number = _number(value.text)
        if not math.isnan(number):
            unit = (value.get("uom") or "").rpartition("#")[2].rpartition(":")[2]
            return f"{number:g} {unit}".strip()
    return None


def _constraints(about: Any) -> Iterator[Constraint]:
    seen: set[str] = set()
    for name in ("otherConstraints", "useLimitation", "reference/CI_Citation/title"):
        for one in _all(about, f"resourceConstraints/*/{name}"):
            text, url = _text(one)
            if text and text not in seen:
                seen.add(text)
                yield Constraint(text, url)


def _contacts(about: Any, root: Any) -> Iterator[Contact]:
    """Give those of the resource, those of the record and the distributors, each once."""
    found: list[Contact] = []
    places = [*_all(about, "pointOfContact"), *_all(about, "citation/CI_Citation/citedResponsibleParty")]
    places += [*_all(root, "contact"), *_all(root, "distributionInfo//distributorContact")]
    for place in places:
        contact = Contact(
            organisation=_said(
                place, "CI_ResponsibleParty/organisationName", "CI_Responsibility/party/CI_Organisation/name"
            ),
            person=_said(place, "CI_ResponsibleParty/individualName", "CI_Responsibility//CI_Individual/name"),
            email=_said(place, "*//CI_Address/electronicMailAddress"),
            role=_said(place, "*/role"),
        )
        if (contact.organisation or contact.person) and contact not in found:
            found.append(contact)
            yield contact


def _crs(root: Any) -> Iterator[str]:
    """Give codes as EPSG:2154 where they are of EPSG, else as written."""
    for one in _all(root, "referenceSystemInfo/MD_ReferenceSystem/referenceSystemIdentifier"):
        code, space = _said(one, "*/code"), _said(one, "*/codeSpace") or ""
        if code:
            epsg = re.search(r"EPSG(?:::?|/[0-9.]+/|[: ])([0-9]{4,5})\b", code)
            bare = re.fullmatch(r"[0-9]{4,5}", code) if "EPSG" in space.upper() else None
            yield f"EPSG:{epsg[1]}" if epsg else f"EPSG:{code}" if bare else code


def _formats(root: Any) -> Iterator[str]:
    seen: set[str] = set()
    for one in _all(root, "distributionInfo//MD_Format"):
        name = _said(one, "name", "formatSpecificationCitation/CI_Citation/title")
        if name and name not in seen:
            seen.add(name)
            yield name


def _links(root: Any, about: Any) -> Iterator[Link]:
    """Give the ways to the data and, for a service, the addresses of its operations; not those of the contacts."""
    places = _all(root, "distributionInfo//onLine/CI_OnlineResource")
    places += _all(about, "containsOperations//connectPoint/CI_OnlineResource")
    seen: set[Link] = set()
    for one in places:
        url = _said(one, "linkage")
        link = Link(url or "", _said(one, "protocol"), _said(one, "name"), _said(one, "description"))
        if url and link not in seen:
            seen.add(link)
            yield link
