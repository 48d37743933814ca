"""What a live collection costs: our own latency while its source is ill, its own over the source's, requests saved.

The source is the stand-in of the tests, on loopback, so that its answers cost little; everything is made for the run.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "api")]

from geoplateforme.standin import Geoplateforme  # noqa: E402
from lab import Lab, Server  # noqa: E402
from test_live import ITEMS, LAYERS, declare_layers  # noqa: E402

from territoire.core import cluster, migrations  # noqa: E402
from territoire.core.database import Urls  # noqa: E402
from territoire.core.settings import Settings  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "geoplateforme_facade.md"
_REQUESTS = 400
_VISITORS = 12
#: Between two requests of a visitor, in seconds.
_PAUSE_S = 0.5
OWN = {
    "items?limit=96": "/ogc/collections/departements/items?limit=96",
    "tile": "/ogc/collections/departements/tiles/WebMercatorQuad/8/93/132",
}
TILES = "/ogc/collections/plan_ign/map/tiles/WebMercatorQuad"


def main() -> None:
    """Measure, print, and write the results; `--visit BASE` is one of the visitors that press on the live layers."""
    if sys.argv[1:2] == ["--visit"]:
        visit(sys.argv[2])
        return
    with tempfile.TemporaryDirectory(prefix="territoire-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        private = cluster.locate(Settings(var=folder))
        cluster.ensure_started(private, report=print)
        stack.callback(cluster.remove, private)
        stack.callback(cluster.stop, private)
        urls = Urls(*(cluster.url(private, role) for role in ("admin", "loader", "reader", "submitter")))
        migrations.migrate(urls.admin, report=print)
        (folder / "source").mkdir()
        source = Geoplateforme(folder / "source")
        stack.callback(source.close)
        lab = Lab(urls, folder / "lab")
        lab.use_the_declared("departements")
        declare_layers(lab)
        lab.load("departements")
        run = lab.command("etl", "run", "batiments_direct", *LAYERS, **source.env)
        if run.returncode:
            raise SystemExit(run.stderr)
        with lab.serve(**source.env) as server:
            # first what needs a source that is well: after its ills, it is left alone for a while
            costs, saved = latency(server, source), session(server, source)
            text = report(isolation(server, source), costs, saved)
    print(text)
    RESULTS.write_text(text, encoding="utf-8")


def isolation(server: Server, source: Geoplateforme) -> dict[str, dict[str, list[float]]]:
    """Return the times of our own collection, alone and beside visitors of live layers whose source is ill."""
    ills: dict[str, Callable[[], None]] = {
        "alone": lambda: None,
        "source well": lambda: None,
        "source slow (2 s)": lambda: source.vice("slow", 2.0),
        "source slow, then HTML with 200": lambda: (source.vice("slow", 0.5), source.vice("html"))[0],
        "source 503": lambda: source.vice("status", 503),
        "no source (reset)": lambda: source.vice("down", "reset"),
    }
    found: dict[str, dict[str, list[float]]] = {}
    for name, fall_ill in ills.items():
        source.reset()
        fall_ill()
        visitors = subprocess.Popen([sys.executable, __file__, "--visit", server.base]) if name != "alone" else None
        time.sleep(2 if visitors else 0)
        found[name] = {case: times(server.base, [path] * _REQUESTS) for case, path in OWN.items()}
        if visitors:
            visitors.kill()
            visitors.wait()
    source.reset()
    return found


def visit(base: str) -> None:
    """Ask for live features, tiles and maps without end, from several threads, none of it twice."""
    numbers = itertools.count(os.getpid() % 1000)

    def press() -> None:
        for number in numbers:
            west = 5 + number % 500 / 1000
            box = f"{west},43.2,{west + 0.01},43.21"
            paths = (f"{ITEMS}?bbox={box}", f"{TILES}/16/23{number % 1000:03}/33500")
            for path in (*paths, f"/ogc/collections/ortho/map?bbox={box}&width=256"):
                with contextlib.suppress(OSError, http.client.HTTPException):
                    times(base, [path], must_be_well=False)
                time.sleep(_PAUSE_S)

    threads = [threading.Thread(target=press, daemon=True) for _ in range(_VISITORS)]
    for thread in threads:
        thread.start()
    threads[0].join()


def latency(server: Server, source: Geoplateforme) -> dict[str, tuple[float, float, float]]:
    """Return median times in ms: of the source asked directly, of the facade when it must ask, and from its cache."""
    wfs = {"SERVICE": "WFS", "VERSION": "2.0.0", "REQUEST": "GetFeature", "TYPENAMES": "BDTOPO_V3:batiment"}
    wfs |= {"OUTPUTFORMAT": "application/json", "SRSNAME": "EPSG:4326", "SORTBY": "cleabs A"}
    wmts = {"SERVICE": "WMTS", "VERSION": "1.0.0", "REQUEST": "GetTile", "LAYER": "GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2"}
    wmts |= {"STYLE": "normal", "FORMAT": "image/png", "TILEMATRIXSET": "PM_0_19", "TILEMATRIX": "14"}
    starts, columns = range(0, 6000, 100), range(8420, 8480)
    direct = [f"/wfs/ows?{urlencode({**wfs, 'COUNT': '100', 'STARTINDEX': str(n)})}" for n in starts]
    ours = [f"{ITEMS}?limit=100&offset={n}" for n in starts]
    direct_tiles = [f"/wmts?{urlencode({**wmts, 'TILEROW': '5985', 'TILECOL': str(n)})}" for n in columns]
    tiles = [f"{TILES}/14/5985/{n}" for n in columns]
    found: dict[str, tuple[float, float, float]] = {}
    for name, there, here in (("100 features", direct, ours), ("one map tile", direct_tiles, tiles)):
        for path in there:
            # drawn once, so that both are given what the source has ready
            times(source.base, [path])
        medians = [statistics.median(times(base, paths)) for base, paths in
                   ((source.base, there), (server.base, here), (server.base, here))]  # fmt: skip
        found[name] = (medians[0], medians[1], medians[2])
    return found


def session(server: Server, source: Geoplateforme) -> tuple[int, int]:
    """Return requests of a map client (5 x 4 tiles, there and back, in and out), and those that the source saw."""
    source.reset()
    walk = [(12, 2100 + step, 1496) for step in (0, 1, 2, 3, 2, 1, 0)]
    walk += [(13, 4202, 2993), (14, 8406, 5987), (13, 4202, 2993), (12, 2100, 1496)]
    asked = 0
    for zoom, column, row in walk:
        for x, y in itertools.product(range(column, column + 5), range(row, row + 4)):
            times(server.base, [f"{TILES}/{zoom}/{y}/{x}"])
            asked += 1
    return asked, len(source.requests)


def times(base: str, paths: Sequence[str], *, must_be_well: bool = True) -> list[float]:
    """Ask one after the other over one connection; milliseconds each."""
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=60)
    found: list[float] = []
    for path in paths:
        start = time.perf_counter()
        connection.request("GET", path.replace(" ", "%20"), headers={"Accept": "*/*"})
        answer = connection.getresponse()
        answer.read()
        if must_be_well and answer.status not in (200, 204):
            raise SystemExit(f"{path}: {answer.status}")
        found.append((time.perf_counter() - start) * 1000)
    connection.close()
    return found


def report(
    own: dict[str, dict[str, list[float]]], costs: dict[str, tuple[float, float, float]], saved: tuple[int, int]
) -> str:
    """Write the results as Markdown."""
    lines = [
        "<!-- Written by bench/geoplateforme_facade.py. Do not edit. -->",
        "# Live collections of the Géoplateforme, and our own beside them",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} CPUs, {platform.machine()},"
        f" Python {platform.python_version()}. One process serves; the source is the tests' stand-in,"
        f" on the same machine. {_REQUESTS} requests a case,"
        f" {_VISITORS} visitors of live layers beside them, each with a request every {_PAUSE_S} s at most.",
        "",
        "| own collection, ms p50 / p95 | " + " | ".join(OWN) + " |",
        "|-|" + "-|" * len(OWN),
    ]
    for name, cases in own.items():
        cells = [f"{statistics.median(t):.2f} / {statistics.quantiles(t, n=20)[-1]:.2f}" for t in cases.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", "| ms, median | source asked directly | facade, cold | facade, from its cache |", "|-|-|-|-|"]
    lines += [f"| {name} | {a:.1f} | {b:.1f} | {c:.1f} |" for name, (a, b, c) in costs.items()]
    asked, seen = saved
    lines += [
        "",
        f"Pan and zoom of a map: {asked} tiles asked of us, {seen} of the source ({1 - seen / asked:.0%} saved).",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
