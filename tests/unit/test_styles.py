"""Style sheets: valid by MapLibre's own validator whatever is published, drawn from our tiles alone."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import published
import pytest
from lab import ROOT

from territoire.core.models import Dataset
from territoire.query.model import Generation
from territoire.web.cartography import styles

BASE = "https://geo.example.org/territoire"
AROUND = (4.23, 42.98, 7.72, 45.13)
VALIDATOR = ROOT / "node_modules" / "@maplibre" / "maplibre-gl-style-spec" / "dist" / "gl-style-validate.mjs"


def _generation(name: str, geometry: str, rows: int = 946) -> Generation:
    declared = published.nasty().model_dump(mode="json", by_alias=True)
    tiles = {"tiles": {"minzoom": 6, "maxzoom": 14}}
    changed = {"id": name, "geometry": {"type": geometry, "srid": 2154}, "publish": tiles}
    return published.generation(Dataset.model_validate({**declared, **changed}), rows)


def _sheet(*generations: Generation) -> dict[str, Any]:
    return styles.sheet(generations, title=published.NASTY, base=BASE, around_crs84=AROUND)


def _drawn(sheet: dict[str, Any]) -> list[tuple[str, str]]:
    return [(layer["type"], layer["source"]) for layer in sheet["layers"]]


@pytest.mark.parametrize(
    ("geometry", "types"),
    [
        ("Point", ["circle"]),
        ("MultiPoint", ["circle"]),
        ("LineString", ["line"]),
        ("MultiLineString", ["line"]),
        ("Polygon", ["fill", "line"]),
        ("MultiPolygon", ["fill", "line"]),
        ("Geometry", ["fill", "line", "line", "circle"]),
    ],
)
def test_each_geometry_has_its_layers_and_the_validator_of_maplibre_says_nothing(
    geometry: str, types: list[str], tmp_path: Path
) -> None:
    sheet = _sheet(_generation("lieux", geometry, rows=200_000))
    assert [kind for kind, _ in _drawn(sheet)] == types
    assert sheet["sources"] == {"lieux": {"type": "vector", "url": f"{BASE}/tiles/lieux.json"}}
    file = tmp_path / "style.json"
    file.write_text(json.dumps(sheet))
    node = shutil.which("node") or str(ROOT / ".venv" / "bin" / "node")
    said = subprocess.run([node, VALIDATOR, file], capture_output=True, text=True, timeout=60, check=False)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_large_areas_are_outlines_above_the_small_ones_and_points_above_all() -> None:
    sheet = _sheet(
        _generation("points", "Point"),
        _generation("communes", "MultiPolygon", rows=946),
        _generation("region", "MultiPolygon", rows=1),
        _generation("routes", "LineString"),
    )
    assert _drawn(sheet) == [
        ("fill", "communes"),
        ("line", "communes"),
        ("line", "region"),
        ("line", "routes"),
        ("circle", "points"),
    ]


def test_features_show_from_the_zoom_at_which_they_can_be_told_apart() -> None:
    few, many = _sheet(_generation("few", "MultiPolygon", rows=6)), _sheet(_generation("many", "MultiPolygon", 400_000))
    assert [layer.get("minzoom", 0) for layer in few["layers"]] == [1]
    assert [layer.get("minzoom", 0) for layer in many["layers"]] == [9, 9]


def test_a_map_of_one_dataset_opens_around_it() -> None:
    sheet = _sheet(_generation("communes", "MultiPolygon"))
    assert sheet["center"] == [5.975, 44.055]
    assert 6 < sheet["zoom"] < 8
