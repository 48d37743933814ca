"""Loads that die: kill -9 in each step, the database killed under them; what was published stays whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psycopg
import pytest
from lab import ROOT, Lab, row, wait_until, write

from territoire.core import cluster, migrations
from territoire.core.database import Urls
from territoire.core.errors import BusyError
from territoire.core.settings import Settings

BIG = 60_000
#: What is locked so that a run stands still within a step, and is killed there.
STALLS = {
    "load": "select * from etl.datasets where dataset = 'lieux' for update",
    "check": "lock table etl.checks in access exclusive mode",
    "publish": "select * from etl.published where dataset = 'lieux' for update",
    # a generation that cannot be dropped is given up after 50 ms: several make the step last
    "prune": "select * from etl.generations where dataset = 'lieux' and generation < 12 for update",
}


@pytest.fixture(scope="session")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source that takes a second to copy."""
    return write(tmp_path_factory.mktemp("big") / "big.gpkg", [row(n) for n in range(BIG)])


def published(lab: Lab) -> tuple[int, int]:
    """Return the published generation, and the rows that a reader finds in its view."""
    with psycopg.connect(lab.urls.reader) as connection:
        number = connection.execute("select generation from api.published where dataset = 'lieux'").fetchone()
        assert number
        count = connection.execute(f"select count(*) from api.lieux__g{number[0]}").fetchone()
        assert count
        return int(number[0]), int(count[0])


def start(lab: Lab, *sources: Path | str) -> subprocess.Popen[bytes]:
    arguments = [value for source in sources for value in ("--source", str(source))]
    return subprocess.Popen(
        [sys.executable, "-m", "territoire.cli.main", "etl", "run", "lieux", "--force", *arguments],
        env={**lab.environment, "TERRITOIRE_GENERATION_GRACE": "0"},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def in_step(lab: Lab, step: str) -> Callable[[], bool]:
    def look() -> bool:
        with lab.connect_admin() as connection:
            found = connection.execute(
                "select exists (select 1 from etl.steps inner join etl.runs using (run)"
                " where status = 'running' and step = %s and steps.finished_at is null)",
                [step],
            ).fetchone()
        return bool(found and found[0])

    return look


def copying(lab: Lab) -> bool:
    with lab.connect_admin() as connection:
        found = connection.execute(
            "select exists (select 1 from pg_stat_progress_copy where datname = current_database())"
        ).fetchone()
    return bool(found and found[0])


def waiting_for_a_lock(lab: Lab) -> bool:
    with lab.connect_admin() as connection:
        found = connection.execute(
            "select exists (select 1 from pg_stat_activity where datname = current_database()"
            " and usename = 'loader' and wait_event_type = 'Lock')"
        ).fetchone()
    return bool(found and found[0])


def load_again(lab: Lab, *sources: Path) -> None:
    """Run it once more; the dead run's connection lets go of the lock within a second or so."""

    def free() -> bool:
        try:
            lab.load("lieux", *sources, force=True, grace_s=0)
        except BusyError:
            return False
        return True

    wait_until(free, seconds=10, what="the dead run's lock")


def assert_clean(lab: Lab) -> None:
    listed = lab.generations()
    assert lab.relations() == {"data": listed, "api": listed}
    with lab.connect_admin() as connection:
        statuses = connection.execute("select status from etl.runs order by run").fetchall()
    assert [status for (status,) in statuses][-2:] == ["abandoned", "published"]


@pytest.fixture
def loaded(lab: Lab) -> Lab:
    """Two generations published."""
    lab.declare()
    write(lab.datasets / "lieux.gpkg", [row(n) for n in range(1000)])
    for _ in range(2):
        lab.load("lieux", force=True)
    return lab


@contextmanager
def slow_source() -> Generator[str]:
    """An address that begins to send and then stands still."""
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            self.wfile.write(b"x" * 1000)
            self.wfile.flush()
            done.wait(30)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/slow.gpkg"
    finally:
        done.set()
        server.shutdown()
        thread.join()
        server.server_close()


def test_killed_while_it_downloads(loaded: Lab) -> None:
    with slow_source() as url:
        process = start(loaded, url)
        wait_until(in_step(loaded, "extract"), seconds=60, what="extract")
        process.kill()
        process.wait()
    assert published(loaded) == (2, 1000)
    load_again(loaded)
    assert published(loaded)[1] == 1000
    assert_clean(loaded)


def test_killed_in_the_middle_of_copy(loaded: Lab, big: Path) -> None:
    process = start(loaded, big)
    wait_until(lambda: copying(loaded), seconds=60, what="copy")
    process.kill()
    process.wait()
    assert published(loaded) == (2, 1000)
    load_again(loaded, big)
    assert published(loaded)[1] == BIG
    assert_clean(loaded)


@pytest.mark.parametrize("step", list(STALLS))
def test_killed_within_a_step(loaded: Lab, step: str) -> None:
    if step == "prune":
        for _ in range(10):
            loaded.load("lieux", force=True)
    before = published(loaded)
    with loaded.connect_admin() as blocker, blocker.transaction():
        blocker.execute(STALLS[step])  # type: ignore[arg-type]
        process = start(loaded)
        wait_until(in_step(loaded, step), seconds=60, what=step)
        wait_until(lambda: waiting_for_a_lock(loaded) or step == "prune", seconds=60, what=f"{step} to stand still")
        process.kill()
        process.wait()
        now = published(loaded)
        # once the pointer has moved, the new generation is the published one
        assert now == ((13, 1000) if step == "prune" else before)
    load_again(loaded)
    assert published(loaded)[1] == 1000
    assert_clean(loaded)


@pytest.mark.parametrize("step", ["copy", "publish"])
def test_the_database_killed_under_a_load(tmp_path: Path, big: Path, step: str) -> None:
    var = tmp_path / "var"
    tmp_path.chmod(0o755)
    private = cluster.locate(Settings(var=var))
    cluster.ensure_started(private, report=print)
    try:
        urls = Urls(*(cluster.url(private, role) for role in ("admin", "loader", "reader")))
        migrations.migrate(urls.admin, report=print)
        lab = Lab(urls, tmp_path / "lab")
        lab.declare()
        write(lab.datasets / "lieux.gpkg", [row(n) for n in range(1000)])
        lab.load("lieux")
        process = _killed_in(lab, private, step, big)
        assert process.wait(30) != 0
        cluster.ensure_started(private, report=print)
        assert published(lab) == (1, 1000)
        load_again(lab, big)
        assert published(lab)[1] == BIG
        assert_clean(lab)
    finally:
        cluster.stop(private)
        cluster.remove(private)


def _killed_in(lab: Lab, private: cluster.Cluster, step: str, big: Path) -> subprocess.Popen[bytes]:
    """Start a load, kill the postmaster while it is in a step, and return the load's process."""
    pid = cluster.status(private).pid
    assert pid
    if step == "copy":
        process = start(lab, big)
        wait_until(lambda: copying(lab), seconds=60, what="copy")
        os.kill(pid, signal.SIGKILL)
        return process
    blocker = lab.connect_admin()
    blocker.execute("begin")
    blocker.execute(STALLS["publish"])  # type: ignore[arg-type]
    process = start(lab, big)
    wait_until(in_step(lab, "publish"), seconds=30, what="publish")
    wait_until(lambda: waiting_for_a_lock(lab), seconds=60, what="publish to stand still")
    os.kill(pid, signal.SIGKILL)
    process.wait(30)  # closed before, the blocker would let the publication pass
    blocker.close()
    return process
