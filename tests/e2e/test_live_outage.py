"""Live collections while their source is ill: what is kept stands in, what is not is a problem, ours do not notice."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from geoplateforme.standin import Geoplateforme
from lab import Lab, Server
from live_layers import ITEMS, age, publish

from territoire.core.database import Urls

pytestmark = pytest.mark.e2e

OURS = "/ogc/collections/departements/items"
BOX = "bbox=5.3,43.2,5.5,43.4"
#: One request of each service, the service's name in the stand-in first.
ASKED = {
    "wfs": f"{ITEMS}?{BOX}&limit=5",
    "wmts": "/ogc/collections/plan_ign/map/tiles/WebMercatorQuad/8/93/132",
    "tms": "/tiles/plan_vecteur/8/132/93.mvt",
    "wms": f"/ogc/collections/ortho/map?{BOX}&width=64",
    "wms_vector": f"/ogc/collections/znieff_carte/map?{BOX}&width=64",
    "csw": "/ogc/collections/catalogue_ign/items?limit=5",
}
#: Beyond the time for which any service's answer is used without asking.
_AGE = timedelta(days=8)


@pytest.fixture(scope="module")
def lab(
    new_database: Callable[[], Urls], geoplateforme_process: Geoplateforme, tmp_path_factory: pytest.TempPathFactory
) -> Lab:
    """A database where one collection of our own and a live one of each kind are published."""
    geoplateforme_process.reset()
    made = Lab(new_database(), tmp_path_factory.mktemp("outage"))
    publish(made, geoplateforme_process)
    return made


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """Where the server keeps answers: nothing at first."""
    return tmp_path / "var"


@pytest.fixture
def server(lab: Lab, geoplateforme: Geoplateforme, var: Path) -> Iterator[Server]:
    """A server of its own: what one test breaks, the circuit keeps open for the next."""
    with lab.serve(**geoplateforme.env, TERRITOIRE_VAR=str(var)) as running:
        yield running


@pytest.mark.parametrize("vice", [("down", "refused"), ("status", 500), ("html", True)], ids=lambda vice: vice[0])
def test_what_is_kept_stands_in_for_every_service_and_says_its_age(
    server: Server, geoplateforme: Geoplateforme, var: Path, vice: tuple[str, Any]
) -> None:
    before = {service: server.get(path, Accept="*/*") for service, path in ASKED.items()}
    assert {status for status, _, _ in before.values()} == {200}
    age(var, _AGE)
    geoplateforme.vice(*vice)
    for service, path in ASKED.items():
        status, headers, body = server.get(path, Accept="*/*")
        assert (status, _without_time(body)) == (200, _without_time(before[service][2])), service
        assert int(headers["age"]) >= _AGE.total_seconds()
        assert headers["cache-status"].startswith("territoire; hit; ttl=-"), service
        assert headers["cache-status"].endswith("; detail=SOURCE-FAILS"), service
        assert headers["cache-control"] == "public, no-cache"


@pytest.mark.parametrize(
    ("vice", "value", "status"),
    [
        ("down", "refused", 503),
        ("status", 503, 503),
        ("status", 429, 503),
        ("status", 500, 502),
        ("html", True, 502),
        ("exception", True, 502),
        ("bomb", True, 502),
        ("redirect", True, 502),
    ],
)
def test_each_service_that_fails_is_a_problem_that_names_it_and_nothing_of_it_is_kept(
    server: Server, geoplateforme: Geoplateforme, vice: str, value: Any, status: int
) -> None:
    geoplateforme.vice(vice, value)
    with ThreadPoolExecutor(len(ASKED)) as visitors:
        answers = dict(
            zip(ASKED, visitors.map(lambda path: server.get(path, Accept="*/*"), ASKED.values()), strict=True)
        )
    for service, (found, headers, body) in answers.items():
        if service == "tms" and vice == "bomb":
            # a tile is bytes to us, and none of the formats that say what they are
            continue
        assert (found, headers["content-type"]) == (status, "application/problem+json"), (service, body[:300])
        problem = orjson.loads(body)
        assert problem["status"] == status
        assert problem["remedy"]
        assert service in problem["detail"] or vice == "redirect", problem
        assert status != 503 or int(headers["retry-after"]) > 0
    assert server.get(OURS)[0] == 200
    assert geoplateforme.canary_seen == []
    geoplateforme.reset()
    if vice not in {"down", "status"}:
        # one failure opens no circuit, and what was refused was not kept
        assert {service: server.get(path, Accept="*/*")[0] for service, path in ASKED.items()} == dict.fromkeys(
            ASKED, 200
        )


def test_ours_answer_while_every_connection_to_the_source_hangs(server: Server, geoplateforme: Geoplateforme) -> None:
    geoplateforme.vice("slow", 600.0)
    paths = [f"{ITEMS}?{BOX}&limit={number + 1}" for number in range(60)]
    paths += [f"/ogc/collections/catalogue_ign/items?offset={number}" for number in range(60)]
    refused: list[int] = []

    def hang(path: str) -> None:
        status, headers, _ = server.get(path)
        if status == 503:
            refused.append(int(headers["retry-after"]))

    visitors = [threading.Thread(target=hang, args=(path,), daemon=True) for path in paths]
    for visitor in visitors:
        visitor.start()
    # 40 of each service hang, the others are sent away at once
    _wait_for(lambda: len(refused) == 40)
    slowest = 0.0
    for path in (OURS, "/ogc/collections/departements/tiles/WebMercatorQuad/8/93/132", "/ogc") * 5:
        began = time.monotonic()
        assert server.get(path, Accept="*/*")[0] in {200, 204}
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < 1
    assert refused == [2] * 40
    # those who still wait are let go
    geoplateforme.vice("down", "reset")


def test_a_source_that_never_ends_costs_neither_memory_nor_the_others(
    server: Server, geoplateforme: Geoplateforme
) -> None:
    server.get(OURS)
    before = _peak_mib(server)
    geoplateforme.vice("endless", 10.0)
    with ThreadPoolExecutor(6) as visitors:
        answers = list(visitors.map(lambda path: server.get(path, Accept="*/*"), ASKED.values()))
        assert server.get(OURS)[0] == 200
        # nobody reads on and on what no tile can be: the service is left alone, but for what visitors size themselves
        tile = "/ogc/collections/plan_ign/map/tiles/WebMercatorQuad/12/1490"
        again = [server.get(f"{tile}/{column}", Accept="*/*")[0] for column in range(2115, 2120)]
        asked = [server.get(f"{ITEMS}?{BOX}&limit={number}")[0] for number in range(6, 12)]
    assert again == [502] * 4 + [503]
    assert asked == [502] * 6
    for status, headers, body in answers:
        assert (status, headers["content-type"]) == (502, "application/problem+json"), body[:300]
        assert b"larger than" in body
    # six at a time, 32 MiB each and once more while they are put together
    assert _peak_mib(server) - before < 6 * 2 * 32 + 64


def test_a_source_that_does_not_answer_in_time_is_a_504(lab: Lab, geoplateforme: Geoplateforme, var: Path) -> None:
    geoplateforme.vice("slow", 600.0)
    with lab.serve(**geoplateforme.env, TERRITOIRE_VAR=str(var)) as server, ThreadPoolExecutor(2) as visitors:
        began = time.monotonic()
        answers = list(visitors.map(lambda name: server.get(ASKED[name], Accept="*/*"), ("wmts", "tms")))
        assert time.monotonic() - began < 25
        for status, headers, body in answers:
            assert (status, headers["content-type"]) == (504, "application/problem+json"), body
            assert b"did not answer within 20 s" in body


def test_the_links_of_records_are_shown_and_never_followed(server: Server, geoplateforme: Geoplateforme) -> None:
    page = server.json("/ogc/collections/catalogue_ign/items?limit=200")
    leading = [one["id"] for one in page["features"] if any(link["rel"] == "related" for link in one["links"])]
    assert leading
    for name in leading[:5]:
        one = server.json(f"/ogc/collections/catalogue_ign/items/{name}")
        assert any(link["href"].startswith(geoplateforme.base) for link in one["links"])
    assert {seen.service for seen in geoplateforme.requests} == {"csw"}
    assert geoplateforme.canary_seen == []


def _without_time(body: bytes) -> bytes:
    return re.sub(rb'"timeStamp":"[^"]*"', b"", body)


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def _peak_mib(server: Server) -> float:
    """Return the most memory that the server ever had."""
    found = 0
    for process in server.workers():
        status = Path(f"/proc/{process}/status").read_text()
        found += int(status.split("VmHWM:")[1].split()[0])
    return found / 1024
