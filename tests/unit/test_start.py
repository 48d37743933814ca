"""What a command imports before it answers: `--help` and the small commands are asked for all day."""

from __future__ import annotations

import subprocess
import sys

import pytest
from lab import ROOT

from territoire.cli.main import app

_COMMANDS = ("dataset", "etl", "database", "demo", "geoplateforme", "derive", "serve", "settings", "worker")
#: What takes a second or more of the processor to import, together.
_HEAVY = frozenset({"fiona", "geopandas", "numpy", "pandas", "pyarrow", "pygeoapi", "pyogrio", "rasterio", "shapely"})
_OF_THE_PLATFORM = frozenset({"psycopg", "pydantic", "yaml", "etl", "providers"})


def _run(*arguments: str) -> tuple[str, set[str]]:
    """Run a command in a process of its own; return what it said and the packages that it imported."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "territoire.cli.main", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines = (line for line in done.stderr.splitlines() if line.startswith("import time:"))
    return done.stdout, {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


def test_the_help_of_all_imports_nothing_of_any_command() -> None:
    said, imported = _run("--help")
    assert "typer" in imported
    assert not imported & (_HEAVY | _OF_THE_PLATFORM)
    for name in _COMMANDS:
        assert f"│ {name} " in said


@pytest.mark.parametrize("name", _COMMANDS)
def test_a_command_teaches_before_it_imports_what_reads_data_or_serves(name: str) -> None:
    said, imported = _run(name, "--help")
    assert f" {name} [OPTIONS]" in said
    assert not imported & _HEAVY


def test_a_small_command_imports_no_reader_of_data() -> None:
    said, imported = _run("dataset", "check")
    assert "declarations are right" in said
    assert not imported & _HEAVY


def test_a_wrong_name_is_told_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        app(["etll"])
    assert "Did you mean 'etl'" in capsys.readouterr().err
