"""The system's programs of GDAL."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest
from lab import Server


def version() -> tuple[int, int]:
    """Return the version of the system's GDAL; the test is skipped where there is none."""
    if not shutil.which("ogr2ogr"):
        pytest.skip("GDAL's programs are not installed (Debian: gdal-bin)")
    found = re.search(r"GDAL (\d+)\.(\d+)", run("ogrinfo", "--version"))
    assert found
    return int(found[1]), int(found[2])


def run(*command: str) -> str:
    """Run a program of GDAL, which says errors on stderr even where it ends with 0."""
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr, done.stderr
    return done.stdout


def service(server: Server) -> str:
    """Name the server as GDAL wants it."""
    return f"OAPIF:{server.base}/ogc"
