"""The command line as people use it: results on stdout, errors that say what to do, exit statuses."""

from __future__ import annotations

import socket
import threading

import pytest
from lab import Lab, row, write

from etl import refresh


@pytest.fixture
def loaded(lab: Lab) -> Lab:
    """Ten places, published."""
    lab.declare()
    write(lab.datasets / "lieux.gpkg", [row(n) for n in range(10)])
    done = lab.command("etl", "run", "--all")
    assert (done.returncode, done.stdout) == (0, "lieux: generation 1 published, 10 rows\n"), done.stderr
    assert "lieux: check" in done.stderr
    return lab


def test_version_and_help_need_no_database(lab: Lab) -> None:
    assert lab.command("--version").stdout.startswith("territoire 0.")
    for words in ([], ["etl"], ["database"], ["dataset"], ["demo"]):
        shown = lab.command(*words, "--help")
        assert (shown.returncode, "Usage" in shown.stdout) == (0, True)


def test_status_history_and_rejects_tell_the_last_run(loaded: Lab) -> None:
    bad = write(loaded.folder / "bad.gpkg", [row(n, code="same") for n in range(10)])
    failed = loaded.command("etl", "run", "lieux", "--source", str(bad))
    assert failed.returncode == 1
    assert "9 rows were rejected" in failed.stderr
    assert "territoire etl rejects lieux" in failed.stderr
    assert "Traceback" not in failed.stderr
    rejects = loaded.command("etl", "rejects", "lieux").stdout
    assert "bad.gpkg, feature 2, code: stands twice" in rejects
    status = loaded.command("etl", "status").stdout
    assert "failed" in status
    assert "9 rows were rejected" in status
    assert "published" in loaded.command("etl", "history", "lieux").stdout


def test_quiet_says_only_how_it_ended(loaded: Lab) -> None:
    done = loaded.command("etl", "run", "lieux", "-q", "--force")
    assert (done.stdout, done.stderr) == ("lieux: generation 2 published, 10 rows\n", "")


def test_an_unknown_dataset_and_a_missing_name_are_errors_with_remedies(loaded: Lab) -> None:
    for words, said in (
        (["etl", "run", "lieu"], "did you mean lieux?"),
        (["etl", "run"], "--all"),
        (["etl", "run", "--all", "--source", "x"], "--source feeds one dataset"),
        (["etl", "rollback", "lieux"], "no earlier generation"),
        (["dataset", "show", "nope"], "lieux"),
        (["database", "start"], "not ours"),
    ):
        done = loaded.command(*words)
        assert done.returncode == 1
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_two_runs_of_one_dataset_at_once_are_refused(loaded: Lab) -> None:
    with loaded.connect() as connection, refresh.lock(connection, "lieux"):
        done = loaded.command("etl", "run", "lieux", "--force")
    assert done.returncode == 1
    assert "another run is at work" in done.stderr


def test_one_dataset_that_fails_does_not_keep_the_others_from_loading(loaded: Lab) -> None:
    loaded.declare(id="absent", source={"url": "absent.gpkg"})
    loaded.declare(id="zones")
    done = loaded.command("etl", "run", "--all")
    assert done.returncode == 1
    assert "zones: generation 1 published" in done.stdout
    assert "absent.gpkg: is not there" in done.stderr
    assert "1 of 3 datasets were not loaded" in done.stderr


def test_a_taken_port_names_a_free_one(loaded: Lab) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = loaded.command("serve", "--port", str(port))
    assert done.returncode == 1
    assert f"port {port} of 127.0.0.1 is taken" in done.stderr
    assert "--port" in done.stderr


def test_settings_are_shown_and_a_wrong_one_is_named(loaded: Lab) -> None:
    assert "TERRITOIRE_GENERATION_GRACE" in loaded.command("settings").stdout
    done = loaded.command("etl", "status", TERRITOIRE_GENERATION_GRACE="soon")
    assert done.returncode == 1
    assert "TERRITOIRE_GENERATION_GRACE=soon" in done.stderr


def test_the_address_and_psql_lead_to_the_database(loaded: Lab) -> None:
    assert loaded.command("database", "url").stdout.strip() == loaded.urls.admin
    asked = loaded.command("database", "psql", "--role", "reader", "-Atc", "select count(*) from api.lieux")
    assert asked.stdout == "10\n"


def test_foreign_variables_do_not_lead_elsewhere(loaded: Lab) -> None:
    done = loaded.command(
        "etl", "run", "lieux", "--force", PGHOST="10.0.0.1", PGDATABASE="theirs", PROJ_DATA="/nowhere", PROJ_LIB="/no"
    )
    assert done.returncode == 0, done.stderr


def test_a_new_column_breaks_neither_a_running_server_nor_an_old_cursor(loaded: Lab) -> None:
    with loaded.serve() as server:
        first = server.json("/ogc/collections/lieux/items?limit=4")
        following = next(link["href"] for link in first["links"] if link["rel"] == "next").removeprefix(server.base)
        columns = loaded.registry.get("lieux").model_dump(mode="json", by_alias=True, exclude_defaults=True)["columns"]
        columns = [c for c in columns if c["name"] != "taux"]
        loaded.declare(
            columns=[*columns, {"name": "ajout", "from": "taux", "type": "number", "title": {"fr": "Ajout"}}]
        )
        assert loaded.load("lieux").generation == 2
        waited = threading.Event()
        waited.wait(1.5)
        new = server.json("/ogc/collections/lieux/items?limit=1")["features"][0]["properties"]
        assert "ajout" in new
        assert "taux" not in new
        rest = server.json(following)
        assert len(rest["features"]) == 4
        assert all("taux" in feature["properties"] for feature in rest["features"])
        assert server.get("/ogc/collections/lieux/items?taux=1")[0] == 400
        assert server.get("/ogc/collections/lieux?f=html")[2].count(b"ajout") > 0


def test_a_rollback_to_another_declaration_points_the_current_view_at_its_columns(loaded: Lab) -> None:
    columns = loaded.registry.get("lieux").model_dump(mode="json", by_alias=True, exclude_defaults=True)["columns"]
    loaded.declare(columns=[c for c in columns if c["name"] != "taux"], geometry=None, checks={"min_rows": 1})
    assert loaded.load("lieux").generation == 2
    done = loaded.command("etl", "rollback", "lieux")
    assert (done.returncode, "generation 1 is published again" in done.stdout) == (0, True), done.stderr
    with loaded.connect_admin() as connection:
        found = connection.execute("select count(taux), count(geom) from api.lieux").fetchone()
    assert found == (10, 10)
