"""500 collections: the server starts, lists and describes them in bounded time, and every link is right."""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import UTC, datetime
from typing import Any

import httpx2
import orjson
import pytest
from lab import LIEUX, ROOT
from openapi_spec_validator import validate
from starlette.applications import Starlette

from territoire.core import registry
from territoire.core.settings import Settings
from territoire.web import app as web_app
from territoire.web.catalogue import Catalogue

COUNT = 500
MOMENT = datetime(2026, 11, 24, tzinfo=UTC)


def _rows(count: int) -> list[tuple[Any, ...]]:
    """Return rows of api.published: generated declarations, all of them published."""
    native, crs84 = [800_000.0, 6_200_000.0, 1_090_000.0, 6_470_000.0], [4.2, 42.9, 7.8, 45.2]
    ids = [f"lieux_{number:03}" for number in range(count)]
    return [(name, 1, {**LIEUX, "id": name}, 1000, native, crs84, "2026", MOMENT, MOMENT) for name in ids]


@pytest.fixture(scope="module")
def served() -> tuple[Starlette, float]:
    """The application on 500 generated collections, and the seconds that making all of it took."""
    vocabulary = registry.load_vocabulary(ROOT / "datasets")
    began = time.perf_counter()
    app = web_app.build(Settings(), reader_url="postgresql://nowhere", vocabulary=vocabulary)
    catalogue = Catalogue("postgresql://nowhere", pool_size=1)
    catalogue.available = True
    catalogue._take(_rows(COUNT), [])
    app.state.catalogue = catalogue
    for path in ("/ogc/collections", "/ogc/openapi"):
        assert _get(app, path)[0] == 200
    return app, time.perf_counter() - began


def _get(app: Starlette, *paths: str, repeat: int = 1) -> tuple[int, bytes, float]:
    """Return status and body of the last answer, and the median of the milliseconds that each took."""

    async def ask() -> tuple[int, bytes, float]:
        took: list[float] = []
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url="http://geo.example.org"
        ) as client:
            for path in list(paths) * repeat:
                began = time.perf_counter()
                answer = await client.get(path, headers={"Accept": "application/json", "Accept-Encoding": "identity"})
                took.append((time.perf_counter() - began) * 1000)
        return answer.status_code, answer.content, statistics.median(took)

    return asyncio.run(ask())


def _json(app: Starlette, path: str) -> Any:
    status, body, _ = _get(app, path)
    assert status == 200, body[:300]
    return orjson.loads(body)


def test_the_server_is_ready_within_three_seconds(served: tuple[Starlette, float]) -> None:
    assert served[1] < 3


@pytest.mark.parametrize(("path", "milliseconds"), [("/ogc/collections", 20), ("/ogc/openapi", 10)])
def test_long_documents_come_from_memory(served: tuple[Starlette, float], path: str, milliseconds: float) -> None:
    app, _ = served
    _get(app, path)
    assert min(_get(app, path, repeat=9)[2] for _ in range(3)) < milliseconds


def test_what_is_kept_is_bounded_and_follows_publications(served: tuple[Starlette, float]) -> None:
    app, _ = served
    before = _json(app, "/ogc/collections")
    catalogue: Any = app.state.catalogue
    catalogue._take(_rows(COUNT - 1), [])
    assert len(_json(app, "/ogc/collections")["collections"]) == COUNT - 1
    catalogue._take(_rows(COUNT), [])
    assert _json(app, "/ogc/collections") == before
    for number in range(40):
        _get(
            app,
            "/ogc/openapi" if number % 9 else f"/ogc/collections?lang=fr&f=json&lang={'en' if number % 2 else 'fr'}",
        )
    assert len(app.state.rendered._documents) <= 16


def test_the_definition_is_valid_and_names_every_collection(served: tuple[Starlette, float]) -> None:
    app, _ = served
    definition = _json(app, "/ogc/openapi")
    # one collection stands for all: validating 500 alike takes a minute
    kept = {path: item for path, item in definition["paths"].items() if "lieux_" not in path or "lieux_250" in path}
    validate({**definition, "paths": kept})
    for number in range(COUNT):
        operation = definition["paths"][f"/collections/lieux_{number:03}/items"]
        assert operation["get"]["operationId"] == f"lieux_{number:03}.getItems"
    operations = [o["operationId"] for item in definition["paths"].values() for o in item.values()]
    assert len(operations) == len(set(operations))


def test_each_link_of_a_collection_leads_somewhere(served: tuple[Starlette, float]) -> None:
    app, _ = served
    listed = _json(app, "/ogc/collections")["collections"]
    assert len(listed) == COUNT
    for described in listed[:: COUNT // 10]:
        assert _json(app, f"/ogc/collections/{described['id']}") == described
        for link in described["links"]:
            own = link["href"].startswith("http://geo.example.org/")
            # items and pages need a database, or belong to others
            if own and link["type"] != "text/html" and link["rel"] != "items":
                assert _get(app, link["href"].removeprefix("http://geo.example.org"))[0] == 200, link
