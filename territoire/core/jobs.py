"""The one door to procrastinate: a worker that takes jobs of the queue in PostgreSQL, does them and writes how it goes.

A job belongs to the attempt that began it last: a worker that was thought dead and comes back writes nothing.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import procrastinate
import psycopg
import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.job_context import AbortReason
from procrastinate.jobs import DeleteJobCondition
from psycopg.types.json import Jsonb

from territoire.core import database
from territoire.core import job_statements as statements
from territoire.core.database import Pool
from territoire.core.errors import RequestError, TooLargeError, UnavailableError
from territoire.core.executions import MAX_RESULT_BYTES, Output, Work, problem
from territoire.core.hands import Hands

__all__ = ["Execute", "run_worker"]

#: Does a process: its id, its inputs, and where to tell how it goes.
Execute = Callable[[str, dict[str, Any], Work], Output]  # inputs are JSON
_QUEUE = "processes"
#: A job that ended this many workers is not tried again.
_ATTEMPTS = 3
#: A job whose service is away is put off as often as this, 5 seconds first, a minute at last: ten minutes in all.
_WAITS = 12
_FIRST_WAIT_S, _LONGEST_WAIT_S = 5, 60
#: Jobs that were dismissed while a service kept them waiting: their threads end with its time limit.
_LEFT_AT_MOST = 32
_TELL_EVERY_S = 0.3
_PRUNE_EVERY_S = 60.0
_AGAIN_S = 1.0
#: What a job does waits as long as this for a database that is away, as while it restarts.
_AWAY_S = 60.0

log = structlog.get_logger()


class LeftError(Exception):
    """The job was dismissed, or another worker has it now: whatever comes of it is for nobody."""


class StoppedError(Exception):
    """This worker ends: the job goes back into the queue."""


#: Why a job is left in the middle.
_REASONS: Mapping[AbortReason | None, type[Exception]] = {
    AbortReason.USER_REQUEST: LeftError,
    AbortReason.SHUTDOWN: StoppedError,
}


@dataclass(frozen=True, slots=True)
class _Recorded(Work):
    """Work whose progress stands in the table of executions."""

    pool: Pool
    job: UUID
    attempt: int
    leave: Callable[[], type[Exception] | None]
    told: list[float]

    def progress(self, percent: float, message: str) -> None:
        """Write it, a few times a second at most; raise when the job is no longer this worker's."""
        reason = self.leave()
        if reason:
            raise reason
        if time.monotonic() - self.told[-1] < _TELL_EVERY_S:
            return
        self.told[:] = [time.monotonic()]
        if not statements.write(
            self.pool,
            statements.TELL,
            [min(max(round(percent), 0), 99), message, self.job, self.attempt],
            patience_s=_AWAY_S,
        ):
            raise LeftError

    def recall(self, part: int) -> bytes | None:
        """Read what was kept."""
        found = statements.rows(
            self.pool,
            "select content from jobs.parts where job = %s and part = %s",
            [self.job, part],
            patience_s=_AWAY_S,
        )
        return bytes(found[0][0]) if found else None

    def keep(self, part: int, content: bytes) -> None:
        """Keep it, if the job is still this worker's."""
        statements.write(self.pool, statements.KEEP, [part, content, self.job, self.attempt], patience_s=_AWAY_S)


async def run_worker(
    url: str,
    execute: Execute,
    *,
    concurrency: int,
    stalled_after_s: float,
    stop_after_s: float,
) -> None:
    """Take and do jobs until SIGINT or SIGTERM; `url` is the loader's.

    Another worker takes a job up when this one has given no sign of life for `stalled_after_s`; at the end, jobs
    that are not done within `stop_after_s` go back into the queue.
    """
    pool = database.queue_pool(url, size=concurrency + 2)
    hands = Hands(_LEFT_AT_MOST)
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=database.queue_conninfo(url)))

    @app.task(name="run", queue=_QUEUE, pass_context=True)
    def _run(context: procrastinate.JobContext, job: str) -> None:
        _do(pool, UUID(job), execute, hands, lambda: _REASONS.get(context.abort_reason()))

    with pool:
        async with app.open_async():
            log.info("worker_ready", concurrency=concurrency)
            caretaker = asyncio.create_task(_care(pool, stalled_after_s))
            try:
                await _serve(
                    app,
                    queues=[_QUEUE],
                    concurrency=concurrency,
                    delete_jobs=DeleteJobCondition.ALWAYS,
                    fetch_job_polling_interval=1.0,
                    update_heartbeat_interval=stalled_after_s / 4,
                    stalled_worker_timeout=stalled_after_s,
                    shutdown_graceful_timeout=stop_after_s,
                )
            finally:
                caretaker.cancel()
                await asyncio.gather(caretaker, return_exceptions=True)
    log.info("worker_ended")


