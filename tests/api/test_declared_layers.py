"""What is declared on the Géoplateforme's WFS is loaded, checked, published and served, against the stand-in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import mvt
import pytest
from geoplateforme.standin import Geoplateforme
from lab import ROOT, Lab, Server
from shapely.geometry import shape

from territoire.core import registry
from territoire.core.database import Urls
from territoire.core.sources import WfsSource

COMMUNES = 946
ALL = {
    found.id: found
    for found in registry.load(ROOT / "datasets").datasets.values()
    if any(isinstance(source, WfsSource) for source in found.source)
}
#: What the stand-in has more or less of than one feature a commune.
ROWS = {"batiments": 3_120, "zones_urba": 1890, "formations_vegetales": 6200}


@pytest.fixture(scope="module")
def loaded(
    new_database: Callable[[], Urls],
    geoplateforme_process: Geoplateforme,
    tmp_path_factory: pytest.TempPathFactory,
) -> Lab:
    """The demo's administrative areas and every layer that is declared on the WFS, loaded by one command."""
    geoplateforme_process.reset()
    lab = Lab(new_database(), tmp_path_factory.mktemp("declared"))
    lab.use_the_declared("communes", "departements", *ALL)
    # 120,000 buildings are more than it takes to see that they load: those of Marseille do
    buildings = lab.datasets / "foncier" / "batiments.yml"
    buildings.write_text(buildings.read_text("utf-8").replace("{territory}", "5.3, 43.2, 5.5, 43.4"), "utf-8")
    # a reference to what is not published holds nothing up: parcelles asks for both
    first = lab.command("etl", "run", "parcelles", **geoplateforme_process.env)
    assert first.returncode == 0, first.stdout + first.stderr
    for name in ("communes", "departements"):
        lab.load(name)
    run = lab.command("etl", "run", *ALL, "--force", **geoplateforme_process.env)
    assert run.returncode == 0, run.stdout + run.stderr
    return lab


@pytest.fixture(scope="module")
def server(loaded: Lab) -> Iterator[Server]:
    with loaded.serve() as running:
        yield running


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_declared_layer_is_published_and_served_as_items_and_tiles(server: Server, name: str) -> None:
    items = server.json(f"/ogc/collections/{name}/items?limit=5")
    # some features of made-up layers may lie beyond the declared box or be no surface
    assert items["numberMatched"] == pytest.approx(ROWS.get(name, COMMUNES), rel=0.02)
    first = items["features"][0]
    assert first["id"] == first["properties"][ALL[name].key]
    assert first["properties"].keys() == {column.name for column in ALL[name].columns}
    place = shape(first["geometry"]).representative_point()
    tiles = ALL[name].tiles
    assert tiles is not None
    for zoom in (tiles.minzoom, tiles.maxzoom):
        x, y = _tile(place.x, place.y, zoom)
        status, _, body = server.get(f"/tiles/{name}/{zoom}/{x}/{y}.mvt")
        assert status == 200
        assert mvt.read(body)[name].shapes


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_declared_layer_has_its_page_style_table_and_qgis_layer(server: Server, name: str) -> None:
    for path, media in {
        f"/ogc/collections/{name}?f=html": "text/html",
        f"/ogc/collections/{name}/items?f=csv&limit=3": "text/csv",
        f"/styles/{name}.json": "application/",
        f"/qgis/{name}.qlr": "application/",
    }.items():
        status, headers, body = server.get(path, Accept="*/*")
        assert (status, headers["content-type"].startswith(media)) == (200, True), path
        assert body
    drawn = {layer["type"] for layer in server.json(f"/styles/{name}.json")["layers"]}
    geometry = ALL[name].geometry
    assert geometry is not None
    assert ("fill" in drawn) == geometry.type.endswith("Polygon")
    assert "line" in drawn


def test_a_page_says_whence_its_data_came(server: Server) -> None:
    status, _, body = server.get("/ogc/collections/parcelles?lang=fr", Accept="text/html")
    assert status == 200
    assert "Parcelles cadastrales" in body.decode()
    assert "DGFiP et IGN" in body.decode()


def test_the_edition_is_that_of_the_service(loaded: Lab) -> None:
    with loaded.connect() as connection:
        found = connection.execute("select distinct dataset, millesime from etl.generations").fetchall()
    assert {(name, "2026-06-15") for name in ALL} <= set(found)


def test_parcels_refer_to_communes_and_departements(loaded: Lab) -> None:
    with loaded.connect() as connection:
        checked = connection.execute(
            "select c.name, c.passed from etl.checks as c join etl.runs as r on r.run = c.run"
            " where r.dataset = 'parcelles'"
        ).fetchall()
    assert {("reference_code_insee", True), ("reference_code_dep", True)} <= set(checked)


def test_what_is_declared_and_not_loaded_is_not_listed(
    new_database: Callable[[], Urls], tmp_path_factory: pytest.TempPathFactory
) -> None:
    lab = Lab(new_database(), tmp_path_factory.mktemp("unloaded"))
    lab.use_the_declared("communes", "departements", *ALL)
    lab.load("departements")
    with lab.serve() as running:
        listed = {one["id"] for one in running.json("/ogc/collections")["collections"]}
        assert listed == {"departements"}
        assert running.get("/ogc/collections/parcelles/items")[0] == 404
        assert "parcelles" not in running.get("/", Accept="text/html")[2].decode()


def _tile(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    """Return column and row of the tile of WebMercatorQuad that holds a place."""
    size = 2**zoom
    north = math.asinh(math.tan(math.radians(latitude)))
    return int((longitude + 180) / 360 * size), int((1 - north / math.pi) / 2 * size)
