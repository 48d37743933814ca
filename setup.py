"""Carry sql/, datasets/ and pygeoapi-config/ in the wheel; all else is in pyproject.toml."""

from __future__ import annotations

import os
from collections.abc import Sequence

from setuptools import setup


def files_under(*folders: str) -> list[tuple[str, Sequence[str]]]:
    """List each folder with its files, as setuptools wants them, to be installed under share/territoire."""
    found: list[tuple[str, Sequence[str]]] = []
    for top in folders:
        for folder, below, names in os.walk(top):
            below[:] = sorted(name for name in below if not name.startswith((".", "__pycache__")))
            kept = [os.path.join(folder, name) for name in sorted(names) if not name.startswith(".")]
            if kept:
                found.append((os.path.join("share", "territoire", folder), kept))
    return found


setup(data_files=files_under("sql", "datasets", "pygeoapi-config"))
