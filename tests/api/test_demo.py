"""The main command: it loads, serves, and ends with its database on SIGTERM and on SIGINT."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from lab import ROOT, free_port, get, wait_until

from territoire.core import cluster
from territoire.core.settings import Settings


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_demo_serves_the_communes_and_ends_with_its_database(tmp_path: Path, number: signal.Signals) -> None:
    tmp_path.chmod(0o755)
    var = tmp_path / "var"
    private = cluster.locate(Settings(var=var))
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TERRITOIRE_", "PG"))}
    with (tmp_path / "demo.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "territoire.cli.main", "demo", "run", "--port", str(port)],
            env={**kept, "TERRITOIRE_VAR": str(var)},
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    try:
        items = f"http://127.0.0.1:{port}/ogc/collections/communes/items?limit=1"
        wait_until(lambda: _answers(items), seconds=60, what="the demo")
        assert b'"numberMatched":946' in get(items)[2]
        assert cluster.is_running(private)
        process.send_signal(number)
        assert process.wait(20) == 0
        assert not cluster.is_running(private)
        said = (tmp_path / "demo.log").read_text()
        assert f"http://127.0.0.1:{port}/ogc" in said
        assert "Traceback" not in said
    finally:
        process.kill()
        process.wait()
        cluster.stop(private)
        cluster.remove(private)


def _answers(url: str) -> bool:
    try:
        return get(url)[0] == 200
    except OSError:
        return False
