"""The files for QGIS over HTTP: what they are, how they are found, and that they say no to what is not there."""

from __future__ import annotations

import orjson
import pytest
from lab import Lab, Server

MEDIA = {
    "communes.qlr": "application/x-qgis-layer-definition",
    "territoire.qgz": "application/x-qgis-project",
    "connexions.xml": "application/xml",
}


@pytest.mark.parametrize("name", MEDIA)
def test_a_file_is_an_attachment_of_its_own_kind(demo_server: Server, name: str) -> None:
    status, headers, body = demo_server.get(f"/qgis/{name}", Accept="application/json")
    assert (status, headers["content-type"]) == (200, MEDIA[name])
    assert headers["content-disposition"].startswith('attachment; filename="')
    assert headers["content-disposition"].endswith(f'{name.rsplit("-", 1)[-1]}"')
    assert body
    again = demo_server.get(f"/qgis/{name}", Accept="application/json", If_None_Match=headers["etag"])
    assert again[0] == 304


def test_collections_and_pages_lead_to_the_files(demo_server: Server) -> None:
    described = demo_server.json("/ogc/collections/communes")
    links = {link["href"]: link for link in described["links"] if link["rel"] == "related"}
    assert links[f"{demo_server.base}/qgis/communes.qlr"]["type"] == MEDIA["communes.qlr"]
    landing = {link["href"] for link in demo_server.json("/ogc")["links"]}
    assert f"{demo_server.base}/qgis/territoire.qgz" in landing
    home = demo_server.get("/", Accept="text/html")[2].decode()
    assert 'href="/qgis/territoire.qgz"' in home
    assert 'href="/qgis/connexions.xml"' in home
    page = demo_server.get("/ogc/collections/communes?lang=en", Accept="text/html")[2].decode()
    assert 'href="/qgis/communes.qlr?lang=en"' in page


def test_addresses_in_the_files_are_the_public_ones(demo: Lab) -> None:
    with demo.serve(TERRITOIRE_PUBLIC_URL="https://geo.example.org/t") as server:
        body = server.get("/qgis/communes.qlr")[2].decode()
    assert "url='https://geo.example.org/t/ogc'" in body
    assert server.base not in body


def test_what_is_not_there_and_what_is_not_known_is_refused(demo_server: Server) -> None:
    status, _, body = demo_server.get("/qgis/commune.qlr")
    assert status == 404
    assert "communes" in orjson.loads(body)["remedy"]
    assert demo_server.get("/qgis/communes.qlr?limit=1")[0] == 400
    assert demo_server.get("/qgis/communes.qlr?lang=de")[0] == 400
