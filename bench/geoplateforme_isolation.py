"""Do our own collections keep their pace while visitors press on live ones whose source has each vice?

Phases of two seconds alternate on one server: nobody else, visitors of addresses that do not exist, and the same
visitors of live collections. What a machine's other work costs is in all three; what a visitor costs, in the last two.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import platform
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from pathlib import Path

import geoplateforme_facade as facade
from geoplateforme_facade import ITEMS, TILES, Geoplateforme, Lab

RESULTS = Path(__file__).parent / "results" / "geoplateforme_isolation.md"
#: Ours, asked in turn.
_OWN = (
    "/ogc/collections/departements/items?limit=96",
    "/ogc/collections/departements/tiles/WebMercatorQuad/8/93/132",
)
_VISITORS = 8
#: Requests of each visitor in a second, if the answers come that quickly.
_PACE = 5
_OWN_PACE = 40
_PHASE_S = 2.0
_ROUNDS = 6
_PHASES = ("rest", "nothing", "live")
#: Milliseconds of our own answers by phase, and how many visitors were answered in it.
Times = dict[str, list[list[float]]]
Visits = dict[str, int]


def _vices(source: Geoplateforme) -> dict[str, Callable[[], None]]:
    def together() -> None:
        source.vice("slow", 1.0, service="wfs")
        source.vice("truncation", 10, service="wfs")
        source.vice("capabilities_mb", 5)
        source.vice("html", service="wmts")
        source.vice("status", 429, service="wms")
        source.vice("slow", 2.0, service="csw")

    return {
        "well": lambda: None,
        "slow, 2 s": lambda: source.vice("slow", 2.0),
        "hangs": lambda: source.vice("slow", 600.0),
        "503": lambda: source.vice("status", 503),
        "429": lambda: source.vice("status", 429),
        "HTML with 200": lambda: source.vice("html"),
        "truncated at 10": lambda: source.vice("truncation", 10),
        "capabilities of 5 MB": lambda: source.vice("capabilities_mb", 5),
        "XML bomb": lambda: source.vice("bomb"),
        "body of 10 GB": lambda: source.vice("endless"),
        "connections reset": lambda: source.vice("down", "reset"),
        "all together": together,
    }


def main() -> None:
    """Measure, print, and write the results; arguments choose vices, `--visit BASE` is the visitors' own process."""
    if sys.argv[1:2] == ["--visit"]:
        visit(sys.argv[2])
        return
    found: dict[str, tuple[Times, Visits]] = {}
    with facade.prepared() as (lab, source):
        chosen = {name: ill for name, ill in _vices(source).items() if not sys.argv[1:] or name in sys.argv[1:]}
        _let_the_source_yield(source.pid)
        for name, fall_ill in chosen.items():
            found[name] = case(lab, source, name, fall_ill)
            print(_row(name, *found[name]), flush=True)
    if not sys.argv[1:]:
        RESULTS.write_text(report(found), encoding="utf-8")


