"""GDAL reads the server: its programs as the system has them, and the newer library that pyogrio carries."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyogrio
import pyogrio.raw
import pyproj
import pytest
import shapely
from clients import Table, farthest, read, source, watch
from lab import Lab, Server, row, write
from ogr import run, service

COLLECTIONS = ("arrondissements_municipaux", "cantons", "communes", "departements", "epci", "region")
#: Half of the last published decimal, and the noise of a transformation.
DEGREES = 0.6e-7
METRES = 0.6e-3
AVIGNON = (4.7, 43.85, 4.95, 44.05)
NASTY = (
    "L'Isle-sur-la-Sorgue", "Saint-Rémy-de-Provence", "< 50 logements", "a & b &lt; c", '"guillemets"', "back\\slash",
    "deux\nlignes", "tab\tici", "Œuf à la coque, 😀", "</script><script>alert(1)</script>", "%s %27 {} :nom $1", "a+b",
    "NULL",
)  # fmt: skip


def asks_for_crs(gdal: tuple[int, int]) -> bool:
    """Say whether this GDAL asks for a CRS; older ones take CRS84 and transform what they got."""
    return gdal >= (3, 7)


def transformer(target: str) -> Any:
    """Transform from the demo's Lambert-93."""
    return pyproj.Transformer.from_crs("EPSG:2154", target, always_xy=True)


def assert_equal(found: Table, wanted: Table, *, within: float, transform: Any = None) -> None:
    """Compare every attribute of every row, and every vertex of every shape."""
    assert found.rows == wanted.rows
    off = {key: farthest(shape, wanted.shapes[key], transform) for key, shape in found.shapes.items()}
    worst = max(off, key=off.__getitem__)
    assert off[worst] <= within, f"{worst} is off by {off[worst]}"


def test_ogrinfo_lists_exactly_the_collections(gdal: tuple[int, int], demo_server: Server) -> None:
    lines = run("ogrinfo", "-ro", service(demo_server)).splitlines()
    listed = [found[1] for found in (re.match(r"\d+: (\w+) .*\(Multi Polygon\)$", line) for line in lines) if found]
    assert listed == list(COLLECTIONS)
    assert "(title: Intercommunalités (EPCI), partie régionale)" in "\n".join(lines)


@pytest.mark.parametrize("name", COLLECTIONS)
def test_ogr2ogr_copies_a_whole_collection(
    name: str, gdal: tuple[int, int], demo: Lab, demo_server: Server, tmp_path: Path
) -> None:
    dataset, wanted = demo.registry.get(name), source(demo.registry.get(name))
    file = tmp_path / "copy.gpkg"
    with watch(demo_server) as traffic:
        run("ogr2ogr", str(file), service(demo_server), name)
    assert traffic.failed == []
    matched = demo_server.json(f"/ogc/collections/{name}/items?resultType=hits")["numberMatched"]
    copied = pyogrio.read_info(file)
    assert copied["features"] == matched == len(wanted.rows)
    if asks_for_crs(gdal):  # it prefers the CRS that the collection is stored in
        assert pyproj.CRS.from_user_input(copied["crs"]).to_epsg() == 2154
        assert_equal(read(str(file), dataset), wanted, within=METRES)
    else:
        assert_equal(read(str(file), dataset), wanted, within=DEGREES, transform=transformer("OGC:CRS84"))


