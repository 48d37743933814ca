"""ogc-client in node, and GeoPandas reading every form of the items."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import geopandas
import pandas
import pytest
import shapely
from lab import ROOT, Lab, Server, get, row, write
from pyproj import CRS

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


@pytest.mark.parametrize("form", ["json", "jsonfg", "csv", "oapif"])
def test_geopandas_keeps_null_apart_from_empty_in_each_form(lab: Lab, form: str) -> None:
    lab.declare()
    rows = [row(0), row(1, nom=""), row(2, nom=None, population=None), row(3, geom=None, jour=None)]
    lab.load("lieux", write(lab.folder / "lieux.gpkg", rows))
    with lab.serve() as server:
        frame = _frame(server, lab.folder, form).set_index("code").sort_index()
    assert list(frame.index) == [f"L{number:06}" for number in range(4)]
    assert frame["nom"].iloc[1] == ""
    # neither GDAL nor pandas looks at the quotes by which our CSV tells an empty text from none
    assert frame["nom"].iloc[2] == "" if form == "csv" else pandas.isna(frame["nom"].iloc[2])
    assert pandas.isna(frame["population"].iloc[2])
    assert frame["population"].iloc[3] == 3
    assert pandas.isna(frame["jour"].iloc[3])
    assert [shape is None for shape in frame.geometry] == [False, False, False, True]
    assert frame.crs == CRS.from_user_input(
        {"json": "EPSG:4326", "jsonfg": "EPSG:2154", "csv": "OGC:CRS84", "oapif": "EPSG:2154"}[form]
    )
    place = frame.geometry.to_crs(2154).iloc[0]
    assert (place.x, place.y) == pytest.approx((900_000, 6_300_000), abs=0.02)


def _frame(server: Server, folder: Path, form: str) -> geopandas.GeoDataFrame:
    """Read the collection `lieux` as a user of GeoPandas would."""
    if form == "oapif":
        return geopandas.read_file(f"OAPIF:{server.base}/ogc", layer="lieux")
    crs = "&crs=http://www.opengis.net/def/crs/EPSG/0/2154" if form == "jsonfg" else ""
    body = server.get(f"/ogc/collections/lieux/items?f={form}{crs}")[2]
    file = folder / {"json": "lieux.geojson", "jsonfg": "lieux.json", "csv": "lieux.csv"}[form]
    file.write_bytes(body)
    if form == "csv":
        options = {"GEOM_POSSIBLE_NAMES": "geometry", "EMPTY_STRING_AS_NULL": "NO", "AUTODETECT_TYPE": "YES"}
        return geopandas.read_file(file, **options).set_crs("OGC:CRS84")
    return geopandas.read_file(f"JSONFG:{file}" if form == "jsonfg" else file)


def test_geopandas_reads_a_tile(demo_server: Server, tmp_path: Path) -> None:
    z, y, x = 8, 93, 131
    _, _, body = demo_server.get(f"/ogc/collections/communes/tiles/WebMercatorQuad/{z}/{y}/{x}", Accept="*/*")
    file = tmp_path / f"{z}-{x}-{y}.pbf"
    file.write_bytes(body)
    # by its name GDAL cannot tell where a tile lies: it is told
    frame = geopandas.read_file(f"MVT:{file}", layer="communes", X=x, Y=y, Z=z)
    assert frame.crs == CRS.from_epsg(3857)
    side = 20_037_508.342789244 * 2 / 2**z
    west, north = x * side - 20_037_508.342789244, 20_037_508.342789244 - y * side
    inside = shapely.box(west, north - side, west + side, north).buffer(side / 16)
    assert len(frame) > 50
    assert frame.geometry.within(inside).all()
    named = demo_server.json("/ogc/collections/communes/items?limit=1000&skipGeometry=true")["features"]
    assert set(frame["nom"]) <= {feature["properties"]["nom"] for feature in named}
