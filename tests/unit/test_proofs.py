"""docs/conformance.md is what the tests say: `pytest --bless` writes it anew."""

from __future__ import annotations

import proofs
import pytest
from lab import ROOT

from territoire.web.api import documents

PAGE = ROOT / "docs" / "conformance.md"


def test_the_page_names_each_class_and_what_proves_it(pytestconfig: pytest.Config) -> None:
    text = proofs.page()
    if pytestconfig.getoption("--bless"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text, "run: make test ARGS='tests/unit/test_proofs.py --bless'"


def test_each_class_that_is_claimed_is_on_the_page_and_no_other() -> None:
    rows = [line for line in proofs.page().splitlines() if line.startswith("| http")]
    assert {row.split("|")[1].strip() for row in rows} == set(documents.CONFORMANCE)
    assert all("::test_" in row for row in rows)
