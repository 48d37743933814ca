"""The programs that pages offer run as they stand: copied from the page, nothing added."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pyogrio
import pytest
from browsing import another_site, pixels
from lab import ROOT, Lab, Server
from playwright.sync_api import Page

MODULES = ROOT / "node_modules"
#: A page of somebody else: it says where the packages are, as a bundler would know, and holds the program.
STANDALONE = """<!doctype html><meta charset="utf-8"><title>Ailleurs</title><link rel="icon" href="data:,">
<style>html, body, #map {{ margin: 0; height: 100% }}</style><div id="map"></div>
<script type="importmap">{imports}</script>
<script type="module">
{program}
window.map = map;
map.once({event}, () => {{ document.documentElement.dataset.map = "idle"; }});
</script>"""


def copied(page: Page, server: Server, collection: str) -> dict[str, str]:
    """Return what a page offers to copy, by the name of the tool or address."""
    page.goto(f"{server.base}/ogc/collections/{collection}?lang=en")
    found: dict[str, str] = page.evaluate(
        """Object.fromEntries([...document.querySelectorAll('.snippets details, .addresses > div')].map((one) =>
        [one.querySelector('summary, dt').textContent, one.querySelector('code').textContent]))"""
    )
    return found


@pytest.fixture
def offered(demo_server: Server, page: Page) -> dict[str, str]:
    """What the page of the communes offers."""
    return copied(page, demo_server, "communes")


@pytest.mark.parametrize(("tool", "wanted"), [("Python, requests", "946"), ("Python, OWSLib", "'nom': ")])
def test_a_program_in_python_runs(offered: dict[str, str], tool: str, wanted: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", offered[tool]],
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert wanted in done.stdout


@pytest.mark.parametrize("collection", ["communes", "region"])
def test_what_geopandas_is_told_gdal_can_read(demo: Lab, demo_server: Server, page: Page, collection: str) -> None:
    """GeoPandas hands both values on to pyogrio, which stands in for it: the rest of it is not needed here."""
    program = copied(page, demo_server, collection)["Python, GeoPandas"]
    read: dict[str, Any] = {}

    def read_file(path: str, *, layer: str) -> Any:
        read.update(pyogrio.read_info(path, layer=layer, force_feature_count=True))
        return read_file

    read_file.head = lambda: ""  # type: ignore[attr-defined]
    geopandas = ModuleType("geopandas")
    geopandas.read_file = read_file  # type: ignore[attr-defined]
    sys.modules["geopandas"] = geopandas
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(program, {})
    finally:
        del sys.modules["geopandas"]
    assert read["features"] == demo_server.json(f"/ogc/collections/{collection}")["itemCount"]


@pytest.mark.parametrize(
    ("tool", "wanted"),
    [("curl: the first features", b'"FeatureCollection"'), ("curl: a file for spreadsheets (CSV)", b"")],
)
def test_a_line_of_curl_runs(offered: dict[str, str], tmp_path: Path, tool: str, wanted: bytes) -> None:
    if not shutil.which("curl"):
        pytest.skip("there is no curl here")
    line = shlex.split(offered[tool])
    done = subprocess.run([*line, "-sS", "--fail", "--noproxy", "*"], cwd=tmp_path, capture_output=True, check=True)
    assert wanted in done.stdout
    if "-o" in line:
        assert len((tmp_path / "communes.csv").read_bytes().split(b"\r\n")) == 946 + 2


def test_the_program_for_maplibre_draws(offered: dict[str, str], page: Page, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "territoire" / "web" / "static" / "vendor", tmp_path, dirs_exist_ok=True)
    imports = {"maplibre-gl": "./maplibre-gl.mjs"}
    _draws(offered["MapLibre GL JS"], page, tmp_path, imports=imports, event="idle")


def test_the_program_for_openlayers_draws(offered: dict[str, str], page: Page, tmp_path: Path) -> None:
    if not (MODULES / "ol").exists():
        pytest.skip("OpenLayers is not installed (make setup-dev)")
    names = ("ol", "rbush", "quickselect", "pbf", "earcut")
    for name in names:
        (tmp_path / name).symlink_to(MODULES / name)
    mains = {name: json.loads((MODULES / name / "package.json").read_text()) for name in names[1:]}
    imports = {"ol/": "./ol/"} | {name: f"./{name}/{main.get('module', main['main'])}" for name, main in mains.items()}
    _draws(offered["OpenLayers"], page, tmp_path, imports=imports, event="loadend")


def _draws(program: str, page: Page, folder: Path, *, imports: dict[str, str], event: str) -> None:
    words = {"imports": json.dumps({"imports": imports}), "program": program, "event": json.dumps(event)}
    (folder / "index.html").write_text(STANDALONE.format(**words))
    with another_site(folder) as site:
        page.goto(site)
        page.wait_for_selector('html[data-map="idle"]')
        counted = pixels(page.screenshot())
    drawn = sum(counted.values()) - max(counted.values())
    assert drawn > 0.1 * sum(counted.values())
