"""What GDAL's driver for OGC API Features looks for, and cannot do without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyogrio.raw
from clients import watch
from lab import Lab, Server, row, write
from ogr import service

COMMUNES = "/collections/communes/items"


def test_the_literal_path_refers_to_a_limit_and_lists_hits(demo_server: Server) -> None:
    definition = demo_server.json("/ogc/openapi")
    listed = definition["paths"][COMMUNES]["get"]["parameters"]
    shared = definition["components"]["parameters"]
    # an inline limit is not looked at: the page size would be 1000 whatever it says
    [limit] = [p["$ref"] for p in listed if "limit" in p.get("$ref", "")]
    assert limit == "#/components/parameters/limit"
    assert shared["limit"]["schema"].items() >= {"default": 1000, "maximum": 10000}.items()
    [hits] = [p["$ref"] for p in listed if "resultType" in p.get("$ref", "")]
    assert shared[hits.rsplit("/", 1)[1]]["schema"]["enum"] == ["results", "hits"]


def test_collections_are_one_page_and_gdal_sees_each_of_them(demo_server: Server) -> None:
    listed = demo_server.json("/ogc/collections")
    assert "next" not in {link["rel"] for link in listed["links"]}
    seen = {str(name) for name, _ in pyogrio.list_layers(service(demo_server))}
    assert seen == {collection["id"] for collection in listed["collections"]}


def test_the_count_of_a_collection_costs_no_page(demo_server: Server) -> None:
    described = demo_server.json("/ogc/collections/communes")
    with watch(demo_server) as traffic:
        counted = pyogrio.read_info(service(demo_server), layer="communes", force_feature_count=True)["features"]
    assert counted == described["itemCount"] == 946
    # the one page is that from which geometry types are guessed
    assert [page.query["limit"] for page in traffic.at(f"/ogc{COMMUNES}")] == [["20"]]


def test_gdal_finds_the_crs_that_it_asked_for_in_the_header(demo_server: Server) -> None:
    program = (
        "import sys, pyogrio.raw; pyogrio.raw.read(sys.argv[1], layer='region', CRS=sys.argv[2]);"
        " pyogrio.raw.read(sys.argv[1], layer='departements', CRS=sys.argv[2])"
    )
    for crs in ("EPSG:2154", "EPSG:4326", "EPSG:3857", "OGC:CRS84"):
        done = subprocess.run(
            [sys.executable, "-c", program, service(demo_server), crs],
            env={**os.environ, "CPL_DEBUG": "OAPIF", "NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        # it says so where the header is missing or another one, and ignores it then
        assert "OAPIF:" in done.stderr
        assert "Content-C" not in done.stderr


def test_integer_keys_are_gdals_feature_ids(lab: Lab, tmp_path: Path) -> None:
    columns = [
        {"name": "numero", "type": "integer", "title": {"fr": "Numéro"}, "nullable": False},
        {"name": "nom", "type": "text", "title": {"fr": "Nom"}},
    ]
    lab.declare(key="numero", columns=columns, time=None)
    rows = [{"numero": n * 7 + 3, "nom": f"Lieu {n}", "geom": row(n)["geom"]} for n in range(30)]
    assert lab.load("lieux", write(tmp_path / "lieux.gpkg", rows)).status == "published"
    with lab.serve() as server:
        meta, fids, _, values = pyogrio.raw.read(service(server), layer="lieux", return_fids=True)
        found = dict(zip(map(int, fids), values[list(meta["fields"]).index("nom")], strict=True))
    assert found == {r["numero"]: r["nom"] for r in rows}
