"""The quota of a service, shared by all processes of the machine through one locked file."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

from territoire.core.errors import UpstreamBusyError

__all__ = ["Quota"]

#: Share of the published limit that we use: other programs may share our public address.
_SHARE = 0.9
#: Seconds of the sliding window: more than the second of the limit, since two requests sent a second apart
#: arrive nearer to each other when the first had to open its connection.
_WINDOW_S = 1.1
_LONGEST_BLOCK_S = 3600.0


class _State(TypedDict):
    turns: list[float]
    blocked_until: float


class Quota:
    """Grants turns so that in any second the machine sends at most 90 % of what the service allows.

    The file holds the times of the last turns, those to come included, on the machine's monotonic clock.
    A holder that is killed frees its lock; what it had reserved passes unused.
    """

    def __init__(
        self,
        file: Path,
        *,
        service: str,
        per_second: int | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._file = file
        self._service = service
        self._turns = max(1, int(per_second * _SHARE)) if per_second else None
        self._clock = clock
        self._sleep = sleep

    def wait(self, patience_s: float) -> None:
        """Wait for a turn, `patience_s` seconds at most; UpstreamBusyError when that is too short."""
        end = self._clock() + patience_s
        while True:
            turn = self._reserve(end)
            if turn is None:
                return
            self._sleep(max(0.0, turn - self._clock()))
            if self._blocked_until() <= self._clock():
                return

    def block(self, seconds: float) -> None:
        """Keep every process of the machine from asking for `seconds`: the service said 429."""
        with self._locked() as state:
            until = self._clock() + min(seconds, _LONGEST_BLOCK_S)
            state["blocked_until"] = max(state["blocked_until"], until)

    def _reserve(self, end: float) -> float | None:
        """Take the first free turn and return its time, None for now."""
        if self._turns is None and not self._file.exists():
            return None
        with self._locked() as state:
            now = self._clock()
            turns = state["turns"]
            free = max(now, state["blocked_until"])
            if self._turns is not None and len(turns) >= self._turns:
                free = max(free, turns[-self._turns] + _WINDOW_S)
            if free > end:
                raise UpstreamBusyError(
                    f"{self._service}: our turn comes in {free - now:.0f} s, which is too long to wait",
                    remedy="try again then; the Géoplateforme limits the requests of each public address",
                    retry_after=max(1, round(free - now)),
                )
            if self._turns is not None:
                state["turns"] = [*turns, free][-self._turns :]
            return free if free > now else None

    def _blocked_until(self) -> float:
        with self._locked() as state:
            return state["blocked_until"]

    @contextmanager
    def _locked(self) -> Generator[_State]:
        """Give the state under the lock, and write it back if it was changed."""
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            before = os.pread(descriptor, 1 << 16, 0)
            state = self._state(before)
            yield state
            after = json.dumps(state).encode()
            if after != before:
                os.pwrite(descriptor, after, 0)
                os.ftruncate(descriptor, len(after))
        finally:
            os.close(descriptor)

    def _state(self, text: bytes) -> _State:
        """Read the state; a file cut by a crash counts as a window just used up."""
        now = self._clock()
        try:
            state: _State = json.loads(text) if text else {"turns": [], "blocked_until": 0.0}
            turns, blocked = [float(turn) for turn in state["turns"]], float(state["blocked_until"])
        except (ValueError, KeyError, TypeError):
            turns, blocked = [now] * (self._turns or 0), 0.0
        # the clock starts anew with the machine: what lies beyond any block is from before
        horizon = now + _LONGEST_BLOCK_S + 1
        return {
            "turns": sorted(turn for turn in turns if turn < horizon),
            "blocked_until": blocked if blocked < horizon else 0.0,
        }
