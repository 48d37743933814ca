"""Live collections: the stand-in of the Géoplateforme behind our API, published by the command, really served."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
import shapely
from geoplateforme.standin import Geoplateforme
from lab import Lab, Server, get
from live_layers import BATIMENTS, ITEMS, LAYERS, publish
from openapi_spec_validator import validate
from owslib.ogcapi.features import Features
from proofs import CQL2, FEATURES1, FEATURES2, FEATURES3, MAPS1, RECORDS1, TILES1, proves
from pyproj import CRS, Transformer

from territoire.core.database import Urls


@pytest.fixture(scope="module")
def served(
    new_database: Callable[[], Urls],
    geoplateforme_process: Geoplateforme,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Lab, Server]]:
    """A server with one collection of its own and one live collection of each kind."""
    geoplateforme_process.reset()
    lab = Lab(new_database(), tmp_path_factory.mktemp("live"))
    publish(lab, geoplateforme_process)
    with lab.serve(**geoplateforme_process.env) as server:
        yield lab, server


@pytest.fixture
def server(served: tuple[Lab, Server], geoplateforme: Geoplateforme) -> Server:
    return served[1]


def test_a_live_collection_stands_among_the_others(server: Server) -> None:
    listed = {one["id"]: one for one in server.json("/ogc/collections")["collections"]}
    assert {"departements", "batiments_direct", *LAYERS} == listed.keys()
    described = server.json("/ogc/collections/batiments_direct")
    assert described == listed["batiments_direct"]
    assert described["itemType"] == "feature"
    assert "itemCount" not in described
    for name in listed:
        status, _, body = server.get(f"/ogc/collections/{name}", Accept="text/html")
        assert status == 200
        assert ("En direct de la Géoplateforme" in body.decode()) == (name != "departements")


@proves(f"{FEATURES1}core", f"{FEATURES1}geojson")
def test_a_walk_finds_each_feature_once_in_the_order_of_its_key(server: Server) -> None:
    url: str | None = f"{server.base}{ITEMS}?{urlencode({'bbox': '5.3,43.2,5.5,43.4', 'limit': 400})}"
    seen: list[str] = []
    matched: set[int] = set()
    while url:
        status, headers, body = get(url)
        assert status == 200, body[:400]
        assert headers["content-crs"] == "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"
        page = orjson.loads(body)
        matched.add(page["numberMatched"])
        seen += [one["id"] for one in page["features"]]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert seen == sorted(set(seen))
    assert matched == {len(seen)}
    assert len(seen) > 400


def test_a_page_of_more_than_5000_is_cut_by_us_and_goes_on(server: Server) -> None:
    page = server.json(f"{ITEMS}?limit=10000&skipGeometry=true&properties=nature")
    assert page["numberReturned"] == len(page["features"]) == 5000
    following = next(link["href"] for link in page["links"] if link["rel"] == "next")
    assert "offset=5000" in following
    assert page["features"][0]["properties"].keys() == {"nature"}
    assert page["features"][0]["geometry"] is None


@proves(f"{FEATURES3}features-filter", f"{CQL2}cql2-text")
def test_filters_are_asked_of_the_source(server: Server, geoplateforme: Geoplateforme) -> None:
    everything = server.json(f"{ITEMS}?resultType=hits")["numberMatched"]
    text = "hauteur > 10 AND (usage = 'Résidentiel' OR nature LIKE 'I%') AND S_INTERSECTS(geometry, BBOX(5,43,6,44))"
    page = server.json(f"{ITEMS}?{urlencode({'filter': text, 'limit': 1000})}")
    assert 0 < page["numberMatched"] < everything
    for one in page["features"]:
        given = one["properties"]
        assert given["hauteur"] > 10
        assert given["usage"] == "Résidentiel" or given["nature"].startswith("I")
    equal = server.json(f"{ITEMS}?{urlencode({'nature': page['features'][0]['properties']['nature']})}")
    assert {one["properties"]["nature"] for one in equal["features"]} == {page["features"][0]["properties"]["nature"]}
    dated = server.json(f"{ITEMS}?datetime=2000-01-01/2005-12-31&limit=200")
    assert all("2000-01-01" <= one["properties"]["apparition"] <= "2005-12-31" for one in dated["features"])
    assert 0 < dated["numberMatched"] < everything
    assert any("CQL_FILTER" in seen.url for seen in geoplateforme.requests)


def test_what_ecql_cannot_say_is_refused_with_its_name(server: Server) -> None:
    status, headers, body = server.get(f"{ITEMS}?{urlencode({'filter': "ACCENTI(nature) = ACCENTI('x')"})}")
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert b"ACCENTI" in body
    assert b"producer" in body


def test_order_and_crs(server: Server) -> None:
    page = server.json(f"{ITEMS}?sortby=-hauteur&limit=20")
    heights = [one["properties"]["hauteur"] for one in page["features"]]
    known = [height for height in heights if height is not None]
    assert known == sorted(known, reverse=True)
    first = server.json(f"{ITEMS}?limit=1")["features"][0]
    for code, is_flipped, lowest in ((4326, True, 40), (2154, False, 700_000)):
        uri = f"http://www.opengis.net/def/crs/EPSG/0/{code}"
        status, headers, body = server.get(f"{ITEMS}/{first['id']}?crs={uri}")
        assert (status, headers["content-crs"]) == (200, f"<{uri}>")
        point = orjson.loads(body)["geometry"]["coordinates"][0][0][0]
        assert point[0] > lowest
        if is_flipped:
            assert point[::-1] == first["geometry"]["coordinates"][0][0][0]


@proves(f"{FEATURES2}crs")
def test_a_box_in_metres_finds_what_the_same_box_in_degrees_does(server: Server) -> None:
    asked = {"bbox": "890000,6250000,900000,6260000", "bbox-crs": "http://www.opengis.net/def/crs/EPSG/0/2154"}
    matched = server.json(f"{ITEMS}?{urlencode({**asked, 'limit': 1})}")["numberMatched"]
    assert matched > 0
    crs = "http://www.opengis.net/def/crs/EPSG/0/2154"
    text = "S_INTERSECTS(geometry, POLYGON((890000 6250000, 900000 6250000, 900000 6260000, 890000 6260000,"
    given = {"filter": f"{text} 890000 6250000)))", "filter-crs": crs, "limit": 1}
    assert abs(server.json(f"{ITEMS}?{urlencode(given)}")["numberMatched"] - matched) <= 1


@proves(f"{FEATURES1}core")
def test_a_box_finds_what_intersects_it_and_nothing_else(server: Server) -> None:
    """The check of our own collections (test_conformance), within what a wider box finds."""
    page = server.json(f"{ITEMS}?bbox=5.3,43.2,5.5,43.4&limit=5000")
    shapes = {one["id"]: shapely.from_geojson(orjson.dumps(one["geometry"])) for one in page["features"]}
    assert len(shapes) == page["numberMatched"]
    some = sorted(shapes)[:: len(shapes) // 4]
    for x, y in (shapes[key].centroid.coords[0] for key in some):
        box = (x - 0.01, y - 0.0001, x + 0.01, y + 0.0001)
        found = {one["id"] for one in server.json(f"{ITEMS}?bbox={','.join(map(str, box))}&limit=5000")["features"]}
        wide = {key for key, shape in shapes.items() if shapely.intersects(shape, shapely.box(*box).buffer(2e-5))}
        narrow = {key for key, shape in shapes.items() if shapely.intersects(shape, shapely.box(*box).buffer(-2e-5))}
        assert narrow
        assert narrow <= found <= wide
    assert server.json(f"{ITEMS}?bbox=177,65,-177,70")["features"] == []


@pytest.mark.parametrize(
    ("form", "media"),
    [("json", "application/geo+json"), ("jsonfg", "application/fg+json"), ("csv", "text/csv"), ("html", "text/html")],
)
def test_each_form_of_a_page_and_of_a_feature(server: Server, form: str, media: str) -> None:
    key = server.json(f"{ITEMS}?limit=1")["features"][0]["id"]
    for path in (f"{ITEMS}?limit=3&f={form}", f"{ITEMS}/{key}?f={form}"):
        status, headers, body = server.get(path)
        assert status == 200, body[:500]
        assert headers["content-type"].startswith(media)
        assert key.encode() in body
    assert server.get(f"{ITEMS}/rien?f={form}")[0] == 404


def test_documents_of_live_features(server: Server) -> None:
    root = "/ogc/collections/batiments_direct"
    assert server.json(f"{root}/queryables")["properties"].keys() >= {"hauteur", "usage"}
    assert server.json(f"{root}/sortables")["properties"].keys() >= {"hauteur"}
    assert server.json(f"{root}/schema")["properties"]["cleabs"]
    assert server.get(f"{root}/tiles")[0] == 404
    assert server.get(f"{root}/map")[0] == 404


@proves(f"{MAPS1}tilesets", f"{TILES1}tileset", f"{TILES1}tilesets-list", f"{TILES1}png")
def test_map_tiles_stand_where_the_source_has_them(server: Server) -> None:
    root = "/ogc/collections/plan_ign/map/tiles"
    (listed,) = server.json(root)["tilesets"]
    assert listed["tileMatrixSetId"] == "WebMercatorQuad"
    whole = server.json(f"{root}/WebMercatorQuad")
    limits = {one["tileMatrix"]: one for one in whole["tileMatrixSetLimits"]}
    at = limits["12"]
    status, headers, body = server.get(f"{root}/WebMercatorQuad/12/{at['minTileRow']}/{at['minTileCol']}")
    assert (status, headers["content-type"], body[:4]) == (200, "image/png", b"\x89PNG")
    assert server.get(f"{root}/WebMercatorQuad/12/{at['minTileRow'] - 1}/{at['minTileCol']}")[0] == 404
    assert server.get(f"{root}/WebMercatorQuad/-1/0/0")[0] == 404
    assert server.get(f"{root}/Autre/12/0/0")[0] == 404
    (lambert,) = server.json("/ogc/collections/cosia/map/tiles")["tilesets"]
    assert lambert["crs"].endswith("/2154")
    definition = get(next(link["href"] for link in lambert["links"] if link["rel"].endswith("tiling-scheme")))
    assert definition[0] == 200
    matrices = {one["id"]: one for one in orjson.loads(definition[2])["tileMatrices"]}
    cosia = server.json("/ogc/collections/cosia/map/tiles/" + lambert["tileMatrixSetId"])
    assert {one["tileMatrix"] for one in cosia["tileMatrixSetLimits"]} <= matrices.keys()


@proves(f"{TILES1}core", f"{TILES1}mvt", f"{TILES1}geodata-tilesets")
def test_vector_tiles_and_their_tilejson(server: Server) -> None:
    told = server.json("/tiles/plan_vecteur.json")
    assert {one["id"] for one in told["vector_layers"]} == {"limite_admin", "bati_surf"}
    limits = server.json("/ogc/collections/plan_vecteur/tiles/WebMercatorQuad")["tileMatrixSetLimits"]
    at = next(one for one in limits if one["tileMatrix"] == "10")
    row, column = at["minTileRow"] + 2, at["minTileCol"] + 2
    status, headers, body = server.get(f"/ogc/collections/plan_vecteur/tiles/WebMercatorQuad/10/{row}/{column}")
    assert (status, headers["content-type"]) == (200, "application/vnd.mapbox-vector-tile")
    assert b"limite_admin" in body
    assert server.get(f"/tiles/plan_vecteur/10/{column}/{row}.mvt")[2] == body


def test_the_style_of_vector_tiles_asks_everything_at_our_address(server: Server, geoplateforme: Geoplateforme) -> None:
    status, headers, body = server.get("/styles/plan_vecteur.json", Accept="*/*")
    assert (status, headers["content-type"]) == (200, "application/vnd.mapbox.style+json")
    assert geoplateforme.base.encode() not in body
    style = orjson.loads(body)
    assert style["sources"] == {"plan_ign": {"type": "vector", "url": f"{server.base}/tiles/plan_vecteur.json"}}
    assert {one["source-layer"] for one in style["layers"]} == {"limite_admin", "bati_surf"}
    assert get(f"{style['sprite']}.json")[2] == b"{}"
    assert get(f"{style['sprite']}@2x.png", Accept="image/png")[2][:4] == b"\x89PNG"
    glyphs = style["glyphs"].replace("{fontstack}", "Source%20Sans%20Pro").replace("{range}", "0-255")
    assert get(glyphs, Accept="*/*")[0] == 200
    folder = f"{server.base}/styles/plan_vecteur"
    for other in ("vectorTiles/styles/../../x.json", "vectorTiles/%2e%2e/x.png", "x.json", "vectorTiles/x.html"):
        assert get(f"{folder}/{other}", Accept="*/*")[0] == 404, other
    assert {seen.service for seen in geoplateforme.requests} == {"styles"}
    linked = server.json("/ogc/collections/plan_vecteur")["links"]
    assert f"{server.base}/styles/plan_vecteur.json" in {one["href"] for one in linked if one["rel"] == "stylesheet"}
    assert server.get("/styles/plan_ign/vectorTiles/x.png")[0] == 404


@proves(f"{MAPS1}core", f"{MAPS1}collection-map", f"{MAPS1}crs", f"{MAPS1}png")
@pytest.mark.parametrize("name", ["ortho", "znieff_carte"])
def test_maps(server: Server, name: str) -> None:
    root = f"/ogc/collections/{name}/map"
    status, headers, body = server.get(f"{root}?bbox=5.3,43.2,5.5,43.4&width=300&height=200&f=png", Accept="*/*")
    assert (status, headers["content-type"], body[:4]) == (200, "image/png", b"\x89PNG")
    assert int.from_bytes(body[16:20]) == 300
    crs = "http://www.opengis.net/def/crs/EPSG/0/2154"
    assert server.get(f"{root}?bbox=5.3,43.2,5.5,43.4&crs={crs}&width=300&f=jpeg", Accept="*/*")[2][:2] == b"\xff\xd8"
    for wrong in ("width=0", "width=99999", "bbox=1,2", "bbox=5,43,5,44", "bgcolor=rouge", "crs=EPSG:9", "styles=x"):
        assert server.get(f"{root}?{wrong}", Accept="*/*")[0] == 400, wrong


def test_the_definition_is_valid_and_holds_what_is_live(server: Server) -> None:
    definition = server.json("/ogc/openapi", Accept="application/vnd.oai.openapi+json;version=3.0")
    validate(definition)
    paths = definition["paths"]
    parameters = {
        one.get("name", one.get("$ref", "").rpartition("/")[2]) for one in paths[ITEMS[4:]]["get"]["parameters"]
    }
    assert {"hauteur", "filter", "limit", "offset"} <= {name.rpartition(".")[2] for name in parameters}
    assert not any("cursor" in name for name in parameters)
    assert "502" in paths[ITEMS[4:]]["get"]["responses"]
    assert "/collections/plan_ign/map/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}" in paths
    assert "/collections/ortho/map" in paths
    assert "/collections/catalogue_ign/items/{recordId}" in paths
    for path, described in paths.items():
        # every document of a live collection is there
        if "{" not in path and any(f"/{name}" in path for name in ("batiments_direct", *LAYERS)):
            assert server.get(f"/ogc{path}", Accept="*/*")[0] == 200, path
            assert "200" in described["get"]["responses"]


@proves(f"{FEATURES2}crs")
def test_each_offered_crs_is_in_its_authoritys_axis_order(server: Server) -> None:
    described = server.json("/ogc/collections/batiments_direct")
    uris = [uri for uri in described["crs"] if "CRS84" not in uri]
    first = server.json(f"{ITEMS}?limit=1")["features"][0]
    x, y = first["geometry"]["coordinates"][0][0][0][:2]
    for uri in uris:
        given = server.json(f"{ITEMS}?{urlencode({'crs': uri, 'limit': 1})}")["features"][0]
        point = given["geometry"]["coordinates"][0][0][0][:2]
        back = Transformer.from_crs(CRS.from_user_input(uri), 4326).transform(*point)
        assert back == pytest.approx((y, x), abs=2e-6), uri


def test_gdal_and_owslib_read_live_features(server: Server, gdal: tuple[int, int]) -> None:
    source = f"OAPIF:{server.base}/ogc"
    run = subprocess.run(
        ["ogrinfo", "-ro", "-so", "-spat", "5.3", "43.2", "5.5", "43.4", source, "batiments_direct"],
        capture_output=True,
        text=True,
        check=True,
    )
    asked = urlencode({"bbox": "5.3,43.2,5.5,43.4", "resultType": "hits"})
    assert f"Feature Count: {server.json(f'{ITEMS}?{asked}')['numberMatched']}" in run.stdout
    assert "hauteur: Real" in run.stdout
    client = Features(f"{server.base}/ogc")
    page = client.collection_items("batiments_direct", bbox=[5.3, 43.2, 5.5, 43.4], limit=5)
    assert len(page["features"]) == 5
    assert client.collection_item("batiments_direct", page["features"][0]["id"])["id"] == page["features"][0]["id"]


PLUG_INS = """
import json, sys
from pygeoapi.plugin import load_plugin
def plug_in(kind, name, layer):
    definition = {"name": f"providers.geoplateforme.Geoplateforme{name}Provider", "type": kind, "data": layer,
                  "id_field": "cleabs", "options": {"zoom": {"min": 0, "max": 19}},
                  "format": {"name": "png", "mimetype": "image/png"}}
    return load_plugin("provider", definition)
