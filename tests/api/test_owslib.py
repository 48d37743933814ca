"""OWSLib's Features client reads the server: what Python programs use."""

from __future__ import annotations

from typing import Any

import pyogrio
import pyproj
import pytest
import shapely
import shapely.geometry
from clients import source, watch
from lab import DEMO, Lab, Server
from owslib.ogcapi.features import Features

COUNTS = {
    "arrondissements_municipaux": 16,
    "cantons": 107,
    "communes": 946,
    "departements": 6,
    "epci": 52,
    "region": 1,
}


@pytest.fixture(scope="module")
def client(demo_server: Server) -> Features:
    """A client that was given the one address."""
    return Features(f"{demo_server.base}/ogc")


def ids(answer: dict[str, Any]) -> list[str]:
    """Return the features' ids, in order."""
    return [feature["id"] for feature in answer["features"]]


def test_owslib_lists_the_collections(client: Features) -> None:
    listed = client.collections()["collections"]
    assert {collection["id"]: collection["itemCount"] for collection in listed} == COUNTS
    assert sorted(client.feature_collections()) == sorted(COUNTS)


@pytest.mark.parametrize("name", COUNTS)
def test_owslib_describes_and_counts_a_collection(name: str, client: Features, demo: Lab) -> None:
    described = client.collection(name)
    dataset = demo.registry.get(name)
    assert (described["id"], described["title"]) == (name, dataset.title.fr)
    assert described in client.collections()["collections"]
    answer = client.collection_items(name, limit=10_000)
    layer = pyogrio.read_info(f"/vsizip/{DEMO}", layer=dataset.source[0].layer)
    assert answer["numberMatched"] == answer["numberReturned"] == layer["features"] == COUNTS[name]
    assert sorted(ids(answer)) == sorted(source(dataset).rows)


def test_owslib_reads_the_definition_and_the_conformance(client: Features) -> None:
    definition = client.api()
    assert definition["openapi"].startswith("3.0")
    assert {f"/collections/{name}/items" for name in COUNTS} <= set(definition["paths"])
    classes = client.conformance()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in classes
    assert "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs" in classes


def test_owslib_pages_by_limit_and_offset(client: Features) -> None:
    whole = ids(client.collection_items("communes", limit=1000))
    pages = [ids(client.collection_items("communes", limit=100, offset=offset)) for offset in range(0, 1000, 100)]
    assert [key for page in pages for key in page] == whole
    assert len(pages[-1]) == 46
    beyond = client.collection_items("communes", offset=946)
    assert (beyond["features"], beyond["numberMatched"]) == ([], 946)


def test_owslib_filters_by_box(client: Features, demo: Lab) -> None:
    box = [5.3, 43.2, 5.5, 43.4]
    answer = client.collection_items("communes", bbox=box)
    to_degrees = pyproj.Transformer.from_crs("EPSG:2154", "OGC:CRS84", always_xy=True)
    wanted = {
        key
        for key, shape in source(demo.registry.get("communes")).shapes.items()
        if shapely.box(*box).intersects(shapely.transform(shape, to_degrees.transform, interleaved=False))
    }
    assert "13055" in wanted
    assert set(ids(answer)) == wanted
    assert answer["numberMatched"] == len(wanted)


def test_owslib_filters_by_property_and_sorts(client: Features, demo: Lab) -> None:
    rows = source(demo.registry.get("communes")).rows.values()
    vaucluse = [row for row in rows if row["code_departement"] == "84"]
    answer = client.collection_items("communes", code_departement="84", sortby=("population", "desc"))
    populations = [feature["properties"]["population"] for feature in answer["features"]]
    assert populations == sorted((row["population"] for row in vaucluse), reverse=True)
    found = client.collection_items("communes", nom="L'Isle-sur-la-Sorgue")
    assert ids(found) == ["84054"]


def test_owslib_reads_one_item(client: Features) -> None:
    item = client.collection_item("communes", "13100")
    assert item["id"] == item["properties"]["code_insee"] == "13100"
    assert item["properties"]["nom"] == "Saint-Rémy-de-Provence"
    assert shapely.geometry.shape(item["geometry"]).is_valid


def test_owslib_says_why_a_request_is_refused(client: Features, demo_server: Server) -> None:
    with watch(demo_server) as traffic, pytest.raises(RuntimeError, match="nom"):
        client.collection_items("communes", nomm="Arles")
    assert [request.status for request in traffic.requests] == [400]
