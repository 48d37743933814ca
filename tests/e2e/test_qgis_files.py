"""QGIS opens our files: each layer definition, the project, and the connections by the window that imports them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import qgis as qgis_runner
from clients import watch
from lab import Lab, Server, row, write
from PIL import Image

pytestmark = pytest.mark.e2e
DEMO = {"communes": 946, "departements": 6, "region": 1}


@pytest.fixture(scope="module")
def found(demo: Lab, demo_server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Fetch the files, and let QGIS open them."""
    home = tmp_path_factory.mktemp("qgis-files")
    names = [*(f"{dataset}.qlr" for dataset in demo.registry.datasets), "territoire.qgz", "connexions.xml"]
    for name in names:
        status, _, body = demo_server.get(f"/qgis/{name}?lang=fr")
        assert status == 200
        (home / name).write_bytes(body)
    with watch(demo_server) as traffic:
        findings = qgis_runner.run("qgis_files_probe.py", home, home=home)
    # a layer is opened twice, here and in the project: QGIS asks whether what it has is still right
    assert [failed for failed in traffic.failed if not failed.startswith("304")] == []
    findings["picture"] = home / "project.png"
    return findings


def test_each_layer_definition_opens_with_all_its_features(
    demo: Lab, demo_server: Server, found: dict[str, Any]
) -> None:
    assert found["definitions"].keys() == demo.registry.datasets.keys()
    for name, opened in found["definitions"].items():
        dataset = demo.registry.get(name)
        count = demo_server.json(f"/ogc/collections/{name}")["itemCount"]
        (layer,) = opened["layers"]
        assert opened["done"], opened["error"]
        assert (layer["valid"], layer["provider"], layer["count"]) == (True, "OAPIF", count), name
        assert layer["name"] == dataset.title.fr
        assert layer["symbol"] == "singleSymbol"
        assert layer["fields"][1:] == [column.title.fr for column in dataset.columns]
        assert layer["licences"] == [_licence(demo, name)]


def _licence(demo: Lab, name: str) -> str:
    """Return the name of a dataset's licence."""
    return demo.registry.vocabulary.licences[demo.registry.get(name).licence].title


def test_what_qgis_opens_lies_where_the_data_are(demo_server: Server, found: dict[str, Any]) -> None:
    wanted = demo_server.json("/ogc/collections/communes")["extent"]["spatial"]["bbox"][0]
    (layer,) = found["definitions"]["communes"]["layers"]
    assert layer["crs"] in {"OGC:CRS84", "EPSG:4326"}
    assert layer["extent"] == pytest.approx(wanted, abs=0.01)


def test_the_project_opens_with_every_layer_valid_by_theme(demo: Lab, found: dict[str, Any]) -> None:
    project = found["project"]
    assert project["done"]
    assert (project["title"], project["crs"]) == ("Territoire - Région Sud", "EPSG:2154")
    assert project["lost"] == []
    assert project["groups"] == ["Découpages administratifs"]
    assert all(layer["valid"] for layer in project["layers"]), project["layers"]
    counts = {layer["name"]: layer["count"] for layer in project["layers"] if layer["provider"] == "OAPIF"}
    for name, count in DEMO.items():
        assert counts[demo.registry.get(name).title.fr] == count
    tiles = [layer["name"] for layer in project["layers"] if layer["provider"] != "OAPIF"]
    assert "Communes (tuiles vectorielles)" in tiles
    assert set(project["shown"]) == set(counts)


def test_the_project_draws_the_region_at_once(found: dict[str, Any]) -> None:
    assert found["project"]["errors"] == []
    west, south, east, north = found["project"]["extent"]
    assert 700_000 < west < 850_000 < 1_000_000 < east < 1_200_000
    assert 6_100_000 < south < 6_250_000 < 6_400_000 < north < 6_500_000
    with Image.open(found["picture"]) as picture:
        counted = picture.convert("RGB").getcolors(1 << 24) or []
    white = sum(count for count, colour in counted if colour == (255, 255, 255))
    assert 0.2 < white / (600 * 500) < 0.8


def test_qgis_imports_the_connection_and_opens_a_layer_by_it(demo_server: Server, found: dict[str, Any]) -> None:
    connection = found["connection"]
    assert connection["names"] == ["Territoire - Région Sud"]
    assert connection["kept"]["url"] == f"{demo_server.base}/ogc"
    assert connection["kept"]["version"] == "OGC_API_FEATURES"
    assert (connection["valid"], connection["count"]) == (True, 946)


def test_points_and_tables_open_too_whatever_their_title(lab: Lab, tmp_path: Path) -> None:
    title = "Lieux <b>\"d'ici\"</b> & d'ailleurs"
    lab.declare(title={"fr": title})
    lab.load("lieux", write(lab.folder / "lieux.gpkg", [row(n) for n in range(1500)]))
    lab.declare(id="registre", geometry=None, time=None, checks={"min_rows": 1})
    lab.load("registre", write(lab.folder / "registre.gpkg", [row(n) for n in range(12)]))
    home = tmp_path / "home"
    home.mkdir()
    with lab.serve() as server:
        for name in ("lieux.qlr", "registre.qlr", "territoire.qgz", "connexions.xml"):
            (home / name).write_bytes(server.get(f"/qgis/{name}?lang=fr")[2])
        found = qgis_runner.run("qgis_files_probe.py", home, home=home)
    (points,) = found["definitions"]["lieux"]["layers"]
    assert (points["name"], points["valid"], points["count"]) == (title, True, 1500)
    (table,) = found["definitions"]["registre"]["layers"]
    assert (table["valid"], table["count"]) == (True, 12)
    assert [layer["valid"] for layer in found["project"]["layers"]] == [True, True]
