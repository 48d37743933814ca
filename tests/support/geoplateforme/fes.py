"""Reads WFS requests in XML and Filter Encoding 2.0 into parameters and conditions in SQL."""

from __future__ import annotations

import re
from typing import Any

import shapely
from lxml import etree

from . import selection
from .layers import FeatureLayer
from .selection import ALL, Condition, WfsError

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)
_COMPARISONS = {
    "PropertyIsEqualTo": "=",
    "PropertyIsNotEqualTo": "<>",
    "PropertyIsLessThan": "<",
    "PropertyIsGreaterThan": ">",
    "PropertyIsLessThanOrEqualTo": "<=",
    "PropertyIsGreaterThanOrEqualTo": ">=",
}
_SPATIAL = ("Intersects", "Disjoint", "Contains", "Within", "Touches", "Crosses", "Overlaps", "Equals")


def request_parameters(body: bytes) -> list[tuple[str, str]]:
    """Return what a GetFeature, DescribeFeatureType or GetCapabilities in XML asks, as parameters of an address."""
    root = _read(body)
    found = [("request", _name(root)), ("service", "WFS")]
    names = ("version", "outputFormat", "count", "startIndex", "resultType")
    found += [(name, str(root.get(name))) for name in names if root.get(name)]
    for element in root:
        if _name(element) == "Query":
            found += [("typenames", element.get("typeNames", "")), ("srsname", element.get("srsName", ""))]
            for part in element:
                if _name(part) == "Filter":
                    found.append(("filter", etree.tostring(part, encoding="unicode")))
                elif _name(part) == "SortBy":
                    found.append(("sortby", ",".join(_sorting(one) for one in part)))
        elif _name(element) == "TypeName":
            found.append(("typenames", _text(element)))
    return found


def parse(text: str, layer: FeatureLayer) -> Condition:
    """Return what a fes:Filter keeps of a layer."""
    root = _read(text.encode())
    conditions = [_condition(child, layer) for child in root]
    if len(conditions) > 1 and all(_name(child) == "ResourceId" for child in root):
        return _any(conditions)
    if len(conditions) != 1:
        raise WfsError("A Filter holds one operator", locator="filter")
    return conditions[0]


def _condition(element: Any, layer: FeatureLayer) -> Condition:
    name, children = _name(element), list(element)
    if name in ("And", "Or"):
        conditions = [_condition(child, layer) for child in children]
        return _any(conditions) if name == "Or" else _all(conditions)
    if name == "Not":
        return ~_condition(children[0], layer)
    if name == "ResourceId":
        key = element.get("rid", "").removeprefix(f"{layer.name}.")
        return selection.compare(layer, f'"{layer.key}"', "=", key)
    if name == "BBOX" or name in _SPATIAL:
        return _spatial(name, children, layer)
    column = selection.field(layer, _text(children[0]))
    if name in _COMPARISONS:
        return selection.compare(layer, column, _COMPARISONS[name], _text(children[1]))
    if name == "PropertyIsNull":
        return Condition(f"({column} is null)")
    if name == "PropertyIsBetween":
        low, high = (_text(child[0]) for child in children[1:3])
        return selection.compare(layer, column, ">=", low) & selection.compare(layer, column, "<=", high)
    if name == "PropertyIsLike":
        return _like(element, column, _text(children[1]))
    raise WfsError(f"The operator {name} is not known", "OperationNotSupported", "filter")


def _like(element: Any, column: str, pattern: str) -> Condition:
    many, one, escape = element.get("wildCard", "*"), element.get("singleChar", "."), element.get("escapeChar", "\\")
    found = re.sub(r"[%_]", lambda match: "\\" + match[0] if match[0] not in (many, one) else match[0], pattern)
    found = found.replace(escape, "\\").replace(many, "%").replace(one, "_")
    return selection.like(column, found, matches_case=element.get("matchCase", "true") != "false")


def _spatial(name: str, children: list[Any], layer: FeatureLayer) -> Condition:
    shape = children[-1]
    crs = shape.get("srsName")
    srid, is_authority_order = selection.srid_of(crs) if crs else (None, True)
    values = [float(number) for number in " ".join(shape.itertext()).split()]
    points = list(zip(values[::2], values[1::2], strict=True))
    if _name(shape) == "Envelope":
        geometry = shapely.box(*points[0], *points[1])
    elif _name(shape) == "Point":
        geometry = shapely.Point(points[0])
    elif _name(shape) == "Polygon":
        geometry = shapely.Polygon(points)
    else:
        raise WfsError(f"A filter with gml:{_name(shape)} is beyond the stand-in", "OperationNotSupported", "filter")
    test = "intersects" if name == "BBOX" else name.lower()
    return selection.spatial(layer, test, geometry, srid, is_authority_order=is_authority_order)


def _any(conditions: list[Condition]) -> Condition:
    found = ~ALL
    for condition in conditions:
        found |= condition
    return found


def _all(conditions: list[Condition]) -> Condition:
    found = ALL
    for condition in conditions:
        found &= condition
    return found


def _sorting(element: Any) -> str:
    parts = [_text(child) for child in element]
    return " ".join(parts)


def _read(text: bytes) -> Any:
    try:
        return etree.fromstring(text, _PARSER)
    except etree.XMLSyntaxError as exc:
        raise WfsError(f"XML parsing failed: {exc}", "OperationParsingFailed") from exc


def _name(element: Any) -> str:
    return etree.QName(element).localname


def _text(element: Any) -> str:
    return (element.text or "").strip()
