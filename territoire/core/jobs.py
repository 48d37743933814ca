"""The one door to procrastinate: a worker that takes jobs of the queue in PostgreSQL, does them and writes how it goes.

A job belongs to the attempt that began it last: a worker that was thought dead and comes back writes nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

import procrastinate
import psycopg
import structlog
from procrastinate.job_context import AbortReason
from procrastinate.jobs import DeleteJobCondition
from psycopg.types.json import Jsonb

from territoire.core import database
from territoire.core.database import Pool
from territoire.core.errors import RequestError, TooLargeError
from territoire.core.executions import MAX_RESULT_BYTES, Output, Work, problem

__all__ = ["Execute", "run_worker"]

#: Does a process: its id, its inputs, and where to tell how it goes.
Execute = Callable[[str, dict[str, Any], Work], Output]  # inputs are JSON
_QUEUE = "processes"
#: A job that ended this many workers is not tried again.
_ATTEMPTS = 3
_TELL_EVERY_S = 0.3
_PRUNE_EVERY_S = 60.0

log = structlog.get_logger()

_BEGIN: LiteralString = """
update jobs.executions
set status = 'running', attempt = attempt + 1, started = coalesce(started, clock_timestamp()),
    updated = clock_timestamp()
where job = %s and status in ('accepted', 'running') and expires > now()
returning process, inputs, attempt
"""
_TELL: LiteralString = """
update jobs.executions set progress = greatest(progress, %s), message = %s, updated = clock_timestamp()
where job = %s and attempt = %s and status = 'running' returning true
"""
_SUCCEED: LiteralString = """
update jobs.executions
set status = 'successful', progress = 100, message = null, output = %s, media = %s, result = %s, inputs = '{}',
    finished = clock_timestamp(), updated = clock_timestamp()
where job = %s and attempt = %s and status = 'running' returning true
"""
_FAIL: LiteralString = """
update jobs.executions
set status = 'failed', message = %s, problem = %s, inputs = '{}',
    finished = clock_timestamp(), updated = clock_timestamp()
where job = %s and attempt = %s and status = 'running' returning true
"""
_GIVE_BACK: LiteralString = """
update jobs.executions set status = 'accepted', attempt = attempt - 1, updated = clock_timestamp()
where job = %s and attempt = %s and status = 'running' returning jobs.enqueue(job)
"""
_KEEP: LiteralString = """
insert into jobs.parts (job, part, content)
select job, %s, %s from jobs.executions where job = %s and attempt = %s and status = 'running'
on conflict (job, part) do nothing
"""
#: Jobs whose worker gave no sign of life, and those that the queue has lost: put in line again.
_TAKE_BACK: LiteralString = """
with lost as (
    select j.id from jobs.procrastinate_jobs as j
    left join jobs.procrastinate_workers as w on j.worker_id = w.id
    where j.status = 'doing'
        and (w.id is null or w.last_heartbeat < now() - make_interval(secs => %(stalled)s))
    for update of j skip locked
),
retried as (
    select id, jobs.procrastinate_retry_job_v2(id, now(), null, null, null) from lost
),
orphans as (
    select e.job from jobs.executions as e
    where e.status in ('accepted', 'running') and e.updated < now() - make_interval(secs => %(stalled)s)
        and not exists (
            select from jobs.procrastinate_jobs as j where j.id = e.queued and j.status in ('todo', 'doing')
        )
    for update skip locked
)
select (select count(*) from retried), (select count(jobs.enqueue(job)) from orphans)
"""
_PRUNE: LiteralString = "delete from jobs.executions where expires < now()"
_PRUNE_QUEUE: LiteralString = """
delete from jobs.procrastinate_jobs
where queue_name = 'processes' and status not in ('todo', 'doing')
    or queue_name = 'processes' and status = 'todo'
    and not exists (select from jobs.executions as e where e.queued = procrastinate_jobs.id)
