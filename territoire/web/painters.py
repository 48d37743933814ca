"""Threads that read and draw rasters, a few in each process: never on the event loop, and never a queue without end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from territoire.core.errors import UnavailableError

__all__ = ["Painters"]

_THREADS = 4
#: Requests that may be drawn or wait for it: a second or two of work.
_MOST_WAITING = 100


class Painters:
    """A bounded queue of drawing work; to be closed."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="painter")
        self._inside = 0

    def close(self) -> None:
        """Let nobody in any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run[T](self, work: Callable[[], T]) -> T:
        """Do work in a thread; UnavailableError when too many wait already."""
        if self._inside >= _MOST_WAITING:
            raise UnavailableError("the server has more maps to draw than it can", remedy="try again in a moment")
        self._inside += 1
        future = self._threads.submit(work)
        loop = asyncio.get_running_loop()
        # it is inside until it ends, even if the visitor has gone
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        return await asyncio.wrap_future(future)

    def _leave(self) -> None:
        self._inside -= 1
