"""Runs schemathesis on what the demo serves and says what it found; bin/fuzz calls it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from lab import ROOT
from suites import demo

_CONFIG = ROOT / "tests" / "fuzz" / "schemathesis.toml"


def summary(report: dict[str, Any]) -> str:
    """Write what a report of schemathesis holds: requests, operations, and failures by check."""
    sent, operations = report["test_cases"]["generated"], report["operations"]
    lines = [f"fuzz: {sent} requests to {operations['tested']} of {operations['total']} operations"]
    lines += [f"  {found['count']} x {found['code']} {found['title']}" for found in report["failures"]]
    lines += [f"  error: {error}" for error in report["errors"]]
    return "\n".join(lines)


def is_clean(report: dict[str, Any]) -> bool:
    """Tell whether every operation was tested and nothing was found; a run that sent nothing is no proof."""
    operations = report["operations"]
    complete = operations["tested"] == operations["total"] > 0 and report["test_cases"]["generated"] > 0
    return complete and not report["failures"] and not report["errors"]


def run(landing: str, seconds: int, out: Path) -> dict[str, Any]:
    """Run schemathesis for so many seconds, its own words on our output; return its report."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        f"--config-file={_CONFIG}",
        "run",
        f"{landing}/openapi",
        f"--max-time={seconds}",
        "--report=json",
        f"--report-json-path={out}",
    ]
    subprocess.run(command, cwd=ROOT, timeout=seconds + 300, check=False)  # what it found is in its report
    return json.loads(out.read_bytes())


def main(seconds: int) -> int:
    """Fuzz the demo; 1 when anything was found."""
    with demo() as server, tempfile.TemporaryDirectory() as folder:
        report = run(f"{server.base}/ogc", seconds, Path(folder) / "report.json")
    print(summary(report))
    return 0 if is_clean(report) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
