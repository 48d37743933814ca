"""Our server beside stock pygeoapi with its own PostgreSQL providers, and with our plug-ins: same table, same run.

A private cluster is made for the run and removed after it. Requests go one after another over one kept connection,
the doors in turn, so that a noisy machine is noisy for all. CPU is that of the server and of all of PostgreSQL.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import doors as servers
import psycopg
from doors import Door

from territoire.core import cluster
from territoire.core.cluster import Cluster
from territoire.core.settings import Settings

RESULTS = Path(__file__).parent / "results" / "stock_beside_ours.md"
_WARM_UP = 10
_ROUNDS = 10


@dataclass(frozen=True)
class Figures:
    """What one door costs in one case, milliseconds a request."""

    wall_p50: float
    server: float
    database: float
    bytes: float


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=300, help="requests a door and case")
    count: int = parser.parse_args().requests
    with tempfile.TemporaryDirectory(prefix="territoire-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        private = cluster.locate(Settings(var=folder))
        stack.callback(cluster.remove, private)
        servers.load(folder)
        doors = [
            stack.enter_context(servers.ours(folder)),
            stack.enter_context(servers.stock(folder, "stock with our plug-ins", servers.with_our_plug_ins())),
            stack.enter_context(
                servers.stock(folder, "stock with its own providers", servers.with_its_own_providers(private))
            ),
        ]
        measured = {case: measure(doors, private, paths, count) for case, paths in cases().items()}
        text = report(measured, version(private), count)
    print(text)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(text, encoding="utf-8")


def cases() -> dict[str, list[str]]:
    """Return the paths of each case; those of zoom 11 differ from one request to the next."""
    items = "/collections/communes/items"
    codes = ["13004", "13055", "06088", "83137", "84007", "05061", "04070"]
    columns, rows = range(1050, 1064), range(744, 753)
    tiles = "/collections/communes/tiles/WebMercatorQuad"
    return {
        "items?limit=10": [f"{items}?limit=10"],
        "items?limit=946": [f"{items}?limit=946"],
        "one item": [f"{items}/{code}" for code in codes],
        "one tile, zoom 11": [f"{tiles}/11/{y}/{x}?f=pbf" for y in rows for x in columns],
        "one tile, zoom 8": [f"{tiles}/8/{y}/{x}?f=pbf" for y in (92, 93) for x in (131, 132)],
        "items?bbox, limit=10": [f"{items}?limit=10&bbox=5.{n}1,43.3,5.{n}9,44.1" for n in range(1, 9)],
    }


def measure(doors: Sequence[Door], private: Cluster, paths: Sequence[str], count: int) -> list[Figures]:
    """Ask each door `count` times, in turns of a tenth."""
    walls: list[list[float]] = [[] for _ in doors]
    costs = [[0.0, 0.0, 0.0] for _ in doors]
    for door in doors:
        ask(door, paths, 0, _WARM_UP)
    for turn in range(_ROUNDS):
        for number, door in enumerate(doors):
            before = servers.cpu(door.process.pid), servers.database_cpu(private)
            times, size = ask(door, paths, turn * (count // _ROUNDS), count // _ROUNDS)
            after = servers.cpu(door.process.pid), servers.database_cpu(private)
            walls[number] += times
            costs[number] = [
                costs[number][0] + after[0] - before[0],
                costs[number][1] + after[1] - before[1],
                costs[number][2] + size,
            ]
    asked = count // _ROUNDS * _ROUNDS
    return [
        Figures(statistics.median(wall), *(total / asked for total in cost))
        for wall, cost in zip(walls, costs, strict=True)
    ]


def ask(door: Door, paths: Sequence[str], start: int, count: int) -> tuple[list[float], int]:
    """Send requests one after another; return the milliseconds of each and the bytes of all."""
    times: list[float] = []
    size = 0
    # the server has closed what was idle while the others were asked
    door.connection.close()
    for number in range(start, start + count):
        path = paths[number % len(paths)]
        began = time.perf_counter()
        status, body = door.get(path)
        times.append((time.perf_counter() - began) * 1000)
        if status not in {200, 204}:
            raise SystemExit(f"{door.name}: {path}: {status} {body[:500]!r}")
        size += len(body)
    return times, size


def version(private: Cluster) -> str:
    """Return what the database is."""
    with psycopg.connect(cluster.url(private, "reader")) as connection:
        row = connection.execute("select current_setting('server_version'), public.postgis_lib_version()").fetchone()
    return f"PostgreSQL {row[0]}, PostGIS {row[1]}" if row else "PostgreSQL"


def report(measured: dict[str, list[Figures]], database: str, count: int) -> str:
    """Return the results as Markdown."""
    lines = [
        "<!-- Written by bench/stock_beside_ours.py (make bench). Do not edit. -->",
        "# Our server beside stock pygeoapi 0.24",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} CPUs, {platform.machine()}, Python "
        f"{platform.python_version()}, {database}. The published communes (946 polygons, EPSG:2154). {count} requests "
        "a door and case, one after another, the doors in turn, one process each, uvicorn with uvloop for all. CPU is "
        "that of the server and of all of PostgreSQL. `a / b / c` = our server / stock pygeoapi with our plug-ins / "
        "stock pygeoapi with its own PostgreSQL and MVT-postgresql providers.",
        "",
        "| | wall p50, ms | CPU of the server, ms | CPU of PostgreSQL, ms | wall: stock / ours | CPU: stock / ours |",
        "|-|-|-|-|-|-|",
    ]
    for case, figures in measured.items():
        first, last = figures[0], figures[-1]
        wall = last.wall_p50 / first.wall_p50
        total = (last.server + last.database) / max(first.server + first.database, 0.01)
        cells = [
            " / ".join(f"{one.wall_p50:.1f}" for one in figures),
            " / ".join(f"{one.server:.1f}" for one in figures),
            " / ".join(f"{one.database:.1f}" for one in figures),
        ]
        lines.append(f"| {case} | {' | '.join(cells)} | {wall:.0f} x | {total:.0f} x |")
    sizes = "; ".join(f"{case}: {' / '.join(f'{one.bytes:,.0f}' for one in row)}" for case, row in measured.items())
    lines += ["", f"Mean bytes of an answer: {sizes}.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    if shutil.which("pygeoapi", path=str(Path(sys.executable).parent)) is None:
        raise SystemExit("pygeoapi is not installed here: run `make setup-dev` first")
    main()
