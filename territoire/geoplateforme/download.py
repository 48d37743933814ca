"""Large files to the disk: streamed within a size limit, continued where they were cut."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import httpx2

from territoire.core.errors import UpstreamError
from territoire.core.http import MAX_BYTES, Download
from territoire.geoplateforme import answers, refusals
from territoire.geoplateforme.exchange import Asked, Exchange

__all__ = ["Download", "Partial", "fetch"]

#: Seconds without a byte after which a download is cut, to be continued.
_SILENCE_S = 30.0


class Partial:
    """What has arrived of a file, beside its final name, and of which version of it."""

    def __init__(self, target: Path, *, keep: bool) -> None:
        self.target = target
        self.file = target.with_name(f"{target.name}.part")
        self._version = target.with_name(f"{target.name}.part.json")
        if not keep:
            self.forget()

    @property
    def size(self) -> int:
        """Bytes that have arrived."""
        return self.file.stat().st_size if self.file.exists() else 0

    def conditions(self, address: str) -> dict[str, str]:
        """Headers that ask for the rest of the same version; none where that cannot be asked."""
        try:
            known = json.loads(self._version.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        validator = known.get("validator")
        if not self.size or not validator or known.get("address") != address:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": validator}

    def begin(self, address: str, headers: Mapping[str, str]) -> None:
        """Start anew with this version; a weak ETag cannot be continued (RFC 9110, 13.1.5)."""
        etag = headers.get("etag", "")
        validator = etag if etag and not etag.startswith("W/") else headers.get("last-modified")
        self.forget()
        self._version.write_text(json.dumps({"address": address, "validator": validator}))

    def finish(self) -> None:
        """Give the file its final name."""
        self.file.replace(self.target)
        self._version.unlink(missing_ok=True)

    def forget(self) -> None:
        """Remove what has arrived."""
        self.file.unlink(missing_ok=True)
        self._version.unlink(missing_ok=True)


def fetch(exchange: Exchange, asked: Asked, partial: Partial, progress: Callable[[int, int | None], None]) -> Download:
    """Fetch the file, or the rest of it; what arrived before a failure stays for the next try."""
    conditions = partial.conditions(asked.address)
    asked = replace(asked, headers={**asked.headers, **conditions, "Accept-Encoding": "identity"})
    with exchange.stream(asked, timeout_s=_SILENCE_S) as answer:
        if answer.status_code == 416:
            partial.forget()
        if answer.status_code not in (200, 206):
            refusals.check_status(asked.service, answer.status_code, answer.headers, _beginning(answer))
        _refuse_encoding(asked, answer)
        if answer.status_code == 206 and _start(answer) == partial.size and conditions:
            done = partial.size
        elif answer.status_code == 206:
            partial.forget()
            raise UpstreamError(f"{asked.service.name}: it sends another part than was asked", remedy="try again")
        else:
            partial.begin(asked.address, answer.headers)
            done = 0
        total = _total(answer, done)
        with partial.file.open("ab") as file:
            for piece in answer.iter_raw():
                if done == 0:
                    answers.check(piece, service=asked.service.name, html=False)
                done += len(piece)
                if done > MAX_BYTES:
                    partial.forget()
                    raise UpstreamError(f"{asked.service.name}: more than {MAX_BYTES} bytes", remedy="ask for a part")
                file.write(piece)
                progress(done, total)
        partial.finish()
        return Download(done, answer.headers.get("etag"), answer.headers.get("last-modified"))


def _beginning(answer: httpx2.Response) -> bytes:
    return next(answer.iter_raw(), b"")


def _refuse_encoding(asked: Asked, answer: httpx2.Response) -> None:
    encoding = answer.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise UpstreamError(
            f"{asked.service.name}: it answers in {encoding!r}, which was not asked", remedy="report it"
        )


def _start(answer: httpx2.Response) -> int | None:
    given = answer.headers.get("content-range", "").removeprefix("bytes ").partition("-")[0]
    return int(given) if given.isascii() and given.isdigit() else None


def _total(answer: httpx2.Response, before: int) -> int | None:
    length = answer.headers.get("content-length", "")
    return before + int(length) if length.isascii() and length.isdigit() else None
