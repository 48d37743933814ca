"""Runs a script with the Python of the system, which knows QGIS, in a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from lab import ROOT

PYTHON = Path("/usr/bin/python3")  # QGIS comes with the Python of the system, not with ours


def run(script: str, *arguments: Path | str, home: Path) -> dict[str, Any]:
    """Return the findings that a script of tests/e2e printed last; the test is skipped where there is no QGIS."""
    home.chmod(0o700)
    # nothing of our virtual environment: it is another Python
    environment = {
        "PATH": os.defpath,
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "LC_ALL": "C.UTF-8",
        "QT_QPA_PLATFORM": "offscreen",
        "NO_PROXY": "127.0.0.1",
    }
    check = [PYTHON, "-c", "import qgis.core"]
    if not PYTHON.exists() or subprocess.run(check, env=environment, capture_output=True, check=False).returncode:
        pytest.skip("QGIS is not installed (bin/setup-e2e)")
    done = subprocess.run(
        [PYTHON, ROOT / "tests" / "e2e" / script, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    findings: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return findings
