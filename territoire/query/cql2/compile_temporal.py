"""Writes temporal functions as SQL (OGC 21-065r2, /req/temporal-functions)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf

from psycopg import sql

from territoire.query.cql2 import compile_scalar
from territoire.query.cql2.compile_scalar import Typed
from territoire.query.cql2.scope import Scope, arguments
from territoire.query.cql2.tree import Instant, Literal, Node, Operation, Property, Span

#: a and b are the operands, s and e their start and end; intervals are closed at both ends.
_FUNCTIONS = {
    "t_after": sql.SQL("{as} > {be}"),
    "t_before": sql.SQL("{ae} < {bs}"),
    "t_disjoint": sql.SQL("{as} > {be} or {ae} < {bs}"),
    "t_equals": sql.SQL("{as} = {bs} and {ae} = {be}"),
    "t_intersects": sql.SQL("{as} <= {be} and {ae} >= {bs}"),
    "t_contains": sql.SQL("{as} < {bs} and {ae} > {be}"),
    "t_during": sql.SQL("{as} > {bs} and {ae} < {be}"),
    "t_finishedby": sql.SQL("{as} < {bs} and {ae} = {be}"),
    "t_finishes": sql.SQL("{as} > {bs} and {ae} = {be}"),
    "t_meets": sql.SQL("{ae} = {bs}"),
    "t_metby": sql.SQL("{as} = {be}"),
    "t_overlappedby": sql.SQL("{as} > {bs} and {as} < {be} and {ae} > {be}"),
    "t_overlaps": sql.SQL("{as} < {bs} and {ae} > {bs} and {ae} < {be}"),
    "t_startedby": sql.SQL("{as} = {bs} and {ae} > {be}"),
    "t_starts": sql.SQL("{as} = {bs} and {ae} < {be}"),
}
_OF_INSTANTS_TOO = frozenset({"t_after", "t_before", "t_disjoint", "t_equals", "t_intersects"})
NAMES = {**{name: name for name in _FUNCTIONS}, "anyinteracts": "t_intersects"}
_Grain = OneOf["date", "timestamp"]


@dataclass(frozen=True, slots=True)
class _Times:
    """An operand: where it starts and ends, None for an open end."""

    start: Typed | None
    end: Typed | None


def condition(scope: Scope, node: Operation) -> sql.Composed:
    """Write one temporal function; a date beside times is its whole day, UTC."""
    name = NAMES[node.op]
    args = arguments(scope, node, 2)
    if name not in _OF_INSTANTS_TOO:
        for arg in args:
            if not isinstance(arg, Span):
                raise scope.refuse(
                    arg,
                    f"{name.upper()} takes intervals on both sides",
                    "write T_DURING(INTERVAL(debut, fin), INTERVAL('2026-01-01', '2026-12-31')), or T_INTERSECTS",
                )
    first, second = (_times(scope, arg) for arg in args)
    bounds = [bound for times in (first, second) for bound in (times.start, times.end) if bound]
    grain: _Grain = "timestamp" if any(bound.type == "timestamp" for bound in bounds) else "date"
    a_start, a_end, b_start, b_end = (
        _bound(times, grain, last=last) for times in (first, second) for last in (False, True)
    )
    written = _FUNCTIONS[name].format(**{"as": a_start, "ae": a_end, "bs": b_start, "be": b_end})
    return sql.SQL("({})").format(written)


def _times(scope: Scope, node: Node) -> _Times:
    if isinstance(node, Span):
        start = _instant(scope, node.start) if node.start else None
        end = _instant(scope, node.end) if node.end else None
        return _Times(start, end)
    instant = _instant(scope, node)
    return _Times(instant, instant)


def _instant(scope: Scope, node: Node) -> Typed:
    match node:
        case Property():
            value = compile_scalar.column(scope, node)
            if value.kind in {"date", "timestamp"}:
                return value
            raise scope.refuse(node, f"{value.name} is of type {value.type}, not a date or a time")
        case Instant():
            return compile_scalar.typed(scope, node)
        case Literal(value=str() as text):
            kind = "date" if len(text) == 10 else "timestamp"
            return compile_scalar.typed(scope, Instant(kind, text, node.at))
        case _:
            raise scope.refuse(
                node,
                "a date, a time or an interval was expected",
                "write DATE('2026-01-31'), TIMESTAMP('2026-01-31T12:00:00Z') or INTERVAL('2026-01-01', '..')",
            )


def _bound(times: _Times, grain: _Grain, *, last: bool) -> sql.Composed:
    bound = times.end if last else times.start
    if bound is None:
        infinite = sql.Literal("infinity" if last else "-infinity")
        return sql.SQL("{}::{}").format(infinite, sql.SQL("date" if grain == "date" else "timestamptz"))
    if bound.type == grain:
        return bound.sql
    midnight = compile_scalar.at_midnight(bound).sql
    return sql.SQL("({} + interval '1 day - 1 microsecond')").format(midnight) if last else midnight
