"""The shipped demo territory has the layers, counts, keys and content that it claims."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyogrio  # pyright: ignore[reportMissingTypeStubs]
import pytest
import shapely

from etl.demo.geopackage import LAYERS, NAME, Layer, from_geopackage, read_layer, write_zip

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "datasets" / "_demo" / f"{NAME}.zip"
SHARED = ROOT.parent / "shared" / "data" / "admin-paca-adminexpress-cog" / "admin_express_cog_paca.gpkg"
EXPECTED = {
    "commune": (946, "INSEE_COM"),
    "epci_partie_paca": (52, "CODE_SIREN"),
    "departement": (6, "INSEE_DEP"),
    "region": (1, "INSEE_REG"),
    "canton": (107, "INSEE_CAN"),
    "arrondissement_municipal": (16, "INSEE_ARM"),
}
DEPARTEMENTS = ["04", "05", "06", "13", "83", "84"]
CENTIMETRE = 0.01
# pyogrio has no types.
PYOGRIO = cast("Any", pyogrio)

real_data = pytest.mark.skipif(not SHARED.exists(), reason="the shared data folder is not beside the repository")


def info(path: Path, layer: str) -> dict[str, Any]:
    """Describe a layer."""
    return cast("dict[str, Any]", PYOGRIO.read_info(path, layer=layer))


def same_values(ours: Sequence[object], theirs: Sequence[object]) -> bool:
    """Compare two columns, where an absent number equals an absent number."""
    return all(a == b or (a != a and b != b) for a, b in zip(ours, theirs, strict=True))


def ordered(layer: Layer, key: str) -> tuple[dict[str, list[object]], list[shapely.Geometry]]:
    """Order a layer by its key, so that two of them compare row by row."""
    order = sorted(range(len(layer.shapes)), key=lambda i: str(layer.columns[key][i]))
    columns = {name: [values[i] for i in order] for name, values in layer.columns.items()}
    return cast("dict[str, list[object]]", columns), [layer.shapes[i] for i in order]


def test_has_exactly_the_layers() -> None:
    """No layer is missing, none is in excess."""
    names = [str(name) for name, _ in PYOGRIO.list_layers(f"/vsizip/{SHIPPED}/{NAME}")]
    assert sorted(names) == sorted(EXPECTED) == sorted(LAYERS)


@pytest.mark.parametrize("layer", EXPECTED)
def test_layer_has_its_features_crs_and_type(layer: str) -> None:
    """Each layer has its number of multipolygons in Lambert-93."""
    about = info(SHIPPED, layer)
    assert about["features"] == EXPECTED[layer][0]
    assert about["crs"] == "EPSG:2154"
    assert about["geometry_type"] == "MultiPolygon"


@pytest.mark.parametrize("layer", EXPECTED)
def test_keys_are_unique_and_outlines_valid(layer: str) -> None:
    """Each row has a key of its own, and an outline that PostGIS accepts."""
    table = read_layer(SHIPPED, layer)
    keys = table.columns[EXPECTED[layer][1]]
    assert all(keys)
    assert len(set(keys)) == len(keys) == EXPECTED[layer][0]
    assert all(shape.is_valid and not shape.is_empty for shape in table.shapes)


def test_communes_name_departements_and_epci_that_exist() -> None:
    """The codes that a commune refers to are those of the other layers."""
    communes = read_layer(SHIPPED, "commune")
    departements = read_layer(SHIPPED, "departement")
    epci = read_layer(SHIPPED, "epci_partie_paca")
    assert sorted(set(communes.columns["INSEE_DEP"])) == DEPARTEMENTS
    assert sorted(departements.columns["INSEE_DEP"]) == DEPARTEMENTS
    assert set(communes.columns["SIREN_EPCI"]) == set(epci.columns["CODE_SIREN"])


@pytest.mark.parametrize("layer", ["departement", "region", "epci_partie_paca"])
def test_a_union_counts_everyone_once(layer: str) -> None:
    """The people of the united layers are the people of the communes."""
    people = sum(int(value) for value in read_layer(SHIPPED, "commune").columns["POPULATION"])
    assert sum(int(value) for value in read_layer(SHIPPED, layer).columns["POPULATION"]) == people


def test_rewriting_the_file_gives_the_same_bytes_twice(tmp_path: Path) -> None:
    """Nothing of the run (day, folder) gets into the file."""
    layers = from_geopackage(SHIPPED)
    first, second = tmp_path / "a" / "first.zip", tmp_path / "b" / "second.zip"
    write_zip(layers, first)
    write_zip(layers, second)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.real_data
@real_data
@pytest.mark.parametrize("layer", EXPECTED)
def test_equals_the_shared_file(layer: str) -> None:
    """Keys, columns, types and values are those of the shared file, outlines to the centimetre."""
    ours, theirs = info(SHIPPED, layer), info(SHARED, layer)
    assert list(ours["fields"]) == list(theirs["fields"])
    assert list(ours["ogr_types"]) == list(theirs["ogr_types"])
    key = EXPECTED[layer][1]
    our_columns, our_shapes = ordered(read_layer(SHIPPED, layer), key)
    their_columns, their_shapes = ordered(read_layer(SHARED, layer), key)
    for name, values in their_columns.items():
        assert same_values(our_columns[name], values), name
    for ours_one, theirs_one in zip(our_shapes, their_shapes, strict=True):
        a, b = shapely.get_coordinates(ours_one), shapely.get_coordinates(theirs_one)
        assert a.shape == b.shape
        assert float(np.abs(a - b).max()) < CENTIMETRE
