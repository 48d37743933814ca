"""Writes the tree of a filter as ECQL, the language that GeoServer reads, for data that stay at their producer.

The filter has been checked against its collection (compile.check): here only what ECQL cannot say is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import shapely

from territoire.core.models import Dataset
from territoire.query.cql2 import compile_spatial, compile_temporal
from territoire.query.cql2.scope import Scope, arguments
from territoire.query.cql2.tree import Box, Instant, Literal, Node, Operation, Property, Several, Shape, Span
from territoire.query.model import Filter

__all__ = ["expression", "quoted"]

_COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">="})
_ARITHMETIC = frozenset({"+", "-", "*", "/"})
_DEGREES = 7
#: INCLUDE, ECQL's own word, may not stand within AND.
_TRUE = "(1 = 1)"
#: Instants and closed intervals: s and e are where an operand starts and ends.
_TIMES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "t_after": (("as", ">", "be"),),
    "t_before": (("ae", "<", "bs"),),
    "t_equals": (("as", "=", "bs"), ("ae", "=", "be")),
    "t_intersects": (("as", "<=", "be"), ("ae", ">=", "bs")),
}


class _Unbound:
    """A binder that is never asked: literals are written, not bound."""

    def bind(self, value: object, column_type: str) -> object:
        """Refuse: reaching it is a fault of this module."""
        raise AssertionError(f"{column_type} {value!r} was to be bound")


def expression(wanted: Filter, dataset: Dataset, *, geometry: str | None, fields: Mapping[str, str]) -> str:
    """Return the filter in ECQL.

    `geometry` is the source's geometry field, `fields` gives the source's field of each column. RequestError names
    the place of what ECQL has no word for.
    """
    scope = Scope(dataset, wanted, None, _Unbound())  # pyright: ignore[reportArgumentType]
    return _Writer(scope, geometry, fields).condition(wanted.root)


def quoted(value: str | float | datetime) -> str:
    """Write a value as a literal of ECQL: a quote in a text is doubled, nothing else has a meaning in it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
    return "'" + text.replace("'", "''") + "'"


class _Writer:
    def __init__(self, scope: Scope, geometry: str | None, fields: Mapping[str, str]) -> None:
        self._scope, self._geometry, self._fields = scope, geometry, fields

    def condition(self, node: Node) -> str:
        """Write a condition, in parentheses where it has parts."""
        match node:
            case Literal(value=bool() as value):
                return _TRUE if value else f"(NOT {_TRUE})"
            case Property():
                return f"({self._field(node)} = true)"
            case Operation(op=("and" | "or") as joint):
                return "(" + f" {joint.upper()} ".join(map(self.condition, node.args)) + ")"
            case Operation(op="not"):
                return f"(NOT {self.condition(node.args[0])})"
            case Operation(op="isnull"):
                inner = node.args[0]
                named = self._geometry if self._scope.is_geometry(inner) else self._value(inner)
                return f"({named} IS NULL)"
            case Operation(op="like"):
                return f"({self._value(node.args[0])} LIKE {self._value(node.args[1])})"
            case Operation(op="between"):
                value, lower, upper = map(self._value, node.args)
                return f"({value} BETWEEN {lower} AND {upper})"
            case Operation(op="in", args=(value, Several(values=several))):
                return f"({self._value(value)} IN ({', '.join(map(self._value, several))}))"
            case Operation() if node.op in _COMPARISONS:
                return f"({self._value(node.args[0])} {node.op} {self._value(node.args[1])})"
            case Operation() if node.op in compile_spatial.NAMES:
                return self._spatial(node)
            case Operation() if node.op in compile_temporal.NAMES:
                return self._temporal(node)
            case _:
                raise self._unknown(node)

    def _value(self, node: Node) -> str:
        match node:
            case Property():
                return self._field(node)
            case Literal(value=str() | int() | float() as value):
                return quoted(value)
            case Instant(text=text):
                return quoted(text)
            case Operation(op="casei", args=(Literal(value=str() as text),)):
                return quoted(text.lower())
            case Operation(op="casei"):
                return f"strToLowerCase({self._value(node.args[0])})"
            case Operation() if node.op in _ARITHMETIC:
                return f"({self._value(node.args[0])} {node.op} {self._value(node.args[1])})"
            case _:
                raise self._unknown(node)

    def _field(self, node: Property) -> str:
        # a field of the source may hold any character: quoted, so that it stays a name
        return '"' + self._fields[self._scope.column(node).name].replace('"', "") + '"'

    def _spatial(self, node: Operation) -> str:
        name = compile_spatial.NAMES[node.op].removeprefix("s_").upper()
        first, second = arguments(self._scope, node, 2)
        if not self._scope.is_geometry(first) and self._scope.is_geometry(second):
            # ECQL wants the field first; each of these has its converse
            name = {"WITHIN": "CONTAINS", "CONTAINS": "WITHIN"}.get(name, name)
            first, second = second, first
        if not self._scope.is_geometry(first) or not isinstance(second, Shape | Box) or self._geometry is None:
            raise self._scope.refuse(
                node, "the source compares its geometry with a literal", "write S_INTERSECTS(geometry, BBOX(5,43,6,44))"
            )
        shape = compile_spatial.literal(self._scope, second)
        crs = self._scope.filter.crs
        # with its SRID, x comes first whatever the authority says (GeoServer's EWKT)
        srid = 4326 if crs.decimals == _DEGREES else crs.srid
        return f"{name}({self._geometry}, SRID={srid};{shapely.to_wkt(shape, rounding_precision=-1)})"

    def _temporal(self, node: Operation) -> str:
        name = compile_temporal.NAMES[node.op]
        comparisons = _TIMES.get(name) or (_TIMES["t_intersects"] if name == "t_disjoint" else None)
        if comparisons is None:
            raise self._unknown(node)
        a, b = arguments(self._scope, node, 2)
        ends = {"as": self._end(a, last=False), "ae": self._end(a, last=True)}
        ends |= {"bs": self._end(b, last=False), "be": self._end(b, last=True)}
        parts = [f"{ends[x]} {op} {ends[y]}" for x, op, y in comparisons if ends[x] and ends[y]]
        written = f"({' AND '.join(parts)})" if parts else _TRUE
        return f"(NOT {written})" if name == "t_disjoint" else written

    def _end(self, node: Node, *, last: bool) -> str | None:
        """Write where an operand starts or ends; None where it is open."""
        if isinstance(node, Span):
            node_end = node.end if last else node.start
            return None if node_end is None else self._end(node_end, last=last)
        return self._value(node)

    def _unknown(self, node: Node) -> Exception:
        name = node.op.upper() if isinstance(node, Operation) else type(node).__name__
        return self._scope.refuse(
            node,
            f"{name} cannot be asked of the producer's service, where these data stay",
            "use comparisons, LIKE, IN, BETWEEN, CASEI, + - * /, spatial functions, T_AFTER, T_BEFORE, T_INTERSECTS",
        )
