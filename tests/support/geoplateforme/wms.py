"""WMS-Raster (as ROK4 answers) and WMS-Vecteur (as GeoServer does), drawn by MapServer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pyproj
import rasterio

from . import mapserver, selection, wfs_documents
from .exchange import Ask, Reply
from .layers import EXTENT_CRS84, FEATURE_LAYERS, WMS_RASTER, WMS_VECTOR
from .mapfiles import DRAWN
from .store import Page, Store

_BIL = "image/x-bil;bits=32"
_FORMATS = {
    "wms": ("image/jpeg", "image/png", "image/tiff", "image/geotiff", _BIL),
    "wms_vector": ("image/png", "image/jpeg", "image/png8"),
}
_CRS = {"EPSG:4326": 4326, "EPSG:2154": 2154, "IGNF:LAMB93": 2154, "EPSG:3857": 3857, "CRS:84": 0}
_MOST_PIXELS = 10_000


class Wms:
    """One of the two services, by its name: wms or wms_vector."""

    def __init__(self, folder: Path, service: str) -> None:
        self._folder = folder
        self._service = service
        self._titles = WMS_RASTER if service == "wms" else {name: name for name in WMS_VECTOR}
        self._store = Store(folder)

    def answer(self, ask: Ask) -> Reply:
        """Answer one request."""
        asks = ask.parameters
        operation = asks.get("request", "").lower()
        if operation == "getcapabilities":
            return Reply("text/xml", _capabilities(ask.address, self._titles, _FORMATS[self._service]).encode())
        if operation not in ("getmap", "getfeatureinfo"):
            return _refusal(f"Request {asks.get('request')} is not known", "OperationNotSupported")
        wanted = ("layers", "styles", "crs", "bbox", "width", "height", "format")
        for name in wanted:
            if name not in asks:
                return _refusal(f"{name.upper()} query parameter missing", "MissingParameterValue")
        problem = self._problem(asks)
        if problem:
            return _refusal(*problem)
        return self._map(asks) if operation == "getmap" else self._info(asks)

    def _problem(self, asks: Mapping[str, str]) -> tuple[str, str] | None:
        layers = asks["layers"].split(",")
        if len(layers) > 2:
            return "Number of layers exceeds the limit: 2", "InvalidParameterValue"
        for name in layers:
            if name not in self._titles:
                return f"Layer {name} unknown", "LayerNotDefined"
        if asks["crs"] not in _CRS:
            return f"CRS {asks['crs']} unknown", "InvalidCRS"
        if any(style not in ("", "normal") for style in asks["styles"].split(",")):
            return f"Style {asks['styles']} unknown", "StyleNotDefined"
        if asks["format"] not in _FORMATS[self._service]:
            return f"Format {asks['format']} unknown", "InvalidFormat"
        if not all(asks[side].isdigit() and 0 < int(asks[side]) <= _MOST_PIXELS for side in ("width", "height")):
            return f"WIDTH and HEIGHT are between 1 and {_MOST_PIXELS}", "InvalidParameterValue"
        return None

    def _map(self, asks: Mapping[str, str]) -> Reply:
        media = asks["format"]
        is_height = "ELEVATION" in asks["layers"]
        native = {_BIL: "heights", "image/geotiff": "heights", "image/tiff": "heights"} if is_height else {}
        format_ = native.get(media, "colours" if media in ("image/tiff", "image/geotiff", _BIL) else media)
        drawn = draw(
            self._folder,
            asks["layers"],
            crs="EPSG:2154" if asks["crs"] == "IGNF:LAMB93" else asks["crs"],
            bbox=asks["bbox"],
            size=(int(asks["width"]), int(asks["height"])),
            media=format_.replace("image/png8", "image/png"),
            transparent=asks.get("transparent", "false"),
        )
        if media == _BIL:
            with rasterio.MemoryFile(drawn) as file, file.open() as raster:
                drawn = raster.read(1).astype("<f4").tobytes()
        return Reply(media, drawn)

    def _info(self, asks: Mapping[str, str]) -> Reply:
        if self._service == "wms":
            return _refusal("The layer is not queryable", "LayerNotQueryable")
        layer = FEATURE_LAYERS[WMS_VECTOR[asks["query_layers"]]]
        west, south, east, north = (float(part) for part in asks["bbox"].split(","))
        srid = _CRS[asks["crs"]] or 4326
        if asks["crs"] == "EPSG:4326":
            west, south, east, north = south, west, north, east
        x = west + (int(asks["i"]) + 0.5) * (east - west) / int(asks["width"])
        y = north - (int(asks["j"]) + 0.5) * (north - south) / int(asks["height"])
        lon, lat = pyproj.Transformer.from_crs(srid, 4326, always_xy=True).transform(x, y)
        here = selection.box(layer, (lon - 1e-6, lat - 1e-6, lon + 1e-6, lat + 1e-6), "EPSG:4326")
        fids = self._store.page(layer, here, Page((), 0, int(asks.get("feature_count", "1"))))
        features: list[Any] = self._store.features(layer, fids, list(layer.fields), 4326)
        return Reply("application/json", wfs_documents.collection(features, matched=len(fids), srid=4326))


def draw(
    folder: Path, layers: str, *, crs: str, bbox: str, size: tuple[int, int], media: str, transparent: str = "false"
) -> bytes:
    """Return a map drawn by MapServer; `bbox` in the axis order of WMS 1.3."""
    answer = mapserver.ask(
        folder,
        DRAWN,
        {
            "SERVICE": "WMS",
            "VERSION": "1.3.0",
            "REQUEST": "GetMap",
            "LAYERS": layers,
            "STYLES": "",
            "CRS": crs,
            "BBOX": bbox,
            "WIDTH": str(size[0]),
            "HEIGHT": str(size[1]),
            "FORMAT": media,
            "TRANSPARENT": transparent,
        },
    )
    if b"ServiceException" in answer.body[:600]:
        raise ValueError(answer.body.decode(errors="replace"))
    return answer.body


def _refusal(text: str, code: str) -> Reply:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><ServiceExceptionReport version="1.3.0"'
        f' xmlns="http://www.opengis.net/ogc"><ServiceException code="{code}">{escape(text)}</ServiceException>'
        "</ServiceExceptionReport>"
    )
    return Reply("text/xml", body.encode(), 400)


def _capabilities(url: str, titles: Mapping[str, str], formats: tuple[str, ...]) -> str:
    west, south, east, north = EXTENT_CRS84
    link = f'<OnlineResource xlink:type="simple" xlink:href="{url}"/>'
    get = f"<DCPType><HTTP><Get>{link}</Get></HTTP></DCPType>"
    left, bottom, right, top = pyproj.Transformer.from_crs(4326, 3857, always_xy=True).transform_bounds(*EXTENT_CRS84)
    extent = (
        f"<EX_GeographicBoundingBox><westBoundLongitude>{west}</westBoundLongitude>"
        f"<eastBoundLongitude>{east}</eastBoundLongitude><southBoundLatitude>{south}</southBoundLatitude>"
        f"<northBoundLatitude>{north}</northBoundLatitude></EX_GeographicBoundingBox>"
        f'<BoundingBox CRS="EPSG:3857" minx="{left}" miny="{bottom}" maxx="{right}" maxy="{top}"/>'
    )
    layers = "".join(
        f'<Layer queryable="1"><Name>{name}</Name><Title>{escape(title)}</Title><Abstract>{escape(title)}</Abstract>'
        f"{extent}<Style><Name>normal</Name><Title>Légende générique</Title></Style>"
        "<MinScaleDenominator>266.591197981</MinScaleDenominator>"
        "<MaxScaleDenominator>559082264.028717875</MaxScaleDenominator></Layer>"
        for name, title in titles.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><WMS_Capabilities version="1.3.0" xmlns="http://www.opengis.net/wms"'
        ' xmlns:xlink="http://www.w3.org/1999/xlink"><Service><Name>WMS service</Name>'
        f"<Title>WMS/WMTS/TMS server</Title>{link}"
        "<Fees>none</Fees><AccessConstraints>none</AccessConstraints><LayerLimit>2</LayerLimit>"
        f"<MaxWidth>{_MOST_PIXELS}</MaxWidth><MaxHeight>{_MOST_PIXELS}</MaxHeight></Service><Capability><Request>"
        f"<GetCapabilities><Format>text/xml</Format>{get}</GetCapabilities>"
        f"<GetMap>{''.join(f'<Format>{name}</Format>' for name in formats)}{get}</GetMap>"
        f"<GetFeatureInfo><Format>application/json</Format>{get}</GetFeatureInfo></Request>"
        "<Exception><Format>XML</Format></Exception><Layer><Title>WMS layers</Title>"
        f"{''.join(f'<CRS>{name}</CRS>' for name in _CRS)}{extent}{layers}</Layer></Capability></WMS_Capabilities>"
    )
