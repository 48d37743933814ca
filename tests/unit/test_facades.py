"""The threads in which the Géoplateforme is asked, and what visitors are told of the age of an answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from territoire.core.errors import UpstreamBusyError
from territoire.core.settings import Settings
from territoire.geoplateforme.answers import Answer
from territoire.web.facades import Facades


@pytest.fixture
def facades(tmp_path: Path) -> Iterator[Facades]:
    made = Facades(Settings(var=tmp_path))
    yield made
    made.close()


def test_a_full_queue_refuses_and_holds_up_no_other_service(facades: Facades) -> None:
    release = threading.Event()

    async def press() -> None:
        waiting = [asyncio.create_task(facades.run("wfs", release.wait)) for _ in range(40)]
        await asyncio.sleep(0)
        with pytest.raises(UpstreamBusyError, match="wfs") as refused:
            await facades.run("wfs", release.wait)
        assert refused.value.retry_after > 0
        assert await asyncio.wait_for(facades.run("wmts", lambda: "tile"), 5) == "tile"
        release.set()
        await asyncio.gather(*waiting)
        assert await asyncio.wait_for(facades.run("wfs", lambda: "again"), 5) == "again"

    asyncio.run(press())


@pytest.mark.parametrize(
    ("is_cached", "is_stale", "status", "control"),
    [
        (False, False, "territoire; fwd=miss", "public, max-age=60"),
        (True, False, "territoire; hit; ttl=100", "public, max-age=60"),
        (True, True, "territoire; hit; ttl=-1; detail=SOURCE-FAILS", "public, no-cache"),
    ],
)
def test_an_answer_says_how_old_it_is(
    facades: Facades, is_cached: bool, is_stale: bool, status: str, control: str
) -> None:
    # the answers of the WFS are fresh for 300 s
    at = datetime.now(UTC) - timedelta(seconds=200)
    answer = Answer("", 200, "", {}, b"", at, is_stale=is_stale, is_cached=is_cached)
    told = facades.headers("wfs", answer, keep_s=60)
    assert (told["Cache-Status"], told["Cache-Control"]) == (status, control)
    assert told.get("Age") == {"territoire; fwd=miss": None}.get(status, "200" if is_stale else "60")
