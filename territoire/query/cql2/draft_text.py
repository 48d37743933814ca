"""Reads CQL text as its draft of 2021 had it, the only filter that GDAL writes (filter-lang=cql-text)."""

from __future__ import annotations

import re
from dataclasses import replace

from territoire.core.models import ColumnType, Dataset
from territoire.query.cql2 import text as cql2_text
from territoire.query.cql2.tree import Literal, Node, Operation, Property

_COMPARED = frozenset({"=", "<>", "<", ">", "<=", ">="})
_SHORTENED = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})T((?P<hour>\d{2})(:(?P<minute>\d{2}))?Z)?")


def parse(written: str, dataset: Dataset) -> Node:
    """Return the tree of a filter as GDAL writes it; RequestError names line, column and what was expected.

    It is CQL2 text but for four things: ILIKE, a backslash that means itself in a pattern, 1 and 0 for true and
    false, and times that lack what was not asked for, as '2026-01-31T'.
    """
    return _translated(cql2_text.parse(written, ilike=True), dataset)


def _translated(node: Node, dataset: Dataset) -> Node:
    if not isinstance(node, Operation):
        return node
    match node:
        case Operation(op="like", args=args):
            return replace(node, args=tuple(map(_pattern, args)))
        case Operation(op="ilike", args=args):
            folded = tuple(Operation("casei", (_pattern(arg),), node.at) for arg in args)
            return Operation("like", folded, node.at)
        case Operation(op=op, args=(Property(name=name) as left, Literal() as right)) if op in _COMPARED:
            kinds: dict[str, ColumnType] = {column.name: column.type for column in dataset.columns}
            return replace(node, args=(left, _literal(right, kinds.get(name))))
        case _:
            return replace(node, args=tuple(_translated(arg, dataset) for arg in node.args))


def _pattern(node: Node) -> Node:
    """Return a pattern in which a backslash means itself."""
    if isinstance(node, Literal) and isinstance(node.value, str):
        return replace(node, value=node.value.replace("\\", r"\\"))
    return node


def _literal(literal: Literal, kind: ColumnType | None) -> Literal:
    """Return a literal as a column of type `kind` is compared with in CQL2."""
    value = literal.value
    if kind == "boolean" and value in {0, 1}:
        return replace(literal, value=bool(value))
    if kind in {"date", "timestamp"} and isinstance(value, str) and (found := _SHORTENED.fullmatch(value)):
        return replace(literal, value=f"{found['day']}T{found['hour'] or '00'}:{found['minute'] or '00'}:00Z")
    return literal
