"""The folders and files of the private PostgreSQL cluster."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import stat
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from territoire.core.errors import ClusterError
from territoire.core.postgres_binaries import last_lines, run

__all__ = [
    "ROLES",
    "Cluster",
    "configure",
    "initialise",
    "locked",
    "make_folders",
    "set_aside_if_broken",
    "shorten_log",
    "unfinished_place",
]

ROLES = ("admin", "loader", "reader", "submitter")
"""The roles of the cluster that its accounts may take; admin is its superuser."""

_LOG_LIMIT_BYTES = 10_000_000

_CONFIGURATION = """\
# Written by Territoire at each start; put your own settings in local.conf, beside this file.
listen_addresses = ''
port = 5432
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 256MB
synchronous_commit = on
wal_level = minimal
max_wal_senders = 0
wal_compression = on
max_wal_size = 2GB
checkpoint_timeout = 15min
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] %u@%d '
log_min_messages = warning
log_checkpoints = off
log_lock_waits = on
include_if_exists = 'local.conf'
"""


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


@contextmanager
def locked(lock: Path) -> Generator[None]:
    """Hold the cluster's lock, so that two commands never make, start or stop it at the same time."""
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make_folders(cluster: Cluster) -> None:
    """Make the folders of the data and of the socket; the second at each start, as /run and /tmp are emptied."""
    if cluster.account is None:
        cluster.data.parent.mkdir(parents=True, exist_ok=True)
        _make_private_folder(cluster.socket)
        return
    owner = pwd.getpwnam(cluster.account)
    for folder in (cluster.data.parent, cluster.socket):
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.parent.chmod(0o755)  # whatever root's umask, the account has to pass
        folder.mkdir(exist_ok=True)
        os.chown(folder, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
        folder.chmod(0o700)


def _make_private_folder(folder: Path) -> None:
    """Make a folder in a place that all may write to, and refuse one that another account put there first."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise ClusterError(
            f"{folder} is not a folder of this account: someone else may be listening there",
            remedy=f"remove it (ls -ld {folder} shows whose it is), or set TERRITOIRE_VAR to another folder",
        )
    folder.chmod(0o700)


def unfinished_place(cluster: Cluster) -> Path:
    """Return where a data directory is made before it is moved to its place."""
    return cluster.data.with_name(f"{cluster.data.name}.new")


def set_aside_if_broken(data: Path) -> Path | None:
    """Put aside a data directory that cannot be one, and return its new place; an empty one just goes."""
    if (data / "PG_VERSION").is_file() and (data / "global" / "pg_control").is_file():
        return None
    if not data.exists():
        return None
    if not any(data.iterdir()):
        data.rmdir()
        return None
    aside = data.with_name(f"{data.name}.broken-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}")
    data.rename(aside)
    return aside


def initialise(cluster: Cluster) -> None:
    """Make a data directory beside its place and move it there whole: an interrupted one never counts."""
    unfinished = unfinished_place(cluster)
    if unfinished.exists():
        shutil.rmtree(unfinished)
    # Debian and Fedora have C.UTF-8; macOS may not, and its C sorts the same.
    locale = "C.UTF-8" if sys.platform == "linux" else "C"
    done = run(
        [
            cluster.bindir / "initdb",
            "--pgdata",
            unfinished,
            "--username=admin",
            "--auth=peer",
            "--encoding=UTF8",
            f"--locale={locale}",
            "--no-instructions",
        ],
        account=cluster.account,
    )
    if done.returncode != 0:
        raise ClusterError(f"initdb could not make {cluster.data}:\n{last_lines(done.stdout + done.stderr)}")
    main = unfinished / "postgresql.conf"
    _write(main, main.read_text("utf-8") + "\ninclude = 'territoire.conf'\n", account=cluster.account)
    unfinished.rename(cluster.data)


def configure(cluster: Cluster) -> None:
    """Write the settings, and who may enter as whom: by the socket alone, as the accounts named here."""
    accounts = {"root", _running_account(), cluster.account or "root"}
    pairs = [f'territoire "{name}" {role}\n' for name in sorted(accounts) for role in ROLES]
    quoted = str(cluster.socket).replace("'", "''")
    _write(cluster.data / "territoire.conf", _CONFIGURATION.format(socket=quoted), account=cluster.account)
    _write(cluster.data / "pg_hba.conf", "local all all peer map=territoire\n", account=cluster.account)
    _write(cluster.data / "pg_ident.conf", "".join(pairs), account=cluster.account)


def shorten_log(log: Path) -> None:
    """Keep one old log beside the new one when it has grown."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))


def _running_account() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError as exc:
        raise ClusterError(
            f"the account number {os.geteuid()} has no name on this machine, and PostgreSQL needs one",
            remedy="run as an account listed in /etc/passwd, or set TERRITOIRE_DATABASE_URL",
        ) from exc


def _write(path: Path, text: str, *, account: str | None) -> None:
    """Write a file as the cluster's account: root must not follow links in a folder that is another's."""
    done = run(["/bin/sh", "-c", 'cat >"$1"', "sh", path], account=account, text=text)
    if done.returncode != 0:
        raise ClusterError(f"{path} could not be written:\n{last_lines(done.stderr)}")
