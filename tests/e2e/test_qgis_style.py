"""QGIS draws our vector tiles by the style sheet whose address a person gives with that of the tiles."""

from __future__ import annotations

from pathlib import Path

import pytest
import qgis as qgis_runner
from browsing import near, pixels
from clients import watch
from lab import Server

pytestmark = pytest.mark.e2e


def test_qgis_draws_the_tiles_of_several_collections_by_their_sheet(
    demo_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home: Path = tmp_path_factory.mktemp("qgis-style")
    tiles, style = f"{demo_server.base}/tiles/{{z}}/{{x}}/{{y}}.mvt", f"{demo_server.base}/styles.json"
    with watch(demo_server) as traffic:
        found = qgis_runner.run("qgis_style_probe.py", tiles, style, str(home / "drawn.png"), home=home)
    assert found["valid"]
    assert found["said"] == []
    sheet = demo_server.json("/styles.json")
    assert found["styles"] == sorted(f"{layer['source-layer']} {layer['id']}" for layer in sheet["layers"])
    assert [failed for failed in traffic.failed if not failed.startswith("304")] == []
    assert any(request.path.startswith("/styles.json") for request in traffic.requests)
    counted = pixels((home / "drawn.png").read_bytes())
    # the outline of the region, and that of the departements, as the sheet has them
    for name in ("region", "departements"):
        (line,) = [layer["paint"]["line-color"] for layer in sheet["layers"] if layer["id"] == f"{name}-outline"]
        assert near(counted, tuple(bytes.fromhex(line[1:]))) > 300, name