features = plug_in("feature", "Feature", "batiments_direct")
page = features.query(limit=5, bbox=[5.3, 43.2, 5.5, 43.4], properties=[("nature", "Indifférenciée")])
row, column = sys.argv[1:]
tile = plug_in("tile", "Tile", "plan_ign").get_tiles(tileset="WebMercatorQuad", z="12", y=row, x=column)
drawn = plug_in("map", "Map", "ortho").query(bbox=[5.3, 43.2, 5.5, 43.4], width=64, height=64)
records = plug_in("record", "Record", "catalogue_ign").query(limit=2)
print(json.dumps({
    "page": page, "one": features.get(page["features"][0]["id"]), "fields": list(features.get_fields()),
    "tile": tile[:4].hex(), "map": drawn[:4].hex(), "records": records,
}))
"""


def test_the_plug_ins_of_pygeoapi_give_what_our_routes_give(
    served: tuple[Lab, Server], geoplateforme: Geoplateforme
) -> None:
    lab, server = served
    limits = server.json("/ogc/collections/plan_ign/map/tiles/WebMercatorQuad")["tileMatrixSetLimits"]
    at = next(one for one in limits if one["tileMatrix"] == "12")
    run = subprocess.run(
        [sys.executable, "-c", PLUG_INS, str(at["minTileRow"] + 1), str(at["minTileCol"] + 1)],
        env={**lab.environment, **geoplateforme.env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found = orjson.loads(run.stdout)
    asked = urlencode({"bbox": "5.3,43.2,5.5,43.4", "nature": "Indifférenciée", "limit": 5})
    ours = server.json(f"{ITEMS}?{asked}")
    assert found["page"]["features"] == ours["features"]
    assert found["page"]["numberMatched"] == ours["numberMatched"]
    assert found["one"] == ours["features"][0]
    assert "hauteur" in found["fields"]
    assert (found["tile"], found["map"]) == ("89504e47", "89504e47")
    assert len(found["records"]["features"]) == 2


def test_the_status_lists_what_is_live_with_its_last_check(
    served: tuple[Lab, Server], geoplateforme: Geoplateforme
) -> None:
    lab, server = served
    shown = lab.command("etl", "status", COLUMNS="200", **geoplateforme.env).stdout
    checked = server.json("/ogc/collections/plan_ign")["updated"][:16].replace("T", " ")
    (line,) = (line for line in shown.splitlines() if line.split()[:1] == ["plan_ign"])
    assert line.split()[1:5] == ["live", "wmts", *checked.split()]


def test_files_for_qgis_hold_the_live_layers_that_qgis_can_open(server: Server) -> None:
    features = server.get("/qgis/batiments_direct.qlr")[2].decode()
    assert "typename='batiments_direct'" in features
    assert 'name="Bâtiments en direct"' in features
    tiles = server.get("/qgis/plan_ign.qlr")[2].decode()
    assert f"{server.base}/ogc/collections/plan_ign/map/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}" in tiles
    # a map without tiles, records, and tiles in Lambert-93 are none that QGIS opens by an address of ours
    assert {server.get(f"/qgis/{name}.qlr")[0] for name in ("ortho", "catalogue_ign", "cosia")} == {404}
    with zipfile.ZipFile(io.BytesIO(server.get("/qgis/territoire.qgz")[2])) as archive:
        project = archive.read("territoire.qgs").decode()
    for name in ("batiments_direct_features", "plan_ign_raster"):
        entry = re.search(rf'<layer-tree-layer[^>]*id="territoire_{name}"[^>]*>', project)
        assert entry
        assert 'checked="Qt::Unchecked"' in entry[0]
    linked = {one["href"] for one in server.json("/ogc/collections/plan_ign")["links"]}
    assert f"{server.base}/qgis/plan_ign.qlr" in linked
    page = server.get("/ogc/collections/batiments_direct", Accept="text/html")[2].decode()
    assert 'href="/qgis/batiments_direct.qlr"' in page


RECORDS = "/ogc/collections/catalogue_ign/items"


def test_records_are_found_by_words_box_and_identifier(server: Server) -> None:
    everything = server.json(f"{RECORDS}?limit=3")
    assert everything["numberReturned"] == len(everything["features"]) == 3
    assert everything["numberMatched"] > 3
    url: str | None = f"{server.base}{RECORDS}?limit=3"
    seen: list[str] = []
    while url:
        page = orjson.loads(get(url)[2])
        seen += [one["id"] for one in page["features"]]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert len(seen) == len(set(seen)) == everything["numberMatched"]
    first = everything["features"][0]
    one = server.json(f"{RECORDS}/{first['id']}")
    assert (one["id"], one["geometry"], one["links"]) == (first["id"], first["geometry"], first["links"])
    assert one["properties"].keys() >= first["properties"].keys() - {"formats"}
    assert one["type"] == "Feature"
    assert one["properties"]["title"]
    assert one["properties"]["type"]
    assert any(link["rel"] == "self" for link in one["links"])
    word = one["properties"]["title"].split()[0]
    found = server.json(f"{RECORDS}?{urlencode({'q': word})}")
    assert first["id"] in {record["id"] for record in found["features"]}
    assert server.json(f"{RECORDS}?q=motquinestnullepart")["numberMatched"] == 0
    several = server.json(f"{RECORDS}?ids={','.join(seen[:2])}")
    assert [record["id"] for record in several["features"]] == seen[:2]
    assert server.json(f"{RECORDS}?bbox=5,43,6,44")["numberMatched"] > 0
    assert server.json(f"{RECORDS}?bbox=-60,-50,-59,-49")["numberMatched"] < everything["numberMatched"]
    assert server.get(f"{RECORDS}/rien")[0] == 404
    assert server.get(f"{RECORDS}?mot=x")[0] == 400


def test_one_record_says_more_than_in_a_page(server: Server, geoplateforme: Geoplateforme) -> None:
    one = server.json(f"{RECORDS}/IGNF_BD-TOPO")
    said = one["properties"]
    assert said["contacts"][0]["roles"] == ["pointOfContact"]
    assert said["dates"] == {"revision": "2026-06-15"}
    assert said["license"].startswith("https://www.etalab.gouv.fr/")
    assert said["type"] == "dataset"
    assert [link["title"] for link in one["links"] if link["rel"] == "related"] == [
        "BDTOPO_V3:batiment",
        "Téléchargement",
    ]


def test_a_record_of_the_newer_standard_alone_is_read_too(server: Server, geoplateforme: Geoplateforme) -> None:
    one = server.json(f"{RECORDS}/IGNF_RPG")
    assert one["properties"]["title"] == "Registre parcellaire graphique"
    asked = [seen.url for seen in geoplateforme.requests if "IGNF_RPG" in seen.url]
    assert [("gmd" in url, "mdb" in url) for url in asked] == [(True, False), (False, True)]
    assert [link["title"] for link in one["links"] if link["rel"] == "related"] == ["RPG.LATEST:parcelles_graphiques"]


def test_a_record_that_has_no_iso_form_is_read_as_in_a_page(server: Server, geoplateforme: Geoplateforme) -> None:
    one = server.json(f"{RECORDS}/IGNF_OBJETS")
    assert one["properties"]["title"] == "Catalogue des objets géographiques"
    assert "contacts" in one["properties"]
    assert server.json(f"{RECORDS}?ids=IGNF_OBJETS")["features"][0] == one


@proves(f"{RECORDS1}record-core")
def test_a_record_says_what_record_core_asks(server: Server) -> None:
    """OGC 20-004r1, 7.2: in a list and alone, whatever form the source has of it."""
    listed = server.json(f"{RECORDS}?limit=200")["features"]
    alone = [server.json(f"{RECORDS}/{one['id']}") for one in listed[:8]]
    for record in (*listed, *alone):
        assert f"{RECORDS1}record-core" in record["conformsTo"]
        assert record["type"] == "Feature"
        assert {"id", "geometry", "time", "links"} <= record.keys()
        said = record["properties"]
        assert said["type"]
        assert said["title"]
        assert re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", said.get("updated", "2026-01-01"))
        assert all(isinstance(word, str) and word for word in said.get("keywords", []))
        assert all(one.get("name") or one.get("organization") for one in said.get("contacts", []))
        assert all(link["href"].startswith("http") and link["rel"] for link in record["links"])
        own = next(link["href"] for link in record["links"] if link["rel"] == "self")
        assert orjson.loads(get(own)[2])["id"] == record["id"]
    assert server.json("/ogc/collections/catalogue_ign")["itemType"] == "record"


@pytest.mark.parametrize(
    ("vice", "value", "statuses"),
    [
        ("status", 503, {503}),
        ("status", 500, {502}),
        ("html", True, {502}),
        ("exception", True, {502}),
        ("down", "refused", {503}),
        ("bomb", True, {502}),
        ("redirect", True, {502}),
        ("axis", True, {502}),
    ],
)
def test_a_source_that_fails_is_a_problem_that_names_it(
    served: tuple[Lab, Server], geoplateforme: Geoplateforme, vice: str, value: Any, statuses: set[int]
) -> None:
    # a server of its own: what one test breaks, the circuit keeps open for the next
    lab, _ = served
    with lab.serve(**geoplateforme.env) as server:
        geoplateforme.vice(vice, value)
        hits = {"limit": "7", "offset": f"{abs(hash((vice, str(value)))) % 90}"}
        status, headers, body = server.get(f"{ITEMS}?{urlencode(hits)}")
        assert status in statuses, body[:400]
        if status != 200:
            assert headers["content-type"] == "application/problem+json"
            assert b"wfs" in body or b"addresses that may be called" in body
            assert "retry-after" in headers or status != 503
        assert server.get("/ogc/collections/departements/items")[0] == 200
        assert geoplateforme.canary_seen == []


def test_a_kept_answer_stands_in_for_a_source_that_fails(server: Server, geoplateforme: Geoplateforme) -> None:
    path = "/ogc/collections/plan_ign/map/tiles/WebMercatorQuad/11"
    at = next(
        one
        for one in server.json("/ogc/collections/plan_ign/map/tiles/WebMercatorQuad")["tileMatrixSetLimits"]
        if one["tileMatrix"] == "11"
    )
    tile = f"{path}/{at['minTileRow'] + 1}/{at['minTileCol'] + 1}"
    assert server.get(tile)[1]["cache-status"] == "territoire; fwd=miss"
    asked = len(geoplateforme.requests)
    status, headers, _ = server.get(tile)
    assert (status, len(geoplateforme.requests)) == (200, asked)
    assert headers["cache-status"].startswith("territoire; hit; ttl=")
    geoplateforme.vice("down", "refused")
    assert server.get(tile)[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/ogc/collections/batiments_direct/items/x%0d%0aHost:%20ailleurs",
        "/ogc/collections/batiments_direct/items/x'%20OR%20'1'='1",
        "/ogc/collections/plan_ign/map/tiles/WebMercatorQuad/..%2f..%2f/0/0",
        "/ogc/collections/plan_vecteur/tiles/WebMercatorQuad/10/..%2f/0",
        "/tiles/plan_vecteur/..%2f..%2f/0/0.mvt",
    ],
)
def test_no_address_leads_elsewhere(server: Server, geoplateforme: Geoplateforme, path: str) -> None:
    assert server.get(path)[0] == 404
    for seen in geoplateforme.requests:
        assert "OR%20'1'" not in seen.url
        assert seen.service in {"wfs", "wmts", "tms"}
    assert geoplateforme.canary_seen == []


def test_parameters_cannot_add_to_the_request(server: Server, geoplateforme: Geoplateforme) -> None:
    for given in ({"nature": "x' OR 1=1&REQUEST=GetCapabilities"}, {"nature": "a\r\nHost: ailleurs"}):
        page = server.json(f"{ITEMS}?{urlencode(given)}")
        assert page["numberMatched"] == 0
    assert all("REQUEST=GetFeature" in seen.url for seen in geoplateforme.requests)
    assert server.get(f"{ITEMS}?cursor=x")[0] == 400
    assert server.get(f"{ITEMS}?styles=x")[0] == 400


def test_a_declaration_that_the_source_contradicts_is_refused(
    served: tuple[Lab, Server], geoplateforme: Geoplateforme
) -> None:
    lab, server = served
    before = server.json("/ogc/collections/batiments_direct")["updated"]
    columns = [*BATIMENTS["columns"], {"name": "prix", "type": "integer", "title": {"fr": "Prix"}}]
    columns[3] = {"name": "hauteur", "type": "date", "title": {"fr": "Hauteur"}}
    lab.declare(BATIMENTS, columns=columns)
    run = lab.command("etl", "run", "batiments_direct", **geoplateforme.env)
    assert run.returncode == 1
    assert "has no field prix" in run.stderr
    assert "hauteur is declared date" in run.stderr
    lab.declare(BATIMENTS, live={"service": "wfs", "layer": "BDTOPO_V3:gare"})
    assert "offers no 'BDTOPO_V3:gare'" in lab.command("etl", "run", "batiments_direct", **geoplateforme.env).stderr
    lab.declare(BATIMENTS)
    geoplateforme.vice("down", "refused")
    # what is kept of the source would do for an hour
    anew = {**geoplateforme.env, "TERRITOIRE_VAR": str(lab.folder / "anew")}
    assert lab.command("etl", "run", "plan_ign", "batiments_direct", **anew).returncode == 1
    assert server.json("/ogc/collections/batiments_direct")["updated"] == before
