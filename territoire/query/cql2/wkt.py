"""Reads the geometry literals of a CQL2 text: well-known text and BBOX()."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import orjson

from territoire.query.cql2.scan import Token
from territoire.query.cql2.tree import Box, Shape

#: Words that begin a geometry, and the name of its type in GeoJSON.
TYPES = {
    "point": "Point",
    "linestring": "LineString",
    "polygon": "Polygon",
    "multipoint": "MultiPoint",
    "multilinestring": "MultiLineString",
    "multipolygon": "MultiPolygon",
    "geometrycollection": "GeometryCollection",
}
DIMENSIONS = frozenset({"z", "m", "zm", "empty"})
_Json = Any  # nested lists of numbers


class Reader(Protocol):
    """What the parser offers to this module."""

    def number(self) -> float:
        """Take a number with its sign."""
        ...

    def take(self, symbol: str) -> Token:
        """Take a symbol, or refuse."""
        ...

    def has(self, symbol: str) -> bool:
        """Take a symbol if it is next."""
        ...

    @property
    def next(self) -> Token:
        """The next token."""
        ...

    def step(self) -> Token:
        """Take the next token."""
        ...


def box(reader: Reader, at: int) -> Box:
    """Read what follows BBOX: four numbers, or six with heights, which are ignored."""
    numbers = _list(reader, lambda: reader.number())
    if len(numbers) == 6:
        numbers = [numbers[0], numbers[1], numbers[3], numbers[4]]
    if len(numbers) != 4:
        raise ValueError("BBOX takes four numbers, or six with heights")
    return Box((numbers[0], numbers[1], numbers[2], numbers[3]), at)


def shape(reader: Reader, word: str, at: int) -> Shape:
    """Read what follows POINT, POLYGON and the like; heights and measures are ignored."""
    return Shape(orjson.dumps(_geometry(reader, word)).decode(), at)


def _geometry(reader: Reader, word: str) -> dict[str, _Json]:
    if reader.next.word in DIMENSIONS and reader.step().word == "empty":
        key = "geometries" if word == "geometrycollection" else "coordinates"
        return {"type": TYPES[word], key: []}
    if word == "geometrycollection":
        return {"type": TYPES[word], "geometries": _list(reader, lambda: _member(reader))}
    return {"type": TYPES[word], "coordinates": _coordinates(reader, word)}


def _member(reader: Reader) -> dict[str, _Json]:
    token = reader.step()
    if token.word not in TYPES or token.word == "geometrycollection":
        raise ValueError("a geometry that is not itself a collection was expected")
    return _geometry(reader, token.word)


def _coordinates(reader: Reader, word: str) -> _Json:
    def position() -> list[float]:
        return _position(reader)

    def line() -> _Json:
        return _list(reader, position)

    def polygon() -> _Json:
        return _list(reader, line)

    def point() -> list[float]:
        # MULTIPOINT(1 2, 3 4) is as usual as MULTIPOINT((1 2), (3 4))
        if not reader.has("("):
            return position()
        read = position()
        reader.take(")")
        return read

    if word == "point":
        reader.take("(")
        read = position()
        reader.take(")")
        return read
    return {
        "linestring": line,
        "polygon": polygon,
        "multipoint": lambda: _list(reader, point),
        "multilinestring": polygon,
        "multipolygon": lambda: _list(reader, polygon),
    }[word]()


def _position(reader: Reader) -> list[float]:
    numbers = [reader.number(), reader.number()]
    while reader.next.kind == "number" or reader.next.value in {"-", "+"}:
        reader.number()
        if len(numbers) > 4:
            raise ValueError("a position has two to four numbers")
    return numbers


def _list[T](reader: Reader, read: Callable[[], T]) -> list[T]:
    reader.take("(")
    found = [read()]
    while reader.has(","):
        found.append(read())
    reader.take(")")
    return found
