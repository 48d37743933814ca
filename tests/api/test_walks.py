"""Clients that page while a collection is reloaded: each walk is exactly one generation, and nobody waits."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import psycopg
import pytest
from lab import Lab, Server, get, row, wait_until, write

from territoire.web.api import items as api_items
from territoire.web.asked import Asked
from territoire.web.catalogue import Catalogue

COUNT = 20_000


@dataclass
class Walks:
    """What the clients saw."""

    complete: list[frozenset[str]] = field(default_factory=list)
    doubled: int = 0
    errors: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two contents: the second lacks a tenth of the first, has as many others, and moved another tenth."""
    folder = tmp_path_factory.mktemp("sources")
    first = [row(n) for n in range(COUNT)]
    kept = [r for n, r in enumerate(first) if n % 10]
    moved = [{**r, "geom": row(n * 7 % COUNT)["geom"]} if n % 10 == 5 else r for n, r in enumerate(kept)]
    added = [row(n) for n in range(COUNT, COUNT + COUNT // 10)]
    return write(folder / "a.gpkg", first), write(folder / "b.gpkg", moved + added)


def pages(url: str, walks: Walks) -> Iterator[list[str]]:
    """Follow `next` links; whatever is not a 200 is an error."""
    next_url: str | None = url
    while next_url:
        began = time.perf_counter()
        status, _, body = get(next_url)
        walks.latencies.append(time.perf_counter() - began)
        if status != 200:
            walks.errors.append(f"{status} {body[:200]!r}")
            return
        content = orjson.loads(body)
        yield [feature["id"] for feature in content["features"]]
        next_url = next((link["href"] for link in content["links"] if link["rel"] == "next"), None)


def walk_until(done: threading.Event, url: str, walks: Walks, lock: threading.Lock) -> None:
    while not done.is_set():
        keys = [key for page in pages(url, walks) for key in page]
        with lock:
            walks.doubled += len(keys) - len(set(keys))
            walks.complete.append(frozenset(keys))


def test_walks_during_reloads_are_each_exactly_one_generation(lab: Lab, sources: tuple[Path, Path]) -> None:
    lab.declare()
    lab.load("lieux", sources[0])
    with lab.serve(workers=2) as server:
        walks, done, lock = Walks(), threading.Event(), threading.Lock()
        url = f"{server.base}/ogc/collections/lieux/items?limit=500&skipGeometry=true&properties=nom"
        with ThreadPoolExecutor(8) as pool:
            clients = [pool.submit(walk_until, done, url, walks, lock) for _ in range(8)]
            try:
                for turn in range(1, 6):
                    time.sleep(1)
                    lab.load("lieux", sources[turn % 2])
                time.sleep(1)
            finally:
                done.set()
            for client in clients:
                client.result()
        contents = [expected(path) for path in sources]
        assert not walks.errors
        assert walks.doubled == 0
        assert len(walks.complete) > 16
        assert all(walk in contents for walk in walks.complete)
        assert {contents.index(walk) for walk in walks.complete} == {0, 1}


def expected(source: Path) -> frozenset[str]:
    """Return the keys of a source file, read by GDAL."""
    import pyogrio.raw

    return frozenset(pyogrio.raw.read(str(source), columns=["code"], read_geometry=False)[3][0])


def test_a_reader_in_a_long_transaction_delays_no_publication_and_a_publication_no_reader(lab: Lab) -> None:
    lab.declare()
    write(lab.datasets / "lieux.gpkg", [row(n) for n in range(1000)])
    lab.load("lieux")
    with psycopg.connect(lab.urls.reader) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from api.lieux__g1")
        reader.execute("select count(*) from api.lieux")
        began = time.perf_counter()
        assert lab.load("lieux", force=True).generation == 2
        assert lab.load("lieux", force=True, grace_s=0).generation == 3
        assert lab.load("lieux", force=True, grace_s=0).generation == 4
        assert time.perf_counter() - began < 20
        # the reader still has what it began with, though two generations wait to be pruned
        assert reader.execute("select count(*) from api.lieux__g1").fetchone() == (1000,)
        assert "lieux__g1" in lab.relations()["data"]
    lab.load("lieux", force=True, grace_s=0)
    assert lab.relations()["data"] == {"lieux__g4", "lieux__g5"}


@pytest.fixture
def two(lab: Lab) -> Iterator[tuple[Lab, Server]]:
    """Two generations, the second of 20 places in place of 10, and a server of two workers."""
    lab.declare()
    write(lab.datasets / "lieux.gpkg", [row(n) for n in range(10)])
    lab.load("lieux")
    write(lab.datasets / "lieux.gpkg", [row(n) for n in range(20)])
    lab.load("lieux")
    with lab.serve(workers=2) as server:
        yield lab, server


def matched(server: Server) -> set[int]:
    """Return what both workers say, by asking a few times on new connections."""
    return {server.json("/ogc/collections/lieux/items?limit=1")["numberMatched"] for _ in range(8)}


def test_a_rollback_is_served_within_two_seconds_and_the_next_run_does_not_undo_it(two: tuple[Lab, Server]) -> None:
    lab, server = two
    assert matched(server) == {20}
    done = lab.command("etl", "rollback", "lieux")
    assert done.returncode == 0, done.stderr
    wait_until(lambda: matched(server) == {10}, seconds=2, what="the rollback")
    again = lab.command("etl", "run", "lieux")
    assert "held" in again.stdout
    assert matched(server) == {10}
    write(lab.datasets / "lieux.gpkg", [row(n) for n in range(15)])
    assert lab.command("etl", "run", "lieux").returncode == 0
    wait_until(lambda: matched(server) == {15}, seconds=2, what="a source with another checksum")


def test_a_walk_that_outlives_its_generation_is_told_where_to_begin_again(two: tuple[Lab, Server]) -> None:
    lab, server = two
    first = server.json("/ogc/collections/lieux/items?limit=5&properties=nom")
    following = next(link["href"] for link in first["links"] if link["rel"] == "next")
    tile = server.json("/tiles/lieux.json")["tiles"][0].format(z=0, x=0, y=0)
    assert get(tile)[1]["cache-control"].endswith("immutable")
    for _ in range(3):
        lab.load("lieux", force=True, grace_s=0)
    status, headers, body = get(following)
    assert (status, headers["content-type"]) == (410, "application/problem+json")
    problem = orjson.loads(body)
    assert get(problem["restart"])[0] == 200
    assert "cursor" not in problem["restart"]
    status, headers, _ = get(tile)
    assert (status, headers["cache-control"]) == (200, "no-cache")


def test_a_number_that_comes_back_from_a_backup_names_no_other_content(two: tuple[Lab, Server]) -> None:
    lab, server = two
    page, plain = "/ogc/collections/lieux/items?limit=5", "/tiles/lieux/0/0/0.mvt"
    first = server.json(page)
    following = next(link["href"] for link in first["links"] if link["rel"] == "next")
    tile = server.json("/tiles/lieux.json")["tiles"][0].format(z=0, x=0, y=0)
    assert "/g2-" in tile
    tags = {path: server.get(path, Accept="*/*")[1]["etag"] for path in (page, plain)}
    assert lab.command("etl", "rollback", "lieux").returncode == 0
    _forget_the_second(lab)
    assert lab.load("lieux", write(lab.folder / "plus.gpkg", [row(n) for n in range(30)]), force=True).generation == 2
    wait_until(lambda: matched(server) == {30}, seconds=3, what="the other second generation")
    for _ in range(8):  # both workers
        assert get(following)[0] == 410
        status, headers, _ = get(tile)
        assert (status, headers["cache-control"]) == (200, "no-cache")
        for path, tag in tags.items():
            assert server.get(path, Accept="*/*", If_None_Match=tag)[0] == 200
    assert server.json("/tiles/lieux.json")["tiles"][0].format(z=0, x=0, y=0) != tile


def _forget_the_second(lab: Lab) -> None:
    """Leave the database as a backup made before the second generation would, with the server told of it."""
    with lab.connect_admin() as connection:
        connection.execute("update etl.published set previous = null")
        connection.execute("delete from etl.generations where generation = 2")
        connection.execute("drop table data.lieux__g2 cascade")
        connection.execute("drop table if exists data.lieux__g2_runs cascade")
        connection.execute("update etl.datasets set last_generation = 1")
        ours = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'reader'"
        connection.execute(ours + " and datname = current_database()")


def test_a_client_without_cursor_never_meets_a_generation_that_is_gone(lab: Lab) -> None:
    lab.declare()
    write(lab.datasets / "lieux.gpkg", [row(n) for n in range(10)])
    lab.load("lieux")

    async def ask() -> list[int]:
        catalogue = Catalogue(lab.urls.reader, pool_size=2)
        await catalogue.open()
        # a worker that has not heard of the publications below: its generation is pruned under it
        assert catalogue._task is not None
        catalogue._task.cancel()
        for _ in range(3):
            await asyncio.to_thread(lab.load, "lieux", force=True, grace_s=0)
        assert "lieux__g1" not in lab.relations()["api"]
        asked = Asked("http://x", "/ogc/collections/lieux/items", "json", "fr", ())
        page = await api_items.page(asked, catalogue, "lieux")
        catalogue._current["lieux"] = dataclasses.replace(catalogue.current("lieux"), number=1)
        one = await api_items.one(asked, catalogue, "lieux", "L000001")
        await catalogue.close()
        return [page.status_code, one.status_code]

    assert asyncio.run(ask()) == [200, 200]
