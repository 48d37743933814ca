"""Each process before each vice of its source: who waits is told what happened and what to do, a job waits itself."""

from __future__ import annotations

import itertools
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest
from geoplateforme.standin import Geoplateforme
from lab import Lab, Server, wait_until

pytestmark = pytest.mark.e2e

Inputs = dict[str, Any]
#: No two executions ask the same: an answer that was kept would stand in for the one that fails.
_NUMBERS = itertools.count(1)


def _point() -> Inputs:
    return {"type": "Point", "coordinates": [6.2 + next(_NUMBERS) / 5000, 44.09]}


def _line() -> Inputs:
    return {"type": "LineString", "coordinates": [_point()["coordinates"], [6.3, 44.1]]}


#: Processes, with the service that each asks: one that is posted, the others by GET.
PROCESSES: dict[str, tuple[str, str, Callable[[], Inputs]]] = {
    "geocode": ("geocode", "geocoding", lambda: {"text": f"{next(_NUMBERS)} Rue de la République Manosque"}),
    "table": ("geocode", "geocoding", lambda: {"csv": f"a\n{next(_NUMBERS)} Rue de la République Manosque"}),
    "reverse": ("reverse-geocode", "geocoding", lambda: {"point": _point()}),
    "profile": ("elevation-profile", "altimetry", lambda: {"line": _line(), "sampling": 5}),
    "isochrone": ("isochrone", "isochrone", lambda: {"point": _point(), "minutes": 5}),
    "itinerary": ("itinerary", "itinerary", lambda: {"start": _point(), "end": _point()}),
    "statistics": ("zone-statistics", "isochrone", lambda: {"point": _point(), "minutes": 5, "datasets": ["region"]}),
}
#: What a source may do, and the status that it makes.
VICES: dict[str, tuple[Any, int]] = {
    "html": (True, 502),
    "exception": (True, 502),
    "redirect": (True, 502),
    "status": (500, 502),
    "cut": (True, 503),
    "down": ("refused", 503),
}


@pytest.fixture(scope="module")
def server(
    demo: Lab, geoplateforme_process: Geoplateforme, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The demo territory, with a memory of the source of its own: what is blocked here blocks no other test."""
    with demo.serve(**geoplateforme_process.env, TERRITOIRE_VAR=str(tmp_path_factory.mktemp("var"))) as running:
        yield running


def _execute(server: Server, name: str, **headers: str) -> tuple[int, dict[str, str], Any]:
    process, _, inputs = PROCESSES[name]
    request = urllib.request.Request(
        f"{server.base}/ogc/processes/{process}/execution",
        orjson.dumps({"inputs": inputs()}),
        {"Content-Type": "application/json", **headers},
        method="POST",
    )
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        found = {key.lower(): value for key, value in answer.headers.items()}
        text = answer.read()
        return answer.status or 0, found, orjson.loads(text) if "json" in found["content-type"] else text


def _is_explained(answer: tuple[int, dict[str, str], Any], service: str, statuses: set[int]) -> None:
    status, headers, problem = answer
    assert status in statuses, answer
    assert headers["content-type"] == "application/problem+json"
    assert problem["detail"].startswith((f"{service}: ", "an answer leads to")), problem
    assert problem["remedy"]
    assert (int(headers.get("retry-after", 0)) > 0) == (status == 503), headers


@pytest.mark.parametrize("vice", VICES)
@pytest.mark.parametrize("name", PROCESSES)
def test_who_waits_is_told_and_the_next_one_is_served(
    server: Server, geoplateforme: Geoplateforme, name: str, vice: str
) -> None:
    value, expected = VICES[vice]
    _, service, _ = PROCESSES[name]
    geoplateforme.vice(vice, value, service=None if vice == "down" else service)
    _is_explained(_execute(server, name), service, {expected})
    assert not geoplateforme.canary_seen
    geoplateforme.reset()
    # and the failures in a row are forgotten
    assert _execute(server, name)[0] == 200


def test_a_source_that_does_not_answer_is_left_in_time(server: Server, geoplateforme: Geoplateforme) -> None:
    geoplateforme.vice("slow", 25)
    with ThreadPoolExecutor(len(PROCESSES)) as threads:
        answers = threads.map(lambda name: _execute(server, name), PROCESSES)
    for name, answer in zip(PROCESSES, answers, strict=True):
        status, headers, problem = answer
        assert status in {503, 504}, (name, answer)
        assert problem["remedy"]
        assert (int(headers.get("retry-after", 0)) > 0) == (status == 503)


def test_jobs_wait_for_their_sources(
    demo: Lab, geoplateforme: Geoplateforme, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    geoplateforme.vice("status", 503)
    with demo.work("--concurrency", "8", **geoplateforme.env, TERRITOIRE_VAR=str(tmp_path_factory.mktemp("worker"))):
        paths: dict[str, str] = {}
        # one of each service is enough, and keeps its circuit closed
        for name in ("table", "profile", "isochrone"):
            status, headers, _ = _execute(server, name, Prefer="respond-async")
            assert status == 201
            paths[name] = headers["location"].removeprefix(server.base)

        def are_put_off() -> bool:
            jobs = [server.json(path) for path in paths.values()]
            return all("tried again in" in job.get("message", "") for job in jobs)

        wait_until(are_put_off, seconds=60, what="all to wait")
        geoplateforme.reset()
        for name, path in paths.items():
            wait_until(lambda: server.json(path)["status"] == "successful", seconds=90, what=name)  # noqa: B023


def test_a_429_says_when_to_come_back(server: Server, geoplateforme: Geoplateforme) -> None:
    """Last: the whole machine is kept from asking for as long as the source says."""
    geoplateforme.vice("busy", 1000)
    geoplateforme.vice("retry_after", 300)
    for name, (_, service, _) in PROCESSES.items():
        answer = _execute(server, name)
        _is_explained(answer, service, {503})
        assert 200 < int(answer[1]["retry-after"]) <= 300
