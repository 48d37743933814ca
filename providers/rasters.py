"""A published raster, for pygeoapi: as a coverage, as maps, and as map tiles."""

from __future__ import annotations

import re
from typing import Any

from pygeoapi.models.provider.base import TileMatrixSetEnum, TileMatrixSetEnumType
from pygeoapi.provider.base import BaseProvider
from pygeoapi.provider.tile import BaseTileProvider, ProviderTilesetIdNotFoundError

from providers import coverage_parameters, raster_coverage, raster_drawing, raster_reading, raster_tiles, refusals
from providers.raster_reading import Grid, Published
from providers.runtime import runtime
from territoire.core.derive.tilematrixset import WEB_MERCATOR, Tile
from territoire.core.errors import NotFoundError, RequestError, UnavailableError
from territoire.core.layers import Raster
from territoire.query.layers import PublishedLayer
from territoire.query.model import Crs

_Json = dict[str, Any]  # a JSON document


class RasterCoverageProvider(BaseProvider):
    """A published raster as a coverage: GeoTIFF and CoverageJSON; an instance lives for one request."""

    def __init__(self, provider_def: _Json) -> None:
        """Keep the definition; nothing is read."""
        super().__init__(provider_def)
        self.filename = f"{self.data}.tif"
        # which of them a raster has is said when it is asked for
        self.axes = ["Lon", "Lat", "E", "N", "X", "Y"]

    def get_fields(self) -> dict[str, _Json]:
        """Return the bands."""
        return self.fields

    @property
    def fields(self) -> dict[str, _Json]:
        """The bands; none before the raster is published, as pygeoapi asks for them when it writes its definition."""
        try:
            layer, raster = _published(self.data)
        except (NotFoundError, UnavailableError):
            return {}
        return raster_coverage.fields(raster, layer.description["dtype"], units(layer))

    @property
    def _coverage_properties(self) -> _Json:
        """What pygeoapi says of a coverage in its collection."""
        with refusals.translated():
            _, raster = _published(self.data)
        step = raster.transform
        return {"width": raster.width, "height": raster.height, "resx": step.a, "resy": -step.e}

    def query(  # pyright: ignore[reportIncompatibleMethodOverride]  # the base has the arguments of features
        self,
        properties: list[str] | None = None,
        subsets: dict[str, list[Any]] | None = None,
        bbox: list[float] | None = None,
        bbox_crs: str | int | None = None,
        datetime_: str | None = None,
        format_: str = "json",
        **kwargs: object,
    ) -> bytes | _Json:
        """Return a part of the raster: bytes of a GeoTIFF, or CoverageJSON."""
        given: dict[str, str] = {}
        if bbox:
            given["bbox"] = ",".join(repr(number) for number in bbox)
        if bbox and bbox_crs:
            given["bbox-crs"] = f"EPSG:{bbox_crs}" if isinstance(bbox_crs, int) else bbox_crs
        if subsets:
            given["subset"] = ",".join(_subset(name, ends) for name, ends in subsets.items())
        if properties:
            given["properties"] = ",".join(properties)
        with refusals.translated():
            layer, raster = _published(self.data)
            part = coverage_parameters.part(raster, given)
            if part is None:
                raise RequestError(f"{self.data} does not lie there", remedy="ask for a box within its extent")
            if format_ in {"json", "html"}:
                return raster_coverage.coveragejson(raster, part, units(layer))
            return raster_coverage.geotiff(raster, part)


