"""The handlers of tiles, tilesets and tile matrix sets."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from territoire.core.derive.tilematrixset import WEB_MERCATOR
from territoire.query.model import Generation
from territoire.web import asked, conduct
from territoire.web.api import live_documents, tiles, tilesets
from territoire.web.asked import Asked
from territoire.web.cartography import styles

_STYLE = {"json": (styles.MEDIA, "application/json")}
_TILEJSON = {"json": ("application/json",), "tilejson": ("application/vnd.mapbox.tile+json",)}


async def _in_one(request: Request) -> tuple[Generation, ...]:
    known, name = conduct.catalogue(request), request.path_params["collection"]
    mark = request.path_params.get("generation")
    named = await known.generation(name, mark) if mark else None
    return (named or known.current(name),)


async def _in_several(request: Request) -> tuple[Generation, ...]:
    return _chosen(request)


@conduct.conditional
async def collection_tilesets(request: Request) -> Response:
    """The tilesets of a collection."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    return conduct.json(wanted, tilesets.listed(wanted, _one(request), conduct.vocabulary(request)))


@conduct.conditional
async def collection_tileset(request: Request) -> Response:
    """One tileset's metadata, or its TileJSON by f=tilejson."""
    wanted = asked.read(request, offered=_forms(request))
    return _tileset(request, wanted, _one(request))


@conduct.conditional_tile(_in_one)
async def collection_tile(request: Request) -> Response:
    """One tile of a collection by tile matrix set, matrix, row and column."""
    given = request.path_params
    return await tiles.of_collection(
        conduct.catalogue(request),
        given["collection"],
        tiles.address(given),
        request.query_params.multi_items(),
        within=tiles.grid(given["matrix_set"]),
        fallback_crs84=conduct.vocabulary(request).territory.bbox_crs84,
    )


@conduct.conditional_tile(_in_one)
async def collection_plain_tile(request: Request) -> Response:
    """One tile of a collection by z, x and y."""
    given = request.path_params
    return await tiles.of_one(
        conduct.catalogue(request),
        given["collection"],
        tiles.address(given),
        request.query_params.multi_items(),
        generation=given.get("generation"),
    )


@conduct.conditional
async def collection_tilejson(request: Request) -> Response:
    """TileJSON of a collection."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    return conduct.json(wanted, tilesets.tilejson(wanted, _one(request), conduct.vocabulary(request)))


@conduct.conditional
async def dataset_tilesets(request: Request) -> Response:
    """The tilesets that hold several collections."""
    wanted = asked.read(request, offered=asked.JSON_ONLY, known=("collections",))
    return conduct.json(wanted, tilesets.listed(wanted, _several(request, wanted), conduct.vocabulary(request)))


@conduct.conditional
async def dataset_tileset(request: Request) -> Response:
    """The metadata of a tileset of several collections, or its TileJSON by f=tilejson."""
    wanted = asked.read(request, offered=_forms(request), known=("collections",))
    return _tileset(request, wanted, _several(request, wanted))


@conduct.conditional_tile(_in_several)
async def dataset_tile(request: Request) -> Response:
    """One tile of several collections by tile matrix set, matrix, row and column."""
    given, pairs = request.path_params, request.query_params.multi_items()
    within, tile = tiles.grid(given["matrix_set"]), tiles.address(given)
    return await tiles.of_several(
        conduct.catalogue(request),
        _chosen(request),
        tile,
        pairs,
        within=within,
        fallback_crs84=conduct.vocabulary(request).territory.bbox_crs84,
    )


@conduct.conditional_tile(_in_several)
async def dataset_plain_tile(request: Request) -> Response:
    """One tile of several collections by z, x and y."""
    tile, pairs = tiles.address(request.path_params), request.query_params.multi_items()
    return await tiles.of_several(conduct.catalogue(request), _chosen(request), tile, pairs)


@conduct.conditional
async def dataset_tilejson(request: Request) -> Response:
    """TileJSON of several collections."""
    wanted = asked.read(request, offered=asked.JSON_ONLY, known=("collections",))
    return conduct.json(wanted, tilesets.tilejson(wanted, _several(request, wanted), conduct.vocabulary(request)))


@conduct.conditional
async def collection_style(request: Request) -> Response:
    """The style sheet of a collection's tiles."""
    return _style(request, asked.read(request, offered=_STYLE), _one(request))


@conduct.conditional
async def dataset_style(request: Request) -> Response:
    """The style sheet of several collections, one above the other."""
    wanted = asked.read(request, offered=_STYLE, known=("collections",))
    return _style(request, wanted, _several(request, wanted))


@conduct.conditional
async def matrix_sets(request: Request) -> Response:
    """The tile matrix sets."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    return conduct.json(wanted, tilesets.matrix_sets(wanted))


@conduct.conditional
async def matrix_set(request: Request) -> Response:
    """One tile matrix set."""
    wanted, name = asked.read(request, offered=asked.JSON_ONLY), request.path_params["matrix_set"]
    for layer in conduct.catalogue(request).layers:
        # a set of the source that no register has
        if (
            name not in tilesets.NAMES
            and layer.kind == "wmts"
            and any(one["id"] == name for one in layer.description["sets"])
        ):
            return conduct.json(wanted, live_documents.matrix_set(wanted, layer, name))
    return conduct.json(wanted, tilesets.matrix_set(wanted, tiles.grid(name)))


def _tileset(request: Request, wanted: Asked, tiled: tilesets.Tiled) -> Response:
    grid, vocabulary = tiles.grid(request.path_params["matrix_set"]), conduct.vocabulary(request)
    if wanted.format == "tilejson":
        return conduct.json(wanted, tilesets.tilejson(wanted, tiled, vocabulary))
    return conduct.json(wanted, tilesets.described(wanted, tiled, grid, vocabulary))


def _style(request: Request, wanted: Asked, tiled: tilesets.Tiled) -> Response:
    whole = conduct.vocabulary(request).territory.bbox_crs84
    around = tiled.generations[0].extent_crs84 if tiled.collection else None
    drawn = styles.sheet(
        tiled.generations, title=tiled.title.get(wanted.language), base=wanted.base, around_crs84=around or whole
    )
    return conduct.json(wanted, drawn, media=styles.MEDIA)


def _forms(request: Request) -> Mapping[str, tuple[str, ...]]:
    # TileJSON knows one set
    return _TILEJSON if tiles.grid(request.path_params["matrix_set"]) is WEB_MERCATOR else asked.JSON_ONLY


def _one(request: Request) -> tilesets.Tiled:
    return tilesets.of_one(conduct.catalogue(request).current(request.path_params["collection"]))


def _several(request: Request, wanted: Asked) -> tilesets.Tiled:
    are_chosen = any(name == "collections" for name, _ in wanted.pairs)
    return tilesets.of_several(_chosen(request), are_chosen=are_chosen)


def _chosen(request: Request) -> tuple[Generation, ...]:
    root = f"{asked.base(request)}/ogc/collections"
    return tiles.selected(conduct.catalogue(request), request.query_params.multi_items(), root=root)
