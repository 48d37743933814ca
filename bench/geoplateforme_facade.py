"""What a live collection costs: its latency over the source's, and the requests that its cache saves.

The source is the stand-in of the tests, on loopback, so that its answers cost little; everything is made for the run.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import qgis as qgis_runner  # noqa: E402
from clients import watch  # noqa: E402
from geoplateforme.standin import Geoplateforme  # noqa: E402
from lab import Lab, Server  # noqa: E402
from live_layers import ITEMS, publish  # noqa: E402

from territoire.core import cluster, migrations  # noqa: E402
from territoire.core.database import Urls  # noqa: E402
from territoire.core.settings import Settings  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "geoplateforme_facade.md"
OWN = {
    "items?limit=96": "/ogc/collections/departements/items?limit=96",
    "tile": "/ogc/collections/departements/tiles/WebMercatorQuad/8/93/132",
}
TILES = "/ogc/collections/plan_ign/map/tiles/WebMercatorQuad"


def main() -> None:
    """Measure, print, and write the results."""
    with prepared() as (lab, source), lab.serve(**source.env) as server:
        text = report(latency(server, source), session(server, source), in_qgis(server, source, lab.folder))
    print(text)
    RESULTS.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def prepared() -> Generator[tuple[Lab, Geoplateforme]]:
    """Make a cluster, a source, one collection of our own and live ones of each kind; all ends with the block."""
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
        publish(lab, source)
        yield lab, source


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


def in_qgis(server: Server, source: Geoplateforme, folder: Path) -> list[tuple[str, int, int]]:
    """Return what QGIS asked of us, and we of the source, as two users with empty caches pan and zoom (tests/e2e)."""
    found: list[tuple[str, int, int]] = []
    for name, service in (("plan_ign", "wmts"), ("batiments_direct", "wfs")):
        for user in ("first", "next"):
            home = folder / f"qgis-{name}-{user}"
            home.mkdir()
            definition = home / f"{name}.qlr"
            definition.write_bytes(server.get(f"/qgis/{name}.qlr")[2])
            source.reset()
            with watch(server) as traffic:
                qgis_runner.run("qgis_live_probe.py", definition, home=home)
            asked = sum(f"/{name}/" in request.path for request in traffic.requests)
            found.append((f"{name}, {user} user", asked, sum(seen.service == service for seen in source.requests)))
    return found


def times(base: str, paths: Sequence[str], *, must_be_well: bool = True, most: int | None = None) -> list[float]:
    """Ask one after the other over one connection, and read `most` bytes of each answer; milliseconds each."""
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=60)
    found: list[float] = []
    for path in paths:
        start = time.perf_counter()
        connection.request("GET", path.replace(" ", "%20"), headers={"Accept": "*/*"})
        answer = connection.getresponse()
        answer.read(most)
        if must_be_well and answer.status not in (200, 204):
            raise SystemExit(f"{path}: {answer.status}")
        found.append((time.perf_counter() - start) * 1000)
    connection.close()
    return found


def report(
    costs: dict[str, tuple[float, float, float]], saved: tuple[int, int], qgis: Sequence[tuple[str, int, int]]
) -> str:
    """Write the results as Markdown."""
    asked, seen = saved
    rows = [f"| {name} | {a:.1f} | {b:.1f} | {c:.1f} |" for name, (a, b, c) in costs.items()]
    return "\n".join(
        [
            "<!-- Written by bench/geoplateforme_facade.py. Do not edit. -->",
            "# Live collections of the Géoplateforme",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} CPUs, {platform.machine()},"
            f" Python {platform.python_version()}. One process serves; the source is the tests' stand-in, on the same"
            " machine. What an ill source does to our own collections is in geoplateforme_isolation.md.",
            "",
            "| ms, median | source asked directly | facade, cold | facade, from its cache |",
            "|-|-|-|-|",
            *rows,
            "",
            f"Pan and zoom of a map: {asked} tiles asked of us, {seen} of the source ({1 - seen / asked:.0%} saved).",
            "",
            "| pan and zoom in QGIS (12 views) | asked of us | asked of the source |",
            "|-|-|-|",
            *(f"| {name} | {own} | {theirs} |" for name, own, theirs in qgis),
            "",
            "QGIS keeps what it has within a session: what our cache saves is the next user's session.",
            "",
        ]
    )


if __name__ == "__main__":
    main()