class RasterMapProvider(BaseProvider):
    """A published raster as maps; an instance lives for one request."""

    def get_fields(self) -> dict[str, _Json]:
        """Return nothing: a map shows what its colours show."""
        return {}

    def query(  # pyright: ignore[reportIncompatibleMethodOverride]  # the base has the arguments of features
        self,
        style: str | None = None,
        bbox: list[float] | None = None,
        width: int = 500,
        height: int = 300,
        crs: str = "",
        transparent: bool | str = True,
        format_: str = "png",
        **kwargs: object,
    ) -> bytes:
        """Return a map as PNG; pygeoapi hands the box in the CRS of the map."""
        with refusals.translated():
            layer, raster = _published(self.data)
            drawn = _crs(raster, crs)
            box = bbox or [-180.0, -90.0, 180.0, 90.0]
            if box[0] >= box[2] or box[1] >= box[3] or not (0 < width <= 4096 and 0 < height <= 4096):
                raise RequestError("bbox, width, height: no map has these", remedy="west,south,east,north; 1 to 4096")
            asked = Grid(drawn.srid, (box[0], box[1], box[2], box[3]), width, height)
            picture = raster_drawing.draw(raster, asked, raster_drawing.look(layer))
            ground = None if str(transparent).lower() == "true" else "FFFFFF"
            return raster_drawing.png(raster_drawing.over(picture, (height, width), ground))


class RasterTileProvider(BaseTileProvider):
    """A published raster as map tiles of WebMercatorQuad; an instance lives for one request."""

    def __init__(self, provider_def: _Json) -> None:
        """Keep the definition; nothing is read."""
        super().__init__(provider_def)
        self.tile_type = "map"

    def get_layer(self) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]  # the base returns nothing
        """Return the name of the one layer: the raster's id."""
        return self.data

    def get_fields(self) -> _Json:
        """Return nothing: a picture has no fields."""
        return {}

    def get_tiling_schemes(self) -> list[TileMatrixSetEnumType]:
        """Return the one matrix set that pygeoapi knows of ours."""
        known: list[Any] = list(TileMatrixSetEnum)  # pyright: ignore[reportArgumentType]  # made at run time
        return [one.value for one in known if one.value.tileMatrixSet == WEB_MERCATOR.id]

    def get_tiles_service(
        self,
        baseurl: str | None = None,
        servicepath: str | None = None,
        dirpath: str | None = None,
        tile_type: str | None = None,
    ) -> _Json:
        """Return the link to the tiles."""
        return {"links": [{"type": self.mimetype, "rel": "item", "title": self.data, "href": servicepath or ""}]}

    def get_tiles(
        self,
        layer: str | None = None,
        tileset: str | None = None,
        z: str | None = None,
        y: str | None = None,
        x: str | None = None,
        format_: str | None = None,
    ) -> bytes:
        """Return a tile, empty bytes where nothing is."""
        if tileset != WEB_MERCATOR.id:
            raise ProviderTilesetIdNotFoundError(user_msg=f"there is no tileset {tileset!r}; use {WEB_MERCATOR.id}")
        with refusals.translated(tile=True):
            found, raster = _published(self.data)
            at = raster_tiles.checked(found, WEB_MERCATOR, Tile(*(_index(text) for text in (z, y, x))))
            return raster_tiles.draw(found, raster, WEB_MERCATOR, at) or b""


def units(layer: PublishedLayer) -> dict[str, str | None]:
    """Return the unit of each band."""
    declared = layer.declaration
    unit = declared.raster.unit if isinstance(declared, Raster) else None
    return dict.fromkeys(raster_reading.names(layer.description), unit)


def _published(name: str) -> tuple[PublishedLayer, Published]:
    layer = runtime().layer(name)
    if layer.kind != "raster":
        raise NotFoundError(f"{name} is no raster", remedy="see the collections")
    return layer, raster_reading.of_layer(layer, runtime().var)


def _crs(raster: Published, text: str) -> Crs:
    return coverage_parameters.named_crs(raster.id, text, "crs", coverage_parameters.srids(raster))


def _subset(name: str, ends: list[Any]) -> str:
    return f"{name}({':'.join(str(end) for end in ends)})"


def _index(text: str | None) -> int:
    if text is None or re.fullmatch(r"[0-9]{1,9}", text) is None:
        raise NotFoundError(f"{text!r} is not the number of a zoom, row or column", remedy="write whole numbers")
    return int(text)
