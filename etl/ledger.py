"""The ledger: every run with its steps, files, checks and rejects, written as they happen."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from territoire.core.database import Connection

Status = Literal["published", "unchanged", "held", "failed", "abandoned"]


class _Layered(Protocol):
    @property
    def layer(self) -> str | None: ...


class Landed(Protocol):
    """What was fetched, of rows or of pixels: where it came from, its checksum, and what the server said of it."""

    @property
    def url(self) -> str: ...
    @property
    def source(self) -> _Layered: ...
    @property
    def sha256(self) -> str: ...
    @property
    def bytes(self) -> int: ...
    @property
    def etag(self) -> str | None: ...
    @property
    def last_modified(self) -> str | None: ...
    @property
    def retrieved_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Run:
    """A line of a dataset's history."""

    run: int
    status: str
    generation: int | None
    rows: int | None
    repaired: int | None
    rejected: int | None
    error: str | None
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that is not loaded, and why; `feature` counts from 1 in the order of the file."""

    source: int
    feature: int
    column: str | None
    reason: str
    remedy: str
    value: str | None


def begin(connection: Connection, dataset: str, *, forced: bool, version: str) -> int:
    """Open a run and return its number; runs that died without a word are marked abandoned first.

    The caller holds the dataset's lock, so that no run that still says `running` is alive.
    """
    connection.execute(
        "update etl.runs set status = 'abandoned', finished_at = now(), error = 'the process ended without a word'"
        " where dataset = %s and status = 'running'",
        [dataset],
    )
    row = connection.execute(
        "insert into etl.runs (dataset, status, forced, host, pid, version) values (%s, 'running', %s, %s, %s, %s)"
        " returning run",
        [dataset, forced, socket.gethostname(), os.getpid(), version],
    ).fetchone()
    if row is None:
        raise AssertionError("insert ... returning gives a row")
    return int(row[0])


def end(connection: Connection, run: int, status: Status, *, error: str | None = None) -> None:
    """Close a run and its open steps."""
    with connection.transaction():
        connection.execute(
            "update etl.steps set finished_at = clock_timestamp() where run = %s and finished_at is null", [run]
        )
        connection.execute(
            "update etl.runs set status = %s, error = %s, finished_at = now() where run = %s",
            [status, None if error is None else error.replace("\x00", "\\x00"), run],
        )


def step(connection: Connection, run: int, name: str, detail: str) -> None:
    """Note that a step begins, and that the one before it has ended."""
    with connection.transaction():
        connection.execute(
            "update etl.steps set finished_at = clock_timestamp() where run = %s and finished_at is null", [run]
        )
        connection.execute("insert into etl.steps (run, step, detail) values (%s, %s, %s)", [run, name, detail])


def counts(
    connection: Connection, run: int, *, generation: int | None, rows: int | None, repaired: int, rejected: int
) -> None:
    """Note what a load made."""
    connection.execute(
        "update etl.runs set generation = %s, rows = %s, repaired = %s, rejected = %s where run = %s",
        [generation, rows, repaired, rejected, run],
    )


def files(connection: Connection, run: int, landed: Sequence[Landed], licence: str) -> None:
    """Note where the rows or the pixels come from."""
    for number, file in enumerate(landed):
        connection.execute(
            "insert into etl.files (run, source, url, layer, sha256, bytes, etag, last_modified, licence, retrieved_at)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                run,
                number,
                file.url,
                file.source.layer,
                file.sha256,
                file.bytes,
                file.etag,
                file.last_modified,
                licence,
                file.retrieved_at,
            ],
        )


def check(connection: Connection, run: int, name: str, *, passed: bool, observed: str, expected: str) -> None:
    """Note the result of a check."""
    connection.execute(
        "insert into etl.checks (run, name, passed, observed, expected) values (%s, %s, %s, %s, %s)",
        [run, name, passed, observed, expected],
    )


def rejects(connection: Connection, run: int, rejected: Sequence[Reject]) -> None:
    """Keep the rows that were not loaded, with their reasons."""
    with connection.cursor() as cursor:
        cursor.executemany(
            'insert into etl.rejects (run, source, feature, "column", reason, remedy, value)'
            " values (%s, %s, %s, %s, %s, %s, %s)",
            [(run, r.source, r.feature, r.column, r.reason, r.remedy, r.value) for r in rejected],
        )


def history(connection: Connection, dataset: str, *, limit: int = 20) -> list[Run]:
    """Return the latest runs of a dataset, newest first."""
    rows: list[Any] = connection.execute(  # database rows have many types
        "select run, status, generation, rows, repaired, rejected, error, started_at, finished_at"
        " from etl.runs where dataset = %s order by run desc limit %s",
        [dataset, limit],
    ).fetchall()
    return [Run(*row) for row in rows]


def last_rejects(connection: Connection, dataset: str, *, limit: int = 1000) -> tuple[int | None, list[Reject]]:
    """Return the rejects of the latest run that read the source, with that run's number."""
    row = connection.execute(
        "select max(run) from etl.runs where dataset = %s and rejected is not null",
        [dataset],
    ).fetchone()
    run: int | None = row[0] if row else None
    rows: list[Any] = connection.execute(  # database rows have many types
        'select source, feature, "column", reason, remedy, value from etl.rejects where run = %s'
        " order by source, feature limit %s",
        [run, limit],
    ).fetchall()
    return run, [Reject(*values) for values in rows]


def urls(connection: Connection, run: int) -> dict[int, str]:
    """Return the files of a run by source number."""
    rows = connection.execute("select source, url from etl.files where run = %s", [run]).fetchall()
    return {row[0]: row[1] for row in rows}
