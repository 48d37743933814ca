"""The private cluster, for real: each test may kill, stop or spoil it and leaves it to be started again."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from territoire.core import cluster as clusters
from territoire.core import cluster_files, postgres_binaries
from territoire.core.cluster import Cluster
from territoire.core.errors import ClusterError
from territoire.core.settings import Settings


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of a var folder whose path is longer than a socket's address may be."""
    var = tmp_path_factory.mktemp("var") / ("d" * 60) / ("e" * 60) / "a space, a ' and an é"
    made = clusters.locate(Settings(var=var))
    yield made
    clusters.remove(made)


@pytest.fixture
def started(cluster: Cluster) -> Cluster:
    clusters.ensure_started(cluster)
    return cluster


def ask(cluster: Cluster, question: str, role: str = "admin") -> object:
    with psycopg.connect(clusters.url(cluster, role), autocommit=True) as connection:
        row = connection.execute(question).fetchone()  # pyright: ignore[reportArgumentType]
        return None if row is None else row[0]


def kill_the_postmaster(cluster: Cluster) -> None:
    pid = clusters.status(cluster).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while clusters.status(cluster).state == "running":
        time.sleep(0.02)


def test_a_cluster_is_made_once_and_started_once(cluster: Cluster) -> None:
    assert clusters.status(cluster).state == "absent"
    told: list[str] = []
    assert clusters.ensure_started(cluster, report=told.append) is True
    assert told == ["making a private PostgreSQL cluster", "starting PostgreSQL"]
    assert clusters.ensure_started(cluster, report=told.append) is False
    assert len(told) == 2
    assert clusters.is_running(cluster)
    assert clusters.status(cluster).state == "running"


