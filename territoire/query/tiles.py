"""The SQL of a vector tile, made on request from `geom_3857`."""

from __future__ import annotations

from psycopg import sql

from territoire.core.derive import table
from territoire.core.errors import NotFoundError
from territoire.query.items import Binder, Statement
from territoire.query.model import Generation

#: Size of a tile in its own units, and how far beyond its edge shapes are kept so that strokes meet.
EXTENT = 4096
BUFFER = 64


def check(generation: Generation, zoom: int, x: int, y: int) -> None:
    """Refuse a tile that cannot exist (OGC 20-057, /req/core/tc-error): wrong zoom, or outside of the matrix."""
    tiles = generation.dataset.tiles
    if tiles is None:
        raise NotFoundError(f"{generation.dataset.id} has no tiles", remedy="use its features")
    if not tiles.minzoom <= zoom <= tiles.maxzoom:
        raise NotFoundError(
            f"{generation.dataset.id} has no tiles at zoom {zoom}",
            remedy=f"ask for zooms {tiles.minzoom} to {tiles.maxzoom}; clients overzoom beyond",
        )
    last = (1 << zoom) - 1
    if not (0 <= x <= last and 0 <= y <= last):
        raise NotFoundError(
            f"there is no tile at row {y}, column {x} of zoom {zoom}",
            remedy=f"rows and columns go from 0 to {last}",
        )


def tile(generation: Generation, zoom: int, x: int, y: int) -> Statement:
    """Select one tile as MVT; empty bytes where there is nothing.

    The feature id is 53 bits of the key's MD5: stable between generations, and exact as a JavaScript number.
    """
    dataset = generation.dataset
    binder = Binder()
    z, column, row = (binder.bind(value, "integer") for value in (zoom, x, y))
    columns = sql.SQL(", ").join(sql.SQL("v.{}").format(sql.Identifier(c.name)) for c in dataset.columns)
    statement = sql.SQL(
        "with envelope as materialized (select public.st_tileenvelope({z}, {x}, {y}) as tile,"
        " public.st_tileenvelope({z}, {x}, {y}, margin => {margin}) as buffered)"
        " select public.st_asmvt(t, {name}, {extent}, 'geom', '_id') from ("
        "select public.st_asmvtgeom(v.geom_3857, e.tile, {extent}, {buffer}, true) as geom,"
        " ('x' || left(md5(v.{key}::text), 16))::bit(64)::bigint & 9007199254740991 as \"_id\", {columns}"
        " from envelope as e inner join {view} as v on v.geom_3857 && e.buffered order by v.fid) as t"
        " where t.geom is not null"
    ).format(
        z=z,
        x=column,
        y=row,
        margin=sql.Literal(BUFFER / EXTENT),
        name=sql.Literal(dataset.id),
        extent=sql.Literal(EXTENT),
        buffer=sql.Literal(BUFFER),
        key=sql.Identifier(dataset.key),
        columns=columns,
        view=table.view(dataset.id, generation.number),
    )
    return statement, binder.values
