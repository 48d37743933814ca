"""A small catalogue, CSW 2.0.2: GetCapabilities, GetRecords (filters, sorting, pages) and GetRecordById."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from .exchange import Ask, Reply, exception_ows
from .records import DUBLIN, GMD, MDB, RECORDS, Record, write

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)
_SPACES = (
    'xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' xmlns:dct="http://purl.org/dc/terms/" xmlns:ows="http://www.opengis.net/ows" version="2.0.2"'
)
Keep = Callable[[Record], bool]


@dataclass(frozen=True)
class Query:
    """A GetRecords, however it was sent."""

    keep: Keep = field(default=lambda _: True)
    schema: str = DUBLIN
    element_set: str = "summary"
    start: int = 1
    count: int = 10
    order: tuple[tuple[str, bool], ...] = ()
    hits: bool = False


class RefusalError(Exception):
    """A request that the catalogue refuses."""


def answer(ask: Ask) -> Reply:
    """Answer one request."""
    base = ask.address.removesuffix("/csw")
    try:
        if ask.method == "POST":
            return _post(base, ask)
        asks = ask.parameters
        operation = asks.get("request", "").lower()
        if operation == "getcapabilities":
            return _xml(_capabilities(ask.address))
        if operation == "getrecordbyid":
            identifiers = asks.get("id", "").split(",")
            return _by_id(base, identifiers, asks.get("outputschema", DUBLIN), asks.get("elementsetname", "summary"))
        if operation == "getrecords":
            return _records(base, _kvp(asks))
        raise RefusalError(f"Request {asks.get('request')} is not known")
    except (RefusalError, ValueError, etree.XMLSyntaxError) as error:
        return exception_ows(str(error).replace("&", "").replace("<", ""), "InvalidParameterValue")


def _post(base: str, ask: Ask) -> Reply:
    root = etree.fromstring(ask.body, _PARSER)
    name = etree.QName(root).localname
    if name == "GetCapabilities":
        return _xml(_capabilities(ask.address))
    if name == "GetRecordById":
        identifiers = [one.text or "" for one in root.iter("{*}Id")]
        return _by_id(base, identifiers, root.get("outputSchema", DUBLIN), _element_set(root))
    if name != "GetRecords":
        raise RefusalError(f"Request {name} is not known")
    found = root.find(".//{*}Filter")
    order = tuple(
        (one.findtext("{*}PropertyName"), one.findtext("{*}SortOrder", "ASC") == "DESC")
        for one in root.iter("{*}SortProperty")
    )
    query = Query(
        keep=_condition(found[0]) if found is not None and len(found) else lambda _: True,
        schema=root.get("outputSchema", DUBLIN),
        element_set=_element_set(root),
        start=int(root.get("startPosition", "1")),
        count=int(root.get("maxRecords", "10")),
        order=order,
        hits=root.get("resultType", "hits") == "hits",
    )
    return _records(base, query)


def _kvp(asks: dict[str, str]) -> Query:
    keep: Keep = lambda _: True  # noqa: E731
    if asks.get("constraint"):
        conditions = [_cql(part) for part in re.split(r"\s+AND\s+", asks["constraint"], flags=re.I)]
        keep = lambda record: all(condition(record) for condition in conditions)  # noqa: E731
    order = tuple(
        (part.split(":")[-2] if part.count(":") > 1 else part.rsplit(":", 1)[0], part.upper().endswith(":D"))
        for part in asks.get("sortby", "").split(",")
        if part
    )
    return Query(
        keep=keep,
        schema=asks.get("outputschema", DUBLIN),
        element_set=asks.get("elementsetname", "summary"),
        start=int(asks.get("startposition", "1")),
        count=int(asks.get("maxrecords", "10")),
        order=order,
        hits=asks.get("resulttype", "hits") == "hits",
    )


def _records(base: str, query: Query) -> Reply:
    found = [record for record in RECORDS if query.keep(record)]
    for name, descends in reversed(query.order):
        read = _reader(name)
        found.sort(key=lambda record, read=read: read(record).lower(), reverse=descends)
    if query.start < 1:
        raise RefusalError("startPosition is 1 or more")
    shown = [] if query.hits else found[query.start - 1 : query.start - 1 + query.count]
    after = query.start + len(shown)
    following = after if after <= len(found) and not query.hits else 0
    inner = "".join(_written(record, query.schema, query.element_set, base) for record in shown)
    return _xml(
        f'<csw:GetRecordsResponse {_SPACES}><csw:SearchStatus timestamp="2026-11-24T12:00:00Z"/>'
        f'<csw:SearchResults numberOfRecordsMatched="{len(found)}" numberOfRecordsReturned="{len(shown)}"'
        f' nextRecord="{following}" recordSchema="{query.schema}" elementSet="{query.element_set}">{inner}'
        "</csw:SearchResults></csw:GetRecordsResponse>"
    )


def _by_id(base: str, identifiers: list[str], schema: str, element_set: str) -> Reply:
    found = [record for record in RECORDS if record.identifier in identifiers]
    inner = "".join(_written(record, schema, element_set, base) for record in found)
    return _xml(f"<csw:GetRecordByIdResponse {_SPACES}>{inner}</csw:GetRecordByIdResponse>")


def _written(record: Record, schema: str, element_set: str, base: str) -> str:
    if schema not in (DUBLIN, GMD, MDB):
        raise RefusalError(f"outputSchema {schema} is not known")
    if schema != DUBLIN and schema not in record.iso:
        return ""
    return write(record, schema, element_set, base)


def _condition(element: Any) -> Keep:
    name = etree.QName(element).localname
    children = list(element)
    if name in ("And", "Or"):
        inner = [_condition(child) for child in children]
        test = all if name == "And" else any
        return lambda record: test(condition(record) for condition in inner)
    if name == "Not":
        negated = _condition(children[0])
        return lambda record: not negated(record)
    if name == "BBOX":
        corners = [float(number) for number in " ".join(children[-1].itertext()).split()]
        return lambda record: _meets(record.extent_crs84, corners)
    read, literal = _reader(children[0].text or ""), children[1].text or ""
    if name == "PropertyIsLike":
        pattern = _pattern(literal, element.get("wildCard", "%"), element.get("escapeChar", "\\"))
        return lambda record: pattern.search(read(record)) is not None
    tests: dict[str, Callable[[str], bool]] = {
        "PropertyIsEqualTo": lambda value: value.lower() == literal.lower(),
        "PropertyIsNotEqualTo": lambda value: value.lower() != literal.lower(),
        # a moment of a day is that day
        "PropertyIsGreaterThanOrEqualTo": lambda value: value >= literal[: len(value)],
        "PropertyIsLessThanOrEqualTo": lambda value: value <= literal[: len(value)],
        "PropertyIsGreaterThan": lambda value: value > literal[: len(value)],
        "PropertyIsLessThan": lambda value: value < literal[: len(value)],
    }
    if name not in tests:
        raise RefusalError(f"The operator {name} is not known")
    return lambda record: tests[name](read(record))


def _cql(text: str) -> Keep:
    found = re.fullmatch(r"\s*\(?\s*([\w:]+)\s*(=|LIKE)\s*'((?:[^']|'')*)'\s*\)?\s*", text, re.I)
    if found is None:
        raise RefusalError(f"The constraint {text} cannot be read")
    read, literal = _reader(found[1]), found[3].replace("''", "'")
    if found[2] == "=":
        return lambda record: read(record) == literal
    pattern = _pattern(literal, "%", "\\")
    return lambda record: pattern.search(read(record)) is not None


def _pattern(literal: str, wild: str, escape: str) -> re.Pattern[str]:
    """Return a pattern as an expression; the character after an escape stands for itself."""
    parts, position = [], 0
    while position < len(literal):
        character = literal[position]
        if character == escape and position + 1 < len(literal):
            position += 1
            parts.append(re.escape(literal[position]))
        else:
            parts.append(".*" if character == wild else re.escape(character))
        position += 1
    return re.compile("^" + "".join(parts) + "$", re.I | re.S)


def _reader(name: str) -> Callable[[Record], str]:
    readers: dict[str, Callable[[Record], str]] = {
        "anytext": lambda record: record.text,
        "identifier": lambda record: record.identifier,
        "title": lambda record: record.title,
        "abstract": lambda record: record.abstract,
        "subject": lambda record: " ".join(record.subjects),
        "type": lambda record: record.kind,
        "modified": lambda record: record.modified,
        "publisher": lambda record: record.publisher,
        "organisationname": lambda record: record.publisher,
    }
    bare = name.split(":")[-1].lower()
    if bare not in readers:
        raise RefusalError(f"The queryable {name} is not known")
    return readers[bare]


def _meets(extent: tuple[float, float, float, float], corners: list[float]) -> bool:
    west, south, east, north = corners
    return extent[0] <= east and extent[2] >= west and extent[1] <= north and extent[3] >= south


def _element_set(root: Any) -> str:
    return root.findtext(".//{*}ElementSetName", "summary")


def _xml(text: str) -> Reply:
    return Reply("application/xml", f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode())


def _capabilities(url: str) -> str:
    dcp = (
        f'<ows:DCP><ows:HTTP><ows:Get xlink:href="{url}"/><ows:Post xlink:href="{url}"/></ows:HTTP></ows:DCP>'
        '<ows:Parameter name="outputSchema">'
        f"{''.join(f'<ows:Value>{schema}</ows:Value>' for schema in (DUBLIN, GMD, MDB))}</ows:Parameter>"
    )
    operations = "".join(
        f'<ows:Operation name="{name}">{dcp}</ows:Operation>'
        for name in ("GetCapabilities", "GetRecords", "GetRecordById")
    )
    return (
        f'<csw:Capabilities {_SPACES} xmlns:xlink="http://www.w3.org/1999/xlink"'
        ' xmlns:ogc="http://www.opengis.net/ogc"><ows:ServiceIdentification><ows:Title>Catalogue de la Géoplateforme'
        "</ows:Title><ows:Abstract/><ows:ServiceType>CSW</ows:ServiceType><ows:ServiceTypeVersion>2.0.2"
        "</ows:ServiceTypeVersion></ows:ServiceIdentification><ows:ServiceProvider><ows:ProviderName>IGN"
        "</ows:ProviderName></ows:ServiceProvider><ows:OperationsMetadata>"
        f"{operations}</ows:OperationsMetadata><ogc:Filter_Capabilities><ogc:Spatial_Capabilities><ogc:GeometryOperands>"
        "<ogc:GeometryOperand>gml:Envelope</ogc:GeometryOperand></ogc:GeometryOperands><ogc:SpatialOperators>"
        '<ogc:SpatialOperator name="BBOX"/></ogc:SpatialOperators></ogc:Spatial_Capabilities>'
        "<ogc:Scalar_Capabilities><ogc:LogicalOperators/><ogc:ComparisonOperators><ogc:ComparisonOperator>EqualTo"
        "</ogc:ComparisonOperator><ogc:ComparisonOperator>Like</ogc:ComparisonOperator></ogc:ComparisonOperators>"
        "</ogc:Scalar_Capabilities></ogc:Filter_Capabilities></csw:Capabilities>"
    )
