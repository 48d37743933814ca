"""Do our own collections keep their pace while visitors press on live ones whose source has each vice?

Phases of two seconds alternate on one server: nobody else, visitors of addresses that do not exist, the same visitors
at the source itself, and the same at our live collections. The source's work takes this machine's processors in the
last two, ours in the last only: what live collections cost ours is the last over the one before.
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
from urllib.parse import urlencode

import geoplateforme_facade as facade
from geoplateforme_facade import ITEMS, TILES, Geoplateforme, Lab

from territoire.geoplateforme.transport import VISITORS_BYTES

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
_PHASES = ("rest", "nothing", "source", "live")
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
    """Measure, print, write the results; arguments choose vices, `--visit BASE SOURCE` is the visitors' process."""
    if sys.argv[1:2] == ["--visit"]:
        visit(*sys.argv[2:])
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
        os.sched_setscheduler(int(thread.name), os.SCHED_IDLE, os.sched_param(0))


def case(lab: Lab, source: Geoplateforme, name: str, fall_ill: Callable[[], None]) -> tuple[Times, Visits]:
    """Measure one vice on a new server, so that it inherits no open circuit, no cache and no blocked quota."""
    source.reset()
    var = lab.folder / f"var-{name.replace(' ', '-')}"
    times: Times = {phase: [] for phase in _PHASES}
    answered: Visits = dict.fromkeys(_PHASES, 0)
    with lab.serve(**source.env, TERRITOIRE_VAR=str(var)) as server, _visitors(server.base, source.base) as turn_to:
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
def _visitors(base: str, source: str) -> Generator[Callable[[str], int]]:
    """Start the visitors; the function tells them what to ask for, and returns how many were answered since."""
    command = [sys.executable, __file__, "--visit", base, source]
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


def visit(base: str, source: str) -> None:
    """Ask from several threads, nothing twice, for what the lines of the standard input say."""
    numbers = itertools.count(random.randrange(400))
    answered: list[float] = []
    phase = "rest"

    def press() -> None:
        while True:
            if phase != "rest":
                where, address = (source if phase == "source" else base), _address(phase, next(numbers))
                with contextlib.suppress(OSError, http.client.HTTPException):
                    answered.extend(facade.times(where, [address], must_be_well=False, most=VISITORS_BYTES))
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
    if phase == "source":
        return _address_at_the_source(number, west, box)
    return (
        f"{ITEMS}?bbox={box}",
        f"{TILES}/16/{24000 + number % 400}/33700",
        f"/ogc/collections/ortho/map?bbox={box}&width=256",
        f"/ogc/collections/catalogue_ign/items?q=eau&offset={number}",
    )[number % 4]


def _address_at_the_source(number: int, west: float, box: str) -> str:
    """Return what our server asks of the source for the same visit."""
    wfs = {"SERVICE": "WFS", "VERSION": "2.0.0", "REQUEST": "GetFeature", "TYPENAMES": "BDTOPO_V3:batiment"}
    wfs |= {"OUTPUTFORMAT": "application/json", "SRSNAME": "EPSG:4326", "COUNT": "1000", "SORTBY": "cleabs A"}
    wfs |= {"CQL_FILTER": f"BBOX(geometrie, {box})"}
    wmts = {"SERVICE": "WMTS", "VERSION": "1.0.0", "REQUEST": "GetTile", "LAYER": "GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2"}
    wmts |= {"STYLE": "normal", "FORMAT": "image/png", "TILEMATRIXSET": "PM_0_19", "TILEMATRIX": "16"}
    wmts |= {"TILEROW": str(24000 + number % 400), "TILECOL": "33700"}
    wms = {"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetMap", "LAYERS": "ORTHOIMAGERY.ORTHOPHOTOS"}
    wms |= {"STYLES": "", "CRS": "EPSG:4326", "BBOX": f"43.2,{west},43.21,{west + 0.01}", "WIDTH": "256"}
    wms |= {"HEIGHT": "256", "FORMAT": "image/png", "TRANSPARENT": "TRUE", "BGCOLOR": "0xFFFFFF"}
    csw = {"SERVICE": "CSW", "VERSION": "2.0.2", "REQUEST": "GetRecords", "TYPENAMES": "gmd:MD_Metadata"}
    csw |= {"RESULTTYPE": "results", "ELEMENTSETNAME": "full", "OUTPUTSCHEMA": "http://www.isotc211.org/2005/gmd"}
    csw |= {"CONSTRAINTLANGUAGE": "CQL_TEXT", "CONSTRAINT_LANGUAGE_VERSION": "1.1.0"}
    csw |= {"CONSTRAINT": "AnyText like '%eau%'"}
    path, asked = (("/wfs/ows", wfs), ("/wmts", wmts), ("/wms-r", wms), ("/csw", csw))[number % 4]
    return f"{path}?{urlencode(asked)}"


def report(found: dict[str, tuple[Times, Visits]]) -> str:
    """Write the results as Markdown."""
    return "\n".join(
        [
            "<!-- Written by bench/geoplateforme_isolation.py. Do not edit. -->",
            "# Our own collections while the source of the live ones is ill",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} CPUs, {platform.machine()},"
            f" Python {platform.python_version()}. One process serves; visitors and source are on the same machine,"
            " the source under the scheduler's idle policy."
            f" {_VISITORS} visitors ask up to {_PACE} times a second each; {_OWN_PACE} requests of ours a second, items"
            f" and tiles in turn, in {_ROUNDS} rounds of four phases of {_PHASE_S:g} s: nobody else, visitors of"
            " addresses that do not exist, visitors who ask the source itself, visitors of live collections."
            " Milliseconds, p50 / p95; the ratios are of p50 and p95 within a round, median of the rounds. In life the"
            " source works on other machines: live / source is what our live collections cost our own.",
            "",
            "| the source is | alone | 404s | source | live | live / alone | live / 404s | live / source"
            " | visits: 404s | source | live |",
            "|-|-|-|-|-|-|-|-|-|-|-|",
            *(_row(name, *of) for name, of in found.items()),
            "",
        ]
    )


def _row(name: str, times: Times, answered: Visits) -> str:
    cells = [" / ".join(f"{statistics.median(_at(one, p) for one in times[f]):.1f}" for p in (50, 95)) for f in _PHASES]
    for base in _PHASES[:-1]:
        pairs = list(zip(times["live"], times[base], strict=True))
        ratios = (statistics.median(_at(a, p) / _at(b, p) for a, b in pairs) for p in (50, 95))
        cells.append(" / ".join(f"{ratio:.2f}" for ratio in ratios))
    return f"| {name} | {' | '.join([*cells, *(str(answered[phase]) for phase in _PHASES[1:])])} |"


def _at(times: list[float], percent: int) -> float:
    return statistics.quantiles(times, n=100)[percent - 1]


if __name__ == "__main__":
    main()
