"""When each service last answered and last failed, known to all processes of a machine by the times of two files."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["Beat", "Pulse"]

#: A file is touched no oftener: nobody reads seconds.
_RESOLUTION_S = 5.0


@dataclass(frozen=True, slots=True)
class Beat:
    """What is known of a service: moments in UTC, None where it never did."""

    answered_at: datetime | None
    failed_at: datetime | None

    @property
    def is_failing(self) -> bool:
        """Did it fail after it last answered?"""
        return self.failed_at is not None and (self.answered_at is None or self.failed_at > self.answered_at)


class Pulse:
    """Notes in `folder` what the services do; safe among threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._noted: dict[str, tuple[bool, float]] = {}

    def note(self, service: str, *, answered: bool) -> None:
        """Note that a service answered, or failed, now."""
        now = time.monotonic()
        with self._lock:
            was, at = self._noted.get(service, (not answered, 0.0))
            if was == answered and now - at < _RESOLUTION_S:
                return
            self._noted[service] = (answered, now)
        self._file(service, answered=answered).touch()

    def last(self, service: str) -> Beat:
        """Return what is known of a service."""
        return Beat(*(_touched(self._file(service, answered=answered)) for answered in (True, False)))

    def _file(self, service: str, *, answered: bool) -> Path:
        return self._folder / f"{service}.{'answered' if answered else 'failed'}"


def _touched(file: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None
