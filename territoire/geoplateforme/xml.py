"""XML of others: refused before any parser that could be harmed reads it."""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # it publishes no types

from territoire.core.errors import UpstreamError

__all__ = ["guard", "parse"]

_DEEPEST = 100
_MOST_ELEMENTS = 2_000_000
_MOST_ATTRIBUTES = 200


class _RefusedError(Exception):
    pass


def guard(body: bytes, *, service: str) -> bytes:
    """Return `body` if it is XML without document type, entities or bottomless nesting; UpstreamError otherwise.

    Expat reads it once without building anything: bombs and external entities need a document type,
    and Expat knows no encodings but UTF-8, UTF-16, ISO-8859-1 and ASCII in which one could hide.
    """
    parser = expat.ParserCreate()
    depth = count = 0

    def refuse(*_: object) -> None:
        raise _RefusedError("it has a document type, where entities hide")

    def start(_: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth += 1
        count += 1
        if depth > _DEEPEST or count > _MOST_ELEMENTS or len(attributes) > _MOST_ATTRIBUTES:
            raise _RefusedError("it is too deep or has too many elements")

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(body, True)
    except _RefusedError as exc:
        raise UpstreamError(f"{service}: the XML is refused: {exc}", remedy="report it to the Géoplateforme") from exc
    except expat.ExpatError as exc:
        raise UpstreamError(f"{service}: the answer is not XML: {exc}", remedy="try again later") from exc
    return body


def parse(body: bytes, *, service: str) -> Any:  # an element of lxml, which publishes no types
    """Return the root element of XML that passed the guard; UpstreamError otherwise."""
    guard(body, service=service)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(body, parser)
    except etree.XMLSyntaxError as exc:
        raise UpstreamError(f"{service}: the answer is not XML: {exc}", remedy="try again later") from exc
