"""What a worker says to the database: to begin a job, tell of it, end it, put it off, and take up those of the dead.

A statement that writes names the attempt: who was thought dead and comes back writes nothing.
"""

from __future__ import annotations

import time
from typing import Any, LiteralString

import psycopg
import structlog
from psycopg.rows import TupleRow

from territoire.core.database import Pool

log = structlog.get_logger()
_AGAIN_S = 1.0

BEGIN: LiteralString = """
update jobs.executions
set status = 'running', attempt = attempt + 1, started = coalesce(started, clock_timestamp()),
    updated = clock_timestamp()
where job = %s and status in ('accepted', 'running') and expires > now()
returning process, inputs, attempt, waits
"""
TELL: LiteralString = """
update jobs.executions set progress = greatest(progress, %s), message = %s, updated = clock_timestamp()
where job = %s and attempt = %s and status = 'running' returning true
"""
SUCCEED: LiteralString = """
update jobs.executions
set status = 'successful', progress = 100, message = null, output = %s, media = %s, result = %s, inputs = '{}',
    finished = clock_timestamp(), updated = clock_timestamp()
where job = %s and attempt = %s and status = 'running' returning true
"""
FAIL: LiteralString = """
update jobs.executions
set status = 'failed', message = %s, problem = %s, inputs = '{}',
    finished = clock_timestamp(), updated = clock_timestamp()
where job = %s and attempt = %s and status = 'running' returning true
"""
GIVE_BACK: LiteralString = """
update jobs.executions set status = 'accepted', attempt = attempt - 1, updated = clock_timestamp()
where job = %s and attempt = %s and status = 'running' returning jobs.enqueue(job)
"""
PUT_OFF: LiteralString = """
update jobs.executions
set status = 'accepted', attempt = attempt - 1, waits = waits + 1, message = %s, updated = clock_timestamp()
where job = %s and attempt = %s and status = 'running' returning jobs.enqueue_later(job, %s)
"""
KEEP: LiteralString = """
insert into jobs.parts (job, part, content)
select job, %s, %s from jobs.executions where job = %s and attempt = %s and status = 'running'
on conflict (job, part) do nothing
"""
#: Jobs whose worker gave no sign of life, and those that the queue has lost: put in line again.
TAKE_BACK: LiteralString = """
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
PRUNE: LiteralString = "delete from jobs.executions where expires < now()"
PRUNE_QUEUE: LiteralString = """
delete from jobs.procrastinate_jobs
where queue_name = 'processes' and status not in ('todo', 'doing')
    or queue_name = 'processes' and status = 'todo'
    and not exists (select from jobs.executions as e where e.queued = procrastinate_jobs.id)
"""


def rows(pool: Pool, statement: LiteralString, values: Any, *, patience_s: float = 0) -> list[TupleRow]:  # psycopg's
    """Return what a statement gives; a database that is away is waited for, `patience_s` seconds at most."""
    return _said(pool, statement, values, patience_s)[1]


def write(pool: Pool, statement: LiteralString, values: Any, *, patience_s: float = 0) -> bool:  # psycopg's
    """Say whether a statement changed anything; it waits as `rows` does."""
    return _said(pool, statement, values, patience_s)[0] > 0


def _said(pool: Pool, statement: LiteralString, values: Any, patience_s: float) -> tuple[int, list[TupleRow]]:
    end = time.monotonic() + patience_s
    while True:
        try:
            with pool.connection() as connection:
                cursor = connection.execute(statement, values)
                return cursor.rowcount, cursor.fetchall() if cursor.description else []
        except (psycopg.OperationalError, psycopg.InterfaceError) as exc:
            if time.monotonic() > end:
                raise
            log.warning("database_away", error=str(exc).strip()[:200])
            time.sleep(_AGAIN_S)
