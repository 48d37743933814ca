"""Vector tiles, their TileJSON, tilesets and tile matrix set."""

from __future__ import annotations

import re
from typing import Any

from psycopg import errors as pg
from starlette.responses import Response

from territoire.core.derive import tileset
from territoire.core.errors import NotFoundError, UnavailableError
from territoire.core.vocabulary import Vocabulary
from territoire.query import tiles
from territoire.query.model import Generation
from territoire.web.api import documents
from territoire.web.api.links import SCHEMA_TILING, link
from territoire.web.asked import Asked
from territoire.web.catalogue import Catalogue

_NUMBER = re.compile(r"^\d{1,10}$")
_IMMUTABLE = "public, max-age=31536000, immutable"
_SHORT = "public, max-age=60"
_NEVER = "no-cache"

Document = dict[str, Any]  # a JSON document


async def tile(
    catalogue: Catalogue, dataset_id: str, *, z: str, x: str, y: str, generation: str | None = None
) -> Response:
    """Answer with one tile: of a named generation for ever, of the current one for a minute; empty is 204."""
    current = catalogue.current(dataset_id)
    zoom, column, row = (_number(text) for text in (z, x, y))
    tiles.check(current, zoom, column, row)
    named = None
    if generation is not None:
        named = await catalogue.generation(dataset_id, _number(generation))
    try:
        body = await _made(catalogue, named or current, zoom, column, row)
    except pg.UndefinedTable:
        catalogue.forget(named or current)
        # a map left open must not get holes: the current generation answers, not to be kept
        await catalogue.refresh()
        named, current = None, catalogue.current(dataset_id)
        body = await _made(catalogue, current, zoom, column, row)
    cache = _SHORT if generation is None else _IMMUTABLE if named else _NEVER
    headers = {"Cache-Control": cache}
    if not body:
        return Response(status_code=204, headers=headers)
    return Response(body, media_type=tileset.MVT, headers=headers)


async def _made(catalogue: Catalogue, generation: Generation, zoom: int, column: int, row: int) -> bytes:
    try:
        rows = await catalogue.fetch(tiles.tile(generation, zoom, column, row))
    except pg.QueryCanceled as exc:
        raise UnavailableError("the tile takes too long to make", remedy="zoom in") from exc
    return bytes(rows[0][0] or b"")


def _number(text: str) -> int:
    if not _NUMBER.match(text):
        raise NotFoundError(f"{text[:20]!r} is not a tile number", remedy="zoom, row and column are whole numbers")
    return int(text)


def tilejson(asked: Asked, generation: Generation, vocabulary: Vocabulary) -> Document:
    """Return TileJSON 3.0; the tiles' addresses carry the generation, so that they may be kept for ever."""
    dataset = with_tiles(generation).dataset
    template = f"{asked.base}/tiles/{dataset.id}/g{generation.number}/{{z}}/{{x}}/{{y}}.mvt"
    return tileset.tilejson(
        dataset,
        _bounds(generation, vocabulary),
        template=template,
        attribution=documents.attribution(generation, vocabulary),
        language=asked.language,
    )


def tilesets(asked: Asked, generation: Generation, vocabulary: Vocabulary) -> Document:
    """Return the list of a collection's tilesets (OGC 20-057, 8.2)."""
    whole = tileset.tileset(with_tiles(generation).dataset, _bounds(generation, vocabulary), asked.language)
    address = f"{asked.ogc}/collections/{generation.dataset.id}/tiles/{tileset.TMS_ID}"
    short = {key: whole[key] for key in ("title", "dataType", "crs", "tileMatrixSetId", "tileMatrixSetURI")}
    short["tileMatrixSetLimits"] = whole["tileMatrixSetLimits"]
    short["links"] = [
        link(address, "self", "application/json", "tilesets", asked.language),
        _scheme(asked),
        _item(asked, generation),
    ]
    return {"links": [link(asked.url, "self", "application/json", "self", asked.language)], "tilesets": [short]}


def one_tileset(asked: Asked, generation: Generation, vocabulary: Vocabulary) -> Document:
    """Return a tileset's metadata (OGC 17-083r4, TileSet)."""
    described = tileset.tileset(with_tiles(generation).dataset, _bounds(generation, vocabulary), asked.language)
    described["links"] = [
        link(asked.url, "self", "application/json", "self", asked.language),
        _scheme(asked),
        _item(asked, generation),
        link(
            f"{asked.base}/tiles/{generation.dataset.id}.json",
            "describedby",
            "application/json",
            "tilejson",
            asked.language,
        ),
    ]
    return described


def matrix_sets(asked: Asked) -> Document:
    """Return the list of tile matrix sets."""
    address = f"{asked.ogc}/tileMatrixSets/{tileset.TMS_ID}"
    return {
        "links": [link(asked.url, "self", "application/json", "self", asked.language)],
        "tileMatrixSets": [
            {
                "id": tileset.TMS_ID,
                "title": "Google Maps Compatible for the World",
                "uri": tileset.TMS_URI,
                "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
                "links": [link(address, "self", "application/json", "tms", asked.language)],
            }
        ],
    }


def check_matrix_set(name: str) -> None:
    """Refuse a tile matrix set that is not offered."""
    if name != tileset.TMS_ID:
        raise NotFoundError(f"there is no tile matrix set {name[:60]!r}", remedy=f"use {tileset.TMS_ID}")


def with_tiles(generation: Generation) -> Generation:
    """Return the generation, or refuse one that has no tiles."""
    if generation.dataset.tiles is None:
        raise NotFoundError(f"{generation.dataset.id} has no tiles", remedy="use its items")
    return generation


def _bounds(generation: Generation, vocabulary: Vocabulary) -> tileset.Bounds:
    return generation.extent_crs84 or vocabulary.territory.bbox_crs84


def _scheme(asked: Asked) -> dict[str, str | bool]:
    address = f"{asked.ogc}/tileMatrixSets/{tileset.TMS_ID}"
    return link(address, SCHEMA_TILING, "application/json", "tms", asked.language)


def _item(asked: Asked, generation: Generation) -> dict[str, str | bool]:
    address = f"{asked.ogc}/collections/{generation.dataset.id}/tiles/{tileset.TMS_ID}"
    template = f"{address}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
    return {**link(template, "item", tileset.MVT, "tiles", asked.language), "templated": True}
