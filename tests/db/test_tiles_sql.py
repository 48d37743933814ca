"""The SQL of tiles against shapely: which features are in a tile, where, and what is at its edge, in both sets."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import mvt
import numpy as np
import pyogrio.raw
import pyproj
import pytest
import shapely
from lab import Lab, row, write

from territoire.core import database
from territoire.core.database import Connection
from territoire.core.derive import tilematrixset, tileset
from territoire.core.derive.tilematrixset import LAMBERT_93, OFFERED, WEB_MERCATOR, Tile, TileMatrixSet
from territoire.core.models import Tiles
from territoire.query import crs, published, tile_parameters, tiles
from territoire.query.model import Generation, Query

EVERYTHING = Query(crs.DEFAULT)
MARGIN = tiles.BUFFER / tiles.EXTENT
#: West, south, east, north of the shapes, in Lambert-93.
AREA = (830_000, 6_260_000, 1_010_000, 6_420_000)


@dataclass
class World:
    """Generations with their shapes by key, in the CRS that they are stored in."""

    connection: Connection
    generations: dict[str, Generation]
    shapes: dict[str, dict[str, Any]]

    def tile(self, name: str, tile: Tile, grid: TileMatrixSet, query: Query = EVERYTHING) -> mvt.Layer | None:
        """Return the layer of a tile, None where it is empty."""
        [(body,)] = self.connection.execute(*tiles.tile(self.generations[name], tile, query, grid)).fetchall()
        return mvt.read(bytes(body)).get(name)

    def placed(self, name: str, grid: TileMatrixSet) -> dict[str, Any]:
        """Return the shapes in a set's CRS, moved by pyproj."""
        geometry = self.generations[name].dataset.geometry
        assert geometry
        move = pyproj.Transformer.from_crs(geometry.srid, grid.srid, always_xy=True)
        return {
            key: shapely.transform(shape, move.transform, interleaved=False) for key, shape in self.shapes[name].items()
        }


def _shapes(kind: str) -> list[Any]:
    chance = random.Random(20261124)
    found: list[Any] = []
    for _ in range(120):
        x, y = chance.uniform(AREA[0], AREA[2]), chance.uniform(AREA[1], AREA[3])
        size = chance.choice([600, 6_000, 40_000])
        angle = chance.uniform(0, math.pi)
        end = (x + size * math.cos(angle), y + size * math.sin(angle))
        if kind == "points":
            found.append(shapely.Point(x, y))
        elif kind == "lignes":
            found.append(shapely.segmentize(shapely.LineString([(x, y), end]), 500))
        else:
            found.append(shapely.Polygon([(x, y), end, (end[0] - size / 2, end[1] + size / 2)]))
    return found


