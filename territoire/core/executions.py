"""Jobs of OGC API Processes as those see them who hand them in and who do them: status, result, and the desk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, LiteralString
from uuid import UUID

import orjson
import psycopg
from psycopg import errors as pg
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout

from territoire.core import database
from territoire.core.errors import NoSuchJobError, NotFoundError, RequestError, TooLargeError, UnavailableError

__all__ = ["MAX_RESULT_BYTES", "Desk", "Limited", "Output", "Response", "State", "Status", "Work", "problem"]

Response = Literal["raw", "document"]
State = Literal["accepted", "running", "successful", "failed", "dismissed"]
Json = dict[str, Any]  # a JSON object
#: A larger result is refused: it is kept in one line of a table.
MAX_RESULT_BYTES = 128 * 2**20
#: A result is read, and given, in pieces of so many bytes.
_PIECE = 2**20
_POOL_SIZE = 4
_READ: LiteralString = "select * from processes.read(%s)"


@dataclass(frozen=True, slots=True)
class Output:
    """What a process gives: the name of its output, its media type, and its bytes."""

    name: str
    media: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """What a result is: the name of its output, its media type, and its size in bytes."""

    name: str
    media: str
    size: int


@dataclass(frozen=True, slots=True)
class Status:
    """Where a job stands; `problem` says why it failed, as RFC 9457 has it. Times are UTC, progress 0 to 100."""

    job: UUID
    process: str
    response: Response
    status: State
    progress: int
    message: str | None
    problem: Json | None
    created: datetime
    started: datetime | None
    finished: datetime | None
    updated: datetime
    expires: datetime


class Work:
    """What a process tells while it runs, and where it learns that nobody waits any more; this one tells nobody."""

    def progress(self, percent: float, message: str) -> None:
        """Say how far it is; raises when the work is to be left."""

    def recall(self, part: int) -> bytes | None:
        """Return what an earlier worker kept of this part, None for what is still to be done."""
        return None

    def keep(self, part: int, content: bytes) -> None:
        """Keep what is done of a long work, so that another worker goes on from there."""


class Limited(Work):
    """Work that somebody waits for: it is left after `seconds`."""

    def __init__(self, seconds: float, *, remedy: str) -> None:
        self._end = time.monotonic() + seconds
        self._remedy = remedy

    def progress(self, percent: float, message: str) -> None:
        """Raise UnavailableError once the time is over."""
        if time.monotonic() > self._end:
            raise UnavailableError("this takes too long to be waited for", remedy=self._remedy)


def problem(error: RequestError) -> Json:
    """Return an error as RFC 9457 has it."""
    content: Json = {"type": error.type, "title": error.title, "status": error.status, "detail": error.message}
    return {**content, "remedy": error.remedy} if error.remedy else content


class Desk:
    """Hands jobs in, reads and dismisses them, as the login submitter; safe among threads, opened at first use."""

    def __init__(self, url: str) -> None:
        self._pool = database.submitter_pool(url, size=_POOL_SIZE) if url else None

    @property
    def takes_jobs(self) -> bool:
        """Whether this server has a login that hands jobs in."""
        return self._pool is not None

    def close(self) -> None:
        """Close the connections."""
        if self._pool and not self._pool.closed:
            self._pool.close()

    def submit(self, process: str, inputs: Json, *, response: Response = "raw") -> UUID:
        """Hand a job in and return its id; TooLargeError, or UnavailableError when too many are waiting."""
        try:
            rows = self._ask(
                "select processes.submit(%s, %s, %s)", [process, Jsonb(inputs, dumps=orjson.dumps), response]
            )
        except pg.ProgramLimitExceeded as exc:
            raise TooLargeError(exc.diag.message_primary or "too large", remedy="split it into several jobs") from exc
        except pg.ConfigurationLimitExceeded as exc:
            raise UnavailableError(f"{exc.diag.message_primary}", remedy="hand this one in later") from exc
        except psycopg.DataError as exc:
            raise RequestError(
                "the inputs hold a text that cannot be stored: NUL, or half a character", remedy="remove it"
            ) from exc
        return rows[0][0]

    def read(self, job: UUID) -> Status:
        """Return where a job stands; NotFoundError when there is none, or none any more."""
        rows = self._ask(_READ, [job])
        if not rows:
            raise NoSuchJobError(f"there is no job {job}", remedy="a job is kept for a day; hand it in again")
        return Status(*rows[0])

    def result(self, job: UUID) -> Output:
        """Return the result of a successful job; NotFoundError when there is none."""
        rows = self._ask("select output, media, content from processes.result(%s)", [job])
        if not rows:
            raise NotFoundError(f"the job {job} has no result", remedy="see its status")
        name, media, content = rows[0]
        return Output(name, media, bytes(content))

    def head(self, job: UUID) -> Head:
        """Return what the result of a successful job is, without its bytes; NotFoundError when there is none."""
        rows = self._ask("select output, media, size from processes.result_head(%s)", [job])
        if not rows:
            raise NotFoundError(f"the job {job} has no result", remedy="see its status")
        return Head(*rows[0])

    def pieces(self, job: UUID, size: int) -> Iterator[bytes]:
        """Read a result piece by piece: a large one is never held whole."""
        for first in range(1, size + 1, _PIECE):
            piece = self._ask("select processes.result_piece(%s, %s, %s)", [job, first, _PIECE])[0][0]
            if piece is None:
                raise NotFoundError(f"the job {job} has no result any more", remedy="hand it in again")
            yield bytes(piece)

    def dismiss(self, job: UUID) -> bool:
        """End a job, or drop its result; False when it was dismissed before."""
        return bool(self._ask("select processes.dismiss(%s)", [job])[0][0])

    def _ask(self, query: LiteralString, values: list[Any]) -> list[tuple[Any, ...]]:  # rows have many types
        if self._pool is None:
            raise UnavailableError("this server takes no jobs", remedy="leave Prefer: respond-async out")
        try:
            if self._pool.closed:
                self._pool.open()
            with self._pool.connection() as connection:
                return connection.execute(query, values).fetchall()
        except (PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError) as exc:
            if isinstance(exc, pg.ProgramLimitExceeded | pg.ConfigurationLimitExceeded):
                raise
            self._pool.check()
            raise UnavailableError("the jobs' database does not answer", remedy="try again in a few seconds") from exc
