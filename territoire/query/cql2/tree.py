"""The tree of a CQL2 expression, the same whichever encoding it came in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal as OneOf

from territoire.core.errors import RequestError

#: Levels of nesting, and characters, that a filter may have: parsing and compiling are recursive.
MAX_DEPTH = 64
MAX_LENGTH = 16_384
MAX_OPERATORS = 500


def _place() -> int:
    return field(default=-1, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Property:
    """A property of the features; `at` is its place in the text, -1 where there is none."""

    name: str
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, number, boolean or null."""

    value: str | int | float | bool | None
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Instant:
    """DATE('...') or TIMESTAMP('...')."""

    kind: OneOf["date", "timestamp"]
    text: str
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Span:
    """INTERVAL(start, end); None is an open end, '..'."""

    start: Node | None
    end: Node | None
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Shape:
    """A geometry as the text of a GeoJSON geometry, in the axis order of filter-crs."""

    geojson: str
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Box:
    """BBOX(...): four numbers in the axis order of filter-crs."""

    numbers: tuple[float, float, float, float]
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Several:
    """A list of values, as IN takes it."""

    values: tuple[Node, ...]
    at: int = _place()


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator or a function, by its lower-case name, with its arguments."""

    op: str
    args: tuple[Node, ...]
    at: int = _place()


Node = Property | Literal | Instant | Span | Shape | Box | Several | Operation


def refusal(text: str, at: int, message: str, remedy: str = "") -> RequestError:
    """Return the refusal of a filter, with the place in its text where there is one."""
    place = ""
    if 0 <= at <= len(text):
        line = text.count("\n", 0, at) + 1
        column = at - (text.rfind("\n", 0, at) + 1) + 1
        place = f" at line {line}, column {column}"
    return RequestError(f"filter{place}: {message}", remedy=remedy)


def check_depth(root: Node, text: str) -> None:
    """Refuse a tree that is too deep or too large, without recursion."""
    level, depth, operations = [root], 0, 0
    while level:
        depth += 1
        operations += sum(isinstance(node, Operation) for node in level)
        if depth > MAX_DEPTH or operations > MAX_OPERATORS:
            raise refusal(
                text,
                level[0].at,
                f"more than {MAX_DEPTH} levels of nesting or {MAX_OPERATORS} operators",
                "ask a simpler question, or use IN for many values",
            )
        level = [child for node in level for child in _children(node)]


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Operation():
            return node.args
        case Several():
            return node.values
        case Span():
            return tuple(end for end in (node.start, node.end) if end is not None)
        case _:
            return ()
