"""What a record of metadata says, whatever the standard it was written in."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Constraint", "Contact", "Dates", "Keyword", "Link", "Record"]

_LICENCE = re.compile(r"licen[cs]e|etalab|creativecommons|\bODbL\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """Where a record leads: `protocol` as the producer wrote it (OGC:WFS, WWW:DOWNLOAD...), `name` is often a layer."""

    url: str
    protocol: str | None = None
    name: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Keyword:
    """A word that describes the resource, and the title of the thesaurus that it is taken from."""

    word: str
    thesaurus: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Who answers for the resource; `role` is of ISO's list: pointOfContact, owner, publisher..."""

    organisation: str | None
    person: str | None
    email: str | None
    role: str | None


@dataclass(frozen=True, slots=True)
class Constraint:
    """A licence or limitation in words, and its address where the record has it as a link."""

    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Dates:
    """Dates or moments as written (ISO 8601): the newest of each kind; `metadata` is the record's own."""

    creation: str | None = None
    publication: str | None = None
    revision: str | None = None
    metadata: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """What a record says; `kind` is of ISO's list (dataset, series, service...), `scale` a denominator."""

    identifier: str
    title: str
    abstract: str | None
    kind: str
    language: str | None
    keywords: tuple[Keyword, ...]
    dates: Dates
    edition: str | None
    box_crs84: tuple[float, float, float, float] | None
    """West, south, east, north around all boxes of the record, in degrees."""
    scale: int | None
    resolution: str | None
    """A distance on the ground with its unit, `5 m`."""
    lineage: str | None
    constraints: tuple[Constraint, ...]
    contacts: tuple[Contact, ...]
    crs: tuple[str, ...]
    formats: tuple[str, ...]
    links: tuple[Link, ...]

    @property
    def licence(self) -> Constraint | None:
        """The first constraint that speaks of a licence."""
        return next((one for one in self.constraints if _LICENCE.search(f"{one.text} {one.url}")), None)
