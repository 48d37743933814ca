"""One exchange over HTTP: sent once, read within limits of size and time, redirects only to what may be called."""

from __future__ import annotations

import http.cookiejar
import logging
import time
import zlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx2

import territoire
from territoire.core.errors import UpstreamBusyError, UpstreamError, UpstreamTimeoutError
from territoire.geoplateforme.answers import OutageError
from territoire.geoplateforme.services import Service, Services

__all__ = ["Asked", "Exchange", "Raw", "UnreachableError"]

_CHUNK = 1 << 16
_REDIRECTS = 3
#: Time for a connection whose first packet was lost, and sent again after a second.
_CONNECT_S = 3.0


class UnreachableError(UpstreamBusyError):
    """The service could not be connected to, or broke off.

    `sent` says whether it may have seen the request, `is_silent` whether nothing at all came back: each further try
    would wait for as long.
    """

    def __init__(self, message: str, *, remedy: str = "", sent: bool, is_silent: bool = False) -> None:
        super().__init__(message, remedy=remedy, retry_after=30)
        self.sent = sent
        self.is_silent = is_silent


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a service."""

    service: Service
    method: str
    address: str
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])  # httpx2's arguments: data, files, content


@dataclass(frozen=True, slots=True)
class Raw:
    """What came back: status, headers in lower case, and the body, decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _WithoutKey(logging.Filter):
    """httpx2 logs each address; ours may carry the key."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key

    def filter(self, record: logging.LogRecord) -> bool:
        return self._key not in record.getMessage()


class Exchange:
    """The connections of a process to the services, with the key for the private ones."""

    def __init__(self, services: Services, *, key: str | None) -> None:
        self._services = services
        self._key = key
        # what is on its way to the Géoplateforme never takes the memory or the sockets of the rest of the server
        limits = httpx2.Limits(max_connections=64, max_keepalive_connections=16)
        agent = {"User-Agent": f"territoire/{territoire.__version__}", "Accept-Encoding": "gzip"}
        self._client = httpx2.Client(headers=agent, limits=limits, follow_redirects=False)
        self._client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        if key:
            logging.getLogger("httpx2").addFilter(_WithoutKey(key))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(self, asked: Asked) -> Raw:
        """Send it once and read the answer whole, within the service's time and size."""
        end = time.monotonic() + asked.service.timeout_s
        with self.stream(asked, timeout_s=asked.service.timeout_s) as answer:
            body = b"".join(_within(asked.service, _decompressed(asked.service, answer), end=end))
            return Raw(answer.status_code, dict(answer.headers), self._without_key(asked.service, body))

    @contextmanager
    def stream(self, asked: Asked, *, timeout_s: float) -> Generator[httpx2.Response]:
        """Send it once and give the answer to be read piece by piece, after redirects to services of ours."""
        service = asked.service
        timeout = httpx2.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s))
        address, params, method, body = asked.address, dict(asked.params), asked.method, asked.body
        try:
            for _ in range(_REDIRECTS + 1):
                own = {"apikey": self._key} if self._key and service.is_private else {}
                with self._client.stream(
                    method, address, params={**params, **own} or None, headers=asked.headers, timeout=timeout, **body
                ) as answer:
                    if not answer.has_redirect_location:
                        yield answer
                        return
                    target = str(httpx2.URL(address).join(answer.headers["location"]))
                service, path, params = self._services.locate(target)
                address = service.address(path)
                if answer.status_code not in (307, 308):
                    method, body = "GET", {}
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as exc:
            raise UnreachableError(
                f"{service.name}: the Géoplateforme cannot be reached: {exc or type(exc).__name__}",
                remedy="check the machine's network and `territoire settings`; it may also be down",
                sent=False,
                is_silent=isinstance(exc, httpx2.ConnectTimeout),
            ) from exc
        except httpx2.TimeoutException as exc:
            raise _too_slow(service) from exc
        except (httpx2.TransportError, httpx2.DecodingError) as exc:
            raise UnreachableError(
                f"{service.name}: the Géoplateforme broke off: {exc or type(exc).__name__}",
                remedy="try again later",
                sent=True,
            ) from exc
        except httpx2.InvalidURL as exc:
            raise UpstreamError(f"{service.name}: it redirects to no address: {exc}", remedy="report it") from exc
        raise UpstreamError(f"{service.name}: it redirects without end", remedy="report it to the Géoplateforme")

    def _without_key(self, service: Service, body: bytes) -> bytes:
        """Strike the key out of an answer: capabilities and exceptions may repeat the address that was asked."""
        if self._key is None or not service.is_private:
            return body
        return body.replace(self._key.encode(), b"***").replace(quote(self._key, safe="").encode(), b"***")


def _too_slow(service: Service) -> UpstreamTimeoutError:
    return UpstreamTimeoutError(
        f"{service.name}: the Géoplateforme did not answer within {service.timeout_s:g} s",
        remedy="ask for less (a smaller box, fewer features), or try again later",
    )


def _decompressed(service: Service, answer: httpx2.Response) -> Iterator[bytes]:
    """Decompress in pieces of bounded size: a bomb is noticed by the size limit before it is in memory."""
    encoding = answer.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        yield from answer.iter_raw()
        return
    if encoding not in ("gzip", "x-gzip"):
        raise UpstreamError(f"{service.name}: it answers in {encoding!r}, which was not asked", remedy="report it")
    inflating = zlib.decompressobj(wbits=31)
    try:
        for piece in answer.iter_raw():
            while piece:
                yield inflating.decompress(piece, _CHUNK * 16)
                piece = inflating.unconsumed_tail
    except zlib.error as exc:
        raise UpstreamError(f"{service.name}: the answer cannot be decompressed: {exc}", remedy="try again") from exc
    if not inflating.eof:
        raise UnreachableError(f"{service.name}: the answer was cut short", remedy="try again later", sent=True)


def _within(service: Service, pieces: Iterator[bytes], *, end: float) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > service.max_bytes:
            message = f"{service.name}: the answer is larger than {service.max_bytes} bytes"
            if service.is_bounded:
                raise OutageError(message, remedy="try again later; tell the operators if it stays so")
            raise UpstreamError(message, remedy="ask for less: a smaller box, fewer features")
        if time.monotonic() > end:
            raise _too_slow(service)
        yield piece
