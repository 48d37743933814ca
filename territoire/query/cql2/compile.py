"""Compiles the tree of a filter to a condition in SQL: identifiers quoted, values bound, nothing passed through."""

from __future__ import annotations

from collections.abc import Callable

from psycopg import sql

from territoire.core.derive.tileset import Bounds
from territoire.core.models import Dataset
from territoire.query.cql2 import compile_scalar, compile_spatial, compile_temporal
from territoire.query.cql2.compile_scalar import Typed
from territoire.query.cql2.scope import Binder, Scope, arguments, nearest
from territoire.query.cql2.tree import Literal, Node, Operation, Property, Several
from territoire.query.model import Filter, Value

__all__ = ["check", "condition"]

_COMPARISONS = {op: sql.SQL(op) for op in ("=", "<>", "<", ">", "<=", ">=")}
_JOINTS = {"and": sql.SQL(" and "), "or": sql.SQL(" or ")}


class _Nowhere:
    """A binder whose statement nobody runs."""

    def bind(self, value: Value, column_type: str) -> sql.Composed:
        """Forget the value."""
        return sql.SQL("null").format()


def check(wanted: Filter, dataset: Dataset) -> None:
    """Refuse a filter that the collection cannot answer, before anything is asked of the database."""
    condition(wanted, dataset, None, _Nowhere())


def condition(wanted: Filter, dataset: Dataset, extent: Bounds | None, binder: Binder) -> sql.Composed:
    """Write the condition that a feature `v` must fulfil; unknown (null) is not fulfilled, as in SQL."""
    return _condition(Scope(dataset, wanted, extent, binder), wanted.root)


def _condition(scope: Scope, node: Node) -> sql.Composed:
    match node:
        case Literal(value=bool() as value):
            return sql.SQL("true" if value else "false").format()
        case Property():
            value = compile_scalar.column(scope, node)
            if value.kind == "boolean":
                return value.sql
            raise scope.refuse(node, f"{value.name} alone is no condition", f"compare it, as {value.name} = ...")
        case Operation():
            return _operation(scope, node)
        case _:
            raise scope.refuse(node, "a condition was expected", "write nom = 'Arles' AND population > 1000, or TRUE")


def _operation(scope: Scope, node: Operation) -> sql.Composed:
    if node.op in _COMPARISONS:
        return _comparison(scope, node)
    if node.op in _WRITERS:
        return _WRITERS[node.op](scope, node)
    if node.op in compile_spatial.NAMES:
        return compile_spatial.condition(scope, node)
    if node.op in compile_temporal.NAMES:
        return compile_temporal.condition(scope, node)
    if node.op in compile_scalar.FUNCTIONS or node.op in compile_scalar.ARITHMETIC:
        raise scope.refuse(
            node, f"{node.op.upper()} alone is no condition", "compare it, as CASEI(nom) = CASEI('arles')"
        )
    known = [*compile_scalar.FUNCTIONS, *compile_spatial.NAMES, *compile_temporal.NAMES]
    raise scope.refuse(node, f"there is no function {node.op[:60]!r}", nearest(node.op, known))


def _logical(scope: Scope, node: Operation) -> sql.Composed:
    if len(node.args) < 2:
        raise scope.refuse(node, f"{node.op.upper()} joins two conditions or more")
    written = [_condition(scope, arg) for arg in node.args]
    return sql.SQL("({})").format(_JOINTS[node.op].join(written))


def _not(scope: Scope, node: Operation) -> sql.Composed:
    (inner,) = arguments(scope, node, 1)
    return sql.SQL("(not {})").format(_condition(scope, inner))


def _comparison(scope: Scope, node: Operation) -> sql.Composed:
    left, right = arguments(scope, node, 2)
    first, second = compile_scalar.pair(scope, left, right, _value)
    if node.op in {"=", "<>"}:
        return sql.SQL("({} {} {})").format(first.sql, _COMPARISONS[node.op], second.sql)
    written = compile_scalar.collated(first), _COMPARISONS[node.op], compile_scalar.collated(second)
    return sql.SQL("({} {} {})").format(*written)


def _value(scope: Scope, node: Node) -> Typed:
    """Write a value; a condition is one too, of type boolean."""
    if isinstance(node, Operation) and node.op not in (*compile_scalar.FUNCTIONS, *compile_scalar.ARITHMETIC):
        return Typed(_condition(scope, node), "boolean", "the condition")
    return compile_scalar.typed(scope, node)


def _is_null(scope: Scope, node: Operation) -> sql.Composed:
    (inner,) = arguments(scope, node, 1)
    written = sql.SQL("v.geom").format() if scope.is_geometry(inner) else _value(scope, inner).sql
    return sql.SQL("({} is null)").format(written)


def _like(scope: Scope, node: Operation) -> sql.Composed:
    """Write LIKE: % any characters, _ one, a backslash before a character that means itself."""
    left, right = arguments(scope, node, 2)
    first, second = compile_scalar.pair(scope, left, right)
    if first.kind != "text":
        raise scope.refuse(left, f"LIKE takes texts, and {first.name} is of type {first.type}", "use = or BETWEEN")
    pattern = right
    while isinstance(pattern, Operation) and len(pattern.args) == 1:
        pattern = pattern.args[0]
    if not isinstance(pattern, Literal) or not isinstance(pattern.value, str):
        raise scope.refuse(right, "the pattern of LIKE is a text", "write nom LIKE 'Saint-%'")
    if (len(pattern.value) - len(pattern.value.rstrip("\\"))) % 2:
        raise scope.refuse(right, "the pattern ends in a backslash that escapes nothing", r"double it: '\\'")
    return sql.SQL("({} like {})").format(first.sql, second.sql)


def _between(scope: Scope, node: Operation) -> sql.Composed:
    value, lower, upper = arguments(scope, node, 3)
    parts = (Operation(">=", (value, lower), node.at), Operation("<=", (value, upper), node.at))
    return sql.SQL("({})").format(sql.SQL(" and ").join(_comparison(scope, part) for part in parts))


def _in(scope: Scope, node: Operation) -> sql.Composed:
    value, several = arguments(scope, node, 2)
    if not isinstance(several, Several) or not several.values:
        raise scope.refuse(node, "IN takes a list of values", "write code_departement IN ('13', '84')")
    if not compile_scalar.is_literal(value) and all(map(compile_scalar.is_literal, several.values)):
        left = _value(scope, value)
        found = [compile_scalar.literal(scope, item, left) for item in several.values]
        if {item.kind for item in found} == {left.kind}:
            # the usual list, of which there may be thousands: the left side is written once
            return sql.SQL("({} in ({}))").format(left.sql, sql.SQL(", ").join(item.sql for item in found))
    pairs = [compile_scalar.pair(scope, value, item, _value) for item in several.values]
    kinds = {first.type for first, _ in pairs}
    if len(kinds) > 1:
        # dates and times in one list: each comparison has its own left side
        return sql.SQL("({})").format(sql.SQL(" or ").join(sql.SQL("{} = {}").format(a.sql, b.sql) for a, b in pairs))
    listed = sql.SQL(", ").join(second.sql for _, second in pairs)
    return sql.SQL("({} in ({}))").format(pairs[0][0].sql, listed)


_WRITERS: dict[str, Callable[[Scope, Operation], sql.Composed]] = {
    "and": _logical,
    "or": _logical,
    "not": _not,
    "isnull": _is_null,
    "like": _like,
    "between": _between,
    "in": _in,
}