@pytest.mark.parametrize("name", COLLECTIONS)
def test_ogr2ogr_copies_a_whole_collection_in_lambert_93(
    name: str, gdal: tuple[int, int], demo: Lab, demo_server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "copy.gpkg"
    asks = asks_for_crs(gdal)
    option = ("-oo", "CRS=EPSG:2154") if asks else ("-t_srs", "EPSG:2154")
    with watch(demo_server) as traffic:
        run("ogr2ogr", *option, str(file), service(demo_server), name)
    assert traffic.failed == []
    assert pyproj.CRS.from_user_input(pyogrio.read_info(file)["crs"]).to_epsg() == 2154
    wanted = source(demo.registry.get(name))
    assert_equal(read(str(file), demo.registry.get(name)), wanted, within=METRES if asks else 1e-2)


@pytest.mark.parametrize("name", COLLECTIONS)
def test_the_newer_gdal_reads_a_whole_collection_in_both_crs(name: str, demo: Lab, demo_server: Server) -> None:
    dataset, wanted = demo.registry.get(name), source(demo.registry.get(name))
    with watch(demo_server) as traffic:
        degrees = read(service(demo_server), dataset, CRS="OGC:CRS84")
        metres = read(service(demo_server), dataset, CRS="EPSG:2154")
    assert traffic.failed == []
    assert_equal(degrees, wanted, within=DEGREES, transform=transformer("OGC:CRS84"))
    assert_equal(metres, wanted, within=METRES)


def test_the_newer_gdal_reads_the_collection_in_the_crs_it_is_stored_in(demo: Lab, demo_server: Server) -> None:
    information = pyogrio.read_info(service(demo_server), layer="communes")
    assert information["crs"] == "EPSG:2154"
    assert information["features"] == 946
    assert_equal(
        read(service(demo_server), demo.registry.get("communes")),
        source(demo.registry.get("communes")),
        within=METRES,
    )


def test_gdal_reads_latitude_first_as_the_authority_has_it(demo: Lab, demo_server: Server) -> None:
    found = read(service(demo_server), demo.registry.get("region"), CRS="EPSG:4326")
    wanted = source(demo.registry.get("region"))
    assert_equal(found, wanted, within=DEGREES, transform=transformer("OGC:CRS84"))


def test_gdal_pages_through_the_collection_with_the_page_size_that_the_definition_declares(
    gdal: tuple[int, int], demo_server: Server, tmp_path: Path
) -> None:
    with watch(demo_server) as traffic:
        run("ogr2ogr", str(tmp_path / "copy.gpkg"), service(demo_server), "communes")
    pages = traffic.at("/ogc/collections/communes/items")
    size = int(pages[-1].query["limit"][0])
    walked = [page for page in pages if "cursor" in page.query]
    assert all(page.query["limit"] == [str(size)] for page in walked)
    assert len(walked) == -(-946 // size) - 1
    if gdal >= (3, 10):  # older ones do not look into the definition and ask for 10
        assert size == 1000


def test_any_gdal_takes_the_page_size_that_the_readme_says(
    gdal: tuple[int, int], demo_server: Server, tmp_path: Path
) -> None:
    with watch(demo_server) as traffic:
        option = ("-oo", "PAGE_SIZE=1000")
        run("ogr2ogr", *option, str(tmp_path / "copy.gpkg"), service(demo_server), "communes")
    assert traffic.at("/ogc/collections/communes/items")[-1].query["limit"] == ["1000"]
    assert pyogrio.read_info(tmp_path / "copy.gpkg")["features"] == 946


def test_the_newer_gdal_follows_cursors_when_told_a_page_size(demo: Lab, demo_server: Server) -> None:
    dataset = demo.registry.get("communes")
    with watch(demo_server) as whole:
        read(service(demo_server), dataset)
    with watch(demo_server) as paged:
        found = read(service(demo_server), dataset, PAGE_SIZE="100", INITIAL_REQUEST_PAGE_SIZE="5")
    assert {page.query["limit"][0] for page in whole.at("/ogc/collections/communes/items")} >= {"1000"}
    assert sum("cursor" in page.query for page in paged.at("/ogc/collections/communes/items")) == 9
    assert paged.failed == whole.failed == []
    assert found.rows == source(dataset).rows


def test_a_spatial_filter_gives_what_shapely_says(
    gdal: tuple[int, int], demo: Lab, demo_server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "part.gpkg"
    in_degrees = ("-oo", "CRS=OGC:CRS84") if asks_for_crs(gdal) else ()
    with watch(demo_server) as traffic:
        run("ogr2ogr", *in_degrees, "-spat", *map(str, AVIGNON), str(file), service(demo_server), "communes")
    asked = [page for page in traffic.at("/ogc/collections/communes/items") if "bbox" in page.query]
    assert asked
    assert all([float(number) for number in page.query["bbox"][0].split(",")] == list(AVIGNON) for page in asked)
    to_degrees = transformer("OGC:CRS84")
    wanted = {
        key
        for key, shape in source(demo.registry.get("communes")).shapes.items()
        if shapely.box(*AVIGNON).intersects(shapely.transform(shape, to_degrees.transform, interleaved=False))
    }
    assert 20 < len(wanted) < 60
    assert set(read(str(file), demo.registry.get("communes")).rows) == wanted
    box = ",".join(map(str, AVIGNON))
    assert demo_server.json(f"/ogc/collections/communes/items?bbox={box}&resultType=hits")["numberMatched"] == len(
        wanted
    )


def test_a_spatial_filter_in_lambert_93_gives_what_shapely_says(demo: Lab, demo_server: Server) -> None:
    box = (840_000.0, 6_300_000.0, 870_000.0, 6_330_000.0)
    with watch(demo_server) as traffic:
        meta, _, _, values = pyogrio.raw.read(
            service(demo_server), layer="communes", bbox=box, columns=["code_insee"], CRS="EPSG:2154"
        )
    found = {str(key) for key in values[list(meta["fields"]).index("code_insee")]}
    shapes = source(demo.registry.get("communes")).shapes
    assert found == {key for key, shape in shapes.items() if shapely.box(*box).intersects(shape)}
    assert any("bbox" in page.query for page in traffic.at("/ogc/collections/communes/items"))


def test_names_and_missing_geometries_come_back_exactly_as_stored(
    gdal: tuple[int, int], lab: Lab, tmp_path: Path
) -> None:
    rows = [row(number, nom=name) for number, name in enumerate(NASTY)]
    rows += [row(number, geom=None) for number in range(100, 103)]
    rows += [row(200, nom=None, population=None, taux=None, jour=None, geom=None)]
    # the first features that a client looks at say nothing of the rest
    rows.sort(key=lambda r: r["geom"] is not None)
    dataset = lab.declare()
    assert lab.load("lieux", write(tmp_path / "lieux.gpkg", rows)).status == "published"
    file = tmp_path / "copy.gpkg"
    with lab.serve() as server:
        run("ogr2ogr", str(file), service(server), "lieux")
        copied, newer = read(str(file), dataset), read(service(server), dataset, CRS="EPSG:2154")
        by_name = {name: _named(server, name) for name in NASTY}
    wanted = {r["code"]: r for r in rows}
    for found in (copied, newer):
        assert set(found.rows) == set(wanted)
        for name in ("nom", "population", "taux"):
            assert {key: values[name] for key, values in found.rows.items()} == {
                key: values[name] for key, values in wanted.items()
            }
        assert {key for key, shape in found.shapes.items() if shape is None} == {
            key for key, values in wanted.items() if values["geom"] is None
        }
    assert by_name == {name: [f"L{number:06}"] for number, name in enumerate(NASTY)}


def _named(server: Server, name: str) -> list[str]:
    """Return the ids of the features of a name, by a plain parameter."""
    answer = server.json(f"/ogc/collections/lieux/items?{urlencode({'nom': name})}")
    assert [feature["properties"]["nom"] for feature in answer["features"]] == [name] * answer["numberMatched"]
    return [feature["id"] for feature in answer["features"]]


@pytest.mark.parametrize(("name", "key"), [("L'Isle-sur-la-Sorgue", "84054"), ("Saint-Rémy-de-Provence", "13100")])
def test_a_commune_is_found_by_its_name(name: str, key: str, demo_server: Server) -> None:
    answer = demo_server.json(f"/ogc/collections/communes/items?{urlencode({'nom': name})}")
    assert [(feature["id"], feature["properties"]["nom"]) for feature in answer["features"]] == [(key, name)]


@pytest.mark.parametrize(("zoom", "column", "row"), [(8, 132, 93), (10, 525, 373), (13, 4205, 2985)])
def test_gdal_reads_a_tile(zoom: int, column: int, row: int, demo: Lab, demo_server: Server) -> None:
    dataset = demo.registry.get("communes")
    address = f"MVT:{demo_server.base}/tiles/communes/{zoom}/{column}/{row}.mvt"
    assert [name for name, _ in pyogrio.list_layers(address)] == ["communes"]
    fields = list(pyogrio.read_info(address, layer="communes")["fields"])
    assert fields == ["mvt_id", *(declared.name for declared in dataset.columns)]
    meta, _, shapes, values = pyogrio.raw.read(address, layer="communes")
    assert meta["crs"] == "EPSG:3857"
    found = dict(zip(meta["fields"], values, strict=True))
    wanted = source(dataset)
    side = 2 * 20037508.342789244 / 2**zoom
    west, north = column * side - 20037508.342789244, 20037508.342789244 - row * side
    tile = shapely.box(west, north - side, west + side, north)
    to_mercator = transformer("EPSG:3857")
    there = {
        key: shapely.transform(shape, to_mercator.transform, interleaved=False) for key, shape in wanted.shapes.items()
    }
    pixel = side / 4096
    keys = set(found["code_insee"])
    inner = tile.buffer(-4 * pixel)
    assert {key for key, shape in there.items() if shape.intersects(inner)} <= keys
    assert keys <= {key for key, shape in there.items() if shape.intersects(tile.buffer(66 * pixel))}
    for key, name, population, shape in zip(
        found["code_insee"], found["nom"], found["population"], shapely.from_wkb(shapes), strict=True
    ):
        assert (name, population) == (wanted.rows[key]["nom"], wanted.rows[key]["population"])
        drawn, true = shapely.make_valid(shape).intersection(inner), there[key].intersection(inner)
        # a tile's grid moves each vertex by less than a pixel
        assert drawn.symmetric_difference(true).area <= true.length * pixel, f"{key} {name} is drawn elsewhere"
