"""Writes values as SQL: columns, literals of the type that they are compared with, CASEI, ACCENTI, arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from territoire.core.errors import RequestError
from territoire.core.models import Column, ColumnType, Localised
from territoire.query import values
from territoire.query.cql2.scope import Kind, Scope, arguments
from territoire.query.cql2.tree import Instant, Literal, Node, Operation, Property

_KINDS: dict[ColumnType, Kind] = {
    "text": "text",
    "integer": "number",
    "bigint": "number",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}
_EXAMPLES: dict[Kind, str] = {
    "text": "'Arles'",
    "number": "42",
    "boolean": "TRUE",
    "date": "DATE('2026-01-31')",
    "timestamp": "TIMESTAMP('2026-01-31T12:00:00Z')",
}
_FRENCH = sql.SQL(' collate "fr-x-icu"')
_NUMBERS: dict[str, sql.SQL] = {
    "+": sql.SQL("({a} + {b})"),
    "-": sql.SQL("({a} - {b})"),
    "*": sql.SQL("({a} * {b})"),
    # what cannot be divided is unknown, and fails no other row
    "/": sql.SQL("({a} / nullif({b}, 0))"),
    "div": sql.SQL("trunc({a} / nullif({b}, 0))"),
    "%": sql.SQL("mod({a}::numeric, nullif({b}, 0)::numeric)::double precision"),
    "^": sql.SQL("power({a}, {b})"),
}
FUNCTIONS = ("casei", "accenti")
ARITHMETIC = tuple(_NUMBERS)


@dataclass(frozen=True, slots=True)
class Typed:
    """SQL of a value, its type, and how a refusal calls it."""

    sql: sql.Composed
    type: ColumnType
    name: str

    @property
    def kind(self) -> Kind:
        """Family of the type: what it can be compared with."""
        return _KINDS[self.type]


def is_literal(node: Node) -> bool:
    """True for a value that takes the type of what it is compared with."""
    return isinstance(node, Literal | Instant)


def column(scope: Scope, node: Property) -> Typed:
    """Write a queryable column."""
    declared = scope.column(node)
    return Typed(sql.SQL("v.{}").format(sql.Identifier(declared.name)), declared.type, declared.name)


def typed(scope: Scope, node: Node) -> Typed:
    """Write a value with its own type."""
    match node:
        case Property():
            return column(scope, node)
        case Literal() | Instant():
            return literal(scope, node, _own_type(scope, node))
        case Operation() if node.op in FUNCTIONS:
            return _folded(scope, node)
        case Operation() if node.op in _NUMBERS:
            return _computed(scope, node)
        case _:
            raise scope.refuse(node, "a value was expected: a property, a literal, a function or arithmetic")


def literal(scope: Scope, node: Node, like: Typed) -> Typed:
    """Bind a literal as a value of the type of `like`; a wrong type is refused with an example."""
    match node:
        case Literal(value=None):
            raise scope.refuse(node, "nothing equals NULL", "write IS NULL")
        case Literal(value=bool() as value) if like.kind == "boolean":
            return Typed(scope.binder.bind(value, "boolean"), "boolean", like.name)
        case Literal(value=(int() | float()) as value) if like.kind == "number" and not isinstance(value, bool):
            kind = _number_type(value, like.type)
            bound = scope.binder.bind(value if kind == "bigint" else float(value), kind)
            return Typed(bound, kind, like.name)
        case Literal(value=str() as value) if like.kind == "text":
            return Typed(scope.binder.bind(value, "text"), "text", like.name)
        case Literal(value=str() as value) if like.kind in {"date", "timestamp"}:
            return Typed(scope.binder.bind(moment(scope, node, like.type, value), like.type), like.type, like.name)
        case Instant() if like.kind in {"date", "timestamp"}:
            return Typed(scope.binder.bind(moment(scope, node, node.kind, node.text), node.kind), node.kind, like.name)
        case _:
            raise scope.refuse(
                node, f"{like.name} is of type {like.type}, and this is not", f"write it as {_EXAMPLES[like.kind]}"
            )


def moment(scope: Scope, node: Node, kind: ColumnType, text: str) -> str:
    """Return a date or a time as text, in UTC."""
    try:
        value = values.parse(Column(name="instant", type=kind, title=Localised(fr="Instant")), text, where=kind)
    except RequestError as exc:
        raise scope.refuse(node, exc.message, f"write it as {_EXAMPLES[_KINDS[kind]]}") from exc
    return value.isoformat() if isinstance(value, datetime) else str(value)


def at_midnight(value: Typed) -> Typed:
    """Write a date as the instant at which its day begins, UTC."""
    if value.type != "date":
        return value
    return Typed(sql.SQL("({}::timestamp at time zone 'UTC')").format(value.sql), "timestamp", value.name)


def collated(value: Typed) -> sql.Composed:
    """Write a value so that texts are ordered as a French dictionary does."""
    return sql.SQL("({}{})").format(value.sql, _FRENCH) if value.kind == "text" else value.sql


def pair(
    scope: Scope, left: Node, right: Node, typed_as: Callable[[Scope, Node], Typed] = typed
) -> tuple[Typed, Typed]:
    """Write two values that are compared: a literal takes the other's type, a date beside a time is its midnight."""
    if is_literal(left) and not is_literal(right):
        second = typed_as(scope, right)
        first = literal(scope, left, second)
    else:
        first = typed_as(scope, left)
        second = literal(scope, right, first) if is_literal(right) else typed_as(scope, right)
    if {first.kind, second.kind} == {"date", "timestamp"}:
        return at_midnight(first), at_midnight(second)
    if first.kind != second.kind:
        raise scope.refuse(
            right,
            f"{first.name} is of type {first.type} and {second.name} of type {second.type}",
            "compare like with like",
        )
    return first, second


