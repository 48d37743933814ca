"""The handlers of rasters: coverage, map, map tiles, and the file itself with ranges."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from providers import (
    coverage_parameters,
    map_parameters,
    raster_coverage,
    raster_drawing,
    raster_reading,
    raster_tiles,
    rasters,
)
from providers.coverage_parameters import Part
from providers.raster_reading import Grid, Published
from territoire.core.derive.tilematrixset import WEB_MERCATOR, Bounds, Tile, TileMatrixSet
from territoire.core.errors import GoneError, NotFoundError
from territoire.query import parameters
from territoire.query.layers import PublishedLayer
from territoire.query.model import Crs
from territoire.web import answers, asked, caching, conduct
from territoire.web.api import layers as layer_documents
from territoire.web.api import rasters as documents
from territoire.web.api import schemas, tiles
from territoire.web.painters import Painters

#: In the order in which a client without wishes is served.
_COVERAGE = {
    "geotiff": ("image/tiff",),
    "json": (raster_coverage.COVERAGEJSON, "application/vnd.cov+json", "application/json"),
    "png": ("image/png",),
}
_MEDIA = {"geotiff": raster_coverage.GEOTIFF, "json": raster_coverage.COVERAGEJSON, "png": "image/png"}
_MAP = {"png": ("image/png",)}
_IMMUTABLE = "public, max-age=31536000, immutable"
_SHORT = "public, max-age=60"

Handler = Callable[[Request, PublishedLayer], Awaitable[Response]]


def _of_now(*, is_negotiated: bool) -> Callable[[Handler], Handler]:
    """Answer 304 without reading where the client has it; and from the new file where the old one has just gone."""

    def decorate(make: Handler) -> Handler:
        @functools.wraps(make)
        async def answer(request: Request, layer: PublishedLayer) -> Response:
            tag = caching.of_layer(request, layer, is_negotiated=is_negotiated)
            if caching.is_current(request.headers.get("if-none-match"), tag):
                return caching.not_modified(tag, vary="Accept" if is_negotiated else "Accept-Encoding")
            try:
                made = await make(request, layer)
            except GoneError:
                # published twice within the second that our copy of the pointer may be old
                newer = await _newer(request, layer)
                made, tag = await make(request, newer), caching.of_layer(request, newer, is_negotiated=is_negotiated)
            if made.status_code == 200:
                made.headers["ETag"] = tag
            return made

        return answer

    return decorate


async def coverage(request: Request, layer: PublishedLayer) -> Response:
    """A part of a raster; without parameters the whole, as the file that it is, of which ranges may be asked."""
    wanted = asked.read(request, offered=_COVERAGE, known=coverage_parameters.NAMES)
    given = {name: value for name, value in wanted.pairs if name not in {"f", "lang"}}
    if not given and wanted.format == "geotiff":
        return await file(request, layer)
    return await _coverage(request, layer)


async def file(request: Request, layer: PublishedLayer) -> Response:
    """The whole raster as a Cloud-Optimised GeoTIFF."""
    known = layer
    raster = _raster(request, known)
    if not raster.path.is_file():
        known = await _newer(request, layer)
        raster = _raster(request, known)
    headers = {
        # strong: the bytes are those of one generation of one raster, and ranges are put together by it
        "ETag": f'"{known.id}-{known.description["generation"]}-{known.description["pixels"][:12]}"',
        "Cache-Control": caching.REVALIDATE,
        "Vary": "Accept",
    }
    if caching.is_current(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    name = f"{known.id}.tif"
    return FileResponse(raster.path, media_type=raster_coverage.COG, headers=headers, filename=name)


async def no_coverage(request: Request) -> Response:
    """Refuse what only rasters have."""
    name = request.path_params["collection"]
    conduct.catalogue(request).find(name)
    raise NotFoundError(f"{name} is no coverage", remedy=f"see /ogc/collections/{name}")


@_of_now(is_negotiated=True)
async def map_image(request: Request, layer: PublishedLayer) -> Response:
    """A map."""
    wanted = asked.read(request, offered=_MAP, known=map_parameters.NAMES)
    raster, extent = _raster(request, layer), layer.extent_crs84 or (-180.0, -85.0, 180.0, 85.0)
    srids = coverage_parameters.srids(raster)
    drawn = map_parameters.parse(layer.id, dict(wanted.pairs), "png", srids=srids, extent_crs84=extent)

    def work() -> bytes:
        grid = Grid(drawn.crs.srid, drawn.box, drawn.width, drawn.height)
        picture = raster_drawing.draw(raster, grid, raster_drawing.look(layer))
        ground = None if drawn.transparent else drawn.background
        return raster_drawing.png(raster_drawing.over(picture, (drawn.height, drawn.width), ground))

    body = await _painters(request).run(work)
    return answers.raw(body, media="image/png", headers=_placed(drawn.crs, drawn.box))


@_of_now(is_negotiated=False)
async def tile(request: Request, layer: PublishedLayer) -> Response:
    """One map tile by tile matrix set, matrix, row and column; beyond the tileset's limits there is none."""
    grid, at = raster_tiles.grid_named(request.path_params["matrix_set"]), tiles.address(request.path_params)
    _known_only(request)
    raster_tiles.checked(layer, grid, at)
    corners = raster_tiles.limits(layer, grid).get(at.matrix)
    if corners is None or not (
        corners[0].row <= at.row <= corners[1].row and corners[0].column <= at.column <= corners[1].column
    ):
        raise NotFoundError("this tile is outside of the tileset's limits", remedy="see the tileset's metadata")
    return await _drawn(request, layer, grid, at, keep=_SHORT, side=raster_tiles.SIDE)


