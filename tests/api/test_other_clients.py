"""ogc-client in node, and GeoPandas reading every form of the items."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import geopandas
import pandas
import pytest
from lab import ROOT, Server, get

HERE = Path(__file__).parent


def test_ogc_client_finds_collections_tiles_forms_and_items(demo_server: Server) -> None:
    node = shutil.which("node") or str(ROOT / ".venv" / "bin" / "node")
    done = subprocess.run(
        [node, str(HERE / "ogc_client.mjs"), f"{demo_server.base}/ogc"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    listed = [c["id"] for c in demo_server.json("/ogc/collections")["collections"]]
    assert seen["features"] == seen["tiles"] == listed
    assert seen["conformance"] == len(demo_server.json("/ogc/conformance")["conformsTo"])
    assert {"application/geo+json", "text/csv", "application/fg+json"} <= set(seen["formats"])
    assert "http://www.opengis.net/def/crs/EPSG/0/2154" in seen["crs"]
    assert {"nom", "population"} <= set(seen["queryables"]) & set(seen["sortables"])
    page = demo_server.json("/ogc/collections/communes/items?limit=7&offset=3")["features"]
    assert seen["items"] == [feature["id"] for feature in page]
    assert seen["item"] == "L'Isle-sur-la-Sorgue"
    status, headers, body = get(seen["url"])
    assert (status, [f["id"] for f in json.loads(body)["features"]]) == (200, ["06088"])
    assert headers["content-crs"] == "<http://www.opengis.net/def/crs/EPSG/0/2154>"


@pytest.mark.parametrize("form", ["json", "jsonfg", "csv"])
def test_geopandas_reads_each_form(demo_server: Server, tmp_path: Path, form: str) -> None:
    body = demo_server.get(f"/ogc/collections/communes/items?limit=1000&f={form}")[2]
    if form == "csv":
        (tmp_path / "communes.csv").write_bytes(body)
        table = pandas.read_csv(tmp_path / "communes.csv", dtype={"code_insee": str})
        frame = geopandas.GeoDataFrame(table, geometry=geopandas.GeoSeries.from_wkt(table["geometry"]), crs="OGC:CRS84")
    else:
        file = tmp_path / ("communes.geojson" if form == "json" else "communes.json")
        file.write_bytes(body)
        frame = geopandas.read_file(file)
    assert len(frame) == 946
    assert set(frame["nom"]) >= {"L'Isle-sur-la-Sorgue", "Saint-Rémy-de-Provence"}
    surface_km2 = frame.to_crs(2154).area.sum() / 1e6
    assert surface_km2 == pytest.approx(31_400, rel=0.02)
