"""QGIS, as the system has it, opens the server by its one address, counts, filters and draws."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyproj
import pytest
import qgis as qgis_runner
import shapely
from clients import Table, Traffic, source, watch
from lab import Lab, Server
from PIL import Image

pytestmark = pytest.mark.e2e
METRES_A_PIXEL = 520


@dataclass(frozen=True)
class Probe:
    """What QGIS found and drew, and what it asked of the server."""

    found: dict[str, Any]
    pictures: Path
    traffic: Traffic

    @property
    def version(self) -> tuple[int, int]:
        """Version of QGIS, as 3.40."""
        major, minor, *_ = self.found["version"].split(".")
        return int(major), int(minor)

    @property
    def layer(self) -> dict[str, Any]:
        """What the layer of communes holds."""
        layer: dict[str, Any] = self.found["features"]
        return layer


@pytest.fixture(scope="module")
def probe(demo_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Probe:
    """Run the probe once, in a home of its own; the tests are skipped where there is no QGIS."""
    home = tmp_path_factory.mktemp("qgis")
    with watch(demo_server) as traffic:
        found = qgis_runner.run("qgis_probe.py", demo_server.base, home, home=home)
    return Probe(found, home, traffic)


@pytest.fixture(scope="module")
def communes(demo: Lab) -> Table:
    """The communes of the source, in Lambert-93."""
    return source(demo.registry.get("communes"))


def in_crs(communes: Table, crs: str) -> dict[str, Any]:
    """Return the shapes in the CRS that QGIS chose, east first."""
    move = pyproj.Transformer.from_crs("EPSG:2154", crs, always_xy=True).transform
    return {key: shapely.transform(shape, move, interleaved=False) for key, shape in communes.shapes.items()}


def test_qgis_opens_the_collection_by_the_one_address(probe: Probe, demo: Lab) -> None:
    assert probe.layer["valid"]
    assert probe.layer["count"] == 946
    assert probe.layer["fields"] == ["id", *(column.name for column in demo.registry.get("communes").columns)]
    assert probe.layer["crs"] in {"OGC:CRS84", "EPSG:4326", "EPSG:2154"}
    assert not probe.found["missing"]["valid"]


def test_qgis_reads_every_name_and_number_as_the_source_has_it(probe: Probe, communes: Table) -> None:
    rows = {key: (name, population) for key, name, population in probe.layer["rows"]}
    assert len(probe.layer["rows"]) == 946
    assert rows == {key: (row["nom"], row["population"]) for key, row in communes.rows.items()}


def test_qgis_reads_every_shape(probe: Probe, communes: Table) -> None:
    wanted = {key: shape.area for key, shape in in_crs(communes, probe.layer["crs"]).items()}
    assert probe.layer["areas"] == pytest.approx(wanted, rel=1e-4)


def test_qgis_asks_for_what_is_in_a_box(probe: Probe, communes: Table) -> None:
    box = shapely.box(*probe.layer["box"])
    shapes = in_crs(communes, probe.layer["crs"])
    assert probe.layer["in_box"] == sorted(key for key, shape in shapes.items() if shape.intersects(box))
    assert any("bbox" in request.query for request in probe.traffic.at("/ogc/collections/communes/items"))


def test_qgis_filters_by_a_name_with_an_apostrophe(probe: Probe) -> None:
    assert probe.layer["filtered"] == ["84054"]
    if probe.version >= (3, 40):  # 3.22 reads all and filters by itself
        asked = [r.query for r in probe.traffic.at("/ogc/collections/communes/items") if "filter" in r.query]
        assert any("L''Isle-sur-la-Sorgue" in query["filter"][0] for query in asked)
        assert all(query["filter-lang"] == ["cql2-text"] for query in asked)


def _kept(communes: Table) -> dict[str, set[str]]:
    """What each filter of the probe must leave, by the source."""
    box = shapely.box(880_000, 6_300_000, 900_000, 6_320_000)
    rows = communes.rows.items()
    population = {key: int(row["population"] or 0) for key, row in rows}
    large_vaucluse = {key for key, row in rows if row["code_departement"] == "84" and population[key] > 10_000}
    rhone = {key for key, row in rows if row["code_departement"] == "13"}
    return {
        "ilike": {key for key, row in rows if str(row["nom"]).lower().startswith("saint-")},
        "like": {key for key, row in rows if str(row["nom"]).startswith("L'")},
        "in": {key for key, row in rows if row["code_departement"] in {"04", "05"}},
        "between": {key for key in population if 1000 <= population[key] <= 5000},
        "null": {key for key, row in rows if row["siren_epci"] is None},
        "not null": {key for key, row in rows if row["siren_epci"] is not None},
        "or and": rhone | large_vaucluse,
        "brackets": {key for key in rhone if population[key] > 10_000} | large_vaucluse,
        "box": {key for key, shape in communes.shapes.items() if shape.intersects(box)},
    }


def test_each_filter_leaves_what_it_says_by_count_and_by_reading(probe: Probe, communes: Table) -> None:
    if probe.version < (3, 40):
        pytest.skip("this QGIS is older than 3.40: it pushes no filter down")
    for name, keys in _kept(communes).items():
        wanted = {"done": True, "count": len(keys), "keys": sorted(keys)}
        assert probe.layer["filters"][name] == wanted, name
    box = shapely.box(*probe.layer["box"])
    shapes = in_crs(communes, probe.layer["crs"])
    inside = [key for key in _kept(communes)["or and"] if shapes[key].intersects(box)]
    assert probe.layer["filtered_in_box"] == sorted(inside)


def test_filters_are_pushed_down_to_the_server(probe: Probe) -> None:
    if probe.version < (3, 40):
        pytest.skip("this QGIS is older than 3.40: it pushes no filter down")
    requests = probe.traffic.at("/ogc/collections/communes/items")
    asked = {request.query["filter"][0] for request in requests if "filter" in request.query}
    for word in ("CASEI(", " LIKE ", " IN (", " BETWEEN ", " IS NULL", "S_INTERSECTS(", " OR "):
        assert any(word in text for text in asked), (word, asked)
    together = [r for r in requests if "filter" in r.query and "bbox" in r.query and " OR " in r.query["filter"][0]]
    assert together


def test_a_recent_qgis_works_in_the_crs_that_the_collection_is_stored_in(probe: Probe) -> None:
    if probe.version < (3, 40):
        pytest.skip("this QGIS is older than 3.40: it asks for CRS84 only")
    assert probe.layer["crs"] == "EPSG:2154"
    lambert = ["http://www.opengis.net/def/crs/EPSG/0/2154"]
    boxes = [request for request in probe.traffic.at("/ogc/collections/communes/items") if "bbox" in request.query]
    assert boxes
    assert all(request.query["bbox-crs"] == request.query["crs"] == lambert for request in boxes)


@pytest.mark.parametrize("layer", ["features", "tiles"])
def test_qgis_draws_the_region_in_lambert_93(layer: str, probe: Probe, communes: Table) -> None:
    assert probe.found["drawn"]
    assert probe.found["tiles"] == {"valid": True, "drawn": True}
    with Image.open(probe.pictures / f"{layer}.png") as opened:
        picture = opened.convert("RGB")
    assert picture.size == (600, 500)
    ground = picture.getpixel((0, 0))
    drawn = sum(count for count, colour in picture.getcolors(1 << 20) or [] if colour != ground)
    area = shapely.union_all(list(communes.shapes.values())).area / METRES_A_PIXEL**2
    assert drawn == pytest.approx(area, rel=0.04)


def test_every_request_of_qgis_is_answered(probe: Probe) -> None:
    asked = [request.path for request in probe.traffic.requests]
    assert asked[:3] == ["/ogc", "/ogc/openapi", "/ogc/collections/communes"]
    # QGIS tries a missing collection with and without a slash at its end
    assert [failed for failed in probe.traffic.failed if "/ogc/collections/no_such_collection" not in failed] == []
    assert [request.path for request in probe.traffic.requests if request.path.startswith("/tiles/")]
