"""Asks the conformance tests of our server and of stock pygeoapi, and writes what both score, class by class.

`make conformance ARGS="--against stock"` calls it; the results go to bench/results/conformance.md.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import outcomes
import proofs
from lab import ROOT
from outcomes import Outcome

RESULTS = ROOT / "bench" / "results" / "conformance.md"
_TRAPS = "test_traps.py"
_DECLARED = f"{_TRAPS}::test_the_classes_that_it_declares"
_HEAD = """\
<!-- Written by tests/support/scores.py (make conformance ARGS="--against stock"). Do not edit. -->
# What our conformance tests say of our server, and of stock pygeoapi 0.24

{date}. The same tables, the same requests. Stock is pygeoapi 0.24 unpatched, with its own PostgreSQL and
MVT-postgresql providers on the published tables. The tests are ours: they hold to what our server promises, which is
often more than a class asks (every tile within its limits, filters that agree with brute force), so that a failure of
stock is not always a breach of the standard: the first one is given for the reader to judge. OGC's own suites judge
differently. A definition that refers to schemas elsewhere fails where there is no network. {ours} cases that ask for
what only our server has (a Lambert-93 grid, say) are left out of both columns. Tests that look into our process are
not conformance tests, and in neither column.

`passed / asked`; a case may prove several classes. **Total: ours {total_ours}, stock {total_stock}.**
"""


@dataclass(frozen=True)
class Server:
    """What a run found: outcomes by `file::function[case]`."""

    outcomes: dict[str, Outcome]

    def of(self, tests: Iterable[str]) -> dict[str, Outcome]:
        """Return the cases of these tests (`file::function`)."""
        wanted = set(tests)
        return {case: one for case, one in self.outcomes.items() if case.split("[")[0] in wanted}

    @property
    def declared(self) -> set[str]:
        """The classes that the server says it conforms to."""
        return set(self.outcomes[_DECLARED].answer.split())


def run(against: str, folder: Path) -> Server:
    """Run the tests against one server; what failed is in the outcomes, a run without any is an error."""
    file = folder / f"{against}.json"
    command = [sys.executable, "-m", "pytest", "-q", "-m", "conformance", "--against", against]
    done = subprocess.run([*command, "--scores", str(file), "--tb=no", "-p", "no:cacheprovider"], cwd=ROOT, check=False)
    if done.returncode not in {0, 1}:
        raise SystemExit(f"the tests against {against} did not run to their end")
    return Server({short(node): one for node, one in outcomes.read(file).items()})


def short(node: str) -> str:
    """Leave the folders of a file out; a case may hold slashes of its own."""
    file, case = node.split("::", 1)
    return f"{Path(file).name}::{case}"


def score(found: dict[str, Outcome]) -> str:
    """Write how many cases passed, of how many that were not skipped."""
    asked = [one for one in found.values() if one.status != "skipped"]
    return f"{sum(one.status == 'passed' for one in asked)} / {len(asked)}"


def report(ours: Server, stock: Server, left_out: int) -> str:
    """Return the results as Markdown: a row a class, then a row a trap."""
    head = _HEAD.format(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        ours=left_out,
        total_ours=score(ours.outcomes),
        total_stock=score(stock.outcomes),
    )
    return "\n".join([head, *_classes(ours, stock), "", *_traps(ours, stock), ""])


def _classes(ours: Server, stock: Server) -> list[str]:
    lines = ["| Class | ours | stock | declared by stock | stock's first failure |", "|-|-|-|-|-|"]
    for uri, tests in sorted(proofs.proven().items()):
        name = uri.removeprefix("http://www.opengis.net/spec/").replace("/conf/", " ")
        theirs = stock.of(tests)
        failed = next((case for case, one in theirs.items() if one.status == "failed"), None)
        why = f"{failed.split('::')[1].split('[')[0]}: {_cell(theirs[failed].reason)}" if failed else ""
        said = "yes" if uri in stock.declared else "no"
        lines.append(f"| {name} | {score(ours.of(tests))} | {score(theirs)} | {said} | {why} |")
    return lines


def _traps(ours: Server, stock: Server) -> list[str]:
    lines = ["## Answers that clients trip over", "", "| | ours | stock |", "|-|-|-|"]
    for case, one in ours.outcomes.items():
        if case.startswith(_TRAPS) and case != _DECLARED:
            name = case.split("::test_")[1].replace("_", " ")
            cells = [f"{server.status}: {_cell(server.answer)}" for server in (one, stock.outcomes[case])]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _cell(text: str) -> str:
    return " ".join(text.split())[:160].replace("|", "\\|").replace("<", "&lt;")


def main() -> int:
    """Print the table and write it; 1 when ours fails anything."""
    with tempfile.TemporaryDirectory(prefix="territoire-scores-") as name:
        ours, stock = (run(against, Path(name)) for against in ("ours", "stock"))
    both = Server({case: one for case, one in ours.outcomes.items() if case in stock.outcomes})
    text = report(both, stock, len(ours.outcomes) - len(both.outcomes))
    print(text)
    RESULTS.write_text(text, encoding="utf-8")
    return int(any(one.status == "failed" for one in ours.outcomes.values()))


if __name__ == "__main__":
    sys.exit(main())
