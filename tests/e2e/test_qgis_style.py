"""QGIS draws our vector tiles by their style sheet: those of web maps, and those in Lambert-93 by one address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import qgis as qgis_runner
from browsing import near, pixels
from clients import Traffic, watch
from lab import Server

pytestmark = pytest.mark.e2e


def _open(server: Server, home: Path, source: str) -> tuple[dict[str, Any], Traffic]:
    with watch(server) as traffic:
        found = qgis_runner.run("qgis_style_probe.py", source, str(home / "drawn.png"), home=home)
    assert found["valid"]
    assert found["said"] == []
    return found, traffic


def _check_picture(home: Path, sheet: dict[str, Any]) -> None:
    """The outline of the region, and that of the departements, are there as the sheet has them."""
    counted = pixels((home / "drawn.png").read_bytes())
    for name in ("region", "departements"):
        (line,) = [layer["paint"]["line-color"] for layer in sheet["layers"] if layer["id"] == f"{name}-outline"]
        assert near(counted, tuple(bytes.fromhex(line[1:]))) > 300, name


def _named(sheet: dict[str, Any]) -> list[str]:
    return sorted(f"{layer['source-layer']} {layer['id']}" for layer in sheet["layers"])


def test_qgis_draws_the_tiles_of_several_collections_by_their_sheet(
    demo_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home: Path = tmp_path_factory.mktemp("qgis-style")
    tiles, style = f"{demo_server.base}/tiles/{{z}}/{{x}}/{{y}}.mvt", f"{demo_server.base}/styles.json"
    found, traffic = _open(demo_server, home, f"styleUrl={style}&type=xyz&url={tiles}&zmin=0&zmax=14")
    sheet = demo_server.json("/styles.json")
    assert (found["crs"], found["styles"]) == ("EPSG:3857", _named(sheet))
    assert traffic.failed == []
    assert any(request.path.startswith("/styles.json") for request in traffic.requests)
    _check_picture(home, sheet)


def test_qgis_opens_the_tiles_in_lambert_93_by_the_address_of_their_service(
    demo_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home: Path = tmp_path_factory.mktemp("qgis-lambert")
    service = f"{demo_server.base}/arcgis/VectorTileServer"
    found, traffic = _open(demo_server, home, f"serviceType=arcgis&type=xyz&url={service}")
    if found["version"] < "3.26":
        pytest.skip("QGIS knows Web Mercator's tiles only before 3.26")
    assert traffic.failed == []
    sheet = demo_server.json("/arcgis/VectorTileServer/resources/styles/root.json")
    assert (found["crs"], found["styles"]) == ("EPSG:2154", _named(sheet))
    west, south, east, north = found["extent"]
    assert 750_000 < west < 850_000 < 1_050_000 < east < 1_100_000
    assert 6_150_000 < south < 6_250_000 < 6_400_000 < north < 6_500_000
    asked = [request.path for request in traffic.requests if "/tile/" in request.path]
    # what is seen lies in a few tiles of one level
    assert 1 <= len(asked) <= 40
    assert len({path.split("/")[-3] for path in asked}) == 1
    _check_picture(home, sheet)