def _own_type(scope: Scope, node: Literal | Instant) -> Typed:
    kind: ColumnType
    match node:
        case Instant():
            kind = node.kind
        case Literal(value=bool()):
            kind = "boolean"
        case Literal(value=str()):
            kind = "text"
        case Literal(value=None):
            raise scope.refuse(node, "nothing equals NULL", "write IS NULL")
        case Literal():
            kind = "number"
    return Typed(sql.SQL("null").format(), kind, "the literal")


def _number_type(value: float, like: ColumnType) -> ColumnType:
    # exact as an integer, so that an index on an integer serves; anything else is compared as a double
    exact = isinstance(value, int) or value.is_integer()
    return "bigint" if exact and like != "number" and -(2**63) <= value < 2**63 else "number"


def _folded(scope: Scope, node: Operation) -> Typed:
    """Write CASEI and ACCENTI (/req/case-insensitive-comparison, /req/accent-insensitive-comparison)."""
    (inner,) = arguments(scope, node, 1)
    value = typed(scope, inner)
    if value.kind != "text":
        raise scope.refuse(inner, f"{node.op.upper()} takes a text, and {value.name} is of type {value.type}")
    if node.op == "casei":
        # the collation's own rules: the database's know ASCII only
        return Typed(sql.SQL("lower({}{})").format(value.sql, _FRENCH), "text", value.name)
    # letters and their accents apart (NFD), the accents left out: no extension is needed
    marks = sql.Literal("[\u0300-\u036f]")
    written = sql.SQL("regexp_replace(normalize({}, nfd), {}, '', 'g')").format(value.sql, marks)
    return Typed(written, "text", value.name)


def _computed(scope: Scope, node: Operation) -> Typed:
    """Write arithmetic, always in double precision: integers cannot overflow (/req/arithmetic)."""
    operands: list[sql.Composed] = []
    for arg in arguments(scope, node, 2):
        value = typed(scope, arg)
        if value.kind != "number":
            raise scope.refuse(arg, f"{node.op} takes numbers, and {value.name} is of type {value.type}")
        operands.append(sql.SQL("{}::double precision").format(value.sql))
    written = _NUMBERS[node.op].format(a=operands[0], b=operands[1])
    return Typed(written, "number", "the computed value")
