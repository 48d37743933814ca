"""The WFS: chooses features as GeoServer does, with its limits; MapServer writes the GML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from . import ecql, fes, mapserver, selection, wfs_documents
from .exchange import Ask, Reply
from .layers import FEATURE_LAYERS, FeatureLayer
from .selection import ALL, Condition, WfsError
from .store import Page, Store, order_sql

MOST = 5_000
_JSON = ("application/json", "application/geo+json")
_GML = (wfs_documents.GML, "gml32", "text/xml; subtype=gml/3.2", "GML32")


@dataclass(frozen=True)
class Temper:
    """What the switches of the stand-in change in a WFS."""

    most: int | None = MOST
    fillers: int = 0
    without_key: frozenset[str] = frozenset()
    is_inverted: bool = False
    is_edited: bool = False


def parameters(query: str, body: bytes = b"", media: str = "") -> dict[str, str]:
    """Return the parameters of a request by their names in lower case, wherever they were given."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if media == "application/x-www-form-urlencoded":
        pairs += parse_qsl(body.decode(), keep_blank_values=True)
    elif body.strip():
        pairs += fes.request_parameters(body)
    found: dict[str, str] = {}
    for name, value in pairs:
        known = found.setdefault(name.lower(), value)
        if known != value:
            # since 2026-01-07
            raise WfsError(f"Parameter {name} is given several times with different values", locator=name)
    return found


