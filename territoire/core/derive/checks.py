"""The checks that a new generation must pass before it is published, as SQL over the whole table."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from territoire.core.derive import table
from territoire.core.models import Dataset


@dataclass(frozen=True, slots=True)
class Check:
    """One check: a query that gives a number, and the range in which it must lie."""

    name: str
    expected: str
    query: sql.Composed
    lowest: float = 0
    highest: float = 0


def derive(dataset: Dataset, generation: int, *, published_rows: int | None) -> list[Check]:
    """Return the checks of a generation; those on other datasets (references) are apart."""
    name = table.table(dataset.id, generation)
    count = sql.SQL("select count(*) from {}").format(name)
    most = float("inf")
    checks = [Check("min_rows", f"at least {dataset.checks.min_rows} rows", count, dataset.checks.min_rows, most)]
    if published_rows:
        floor = published_rows * (1 - dataset.checks.max_drop)
        expected = f"at least {floor:.0f} rows ({published_rows} are published, max_drop {dataset.checks.max_drop})"
        checks.append(Check("max_drop", expected, count, floor, most))
    checks.extend(_unique(name, group) for group in dataset.checks.unique)
    if dataset.geometry:
        valid = sql.SQL("select count(*) from {} where not public.st_isvalid(geom)").format(name)
        checks.append(Check("geometry_valid", "0 invalid geometries", valid))
    return checks


def references(dataset: Dataset, generation: int, published: dict[str, int]) -> list[Check]:
    """Return the checks on other datasets, for those that are published (dataset -> generation)."""
    checks: list[Check] = []
    for reference in dataset.checks.references:
        if reference.dataset not in published:
            continue
        query = sql.SQL(
            "select count(*) from {} as a where a.{} is not null"
            " and not exists (select 1 from {} as b where b.{} = a.{})"
        ).format(
            table.table(dataset.id, generation),
            sql.Identifier(reference.column),
            table.table(reference.dataset, published[reference.dataset]),
            sql.Identifier(reference.to),
            sql.Identifier(reference.column),
        )
        expected = f"0 values of {reference.column} that {reference.dataset}.{reference.to} lacks"
        checks.append(Check(f"reference_{reference.column}", expected, query))
    return checks


def _unique(name: sql.Identifier, group: tuple[str, ...]) -> Check:
    columns = sql.SQL(", ").join(sql.Identifier(column) for column in group)
    query = sql.SQL("select count(*) from (select 1 from {} group by {} having count(*) > 1) as twice").format(
        name, columns
    )
    return Check(f"unique_{'_'.join(group)}", f"0 combinations of {', '.join(group)} that stand twice", query)