async def _serve(app: procrastinate.App, **options: Any) -> None:  # run_worker_async's own
    """Work until SIGINT or SIGTERM; procrastinate ends where the database goes away, and is begun again."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    while not ended.is_set():
        working = asyncio.create_task(app.run_worker_async(install_signal_handlers=False, **options))
        asked = asyncio.create_task(ended.wait())
        await asyncio.wait({working, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        working.cancel()  # jobs have their time to end
        try:
            await working
        except asyncio.CancelledError:
            log.info("worker_asked_to_end")
        except ConnectorException as exc:
            log.warning("database_away", error=str(exc)[:200])
        if not ended.is_set():
            await asyncio.sleep(_AGAIN_S)


async def _care(pool: Pool, stalled_after_s: float) -> None:
    """Put the jobs of dead workers in line again, and forget what has expired."""
    pruned = float("-inf")
    while True:
        try:
            retried, orphans = (
                await asyncio.to_thread(statements.rows, pool, statements.TAKE_BACK, {"stalled": stalled_after_s})
            )[0]
            if retried or orphans:
                log.warning("jobs_taken_back", of_dead_workers=retried, lost=orphans)
            if time.monotonic() - pruned > _PRUNE_EVERY_S:
                pruned = time.monotonic()
                for statement in (statements.PRUNE, statements.PRUNE_QUEUE):
                    await asyncio.to_thread(statements.write, pool, statement, [])
        except psycopg.Error as exc:
            log.warning("database_away", error=str(exc).strip()[:200])
        await asyncio.sleep(stalled_after_s / 3)


def _do(pool: Pool, job: UUID, execute: Execute, hands: Hands, leave: Callable[[], type[Exception] | None]) -> None:
    """Do one job; whatever comes of it stands in its line, and the queue forgets it."""
    begun = statements.rows(pool, statements.BEGIN, [job], patience_s=_AWAY_S)
    if not begun:
        return  # dismissed, done, or expired
    process, inputs, attempt, waits = begun[0]
    log.info("job_began", job=str(job), process=process, attempt=attempt)
    work = _Recorded(pool, job, attempt, leave, [float("-inf")])
    try:
        if attempt > _ATTEMPTS:
            raise RequestError(f"the job ended its worker {_ATTEMPTS} times", remedy="ask for less at once")
        done = hands.do(lambda: execute(process, inputs, work), leave=leave)
        if len(done.content) > MAX_RESULT_BYTES:
            raise TooLargeError(
                f"the result has {len(done.content)} bytes, and {MAX_RESULT_BYTES} can be kept",
                remedy="ask for less at once",
            )
    except LeftError:
        log.info("job_left", job=str(job))
    except StoppedError:
        statements.rows(pool, statements.GIVE_BACK, [job, attempt], patience_s=_AWAY_S)
        log.info("job_given_back", job=str(job))
    except RequestError as exc:
        _refuse(pool, job, attempt, waits, exc)
    except Exception as exc:
        log.error("job_broke", job=str(job), exc_info=exc)
        broken = RequestError("the process failed", remedy="tell the operators of the server; its log has the details")
        broken.status, broken.title = 500, "Internal Server Error"
        statements.write(
            pool, statements.FAIL, [broken.message, Jsonb(problem(broken)), job, attempt], patience_s=_AWAY_S
        )
    else:
        kept = statements.write(
            pool, statements.SUCCEED, [done.name, done.media, done.content, job, attempt], patience_s=_AWAY_S
        )
        log.info("job_done" if kept else "job_left", job=str(job))


def _refuse(pool: Pool, job: UUID, attempt: int, waits: int, error: RequestError) -> None:
    """Put a job off where its service may come back; end it where nothing will change, or enough was waited."""
    if error.passes and waits < _WAITS:
        seconds = max(
            min(_FIRST_WAIT_S * 2**waits, _LONGEST_WAIT_S),
            error.retry_after if isinstance(error, UnavailableError) else 0,
        )
        statements.rows(
            pool,
            statements.PUT_OFF,
            [f"{error.message}; tried again in {seconds} s", job, attempt, seconds],
            patience_s=_AWAY_S,
        )
        log.info("job_put_off", job=str(job), seconds=seconds, error=error.message)
        return
    statements.write(pool, statements.FAIL, [error.message, Jsonb(problem(error)), job, attempt], patience_s=_AWAY_S)
    log.info("job_failed", job=str(job), error=error.message)
