"""The circuit breaker of a service: after failures in a row it is left alone for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from territoire.core.errors import UpstreamBusyError

__all__ = ["Breaker"]


class Breaker:
    """Refuses at once while a service is down, so that nobody waits for its time limit again and again.

    It is of one process. After `rest_s` seconds one request is let through: its success closes the circuit.
    """

    def __init__(
        self, service: str, *, failures: int = 5, rest_s: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._service = service
        self._limit = failures
        self._rest_s = rest_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._open_until: float | None = None

    def enter(self) -> None:
        """Pass, or raise UpstreamBusyError while the circuit is open."""
        with self._lock:
            if self._open_until is None:
                return
            left = self._open_until - self._clock()
            if left > 0:
                raise UpstreamBusyError(
                    f"{self._service}: the Géoplateforme has just failed several times in a row, and is left alone",
                    remedy="try again later; cartes.gouv.fr says when a service is interrupted",
                    retry_after=max(1, round(left)),
                )
            # this one tries; the others wait for what it finds
            self._open_until = self._clock() + self._rest_s

    def succeed(self) -> None:
        """Note an answer."""
        with self._lock:
            self._failed, self._open_until = 0, None

    def fail(self, *, counts: int = 1) -> None:
        """Note a failure of the service, not of the request; one that costs its visitors much `counts` for several."""
        with self._lock:
            self._failed += counts
            if self._failed >= self._limit:
                self._open_until = self._clock() + self._rest_s
