"""The vector tiles of a dataset, for pygeoapi: made by PostGIS, described from the declaration."""

from __future__ import annotations

import re
from typing import Any

from pygeoapi.models.provider.base import TileMatrixSetEnumType, TilesMetadataFormat
from pygeoapi.provider.base_mvt import BaseMVTProvider
from pygeoapi.provider.tile import ProviderTilesetIdNotFoundError

from providers import features, refusals
from providers.runtime import runtime
from territoire.core.derive import tileset as derived
from territoire.core.derive.tilematrixset import WEB_MERCATOR, Tile
from territoire.core.errors import NotFoundError
from territoire.core.models import Dataset
from territoire.query import crs, tiles
from territoire.query.model import Query

_Json = dict[str, Any]  # a JSON document


class PostGISTileProvider(BaseMVTProvider):
    """A published dataset as vector tiles of WebMercatorQuad; an instance lives for one request."""

    def __init__(self, provider_def: _Json) -> None:
        """Look the dataset up; nothing is asked of the database."""
        super().__init__(provider_def)
        with refusals.translated():
            self._fields = features.fields(runtime().dataset(self.data))

    def get_layer(self) -> str:
        """Return the name of the one layer: the dataset's id."""
        return self.data

    def get_fields(self) -> dict[str, _Json]:
        """Return the JSON Schema of each property."""
        return self._fields

    @property
    def fields(self) -> dict[str, _Json]:
        """The JSON Schema of each property."""
        return self._fields

    def get_tiling_schemes(self) -> list[TileMatrixSetEnumType]:
        """Return the one matrix set that is offered."""
        return [scheme for scheme in super().get_tiling_schemes() if scheme.tileMatrixSet == WEB_MERCATOR.id]

    def get_tiles_service(  # pyright: ignore[reportIncompatibleMethodOverride]  # the base returns nothing
        self,
        baseurl: str | None = None,
        servicepath: str | None = None,
        dirpath: str | None = None,
        tile_type: str | None = None,
    ) -> _Json:
        """Return the links to the tiles and to their description."""
        address = servicepath or self._template(baseurl or "", "{tileMatrix}/{tileRow}/{tileCol}")
        self._service_url = address.replace("{tileMatrixSetId}", WEB_MERCATOR.id)
        return self.get_tms_links()

    def get_tiles(
        self,
        layer: str | None = None,
        tileset: str | None = None,
        z: str | None = None,
        y: str | None = None,
        x: str | None = None,
        format_: str | None = None,
    ) -> bytes:
        """Return a tile, empty bytes where there is nothing (None would be a 204 with a body)."""
        _check_tileset(tileset)
        with refusals.translated(tile=True):
            zoom, row, column = (_index(text) for text in (z, y, x))
            generation = runtime().generation(self.data)
            tiles.check(generation, Tile(zoom, row, column))
            rows = runtime().fetch(generation, tiles.tile(generation, Tile(zoom, row, column), Query(crs.DEFAULT)))
            return bytes(rows[0][0])

    def get_metadata(
        self,
        dataset: str,
        server_url: str,
        layer: str | None = None,
        tileset: str | None = None,
        metadata_format: str | None = None,
        title: str | None = None,
        description: str | None = None,
        keywords: list[str] | None = None,
        **kwargs: object,
    ) -> _Json:
        """Return the description in the format asked for; without one it is the standard's JSON."""
        _check_tileset(tileset)
        wanted = metadata_format or TilesMetadataFormat.JSON.value
        with refusals.translated():
            return super().get_metadata(
                dataset, server_url, layer, tileset, wanted, title, description, keywords, **kwargs
            )

    def get_default_metadata(
        self,
        dataset: str,
        server_url: str,
        layer: str | None,
        tileset: str | None,
        title: str | None,
        description: str | None,
        keywords: list[str] | None,
        **kwargs: object,
    ) -> _Json:
        """Return the tileset as OGC 17-083r4 describes one, with its links."""
        shown, language = self._layer(), _language(kwargs)
        content = derived.tileset(
            [shown],
            WEB_MERCATOR,
            title=title or shown.dataset.title.get(language),
            description=shown.dataset.abstract.get(language),
            language=language,
        )
        here = self._template(server_url, "")
        links = [
            {"rel": "self", "type": "application/json", "href": f"{here}?f=json"},
            {
                "rel": "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme",
                "type": "application/json",
                "href": f"{server_url}/TileMatrixSets/{WEB_MERCATOR.id}?f=json",
            },
            {
                "rel": "item",
                "type": self.mimetype,
                "href": self._template(server_url, "{tileMatrix}/{tileRow}/{tileCol}"),
                "templated": True,
            },
            {"rel": "describedby", "type": "application/json", "href": f"{here}/metadata?f=tilejson"},
        ]
        return {**content, "links": links}

    def get_vendor_metadata(
        self,
        dataset: str,
        server_url: str,
        layer: str | None,
        tileset: str | None,
        title: str | None,
        description: str | None,
        keywords: list[str] | None,
        **kwargs: object,
    ) -> _Json:
        """Return the tileset as TileJSON, which MapLibre and QGIS read."""
        shown, language = self._layer(), _language(kwargs)
        return derived.tilejson(
            [shown],
            title=shown.dataset.title.get(language),
            description=shown.dataset.abstract.get(language),
            template=self._template(server_url, "{z}/{y}/{x}"),
            attribution=_attribution(shown.dataset),
            language=language,
        )

    def get_html_metadata(
        self,
        dataset: str,
        server_url: str,
        layer: str | None,
        tileset: str | None,
        title: str | None,
        description: str | None,
        keywords: list[str] | None,
        **kwargs: object,
    ) -> _Json:
        """Return what pygeoapi's page of a tileset shows."""
        metadata_url = f"{self._template(server_url, '')}/metadata"
        return {
            "id": dataset,
            "title": title,
            "tileset": tileset,
            "collections_path": self._template(server_url, "{tileMatrix}/{tileRow}/{tileCol}"),
            "json_url": f"{metadata_url}?f=json",
            "tilejson_url": f"{metadata_url}?f=tilejson",
        }

    def __repr__(self) -> str:
        """Name the dataset."""
        return f"<PostGISTileProvider> {self.data}"

    def _template(self, server_url: str, tile: str) -> str:
        here = f"{server_url}/collections/{self.data}/tiles/{WEB_MERCATOR.id}"
        return f"{here}/{tile}?f={self.format_type}" if tile else here

    def _layer(self) -> derived.Layer:
        return tiles.layer(runtime().generation(self.data), runtime().registry.vocabulary.territory.bbox_crs84)


def _check_tileset(tileset: str | None) -> None:
    if tileset != WEB_MERCATOR.id:
        raise ProviderTilesetIdNotFoundError(user_msg=f"there is no tileset {tileset!r}; use {WEB_MERCATOR.id}")


def _index(text: str | None) -> int:
    if text is None or re.fullmatch(r"[0-9]{1,9}", text) is None:
        raise NotFoundError(f"{text!r} is not the number of a zoom, row or column", remedy="write whole numbers")
    return int(text)


def _attribution(dataset: Dataset) -> str:
    """Name producer and licence; a generation may be older than the words that are declared now."""
    vocabulary = runtime().registry.vocabulary
    producer = vocabulary.producers.get(dataset.producer)
    licence = vocabulary.licences.get(dataset.licence)
    names = (producer.name if producer else dataset.producer, licence.title if licence else dataset.licence)
    return ", ".join(names)


def _language(arguments: dict[str, object]) -> str:
    """Return the language asked for, from babel's Locale or a text; pygeoapi gives none to most plug-ins."""
    return str(arguments.get("language") or "fr")[:2]
