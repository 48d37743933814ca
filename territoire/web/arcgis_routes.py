"""The handlers of the vector tile services of ArcGIS: of a collection, and of all together."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from territoire.query import tiles as tile_sql
from territoire.query.model import Generation
from territoire.web import asked, conduct
from territoire.web.api import arcgis, documents, tiles, tilesets
from territoire.web.asked import Asked
from territoire.web.cartography import styles

#: Clients of ArcGIS write pjson, which means JSON for people to read.
_FORMS = {"json": ("application/json", "text/html"), "pjson": ("application/json",)}


@conduct.conditional
async def service(request: Request) -> Response:
    """The description of a service."""
    wanted, tiled, words = asked.read(request, offered=_FORMS), _tiled(request), conduct.vocabulary(request)
    layers = [tile_sql.layer(one, words.territory.bbox_crs84) for one in tiled.generations]
    names = dict.fromkeys(documents.attribution(one, words) for one in tiled.generations)
    described = arcgis.described(layers, title=tiled.title.get(wanted.language), attribution=" ; ".join(names))
    return conduct.json(wanted, described)


@conduct.conditional
async def style(request: Request) -> Response:
    """The style sheet of a service."""
    wanted, tiled = asked.read(request, offered=_FORMS), _tiled(request)
    return conduct.json(wanted, arcgis.styled(_sheet(request, wanted, tiled)))


async def _within(request: Request) -> tuple[Generation, ...]:
    return _tiled(request).generations


@conduct.conditional_tile(_within)
async def tile(request: Request) -> Response:
    """One tile of a service; a map may pan and zoom beyond the data."""
    address, chosen = tiles.address(request.path_params), _tiled(request).generations
    if not any(one.dataset.tiles and address.matrix in arcgis.GRID.matrices(one.dataset.tiles) for one in chosen):
        return Response(status_code=204)
    return await tiles.of_several(conduct.catalogue(request), chosen, address, (), within=arcgis.GRID)


def _tiled(request: Request) -> tilesets.Tiled:
    known, name = conduct.catalogue(request), request.path_params.get("collection")
    if name:
        return tilesets.of_one(known.current(name))
    return tilesets.of_several(tiles.selected(known, (), root=""), are_chosen=False)


def _sheet(request: Request, wanted: Asked, tiled: tilesets.Tiled) -> dict[str, object]:
    around = conduct.vocabulary(request).territory.bbox_crs84
    title = tiled.title.get(wanted.language)
    return styles.sheet(tiled.generations, title=title, base=wanted.base, around_crs84=around, finer=arcgis.GRID.finer)
