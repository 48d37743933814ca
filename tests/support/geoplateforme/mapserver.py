"""Runs MapServer's CGI program, one process per request."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

_TOO_LONG_S = 120


@dataclass(frozen=True)
class Answer:
    """What MapServer answered; it says 200 to almost anything."""

    media: str
    body: bytes


def is_installed() -> bool:
    """Say whether the program is on this machine (Debian: package cgi-mapserver or mapserver-bin)."""
    return _program() is not None


def ask(folder: Path, mapfile: str, parameters: Mapping[str, str]) -> Answer:
    """Answer a request, given as KVP parameters, with a mapfile of `folder`."""
    program = _program()
    if program is None:
        raise FileNotFoundError("mapserv: run bin/setup-system, or apt-get install cgi-mapserver mapserver-bin")
    # a form, as a filter with a polygon does not fit the environment
    form = urlencode(parameters).encode()
    run = subprocess.run(
        [program],
        input=form,
        capture_output=True,
        check=True,
        timeout=_TOO_LONG_S,
        env={
            "PATH": os.environ.get("PATH", ""),
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(form)),
            "MS_MAPFILE": str(folder / mapfile),
            "MAPSERVER_CONFIG_FILE": str(folder / "mapserver.conf"),
            "OGR_SQLITE_PRAGMA": "mmap_size=268435456",
        },
    )
    head, _, body = run.stdout.partition(b"\r\n\r\n")
    media = next(
        line.split(b":", 1)[1].strip().decode()
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-type:")
    )
    return Answer(media, body)


def _program() -> str | None:
    return shutil.which("mapserv", path=f"{os.environ.get('PATH', '')}:/usr/lib/cgi-bin:/usr/libexec")
