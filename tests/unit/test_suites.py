"""The runner of OGC's test suites: what it tells a suite, and how it reads what the suite found."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest
import suites

RESULTS = """<?xml version="1.0" encoding="UTF-8"?>
<testng-results skipped="1" failed="1" total="4" passed="1">
  <suite name="s"><test name="Core"><class name="org.opengis.cite.Landing">
    <test-method status="PASS" signature="setUp()[pri:0]" name="setUp" is-config="true"/>
    <test-method status="PASS" signature="landing()[pri:0]" name="landing"/>
    <test-method status="FAIL" signature="limit(int)[pri:0]" name="limit">
      <exception class="java.lang.AssertionError"><message><![CDATA[ expected 400
        but was 200 ]]></message></exception>
    </test-method>
    <test-method status="SKIP" signature="numberMatched()[pri:0]" name="numberMatched"/>
  </class></test></suite>
</testng-results>
"""
#: Stands in for java: keeps what it was told, and leaves the results of a suite, or none.
JAVA = """#!/bin/sh
printf '%s\\n' "$@" >"$4/arguments"
mkdir -p "$4/testng/uuid"
[ ! -f "$2" ] || cp "$2" "$4/testng/uuid/testng-results.xml"
exit 1
"""


@pytest.fixture
def jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A jar that is its own results, and the java that runs it."""
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    program.write_text(JAVA)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    made = tmp_path / "jars" / "ets-ogcapi-features10-1.9-aio.jar"
    made.parent.mkdir()
    made.write_text(RESULTS)
    return made


def test_results_are_counted_without_the_set_up_methods(tmp_path: Path) -> None:
    (tmp_path / "testng-results.xml").write_text(RESULTS)
    result = suites.read(tmp_path)
    assert (result.passed, result.count("FAIL"), result.count("SKIP")) == (1, 1, 1)
    assert suites.summary("features10", result) == (
        "features10: 1 passed, 1 failed, 1 skipped\n  FAIL limit: expected 400 but was 200\n  SKIP numberMatched: "
    )


def test_no_results_are_a_failure(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="did not run to its end"):
        suites.read(tmp_path)
    (tmp_path / "testng-results.xml").write_text("<testng-results/>")
    with pytest.raises(AssertionError, match="names no method"):
        suites.read(tmp_path)


def test_a_suite_is_told_where_the_server_is(jar: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = suites.run(jar, "features10", "http://127.0.0.1:1/ogc?a&b", out)
    assert result.count("FAIL") == 1
    assert (out / "arguments").read_text().splitlines() == ["-jar", str(jar), "-o", str(out), str(out / "props.xml")]
    text = (out / "props.xml").read_text()
    assert "DOCTYPE" not in text
    entries = {entry.get("key"): entry.text for entry in ElementTree.fromstring(text).iter("entry")}
    assert entries == {"iut": "http://127.0.0.1:1/ogc?a&b", "noofcollections": "-1"}
    jar.unlink()
    with pytest.raises(AssertionError, match="did not run"):
        suites.run(jar, "features10", "http://127.0.0.1:1/ogc", out)


def test_the_tiles_suite_gets_a_template_and_a_range(jar: Path, tmp_path: Path) -> None:
    suites.run(jar, "tiles10", "http://h/ogc", tmp_path / "out")
    text = (tmp_path / "out" / "props.xml").read_text()
    assert "http://h/ogc/collections/communes/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}</entry>" in text
    assert suites.suite_of(Path("ets-ogcapi-tiles10-1.2-aio.jar")) == "tiles10"
    assert suites.suite_of(Path("ets-ogcapi-edr10-1.3-aio.jar")) is None


def test_without_jars_or_java_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert suites.main(tmp_path) == 2
    (tmp_path / "ets-ogcapi-tiles10-1.2-aio.jar").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert suites.main(tmp_path) == 2
