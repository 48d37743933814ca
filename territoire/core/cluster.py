"""The private PostgreSQL cluster that Territoire keeps when no TERRITOIRE_DATABASE_URL is given.

Unix socket only, entered by account (peer), never run as root: root goes through the account `postgres`.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlencode

from territoire.core import cluster_files, cluster_server, postgres_binaries
from territoire.core.cluster_files import Cluster
from territoire.core.cluster_server import DATABASE
from territoire.core.errors import ClusterError
from territoire.core.settings import Settings

__all__ = [
    "DATABASE",
    "Cluster",
    "ClusterStatus",
    "ensure_started",
    "is_running",
    "locate",
    "remove",
    "status",
    "stop",
    "url",
]

_ROOT_ACCOUNT = "postgres"


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
        # PostgreSQL refuses root, and another account may not enter the checkout of root.
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
    if cluster_server.answers(cluster) and _is_ready(cluster):
        return False
    tell = report or _tell_nobody
    _make_place(cluster)
    with cluster_files.locked(cluster.lock):
        started = not cluster_server.settles(cluster)
        if started:
            _prepare(cluster, tell)
            tell("starting PostgreSQL")
            cluster_server.start(cluster)
        cluster_server.create_database(cluster)
    return started


def stop(cluster: Cluster) -> bool:
    """Stop the cluster, ending its sessions; True when it was running."""
    if not cluster.data.exists():
        return False
    _make_place(cluster)
    with cluster_files.locked(cluster.lock):
        if not cluster_server.has_postmaster(cluster):
            return False
        cluster_server.stop(cluster)
    return True


def is_running(cluster: Cluster) -> bool:
    """Return True when the cluster accepts connections."""
    return cluster_server.answers(cluster)


def status(cluster: Cluster) -> ClusterStatus:
    """Return whether the cluster exists and runs, and where."""
    major = _data_major(cluster.data)
    state: Literal["absent", "stopped", "running"] = "absent" if major is None else "stopped"
    pid = cluster_server.postmaster_pid(cluster)
    if major is not None and cluster_server.has_postmaster(cluster):
        state = "running"
    return ClusterStatus(state, major, pid if state == "running" else None, cluster.data, cluster.socket, cluster.log)


def remove(cluster: Cluster) -> None:
    """Stop the cluster and remove all it holds, for good."""
    stop(cluster)
    for folder in (cluster.data, cluster_files.unfinished_place(cluster), cluster.socket):
        if folder.exists():
            shutil.rmtree(folder)
    cluster.log.unlink(missing_ok=True)
    cluster.lock.unlink(missing_ok=True)
    if cluster.account is not None:
        with suppress(OSError):  # another file of ours, such as an old log, keeps the folder
            cluster.data.parent.rmdir()


def url(cluster: Cluster, role: str, dbname: str = DATABASE) -> str:
    """Return the address by which libpq enters a database of the cluster as a role."""
    query = urlencode(
        {"host": str(cluster.socket), "port": cluster_server.PORT, "user": role}, quote_via=quote, safe=""
    )
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
        cluster_files.make_folders(cluster)
    except OSError as exc:
        raise ClusterError(
            f"the cluster's folders cannot be made: {exc}",
            remedy="set TERRITOIRE_VAR to a folder you may write to",
        ) from exc


def _is_ready(cluster: Cluster) -> bool:
    # Written once the database exists: a command killed between the two leaves it to the next.
    return (cluster.data / "territoire.ready").exists()


def _prepare(cluster: Cluster, tell: Callable[[str], None]) -> None:
    """Leave a data directory that can be started: made, configured, and run by nobody."""
    if cluster_server.has_postmaster(cluster):  # the checkout moved while it ran, or its socket was swept away
        tell("restarting PostgreSQL, whose socket is elsewhere")
        cluster_server.stop(cluster)
    aside = cluster_files.set_aside_if_broken(cluster.data)
    if aside is not None:
        tell(f"the cluster was incomplete; it was moved to {aside}")
    if not cluster.data.exists():
        tell("making a private PostgreSQL cluster")
        cluster_files.initialise(cluster)
    cluster_files.configure(cluster)
    cluster_files.shorten_log(cluster.log)
