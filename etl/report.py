"""What a run tells while it works; the command line turns it into a progress bar or plain lines."""

from __future__ import annotations

from typing import Protocol


class Report(Protocol):
    """Hears of a run's progress."""

    def step(self, dataset: str, step: str, detail: str) -> None:
        """A step of a dataset's run has begun."""
        ...

    def progress(self, done: int, total: int | None) -> None:
        """Rows or bytes done so far in this step, of a total where it is known."""
        ...


class Silent:
    """Tells nobody."""

    def step(self, dataset: str, step: str, detail: str) -> None:
        """Hear and forget."""

    def progress(self, done: int, total: int | None) -> None:
        """Hear and forget."""
