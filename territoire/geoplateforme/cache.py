"""Answers kept on disk, shared by the processes of a machine: the least recently used go when the folder is full."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import orjson

from territoire.geoplateforme.answers import Answer

__all__ = ["Cache", "Kept", "key"]

_MAX_BYTES = 2 * 2**30
#: The time of use is written no oftener than this, as file systems do with their own.
_USE_S = 300.0


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer from the cache, and by what the service would know it."""

    answer: Answer

    def age_s(self) -> float:
        """Seconds since the service last said that it holds."""
        return max(0.0, (datetime.now(UTC) - self.answer.retrieved_at).total_seconds())

    @property
    def conditions(self) -> dict[str, str]:
        """Headers that ask the service to answer only if it would say something else."""
        known = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
        return {asked: self.answer.headers[name] for name, asked in known.items() if name in self.answer.headers}


def key(method: str, address: str, params: Iterable[tuple[str, str]], *, secret: str | None, rest: bytes = b"") -> str:
    """Return the name that an answer is kept under: a digest, from which the key of a private service cannot be read.

    `rest` is what else decides about the answer: the body of a POST, what is accepted.
    """
    parts = [method, address, *(f"{name.lower()}={value}" for name, value in sorted(params)), secret or ""]
    digest = hashlib.sha256(b"\0".join(part.encode() for part in parts))
    digest.update(b"\0" + rest)
    return digest.hexdigest()


class Cache:
    """A folder of at most `max_bytes`; readers never see half a file, and a writer that dies leaves none behind."""

    def __init__(self, folder: Path, *, max_bytes: int = _MAX_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._written = max_bytes  # so that the first write looks at what was left by others

    def find(self, name: str) -> Kept | None:
        """Return what is kept under `name`, of whatever age."""
        file = self._file(name)
        try:
            head, _, body = file.read_bytes().partition(b"\n")
            said = orjson.loads(head)
            if said["bytes"] != len(body):
                return None
            if time.time() - file.stat().st_mtime > _USE_S:
                os.utime(file)
            retrieved_at = datetime.fromisoformat(said["retrieved_at"])
            answer = Answer(said["url"], said["status"], said["media"], said["headers"], body, retrieved_at)
        except FileNotFoundError:
            return None  # never kept, or another process just made room
        except (orjson.JSONDecodeError, KeyError):
            return None  # of another version, or of a disk that lost power
        return Kept(replace(answer, is_cached=True))

    def keep(self, name: str, answer: Answer) -> None:
        """Keep an answer, whole or not at all."""
        head = orjson.dumps(
            {
                "url": answer.url,
                "status": answer.status,
                "media": answer.media,
                "headers": _to_keep(answer.headers),
                "retrieved_at": answer.retrieved_at.isoformat(),
                "bytes": len(answer.body),
            }
        )
        file = self._file(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f".{secrets.token_hex(8)}")
        try:
            partial.write_bytes(head + b"\n" + answer.body)
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)
        self._written += len(head) + len(answer.body) + 1
        if self._written > self._max_bytes / 20:
            self._make_room()

    def _file(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def _make_room(self) -> None:
        """Remove the least recently used beyond nine tenths of the size; one process does it at a time."""
        with (self._folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            self._written = 0
            found = sorted(_files(self._folder), key=lambda one: one[1].st_mtime, reverse=True)
            total = 0
            for file, stat in found:
                total += stat.st_size
                left_by_the_dead = file.name.startswith(".") and time.time() - stat.st_mtime > 3600
                if total > self._max_bytes * 0.9 or left_by_the_dead:
                    file.unlink(missing_ok=True)


def _files(folder: Path) -> list[tuple[Path, os.stat_result]]:
    found: list[tuple[Path, os.stat_result]] = []
    for file in folder.glob("*/*"):
        with suppress(FileNotFoundError):  # removed or renamed while we look
            found.append((file, file.stat()))
    return found


def _to_keep(headers: Mapping[str, str]) -> dict[str, str]:
    wanted = ("etag", "last-modified", "content-type", "content-crs", "content-disposition")
    return {name: headers[name] for name in wanted if name in headers}
