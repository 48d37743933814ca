"""What the server's login can do: compared with a committed list, and tried."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from lab import Lab, row, write
from psycopg import errors

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "golden"


@pytest.fixture
def loaded(lab: Lab) -> Lab:
    """One dataset, published."""
    lab.declare()
    write(lab.datasets / "lieux.gpkg", [row(n) for n in range(3)])
    lab.load("lieux")
    return lab


@pytest.mark.parametrize("role", ["reader", "submitter"])
def test_a_login_can_do_what_the_committed_list_says_and_nothing_else(loaded: Lab, role: str) -> None:
    query = (HERE / "rights.sql").read_text().replace("'reader'", f"'{role}'")
    with loaded.connect_admin() as connection:
        found = [line for (line,) in connection.execute(query).fetchall()]  # type: ignore[arg-type]
    assert found == (GOLDEN / f"{role}_rights.txt").read_text().splitlines()


@pytest.mark.parametrize(
    "statement",
    [
        "select * from data.lieux__g1",
        "select * from etl.runs",
        "insert into api.lieux__g1 (fid) values (9)",
        "create table public.mine (a int)",
        "create temporary table mine (a int)",
        "select lo_create(0)",
        "select lo_from_bytea(0, 'x')",
        "set role loader",
        "copy api.published to program 'true'",
    ],
)
def test_what_the_reader_must_not_do_is_refused(loaded: Lab, statement: str) -> None:
    with psycopg.connect(loaded.urls.reader) as connection:
        connection.execute("set transaction read write")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "statement",
    [
        "select * from jobs.executions",
        "select * from jobs.procrastinate_jobs",
        "select jobs.enqueue(gen_random_uuid())",
        "select * from api.published",
        "select * from api.lieux__g1",
        "create table public.mine (a int)",
        "create temporary table mine (a int)",
        "create function pg_temp.mine() returns int language sql return 1",
        "select lo_create(0)",
        "set role loader",
    ],
)
def test_what_the_submitter_must_not_do_is_refused(loaded: Lab, statement: str) -> None:
    with psycopg.connect(loaded.urls.submitter) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement)  # type: ignore[arg-type]


def test_the_server_refuses_a_login_that_can_write(loaded: Lab) -> None:
    for url in (loaded.urls.loader, loaded.urls.admin):
        done = loaded.command("serve", "--port", "0", TERRITOIRE_READER_URL=url)
        assert done.returncode == 1
        assert "can write" in done.stderr
        assert "TERRITOIRE_READER_URL" in done.stderr
