"""Our HTTP client: downloads to a file with retries where they are safe, time limits and a size limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx2
import stamina

from territoire.core.errors import SourceError

_TIMEOUT = httpx2.Timeout(30.0, connect=10.0)
_TRIES = 4
#: A source larger than this is declared by mistake; the landing disk is not filled to find out.
MAX_BYTES = 50 * 2**30


@dataclass(frozen=True, slots=True)
class Download:
    """What a server said of what it sent."""

    bytes: int
    etag: str | None
    last_modified: str | None


class _RetryableError(Exception):
    pass


def download(url: str, target: Path, *, progress: Callable[[int, int | None], None]) -> Download:
    """Stream `url` to `target`; SourceError when it is refused, or cut short after several tries."""
    retrying = stamina.retry_context(on=(_RetryableError, httpx2.TransportError), attempts=_TRIES, timeout=600)
    try:
        for attempt in retrying:
            with attempt:
                return _once(url, target, progress)
    except (httpx2.TransportError, httpx2.InvalidURL, _RetryableError) as exc:
        raise SourceError(
            f"{url}: {exc or type(exc).__name__}", remedy="try again later, or check the address"
        ) from exc
    raise AssertionError("retry_context ends by a return or an exception")


def _once(url: str, target: Path, progress: Callable[[int, int | None], None]) -> Download:
    with (
        httpx2.Client(timeout=_TIMEOUT, follow_redirects=True) as client,
        client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as answer,
    ):
        if answer.status_code == 429 or answer.status_code >= 500:
            raise _RetryableError(f"the server answers {answer.status_code}")
        if answer.status_code != 200:
            raise SourceError(f"{url}: the server answers {answer.status_code}", remedy="check the address")
        length = answer.headers.get("content-length")
        total = int(length) if length and length.isdigit() else None
        done = 0
        with target.open("wb") as file:
            for chunk in answer.iter_bytes(1 << 20):
                file.write(chunk)
                done += len(chunk)
                if done > MAX_BYTES:
                    raise SourceError(f"{url}: more than {MAX_BYTES} bytes", remedy="declare a smaller source")
                progress(done, total)
    return Download(done, answer.headers.get("etag"), answer.headers.get("last-modified"))
