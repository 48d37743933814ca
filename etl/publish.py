"""Publish: checks a new generation, moves the pointer, takes it back; and prunes what no reader can need."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import errors, sql

from etl import ledger
from territoire.core.database import Connection
from territoire.core.derive import checks, table
from territoire.core.errors import CheckError, LoadError
from territoire.core.models import Dataset

CHANNEL = "territoire_published"


@dataclass(frozen=True, slots=True)
class Published:
    """What the pointer says of a dataset."""

    generation: int
    previous: int | None
    held_digest: str | None
    rows: int
    fingerprint: str
    millesime: str | None


def published(connection: Connection, dataset: str) -> Published | None:
    """Return what is published of a dataset, None before the first load."""
    row = connection.execute(
        "select p.generation, p.previous, p.held_digest, g.rows, g.fingerprint, g.millesime from etl.published as p"
        " inner join etl.generations as g using (dataset, generation) where p.dataset = %s",
        [dataset],
    ).fetchone()
    return Published(*row) if row else None


def check(connection: Connection, dataset: Dataset, generation: int, run: int) -> None:
    """Run the derived checks and keep every result; CheckError names those that fail."""
    current = published(connection, dataset.id)
    pointers = connection.execute("select dataset, generation from etl.published").fetchall()
    wanted = checks.derive(dataset, generation, published_rows=current.rows if current else None)
    wanted += checks.references(dataset, generation, {row[0]: row[1] for row in pointers})
    failed: list[str] = []
    for one in wanted:
        row = connection.execute(one.query).fetchone()
        observed = row[0] if row else 0
        passed = one.lowest <= observed <= one.highest
        ledger.check(connection, run, one.name, passed=passed, observed=str(observed), expected=one.expected)
        if not passed:
            failed.append(f"{one.name}: expected {one.expected}, found {observed}")
    if failed:
        raise CheckError(
            f"{dataset.id}: " + "; ".join(failed),
            remedy="correct the source, or change `checks` in the declaration; what was published is untouched",
        )


def move(connection: Connection, dataset: str, generation: int, *, held_digest: str | None = None) -> None:
    """Make a generation the current one: one small transaction, no lock that a reader could hold."""
    with connection.transaction():
        connection.execute(
            "update etl.generations set superseded_at = now() where (dataset, generation) ="
            " (select dataset, generation from etl.published where dataset = %s)",
            [dataset],
        )
        connection.execute(
            "update etl.generations set published_at = now(), superseded_at = null"
            " where dataset = %s and generation = %s",
            [dataset, generation],
        )
        connection.execute(
            "insert into etl.published (dataset, generation, published_at, held_digest) values (%s, %s, now(), %s)"
            " on conflict (dataset) do update set previous = etl.published.generation,"
            " generation = excluded.generation, published_at = excluded.published_at,"
            " held_digest = excluded.held_digest",
            [dataset, generation, held_digest],
        )
        connection.execute("select pg_notify(%s, %s)", [CHANNEL, dataset])


def follow(connection: Connection, dataset_id: str, generation: int) -> bool:
    """Point `api.<id>` at the current generation, best effort: False if a reader is in its way."""
    row = connection.execute(
        "select declaration from etl.generations where dataset = %s and generation = %s", [dataset_id, generation]
    ).fetchone()
    if row is None:
        return False
    # the declaration that the generation was built with: today's may have other columns
    dataset = Dataset.model_validate(row[0])
    try:
        with connection.transaction():
            connection.execute("set local lock_timeout = '50ms'")
            for statement in table.create_current_view(dataset, generation):
                connection.execute(statement)
    except (errors.LockNotAvailable, errors.DependentObjectsStillExist):
        return False
    return True


def rollback(connection: Connection, dataset: str) -> tuple[int, int]:
    """Publish the generation before the current one and hold the dataset; return (new current, the one left)."""
    current = published(connection, dataset)
    if current is None:
        raise LoadError(f"{dataset}: nothing is published", remedy=f"load it: territoire etl run {dataset}")
    if current.previous is None:
        raise LoadError(f"{dataset}: there is no earlier generation to go back to")
    row = connection.execute(
        "select sources_digest from etl.generations where dataset = %s and generation = %s",
        [dataset, current.generation],
    ).fetchone()
    move(connection, dataset, current.previous, held_digest=row[0] if row else None)
    return current.previous, current.generation


def clean(connection: Connection, dataset: str) -> int:
    """Drop the generations that dead runs built and never published; the caller holds the dataset's lock."""
    rows = connection.execute(
        "select generation from etl.generations where dataset = %s and published_at is null", [dataset]
    ).fetchall()
    return sum(_drop(connection, dataset, row[0]) for row in rows)


def prune(connection: Connection, dataset: str, *, grace_s: int) -> int:
    """Drop generations superseded more than `grace_s` seconds ago, but the previous one; return how many.

    One transaction each with a short lock_timeout: a reader in its way refuses it until the next run.
    """
    rows = connection.execute(
        "select g.generation from etl.generations as g inner join etl.published as p using (dataset)"
        " where g.dataset = %s and g.generation <> p.generation and g.generation is distinct from p.previous"
        " and g.superseded_at <= now() - make_interval(secs => %s) order by g.generation",
        [dataset, grace_s],
    ).fetchall()
    return sum(_drop(connection, dataset, row[0]) for row in rows)


def _drop(connection: Connection, dataset: str, generation: int) -> bool:
    try:
        with connection.transaction():
            connection.execute("set local lock_timeout = '50ms'")
            connection.execute(sql.SQL("drop view if exists {}").format(table.view(dataset, generation)))
            connection.execute(sql.SQL("drop table if exists {}").format(table.table(dataset, generation)))
            connection.execute(
                "delete from etl.generations where dataset = %s and generation = %s", [dataset, generation]
            )
    except (errors.LockNotAvailable, errors.DependentObjectsStillExist):
        return False
    return True
