"""The vector tile services of ArcGIS over HTTP: the tiles are those of our Lambert-93 set."""

from __future__ import annotations

from urllib.parse import urljoin

import mvt
import pytest
from lab import Server

ALL, COMMUNES = "/arcgis/VectorTileServer", "/arcgis/communes/VectorTileServer"


def _tile(server: Server, service: str, z: int, y: int, x: int) -> tuple[int, bytes]:
    (template,) = server.json(f"{service}?f=pjson")["tiles"]
    path = f"{service}/{template}".format(z=z, y=y, x=x)
    status, headers, body = server.get(path, Accept="*/*")
    assert status == 204 or headers["content-type"] == "application/vnd.mapbox-vector-tile"
    return status, body


@pytest.mark.parametrize(("service", "least"), [(ALL, 4), (COMMUNES, 1)])
def test_a_tile_is_that_of_the_tile_matrix_set(demo_server: Server, service: str, least: int) -> None:
    name = service.split("/")[2]
    root = "/ogc/tiles" if service == ALL else f"/ogc/collections/{name}/tiles"
    limits = demo_server.json(f"{root}/Lambert93")["tileMatrixSetLimits"]
    (nine,) = [limit for limit in limits if limit["tileMatrix"] == "9"]
    row, column = nine["minTileRow"] + 1, nine["minTileCol"] + 1
    status, body = _tile(demo_server, service, 9, row, column)
    assert status == 200
    assert len(mvt.read(body)) >= least
    assert body == demo_server.get(f"{root}/Lambert93/9/{row}/{column}", Accept="*/*")[2]


def test_a_map_may_go_beyond_the_data(demo_server: Server) -> None:
    assert _tile(demo_server, COMMUNES, 9, 0, 0) == (204, b"")
    # beyond the deepest level of the data, and no error of a service that begins at level 0
    assert _tile(demo_server, COMMUNES, 20, 5, 5) == (204, b"")
    assert _tile(demo_server, COMMUNES, 0, 0, 0)[0] == 200
    # nor is there anything beyond the grid
    assert demo_server.get(f"{COMMUNES}/tile/9/0/70.pbf")[0] == 404


def test_the_service_leads_to_its_style_and_the_style_to_the_service(demo_server: Server) -> None:
    for service in (ALL, COMMUNES):
        described = demo_server.json(service)
        styles = f"{service}/{described['defaultStyles']}"
        sheet = demo_server.json(f"{styles}/root.json")
        assert demo_server.json(styles) == sheet
        assert urljoin(f"{styles}/root.json", sheet["sources"]["esri"]["url"]) == f"{service}/"
        # with the slash at its end, as the style writes it
        assert demo_server.json(f"{service}/") == described
        web = demo_server.json("/styles.json" if service == ALL else "/styles/communes.json")
        # the grid counts one zoom more than that of web maps
        assert [(one["id"], one["minzoom"] - 1) for one in sheet["layers"]] == [
            (one["id"], one.get("minzoom", 0)) for one in web["layers"]
        ]


def test_the_licence_s_attribution_is_said(demo_server: Server) -> None:
    wanted = demo_server.json("/ogc/collections/communes")["attribution"]
    assert demo_server.json(COMMUNES)["copyrightText"] == wanted


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/arcgis/nothing/VectorTileServer", 404),
        ("/arcgis/communes/VectorTileServer?f=xml", 400),
        ("/arcgis/communes/VectorTileServer/tile/a/b/c.pbf", 404),
        ("/arcgis/communes/VectorTileServer/tile/9/0/99999999999999.pbf", 404),
        ("/arcgis/communes/MapServer", 404),
    ],
)
def test_what_is_not_there_is_refused(demo_server: Server, path: str, status: int) -> None:
    found, headers, _ = demo_server.get(path)
    assert (found, headers["content-type"]) == (status, "application/problem+json")
