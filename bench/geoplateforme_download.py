"""A whole feature type of the WFS: our download beside ogr2ogr's WFS driver, and what killing ours costs.

The source is the stand-in of the tests, on loopback: 120,000 buildings with all their fields, to a GeoPackage in
EPSG:2154. Each download is a process of its own, in turns, so that a noisy machine is noisy for all.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyogrio

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support")]

from geoplateforme.layers import BUILDINGS, FEATURE_LAYERS  # noqa: E402
from geoplateforme.standin import Geoplateforme  # noqa: E402

from etl import extract  # noqa: E402
from etl.report import Silent  # noqa: E402
from territoire.core.models import Dataset  # noqa: E402
from territoire.core.settings import Settings  # noqa: E402
from territoire.geoplateforme.transport import Transport  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "geoplateforme_download.md"
TYPENAME = "BDTOPO_V3:batiment"
PAGES = 24
#: Seconds that the source takes to answer, beside its own work; a real one needs about as long for 5,000 features.
DELAYS = (0.0, 1.0)
_TYPES = {"string": "text", "int": "integer", "double": "number", "dateTime": "timestamp"}
_SHARED = ["-f", "GPKG", "-nln", "batiment", "-a_srs", "EPSG:2154", "-forceNullable"]
_PAGING = ["--config", "OGR_WFS_PAGING_ALLOWED", "ON", "--config", "OGR_WFS_PAGE_SIZE", "5000"]


@dataclass(frozen=True)
class Kills:
    """What two kills cost: the pages that lay there after each, and what the last run asked for."""

    pages: tuple[int, int]
    requests: int
    is_whole: bool
    """Were all features there, each once, with the checksum of a download that nobody killed?"""


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="downloads of each kind")
    parser.add_argument("--fetch", nargs=2, metavar=("URL", "FOLDER"), help="only download, as one of the processes")
    given = parser.parse_args()
    if given.fetch:
        fetch(given.fetch[0], Path(given.fetch[1]))
        return
    with tempfile.TemporaryDirectory(prefix="territoire-bench-") as name:
        folder = Path(name)
        (folder / "source").mkdir()
        source = Geoplateforme(folder / "source")
        try:
            times = {delay: measure(source, folder / f"{delay:g}", delay, given.rounds) for delay in DELAYS}
            killed = kill(source, folder / "killed")
        finally:
            source.close()
    text = report(times, killed, given.rounds)
    print(text)
    RESULTS.write_text(text, encoding="utf-8")


def dataset() -> Dataset:
    """Declare the buildings with all fields of the source."""
    fields = FEATURE_LAYERS[TYPENAME].fields
    columns: list[dict[str, Any]] = [
        {"name": name, "type": _TYPES.get(kind, kind), "title": {"fr": name}, "nullable": name != "cleabs"}
        for name, kind in fields.items()
    ]
    title = {"fr": "Bâtiments", "en": "Buildings"}
    words = {"theme": "foncier", "producer": "ign", "licence": "licence-ouverte-2.0"}
    geometry = {"type": "MultiPolygon", "srid": 2154}
    source = {"kind": "wfs", "typename": TYPENAME}
    declared = {"id": "batiments", "title": title, "abstract": title, **words, "source": source, "key": "cleabs"}
    return Dataset.model_validate({**declared, "columns": columns, "geometry": geometry})


def fetch(url: str, folder: Path) -> None:
    """Download by our ETL; print the file and the checksum of the rows."""
    declared = dataset()
    [landed] = extract.extract(
        declared,
        folder=folder / "landing" / declared.id / "1",
        relative_to=folder,
        override=[],
        access=lambda: Transport(Settings(var=folder, geoplateforme_wfs_url=url), patience_s=60),
        report=Silent(),
    )
    print(json.dumps([landed.opens, landed.sha256]))


def ours(url: str, folder: Path) -> list[str]:
    """Return the command of our download."""
    return [sys.executable, __file__, "--fetch", url, str(folder)]


def theirs(url: str, file: Path, *, media: str) -> list[str]:
    """Return the command of ogr2ogr, told to page as it can; of the same fields in the same CRS."""
    asked = f"WFS:{url}?SRSNAME=EPSG:2154" + (f"&OUTPUTFORMAT={media}" if media else "")
    return ["ogr2ogr", *_SHARED, *_PAGING, str(file), asked, TYPENAME]


def measure(source: Geoplateforme, folder: Path, delay: float, rounds: int) -> dict[str, list[float]]:
    """Return seconds of each download, by kind; SystemExit where one is not whole."""
    folder.mkdir()
    url = source.env["TERRITOIRE_GEOPLATEFORME_WFS_URL"]
    source.reset()
    if delay:
        source.vice("slow", delay, service="wfs")
    times: dict[str, list[float]] = {"ours": [], "ogr2ogr, JSON": [], "ogr2ogr, GML": []}
    for number in range(rounds):
        names = list(times) if number % 2 == 0 else list(reversed(times))
        for name in names:
            file = folder / f"{number}-{names.index(name)}.gpkg"
            media = "application/json" if "JSON" in name else ""
            command = ours(url, folder / "ours") if name == "ours" else theirs(url, file, media=media)
            began = time.perf_counter()
            run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            times[name].append(time.perf_counter() - began)
            if run.returncode:
                raise SystemExit(f"{name}: {run.stderr[-2000:]}")
            written = Path(json.loads(run.stdout)[0]) if name == "ours" else file
            if (found := pyogrio.read_info(written)["features"]) != BUILDINGS:
                raise SystemExit(f"{name}: {found} features in place of {BUILDINGS}")
            written.unlink()
    return times


def kill(source: Geoplateforme, folder: Path) -> Kills:
    """Kill -9 a download in the middle, twice, and let a third end it."""
    url = source.env["TERRITOIRE_GEOPLATEFORME_WFS_URL"]
    source.reset()
    _, whole = json.loads(subprocess.run(ours(url, folder / "whole"), cwd=ROOT, stdout=-1, check=True).stdout)
    source.vice("slow", 0.5, service="wfs")
    pages = (killed_at(7, url, folder / "cut"), killed_at(15, url, folder / "cut"))
    source.reset()
    done = subprocess.run(ours(url, folder / "cut"), cwd=ROOT, stdout=-1, check=True)
    file, checksum = json.loads(done.stdout)
    keys = pyogrio.raw.read(file, columns=["cleabs"], read_geometry=False)[3][0]
    is_whole = len(keys) == len(set(keys)) == BUILDINGS and checksum == whole
    return Kills(pages, sum(seen.method == "POST" for seen in source.requests), is_whole)


def killed_at(pages: int, url: str, folder: Path) -> int:
    """Start a download, kill it when so many pages lie there, and return how many do."""
    kept = folder / "landing" / "_pages" / "batiments-0"
    process = subprocess.Popen(ours(url, folder), cwd=ROOT, stdout=subprocess.DEVNULL)
    while len(list(kept.glob("*.arrow"))) < pages and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return len(list(kept.glob("*.arrow")))


def report(times: Mapping[float, Mapping[str, Sequence[float]]], killed: Kills, rounds: int) -> str:
    """Write the results as Markdown."""
    version = subprocess.run(["ogr2ogr", "--version"], capture_output=True, text=True, check=True).stdout.split(",")[0]
    lines = [
        "<!-- Written by bench/geoplateforme_download.py. Do not edit. -->",
        "# A whole feature type of the WFS",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} CPUs, {platform.machine()},"
        f" Python {platform.python_version()}, {version}. {BUILDINGS:,} buildings with all fields to a GeoPackage in"
        f" EPSG:2154, whole processes, median of {rounds} in turns. The source is the tests' stand-in on the same"
        " machine, which makes JSON itself and has GML made by MapServer; ours also counts, cuts, counts again,"
        " checks types and axes, and keeps its pages on the disk.",
        "",
        "| source answers after | download | seconds | features/s | ours is faster by |",
        "|-|-|-|-|-|",
    ]
    for delay, by_name in times.items():
        own = statistics.median(by_name["ours"])
        for name, found in by_name.items():
            middle = statistics.median(found)
            ratio = "" if name == "ours" else f"{middle / own:.1f}"
            lines.append(f"| {delay:g} s more | {name} | {middle:.1f} | {BUILDINGS / middle:,.0f} | {ratio} |")
    said = (
        "all features, each once, the same checksum" if killed.is_whole else "NOT what a download without kills gives"
    )
    lines += [
        "",
        f"Killed (kill -9) with {killed.pages[0]} and again with {killed.pages[1]} of {PAGES} pages on the disk, then"
        f" resumed: {said}. The last run sent {killed.requests} requests: the count and three cuts, twice, and the"
        f" {PAGES - killed.pages[1]} pages that were missing.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
