"""Answers that clients trip over; `make conformance ARGS="--against stock"` compares them with stock pygeoapi's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ogr
import orjson
import pyogrio.raw
import pytest
from lab import Lab, Server, row, write
from proofs import FEATURES1
from stock import Serve

ATTACK = "</script><script>alert(1)</script> & <b>gras</b>"
pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def server(new_database: Any, tmp_path_factory: pytest.TempPathFactory, serve: Serve) -> Iterator[Server]:
    """Points with a number as key, no time, a missing geometry, and a name that is a program."""
    lab = Lab(new_database(), tmp_path_factory.mktemp("traps"))
    columns = [
        {"name": "population", "type": "integer", "title": {"fr": "Population"}, "nullable": False},
        {"name": "nom", "type": "text", "title": {"fr": "Nom"}},
    ]
    lab.declare(key="population", columns=columns, time=None)
    rows = [row(n) for n in range(1, 21)]
    rows[2] |= {"geom": None}
    rows[3] |= {"nom": ATTACK}
    lab.load("lieux", write(lab.folder / "lieux.gpkg", rows))
    with serve(lab) as running:
        yield running


@pytest.fixture
def ask(server: Server, record_property: Callable[[str, object], None]) -> Callable[..., tuple[int, str, bytes]]:
    """Ask, and keep the answer for the table of what each server says."""

    def asked(path: str, **headers: str) -> tuple[int, str, bytes]:
        status, given, body = server.get(path, **headers)
        media = given.get("content-type", "").split(";")[0]
        record_property("answer", f"{status} {media} {_shape(media, body)}".strip())
        return status, media, body

    return asked


def _shape(media: str, body: bytes) -> str:
    """Say what an answer holds: the keys of an object, else its size."""
    document = orjson.loads(body) if media.endswith("json") and body else None
    return "{" + ", ".join(document) + "}" if isinstance(document, dict) else f"{len(body)} bytes"


def test_the_classes_that_it_declares(server: Server, record_property: Callable[[str, object], None]) -> None:
    declared = server.json("/ogc/conformance?f=json", Accept="application/json")["conformsTo"]
    record_property("answer", " ".join(declared))
    assert f"{FEATURES1}core" in declared


TILES = "/ogc/collections/lieux/tiles/WebMercatorQuad"


def test_a_tile_outside_of_its_matrix_is_not_found(server: Server, ask: Any) -> None:
    assert server.get(f"{TILES}/6/23/32?f=mvt")[0] == 200
    status, media, _ = ask(f"{TILES}/6/64/32?f=mvt", Accept="*/*")
    assert status in {400, 404}
    assert media.endswith("json")


def test_an_unknown_tile_matrix_is_not_found(ask: Any) -> None:
    status, media, _ = ask(f"{TILES}/99/0/0?f=mvt", Accept="*/*")
    assert status in {400, 404}
    assert media.endswith("json")


def test_an_unknown_id_is_not_found(ask: Any) -> None:
    status, media, _ = ask("/ogc/collections/lieux/items/4711")
    assert (status, media.endswith("json")) == (404, True)


def test_an_id_that_is_no_number_is_not_found(ask: Any) -> None:
    status, media, _ = ask("/ogc/collections/lieux/items/abc")
    assert (status, media.endswith("json")) == (404, True)


def test_an_empty_sortby_is_refused(ask: Any) -> None:
    status, media, _ = ask("/ogc/collections/lieux/items?sortby=")
    assert (status, media.endswith("json")) == (400, True)


def test_a_time_leaves_a_table_without_time_whole(ask: Any) -> None:
    status, _, body = ask("/ogc/collections/lieux/items?datetime=2026-01-05")
    assert (status, len(orjson.loads(body).get("features", []))) == (200, 20)


def test_a_missing_geometry_passes_through_ogr2ogr(
    gdal: tuple[int, int], server: Server, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    file = tmp_path / "lieux.gpkg"
    command = ["ogr2ogr", "-f", "GPKG", str(file), ogr.service(server), "lieux"]
    try:
        ogr.run(*command)
    except AssertionError as exc:
        record_property("answer", f"ogr2ogr: {' '.join(str(exc).split())[:160]}")
        raise
    _, _, shapes, _ = pyogrio.raw.read(str(file), layer="lieux")
    missing = sum(shape is None for shape in shapes)
    record_property("answer", f"ogr2ogr: {len(shapes)} features, {missing} without geometry")
    assert (len(shapes), missing) == (20, 1)


def test_a_name_that_is_a_program_comes_back_as_it_is(ask: Any) -> None:
    status, _, body = ask("/ogc/collections/lieux/items/4")
    assert (status, orjson.loads(body)["properties"]["nom"]) == (200, ATTACK)


@pytest.mark.parametrize("path", ["/ogc/collections/lieux/items", "/ogc/collections/lieux/items/4"])
def test_a_name_that_is_a_program_does_not_run_in_a_page(ask: Any, path: str) -> None:
    status, media, body = ask(f"{path}?f=html", Accept="text/html")
    assert (status, media) == (200, "text/html")
    assert b"alert(1)" in body
    assert b"<script>alert(1)" not in body
    assert b"<b>gras</b>" not in body
