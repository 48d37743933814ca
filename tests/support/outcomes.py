"""What became of each test of a run, as a file that another program reads."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest


@dataclass
class Outcome:
    """A test as it ended: passed, failed or skipped, the first line of why, and what it recorded."""

    status: str
    reason: str = ""
    answer: str = ""


class Recorder:
    """A plug-in of pytest that writes the outcome of each test to a JSON file, by node id."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._found: dict[str, Outcome] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the worst of set-up, call and teardown."""
        found = self._found.setdefault(report.nodeid, Outcome("passed"))
        if report.outcome != "passed" and found.status != "failed":
            found.status, found.reason = report.outcome, _reason(report)
        for name, value in report.user_properties:
            if name == "answer":
                found.answer = str(value)

    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        found = {node: asdict(outcome) for node, outcome in self._found.items()}
        self._file.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")


def read(file: Path) -> dict[str, Outcome]:
    """Read what a Recorder wrote."""
    return {node: Outcome(**one) for node, one in json.loads(file.read_text("utf-8")).items()}


def _reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    crash = getattr(report.longrepr, "reprcrash", None)
    said = crash.message if crash else str(report.longrepr)
    return said.splitlines()[0] if said else ""