class Wfs:
    """Answers requests on the features of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stores = {is_edited: Store(folder, is_edited=is_edited) for is_edited in (False, True)}
        self._documents: dict[tuple[str, int], bytes] = {}

    def answer(self, ask: Ask, temper: Temper) -> Reply:
        """Answer one request, errors included."""
        asks: Mapping[str, str] = {}
        try:
            asks = parameters(ask.query, ask.body, ask.media)
            return self._operation(ask.address, asks, temper)
        except WfsError as error:
            if asks.get("exceptions") == "application/json":
                return Reply("application/json;charset=UTF-8", wfs_documents.exception_json(error), 400)
            return Reply("application/xml;charset=UTF-8", wfs_documents.exception(error).encode(), 400)

    def _operation(self, url: str, asks: Mapping[str, str], temper: Temper) -> Reply:
        if asks.get("service", "WFS").upper() != "WFS":
            raise WfsError(f"No service: ( {asks['service']} )", "InvalidParameterValue", "service")
        operation = asks.get("request", "").lower()
        if operation == "getcapabilities":
            cached = self._documents.get((url, temper.fillers))
            if cached is None:
                cached = wfs_documents.capabilities(url, fillers=temper.fillers).encode()
                self._documents[url, temper.fillers] = cached
            return Reply("application/xml", cached)
        if operation == "describefeaturetype":
            return _describe(url, asks)
        if operation == "getfeature":
            return self._features(asks, temper)
        if not operation:
            raise WfsError("Could not determine geoserver request", "MissingParameterValue", "request")
        raise WfsError(f"No such operation {asks['request']}", "OperationNotSupported", "request")

    def _features(self, asks: Mapping[str, str], temper: Temper) -> Reply:
        layers = _layers(asks)
        if len(layers) > 1:
            raise WfsError("The stand-in reads one feature type at a time", "OperationProcessingFailed", "typeNames")
        layer = layers[0]
        format_ = asks.get("outputformat", wfs_documents.GML)
        if format_ not in (*_JSON, *_GML):
            raise WfsError(f"Failed to find response for output format {format_}", locator="outputFormat")
        condition = _condition(layer, asks, is_inverted=temper.is_inverted)
        srid, is_authority_order = selection.srid_of(asks.get("srsname") or "urn:ogc:def:crs:EPSG::4326")
        page = _page(layer, asks, temper)
        store = self._stores[temper.is_edited]
        matched = store.count(layer, condition)
        if asks.get("resulttype", "results").lower() == "hits":
            if format_ in _JSON:
                return Reply("application/json;charset=UTF-8", wfs_documents.collection([], matched=matched, srid=srid))
            return Reply(f"{wfs_documents.GML}; charset=UTF-8", wfs_documents.hits(matched).encode())
        fids = store.page(layer, condition, page)
        if format_ in _JSON:
            features = store.features(layer, fids, _names(layer, asks), srid)
            body = wfs_documents.collection(features, matched=matched, srid=srid)
            if temper.is_inverted:
                body = re.sub(rb"\[(-?[\d.]+),(-?[\d.]+)\]", rb"[\2,\1]", body)
            return Reply(f"{format_};charset=UTF-8", body)
        crs = f"urn:ogc:def:crs:EPSG::{srid}" if is_authority_order else f"EPSG:{srid}"
        return Reply(f"{wfs_documents.GML}; charset=UTF-8", self._gml(layer, fids, page, crs, matched))

    def _gml(self, layer: FeatureLayer, fids: list[int], page: Page, crs: str, matched: int) -> bytes:
        """Return features in GML, written by MapServer, with what GeoServer says differently put right."""
        written = mapserver.ask(
            self._folder,
            f"{layer.namespace}.map",
            {
                "SERVICE": "WFS",
                "VERSION": "2.0.0",
                "REQUEST": "GetFeature",
                "TYPENAMES": layer.typename,
                "SRSNAME": crs,
                "fids": ",".join(map(str, fids)) or "0",
                "order": order_sql(page.order).replace('"', ""),
            },
        ).body
        if b"ExceptionReport" in written[:400]:
            raise WfsError(written.decode(errors="replace"), "NoApplicableCode")
        # links to pages and to schemas would lead to MapServer; an empty element is a null there
        head, mark, members = written.partition(b"<wfs:member>")
        head = re.sub(rb'\s(next|previous|xsi:schemaLocation)="[^"]*"', b"", head)
        head = re.sub(rb'numberMatched="[^"]*"', b'numberMatched="%d"' % matched, head)
        members = re.sub(rb"\s*<([\w.-]+:\w+)></\1>", b"", members)
        return head + mark + members


def _layers(asks: Mapping[str, str]) -> list[FeatureLayer]:
    names = asks.get("typenames") or asks.get("typename")
    if not names:
        raise WfsError("The query should specify either typeName or featureId", "MissingParameterValue", "typeName")
    wanted = [name for name in re.split(r"[,()]+", names) if name]
    if len(wanted) > 2:
        raise WfsError("No more than 2 feature types per request", "InvalidParameterValue", "typeNames")
    for name in wanted:
        if name not in FEATURE_LAYERS:
            prefix = name.split(":")[0]
            if prefix not in {layer.namespace for layer in FEATURE_LAYERS.values()}:
                raise WfsError(f"Unknown namespace [{prefix}]", "InvalidParameterValue", "namespace")
            raise WfsError(f"Feature type {name} unknown", "InvalidParameterValue", "typeName")
    return [FEATURE_LAYERS[name] for name in wanted]


def _describe(url: str, asks: Mapping[str, str]) -> Reply:
    layers = _layers(asks)
    if asks.get("outputformat") == "application/json":
        return Reply("application/json;charset=UTF-8", wfs_documents.schema_json(layers))
    return Reply(f"{wfs_documents.GML}; charset=UTF-8", wfs_documents.schema(url, layers).encode())


def _condition(layer: FeatureLayer, asks: Mapping[str, str], *, is_inverted: bool) -> Condition:
    given = [name for name in ("bbox", "filter", "cql_filter", "featureid", "resourceid") if asks.get(name)]
    if len(given) > 1:
        raise WfsError(f"{', '.join(given)} both specified but are mutually exclusive", "InvalidParameterValue")
    if not given:
        return ALL
    value = asks[given[0]]
    if given[0] == "cql_filter":
        return ecql.parse(value, layer)
    if given[0] == "filter":
        return fes.parse(value, layer)
    if given[0] == "bbox":
        parts = value.split(",")
        if len(parts) not in (4, 5):
            raise WfsError(f"Requested bounding box contains wrong number of coordinates: {len(parts)}", locator="bbox")
        bounds = tuple(float(part) for part in parts[:4])
        if is_inverted:
            bounds = (bounds[1], bounds[0], bounds[3], bounds[2])
        return selection.box(layer, bounds, parts[4] if len(parts) == 5 else None)
    keys = [name.removeprefix(f"{layer.name}.") for name in value.split(",")]
    found = ~ALL
    for key in keys:
        found |= selection.compare(layer, f'"{layer.key}"', "=", key)
    return found


def _page(layer: FeatureLayer, asks: Mapping[str, str], temper: Temper) -> Page:
    order = tuple(_sorted(layer, part) for part in asks.get("sortby", "").split(",") if part.strip())
    given = {name: asks.get(name) for name in ("startindex", "count", "maxfeatures")}
    try:
        numbers = {name: int(value) for name, value in given.items() if value}
    except ValueError as exc:
        raise WfsError(f"Could not parse a number among {given}") from exc
    has_key = layer.has_primary_key and layer.typename not in temper.without_key
    if "startindex" in numbers and not order:
        if not has_key:
            raise WfsError(
                "Cannot do natural order without a primary key, please add it or specify a manual sort over"
                " existing attributes",
                "NoApplicableCode",
            )
        order = ((f'"{layer.key}"', False),)
    wanted = numbers.get("count", numbers.get("maxfeatures"))
    # a larger count is ignored silently
    counts = [count for count in (wanted, temper.most) if count is not None]
    return Page(order, numbers.get("startindex", 0), min(counts, default=-1))


def _sorted(layer: FeatureLayer, part: str) -> tuple[str, bool]:
    name, _, direction = part.strip().replace("+", " ").partition(" ")
    return selection.field(layer, name), direction.strip().upper() in ("D", "DESC")


def _names(layer: FeatureLayer, asks: Mapping[str, str]) -> list[str]:
    wanted = [name.strip("() ") for name in asks.get("propertyname", "").split(",") if name.strip("() ")]
    for name in wanted:
        selection.field(layer, name)
    return [name for name in layer.fields if not wanted or name in wanted]