"""


class LeftError(Exception):
    """The job was dismissed, or another worker has it now: whatever comes of it is for nobody."""


class StoppedError(Exception):
    """This worker ends: the job goes back into the queue."""


@dataclass(frozen=True, slots=True)
class _Recorded(Work):
    """Work whose progress stands in the table of executions."""

    pool: Pool
    job: UUID
    attempt: int
    is_stopping: Callable[[], bool]
    told: list[float]

    def progress(self, percent: float, message: str) -> None:
        """Write it, a few times a second at most; raise when the job is no longer this worker's."""
        if self.is_stopping():
            raise StoppedError
        if time.monotonic() - self.told[-1] < _TELL_EVERY_S:
            return
        self.told[:] = [time.monotonic()]
        if not _write(self.pool, _TELL, [min(max(round(percent), 0), 99), message, self.job, self.attempt]):
            raise LeftError

    def recall(self, part: int) -> bytes | None:
        """Read what was kept."""
        found = _rows(self.pool, "select content from jobs.parts where job = %s and part = %s", [self.job, part])
        return bytes(found[0][0]) if found else None

    def keep(self, part: int, content: bytes) -> None:
        """Keep it, if the job is still this worker's."""
        _write(self.pool, _KEEP, [part, content, self.job, self.attempt])


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
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=database.queue_conninfo(url)))

    @app.task(name="run", queue=_QUEUE, pass_context=True)
    def _run(context: procrastinate.JobContext, job: str) -> None:
        _do(pool, UUID(job), execute, lambda: context.abort_reason() == AbortReason.SHUTDOWN)

    with pool:
        async with app.open_async():
            log.info("worker_ready", concurrency=concurrency)
            caretaker = asyncio.create_task(_care(pool, stalled_after_s))
            try:
                await app.run_worker_async(
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


async def _care(pool: Pool, stalled_after_s: float) -> None:
    """Put the jobs of dead workers in line again, and forget what has expired."""
    pruned = float("-inf")
    while True:
        try:
            retried, orphans = (await asyncio.to_thread(_rows, pool, _TAKE_BACK, {"stalled": stalled_after_s}))[0]
            if retried or orphans:
                log.warning("jobs_taken_back", of_dead_workers=retried, lost=orphans)
            if time.monotonic() - pruned > _PRUNE_EVERY_S:
                pruned = time.monotonic()
                for statement in (_PRUNE, _PRUNE_QUEUE):
                    await asyncio.to_thread(_write, pool, statement, [])
        except psycopg.Error as exc:
            log.warning("database_away", error=str(exc).strip()[:200])
        await asyncio.sleep(stalled_after_s / 3)


def _do(pool: Pool, job: UUID, execute: Execute, is_stopping: Callable[[], bool]) -> None:
    """Do one job; whatever comes of it stands in its line, and the queue forgets it."""
    begun = _rows(pool, _BEGIN, [job])
    if not begun:
        return  # dismissed, done, or expired
    process, inputs, attempt = begun[0]
    log.info("job_began", job=str(job), process=process, attempt=attempt)
    work = _Recorded(pool, job, attempt, is_stopping, [float("-inf")])
    try:
        if attempt > _ATTEMPTS:
            raise RequestError(f"the job ended its worker {_ATTEMPTS} times", remedy="ask for less at once")
        done = execute(process, inputs, work)
        if len(done.content) > MAX_RESULT_BYTES:
            raise TooLargeError(
                f"the result has {len(done.content)} bytes, and {MAX_RESULT_BYTES} can be kept",
                remedy="ask for less at once",
            )
    except LeftError:
        log.info("job_left", job=str(job))
    except StoppedError:
        _rows(pool, _GIVE_BACK, [job, attempt])
        log.info("job_given_back", job=str(job))
    except RequestError as exc:
        _write(pool, _FAIL, [exc.message, Jsonb(problem(exc)), job, attempt])
        log.info("job_failed", job=str(job), error=exc.message)
    except Exception as exc:
        log.error("job_broke", job=str(job), exc_info=exc)
        broken = RequestError("the process failed", remedy="tell the operators of the server; its log has the details")
        broken.status, broken.title = 500, "Internal Server Error"
        _write(pool, _FAIL, [broken.message, Jsonb(problem(broken)), job, attempt])
    else:
        kept = _write(pool, _SUCCEED, [done.name, done.media, done.content, job, attempt])
        log.info("job_done" if kept else "job_left", job=str(job))


def _rows(pool: Pool, statement: LiteralString, values: Any) -> list[tuple[Any, ...]]:  # as psycopg takes them
    with pool.connection() as connection:
        return connection.execute(statement, values).fetchall()


def _write(pool: Pool, statement: LiteralString, values: Any) -> bool:  # as psycopg takes them
    with pool.connection() as connection:
        return connection.execute(statement, values).rowcount > 0
