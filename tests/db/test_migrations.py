"""Migrations: applied once, under a lock, and never altered afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from lab import ROOT, Lab
from psycopg.conninfo import make_conninfo

from territoire.core import database, migrations, places
from territoire.core.database import Urls
from territoire.core.errors import MigrationError


def quiet(_: str) -> None:
    """Say nothing."""


def test_a_second_run_applies_nothing(lab: Lab) -> None:
    assert migrations.migrate(lab.urls.admin, report=quiet) == 0


def test_two_at_once_apply_each_migration_once(cluster_urls: Urls) -> None:
    with psycopg.connect(cluster_urls.admin, autocommit=True) as connection:
        connection.execute("create database raced")
    url = make_conninfo(cluster_urls.admin, dbname="raced")
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(migrations.migrate(url, report=quiet))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wanted = len(migrations.read(places.sql_folder() / "migrations"))
    assert sorted(counts) == [0, 0, wanted]
    with psycopg.connect(cluster_urls.admin, autocommit=True) as connection:
        connection.execute("drop database raced with (force)")


def test_an_altered_migration_is_refused(lab: Lab) -> None:
    with lab.connect_admin() as connection:
        connection.execute("update etl.migrations set checksum = 'x'")
    with pytest.raises(MigrationError, match="altered after it was applied"):
        migrations.migrate(lab.urls.admin, report=quiet)


def test_a_database_of_a_newer_version_is_refused(lab: Lab) -> None:
    with lab.connect_admin() as connection:
        connection.execute("insert into etl.migrations (version, name, checksum) values ('20990101000000', 'x', 'x')")
    done = lab.command("etl", "status")
    assert done.returncode == 1
    assert "20990101000000" in done.stderr


def test_a_database_without_migrations_says_what_to_do(cluster_urls: Urls, tmp_path: Path) -> None:
    lab = Lab(Urls(*(make_conninfo(url, dbname="postgres") for url in (cluster_urls.admin,) * 3)), tmp_path)
    for arguments in (["etl", "status"], ["serve", "--port", "0"]):
        done = lab.command(*arguments)
        assert done.returncode == 1
        assert "territoire database migrate" in done.stderr


def test_down_undoes_up(lab: Lab) -> None:
    down = [
        file.read_text().split("-- migrate:down")[1] for file in sorted((ROOT / "sql" / "migrations").glob("*.sql"))
    ]
    with lab.connect_admin() as connection:
        for statement in reversed(down):
            connection.execute(statement)  # type: ignore[arg-type]
        left = connection.execute(
            "select count(*) from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace"
            " where n.nspname in ('data', 'api') or (n.nspname = 'etl' and c.relname not like 'migrations%')"
        ).fetchone()
    assert left == (0,)


def test_a_file_that_is_no_migration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "20260101000000_x.sql").write_text("select 1;")
    with pytest.raises(MigrationError, match="not a migration"):
        migrations.read(tmp_path)


def test_a_database_that_is_away_is_named_without_its_password(new_database: Callable[[], Urls]) -> None:
    with pytest.raises(Exception, match=r"does not answer at 127\.0\.0\.1") as caught:
        database.connect_reader("postgresql://reader:secret@127.0.0.1:1/territoire")
    assert "secret" not in str(caught.value)
