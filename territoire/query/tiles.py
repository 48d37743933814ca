"""The SQL of a vector tile, made on request: of `geom_3857`, or of `geom` in the CRS of another tile matrix set."""

from __future__ import annotations

from psycopg import sql

from territoire.core.derive import table, tileset
from territoire.core.derive.tilematrixset import WEB_MERCATOR, Bounds, Tile, TileMatrixSet
from territoire.core.errors import NotFoundError
from territoire.query import items
from territoire.query.items import Binder, Statement
from territoire.query.model import Bbox, Generation, Query

#: Size of a tile in its own units, and how far beyond its edge shapes are kept so that strokes meet.
EXTENT = 4096
BUFFER = 64


def check(generation: Generation, tile: Tile, grid: TileMatrixSet = WEB_MERCATOR) -> None:
    """Refuse a tile that cannot exist (OGC 20-057, /req/core/tc-error): wrong matrix, or outside of the matrix."""
    tiles = generation.dataset.tiles
    if tiles is None:
        raise NotFoundError(f"{generation.dataset.id} has no tiles", remedy="use its features")
    matrices = grid.matrices(tiles)
    if tile.matrix not in matrices:
        raise NotFoundError(
            f"{generation.dataset.id} has no tiles at zoom {tile.matrix} of {grid.id}",
            remedy=f"ask for zooms {matrices[0]} to {matrices[-1]}; clients overzoom beyond",
        )
    inside(tile, grid)


def inside(tile: Tile, grid: TileMatrixSet) -> None:
    """Refuse a tile outside of its matrix, and a matrix that the set lacks."""
    if tile.matrix > grid.deepest:
        raise NotFoundError(f"{grid.id} has no zoom {tile.matrix}", remedy=f"ask for zooms 0 to {grid.deepest}")
    columns, rows = grid.size(tile.matrix)
    if not (0 <= tile.column < columns and 0 <= tile.row < rows):
        raise NotFoundError(
            f"there is no tile at row {tile.row}, column {tile.column} of zoom {tile.matrix}",
            remedy=f"rows go from 0 to {rows - 1}, columns from 0 to {columns - 1}",
        )


def layer(generation: Generation, fallback_crs84: Bounds) -> tileset.Layer:
    """Return a generation as a layer of tiles; one without any geometry lies where the territory does."""
    return tileset.Layer(generation.dataset, generation.extent_crs84 or fallback_crs84, generation.extent_native)


def can_meet(generation: Generation, tile: Tile, grid: TileMatrixSet) -> bool:
    """Return whether a tile and its buffer may hold any of the data: if not, nothing needs to be asked."""
    if generation.extent_crs84 is None:
        return False
    bounds = layer(generation, generation.extent_crs84).bounds(grid)
    # twice the buffer, as bounds moved from degrees are exact to a fraction of it only
    west, south, east, north = grid.envelope(tile, margin=2 * BUFFER / EXTENT)
    return bounds is not None and not (bounds[2] < west or bounds[0] > east or bounds[3] < south or bounds[1] > north)


def tile(generation: Generation, tile: Tile, query: Query, grid: TileMatrixSet = WEB_MERCATOR) -> Statement:
    """Select one tile as MVT; empty bytes where there is nothing.

    The feature id is 53 bits of the key's MD5: stable between generations, and exact as a JavaScript number.
    """
    dataset = generation.dataset
    binder = Binder()
    names = query.properties if query.properties is not None else [column.name for column in dataset.columns]
    conditions = [_near(generation, tile, grid, binder), *items.conditions(generation, query, binder)]
    statement = sql.SQL(
        "select public.st_asmvt(t, {name}, {extent}, 'geom', '_id') from ("
        "select public.st_asmvtgeom({shape}, {envelope}, {extent}, {buffer}, true) as geom,"
        " ('x' || left(md5(v.{key}::text), 16))::bit(64)::bigint & 9007199254740991 as \"_id\"{columns}"
        " from {view} as v where {conditions} order by v.fid) as t"
        " where t.geom is not null"
    ).format(
        name=sql.Literal(dataset.id),
        extent=sql.Literal(EXTENT),
        shape=_shape(generation, grid),
        envelope=_envelope(grid.envelope(tile), grid, binder),
        buffer=sql.Literal(BUFFER),
        key=sql.Identifier(dataset.key),
        columns=sql.SQL("").join(sql.SQL(", v.{}").format(sql.Identifier(name)) for name in names),
        view=table.view(dataset.id, generation.number),
        conditions=sql.SQL(" and ").join(conditions),
    )
    return statement, binder.values


def _envelope(bounds: Bounds, grid: TileMatrixSet, binder: Binder) -> sql.Composed:
    # by numbers: ST_TileEnvelope knows one set, and its zoom 0 has no image in Lambert-93
    corners = [binder.bind(value, "number") for value in bounds]
    return sql.SQL("public.st_makeenvelope({}, {}, {}, {}, {})").format(*corners, sql.Literal(grid.srid))


def _shape(generation: Generation, grid: TileMatrixSet) -> sql.Composed:
    if grid.srid == WEB_MERCATOR.srid:
        return sql.SQL("v.geom_3857").format()
    if _stored_in(generation, grid):
        return sql.SQL("v.geom").format()
    return sql.SQL("public.st_transform(v.geom, {})").format(sql.Literal(grid.srid))


def _near(generation: Generation, tile: Tile, grid: TileMatrixSet, binder: Binder) -> sql.Composed:
    """Write which features may show in a tile and its buffer, by an index; ST_AsMVTGeom leaves out the others."""
    buffered = grid.envelope(tile, margin=BUFFER / EXTENT)
    if grid.srid == WEB_MERCATOR.srid or _stored_in(generation, grid):
        return sql.SQL("{} && {}").format(_shape(generation, grid), _envelope(buffered, grid, binder))
    parts = items.boxes(generation, Bbox(*buffered, grid.srid), binder)
    tests = [sql.SQL("v.geom && {}").format(part) for part in parts]
    return sql.SQL("({})").format(sql.SQL(" or ").join(tests or [sql.SQL("false")]))


def _stored_in(generation: Generation, grid: TileMatrixSet) -> bool:
    geometry = generation.dataset.geometry
    return geometry is not None and geometry.srid == grid.srid
