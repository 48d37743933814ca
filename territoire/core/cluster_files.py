"""The folders, configuration files and child processes of the private PostgreSQL cluster."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from territoire.core.errors import ClusterError

__all__ = [
    "ROLES",
    "configure",
    "initialise",
    "last_lines",
    "locked",
    "make_folders",
    "run",
    "set_aside_if_broken",
    "shorten_log",
]

ROLES = ("admin", "loader", "reader")
"""The roles of the cluster that its accounts may take; admin is its superuser."""

_LOG_LIMIT_BYTES = 10_000_000

# PostGIS reads the PROJ of the system: variables meant for the wheels, conda or QGIS would mislead it.
_FOREIGN = ("PG", "LC_", "LANG", "PROJ_", "GDAL_", "TZ", "NOTIFY_SOCKET", "LD_PRELOAD")

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


def run(
    command: Sequence[str | Path], *, account: str | None, text: str | None = None, timeout: float = 180
) -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL as the cluster's account, in a folder and environment that cannot disturb it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    environment["LC_ALL"] = "C"
    group = None if account is None else pwd.getpwnam(account).pw_gid
    try:
        return subprocess.run(  # noqa: S603 - a fixed list of programs, no shell
            [str(part) for part in command],
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            cwd="/",  # the account may not be allowed to enter where we stand
            env=environment,
            user=account,
            group=group,
            extra_groups=None if account is None else [],
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise ClusterError(f"{command[0]} could not be run: {exc}") from exc


@contextmanager
def locked(lock: Path) -> Iterator[None]:
    """Hold the cluster's lock, so that two commands never make, start or stop it at the same time."""
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make_folders(data: Path, socket: Path, *, account: str | None) -> None:
    """Make the folders of the data and of the socket; the second is anew at each start, as /run and /tmp empty."""
    data.parent.mkdir(parents=True, exist_ok=True)
    if account is None:
        _make_private_folder(socket)
        return
    owner = pwd.getpwnam(account)
    socket.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    for folder in (data.parent, socket):
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


def initialise(data: Path, *, bindir: Path, account: str | None) -> None:
    """Make a new data directory beside its place and rename it there whole: an interrupted one never counts."""
    unfinished = data.with_name(f"{data.name}.new")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    # Debian and Fedora have C.UTF-8; macOS may not, and its C sorts the same.
    locale = "C.UTF-8" if sys.platform == "linux" else "C"
    done = run(
        [
            bindir / "initdb",
            "--pgdata",
            unfinished,
            "--username=admin",
            "--auth=peer",
            "--encoding=UTF8",
            f"--locale={locale}",
            "--no-instructions",
        ],
        account=account,
    )
    if done.returncode != 0:
        raise ClusterError(f"initdb could not make {data}:\n{last_lines(done.stdout + done.stderr)}")
    main = unfinished / "postgresql.conf"
    _write(main, main.read_text("utf-8") + "\ninclude = 'territoire.conf'\n", account=account)
    unfinished.rename(data)


def configure(data: Path, socket: Path, *, account: str | None) -> None:
    """Write the settings, and who may enter as whom: accounts of this machine by its socket, no password, no TCP."""
    accounts = {"root", _running_account(), account or "root"}
    pairs = [f'territoire "{name}" {role}\n' for name in sorted(accounts) for role in ROLES]
    quoted = str(socket).replace("'", "''")
    _write(data / "territoire.conf", _CONFIGURATION.format(socket=quoted), account=account)
    _write(data / "pg_hba.conf", "local all all peer map=territoire\n", account=account)
    _write(data / "pg_ident.conf", "".join(pairs), account=account)


def shorten_log(log: Path) -> None:
    """Keep one old log beside the new one when it has grown."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))


def last_lines(text: str, count: int = 12) -> str:
    """Return the end of a log, indented under the message that quotes it."""
    return "\n".join(f"    {line}" for line in text.strip().splitlines()[-count:])


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
