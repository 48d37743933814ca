"""The catalogue of the Géoplateforme (CSW 2.0.2), asked at each request: records by words, box, time or identifier."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # lxml has no types
from owslib.csw import CswRecord

from territoire.core.errors import UpstreamError
from territoire.geoplateforme import iso, xml
from territoire.geoplateforme.answers import Answer, OutageError
from territoire.geoplateforme.reading import Json, odd
from territoire.geoplateforme.record import Contact, Record
from territoire.geoplateforme.transport import Transport

__all__ = ["Page", "Search", "describe", "records", "single"]

_SERVICE = "csw"
_CSW = "http://www.opengis.net/cat/csw/2.0.2"
_GMD = "http://www.isotc211.org/2005/gmd"
_MDB = "http://standards.iso.org/iso/19115/-3/mdb/2.0"
_OGC = "http://www.opengis.net/ogc"
_GML = "http://www.opengis.net/gml"
_OWS = "http://www.opengis.net/ows"


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: each word must be there; the box is west, south, east, north in degrees."""

    words: tuple[str, ...] = ()
    box: tuple[float, float, float, float] | None = None
    modified: tuple[str | None, str | None] = (None, None)
    start: int = 0
    count: int = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Records as OGC API Records has them, without links to themselves; how many match; the answer they came in."""

    records: Sequence[Json]
    matched: int
    answer: Answer


def describe(transport: Transport, search: str | None) -> Json:
    """Return what serving the catalogue needs: how many records it has now."""
    found = records(transport, Search(words=tuple((search or "").split()), count=1))
    return {"extent_crs84": [-180.0, -90.0, 180.0, 90.0], "count": found.matched}


def records(transport: Transport, search: Search) -> Page:
    """Return a page of records; a POST, which holds any word without having to be quoted."""
    body = _request(search)
    fresh_s = transport.services[_SERVICE].fresh_s
    answer = transport.post(_SERVICE, content=body, media="application/xml", fresh_s=fresh_s, check=_check)
    root = xml.parse(answer.body, service=_SERVICE)
    results = root.find(f"{{{_CSW}}}SearchResults")
    said = "" if results is None else results.get("numberOfRecordsMatched", "")
    if results is None or not re.fullmatch(r"[0-9]{1,9}", said):
        raise odd(_SERVICE, "does not say how many records match")
    return Page([_record(one) for one in results.findall(f"{{{_CSW}}}Record")], int(said), answer)


def single(transport: Transport, identifier: str) -> tuple[Json | None, Answer]:
    """Return a record by its identifier, in full, None when there is none.

    ISO says more than Dublin Core (contacts, lineage, scale...); a page of such records would be megabytes, and
    a record that is not of ISO (a catalogue of features) has no ISO form: it is read as in a page.
    """
    full = _in_iso(transport, identifier)
    if full:
        return full
    answer = transport.get(_SERVICE, params=_by_identifier(identifier, _CSW), check=_check)
    found = xml.parse(answer.body, service=_SERVICE).find(f"{{{_CSW}}}Record")
    return (None if found is None else _record(found)), answer


def _check(answer: Answer) -> None:
    """Refuse, before it is kept, what is no XML that may be read."""
    xml.guard(answer.body, service=_SERVICE)


def _in_iso(transport: Transport, identifier: str) -> tuple[Json, Answer] | None:
    for schema in (_GMD, _MDB):  # a catalogue turns the newer standard into the older one, or does not
        try:
            answer = transport.get(_SERVICE, params=_by_identifier(identifier, schema), check=_check)
        except OutageError:
            raise
        except UpstreamError:
            continue  # refused in this form; if it is for another reason, the request in Dublin Core will say so
        found = iso.records(answer.body, service=_SERVICE)
        if found:
            return _full(identifier, found[0]), answer
    return None


def _by_identifier(identifier: str, schema: str) -> dict[str, str]:
    params = {"SERVICE": "CSW", "VERSION": "2.0.2", "REQUEST": "GetRecordById", "ELEMENTSETNAME": "full"}
    return params | {"ID": identifier, "OUTPUTSCHEMA": schema}


def _request(search: Search) -> bytes:
    root = etree.Element(f"{{{_CSW}}}GetRecords", nsmap={"csw": _CSW, "ogc": _OGC, "gml": _GML})
    root.attrib.update({"service": "CSW", "version": "2.0.2", "resultType": "results", "outputSchema": _CSW})
    root.attrib.update({"startPosition": str(search.start + 1), "maxRecords": str(search.count)})
    query = etree.SubElement(root, f"{{{_CSW}}}Query", typeNames="csw:Record")
    etree.SubElement(query, f"{{{_CSW}}}ElementSetName").text = "full"
    conditions = _conditions(search)
    if conditions:
        constraint = etree.SubElement(query, f"{{{_CSW}}}Constraint", version="1.1.0")
        holder = etree.SubElement(constraint, f"{{{_OGC}}}Filter")
        if len(conditions) > 1:
            holder = etree.SubElement(holder, f"{{{_OGC}}}And")
        holder.extend(conditions)
    order = etree.SubElement(etree.SubElement(query, f"{{{_OGC}}}SortBy"), f"{{{_OGC}}}SortProperty")
    etree.SubElement(order, f"{{{_OGC}}}PropertyName").text = "dc:title"
    etree.SubElement(order, f"{{{_OGC}}}SortOrder").text = "ASC"
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _conditions(search: Search) -> list[Any]:  # lxml's elements
    found: list[Any] = []  # the same
    for word in search.words:
        like = etree.Element(f"{{{_OGC}}}PropertyIsLike", wildCard="%", singleChar="_", escapeChar="\\")
        etree.SubElement(like, f"{{{_OGC}}}PropertyName").text = "csw:AnyText"
        etree.SubElement(like, f"{{{_OGC}}}Literal").text = "%" + re.sub(r"([%_\\])", r"\\\1", word) + "%"
        found.append(like)
    for name, bound in zip(
        ("PropertyIsGreaterThanOrEqualTo", "PropertyIsLessThanOrEqualTo"), search.modified, strict=True
    ):
        if bound:
            compared = etree.Element(f"{{{_OGC}}}{name}")
            etree.SubElement(compared, f"{{{_OGC}}}PropertyName").text = "dct:modified"
            etree.SubElement(compared, f"{{{_OGC}}}Literal").text = bound
            found.append(compared)
    if search.box:
        west, south, east, north = search.box
        box = etree.Element(f"{{{_OGC}}}BBOX")
        etree.SubElement(box, f"{{{_OGC}}}PropertyName").text = "ows:BoundingBox"
        # without a name of a CRS, longitude comes first for GeoNetwork and pycsw alike
        envelope = etree.SubElement(box, f"{{{_GML}}}Envelope")
        etree.SubElement(envelope, f"{{{_GML}}}lowerCorner").text = f"{west} {south}"
        etree.SubElement(envelope, f"{{{_GML}}}upperCorner").text = f"{east} {north}"
        found.append(box)
    return found


def _record(element: Any) -> Json:  # an element of lxml
    """Write a record as GeoJSON (OGC 20-004, Record Core)."""
    try:
        read = CswRecord(element)
    except (ValueError, AttributeError, TypeError) as exc:
        raise UpstreamError(f"csw: a record cannot be read: {exc}", remedy="try again later") from exc
    properties: Json = {
        "type": read.type or "dataset",
        "title": read.title or read.identifier or "",
        "description": read.abstract,
        "keywords": [word for word in read.subjects if word],
        "language": read.language,
        "updated": _moment(read.modified or read.date),
        "license": next(iter(one for one in read.rights or [] if one), None),
        "formats": [{"name": read.format}] if read.format else None,
        "contacts": [{"organization": read.publisher, "roles": ["publisher"]}] if read.publisher else None,
    }
    return {
        "type": "Feature",
        "id": read.identifier,
        "geometry": _box(read.bbox),
        "time": None,
        "properties": {name: value for name, value in properties.items() if value not in (None, [])},
        "links": _links([*read.references, *read.uris]),
    }


def _full(identifier: str, read: Record) -> Json:
    """Write a record of ISO as GeoJSON: Record Core, and what it does not name."""
    licence, dates = read.licence, read.dates
    own = {"creation": dates.creation, "publication": dates.publication, "revision": dates.revision}
    properties: Json = {
        "type": read.kind,
        "title": read.title,
        "description": read.abstract,
        "keywords": [one.word for one in read.keywords],
        "themes": _themes(read),
        "language": read.language,
        "updated": _moment(dates.metadata),
        "license": licence and (licence.url or licence.text),
        "rights": "\n".join(one.text for one in read.constraints) or None,
        "formats": [{"name": name} for name in read.formats],
        "contacts": [_contact(one) for one in read.contacts],
        "dates": {name: moment for name, moment in own.items() if moment},
        "edition": read.edition,
        "crs": list(read.crs),
        "scale": read.scale,
        "resolution": read.resolution,
        "lineage": read.lineage,
    }
    return {
        "type": "Feature",
        "id": identifier,
        "geometry": read.box_crs84 and _polygon(*read.box_crs84),
        "time": None,
        "properties": {name: value for name, value in properties.items() if value not in (None, [], {})},
        "links": _links([{"url": one.url, "name": one.name or one.description} for one in read.links]),
    }


def _themes(read: Record) -> list[Json]:
    """Return the words that are taken from a thesaurus, by thesaurus (OGC 20-004, 8.2.6)."""
    found: dict[str, list[Json]] = {}
    for one in read.keywords:
        if one.thesaurus:
            found.setdefault(one.thesaurus, []).append({"id": one.word})
    return [{"scheme": scheme, "concepts": concepts} for scheme, concepts in found.items()]


def _contact(one: Contact) -> Json:
    said = {"name": one.person, "organization": one.organisation, "roles": [one.role] if one.role else None}
    emails = [{"value": one.email}] if one.email else None
    return {name: value for name, value in (said | {"emails": emails}).items() if value}


def _moment(text: str | None) -> str | None:
    return text if text and re.match(r"[0-9]{4}(-[0-9]{2}){2}", text) else None


def _links(found: Sequence[Json]) -> list[Json]:
    """Return where the record leads: addresses for people, which nobody here ever calls."""
    addresses = {str(one.get("url") or "").strip(): one for one in found}
    return [
        {"rel": "related", "href": address, "title": str(one.get("name") or one.get("scheme") or address)[:200]}
        for address, one in addresses.items()
        if re.match(r"https?://[^\s<>\"]+$", address)
    ]


def _box(box: Any) -> Json | None:  # OWSLib's BoundingBox
    try:
        west, south, east, north = (float(str(one)) for one in (box.minx, box.miny, box.maxx, box.maxy))
    except (AttributeError, ValueError):
        return None
    return _polygon(west, south, east, north)


def _polygon(west: float, south: float, east: float, north: float) -> Json:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}
