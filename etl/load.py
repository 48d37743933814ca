"""Load: rows go by binary COPY into a temporary table, are shaped and judged in SQL, and fill a new generation."""

from __future__ import annotations

import itertools
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import Copy, sql
from psycopg import errors as pg
from psycopg.types.json import Jsonb

from etl import ledger, read, shape
from etl.describe import Layer
from etl.ledger import Reject
from etl.report import Report
from territoire.core.database import Connection
from territoire.core.derive import table
from territoire.core.errors import LoadError, SourceError
from territoire.core.models import Dataset
from territoire.core.vocabulary import Territory

#: Rejects kept in the ledger; beyond them a run has failed anyway, and one line a row would only fill the disk.
MOST_REJECTS = 10_000
_COPY_TYPES = {
    "text": "text",
    "integer": "int4",
    "bigint": "int8",
    "number": "float8",
    "boolean": "bool",
    "date": "date",
    "timestamp": "timestamptz",
}
STAGING = sql.Identifier("pg_temp", "staging")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load made: a generation that exists, whole and indexed, and is not yet published."""

    generation: int
    rows: int
    repaired: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a generation is made of: the sources' checksum, and that of sources, declaration and code together."""

    sources_digest: str
    fingerprint: str


def stage(connection: Connection, dataset: Dataset, layers: list[Layer], run: int, report: Report) -> int:
    """Copy all sources into the temporary table; return how many rows were rejected on reading."""
    connection.execute(sql.SQL("drop table if exists {}").format(STAGING))
    connection.execute(_create_staging(dataset))
    rejected: list[Reject] = []
    done = 0
    known = [layer.features for layer in layers]
    total = sum(count for count in known if count) if all(count is not None for count in known) else None
    with _copying(connection, dataset) as copy:
        for batch in itertools.chain.from_iterable(read.batches(dataset, layer) for layer in layers):
            for row in batch:
                if isinstance(row, Reject):
                    rejected.append(row)
                else:
                    copy.write_row(row)
            done += len(batch)
            report.progress(done, total)
            if len(rejected) > max(MOST_REJECTS, dataset.load.max_rejects):
                break
    if done == 0:
        raise SourceError(f"{layers[0].landed.url}: there is no feature in it", remedy="fetch it again")
    ledger.rejects(connection, run, rejected[:MOST_REJECTS])
    return len(rejected)


def judge(
    connection: Connection, dataset: Dataset, layers: list[Layer], territory: Territory, run: int, rejected: int
) -> tuple[int, int]:
    """Shape geometries and reject what may not be published; return (repaired, rejected in all)."""
    repaired = shape.shape(connection, dataset, {layer.number: layer.srid for layer in layers})
    rejected += shape.reject(connection, dataset, territory, run)
    if rejected > dataset.load.max_rejects:
        ledger.counts(connection, run, generation=None, rows=None, repaired=repaired, rejected=rejected)
        raise LoadError(
            f"{dataset.id}: {rejected} rows were rejected, and load.max_rejects is {dataset.load.max_rejects}"
            f"{_first_rejects(connection, run)}",
            remedy=f"{_first_remedy(connection, run)}; see `territoire etl rejects {dataset.id}`, and load.max_rejects",
        )
    return repaired, rejected


def build(
    connection: Connection, dataset: Dataset, run: int, *, provenance: Provenance, millesime: str | None
) -> tuple[int, int]:
    """Make the generation in one transaction, so that a load that dies leaves nothing; return its number and rows."""
    with connection.transaction():
        number = _next_number(connection, dataset.id)
        connection.execute(table.create_table(dataset, number))
        rows = _fill(connection, dataset, number)
        for statement in [
            *table.create_indexes(dataset, number),
            *table.create_comments(dataset, number),
            table.create_view(dataset, number),
        ]:
            connection.execute(statement)
        connection.execute(sql.SQL("analyze {}").format(table.table(dataset.id, number)))
        native, crs84 = _extent(connection, dataset, number)
        connection.execute(
            "insert into etl.generations (dataset, generation, run, ready, declaration, rows, extent_native,"
            " extent_crs84, millesime, sources_digest, fingerprint)"
            " values (%s, %s, %s, true, %s, %s, %s, %s, %s, %s, %s)",
            [
                dataset.id,
                number,
                run,
                Jsonb(dataset.model_dump(mode="json", by_alias=True, exclude_defaults=True)),
                rows,
                native,
                crs84,
                millesime,
                provenance.sources_digest,
                provenance.fingerprint,
            ],
        )
    connection.execute(sql.SQL("drop table {}").format(STAGING))
    return number, rows


