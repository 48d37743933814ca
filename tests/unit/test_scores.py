"""The table of what our server and stock pygeoapi score, from outcomes as a run leaves them."""

from __future__ import annotations

from pathlib import Path

import outcomes
import proofs
import pytest
import scores
from outcomes import Outcome, Recorder

FILE = "tests/api/test_tiles.py"
CASE = "test_a_tile_holds_the_collections_that_are_chosen_in_their_order[/ogc/tiles/x]"
CLASS = f"{proofs.TILES1}collections-selection"


def _server(status: str, reason: str = "", declared: str = "") -> scores.Server:
    told = Outcome("passed", answer=declared)
    trap = Outcome(status, reason, "404 | <b>")
    return scores.Server(
        {
            f"test_tiles.py::{CASE}": Outcome(status, reason),
            "test_traps.py::test_the_classes_that_it_declares": told,
            "test_traps.py::test_a_trap_for_a_client[/a]": trap,
        }
    )


def test_a_class_has_the_score_of_its_tests_and_the_first_failure() -> None:
    text = scores.report(_server("passed"), _server("failed", "assert 1 == 2", CLASS), 3)
    row = next(line for line in text.splitlines() if line.startswith("| ogcapi-tiles-1/1.0 collections-selection"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:4] == ["1 / 1", "0 / 1", "yes"]
    assert cells[4] == f"{CASE.split('[', 1)[0]}: assert 1 == 2"
    assert "ours 3 / 3, stock 1 / 3" in text
    assert "| a trap for a client[/a] | passed: 404 \\| &lt;b> | failed: 404 \\| &lt;b> |" in text


def test_what_was_skipped_was_not_asked() -> None:
    assert scores.score(_server("skipped").outcomes) == "1 / 1"


def test_an_outcome_is_the_worst_of_a_tests_phases(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "scores.json")

    def phase(when: str, outcome: str, said: object) -> pytest.TestReport:
        place = (FILE, 1, CASE)
        node = f"{FILE}::{CASE}"
        return pytest.TestReport(node, place, {}, outcome, said, when, user_properties=[("answer", "200")])  # type: ignore[arg-type]

    for report in (
        phase("setup", "passed", None),
        phase("call", "failed", "E 1\nE 2"),
        phase("teardown", "passed", None),
    ):
        recorder.pytest_runtest_logreport(report)
    recorder.pytest_sessionfinish()
    [(node, found)] = outcomes.read(tmp_path / "scores.json").items()
    assert (scores.short(node), found) == (f"test_tiles.py::{CASE}", Outcome("failed", "E 1", "200"))
