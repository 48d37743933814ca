"""The runner of schemathesis: what it says of a report, and when it is content."""

from __future__ import annotations

from typing import Any

import fuzz
import pytest

CLEAN: dict[str, Any] = {
    "test_cases": {"generated": 40_000},
    "operations": {"total": 68, "tested": 68},
    "failures": [],
    "errors": [],
}
FOUND = {"code": "ST202", "title": "Schema-valid request rejected", "count": 3}


def test_a_clean_report_is_one_line() -> None:
    assert fuzz.is_clean(CLEAN)
    assert fuzz.summary(CLEAN) == "fuzz: 40000 requests to 68 of 68 operations"


def test_failures_are_counted_by_check() -> None:
    assert "3 x ST202 Schema-valid request rejected" in fuzz.summary({**CLEAN, "failures": [FOUND]})


@pytest.mark.parametrize(
    "changed",
    [
        {"failures": [FOUND]},
        {"errors": ["the server is away"]},
        {"operations": {"total": 68, "tested": 67}},
        {"operations": {"total": 0, "tested": 0}},
        {"test_cases": {"generated": 0}},
    ],
)
def test_what_was_found_or_not_run_is_a_failure(changed: dict[str, Any]) -> None:
    assert not fuzz.is_clean({**CLEAN, **changed})
