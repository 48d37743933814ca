"""What an expression is compiled in: the collection that it filters, and the values that it binds."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from psycopg import sql

from territoire.core.derive.tileset import Bounds
from territoire.core.errors import RequestError
from territoire.core.models import Column, Dataset
from territoire.query.cql2 import tree
from territoire.query.cql2.tree import Node, Property
from territoire.query.model import Filter, Value

Kind = Literal["text", "number", "boolean", "date", "timestamp"]
#: Names under which the geometry is known: that of the queryables, and the column's own.
GEOMETRIES = ("geometry", "geom")


class Binder(Protocol):
    """Takes values out of the SQL: territoire.query.items.Binder."""

    def bind(self, value: Value, column_type: str) -> sql.Composed:
        """Return a placeholder for `value`, cast to a column's type."""
        ...


@dataclass(frozen=True, slots=True)
class Scope:
    """The collection, the filter and the binder; `extent` is that of the generation, in the data's CRS."""

    dataset: Dataset
    filter: Filter
    extent: Bounds | None
    binder: Binder

    def refuse(self, node: Node, message: str, remedy: str = "") -> RequestError:
        """Return the refusal of a part of the filter."""
        return tree.refusal(self.filter.text, node.at, message, remedy)

    def is_geometry(self, node: Node) -> bool:
        """True if the node names the geometry of the features: a column of that name comes first."""
        return (
            isinstance(node, Property)
            and node.name in GEOMETRIES
            and self.dataset.geometry is not None
            and all(column.name != node.name for column in self.dataset.columns)
        )

    def column(self, node: Property) -> Column:
        """Return a queryable column; the refusal of another names the nearest ones (/req/queryables)."""
        names = [column.name for column in self.dataset.columns if column.queryable]
        if node.name in names:
            return self.dataset.column(node.name)
        if self.is_geometry(node):
            raise self.refuse(node, f"{node.name} is a geometry", "write S_INTERSECTS(geometry, BBOX(5,43,6,44))")
        known = [*names, GEOMETRIES[0]] if self.dataset.geometry else names
        raise self.refuse(node, f"{node.name[:60]!r} is not a queryable property", nearest(node.name, known))


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which known words are nearest to `word`."""
    names = list(known)
    close = difflib.get_close_matches(word[:60].lower(), names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(names)}"


def arguments(scope: Scope, node: tree.Operation, count: int) -> tuple[Node, ...]:
    """Return the arguments of an operation, which must be `count`."""
    if len(node.args) != count:
        raise scope.refuse(node, f"{node.op.upper()} takes {count} arguments, not {len(node.args)}")
    return node.args
