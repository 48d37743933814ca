"""The descriptions of tiles: lists of tilesets, their metadata, TileJSON, and tile matrix sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from territoire.core.derive import crs, tilematrixset, tileset
from territoire.core.derive.tilematrixset import OFFERED, TileMatrixSet
from territoire.core.errors import NotFoundError
from territoire.core.models import Localised
from territoire.core.vocabulary import Vocabulary
from territoire.query import tiles
from territoire.query.model import Generation
from territoire.web.api import documents
from territoire.web.api.links import GEODATA, SCHEMA_TILING, Link, link
from territoire.web.asked import Asked
from territoire.web.cartography import styles

Document = dict[str, Any]  # a JSON document
#: Names of the sets that every collection of ours is in.
NAMES = frozenset(grid.id for grid in OFFERED)

_SEVERAL = Localised(fr="Toutes les collections", en="All collections")
_SEVERAL_ABSTRACT = Localised(
    fr="Plusieurs collections dans une même tuile, une couche par collection.",
    en="Several collections in one tile, a layer for each.",
)


@dataclass(frozen=True, slots=True)
class Tiled:
    """What is in tiles: one collection, or several with `query`, the selection that all their addresses carry."""

    generations: tuple[Generation, ...]
    title: Localised
    abstract: Localised
    collection: str | None = None
    query: str = ""

    def root(self, asked: Asked) -> str:
        """Return the address of the list of tilesets."""
        return f"{asked.ogc}/collections/{self.collection}/tiles" if self.collection else f"{asked.ogc}/tiles"


def of_one(generation: Generation) -> Tiled:
    """Return one collection's tiles, or refuse one that has none."""
    dataset = generation.dataset
    if dataset.tiles is None:
        raise NotFoundError(f"{dataset.id} has no tiles", remedy="use its items")
    return Tiled((generation,), dataset.title, dataset.abstract, collection=dataset.id)


def of_several(generations: Sequence[Generation], *, are_chosen: bool) -> Tiled:
    """Return several collections in the same tiles; `are_chosen` when the request named them."""
    names = quote(",".join(generation.dataset.id for generation in generations), safe=",")
    return Tiled(tuple(generations), _SEVERAL, _SEVERAL_ABSTRACT, query=f"?collections={names}" if are_chosen else "")


def listed(asked: Asked, tiled: Tiled, vocabulary: Vocabulary) -> Document:
    """Return the list of tilesets, one for each tile matrix set (OGC 20-057, /req/tilesets-list/tileset-links)."""
    short = ("title", "dataType", "crs", "tileMatrixSetId", "tileMatrixSetURI", "tileMatrixSetLimits")
    found: list[Document] = []
    for grid in OFFERED:
        whole = _described(asked, tiled, grid, vocabulary)
        if whole["tileMatrixSetLimits"]:
            address = f"{tiled.root(asked)}/{grid.id}{tiled.query}"
            links = [link(address, "self", "application/json", "tileset", asked.language), *_links(asked, tiled, grid)]
            found.append({**{key: whole[key] for key in short}, "links": links})
    return {"links": [_own(asked)], "tilesets": found}


def described(asked: Asked, tiled: Tiled, grid: TileMatrixSet, vocabulary: Vocabulary) -> Document:
    """Return a tileset's metadata (OGC 17-083r4, TileSet; OGC 20-057, /req/tileset/description)."""
    whole = _described(asked, tiled, grid, vocabulary)
    if not whole["tileMatrixSetLimits"]:
        raise NotFoundError(f"nothing lies in {grid.id}", remedy=f"use {tilematrixset.WEB_MERCATOR.id}")
    whole["links"] = [_own(asked), *_links(asked, tiled, grid)]
    if grid is tilematrixset.WEB_MERCATOR:
        # the only set that TileJSON knows
        named = f"/tiles/{tiled.collection}.json" if tiled.collection else f"/tiles.json{tiled.query}"
        media = "application/json"
        whole["links"].append(link(f"{asked.base}{named}", "describedby", media, "tilejson", asked.language))
        named = f"/styles/{tiled.collection}.json" if tiled.collection else f"/styles.json{tiled.query}"
        whole["links"].append(link(f"{asked.base}{named}", "stylesheet", styles.MEDIA, "style", asked.language))
    return whole


def tilejson(asked: Asked, tiled: Tiled, vocabulary: Vocabulary) -> Document:
    """Return TileJSON 3.0; one collection's addresses carry its generation, so that tiles may be kept for ever."""
    where = f"{tiled.collection}/g{tiled.generations[0].mark}/" if tiled.collection else ""
    names = [documents.attribution(generation, vocabulary) for generation in tiled.generations]
    return tileset.tilejson(
        _layers(tiled, vocabulary),
        title=tiled.title.get(asked.language),
        description=tiled.abstract.get(asked.language),
        template=f"{asked.base}/tiles/{where}{{z}}/{{x}}/{{y}}.mvt{tiled.query}",
        attribution=" ; ".join(dict.fromkeys(names)),
        language=asked.language,
    )


def matrix_sets(asked: Asked) -> Document:
    """Return the list of tile matrix sets."""
    return {
        "links": [_own(asked)],
        "tileMatrixSets": [
            {
                "id": grid.id,
                "title": grid.title.get(asked.language),
                "uri": _uri(asked, grid),
                "crs": crs.uri(grid.srid),
                "links": [link(_address(asked, grid), "self", "application/json", grid.id, asked.language)],
            }
            for grid in OFFERED
        ],
    }


def matrix_set(asked: Asked, grid: TileMatrixSet) -> Document:
    """Return the definition of a tile matrix set."""
    whole = tilematrixset.definition(grid, _uri(asked, grid), asked.language)
    return {**whole, "links": [_own(asked)]}


def _described(asked: Asked, tiled: Tiled, grid: TileMatrixSet, vocabulary: Vocabulary) -> Document:
    whole = tileset.tileset(
        _layers(tiled, vocabulary),
        grid,
        title=tiled.title.get(asked.language),
        description=tiled.abstract.get(asked.language),
        language=asked.language,
    )
    return {**whole, "tileMatrixSetURI": _uri(asked, grid)}


def _layers(tiled: Tiled, vocabulary: Vocabulary) -> list[tileset.Layer]:
    return [tiles.layer(generation, vocabulary.territory.bbox_crs84) for generation in tiled.generations]


def _links(asked: Asked, tiled: Tiled, grid: TileMatrixSet) -> list[Link]:
    template = f"{tiled.root(asked)}/{grid.id}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}{tiled.query}"
    links: list[Link] = [
        link(_address(asked, grid), SCHEMA_TILING, "application/json", grid.id, asked.language),
        {**link(template, "item", tileset.MVT, "tiles", asked.language), "templated": True},
    ]
    if tiled.collection:
        address = f"{asked.ogc}/collections/{tiled.collection}"
        links.append(link(address, GEODATA, "application/json", "collection", asked.language))
    return links


def _own(asked: Asked) -> Link:
    return link(asked.url, "self", "application/json", "self", asked.language)


def _address(asked: Asked, grid: TileMatrixSet) -> str:
    return f"{asked.ogc}/tileMatrixSets/{grid.id}"


def _uri(asked: Asked, grid: TileMatrixSet) -> str:
    """Return what identifies a set: the register's address, or ours where no register has it."""
    return grid.uri or _address(asked, grid)
