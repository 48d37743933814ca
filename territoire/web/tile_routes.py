"""The handlers of tiles, tilesets and tile matrix sets."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from territoire.core.derive import tileset as derived_tileset
from territoire.core.errors import RequestError
from territoire.query import parameters
from territoire.web import asked, conduct
from territoire.web.api import tiles


@conduct.conditional
async def tilesets(request: Request) -> Response:
    """The tilesets of a collection."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    generation = conduct.catalogue(request).current(request.path_params["collection"])
    return conduct.json(wanted, tiles.tilesets(wanted, generation, conduct.vocabulary(request)))


@conduct.conditional
async def tileset(request: Request) -> Response:
    """One tileset's metadata, or its TileJSON by f=tilejson."""
    offered = {"json": ("application/json",), "tilejson": ("application/vnd.mapbox.tile+json",)}
    wanted = asked.read(request, offered=offered)
    generation = conduct.catalogue(request).current(request.path_params["collection"])
    tiles.with_tiles(generation)
    tiles.check_matrix_set(request.path_params["matrix_set"])
    build = tiles.tilejson if wanted.format == "tilejson" else tiles.one_tileset
    return conduct.json(wanted, build(wanted, generation, conduct.vocabulary(request)))


@conduct.conditional
async def tile(request: Request) -> Response:
    """One tile by tile matrix set, matrix, row and column."""
    _no_parameters(request)
    tiles.check_matrix_set(request.path_params["matrix_set"])
    return await plain_tile(request)


@conduct.conditional
async def plain_tile(request: Request) -> Response:
    """One tile by z, x and y."""
    _no_parameters(request)
    given = request.path_params
    return await tiles.tile(
        conduct.catalogue(request),
        given["collection"],
        z=given["z"],
        x=given["x"],
        y=given["y"],
        generation=given.get("generation"),
    )


@conduct.conditional
async def tilejson(request: Request) -> Response:
    """TileJSON of a collection."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    generation = conduct.catalogue(request).current(request.path_params["collection"])
    return conduct.json(wanted, tiles.tilejson(wanted, generation, conduct.vocabulary(request)))


@conduct.conditional
async def matrix_sets(request: Request) -> Response:
    """The tile matrix sets."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    return conduct.json(wanted, tiles.matrix_sets(wanted))


@conduct.conditional
async def matrix_set(request: Request) -> Response:
    """One tile matrix set."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    tiles.check_matrix_set(request.path_params["matrix_set"])
    return conduct.json(wanted, derived_tileset.tile_matrix_set())


def _no_parameters(request: Request) -> None:
    for name, value in request.query_params.multi_items():
        if name != "f":
            raise parameters.unknown(name, ["f"])
        if value not in {"mvt", "pbf"}:
            raise RequestError(f"f: {value[:40]!r} is not offered here", remedy="leave it out: tiles are MVT")
