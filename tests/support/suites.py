"""Runs OGC's executable test suites, where their jars are, against a server on the demo; bin/conformance calls it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from lab import ROOT, Lab, Server

from etl import refresh
from territoire.core import cluster, migrations
from territoire.core.database import Urls
from territoire.core.settings import Settings

_LONGEST_S = 1800
_TILES = "{base}/collections/communes/tiles/WebMercatorQuad/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
#: What each suite wants to know, by a part of its jar's name; `{base}` is the landing page.
_PROPERTIES: dict[str, dict[str, str]] = {
    "features10": {"iut": "{base}", "noofcollections": "-1"},
    "tiles10": {
        "iut": "{base}",
        "tilematrixsetdefinitionuri": "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad",
        "urltemplatefortiles": _TILES,
        # a matrix whose tiles in this range all hold communes: the suite takes no 204
        "tilematrix": "8",
        "mintilerow": "93",
        "maxtilerow": "93",
        "mintilecol": "131",
        "maxtilecol": "132",
    },
}


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a suite that did not pass: FAIL or SKIP, and why."""

    status: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a suite found."""

    passed: int
    others: tuple[Method, ...]

    def count(self, status: str) -> int:
        """Return how many methods ended so."""
        return sum(method.status == status for method in self.others)


def read(out: Path) -> Result:
    """Read the testng-results.xml below a folder; AssertionError when there is none, or it ran nothing."""
    files = sorted(out.rglob("testng-results.xml"))
    assert files, f"no testng-results.xml below {out}: the suite did not run to its end"
    passed = 0
    others: list[Method] = []
    for file in files:
        for method in ElementTree.parse(file).getroot().iter("test-method"):
            if method.get("is-config") == "true":
                continue
            if method.get("status") == "PASS":
                passed += 1
            else:
                said = " ".join((method.findtext("exception/message") or "").split())
                name = f"{method.get('signature', '?').split('(')[0]}"
                others.append(Method(method.get("status", "?"), name, said[:300]))
    assert passed or others, f"{files[0]} names no method"
    return Result(passed, tuple(others))


def suite_of(jar: Path) -> str | None:
    """Return which suite a jar holds, None for one that we offer nothing to."""
    return next((suite for suite in _PROPERTIES if suite in jar.name), None)


def run(jar: Path, suite: str, landing: str, out: Path) -> Result:
    """Run one jar against a landing page, and read what it found."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    entries = "".join(
        f'  <entry key="{key}">{escape(value.format(base=landing))}</entry>\n'
        for key, value in _PROPERTIES[suite].items()
    )
    # without the DOCTYPE of Java's own properties files, which would be fetched
    properties = f'<?xml version="1.0" encoding="UTF-8"?>\n<properties version="1.0">\n{entries}</properties>\n'
    (out / "props.xml").write_text(properties, encoding="utf-8")
    with (out / "log").open("wb") as log:
        subprocess.run(
            ["java", "-jar", jar, "-o", out, out / "props.xml"],
            stdout=log,
            stderr=log,
            timeout=_LONGEST_S,
            check=False,  # what it found is in its results, whatever its exit status
        )
    return read(out)


def summary(suite: str, result: Result) -> str:
    """Write what a suite found: a line, then one for each method that did not pass."""
    counts = f"{result.passed} passed, {result.count('FAIL')} failed, {result.count('SKIP')} skipped"
    lines = [f"{suite}: {counts}"]
    lines += [f"  {method.status} {method.name}: {method.reason}" for method in result.others]
    return "\n".join(lines)


@contextmanager
def demo() -> Generator[Server]:
    """Serve the demo from a private cluster, and remove both."""
    folder = Path(tempfile.mkdtemp(prefix="territoire-suites-"))
    folder.chmod(0o755)
    private = cluster.locate(Settings(var=folder / "var"))
    try:
        cluster.ensure_started(private)
        urls = Urls(*(cluster.url(private, role) for role in ("admin", "loader", "reader")))
        migrations.migrate(urls.admin, report=print)
        lab = Lab(urls, folder / "lab")
        lab.use_the_declared()
        for dataset in refresh.order(list(lab.registry.datasets.values())):
            lab.load(dataset.id)
        with lab.serve(workers=2) as server:
            yield server
    finally:
        cluster.remove(private)
        shutil.rmtree(folder)


def main(jars: Path) -> int:
    """Run every jar of a folder; 1 when a method failed or a suite did not run, 2 when nothing could be run."""
    found = sorted(jars.glob("ets-*-aio.jar"))
    if not found or shutil.which("java") is None:
        print(f"no ets-*-aio.jar in {jars}" if not found else "java is not on the PATH (JDK 17)", file=sys.stderr)
        return 2
    status = 0
    with demo() as server:
        for jar in found:
            suite = suite_of(jar)
            if suite is None:
                print(f"{jar.name}: not run: nothing is offered to it yet")
                continue
            try:
                result = run(jar, suite, f"{server.base}/ogc", ROOT / "var" / "conformance" / suite)
            except (AssertionError, subprocess.TimeoutExpired) as exc:
                print(f"{suite}: FAILED TO RUN: {exc}", flush=True)
                status = 1
                continue
            print(summary(suite, result), flush=True)
            status = max(status, int(result.count("FAIL") > 0))
    return status


if __name__ == "__main__":
    sys.exit(main(Path(os.environ["OGC_ETS_JARS"])))
