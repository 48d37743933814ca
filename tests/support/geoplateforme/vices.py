"""What a source can do to its clients: the switches, the quotas, and the answers that nobody should believe."""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

#: Requests a second and client; None is no limit (sources: the provider's page of limits, 2026).
QUOTAS: dict[str, int | None] = {
    "wfs": 30,
    "wms": 40,
    "wms_vector": 50,
    "wmts": None,
    "tms": None,
    "csw": 15,
    "atom": 10,
    "search": 10,
    "styles": None,
    "geocoding": 50,
    "completion": 10,
    "altimetry": 5,
    "itinerary": 10,
    "isochrone": 5,
}
BLOCKED_S = 5
FILLERS_PER_MB = 163

#: The switches and what they do; a value in brackets is the default of `vice(name)`.
VICES = {
    "truncation": "GetFeature gives at most so many features, silently (5000; None: no limit); on from the start",
    "quota": "enforces the quotas: 429 and Retry-After, blocked for 5 s (True, or a limit for all services)",
    "busy": "answers 429 to the next N requests (3), with Retry-After of the vice retry_after (1)",
    "retry_after": "seconds that `busy` and `status` 503 announce",
    "status": "answers with this status and a page of HTML (503)",
    "slow": "waits so many seconds before it answers (2)",
    "html": "an error page in HTML, with 200",
    "exception": "an OWS exception with 200, as application/xml;charset=UTF-8",
    "axis": "the WFS takes and gives latitude, longitude in JSON and BBOX",
    "edited": "the first feature of each type has another key, the last: the count stays",
    "no_key": "these feature types have no primary key (all)",
    "capabilities_mb": "capabilities of the WFS of so many MB (5)",
    "down": "'refused' or 'reset': no connection to any service",
    "endless": "a body of so many GB (10), streamed",
    "bomb": "XML whose entities grow to a billion",
    "external_entity": "XML with an entity of a file and one of an address",
    "redirect": "302 to this address (one of the stand-in that nobody should ask, see `canary`)",
    "cut": "ends the connection in mid-body",
    "spoiled": "a file of the download service has one byte that differs from its checksum",
    "traversal": "archives of the download service hold ../ and absolute paths",
}
DEFAULTS: dict[str, Any] = {
    "truncation": 5_000,
    "busy": 3,
    "retry_after": 1,
    "status": 503,
    "slow": 2.0,
    "capabilities_mb": 5,
    "down": "refused",
    "endless": 10.0,
}

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1 if n > 1 else str()};" * 10}">' for n in range(1, 10))
    + "]><lolz>&lol9;</lolz>"
).encode()
HTML = (
    b"<!DOCTYPE html><html><head><title>Service momentan\xc3\xa9ment indisponible</title></head>"
    b"<body><h1>Service momentan\xc3\xa9ment indisponible</h1></body></html>"
)
EXCEPTION = (
    b'<?xml version="1.0" encoding="UTF-8"?><ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows/1.1"'
    b' version="2.0.0"><ows:Exception exceptionCode="NoApplicableCode"><ows:ExceptionText>java.lang.RuntimeException:'
    b" java.sql.SQLException</ows:ExceptionText></ows:Exception></ows:ExceptionReport>"
)


def external_entity(canary: str) -> bytes:
    """Return XML that asks its reader for a file and for an address."""
    return (
        f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/hostname">'
        f'<!ENTITY a SYSTEM "{canary}">]><d>&f;&a;</d>'
    ).encode()


def endless(gigabytes: float) -> Iterator[bytes]:
    """Give so many GB of a GeoJSON that never ends."""
    yield b'{"type":"FeatureCollection","features":['
    block = b'{"type":"Feature","properties":{},"geometry":null},' * 20_000
    for _ in range(int(gigabytes * 1e9 / len(block))):
        yield block


@dataclass
class _Switch:
    value: Any
    service: str | None
    times: int | None


class Switches:
    """The vices that are on; each for all services or one, for ever or for some requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._on: list[tuple[str, _Switch]] = []

    def set(self, name: str, value: Any, service: str | None, times: int | None) -> None:
        """Turn a vice on; False turns it off."""
        if name not in VICES:
            raise KeyError(f"{name}: the vices are {', '.join(VICES)}")
        with self._lock:
            self._on = [(known, it) for known, it in self._on if (known, it.service) != (name, service)]
            if value is not False:
                self._on.append((name, _Switch(DEFAULTS.get(name, True) if value is True else value, service, times)))

    def reset(self) -> None:
        """Turn all off."""
        with self._lock:
            self._on = []

    def get(self, name: str, service: str | None = None, default: Any = None) -> Any:
        """Return a vice's value for a service, without using it up."""
        with self._lock:
            fitting = (it.value for known, it in self._on if known == name and it.service in (None, service))
            return next(fitting, default)

    def take(self, name: str, service: str) -> Any:
        """Return a vice's value for a request, or None; one that was meant for N requests is used up by it."""
        with self._lock:
            for known, switch in self._on:
                if known == name and switch.service in (None, service):
                    if switch.times is not None:
                        switch.times -= 1
                        if switch.times <= 0:
                            self._on.remove((known, switch))
                    return switch.value
        return None


class Quotas:
    """Counts each client's requests in the last second; over the limit all of that service is refused for 5 s."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._blocked_until: dict[tuple[str, str], float] = {}

    def reset(self) -> None:
        """Forget all."""
        with self._lock:
            self._seen.clear()
            self._blocked_until.clear()

    def retry_after_s(self, client: str, service: str, limit: int) -> int | None:
        """Count a request; return the seconds to wait when it is one too many."""
        now, who = time.monotonic(), (client, service)
        with self._lock:
            seen = self._seen[who]
            seen.append(now)
            while seen[0] <= now - 1:
                seen.popleft()
            if len(seen) > limit:
                # it only decreases once the flood stops
                self._blocked_until[who] = now + BLOCKED_S
            rest = self._blocked_until.get(who, 0) - now
        return math.ceil(rest) if rest > 0 else None
