"""The Géoplateforme for pygeoapi: live features, tiles, maps and records as plug-ins."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from pygeoapi.crs import CrsTransformSpec
from pygeoapi.provider.base import BaseProvider
from pygeoapi.provider.tile import BaseTileProvider

from providers import live_features, live_maps, live_records, live_tiles, refusals
from providers.features import SortKey, disguised, fields, pairs
from providers.runtime import runtime
from territoire.core.errors import NotFoundError, RequestError
from territoire.geoplateforme.answers import Answer
from territoire.query import parameters, values

_Json = dict[str, Any]  # a JSON document
#: Where the answers are noted that a page of features was made of; pygeoapi has no place for their age.
HEARD: ContextVar[list[Answer] | None] = ContextVar("heard", default=None)


class GeoplateformeFeatureProvider(BaseProvider):
    """A feature type of the WFS; an instance lives for one request and holds no connection."""

    def __init__(self, provider_def: _Json) -> None:
        """Look the declaration up; nothing is asked of the source, nor of the database."""
        super().__init__(provider_def)
        with refusals.translated():
            self._fields = fields(runtime().dataset(self.data))

    def get_fields(self) -> dict[str, _Json]:
        """Return the JSON Schema of each property."""
        return self._fields

    def query(
        self,
        offset: int = 0,
        limit: int = parameters.DEFAULT_LIMIT,
        resulttype: str = "results",
        bbox: list[float] | None = None,
        datetime_: str | None = None,
        properties: list[tuple[str, str]] | None = None,
        sortby: list[SortKey] | None = None,
        select_properties: list[str] | None = None,
        skip_geometry: bool = False,
        crs_transform_spec: CrsTransformSpec | None = None,
        **_: object,
    ) -> _Json:
        """Return a page as a FeatureCollection, or only the count where that is asked for."""
        with refusals.translated():
            layer = runtime().layer(self.data)
            given = disguised(properties or [])
            given += pairs(bbox, datetime_, sortby, select_properties, skip_geometry, crs_transform_spec)
            given += [("resultType", "hits")] if resulttype == "hits" else []
            given += [("limit", str(limit)), ("offset", str(offset))]
            query = parameters.parse(live_features.dataset_of(layer), given)
            found = live_features.page(runtime().transport, layer, query)
            _note(found.answer)
            content: _Json = {"type": "FeatureCollection", "features": [_plain(one) for one in found.features]}
            content["numberReturned"] = len(found.features)
            if found.matched is not None:
                content["numberMatched"] = found.matched
            return content

    def get(
        self, identifier: str, crs_transform_spec: CrsTransformSpec | None = None, language: object = None, **_: object
    ) -> _Json:
        """Return one feature by its key."""
        with refusals.translated():
            layer = runtime().layer(self.data)
            dataset = live_features.dataset_of(layer)
            query = parameters.parse(dataset, pairs(crs_transform_spec=crs_transform_spec))
            missing = NotFoundError(f"{self.data} has no feature {identifier[:60]!r}", remedy="look it up in its items")
            try:
                key = values.parse(dataset.column(dataset.key), identifier, where=dataset.key)
            except RequestError as exc:
                # an id of another type than the key's is the id of nothing
                raise missing from exc
            found, answer = live_features.one(runtime().transport, layer, key, query)
            _note(answer)
            if found is None:
                raise missing
            return _plain(found)


class GeoplateformeTileProvider(BaseTileProvider):
    """A layer of the WMTS, or vector tiles of the TMS."""

    def get_tiles(
        self,
        layer: str | None = None,
        tileset: str | None = None,
        z: str | None = None,
        y: str | None = None,
        x: str | None = None,
        format_: str | None = None,
    ) -> bytes | None:
        """Return a tile; None where the source has none."""
        with refusals.translated(tile=True):
            known, at = runtime().layer(self.data), (str(tileset), str(z), str(y), str(x))
            ask = live_tiles.map_tile if known.kind == "wmts" else live_tiles.vector_tile
            answer = ask(runtime().transport, known, *at)
            return answer.body if answer.status == 200 else None


class GeoplateformeMapProvider(BaseProvider):
    """A layer of one of the two WMS."""

    def query(
        self,
        style: str | None = None,
        bbox: list[float] | None = None,
        width: int = 500,
        height: int = 300,
        crs: str = "CRS84",
        datetime_: str | None = None,
        transparent: bool = True,
        format_: str = "png",
        **_: object,
    ) -> bytes:
        """Return a map of a box in degrees."""
        with refusals.translated():
            layer = runtime().layer(self.data)
            given = {"width": str(width), "height": str(height), "transparent": str(bool(transparent)).lower()}
            if bbox:
                given["bbox"] = ",".join(repr(float(number)) for number in bbox)
            wanted = live_maps.parse(layer, given, format_)
            return live_maps.image(runtime().transport, layer, wanted).body


class GeoplateformeRecordProvider(BaseProvider):
    """Records of the catalogue (CSW)."""

    def get_fields(self) -> dict[str, _Json]:
        """Return what a record holds."""
        return {name: {"type": "string"} for name in ("type", "title", "description", "updated", "license")}

    def query(
        self,
        offset: int = 0,
        limit: int = 50,
        resulttype: str = "results",
        bbox: list[float] | None = None,
        datetime_: str | None = None,
        q: str | None = None,
        **_: object,
    ) -> _Json:
        """Return a page of records."""
        with refusals.translated():
            given = [("offset", str(offset)), ("limit", str(limit))]
            given += [("q", q)] if q else []
            given += [("datetime", datetime_)] if datetime_ else []
            given += [("bbox", ",".join(map(repr, bbox)))] if bbox else []
            wanted = live_records.parse(runtime().layer(self.data), given)
            found = live_records.page(runtime().transport, wanted)
            return {
                "type": "FeatureCollection",
                "features": [] if resulttype == "hits" else list(found.records),
                "numberMatched": found.matched,
                "numberReturned": len(found.records),
            }

    def get(self, identifier: str, **_: object) -> _Json:
        """Return one record."""
        with refusals.translated():
            found, _answer = live_records.one(runtime().transport, identifier)
            if found is None:
                raise NotFoundError(f"{self.data} has no record {identifier[:60]!r}", remedy="look it up in its items")
            return found


def _note(answer: Answer) -> None:
    heard = HEARD.get()
    if heard is not None:
        heard.append(answer)


def _plain(feature: _Json) -> _Json:
    return {name: value for name, value in feature.items() if not name.startswith("_")}
