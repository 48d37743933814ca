"""Programs to copy from a collection's page: each works as it stands, with this server's address in it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from territoire.query.model import Generation
from territoire.web.pages.site import Site

__all__ = ["Snippet", "snippets"]

_MAPLIBRE = """\
// npm install maplibre-gl
import * as maplibregl from "maplibre-gl";

const map = new maplibregl.Map({
  container: "map",
  bounds: %(bounds)s,
  style: %(style)s,
});"""
_OPENLAYERS = """\
// npm install ol
import Map from "ol/Map.js";
import View from "ol/View.js";
import MVT from "ol/format/MVT.js";
import VectorTileLayer from "ol/layer/VectorTile.js";
import { transformExtent } from "ol/proj.js";
import OGCVectorTile from "ol/source/OGCVectorTile.js";

const source = new OGCVectorTile({
  url: %(tileset)s,
  format: new MVT(),
});
const map = new Map({ target: "map", layers: [new VectorTileLayer({ source })], view: new View() });
map.getView().fit(transformExtent(%(bounds)s, "EPSG:4326", "EPSG:3857"));"""
_REQUESTS = """\
import requests

url, features = %(items)s, []
while url:
    page = requests.get(url, timeout=60).json()
    features += page["features"]
    url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
print(len(features))"""
_OWSLIB = """\
from owslib.ogcapi.features import Features

api = Features(%(ogc)s)
page = api.collection_items(%(name)s, limit=10)
for feature in page["features"]:
    print(feature["id"], feature["properties"])"""
_GEOPANDAS = """\
import geopandas

data = geopandas.read_file(%(oapif)s, layer=%(name)s)
print(data.head())"""
_SF = """\
library(sf)

data <- st_read(%(oapif)s, %(name)s)
print(data)"""


@dataclass(frozen=True, slots=True)
class Snippet:
    """One program: the name of its tool, which is the same in all languages, and its text."""

    tool: str
    text: str


def snippets(site: Site, generation: Generation) -> list[Snippet]:
    """Return what can be copied for a collection: maps where it has tiles, then Python and R."""
    dataset = generation.dataset
    bounds = generation.extent_crs84 or site.vocabulary.territory.bbox_crs84
    collection = f"{site.base}/ogc/collections/{dataset.id}"
    # JSON's texts are texts of JavaScript, Python and R as well
    values = {
        "name": json.dumps(dataset.id),
        "bounds": json.dumps([round(bound, 3) for bound in bounds]),
        "style": json.dumps(f"{site.base}/styles/{dataset.id}.json"),
        "tileset": json.dumps(f"{collection}/tiles/WebMercatorQuad"),
        "items": json.dumps(f"{collection}/items?limit=1000"),
        "ogc": json.dumps(f"{site.base}/ogc"),
        "oapif": json.dumps(f"OAPIF:{site.base}/ogc"),
    }
    maps = [("MapLibre GL JS", _MAPLIBRE), ("OpenLayers", _OPENLAYERS)] if dataset.tiles else []
    programs = [("Python, requests", _REQUESTS), ("Python, OWSLib", _OWSLIB), ("Python, GeoPandas", _GEOPANDAS)]
    return [Snippet(tool, text % values) for tool, text in [*maps, *programs, ("R, sf", _SF)]]
