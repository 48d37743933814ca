"""The private PostgreSQL cluster that Territoire keeps when no TERRITOIRE_DATABASE_URL is given.

Unix socket only, entered by account (peer), never run as root: root goes through the account `postgres`.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlencode

from territoire.core import cluster_files, postgres_binaries
from territoire.core.errors import ClusterError
from territoire.core.settings import Settings

__all__ = ["Cluster", "ClusterStatus", "ensure_started", "is_running", "locate", "remove", "status", "stop", "url"]

DATABASE = "territoire"
_PORT = "5432"  # names the socket's file; nothing listens on TCP
_ROOT_ACCOUNT = "postgres"
_START_SECONDS = 120
_ORPHANS_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a private cluster lives and what runs it; locating one starts nothing."""

    data: Path
    socket: Path
    """The folder of the socket: a short path, as a socket's address holds 107 bytes."""
    log: Path
    lock: Path
    bindir: Path
    account: str | None
    """The account that runs it, or None for the account that asks."""


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """What `territoire database status` shows of the private cluster."""

    state: Literal["absent", "stopped", "running"]
    major: int | None
    pid: int | None
    data: Path
    socket: Path
    log: Path


def locate(settings: Settings) -> Cluster:
    """Return the cluster of this var folder; another TERRITOIRE_VAR is another cluster."""
    var = settings.var.resolve()
    mark = hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    if os.geteuid() == 0:
        # PostgreSQL refuses root, and another account may not enter the checkout (/root is closed).
        _require_account(_ROOT_ACCOUNT)
        home, account = Path("/var/lib/territoire") / mark, _ROOT_ACCOUNT
        socket = Path("/run/territoire") / mark
        lock = socket.with_suffix(".lock")
    else:
        home, account = var, None
        socket = Path(f"/tmp/territoire-{os.geteuid()}-{mark}")  # noqa: S108 - ownership is checked, links refused
        lock = home / "postgres.lock"
    data = home / "postgres"
    return Cluster(data, socket, home / "postgres.log", lock, _choose_binaries(data), account)


def ensure_started(cluster: Cluster, *, report: Callable[[str], None] | None = None) -> bool:
    """Make the cluster if there is none and start it if it is down; True when this call started it."""
    if _answers(cluster) and _is_ready(cluster):
        return False
    tell = report or _tell_nobody
    _make_place(cluster)
    with cluster_files.locked(cluster.lock):
        started = not _answers(cluster)
        if started:
            _prepare(cluster, tell)
            tell("starting PostgreSQL")
            _start(cluster)
        _create_database(cluster)
    return started


def stop(cluster: Cluster) -> bool:
    """Stop the cluster, ending its sessions; True when it was running."""
    if not cluster.data.exists():
        return False
    _make_place(cluster)
    with cluster_files.locked(cluster.lock):
        if not _has_postmaster(cluster):
            return False
        _pg_ctl_stop(cluster)
    return True


def is_running(cluster: Cluster) -> bool:
    """Return True when the cluster accepts connections."""
    return _answers(cluster)


def status(cluster: Cluster) -> ClusterStatus:
    """Return whether the cluster exists and runs, and where."""
    major = _data_major(cluster.data)
    state: Literal["absent", "stopped", "running"] = "absent" if major is None else "stopped"
    pid = _postmaster_pid(cluster)
    if major is not None and _has_postmaster(cluster):
        state = "running"
    return ClusterStatus(
        state, major, pid if state == "running" else None, cluster.data, cluster.socket, cluster.log
    )


def remove(cluster: Cluster) -> None:
    """Stop the cluster and remove all it holds, for good."""
    stop(cluster)
    for folder in (cluster.data, cluster.data.with_name(f"{cluster.data.name}.new"), cluster.socket):
        if folder.exists():
            shutil.rmtree(folder)
    cluster.log.unlink(missing_ok=True)
    cluster.lock.unlink(missing_ok=True)
    if cluster.account is not None:
        with suppress(OSError):  # another file of ours, such as an old log, keeps the folder
            cluster.data.parent.rmdir()


def url(cluster: Cluster, role: str, dbname: str = DATABASE) -> str:
    """Return the address by which libpq enters a database of the cluster as a role."""
    query = urlencode({"host": str(cluster.socket), "port": _PORT, "user": role}, quote_via=quote, safe="")
    return f"postgresql:///{quote(dbname, safe='')}?{query}"


def _tell_nobody(_message: str) -> None:
    return None


