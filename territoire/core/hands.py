"""Threads that do a job and can be left to it: a service that does not answer must not hold a job's place."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait

__all__ = ["Hands"]

_LOOK_EVERY_S = 0.25


class Hands:
    """Does work in threads of their own; at most `left_at_most` of them are left to themselves at a time.

    They end with the process, and what they bring after that is for nobody.
    """

    def __init__(self, left_at_most: int) -> None:
        self._left = threading.BoundedSemaphore(left_at_most)

    def do[T](self, work: Callable[[], T], *, leave: Callable[[], type[Exception] | None]) -> T:
        """Return what the work brings, or raise what `leave` names, as soon as it names an error."""
        done: Future[T] = Future()
        threading.Thread(target=_bring, args=(work, done), name="job", daemon=True).start()
        while not wait([done], timeout=_LOOK_EVERY_S).done:
            reason = leave()
            if reason and self._left.acquire(blocking=False):
                done.add_done_callback(lambda _: self._left.release())
                raise reason
        return done.result()


def _bring[T](work: Callable[[], T], done: Future[T]) -> None:
    try:
        done.set_result(work())
    except BaseException as exc:  # noqa: BLE001  raised again by who waits for it
        done.set_exception(exc)
