"""Applies sql/roles.sql and the plain files of sql/migrations (dbmate's format), once each, under a lock."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString, cast

import psycopg

from territoire.core import database, places
from territoire.core.database import Connection
from territoire.core.errors import MigrationError

_LOCK = 0x7E221702  # any constant will do: it only has to be ours
_NAME = re.compile(r"^(\d{14})_([a-z0-9_]+)\.sql$")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its version (14 digits), its name, and the SQL that moves up."""

    version: str
    name: str
    up: str
    checksum: str


def read(folder: Path) -> list[Migration]:
    """Read the migrations in order; MigrationError for a file that is not one."""
    found: list[Migration] = []
    for file in sorted(folder.glob("*.sql")):
        match = _NAME.match(file.name)
        text = file.read_text(encoding="utf-8")
        parts = re.split(r"^-- migrate:(up|down).*$", text, flags=re.MULTILINE)
        if match is None or len(parts) < 3 or parts[1] != "up":
            raise MigrationError(
                f"{file.name} is not a migration",
                remedy="name it <14 digits>_<name>.sql, begin with `-- migrate:up`",
            )
        checksum = hashlib.sha256(text.encode()).hexdigest()
        found.append(Migration(version=match[1], name=match[2], up=parts[2], checksum=checksum))
    return found


def migrate(url: str, *, report: Callable[[str], None]) -> int:
    """Bring roles and schemas up to date; return how many migrations were applied."""
    with database.connect_admin(url) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        try:
            _roles(connection)
            return _apply(connection, read(places.sql_folder() / "migrations"), report)
        finally:
            connection.execute("select pg_advisory_unlock(%s)", [_LOCK])


def pending(connection: Connection) -> list[Migration]:
    """Return the migrations that this database has not had; MigrationError if one was altered since."""
    done = _applied(connection)
    wanted = read(places.sql_folder() / "migrations")
    for migration in wanted:
        if migration.version in done and done[migration.version] != migration.checksum:
            raise MigrationError(
                f"migration {migration.version}_{migration.name} was altered after it was applied",
                remedy="restore the file (git checkout) and write the change as a new migration",
            )
    unknown = sorted(set(done) - {migration.version for migration in wanted})
    if unknown:
        raise MigrationError(
            f"the database has migrations that this version does not know: {', '.join(unknown)}",
            remedy="use the version of Territoire that applied them, or a newer one",
        )
    return [migration for migration in wanted if migration.version not in done]


def _roles(connection: Connection) -> None:
    row = connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
    if row and row[0]:
        with connection.transaction():
            connection.execute(_trusted((places.sql_folder() / "roles.sql").read_text(encoding="utf-8")))
        return
    ready = connection.execute(
        "select (select count(*) from pg_roles where rolname in ('owner', 'loader', 'reader', 'submitter')) = 4"
        " and exists (select 1 from pg_extension where extname = 'postgis')"
        " and not has_function_privilege('reader', 'lo_create(oid)', 'execute')"
    ).fetchone()
    if not (ready and ready[0]):
        raise MigrationError(
            "this login may not make the roles and the PostGIS extension",
            remedy="let a superuser run `psql -f sql/roles.sql` in this database once, then try again",
        )


def _apply(connection: Connection, wanted: list[Migration], report: Callable[[str], None]) -> int:
    with connection.transaction():
        connection.execute("set local role owner")
        connection.execute("create schema if not exists etl")
        connection.execute(
            "create table if not exists etl.migrations (version text primary key, name text not null,"
            " checksum text not null, applied_at timestamptz not null default now())"
        )
        connection.execute("grant usage on schema etl to loader")
        connection.execute("grant select on etl.migrations to loader")
    todo = pending(connection)
    for migration in todo:
        report(f"migration {migration.version} {migration.name}")
        try:
            with connection.transaction():
                connection.execute("set local role owner")
                connection.execute(_trusted(migration.up))
                connection.execute(
                    "insert into etl.migrations (version, name, checksum) values (%s, %s, %s)",
                    [migration.version, migration.name, migration.checksum],
                )
        except psycopg.Error as exc:
            raise MigrationError(f"migration {migration.version}_{migration.name} failed: {exc}") from exc
    return len(todo)


def _applied(connection: Connection) -> dict[str, str]:
    there = connection.execute("select to_regclass('etl.migrations')").fetchone()
    if not (there and there[0]):
        return {}
    return {str(row[0]): str(row[1]) for row in connection.execute("select version, checksum from etl.migrations")}


def _trusted(text: str) -> LiteralString:
    """Mark SQL that comes from our own files, the only text that reaches execute() whole."""
    return cast(LiteralString, text)
