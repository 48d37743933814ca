"""Reads a page as a validator would: what a browser forgives, a page of ours does not need."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_ADDRESSES = {"href", "src", "action"}


@dataclass
class Page:
    """What a page holds, and its faults."""

    faults: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    pointed: list[str] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    scripts: list[dict[str, str | None]] = field(default_factory=list)
    language: str | None = None
    text: str = ""


def read(html: str) -> Page:
    """Parse a page and gather its faults; an empty `faults` is a valid page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    page = reader.page
    page.faults += [f"<{tag}> is never closed" for tag in reader.open]
    page.faults += [f"id {name!r} stands twice" for name in {n for n in page.ids if page.ids.count(n) > 1}]
    page.faults += [f"{name!r} is pointed at and is not there" for name in page.pointed if name not in page.ids]
    if page.headings.count(1) != 1:
        page.faults.append(f"{page.headings.count(1)} h1")
    levels = [0, *page.headings]
    for before, after in pairwise(levels):
        if after > before + 1:
            page.faults.append(f"h{after} after h{before}")
    if not html.lstrip().lower().startswith("<!doctype html>"):
        page.faults.append("no doctype")
    if page.language not in {"fr", "en"}:
        page.faults.append(f"lang={page.language!r}")
    return page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if len(given) != len(attrs):
            self.page.faults.append(f"<{tag}> has an attribute twice")
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "html":
            self.page.language = given.get("lang")
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.page.headings.append(int(tag[1]))
        self._attributes(tag, given)
        self._rules(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.page.faults.append(f"</{tag}> closes {self.open[-1:]}")
        elif self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["script"]:
            self.page.text += data

    def _attributes(self, tag: str, given: dict[str, str | None]) -> None:
        for name, value in given.items():
            if name.startswith("on") or name == "style":
                self.page.faults.append(f"<{tag} {name}>: the content security policy forbids it")
            if name == "id":
                self.page.ids.append(value or "")
            if name in {"aria-labelledby", "for", "data-copy", "data-map", "data-feature", "data-keys"}:
                self.page.pointed.append(value or "")
            if name in _ADDRESSES:
                self.page.addresses.append(value or "")
                if "//" in (value or ""):
                    self.page.outside.append(value or "")

    def _rules(self, tag: str, given: dict[str, str | None]) -> None:
        if tag == "script":
            self.page.scripts.append(given)
            if "src" not in given and given.get("type") != "application/json":
                self.page.faults.append("a script in the page: the content security policy forbids it")
        if tag == "img" and "alt" not in given:
            self.page.faults.append("an image without alt")
        if tag == "th" and given.get("scope") not in {"col", "row"}:
            self.page.faults.append("a header cell without scope")
        if tag == "button" and "type" not in given:
            self.page.faults.append("a button without type")
