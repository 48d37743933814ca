"""Vector tiles: of one collection, or of several in one tile."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import psycopg
from psycopg import errors as pg
from starlette.responses import Response

from territoire.core.derive import tileset
from territoire.core.derive.tilematrixset import OFFERED, WEB_MERCATOR, Bounds, Tile, TileMatrixSet
from territoire.core.errors import NotFoundError, RequestError, UnavailableError
from territoire.core.models import Dataset
from territoire.query import tile_parameters, tiles
from territoire.query.model import Generation, Query
from territoire.web.catalogue import Catalogue, as_request_error

Pairs = Sequence[tuple[str, str]]
#: How a request is read for a dataset: its columns may differ from one generation to the next.
Reading = Callable[[Dataset], Query]

_NUMBER = re.compile(r"[0-9]{1,10}")
_IMMUTABLE = "public, max-age=31536000, immutable"
_SHORT = "public, max-age=60"
_NEVER = "no-cache"


def grid(name: str) -> TileMatrixSet:
    """Return a tile matrix set by its id, or refuse one that is not offered."""
    for offered in OFFERED:
        if offered.id == name:
            return offered
    raise NotFoundError(
        f"there is no tile matrix set {name[:60]!r}", remedy=f"use {' or '.join(one.id for one in OFFERED)}"
    )


def address(path: Mapping[str, str]) -> Tile:
    """Read the address of a tile from the parts `z`, `y` and `x` of a path."""
    return Tile(_number(path["z"]), _number(path["y"]), _number(path["x"]))


async def of_one(
    catalogue: Catalogue,
    dataset_id: str,
    tile: Tile,
    pairs: Pairs,
    *,
    generation: str | None = None,
) -> Response:
    """Answer with a tile of web maps: of a named generation for ever, of the current one for a minute.

    Anywhere in the matrix: a map that pans beyond the data gets 204, not 404 (maplibre-gl-js#1579).
    """
    current = catalogue.current(dataset_id)
    tiles.check(current, tile)
    named = None
    if generation is not None:
        named = await catalogue.generation(dataset_id, generation)
    reading = partial(tile_parameters.parse, given=pairs)
    query = reading((named or current).dataset)
    try:
        body = await _made(catalogue, named or current, tile, query, WEB_MERCATOR)
    except pg.UndefinedTable:
        catalogue.forget(named or current)
        # a map left open must not get holes: the current generation answers, not to be kept
        await catalogue.refresh()
        named, current = None, catalogue.current(dataset_id)
        body = await _made(catalogue, current, tile, reading(current.dataset), WEB_MERCATOR)
    kept = _SHORT if generation is None or _is_narrowed(query) else _IMMUTABLE
    return _answer(body, kept if named or generation is None else _NEVER)


async def of_collection(
    catalogue: Catalogue, dataset_id: str, tile: Tile, pairs: Pairs, *, within: TileMatrixSet, fallback_crs84: Bounds
) -> Response:
    """Answer with a tile of a collection's tileset; outside of its limits there is none (/req/core/tc-error)."""
    current = catalogue.current(dataset_id)
    reading = partial(tile_parameters.parse, given=pairs)
    reading(current.dataset)
    tiles.check(current, tile, within)
    _check_limits([current], tile, within, fallback_crs84)
    return _answer(await _current(catalogue, current, tile, reading, within), _SHORT)


async def of_several(
    catalogue: Catalogue,
    chosen: Sequence[Generation],
    tile: Tile,
    pairs: Pairs,
    *,
    within: TileMatrixSet = WEB_MERCATOR,
    fallback_crs84: Bounds | None = None,
) -> Response:
    """Answer with one tile that holds a layer of each collection, in the order asked for; of those offered there.

    With `fallback_crs84` outside of the tileset's limits there is none; without, a web map may pan anywhere.
    """
    reading = partial(tile_parameters.parse_shared, given=pairs)
    tiles.inside(tile, within)
    offered = [one for one in chosen if one.dataset.tiles and tile.matrix in within.matrices(one.dataset.tiles)]
    for one in offered:
        reading(one.dataset)
    if not offered:
        raise NotFoundError(f"no collection has tiles at zoom {tile.matrix}", remedy="see the tileset's limits")
    if fallback_crs84:
        _check_limits(offered, tile, within, fallback_crs84)
    # layers are repeated fields (Mapbox Vector Tile 2.1, 4.1): tiles of one layer, one after the other, are a tile
    met = [one for one in offered if tiles.can_meet(one, tile, within)]
    bodies = [await _current(catalogue, one, tile, reading, within) for one in met]
    return _answer(b"".join(bodies), _SHORT)


def selected(catalogue: Catalogue, pairs: Pairs, *, root: str) -> tuple[Generation, ...]:
    """Return the collections that `collections` names, all with tiles without it; `root` is where collections are.

    An unknown one is a 400 (OGC 20-057, clause 10): it is a parameter that is wrong, not the address.
    """
    tiled = {one.dataset.id: one for one in catalogue.generations if one.dataset.tiles and one.dataset.geometry}
    names = tile_parameters.selection(pairs, root=root)
    if names is None:
        return tuple(tiled.values())
    for name in names:
        if name not in tiled:
            known = f"choose from {', '.join(list(tiled)[:20])}"
            raise RequestError(f"collections: there are no tiles of {name[:60]!r}", remedy=known)
    return tuple(tiled[name] for name in names)


async def _current(
    catalogue: Catalogue, generation: Generation, tile: Tile, reading: Reading, within: TileMatrixSet
) -> bytes:
    try:
        return await _made(catalogue, generation, tile, reading(generation.dataset), within)
    except pg.UndefinedTable:
        # published twice within the second that our copy of the pointer may be old
        await catalogue.refresh()
        newer = catalogue.current(generation.dataset.id)
        return await _made(catalogue, newer, tile, reading(newer.dataset), within)


async def _made(catalogue: Catalogue, generation: Generation, tile: Tile, query: Query, within: TileMatrixSet) -> bytes:
    try:
        rows = await catalogue.fetch(tiles.tile(generation, tile, query, within))
    except pg.QueryCanceled as exc:
        raise UnavailableError("the tile takes too long to make", remedy="zoom in") from exc
    except (psycopg.DataError, psycopg.InternalError) as exc:
        raise as_request_error(exc) from exc
    return bytes(rows[0][0] or b"")


def _check_limits(generations: Sequence[Generation], tile: Tile, within: TileMatrixSet, fallback_crs84: Bounds) -> None:
    layers = [tiles.layer(generation, fallback_crs84) for generation in generations]
    corners = tileset.corners(layers, within, tile.matrix)
    if corners is None:
        raise NotFoundError(f"nothing lies in {within.id} at zoom {tile.matrix}", remedy="see the tileset's limits")
    first, last = corners
    if not (first.row <= tile.row <= last.row and first.column <= tile.column <= last.column):
        raise NotFoundError(
            f"row {tile.row}, column {tile.column} of zoom {tile.matrix} is outside of the tileset's limits",
            remedy=f"rows go from {first.row} to {last.row}, columns from {first.column} to {last.column}",
        )


def _answer(body: bytes, cache_control: str) -> Response:
    headers = {"Cache-Control": cache_control}
    if not body:
        return Response(status_code=204, headers=headers)
    return Response(body, media_type=tileset.MVT, headers=headers)


def _is_narrowed(query: Query) -> bool:
    return query.is_filtered or query.properties is not None


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise NotFoundError(f"{text[:20]!r} is not a tile number", remedy="zoom, row and column are whole numbers")
    return int(text)
