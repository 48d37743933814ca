"""Which test proves which conformance class: named at the test by `proves`, read here from the tests' sources."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

COVERAGES1 = "http://www.opengis.net/spec/ogcapi-coverages-1/1.0/conf/"
MAPS1 = "http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/"
COMMON1 = "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/"
COMMON2 = "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/"
FEATURES1 = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
FEATURES2 = "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/"
FEATURES3 = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/"
FEATURES5 = "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/"
COMMON3 = "http://www.opengis.net/spec/ogcapi-common-3/1.0/conf/"
CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf/"
PROCESSES1 = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"
RECORDS1 = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/"
TILES1 = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"


def proves(*classes: str) -> Any:
    """Mark a test as the proof of conformance classes."""
    assert classes
    return pytest.mark.conformance


def proven() -> dict[str, list[str]]:
    """Return the tests that prove each class, by reading every `@proves(...)` of tests/api."""
    found: dict[str, list[str]] = {}
    for file in sorted((Path(__file__).parents[1] / "api").glob("test_*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            for decorator in node.decorator_list if isinstance(node, ast.FunctionDef) else []:
                if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "proves":
                    for argument in decorator.args:
                        name = eval(compile(ast.Expression(argument), str(file), "eval"), dict(globals()))
                        found.setdefault(name, []).append(f"{file.name}::{node.name}")
    return found


def page() -> str:
    """Write docs/conformance.md: each class that the server claims, with the tests that prove it."""
    rows = [f"| {name} | {'<br>'.join(f'`{test}`' for test in tests)} |" for name, tests in sorted(proven().items())]
    head = """\
<!-- Generated from the tests. Do not edit: make test ARGS="tests/unit/test_proofs.py --bless" -->
# Conformance

The classes that `/ogc/conformance` claims, and the tests (in tests/api) that prove each over HTTP; a test fails when
one is claimed without a proof. `make conformance` runs them, and OGC's own suites where their jars are. What stock
pygeoapi scores on the same tests is in [bench/results/conformance.md](../bench/results/conformance.md).

| Class | Proven by |
|-|-|
"""
    return head + "\n".join(rows) + "\n"
