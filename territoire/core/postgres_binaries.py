"""PostgreSQL's server programs: where they are, how we run them, and what to type where there are none.

Standard library only: set-up runs this module before any package is installed.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from territoire.core.errors import ClusterError

__all__ = ["MAJORS", "PostgresBinaries", "discover", "for_major", "last_lines", "remedy", "run", "usable"]

MAJORS = range(15, 19)
"""The major versions of PostgreSQL that Territoire works with."""

_PLACES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # the PostgreSQL project's own RPMs
    "/usr/bin",  # Fedora, Arch
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/opt/homebrew/bin",
    "/usr/local/bin",
    "/usr/local/pgsql/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """One installed version of the server programs."""

    bindir: Path
    major: int
    postgis: bool
    """True when CREATE EXTENSION postgis can find its files."""


def discover(places: Sequence[str] = _PLACES) -> list[PostgresBinaries]:
    """List the installed server programs, newest major first."""
    found: dict[Path, PostgresBinaries] = {}
    for bindir in _candidate_folders(places):
        if bindir in found or not all(os.access(bindir / name, os.X_OK) for name in _NEEDED):
            continue
        major = _major(bindir)
        if major is not None:
            found[bindir] = PostgresBinaries(bindir, major, _has_postgis(bindir, major))
    return sorted(found.values(), key=lambda binaries: binaries.major, reverse=True)


def usable(installed: Sequence[PostgresBinaries]) -> PostgresBinaries:
    """Return the newest version that has PostGIS; without one, say what to install."""
    for binaries in installed:
        if binaries.postgis and binaries.major in MAJORS:
            return binaries
    raise ClusterError(_what_is_missing(installed), remedy=remedy(installed))


def for_major(installed: Sequence[PostgresBinaries], major: int) -> PostgresBinaries | None:
    """Return the programs that can open a data directory of this major, if they are here."""
    return next((binaries for binaries in installed if binaries.major == major and binaries.postgis), None)


def remedy(installed: Sequence[PostgresBinaries] = ()) -> str:
    """Return the exact line that installs what is missing, for the systems we know."""
    bare = next((binaries.major for binaries in installed if binaries.major in MAJORS), None)
    debian = "postgresql-postgis" if bare is None else f"postgresql-{bare}-postgis-3"
    return (
        "install PostgreSQL 15 to 18 with PostGIS:\n"
        f"     Debian, Ubuntu   sudo apt-get install --no-install-recommends {debian}\n"
        "     Fedora           sudo dnf install postgresql-server postgresql-contrib postgis\n"
        "     macOS            brew install postgresql@18 postgis"
    )


# PostGIS reads the PROJ of the system: variables meant for the wheels, conda or QGIS would mislead it.
_FOREIGN = ("PG", "LC_", "LANG", "PROJ_", "GDAL_", "TZ", "NOTIFY_SOCKET", "LD_PRELOAD")

_NEEDED = ("initdb", "pg_ctl", "postgres", "pg_controldata")


def run(
    command: Sequence[str | Path], *, account: str | None, text: str | None = None, timeout: float = 180
) -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL as an account, deaf to the caller's folder and environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    environment["LC_ALL"] = "C"
    group = None if account is None else pwd.getpwnam(account).pw_gid
    try:
        return subprocess.run(
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


def last_lines(text: str, count: int = 12) -> str:
    """Return the end of a log, indented under the message that quotes it."""
    return "\n".join(f"    {line}" for line in text.strip().splitlines()[-count:])


def _candidate_folders(places: Sequence[str]) -> Iterator[Path]:
    pg_config = shutil.which("pg_config")
    if pg_config is not None and places is _PLACES:
        told = _output([pg_config, "--bindir"])
        if told:
            yield Path(told).resolve()
    for pattern in places:
        for folder in sorted(Path("/").glob(pattern.removeprefix("/"))):
            yield folder.resolve()


def _major(bindir: Path) -> int | None:
    version = re.search(r"\(PostgreSQL\) (\d+)", _output([str(bindir / "postgres"), "--version"]))
    return int(version[1]) if version else None


def _has_postgis(bindir: Path, major: int) -> bool:
    shares = [
        bindir.parent / "share",
        bindir.parent / "share" / "postgresql",
        bindir.parent / "share" / f"postgresql@{major}",
        bindir.parent / "share" / "pgsql",
        Path(f"/usr/share/postgresql/{major}"),
        Path(f"/opt/homebrew/share/postgresql@{major}"),
        Path(f"/usr/local/share/postgresql@{major}"),
    ]
    own = bindir / "pg_config"
    if os.access(own, os.X_OK) and (told := _output([str(own), "--sharedir"])):
        shares.insert(0, Path(told))
    return any((share / "extension" / "postgis.control").is_file() for share in shares)


def _output(command: list[str]) -> str:
    # The wrapper of postgresql-common warns in the language of the user; C keeps what we parse stable.
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _what_is_missing(installed: Sequence[PostgresBinaries]) -> str:
    if not installed:
        return "PostgreSQL's server programs (initdb, pg_ctl, postgres) are not on this machine"
    seen = ", ".join(f"{binaries.major} in {binaries.bindir}" for binaries in installed)
    if any(binaries.major in MAJORS for binaries in installed):
        return f"PostgreSQL is here ({seen}) but PostGIS is not installed for it"
    return f"PostgreSQL is here ({seen}) but Territoire needs a version from 15 to 18"


def _main() -> int:
    """Tell set-up what is here: 0 and the folder; else 1, the message, and a major that lacks PostGIS."""
    installed = discover()
    try:
        sys.stdout.write(f"{usable(installed).bindir}\n")
    except ClusterError as error:
        bare = [binaries.major for binaries in installed if binaries.major in MAJORS]
        sys.stdout.write(f"{bare[0]}\n" if bare else "")
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