@pytest.fixture(scope="module")
def world(new_database: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Points, lines and polygons in Lambert-93, and the lines in degrees."""
    lab = Lab(new_database(), tmp_path_factory.mktemp("tiles"))
    kinds = {"points": "Point", "lignes": "MultiLineString", "surfaces": "MultiPolygon"}
    shapes: dict[str, dict[str, Any]] = {}
    for name in (*kinds, "degres"):
        drawn, srid = _shapes("lignes" if name == "degres" else name), 2154
        if name == "degres":
            srid, move = 4326, pyproj.Transformer.from_crs(2154, 4326, always_xy=True)
            drawn = [shapely.transform(shape, move.transform, interleaved=False) for shape in drawn]
        kind = kinds.get(name, "MultiLineString")
        lab.declare(id=name, geometry={"type": kind, "srid": srid}, checks={"min_rows": 1})
        rows = [row(number, geom=shape) for number, shape in enumerate(drawn)]
        lab.load(name, write(lab.folder / f"{name}.gpkg", rows, crs=f"EPSG:{srid}"))
        shapes[name] = {one["code"]: one["geom"] for one in rows}
    with database.connect_reader(lab.urls.reader) as connection:
        rows_ = connection.execute(published.CURRENT).fetchall()
        yield World(connection, {one[0]: published.generation(one) for one in rows_}, shapes)


def _limits(generation: Generation, grid: TileMatrixSet, matrix: int) -> Sequence[Tile]:
    layer = tiles.layer(generation, (0, 0, 1, 1))
    first, last = tileset.limits([layer], grid)[matrix]
    rows, columns = range(first.row, last.row + 1), range(first.column, last.column + 1)
    every = [Tile(matrix, y, x) for y, x in product(rows, columns)]
    return every if len(every) <= 40 else random.Random(matrix).sample(every, 40)


def _shows(shape: Any, pixel: float) -> bool:
    """Return whether a shape is larger than the tile's own grid: what is smaller vanishes, as on a screen."""
    if shape.is_empty or shape.geom_type == "Point":
        return not shape.is_empty
    return shape.length > 8 * pixel and not _core(shape, pixel).is_empty


def _core(shape: Any, pixel: float) -> Any:
    """Return a surface without what is too thin for the tile's grid, a line as it is."""
    return shape.buffer(-2 * pixel) if shape.area else shape


@pytest.mark.parametrize("grid", OFFERED, ids=lambda grid: grid.id)
@pytest.mark.parametrize("name", ["points", "lignes", "surfaces", "degres"])
@pytest.mark.parametrize("zoom", [0, 3, 7, 9, 11, 13])
def test_a_tile_holds_all_that_meets_it_where_it_is(world: World, grid: TileMatrixSet, name: str, zoom: int) -> None:
    [matrix] = grid.matrices(Tiles(minzoom=zoom, maxzoom=zoom)) if zoom else [0]
    placed = world.placed(name, grid)
    seen: set[str] = set()
    for tile in _limits(world.generations[name], grid, matrix):
        layer = world.tile(name, tile, grid)
        bounds = grid.envelope(tile)
        pixel = (bounds[2] - bounds[0]) / tiles.EXTENT
        buffered = shapely.box(*grid.envelope(tile, margin=MARGIN))
        inner, outer = buffered.buffer(-2 * pixel), buffered.buffer(2 * pixel)
        must = {key for key, shape in placed.items() if _shows(shape.intersection(inner), pixel)}
        may = {key for key, shape in placed.items() if shape.intersects(outer)}
        found: dict[str, Any] = {}
        if layer:
            assert layer.extent == tiles.EXTENT
            found = {one["code"]: shape for one, shape in zip(layer.properties, layer.on(bounds), strict=True)}
            assert len(found) == len(layer.ids)
        assert must <= found.keys() <= may, tile
        seen |= found.keys()
        for key, drawn in found.items():
            assert outer.covers(drawn)
            assert placed[key].buffer(2 * pixel).covers(drawn), (tile, key)
            missing = _core(placed[key].intersection(inner), pixel).difference(shapely.buffer(drawn, 2 * pixel))
            assert missing.length < 4 * pixel, (tile, key)
    if name == "points" and zoom <= 7:
        assert seen == placed.keys()


@pytest.mark.parametrize("grid", OFFERED, ids=lambda grid: grid.id)
def test_a_feature_across_a_border_is_in_both_tiles_with_one_id(world: World, grid: TileMatrixSet) -> None:
    matrix = 10 + grid.finer
    placed = world.placed("surfaces", grid)
    crossing = 0
    for tile in _limits(world.generations["surfaces"], grid, matrix):
        west, _, _, _ = grid.envelope(tile)
        neighbour = Tile(matrix, tile.row, tile.column - 1)
        here, there = world.tile("surfaces", tile, grid), world.tile("surfaces", neighbour, grid)
        bounds = grid.envelope(tile)
        border = shapely.LineString([(west, bounds[1]), (west, bounds[3])])
        pixel = (bounds[2] - bounds[0]) / tiles.EXTENT
        over = {key for key, shape in placed.items() if shape.intersection(border).length > 4 * pixel}
        for key in over:
            assert here
            assert there
            [left], [right] = (
                [one for one, properties in zip(layer.ids, layer.properties, strict=True) if properties["code"] == key]
                for layer in (here, there)
            )
            assert left == right < 2**53
            crossing += 1
    assert crossing > 5


@pytest.mark.parametrize("grid", OFFERED, ids=lambda grid: grid.id)
def test_filters_and_columns_narrow_a_tile(world: World, grid: TileMatrixSet) -> None:
    generation, tile = world.generations["points"], Tile(grid.finer, 0, 0)
    whole = world.tile("points", tile, grid)
    assert whole
    assert len(whole.ids) == 120
    query = tile_parameters.parse(generation.dataset, [("datetime", "2026-01-01/2026-01-02"), ("properties", "nom")])
    narrowed = world.tile("points", tile, grid, query)
    assert narrowed
    assert {one["nom"] for one in narrowed.properties} == {f"Lieu {n}" for n in range(120) if n % 28 < 2}
    assert {frozenset(one) for one in narrowed.properties} == {frozenset({"nom"})}
    assert set(narrowed.ids) < set(whole.ids)
    only = world.tile("points", tile, grid, tile_parameters.parse(generation.dataset, [("population", "5")]))
    assert only
    assert [one["code"] for one in only.properties] == ["L000005"]


def test_a_tile_of_lambert_reads_an_index(world: World) -> None:
    for name, grid in (("points", LAMBERT_93), ("degres", LAMBERT_93), ("points", WEB_MERCATOR)):
        tile = _limits(world.generations[name], grid, 14)[0]
        query, values = tiles.tile(world.generations[name], tile, EVERYTHING, grid)
        with world.connection.transaction():
            world.connection.execute("set local enable_seqscan = off")
            plan = world.connection.execute(b"explain " + query.as_bytes(world.connection), values).fetchall()
        assert "geom" in "".join(line for (line,) in plan if "Index Cond" in line), plan


def test_gdal_reads_a_lambert_tile_where_it_is(world: World, tmp_path: Path) -> None:
    tile = _limits(world.generations["surfaces"], LAMBERT_93, 9)[0]
    [(body,)] = world.connection.execute(
        *tiles.tile(world.generations["surfaces"], tile, EVERYTHING, LAMBERT_93)
    ).fetchall()
    file = tmp_path / str(tile.matrix) / str(tile.column) / f"{tile.row}.mvt"
    file.parent.mkdir(parents=True)
    file.write_bytes(body)
    left, top = LAMBERT_93.origin
    metadata = (
        f'{{"crs": "EPSG:2154", "tile_origin_upper_left_x": {left}, "tile_origin_upper_left_y": {top},'
        f' "tile_dimension_zoom_0": {LAMBERT_93.side_m}}}'
    )
    (tmp_path / "metadata.json").write_text(metadata)
    meta, _, shapes, values = pyogrio.raw.read(
        str(file), METADATA_FILE=str(tmp_path / "metadata.json"), X=tile.column, Y=tile.row, Z=tile.matrix
    )
    assert meta["crs"] == "EPSG:2154"
    codes = values[list(meta["fields"]).index("code")]
    bounds = shapely.box(*LAMBERT_93.envelope(tile))
    pixel = (LAMBERT_93.side_m / 2**tile.matrix) / tiles.EXTENT
    assert len(codes)
    for code, shape in zip(codes, shapely.from_wkb(shapes), strict=True):
        true = world.shapes["surfaces"][code].intersection(bounds)
        drawn = shapely.make_valid(shape).intersection(bounds)
        assert drawn.symmetric_difference(true).area <= max(true.length, 4 * pixel) * 2 * pixel


@pytest.mark.parametrize("grid", OFFERED, ids=lambda grid: grid.id)
def test_only_tiles_that_hold_nothing_are_not_asked_for(world: World, grid: TileMatrixSet) -> None:
    for name, generation in world.generations.items():
        matrix = 9 + grid.finer
        first, last = tileset.limits([tiles.layer(generation, (0, 0, 1, 1))], grid)[matrix]
        skipped = 0
        for y, x in product(range(first.row - 2, last.row + 3), range(first.column - 2, last.column + 3)):
            if not tiles.can_meet(generation, Tile(matrix, y, x), grid):
                assert world.tile(name, Tile(matrix, y, x), grid) is None
                skipped += 1
        assert skipped > 10


def test_a_dataset_that_lies_elsewhere_has_no_lambert_tiles() -> None:
    reunion = (55.2, -21.4, 55.9, -20.8)
    assert LAMBERT_93.project(reunion) is None
    assert WEB_MERCATOR.project(reunion) is not None
    beyond = LAMBERT_93.limits((2_000_000, 6_000_000, 2_100_000, 6_100_000), 12)
    assert beyond is None


def test_a_zoom_and_its_lambert_matrix_are_as_fine_on_the_ground_in_france() -> None:
    for latitude in (42, 46.5, 51):
        for zoom in (1, 7, 14):
            [matrix] = LAMBERT_93.matrices(Tiles(minzoom=zoom, maxzoom=zoom))
            ground = WEB_MERCATOR.side_m / 2**zoom * math.cos(math.radians(latitude))
            ratios = {n: abs(math.log2(LAMBERT_93.side_m / 2**n / ground)) for n in range(23)}
            assert matrix == min(ratios, key=lambda n: ratios[n])
    assert list(LAMBERT_93.matrices(Tiles(minzoom=0, maxzoom=22)))[-1] == 22


def test_envelopes_tile_the_plane_without_gap() -> None:
    for grid in tilematrixset.OFFERED:
        for matrix in (0, 4, 5, 6, 15):
            columns, rows = grid.size(matrix)
            last = Tile(matrix, rows - 1, columns - 1)
            west, south, east, north = grid.envelope(last)
            assert grid.limits((west + 1, south + 1, east - 1, north - 1), matrix) == (last, last)
            beside = grid.envelope(Tile(matrix, rows - 1, columns))
            assert np.isclose(beside[0], east)
