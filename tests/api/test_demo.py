"""The demo: its command loads, serves, and ends with its database on SIGTERM and SIGINT; its tiles are whole."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import mvt
import pytest
from lab import ROOT, Server, free_port, get, wait_until

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


def test_a_tile_of_the_whole_demo_holds_every_layer_down_to_its_deepest_zoom(demo_server: Server) -> None:
    whole = demo_server.json("/tiles.json")
    deepest = whole["maxzoom"]
    named = {layer["id"] for layer in whole["vector_layers"]}
    assert {layer["maxzoom"] for layer in whole["vector_layers"]} == {deepest}
    for zoom in (deepest - 2, deepest - 1, deepest):
        # the Vieux-Port, on the shore of two arrondissements
        down = (1 - math.asinh(math.tan(math.radians(43.296))) / math.pi) / 2
        column, row = int((5.374 + 180) / 360 * 2**zoom), int(down * 2**zoom)
        [template] = whole["tiles"]
        address = template.replace("{z}", str(zoom)).replace("{x}", str(column)).replace("{y}", str(row))
        assert set(mvt.read(get(address, Accept="*/*")[2])) == named, zoom


@pytest.mark.parametrize(
    ("language", "wanted"), [("fr", "Longitude de la mairie (°)"), ("en", "Longitude of the town hall (°)")]
)
def test_the_page_of_a_feature_says_the_units(demo_server: Server, language: str, wanted: str) -> None:
    page = demo_server.get(f"/ogc/collections/communes/items/84054?lang={language}", Accept="text/html")[2].decode()
    assert f"<dt>{wanted}</dt>" in page