@_of_now(is_negotiated=False)
async def plain_tile(request: Request, layer: PublishedLayer) -> Response:
    """One map tile by z, x and y: a map may pan beyond the raster. `@2x` after the number doubles its pixels."""
    given = request.path_params
    number, _, doubled = given["y"].partition("@")
    if doubled not in {"", "2x"}:
        raise NotFoundError(f"{given['y'][:20]!r} is not a tile number", remedy="a number, or a number and @2x")
    at = tiles.address({**given, "y": number})
    _known_only(request)
    raster_tiles.checked(layer, WEB_MERCATOR, at)
    # an older publication's address shows what there is now, not to be kept
    keep = _SHORT if "mark" not in given else _IMMUTABLE if given["mark"] == layer.mark else caching.REVALIDATE
    side = raster_tiles.SIDE * (2 if doubled else 1)
    return await _drawn(request, layer, WEB_MERCATOR, at, keep=keep, side=side)


async def tilesets(request: Request, layer: PublishedLayer) -> Response:
    """The tilesets of maps."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    return conduct.json(wanted, documents.tilesets(wanted, layer))


async def one_tileset(request: Request, layer: PublishedLayer) -> Response:
    """One tileset."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    grid = raster_tiles.grid_named(request.path_params["matrix_set"])
    return conduct.json(wanted, documents.tileset(wanted, layer, grid))


async def tilejson(request: Request, layer: PublishedLayer) -> Response:
    """TileJSON of map tiles."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    attribution = layer_documents.attribution(layer, conduct.vocabulary(request))
    return conduct.json(wanted, documents.tilejson(wanted, layer, attribution))


async def schema(request: Request, layer: PublishedLayer) -> Response:
    """The bands."""
    wanted = asked.read(request, offered=schemas.JSON_FORM)
    return conduct.json(wanted, documents.schema(wanted, layer, _raster(request, layer)), media=schemas.MEDIA)


async def domainset(request: Request, layer: PublishedLayer) -> Response:
    """Where the pixels lie."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    return conduct.json(wanted, documents.domainset(_raster(request, layer)))


async def rangetype(request: Request, layer: PublishedLayer) -> Response:
    """What a pixel holds."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    return conduct.json(wanted, documents.rangetype(layer, _raster(request, layer)))


@_of_now(is_negotiated=True)
async def _coverage(request: Request, layer: PublishedLayer) -> Response:
    wanted, raster = asked.read(request, offered=_COVERAGE, known=coverage_parameters.NAMES), _raster(request, layer)
    given = {name: value for name, value in wanted.pairs if name not in {"f", "lang"}}
    part = coverage_parameters.part(raster, given)
    if part is None:
        return Response(status_code=204, headers={"Cache-Control": caching.DOCUMENT, "Vary": "Accept"})
    body = await _painters(request).run(lambda: _written(wanted.format, layer, raster, part))
    headers = _placed(part.crs, part.grid.box)
    if wanted.format == "geotiff":
        headers["Content-Disposition"] = f'attachment; filename="{layer.id}.tif"'
    return answers.raw(body, media=_MEDIA[wanted.format], headers=headers)


def _written(form: str, layer: PublishedLayer, raster: Published, part: Part) -> bytes:
    if form == "geotiff":
        return raster_coverage.geotiff(raster, part)
    if form == "json":
        return orjson.dumps(raster_coverage.coveragejson(raster, part, rasters.units(layer)))
    picture = raster_drawing.draw(raster, part.grid, raster_drawing.look(layer))
    return raster_drawing.png(raster_drawing.over(picture, part.size, None))


async def _drawn(
    request: Request, layer: PublishedLayer, grid: TileMatrixSet, at: Tile, *, keep: str, side: int
) -> Response:
    work = functools.partial(raster_tiles.draw, layer, _raster(request, layer), grid, at, side=side)
    body = await _painters(request).run(work)
    if body is None:
        return Response(status_code=204, headers={"Cache-Control": keep})
    return Response(body, media_type="image/png", headers={"Cache-Control": keep})


async def _newer(request: Request, layer: PublishedLayer) -> PublishedLayer:
    known = conduct.catalogue(request)
    await known.refresh()
    return known.layer(layer.id)


def _placed(crs: Crs, box: Bounds) -> dict[str, str]:
    """Say where an answer lies, in the order of the CRS's axes."""
    ordered = (box[1], box[0], box[3], box[2]) if crs.flipped else box
    return {
        "Content-Crs": f"<{crs.uri}>",
        "Content-Bbox": ",".join(repr(float(number)) for number in ordered),
        "Cache-Control": caching.DOCUMENT,
    }


def _known_only(request: Request) -> None:
    for name in request.query_params:
        if name != "f":
            raise parameters.unknown(name, ("f",))


def _raster(request: Request, layer: PublishedLayer) -> Published:
    folder: Path = request.app.state.var
    return raster_reading.of_layer(layer, folder)


def _painters(request: Request) -> Painters:
    painters: Painters = request.app.state.painters
    return painters
