"""Is there room on the disk for a load?"""

from __future__ import annotations

import shutil
from pathlib import Path

from territoire.core.errors import SourceError


def check(folder: Path, needed: int) -> None:
    """Refuse to start what `needed` bytes of source will not let end: SourceError says how much is missing."""
    free = shutil.disk_usage(folder).free
    # copy, table, indexes and write-ahead log: about seven times the file, measured on polygons
    if free < needed * 7 + 64 * 2**20:
        raise SourceError(
            f"{folder}: {free // 2**20} MB are free, and the load needs about {needed * 7 // 2**20 + 64} MB",
            remedy="make room, or point TERRITOIRE_VAR to a larger disk",
        )
