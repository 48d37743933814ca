"""The server process of the private cluster: is it there, start it, stop it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from territoire.core.cluster_files import Cluster
from territoire.core.errors import ClusterError
from territoire.core.postgres_binaries import last_lines, run

__all__ = [
    "DATABASE",
    "PORT",
    "answers",
    "create_database",
    "has_postmaster",
    "postmaster_pid",
    "settles",
    "start",
    "stop",
]

DATABASE = "territoire"
PORT = "5432"
"""It names the socket's file; nothing listens on TCP."""

_START_SECONDS = 120
_ORPHANS_SECONDS = 30
_SOCKET_SECONDS = 10


def answers(cluster: Cluster) -> bool:
    """Return True when the server accepts connections at this cluster's socket."""
    if not _socket_file(cluster).exists() or not has_postmaster(cluster):
        return False  # a socket alone proves nothing: a checkout that moved may still listen there
    command = [cluster.bindir / "pg_isready", "-q", "-h", cluster.socket, "-p", PORT, "-t", "3"]
    return run(command, account=None).returncode == 0


def settles(cluster: Cluster) -> bool:
    """Wait while a living server starts, recovers from a crash or shuts down; True once it answers."""
    give_up = time.monotonic() + _START_SECONDS
    give_up_on_socket = time.monotonic() + _SOCKET_SECONDS
    while has_postmaster(cluster) and _listens_here(cluster) and time.monotonic() < give_up:
        if answers(cluster):
            return True
        if not _socket_file(cluster).exists() and time.monotonic() > give_up_on_socket:
            return False
        time.sleep(0.1)
    return answers(cluster)


def start(cluster: Cluster) -> None:
    """Start the server and wait until it answers; else raise with what its log says."""
    _drop_lock_files(cluster)
    command = [
        *(cluster.bindir / "pg_ctl", "start", "--pgdata", cluster.data, "--log", cluster.log),
        *("--wait", "--timeout", str(_START_SECONDS), "--silent"),
    ]
    give_up = time.monotonic() + _ORPHANS_SECONDS
    while True:
        before = cluster.log.stat().st_size if cluster.log.exists() else 0
        done = run(command, account=cluster.account, timeout=_START_SECONDS + 30)
        if done.returncode == 0:
            return
        said = _log_since(cluster.log, before)
        # After a kill -9 of the postmaster its sessions may need a moment to notice and go.
        if "is still in use" not in said or time.monotonic() > give_up:
            break
        time.sleep(0.3)
    raise ClusterError(
        f"PostgreSQL does not start; the end of {cluster.log}:\n{last_lines(said or done.stdout + done.stderr)}",
        remedy="cure what it says, then run the same command again",
    )


def stop(cluster: Cluster) -> None:
    """Stop the server, ending its sessions, and wait until it is down."""
    command = [
        *(cluster.bindir / "pg_ctl", "stop", "--pgdata", cluster.data, "--mode", "fast"),
        *("--wait", "--timeout", str(_START_SECONDS), "--silent"),
    ]
    done = run(command, account=cluster.account, timeout=_START_SECONDS + 30)
    if done.returncode != 0 and has_postmaster(cluster):
        raise ClusterError(f"PostgreSQL does not stop:\n{last_lines(done.stdout + done.stderr)}")


def _socket_file(cluster: Cluster) -> Path:
    return cluster.socket / f".s.PGSQL.{PORT}"


def _listens_here(cluster: Cluster) -> bool:
    """Return False when the server was started with another socket: its checkout moved since."""
    lines = _pid_file(cluster)
    return len(lines) < 5 or not lines[4] or lines[4] == str(cluster.socket)


def _log_since(log: Path, offset: int) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(offset)
        return file.read().decode("utf-8", "replace")


def _pid_file(cluster: Cluster) -> list[str]:
    try:
        return (cluster.data / "postmaster.pid").read_text("utf-8").split("\n")
    except (FileNotFoundError, NotADirectoryError):
        return []


def postmaster_pid(cluster: Cluster) -> int | None:
    """Return the process number that the data directory names, whether it lives or not."""
    lines = _pid_file(cluster)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another account's
    return True


def _works_in(process: Path, folder: Path) -> bool:
    """Return True when a process of /proc stands in the folder, as PostgreSQL's do in their data."""
    try:
        return (process / "cwd").readlink() == folder
    except OSError:  # it ended, or is another account's
        return False


def has_postmaster(cluster: Cluster) -> bool:
    """Return True when the process named in postmaster.pid lives and is this cluster's."""
    pid = postmaster_pid(cluster)
    if pid is None or not _is_alive(pid):
        return False
    if not Path("/proc/self").exists():  # macOS
        return True
    return _works_in(Path(f"/proc/{pid}"), cluster.data.resolve())


def _drop_lock_files(cluster: Cluster) -> None:
    """Forget the lock files of a dead server, which PostgreSQL believes while any process has its number.

    By postmaster.pid it also finds sessions that outlived their postmaster: so these are waited for first.
    """
    if has_postmaster(cluster) or not Path("/proc/self").exists():
        return
    data = cluster.data.resolve()
    give_up = time.monotonic() + _ORPHANS_SECONDS
    while any(_works_in(process, data) for process in Path("/proc").glob("[0-9]*")):
        if time.monotonic() > give_up:
            return
        time.sleep(0.1)
    socket = _socket_file(cluster)
    for lock in (cluster.data / "postmaster.pid", socket.with_name(f"{socket.name}.lock")):
        lock.unlink(missing_ok=True)


def create_database(cluster: Cluster) -> None:
    """Make the empty database of the platform, unless it is there."""
    command = [cluster.bindir / "createdb", "-h", cluster.socket, "-p", PORT, "-U", "admin"]
    done = run([*command, "--maintenance-db=postgres", DATABASE], account=cluster.account)
    if done.returncode != 0 and "already exists" not in done.stderr:
        raise ClusterError(f"the database cannot be made:\n{last_lines(done.stderr)}")
    (cluster.data / "territoire.ready").touch()