def _let_the_source_yield(pid: int) -> None:
    """Give the source the lowest priority: what it draws is drawn elsewhere in life, and is no work of this machine."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        # those that it starts later inherit it
        os.setpriority(os.PRIO_PROCESS, int(thread.name), 19)


def case(lab: Lab, source: Geoplateforme, name: str, fall_ill: Callable[[], None]) -> tuple[Times, Visits]:
    """Measure one vice on a new server, so that it inherits no open circuit, no cache and no blocked quota."""
    source.reset()
    var = lab.folder / f"var-{name.replace(' ', '-')}"
    times: Times = {phase: [] for phase in _PHASES}
    answered: Visits = dict.fromkeys(_PHASES, 0)
    with lab.serve(**source.env, TERRITOIRE_VAR=str(var)) as server, _visitors(server.base) as turn_to:
        facade.times(server.base, list(_OWN) * 20)
        fall_ill()
        for _ in range(_ROUNDS):
            for phase in _PHASES:
                turn_to(phase)
                times[phase].append(_paced(server.base))
                answered[phase] += turn_to("rest")
        # those who still wait are let go
        source.reset()
    return times, answered


@contextlib.contextmanager
def _visitors(base: str) -> Generator[Callable[[str], int]]:
    """Start the visitors; the function tells them what to ask for, and returns how many were answered since."""
    command = [sys.executable, __file__, "--visit", base]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin
        assert process.stdout
        to, of = process.stdin, process.stdout

        def turn_to(phase: str) -> int:
            to.write(f"{phase}\n")
            return int(of.readline())

        yield turn_to
        process.kill()


def _paced(base: str) -> list[float]:
    """Ask for ours at a steady pace for a phase; milliseconds each."""
    found: list[float] = []
    start = time.monotonic()
    for number in range(int(_PHASE_S * _OWN_PACE)):
        time.sleep(max(0.0, start + number / _OWN_PACE - time.monotonic()))
        found += facade.times(base, [_OWN[number % len(_OWN)]])
    return found


def visit(base: str) -> None:
    """Ask from several threads, nothing twice, for what the lines of the standard input say."""
    numbers = itertools.count(random.randrange(400))
    answered: list[float] = []
    phase = "rest"

    def press() -> None:
        while True:
            if phase != "rest":
                address = _address(phase, next(numbers))
                with contextlib.suppress(OSError, http.client.HTTPException):
                    answered.extend(facade.times(base, [address], must_be_well=False))
            time.sleep(1 / _PACE)

    for _ in range(_VISITORS):
        threading.Thread(target=press, daemon=True).start()
    for line in sys.stdin:
        phase = line.strip()
        print(len(answered), flush=True)
        answered.clear()
    os._exit(0)


def _address(phase: str, number: int) -> str:
    if phase == "nothing":
        return f"/ogc/collections/rien/items?offset={number}"
    west = 5 + number % 500 / 1000
    box = f"{west},43.2,{west + 0.01},43.21"
    return (
        f"{ITEMS}?bbox={box}",
        f"{TILES}/16/{24000 + number % 400}/33700",
        f"/ogc/collections/ortho/map?bbox={box}&width=256",
        f"/ogc/collections/catalogue_ign/items?q=eau&offset={number}",
    )[number % 4]


def report(found: dict[str, tuple[Times, Visits]]) -> str:
    """Write the results as Markdown."""
    return "\n".join(
        [
            "<!-- Written by bench/geoplateforme_isolation.py. Do not edit. -->",
            "# Our own collections while the source of the live ones is ill",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} CPUs, {platform.machine()},"
            f" Python {platform.python_version()}. One process serves; visitors and source are on the same machine,"
            " the source at the lowest priority."
            f" {_VISITORS} visitors ask up to {_PACE} times a second each; {_OWN_PACE} requests of ours a second, items"
            f" and tiles in turn, in {_ROUNDS} rounds of three phases of {_PHASE_S:g} s: nobody else, visitors of"
            " addresses that do not exist, visitors of live collections. Milliseconds, p50 / p95; the ratios are of"
            " p50 and p95 within a round, median of the rounds.",
            "",
            "| the source is | alone | beside 404s | beside live | live / alone | live / 404s | visits 404 | live |",
            "|-|-|-|-|-|-|-|-|",
            *(_row(name, *of) for name, of in found.items()),
            "",
        ]
    )


def _row(name: str, times: Times, answered: Visits) -> str:
    cells = [" / ".join(f"{statistics.median(_at(one, p) for one in times[f]):.1f}" for p in (50, 95)) for f in _PHASES]
    for base in ("rest", "nothing"):
        pairs = list(zip(times["live"], times[base], strict=True))
        ratios = (statistics.median(_at(a, p) / _at(b, p) for a, b in pairs) for p in (50, 95))
        cells.append(" / ".join(f"{ratio:.2f}" for ratio in ratios))
    return f"| {name} | {' | '.join([*cells, *(str(answered[phase]) for phase in ('nothing', 'live'))])} |"


def _at(times: list[float], percent: int) -> float:
    return statistics.quantiles(times, n=100)[percent - 1]


if __name__ == "__main__":
    main()