def _require_account(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError as exc:
        raise ClusterError(
            f"there is no account `{name}`, and PostgreSQL does not run as root",
            remedy=postgres_binaries.remedy(),
        ) from exc


def _data_major(data: Path) -> int | None:
    try:
        return int((data / "PG_VERSION").read_text("ascii").strip())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def _choose_binaries(data: Path) -> Path:
    """Return the programs that can open the data, or the newest ones for a cluster yet to be made."""
    installed = postgres_binaries.discover()
    newest = postgres_binaries.usable(installed)
    major = _data_major(data)
    if major is None:
        return newest.bindir
    same = postgres_binaries.for_major(installed, major)
    if same is None:
        here = ", ".join(str(binaries.major) for binaries in installed if binaries.postgis)
        raise ClusterError(
            f"{data} was made by PostgreSQL {major}, and this machine has {here} only",
            remedy=f"install PostgreSQL {major} with PostGIS again (Debian: apt-get install "
            f"postgresql-{major}-postgis-3), or put it aside and load anew: mv {data} {data}.{major}",
        )
    return same.bindir


def _make_place(cluster: Cluster) -> None:
    try:
        cluster_files.make_folders(cluster.data, cluster.socket, account=cluster.account)
    except OSError as exc:
        raise ClusterError(
            f"the cluster's folders cannot be made: {exc}", remedy="set TERRITOIRE_VAR to a folder you may write to"
        ) from exc


def _answers(cluster: Cluster) -> bool:
    if not cluster.socket.exists():
        return False
    command = [cluster.bindir / "pg_isready", "-q", "-h", cluster.socket, "-p", _PORT, "-t", "3"]
    return cluster_files.run(command, account=None).returncode == 0


def _is_ready(cluster: Cluster) -> bool:
    # Written once the database exists: a command killed between the two leaves it to the next.
    return (cluster.data / "territoire.ready").exists()


def _prepare(cluster: Cluster, tell: Callable[[str], None]) -> None:
    """Leave a data directory that can be started: made, configured, and run by nobody."""
    if _has_postmaster(cluster):  # the checkout moved while it ran, or its socket was swept away
        tell("restarting PostgreSQL, whose socket is elsewhere")
        _pg_ctl_stop(cluster)
    aside = cluster_files.set_aside_if_broken(cluster.data)
    if aside is not None:
        tell(f"the cluster was incomplete; it was moved to {aside}")
    if not cluster.data.exists():
        tell("making a private PostgreSQL cluster")
        cluster_files.initialise(cluster.data, bindir=cluster.bindir, account=cluster.account)
    cluster_files.configure(cluster.data, cluster.socket, account=cluster.account)
    cluster_files.shorten_log(cluster.log)


def _start(cluster: Cluster) -> None:
    _drop_misleading_pid_file(cluster)
    command = [
        *(cluster.bindir / "pg_ctl", "start", "--pgdata", cluster.data, "--log", cluster.log),
        *("--wait", "--timeout", str(_START_SECONDS), "--silent"),
    ]
    give_up = time.monotonic() + _ORPHANS_SECONDS
    while True:
        length = cluster.log.stat().st_size if cluster.log.exists() else 0
        done = cluster_files.run(command, account=cluster.account, timeout=_START_SECONDS + 30)
        if done.returncode == 0:
            return
        with suppress(FileNotFoundError), cluster.log.open("rb") as log:
            log.seek(length)
            said = log.read().decode("utf-8", "replace")
            # After a kill -9 of the postmaster its sessions may need a moment to notice and go.
            if "is still in use" in said and time.monotonic() < give_up:
                time.sleep(0.3)
                continue
            raise ClusterError(
                f"PostgreSQL does not start. The end of {cluster.log}:\n"
                f"{cluster_files.last_lines(said or done.stdout + done.stderr)}"
            )
        raise ClusterError(f"pg_ctl failed:\n{cluster_files.last_lines(done.stdout + done.stderr)}")


def _pg_ctl_stop(cluster: Cluster) -> None:
    command = [
        *(cluster.bindir / "pg_ctl", "stop", "--pgdata", cluster.data, "--mode", "fast"),
        *("--wait", "--timeout", str(_START_SECONDS), "--silent"),
    ]
    done = cluster_files.run(command, account=cluster.account, timeout=_START_SECONDS + 30)
    if done.returncode != 0 and _has_postmaster(cluster):
        raise ClusterError(f"PostgreSQL does not stop:\n{cluster_files.last_lines(done.stdout + done.stderr)}")


def _postmaster_pid(cluster: Cluster) -> int | None:
    try:
        return int((cluster.data / "postmaster.pid").read_text("utf-8").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another account's
    return True


def _works_in(process: Path, folder: Path) -> bool:
    """Return True when a process of /proc stands in the folder, as each of PostgreSQL's stands in its data."""
    try:
        return (process / "cwd").readlink() == folder
    except OSError:  # it ended, or is another account's
        return False


def _has_postmaster(cluster: Cluster) -> bool:
    """Return True when the process named in postmaster.pid lives and is this cluster's."""
    pid = _postmaster_pid(cluster)
    if pid is None or not _is_alive(pid):
        return False
    if not Path("/proc/self").exists():  # macOS
        return True
    return _works_in(Path(f"/proc/{pid}"), cluster.data.resolve())


def _drop_misleading_pid_file(cluster: Cluster) -> None:
    """Forget a postmaster.pid whose number another program has now: PostgreSQL would refuse to start.

    That file is also how PostgreSQL finds sessions that outlived a killed postmaster: while any is left, it stays.
    """
    pid = _postmaster_pid(cluster)
    if pid is None or not _is_alive(pid) or _has_postmaster(cluster):
        return
    data = cluster.data.resolve()
    if not any(_works_in(process, data) for process in Path("/proc").glob("[0-9]*")):
        (cluster.data / "postmaster.pid").unlink(missing_ok=True)


def _create_database(cluster: Cluster) -> None:
    command = [cluster.bindir / "createdb", "-h", cluster.socket, "-p", _PORT, "-U", "admin"]
    done = cluster_files.run([*command, "--maintenance-db=postgres", DATABASE], account=cluster.account)
    if done.returncode != 0 and "already exists" not in done.stderr:
        raise ClusterError(f"the database cannot be made:\n{cluster_files.last_lines(done.stderr)}")
    (cluster.data / "territoire.ready").touch()