def explain(dataset: str, exc: psycopg.Error) -> LoadError:
    """Say in a person's words why the database stopped a load."""
    if isinstance(exc, pg.DiskFull):
        return LoadError(f"{dataset}: the database's disk is full", remedy="make room, then run it again")
    if isinstance(exc, psycopg.OperationalError):
        return LoadError(
            f"{dataset}: the database went away: {str(exc).strip()}", remedy="run it again once it is back"
        )
    return LoadError(f"{dataset}: the database refused: {str(exc).strip()}", remedy="see the database's log")


def _create_staging(dataset: Dataset) -> sql.Composed:
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(column.name), table.sql_type(column.type)) for column in dataset.columns
    ]
    if dataset.geometry:
        columns.append(sql.SQL("geom public.geometry").format())
    return sql.SQL("create temporary table staging (source smallint, feature bigint, {})").format(
        sql.SQL(", ").join(columns)
    )


@contextmanager
def _copying(connection: Connection, dataset: Dataset) -> Generator[Copy]:
    types = ["int2", "int8", *(_COPY_TYPES[column.type] for column in dataset.columns)]
    if dataset.geometry:
        # WKB as bytes: binary COPY carries no types, and PostGIS reads its own format from them
        types.append("bytea")
    statement = sql.SQL("copy {} from stdin (format binary)").format(STAGING)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        yield copy


def _fill(connection: Connection, dataset: Dataset, number: int) -> int:
    columns = [sql.Identifier(column.name) for column in dataset.columns]
    key = sql.Identifier(dataset.key)
    names, values, order = list(columns), list[sql.Composable](columns), sql.SQL("{}").format(key)
    if dataset.geometry:
        names += [sql.Identifier("geom"), sql.Identifier("geom_3857")]
        values += [sql.SQL("geom"), sql.SQL("public.st_transform(geom, 3857)")]
        # PostGIS sorts geometries along a Hilbert curve: neighbours share pages
        order = sql.SQL("geom, {}").format(key)
    cursor = connection.execute(
        sql.SQL("insert into {} (fid, {}) select row_number() over (order by {}), {} from {} order by 1").format(
            table.table(dataset.id, number),
            sql.SQL(", ").join(names),
            order,
            sql.SQL(", ").join(values),
            STAGING,
        )
    )
    return cursor.rowcount


def _next_number(connection: Connection, dataset: str) -> int:
    row = connection.execute(
        "insert into etl.datasets (dataset, last_generation) values (%s, 1)"
        " on conflict (dataset) do update set last_generation = etl.datasets.last_generation + 1"
        " returning last_generation",
        [dataset],
    ).fetchone()
    if row is None:
        raise AssertionError("insert ... returning gives a row")
    return int(row[0])


def _extent(connection: Connection, dataset: Dataset, number: int) -> tuple[list[float] | None, list[float] | None]:
    """Return the bounds in the declared CRS, and in degrees padded outward by 1e-4 (11 m).

    Padded, as clients transform two corners of it and expect every feature inside (conformance.md).
    """
    if dataset.geometry is None:
        return None, None
    row = connection.execute(
        sql.SQL(
            "with e as (select public.st_extent(geom) as native, public.st_extent(public.st_transform(geom, 4326))"
            " as degrees from {}) select public.st_xmin(native), public.st_ymin(native), public.st_xmax(native),"
            " public.st_ymax(native), public.st_xmin(degrees), public.st_ymin(degrees), public.st_xmax(degrees),"
            " public.st_ymax(degrees) from e"
        ).format(table.table(dataset.id, number))
    ).fetchone()
    if row is None or row[0] is None:
        return None, None
    west, south, east, north = row[4:]
    padded = [
        max(-180.0, round(west - 1e-4, 5)),
        max(-90.0, round(south - 1e-4, 5)),
        min(180.0, round(east + 1e-4, 5)),
        min(90.0, round(north + 1e-4, 5)),
    ]
    return list(row[:4]), padded


def _first_rejects(connection: Connection, run: int) -> str:
    """Sum up the rejects of a run by column and reason, the most frequent first."""
    rows = connection.execute(
        'select "column", reason, count(*), min(feature) from etl.rejects where run = %s'
        " group by 1, 2 order by 3 desc, 4 limit 3",
        [run],
    ).fetchall()
    lines: list[str] = []
    for column, reason, count, feature in rows:
        where = f"feature {feature}" if count == 1 else f"{count} features, the first is {feature}"
        lines.append(f"\n  {where}{f', {column}' if column else ''}: {reason}")
    return "".join(lines)


def _first_remedy(connection: Connection, run: int) -> str:
    row = connection.execute(
        "select remedy from etl.rejects where run = %s group by 1 order by count(*) desc limit 1", [run]
    ).fetchone()
    return str(row[0]) if row else "correct the source"
