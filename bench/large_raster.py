"""A raster of 1.6 GB: what its load needs of memory and time, killed in the middle and resumed.

The source is made here, 20,000 x 20,000 heights of 32 bits in EPSG:3857, and is brought to EPSG:2154 at 1 m: every
pixel is computed. The database is a private cluster of its own, in a folder that goes away.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import rasterio
from pyproj import Transformer
from rasterio.transform import Affine
from rasterio.windows import Window

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).parent / "results" / "large_raster.md"
_CORNER = (690_000.0, 5_480_000.0)
_CELL = 1.4
_DECLARED = """\
id: grand
kind: raster
title: {fr: Grand, en: Large}
abstract: {fr: Pour mesurer., en: To measure.}
theme: environnement
producer: autre
licence: licence-ouverte-2.0
source: {url: grand.tif}
raster: {srid: 2154, resolution: 1, unit: m, colours: relief}
"""


@dataclass(frozen=True)
class Run:
    """One process: how long it took, the most memory that it held, and the blocks that lay there after it."""

    seconds: float
    memory_mb: int
    blocks: int


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=20_000, help="pixels of a side of the source")
    side = parser.parse_args().side
    with tempfile.TemporaryDirectory(prefix="territoire-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        environment = _prepare(folder, side)
        try:
            text = _measure(folder, environment, side)
        finally:
            _command(environment, "database", "stop")
    print(text)
    RESULTS.write_text(text, encoding="utf-8")


def _prepare(folder: Path, side: int) -> dict[str, str]:
    """Write the source and its declaration, and start a database; return what a command needs."""
    datasets = folder / "datasets"
    shutil.copytree(ROOT / "datasets" / "_vocabulary", datasets / "_vocabulary")
    (datasets / "environnement").mkdir()
    (datasets / "environnement" / "grand.yml").write_text(_DECLARED, encoding="utf-8")
    _write(datasets / "grand.tif", side)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TERRITOIRE_", "PG"))}
    environment = {**kept, "TERRITOIRE_DATASETS": str(datasets), "TERRITOIRE_VAR": str(folder / "var")}
    _command(environment, "database", "migrate")
    return environment


def _write(file: Path, side: int) -> None:
    place = Affine(_CELL, 0, _CORNER[0], 0, -_CELL, _CORNER[1])
    profile = {"driver": "GTiff", "width": side, "height": side, "count": 1, "dtype": "float32", "crs": "EPSG:3857"}
    with rasterio.open(file, "w", **profile, transform=place, tiled=True, nodata=-9999) as made:
        for top in range(0, side, 512):
            high = min(512, side - top)
            y, x = np.mgrid[top : top + high, 0:side]
            made.write(_height(x + 0.5, y + 0.5).astype(np.float32), 1, window=Window(0, top, side, high))


def _height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return heights that are smooth, so that what reprojection makes of them is known."""
    return 1000 + 300 * np.sin(x / 900) + 200 * np.cos(y / 700)


def _measure(folder: Path, environment: Mapping[str, str], side: int) -> str:
    rasters = folder / "var" / "rasters" / "grand"
    across = -(-side // 2048)

    def half_done() -> bool:
        return len(list(rasters.glob("work-*/*.tif"))) >= across * across // 2

    killed = _run(environment, rasters, until=half_done)
    before = {file.name: file.stat().st_mtime_ns for file in rasters.glob("work-*/*.tif")}
    resumed = _run(environment, rasters, until=lambda: False, kept=before)
    file = rasters / "g1.tif"
    with rasterio.open(file) as made:
        size, worst, overviews = (made.width, made.height), _worst(made), len(made.overviews(1))
    return (
        "<!-- Written by bench/large_raster.py. Do not edit. -->\n# The load of a large raster\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} CPUs, {platform.machine()},"
        f" Python {platform.python_version()}.\n\n"
        f"{side:,} x {side:,} heights of 32 bits ({4 * side * side // 10**6:,} MB) in EPSG:3857 become a COG of"
        f" {size[0]:,} x {size[1]:,} in EPSG:2154, with {overviews} levels of overviews"
        f" ({file.stat().st_size // 10**6:,} MB).\n\n"
        "| run | seconds | most memory, MB | blocks on the disk |\n|-|-|-|-|\n"
        f"| killed (kill -9) | {killed.seconds:.0f} | {killed.memory_mb:,} | {killed.blocks} |\n"
        f"| resumed, to its end | {resumed.seconds:.0f} | {resumed.memory_mb:,} | {resumed.blocks} |\n\n"
        f"None of the {len(before)} blocks that were whole was made again. The furthest of 2,000 pixels"
        f" is {1000 * worst:.2f} mm from what it should be.\n"
    )


def _run(
    environment: Mapping[str, str], rasters: Path, *, until: Callable[[], bool], kept: Mapping[str, int] | None = None
) -> Run:
    """Load the raster, or kill the load once `until` holds; blocks that are kept must stay as they are."""
    began, memory, blocks = time.monotonic(), 0, 0
    arguments = [sys.executable, "-m", "territoire.cli.main", "etl", "run", "grand", "-q"]
    process = subprocess.Popen(arguments, env=dict(environment), cwd=ROOT, stdout=subprocess.DEVNULL)
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        found = re.search(r"VmHWM:\s+([0-9]+)", status.read_text())
        memory = max(memory, int(found[1]) // 1024 if found else 0)
        there = {file.name: file.stat().st_mtime_ns for file in rasters.glob("work-*/*.tif") if file.exists()}
        blocks = max(blocks, len(there))
        again = [name for name, moment in (kept or {}).items() if there.get(name, moment) != moment]
        if again:
            raise SystemExit(f"blocks were made again: {again}")
        if until():
            process.send_signal(signal.SIGKILL)
        time.sleep(0.2)
    if process.returncode not in {0, -signal.SIGKILL}:
        raise SystemExit("the load failed")
    return Run(time.monotonic() - began, memory, blocks)


def _worst(made: rasterio.DatasetReader) -> float:
    """Return how far the furthest of many pixels is from its height, away from the edges, where there is nothing."""
    chance = np.random.default_rng(0)
    worst = 0.0
    for _ in range(20):
        left, top = (int(chance.integers(side // 10, side - side // 10)) for side in (made.width, made.height))
        values = made.read(1, window=Window(left, top, 10, 10))
        columns, rows = np.meshgrid(np.arange(left, left + 10) + 0.5, np.arange(top, top + 10) + 0.5)
        x, y = made.transform.c + columns * made.transform.a, made.transform.f + rows * made.transform.e
        x, y = Transformer.from_crs(2154, 3857, always_xy=True).transform(x, y)
        expected = _height((x - _CORNER[0]) / _CELL, (_CORNER[1] - y) / _CELL)
        worst = max(worst, float(np.abs(values - expected).max()))
    return worst


def _command(environment: Mapping[str, str], *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "territoire.cli.main", *arguments], env=dict(environment), cwd=ROOT, check=True
    )


if __name__ == "__main__":
    main()