def test_it_is_utf8_without_jit_or_tcp_whatever_the_environment(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    clusters.stop(cluster)
    for name, value in {"PGOPTIONS": "-c no=1", "PGPORT": "1", "PGDATA": "/nowhere", "LC_ALL": "xx_XX"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("LANG", raising=False)
    assert clusters.ensure_started(cluster) is True
    for name in ("PGOPTIONS", "PGPORT", "PGDATA"):
        monkeypatch.delenv(name)
    assert ask(cluster, "SHOW server_encoding") == "UTF8"
    assert ask(cluster, "SHOW listen_addresses") == ""
    assert ask(cluster, "SHOW jit") == "off"
    assert ask(cluster, "SHOW timezone") == "UTC"
    assert ask(cluster, "SELECT lower('É')") == "é"


def test_a_role_outside_the_map_is_refused(started: Cluster) -> None:
    ask(started, "SELECT 1")
    with psycopg.connect(clusters.url(started, "admin"), autocommit=True) as connection:
        connection.execute("CREATE ROLE stranger LOGIN SUPERUSER")
    with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
        ask(started, "SELECT 1", role="stranger")


def test_stop_says_whether_it_ran(started: Cluster) -> None:
    assert clusters.stop(started) is True
    assert clusters.stop(started) is False
    assert clusters.status(started).state == "stopped"
    assert not clusters.is_running(started)


def test_a_killed_cluster_starts_again_with_its_data(started: Cluster) -> None:
    with psycopg.connect(clusters.url(started, "admin"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    kill_the_postmaster(started)
    assert clusters.ensure_started(started) is True
    assert ask(started, "SELECT count(*) FROM kept") == 1000


def test_a_session_that_outlives_a_kill_is_waited_for(started: Cluster) -> None:
    url = clusters.url(started, "admin")
    busy = subprocess.Popen(
        [sys.executable, "-c", f"import psycopg; psycopg.connect({url!r}).execute({_LONG!r})"],
        stderr=subprocess.DEVNULL,
    )
    while not ask(started, f"SELECT count(*) FROM pg_stat_activity WHERE query = '{_LONG}'"):
        time.sleep(0.02)
    kill_the_postmaster(started)
    assert clusters.ensure_started(started) is True
    busy.wait(30)


_LONG = "SELECT sum(n) FROM generate_series(1, 15000000) AS n"


def test_a_pid_file_that_names_another_program_does_not_prevent_a_start(started: Cluster) -> None:
    kill_the_postmaster(started)
    pid_file = started.data / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    foreign = subprocess.Popen(["sleep", "30"], user=started.account, cwd="/")
    pid_file.write_text("\n".join([str(foreign.pid), *lines[1:]]))
    try:
        assert clusters.status(started).state == "stopped"
        assert clusters.ensure_started(started) is True
    finally:
        foreign.kill()
        foreign.wait()


def test_a_cluster_whose_socket_moved_is_restarted(started: Cluster) -> None:
    moved = dataclasses.replace(started, socket=started.socket.with_name(f"{started.socket.name}-2"))
    told: list[str] = []
    assert clusters.ensure_started(moved, report=told.append) is True
    assert "restarting" in told[0]
    assert ask(moved, "SELECT 1") == 1
    clusters.stop(moved)
    moved.socket.rmdir()


def test_a_server_that_recovers_is_waited_for_not_stopped(started: Cluster) -> None:
    before = clusters.status(started).pid
    backend = ask(started, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'background writer'")
    assert isinstance(backend, int)
    os.kill(backend, signal.SIGKILL)  # the postmaster ends all sessions and recovers
    time.sleep(0.02)
    clusters.ensure_started(started)
    assert clusters.status(started).pid == before


def test_commands_that_start_it_at_the_same_time_make_one(tmp_path: Path) -> None:
    program = (
        "from territoire.core import cluster, settings;print(cluster.ensure_started(cluster.locate(settings.load())))"
    )
    environment = {**os.environ, "TERRITOIRE_VAR": str(tmp_path)}
    commands = [
        subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = sorted(command.communicate(timeout=60)[0].strip() for command in commands)
    made = clusters.locate(Settings(var=tmp_path))
    try:
        assert answers == ["False", "False", "True"]
        assert clusters.is_running(made)
    finally:
        clusters.remove(made)
    assert clusters.status(made).state == "absent"


def test_what_a_killed_initdb_left_is_made_again(tmp_path: Path) -> None:
    made = clusters.locate(Settings(var=tmp_path))
    cluster_files.make_folders(made)
    unfinished = cluster_files.unfinished_place(made)
    (unfinished / "base").mkdir(parents=True)
    made.data.mkdir()
    (made.data / "PG_VERSION").write_text(f"{postgres_binaries.usable(postgres_binaries.discover()).major}\n")
    told: list[str] = []
    try:
        assert clusters.ensure_started(made, report=told.append) is True
        assert told[0].startswith("the cluster was incomplete; it was moved to ")
        aside = Path(told[0].rpartition(" ")[2])
        assert [path.name for path in aside.iterdir()] == ["PG_VERSION"]
        assert not unfinished.exists()
        (aside / "PG_VERSION").unlink()
        aside.rmdir()
    finally:
        clusters.remove(made)


def test_a_failed_start_quotes_the_log(started: Cluster) -> None:
    clusters.stop(started)
    local = started.data / "local.conf"
    local.write_text("shared_buffers = nonsense\n")
    try:
        with pytest.raises(ClusterError, match="nonsense"):
            clusters.ensure_started(started)
    finally:
        local.unlink()


def test_a_data_directory_of_another_major_is_refused_with_a_remedy(tmp_path: Path) -> None:
    data = clusters.locate(Settings(var=tmp_path)).data
    (data / "global").mkdir(parents=True)
    (data / "PG_VERSION").write_text("12\n")
    (data / "global" / "pg_control").touch()
    with pytest.raises(ClusterError, match="made by PostgreSQL 12") as refusal:
        clusters.locate(Settings(var=tmp_path))
    assert "postgresql-12-postgis-3" in refusal.value.remedy
    assert f"mv {data} {data}.12" in refusal.value.remedy
    for path in (data / "global" / "pg_control", data / "PG_VERSION"):
        path.unlink()
    (data / "global").rmdir()
    data.rmdir()
    if data.parent != tmp_path:
        data.parent.rmdir()


def test_a_planted_socket_folder_is_refused(tmp_path: Path, cluster: Cluster) -> None:
    (tmp_path / "mine").mkdir()
    planted = tmp_path / "socket"
    planted.symlink_to(tmp_path / "mine")
    trapped = dataclasses.replace(cluster, data=tmp_path / "postgres", socket=planted, account=None)
    with pytest.raises(ClusterError, match="not a folder of this account"):
        cluster_files.make_folders(trapped)


def test_another_var_is_another_cluster(tmp_path: Path) -> None:
    one, other = (clusters.locate(Settings(var=tmp_path / name)) for name in ("a", "b"))
    assert one.data != other.data
    assert one.socket != other.socket
    assert len(os.fsencode(one.socket)) < 80


def test_a_machine_without_programs_gets_the_lines_to_type() -> None:
    with pytest.raises(ClusterError, match="not on this machine") as refusal:
        postgres_binaries.usable(postgres_binaries.discover(places=()))
    for line in ("apt-get install --no-install-recommends postgresql-postgis", "dnf install", "brew install"):
        assert line in refusal.value.remedy
    bare = postgres_binaries.PostgresBinaries(Path("/usr/lib/postgresql/17/bin"), major=17, postgis=False)
    with pytest.raises(ClusterError, match="PostGIS is not installed") as refusal:
        postgres_binaries.usable([bare])
    assert "postgresql-17-postgis-3" in refusal.value.remedy
