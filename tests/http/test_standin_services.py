"""The services of the Géoplateforme's stand-in that are no OWS: downloads, geocoding, navigation, search."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator

import httpx2
import pytest
from geoplateforme.standin import Geoplateforme
from lxml import etree

HITS = "/wfs/ows?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=BDTOPO_V3:batiment&RESULTTYPE=hits"
CAPABILITIES = "/wfs/ows?SERVICE=WFS&REQUEST=GetCapabilities"
COG = "/telechargement/resource/ADMIN-EXPRESS-COG"
ATOM = {"a": "http://www.w3.org/2005/Atom", "gpf_dl": "https://data.geopf.fr/annexes/ressources/xsd/gpf_dl.xsd"}


@pytest.fixture
def client(geoplateforme: Geoplateforme) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=geoplateforme.base, timeout=60) as found:
        yield found


def test_editions_come_in_pages_with_filters(client: httpx2.Client) -> None:
    first = etree.fromstring(client.get(COG).content)
    total = int(first.get(f"{{{ATOM['gpf_dl']}}}totalentries"))
    assert (len(first.findall("a:entry", ATOM)), total) == (10, 12)
    assert len(etree.fromstring(client.get(f"{COG}?page=2").content).findall("a:entry", ATOM)) == 2
    assert client.get(f"{COG}?limit=51").status_code == 400
    kept = etree.fromstring(client.get(f"{COG}?zone=R93&format=GPKG&crs=LAMB93").content)
    assert [one.text[-10:] for one in kept.findall("a:entry/a:title", ATOM)] == [
        "2025-01-01",
        "2026-01-01",
        "2024-02-22",
        "2026-02-01",
    ]


@pytest.mark.parametrize("name", ["4-0__GPKG_LAMB93_R93_2026-01-01", "4-0__GPKG_WGS84G_FRA_2026-01-01"])
def test_archives_have_their_checksums_and_ranges(client: httpx2.Client, name: str) -> None:
    feed = etree.fromstring(client.get(f"{COG}/ADMIN-EXPRESS-COG_{name}").content)
    entries = [one for one in feed.findall("a:entry", ATOM) if "7z" in one.find("a:link", ATOM).get("type")]
    [companion] = [one for one in feed.findall("a:entry", ATOM) if one not in entries]
    sums = client.get(companion.find("a:link", ATOM).get("href")).text
    whole = b""
    for entry in entries:
        link = entry.find("a:link", ATOM)
        body = client.get(link.get("href")).content
        assert len(body) == int(link.get(f"{{{ATOM['gpf_dl']}}}length"))
        # volumes have theirs in the list only
        own = None if "FRA" in name else hashlib.md5(body).hexdigest()
        assert (entry.findtext("a:content", namespaces=ATOM), link.get("rel")) == (
            own,
            "alternate" if own else "section",
        )
        assert f"{hashlib.md5(body).hexdigest()}  {link.get('href').rpartition('/')[2]}\n" in sums
        part = client.get(link.get("href"), headers={"Range": "bytes=100-"})
        assert (part.status_code, part.content) == (206, body[100:])
        whole += body
    assert len(entries) == (2 if "FRA" in name else 1)
    assert whole[:6] == b"7z\xbc\xaf\x27\x1c"


@pytest.mark.parametrize("name", ["4-0__GPKG_LAMB93_R93_2026-01-01", "3-2__GPKG_LAMB93_R93_2024-02-22"])
def test_archives_that_reach_outside(geoplateforme: Geoplateforme, client: httpx2.Client, name: str) -> None:
    path = f"/telechargement/download/ADMIN-EXPRESS-COG/ADMIN-EXPRESS-COG_{name}/ADMIN-EXPRESS-COG_{name}"
    suffix = ".7z" if name.startswith("4") else ".zip"
    good = client.get(path + suffix).content
    geoplateforme.vice("traversal")
    evil = client.get(path + suffix).content
    if suffix == ".zip":
        names = zipfile.ZipFile(io.BytesIO(evil)).namelist()
        assert {"../../evade.txt", "/tmp/evade-absolue.txt"} < set(names)
        assert not any(".." in one for one in zipfile.ZipFile(io.BytesIO(good)).namelist())
    else:
        assert "../../evade.txt".encode("utf-16-le") in evil
        assert "../../evade.txt".encode("utf-16-le") not in good


def test_geocoding(client: httpx2.Client) -> None:
    best = client.get("/geocodage/search", params={"q": "12 rue de la république 05000 Gap"}).json()["features"][0]
    assert best["properties"]["label"] == "12 Rue de la République 05000 Gap"
    assert (best["properties"]["citycode"], best["properties"]["score"] > 0.9) == ("05061", True)
    lon, lat = best["geometry"]["coordinates"]
    back = client.get("/geocodage/reverse", params={"lon": lon, "lat": lat}).json()["features"][0]
    assert back["properties"]["id"] == best["properties"]["id"]
    assert client.get("/geocodage/search", params={"q": "gap", "depcode": "13"}).json()["features"] == []
    assert client.get("/geocodage/search", params={"q": "gap", "index": "tout"}).status_code == 400
    proposed = client.get("/geocodage/completion/", params={"text": "marseille", "maximumResponses": "3"}).json()
    assert proposed["results"][0]["fulltext"] == "Marseille"


def test_geocoding_of_tables(client: httpx2.Client) -> None:
    file = ("l.csv", "adresse,n\n1 place de la mairie 05000 Gap,é\nzzzz,b\n,c\n".encode(), "text/csv")
    answer = client.post("/geocodage/search/csv", data={"columns": "adresse"}, files={"data": file})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["result_status"] for row in rows] == ["ok", "not-found", "skipped"]
    assert [row["n"] for row in rows] == ["é", "b", "c"]
    assert rows[0]["result_citycode"] == "05061"
    back = ("l.csv", f"longitude,latitude\n{rows[0]['longitude']},{rows[0]['latitude']}\n".encode(), "text/csv")
    found = client.post("/geocodage/reverse/csv", files={"data": back}).text
    assert next(iter(csv.DictReader(io.StringIO(found))))["result_id"] == rows[0]["result_id"]


def test_navigation(client: httpx2.Client) -> None:
    route = {"resource": "bdtopo-osrm", "start": "5.4,43.3", "end": "6.0,44.0", "timeUnit": "second"}
    found = client.get("/navigation/itineraire", params=route).json()
    assert found["geometry"]["type"] == "LineString"
    assert 90_000 < found["distance"] < 95_000
    assert client.get("/navigation/itineraire", params={**route, "end": "0,0"}).status_code == 404
    reach = {"resource": "bdtopo-valhalla", "point": "5.4,43.3", "costType": "time", "costValue": "600"}
    assert client.get("/navigation/isochrone", params=reach).json()["geometry"]["type"] == "Polygon"
    assert client.get("/navigation/isochrone", params={**reach, "resource": "bdtopo-osrm"}).status_code == 400


def test_the_search_of_layers(client: httpx2.Client) -> None:
    path = "/recherche/api/indexes/geoplateforme"
    found = client.post(path, json={"title": "bâtiment", "type": "WFS"}).json()["documents"]
    assert [one["layer_name"] for one in found] == ["BDTOPO_V3:batiment"]
    assert len(client.post(f"{path}?page=2&size=5", json={}).json()["documents"]) == 5
    assert client.get(f"{path}/suggest?text=commune").json()[0]["source"]["type"] == "WFS"


def test_private_layers_want_the_key(client: httpx2.Client) -> None:
    path = "/private" + HITS
    assert client.get(path).status_code == 403
    assert client.get(path + "&apikey=cle-d-essai").status_code == 200
