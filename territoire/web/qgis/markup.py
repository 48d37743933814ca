"""XML elements whose text may hold anything: escaped by ElementTree, and rid of what XML cannot hold at all."""

from __future__ import annotations

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

__all__ = ["document", "element", "option_map"]

# XML 1.0, production [2] Char: ElementTree would write these, and no reader would open the file
_IMPOSSIBLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(parent: Element | None, tag: str, text: str | None = None, **attributes: str) -> Element:
    """Return a new element, the last child of `parent` where there is one."""
    given = {name.replace("__", "-"): _possible(value) for name, value in attributes.items()}
    made = Element(tag, given) if parent is None else ElementTree.SubElement(parent, tag, given)
    if text is not None:
        made.text = _possible(text)
    return made


def option_map(parent: Element, values: dict[str, str]) -> Element:
    """Add the properties of a symbol as QGIS writes them: a map of text options."""
    options = element(parent, "Option", type="Map")
    for name, value in values.items():
        element(options, "Option", name=name, value=value, type="QString")
    return options


def document(root: Element, *, doctype: str) -> bytes:
    """Return the whole file: QGIS tells its kinds of files apart by the root, people by the doctype."""
    ElementTree.indent(root)
    return f"<!DOCTYPE {doctype}>\n".encode() + ElementTree.tostring(root, encoding="utf-8") + b"\n"


def _possible(text: str) -> str:
    return _IMPOSSIBLE.sub("", text)
