"""Asks the Géoplateforme for the routes, in threads of its own: a slow source holds up nobody but its visitors."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from territoire.core.errors import UpstreamBusyError
from territoire.core.settings import Settings
from territoire.geoplateforme.answers import Answer
from territoire.geoplateforme.transport import VISITORS_BYTES, Transport

__all__ = ["Facades"]

#: Threads of each service, and how many requests may be with it or wait for it.
_THREADS = 8
_MOST_WAITING = 40
#: A tenth of Python's own: who reads a large answer hands the interpreter back to the event loop sooner.
_SWITCH_S = 0.0005


class _Room:
    def __init__(self, service: str) -> None:
        self.threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"geoplateforme-{service}")
        self.inside = 0


class Facades:
    """The transport of this process and a bounded queue for each service; to be closed."""

    def __init__(self, given: Settings) -> None:
        sys.setswitchinterval(_SWITCH_S)
        self.transport = Transport(given, most_bytes=VISITORS_BYTES)
        self._rooms: dict[str, _Room] = {}

    def close(self) -> None:
        """Let nobody in any more, and close the connections."""
        for room in self._rooms.values():
            room.threads.shutdown(wait=False, cancel_futures=True)
        self.transport.close()

    async def run[T](self, service: str, work: Callable[[], T]) -> T:
        """Do blocking work of a service in one of its threads; UpstreamBusyError when too many wait already."""
        room = self._rooms.setdefault(service, _Room(service))
        if room.inside >= _MOST_WAITING:
            raise UpstreamBusyError(
                f"{service}: too many requests wait for the Géoplateforme",
                remedy="try again in a moment",
                retry_after=2,
            )
        room.inside += 1
        future = room.threads.submit(contextvars.copy_context().run, work)
        # it is in the room until it ends, even if the visitor has gone
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave, room))
        loop = asyncio.get_running_loop()
        return await asyncio.wrap_future(future)

    def headers(self, service: str, answer: Answer, *, keep_s: int) -> dict[str, str]:
        """Return what a visitor is told of the age of an answer (RFC 9211), and how long a good one may be kept.

        A kept answer that stands in for a source that fails has a negative ttl.
        """
        age = max(0, int((datetime.now(UTC) - answer.retrieved_at).total_seconds()))
        ttl = int(self.transport.services[service].fresh_s) - age
        if answer.is_stale:
            status = f"territoire; hit; ttl={min(ttl, -1)}; detail=SOURCE-FAILS"
            return {"Cache-Status": status, "Age": str(age), "Cache-Control": "public, no-cache"}
        if answer.is_cached:
            return {
                "Cache-Status": f"territoire; hit; ttl={ttl}",
                "Age": str(min(age, keep_s)),
                "Cache-Control": f"public, max-age={keep_s}",
            }
        return {"Cache-Status": "territoire; fwd=miss", "Cache-Control": f"public, max-age={keep_s}"}

    def _leave(self, room: _Room) -> None:
        room.inside -= 1
