"""Shows a run's progress: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

_LINE_EVERY_S = 5.0


class Bars:
    """One bar a dataset, on a terminal."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[dataset]:<28}"),
            TextColumn("{task.description:<9}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def step(self, dataset: str, step: str, detail: str) -> None:
        """Name the step that begins."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(step, dataset=dataset, total=None)

    def progress(self, done: int, total: int | None) -> None:
        """Move the bar."""
        if self._task is not None:
            self._progress.update(self._task, completed=done, total=total)


class Lines:
    """A line a step, and one every few seconds of a long one, for logs."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._step = ""
        self._last = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is left open."""

    def step(self, dataset: str, step: str, detail: str) -> None:
        """Write which step begins."""
        self._step = f"{dataset}: {step}"
        self._last = time.monotonic()
        if not self._quiet:
            print(f"{self._step} {detail}".rstrip(), file=sys.stderr, flush=True)

    def progress(self, done: int, total: int | None) -> None:
        """Write how far it is, now and then."""
        now = time.monotonic()
        if not self._quiet and now - self._last > _LINE_EVERY_S:
            self._last = now
            print(f"{self._step} {done}{f' of {total}' if total else ''}", file=sys.stderr, flush=True)


def reporter(*, quiet: bool) -> Bars | Lines:
    """Choose how to show progress."""
    return Bars() if sys.stderr.isatty() and not quiet else Lines(quiet=quiet)
