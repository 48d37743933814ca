"""Guesses for a drafted declaration: API names, the key and the label, the geometry's type, read from the values."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from territoire.core.models import RESERVED_COLUMNS, RESERVED_PARAMETERS, ColumnType

#: A column's name may have 59 characters; room is left for what makes it unique.
_LONGEST_NAME = 50
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "Œ": "oe", "Æ": "ae"})
_TYPES: dict[str, ColumnType] = {
    "OFTString": "text",
    "OFTInteger": "integer",
    "OFTInteger64": "bigint",
    "OFTReal": "number",
    "OFTDate": "date",
    "OFTDateTime": "timestamp",
}
#: Words of field names that say "this identifies", surest first.
_KEY_WORDS = ("id", "identifiant", "cleabs", "code", "insee", "siren", "siret", "uai", "ref", "numero", "num")
_LABEL_WORDS = ("nom", "libelle", "name", "lib", "designation", "intitule", "toponyme", "titre")
_FAMILIES = (
    (frozenset({"Point"}), "Point"),
    (frozenset({"Point", "MultiPoint"}), "MultiPoint"),
    (frozenset({"LineString", "LinearRing", "MultiLineString"}), "MultiLineString"),
    (frozenset({"Polygon", "MultiPolygon"}), "MultiPolygon"),
)


@dataclass
class Field:
    """A field of the file: the column that it becomes, and what its values have shown so far."""

    name: str
    column: str
    type: ColumnType
    why_no_key: str = ""
    seen: set[Any] = field(default_factory=set[Any])  # the values of any type that a field may have

    @property
    def unique(self) -> bool:
        """May it be the key, by what was read?"""
        return not self.why_no_key


def column_type(ogr_type: str, subtype: str) -> ColumnType | None:
    """Return the type that a field of the file is published as, None for one that cannot be (a list, a picture)."""
    if subtype == "OFSTBoolean" and ogr_type == "OFTInteger":
        return "boolean"
    return _TYPES.get(ogr_type)


def identifier(text: str, *, prefix: str) -> str:
    """Write a text as an identifier: lower case, no accents, at least two characters, a letter first."""
    bare = unicodedata.normalize("NFKD", text.translate(_LIGATURES)).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", bare).strip("_")[:_LONGEST_NAME].strip("_")
    if len(name) < 2 or not name[0].isalpha():
        name = f"{prefix}_{name}".strip("_")
    return name


def column_name(text: str, taken: set[str]) -> str:
    """Return a free name for the column of a field, and take it."""
    name = identifier(text, prefix="champ")
    if name in RESERVED_PARAMETERS | RESERVED_COLUMNS:
        name = f"champ_{name}"
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free


def look(found: Field, values: pa.Array, start: int) -> None:
    """Hold a batch of values against the rules of a key: never empty, never twice, fit to stand in an address."""
    if not found.unique:
        return
    if found.type not in {"text", "integer", "bigint"}:
        found.why_no_key = "is neither text nor a whole number"
        return
    listed: list[Any] = values.to_pylist()  # text or numbers
    empty = next((number for number, value in enumerate(listed, start + 1) if value is None or value == ""), None)
    if empty is not None:
        found.why_no_key = f"is empty in feature {empty}"
    elif pc.count_distinct(values).as_py() != len(listed) or not found.seen.isdisjoint(listed):  # pyright: ignore[reportAttributeAccessIssue]
        found.why_no_key = f"has {_twice(found.seen, listed)!r} twice"
    if found.unique:
        found.seen.update(listed)
    else:
        found.seen.clear()


def _twice(seen: set[Any], values: Sequence[Any]) -> Any:  # text or a number
    before = set(seen)
    for value in values:
        if value in before:
            return value
        before.add(value)
    return None


def key(fields: Sequence[Field]) -> Field | None:
    """Choose the key among the fields that are unique and never empty: by their names, then by their order."""
    candidates = [one for one in fields if one.unique]
    return min(candidates, key=lambda one: (_rank(one.column, _KEY_WORDS), fields.index(one)), default=None)


def is_named_key(found: Field) -> bool:
    """Does its name say that it identifies? Another field may be unique by chance alone."""
    return _rank(found.column, _KEY_WORDS) < math.inf


def key_like(fields: Sequence[Field]) -> list[Field]:
    """Return the fields that are no key in the order in which one would have expected them to be."""
    return sorted(fields, key=lambda one: (_rank(one.column, _KEY_WORDS), fields.index(one)))


def label(fields: Sequence[Field]) -> Field | None:
    """Choose the text field whose name says that it names."""
    named = [one for one in fields if one.type == "text" and _rank(one.column, _LABEL_WORDS) < math.inf]
    return min(named, key=lambda one: (_rank(one.column, _LABEL_WORDS), len(one.column)), default=None)


def _rank(name: str, words: Sequence[str]) -> float:
    """Return how well a name matches: the whole name before one of its words, earlier words before later ones."""
    if name in words:
        return words.index(name) / len(words)
    parts = name.split("_")
    return min((1.0 + words.index(part) for part in parts if part in words), default=math.inf)


def geometry_types(values: pa.Array) -> set[str]:
    """Return the types of the geometries of a batch, without Z and M."""
    shapes = shapely.from_wkb(np.array(values.to_pylist(), dtype=object), on_invalid="ignore")
    numbers = np.unique(shapely.get_type_id(shapes))
    return {_name(shapely.GeometryType(number)) for number in numbers if number >= 0}


def _name(kind: shapely.GeometryType) -> str:
    names = ("Point", "LineString", "LinearRing", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
    return next((name for name in names if name.upper() == kind.name), "Geometry")


def geometry_type(seen: set[str]) -> str:
    """Return the type to declare: simple ones are promoted at load, so that of several parts; Geometry for a mix."""
    return next((declared for family, declared in _FAMILIES if seen and seen <= family), "Geometry")
