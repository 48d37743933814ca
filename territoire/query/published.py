"""Reads what is published: the pointer, and the generations that may still be walked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString

from territoire.core.derive.tileset import Bounds
from territoire.core.models import Dataset
from territoire.query.model import MARK, Generation

_COLUMNS: LiteralString = (
    "dataset, generation, declaration, rows, extent_native, extent_crs84, millesime, created_at, published_at"
)
#: The pointer alone, cheap enough for every second.
POINTER: LiteralString = "select dataset, generation, published_at from api.published"
CURRENT: LiteralString = "select " + _COLUMNS + " from api.published order by dataset"  # noqa: S608 - constants
ONE: LiteralString = "select " + _COLUMNS + " from api.generations where dataset = %s and generation = %s"  # noqa: S608


def generation(row: Sequence[Any]) -> Generation:  # a database row has many types
    """Read one row of CURRENT or ONE; the declaration is the one that the generation was built with."""
    _, number, declaration, rows, native, crs84, millesime, created_at, published_at = row
    return Generation(
        dataset=Dataset.model_validate(declaration),
        number=number,
        rows=rows,
        extent_native=_bounds(native),
        extent_crs84=_bounds(crs84),
        millesime=millesime,
        created_at=created_at,
        published_at=published_at,
    )


def number(mark: str) -> int | None:
    """Return the number in a generation's mark, to look for it with ONE; None for what no mark is."""
    found = MARK.fullmatch(mark)
    # etl.generations counts in integers
    return int(found[1]) if found and int(found[1]) < 2**31 else None


def _bounds(values: list[float] | None) -> Bounds | None:
    if values is None:
        return None
    west, south, east, north = values
    return west, south, east, north
