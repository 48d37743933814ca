"""The search of layers: documents of what the other services offer."""

from __future__ import annotations

import uuid
from typing import Any

import orjson

from .exchange import Ask, Reply
from .gazetteer import words
from .layers import EXTENT_CRS84, FEATURE_LAYERS, TMS_LAYERS, WMS_RASTER, WMS_VECTOR, WMTS_LAYERS

_PATHS = {"WFS": "/wfs/ows", "WMS": "/wms-r", "WMTS": "/wmts", "TMS": "/tms/1.0.0"}


def answer(ask: Ask) -> Reply:
    """Answer a POST of conditions, or suggestions for a text."""
    base = ask.address.removesuffix("/recherche")
    path = ask.path.strip("/")
    if path == "api/indexes/geoplateforme/suggest":
        return _suggest(base, ask)
    if path != "api/indexes/geoplateforme" or ask.method != "POST":
        return Reply("application/json", b'{"code":404,"message":"Not Found"}', 404)
    try:
        asked = orjson.loads(ask.body or b"{}")
        page, size = (int(ask.parameters.get(name, default)) for name, default in (("page", "1"), ("size", "10")))
    except ValueError:
        return Reply("application/json", b'{"code":400,"message":"Bad Request"}', 400)
    found = [document for document in _documents(base) if _fits(document, asked)]
    body = {"documents": found[(page - 1) * size : page * size], "aggregations": {}}
    return Reply("application/json", orjson.dumps(body))


def _suggest(base: str, ask: Ask) -> Reply:
    text = ask.parameters.get("text", "")
    if len(text) < 3:
        return Reply("application/json", b'{"code":400,"message":"text: at least 3 letters"}', 400)
    fields = ask.parameters.get("fields", "title,description,layer_name,keywords").split(",")
    size = int(ask.parameters.get("size", "10"))
    found = []
    for document in _documents(base):
        known = " ".join(str(document.get(field, "")) for field in fields)
        score = sum(word in " ".join(words(known)) for word in words(text))
        if score:
            found.append({"index": "geoplateforme", "score": float(score), "source": document})
    found.sort(key=lambda one: -one["score"])
    return Reply("application/json", orjson.dumps(found[:size]))


def _fits(document: dict[str, Any], asked: dict[str, Any]) -> bool:
    for name in ("title", "description", "layer_name", "type", "theme", "keywords", "producers"):
        if name in asked:
            wanted = asked[name] if isinstance(asked[name], list) else [asked[name]]
            known = " ".join(words(str(document.get(name, ""))))
            if not any(all(word in known for word in words(str(one))) for one in wanted):
                return False
    if "open" in asked and document["open"] != asked["open"]:
        return False
    return not (str(asked.get("metadata_urls")).lower() == "true" and not document["metadata_urls"])


def _documents(base: str) -> list[dict[str, Any]]:
    offers = [(name, layer.title, "WFS") for name, layer in FEATURE_LAYERS.items()]
    offers += [(name, layer.title, "WMTS") for name, layer in WMTS_LAYERS.items()]
    offers += [(name, title, "WMS") for name, title in WMS_RASTER.items()]
    offers += [(name, FEATURE_LAYERS[typename].title, "WMS") for name, typename in WMS_VECTOR.items()]
    offers += [(name, name, "TMS") for name in TMS_LAYERS]
    return [_document(base, *offer) for offer in offers]


def _document(base: str, name: str, title: str, kind: str) -> dict[str, Any]:
    west, south, east, north = EXTENT_CRS84
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    record = "IGNF_BD-TOPO" if name.startswith("BDTOPO") else "IGNF_ADMIN-EXPRESS-COG"
    is_described = name.startswith(("BDTOPO", "ADMINEXPRESS"))
    identifier = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{name}"))
    return {
        "id": identifier,
        "offering_id": identifier[::-1],
        "index_name": "geoplateforme",
        "layer_name": name,
        "title": title,
        "description": title,
        "type": kind,
        "url": f"{base}{_PATHS[kind]}?service={kind}&request=GetCapabilities",
        "open": True,
        "theme": "",
        "publication_date": "2026-06-15",
        "keywords": [name.split(":")[0]],
        "extent": {"type": "Polygon", "coordinates": [ring]},
        "metadata_urls": [f"{base}/csw?service=CSW&version=2.0.2&request=GetRecordById&id={record}"]
        if is_described
        else [],
        "srs": ["EPSG:4326" if kind == "WFS" else "EPSG:3857"],
        "producers": ["IGN"],
        "highlights": {},
    }
