"""Jobs outlive workers: real worker processes, killed, frozen and ended."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from importlib import resources
from pathlib import Path

import psycopg
import pytest
from lab import ROOT, Lab, wait_until

from territoire.core import cluster, migrations
from territoire.core.database import Urls
from territoire.core.errors import NotFoundError, RequestError, TooLargeError, UnavailableError
from territoire.core.executions import MAX_RESULT_BYTES, Desk
from territoire.core.settings import Settings

_STALLED = 1.0
_PROGRAM = ROOT / "tests/support/slow_worker.py"
Worker = subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def lab(new_database: Callable[[], Urls], tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """One database for all: each test has jobs of its own."""
    return Lab(new_database(), tmp_path_factory.mktemp("jobs"))


@pytest.fixture(scope="module")
def desk(lab: Lab) -> Iterator[Desk]:
    """The place where jobs are handed in."""
    opened = Desk(lab.urls.submitter)
    yield opened
    opened.close()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """What the workers did, a line each."""
    return tmp_path / "journal"


@contextlib.contextmanager
def working(lab: Lab, journal: Path, *, stop_after: float = 5.0) -> Generator[Worker]:
    """Run a worker, and end it."""
    with (journal.with_suffix(".log")).open("ab") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                ROOT / "tests/support/slow_worker.py",
                lab.urls.loader,
                journal,
                str(_STALLED),
                str(stop_after),
            ],
            env=lab.environment,
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def lines(journal: Path) -> list[str]:
    """Return what the workers did."""
    return journal.read_text().splitlines() if journal.exists() else []


def ends_as(desk: Desk, job: uuid.UUID, status: str) -> None:
    """Wait until a job has a status."""
    wait_until(lambda: desk.read(job).status == status, seconds=40, what=f"{job} {status}")


def test_a_job_waits_for_a_worker_and_is_done(lab: Lab, desk: Desk, journal: Path) -> None:
    job = desk.submit("slow", {"tenths": 8})
    assert desk.read(job).status == "accepted"
    with working(lab, journal):
        wait_until(lambda: desk.read(job).progress > 20, seconds=40, what="progress")
        running = desk.read(job)
        assert running.status == "running"
        assert re.fullmatch(r"part [2-7]", running.message or "")
        with pytest.raises(NotFoundError):
            desk.result(job)
        ends_as(desk, job, "successful")
    done = desk.read(job)
    assert desk.result(job).content == b"xx"
    assert done.progress == 100
    assert done.started
    assert done.finished
    assert done.created <= done.started <= done.finished <= done.updated
    assert [line.split(" ", 1)[1] for line in lines(journal)] == ["began", *(f"part {n}" for n in range(8)), "ended"]


def test_a_killed_worker_s_job_is_taken_up_where_it_was_and_ends_once(lab: Lab, desk: Desk, journal: Path) -> None:
    with working(lab, journal) as first:
        job = desk.submit("slow", {"tenths": 12})
        wait_until(lambda: len(lines(journal)) > 4, seconds=40, what="some parts")
        first.send_signal(signal.SIGKILL)
        first.wait()
        with working(lab, journal) as second:
            ends_as(desk, job, "successful")
            assert [line for line in lines(journal) if line.endswith("ended")] == [f"{second.pid} ended"]
    parts = [line.split(" ", 1)[1] for line in lines(journal) if "part" in line]
    assert len(set(parts)) == 12
    # at most the part that was under way was done again
    assert len(parts) <= 13


def test_a_worker_that_was_thought_dead_changes_nothing(lab: Lab, desk: Desk, journal: Path) -> None:
    with working(lab, journal) as frozen:
        job = desk.submit("slow", {"tenths": 30})
        wait_until(lambda: len(lines(journal)) > 2, seconds=40, what="some parts")
        frozen.send_signal(signal.SIGSTOP)
        with working(lab, journal):
            wait_until(lambda: len({line.split()[0] for line in lines(journal)}) == 2, seconds=40, what="a second one")
            before = sum(line.startswith(f"{frozen.pid} ") for line in lines(journal))
            frozen.send_signal(signal.SIGCONT)
            ends_as(desk, job, "successful")
            assert sum(line.endswith("ended") for line in lines(journal)) == 1
            # it sees at its next word that the job is another's
            assert sum(line.startswith(f"{frozen.pid} ") for line in lines(journal)) <= before + 4
    with lab.connect_admin() as connection:
        assert connection.execute("select attempt from jobs.executions where job = %s", [job]).fetchall() == [(2,)]


def test_a_job_that_is_dismissed_while_it_runs_is_left_within_a_second(lab: Lab, desk: Desk, journal: Path) -> None:
    with working(lab, journal):
        job = desk.submit("slow", {"tenths": 100})
        wait_until(lambda: len(lines(journal)) > 2, seconds=40, what="some parts")
        assert desk.dismiss(job)
        assert desk.read(job).status == "dismissed"
        time.sleep(1)
        seen = len(lines(journal))
        time.sleep(0.5)
        assert len(lines(journal)) == seen
        assert desk.read(job).status == "dismissed"
        assert not desk.dismiss(job)


def test_a_job_that_is_dismissed_while_it_waits_is_never_begun(lab: Lab, desk: Desk, journal: Path) -> None:
    job = desk.submit("slow", {"tenths": 1})
    desk.dismiss(job)
    other = desk.submit("slow", {"tenths": 1})
    with working(lab, journal):
        ends_as(desk, other, "successful")
    assert desk.read(job).status == "dismissed"
    assert sum(line.endswith("began") for line in lines(journal)) == 1


def test_sigterm_gives_unfinished_jobs_back(lab: Lab, desk: Desk, journal: Path) -> None:
    with working(lab, journal, stop_after=0.3) as first:
        job = desk.submit("slow", {"tenths": 25})
        wait_until(lambda: len(lines(journal)) > 2, seconds=40, what="some parts")
        first.send_signal(signal.SIGTERM)
        assert first.wait(10) == 0
    assert desk.read(job).status == "accepted"
    with working(lab, journal):
        ends_as(desk, job, "successful")
    with lab.connect_admin() as connection:
        assert connection.execute("select attempt from jobs.executions where job = %s", [job]).fetchall() == [(1,)]


def test_a_job_that_hangs_on_a_service_gives_its_place_up_when_it_is_dismissed(
    lab: Lab, desk: Desk, journal: Path
) -> None:
    """Two places, both taken by jobs that say nothing for a minute."""
    with working(lab, journal):
        hanging = [desk.submit("slow", {"deaf": 60}) for _ in range(2)]
        wait_until(lambda: len(lines(journal)) == 2, seconds=40, what="both to begin")
        next_one = desk.submit("slow", {"tenths": 1})
        time.sleep(1.5)
        assert desk.read(next_one).status == "accepted"
        for job in hanging:
            assert desk.dismiss(job)
        wait_until(lambda: desk.read(next_one).status == "successful", seconds=5, what="a free place")
        assert {desk.read(job).status for job in hanging} == {"dismissed"}


def test_sigterm_does_not_wait_for_a_service_that_hangs(lab: Lab, desk: Desk, journal: Path) -> None:
    with working(lab, journal, stop_after=0.3) as worker:
        job = desk.submit("slow", {"deaf": 60})
        wait_until(lambda: len(lines(journal)) == 1, seconds=40, what="its beginning")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0
    assert desk.read(job).status == "accepted"
    desk.dismiss(job)


def test_a_job_whose_service_is_away_is_put_off_and_done_later(lab: Lab, desk: Desk, journal: Path) -> None:
    with working(lab, journal):
        job = desk.submit("slow", {"fault": "away", "tenths": 1})
        # until the worker begins, the message says that none is there
        away = "the source is away; tried again in 5 s"
        wait_until(lambda: desk.read(job).message == away, seconds=40, what="the putting off")
        waiting = desk.read(job)
        assert (waiting.status, waiting.problem) == ("accepted", None)
        ends_as(desk, job, "successful")
    done = desk.read(job)
    assert done.finished
    assert (done.finished - waiting.updated).total_seconds() > 4
    with lab.connect_admin() as connection:
        found = connection.execute("select attempt, waits from jobs.executions where job = %s", [job]).fetchall()
    assert found == [(1, 1)]


def test_a_service_that_stays_away_ends_the_job(lab: Lab, desk: Desk, journal: Path) -> None:
    job = desk.submit("slow", {"fault": "away", "tenths": 1})
    with lab.connect_admin() as connection:
        connection.execute("update jobs.executions set waits = 12 where job = %s", [job])
    with working(lab, journal):
        ends_as(desk, job, "failed")
    assert (desk.read(job).problem or {})["status"] == 503
    assert (desk.read(job).problem or {})["remedy"] == "ask later"


def test_who_waits_is_told_that_no_worker_is_at_work(lab: Lab, desk: Desk, journal: Path) -> None:
    with lab.connect_admin() as connection:
        connection.execute("update jobs.procrastinate_workers set last_heartbeat = now() - interval '2 minutes'")
    job = desk.submit("slow", {"tenths": 1})
    assert "territoire worker" in (desk.read(job).message or "")
    with working(lab, journal):
        ends_as(desk, job, "successful")
        assert desk.read(desk.submit("slow", {"tenths": 50})).message is None


def test_failures_are_problems_without_a_traceback(lab: Lab, desk: Desk, journal: Path) -> None:
    known, unknown = (desk.submit("slow", {"fault": fault}) for fault in ("known", "unknown"))
    large = desk.submit("slow", {"tenths": 0, "bytes": MAX_RESULT_BYTES + 1})
    with working(lab, journal):
        for job in (known, unknown, large):
            ends_as(desk, job, "failed")
    assert desk.read(known).problem == {
        "type": "about:blank",
        "title": "Bad Gateway",
        "status": 502,
        "detail": "the source says no",
        "remedy": "ask another",
    }
    assert (desk.read(unknown).problem or {})["status"] == 500
    assert "secret" not in str(desk.read(unknown))
    assert (desk.read(large).problem or {})["status"] == 413
    assert "secret detail" in journal.with_suffix(".log").read_text()


def test_jobs_expire_and_the_queue_is_emptied(lab: Lab, desk: Desk, journal: Path) -> None:
    old, other = desk.submit("slow", {"tenths": 1}), desk.submit("slow", {"tenths": 1})
    with lab.connect_admin() as connection:
        connection.execute("update jobs.executions set expires = now() - interval '1 s' where job = %s", [old])
        with working(lab, journal):
            ends_as(desk, other, "successful")
            wait_until(lambda: not _queued(connection), seconds=10, what="an empty queue")
        kept = [job for (job,) in connection.execute("select job from jobs.executions")]
    assert other in kept
    assert old not in kept
    with pytest.raises(NotFoundError, match="there is no job"):
        desk.read(old)


def _queued(connection: psycopg.Connection) -> int:
    row = connection.execute("select count(*) from jobs.procrastinate_jobs").fetchone()
    return row[0] if row else -1


def test_a_restart_of_the_database_ends_no_job_and_no_worker(tmp_path: Path, journal: Path) -> None:
    tmp_path.chmod(0o755)
    private = cluster.locate(Settings(var=tmp_path / "var"))
    cluster.ensure_started(private, report=print)
    try:
        lab = Lab(Urls(*(cluster.url(private, role) for role in Urls.__slots__)), tmp_path / "lab")
        migrations.migrate(lab.urls.admin, report=print)
        desk = Desk(lab.urls.submitter)
        with working(lab, journal) as worker:
            job = desk.submit("slow", {"tenths": 40})
            wait_until(lambda: len(lines(journal)) > 4, seconds=40, what="some parts")
            cluster.stop(private)
            time.sleep(2)
            cluster.ensure_started(private, report=print)
            wait_until(lambda: _status(desk, job) == "successful", seconds=40, what="its end")
            assert worker.poll() is None
            assert sum(line.endswith("ended") for line in lines(journal)) == 1
            again = desk.submit("slow", {"tenths": 1})
            ends_as(desk, again, "successful")
        desk.close()
    finally:
        cluster.stop(private)
        cluster.remove(private)


def _status(desk: Desk, job: uuid.UUID) -> str:
    try:
        return desk.read(job).status
    except UnavailableError:
        return "the database is away"


def test_what_cannot_be_taken_is_refused_at_the_desk(lab: Lab, desk: Desk) -> None:
    with pytest.raises(TooLargeError, match="64 MiB"):
        desk.submit("slow", {"text": "x" * 68_000_000})
    with pytest.raises(RequestError, match="cannot be stored"):
        desk.submit("slow", {"text": "\x00"})
    with pytest.raises(NotFoundError):
        desk.read(uuid.uuid4())
    with pytest.raises(UnavailableError, match="takes no jobs"):
        Desk("").submit("slow", {})
    with lab.connect_admin() as connection:
        many = "insert into jobs.executions (process, inputs, response) select 'many', '{}', 'raw' from"
        connection.execute(f"{many} generate_series(1, 1000)")  # type: ignore[arg-type]
        with pytest.raises(UnavailableError, match="1000 jobs are waiting"):
            desk.submit("slow", {})
        connection.execute("delete from jobs.executions where process = 'many'")


def test_the_queue_s_schema_is_that_of_the_installed_procrastinate() -> None:
    ours = (ROOT / "sql/migrations/20261124190000_queue.sql").read_text()
    _, schema, _ = re.split(r"^-- -{80,}\n", ours, flags=re.MULTILINE)
    assert schema == (resources.files("procrastinate") / "sql/schema.sql").read_text(), (
        "procrastinate has another schema than the migration: add one with its own (procrastinate/sql/migrations)"
    )
