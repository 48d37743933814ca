"""The services of the Géoplateforme: where each is, how often it may be asked, how much it may answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import parse_qsl, unquote, urlsplit

from territoire.core.errors import UpstreamError
from territoire.core.settings import Settings

__all__ = ["Service", "Services"]

_MIB = 2**20
_DAY = 86_400.0
#: A path below a service: names, digits, what an encoded name holds; never `..`, another host or parameters.
_PATH = re.compile(r"[\w.,;:@!$'()*+=~%/ -]*")


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its address, and the limits that we keep towards it."""

    name: str
    url: str
    per_second: int | None
    """Requests per second and public address that its provider allows; None for no limit."""
    timeout_s: float
    """Seconds in which an answer must have come whole."""
    max_bytes: int
    """Size of the largest answer, after decompression."""
    fresh_s: float
    """Seconds for which a kept answer is used without asking."""
    may_lack: bool = False
    """Is 404 an ordinary answer (a tile outside of what is covered)?"""
    is_bounded: bool = False
    """Is an answer beyond `max_bytes` the service's fault, whatever was asked (tiles, images, pages of records)?"""

    @property
    def is_private(self) -> bool:
        """Does it want our key? The Géoplateforme's restricted services are below /private/."""
        return "private" in urlsplit(self.url).path.split("/")

    def address(self, path: str) -> str:
        """Return the address of `path` below this service; UpstreamError when it would leave it."""
        if not path:
            return self.url
        parts = unquote(path).split("/")
        if not _PATH.fullmatch(path) or path.startswith("/") or {"..", "."} & set(parts) or "\\" in unquote(path):
            raise UpstreamError(
                f"{self.name}: {path[:80]!r} does not name anything below {self.url}",
                remedy="report the layer or the link that led there",
            )
        return f"{self.url}/{path}"


class Services:
    """All services by name: the one list of addresses that may be called."""

    def __init__(self, settings: Settings, *, most_bytes: int | None = None) -> None:
        found = _services(settings)
        if most_bytes:
            found = [replace(one, max_bytes=min(one.max_bytes, most_bytes)) for one in found]
        self._by_name = MappingProxyType({one.name: one for one in found})

    def __getitem__(self, name: str) -> Service:
        return self._by_name[name]

    def __iter__(self) -> Iterator[Service]:
        return iter(self._by_name.values())

    def locate(self, address: str) -> tuple[Service, str, dict[str, str]]:
        """Say which service an address of an answer lies below, its path there and its parameters.

        UpstreamError when it lies below none: an answer cannot send us elsewhere.
        """
        wanted = urlsplit(address)
        best: tuple[Service, str] | None = None
        for service in self._by_name.values():
            own = urlsplit(service.url)
            same = (own.scheme, own.hostname, _port(own.scheme, own.port)) == (
                wanted.scheme,
                wanted.hostname,
                _port(wanted.scheme, wanted.port),
            )
            below = wanted.path == own.path or wanted.path.startswith(own.path.rstrip("/") + "/")
            if same and below and not wanted.username and (best is None or len(own.path) > len(best[1])):
                best = service, own.path
        if best is None:
            raise UpstreamError(
                f"an answer leads to {wanted.scheme}://{wanted.netloc.rpartition('@')[2]}, which is not one of the "
                "addresses that may be called",
                remedy="compare it with the TERRITOIRE_GEOPLATEFORME_*_URL of `territoire settings`",
            )
        service, base = best
        path = wanted.path[len(base) :].lstrip("/")
        service.address(path)
        return service, path, dict(parse_qsl(wanted.query, keep_blank_values=True))


def _port(scheme: str, port: int | None) -> int | None:
    return port or {"http": 80, "https": 443}.get(scheme)


def _services(settings: Settings) -> list[Service]:
    """List them with the limits that the Géoplateforme published in 2026 (requests per second and public address)."""
    tms = urlsplit(settings.geoplateforme_tms_url)
    styles = f"{tms.scheme}://{tms.netloc}/annexes/ressources"
    navigation, geocoding = settings.geoplateforme_navigation_url, settings.geoplateforme_geocoding_url
    return [
        Service("wfs", settings.geoplateforme_wfs_url, 30, 60, 256 * _MIB, 300),
        Service("wmts", settings.geoplateforme_wmts_url, None, 20, 32 * _MIB, 7 * _DAY, may_lack=True, is_bounded=True),
        Service("wms", settings.geoplateforme_wms_url, 40, 30, 64 * _MIB, _DAY, is_bounded=True),
        Service("wms_vector", settings.geoplateforme_wms_vector_url, 50, 30, 64 * _MIB, _DAY, is_bounded=True),
        Service("tms", settings.geoplateforme_tms_url, None, 20, 32 * _MIB, 7 * _DAY, may_lack=True, is_bounded=True),
        Service("styles", styles, None, 20, 16 * _MIB, _DAY, may_lack=True, is_bounded=True),
        Service("csw", settings.geoplateforme_csw_url, 15, 30, 64 * _MIB, 3600, is_bounded=True),
        Service("atom", settings.geoplateforme_atom_url, 10, 30, 64 * _MIB, 3600, may_lack=True),
        Service("search", settings.geoplateforme_search_url, 10, 15, 16 * _MIB, 3600),
        Service("geocoding", geocoding, 50, 15, 64 * _MIB, 3600),
        Service("completion", geocoding, 10, 5, 4 * _MIB, 3600),
        Service("altimetry", settings.geoplateforme_altimetry_url, 5, 15, 16 * _MIB, _DAY),
        Service("itinerary", navigation, 10, 30, 32 * _MIB, 3600),
        Service("isochrone", navigation, 5, 30, 32 * _MIB, 3600),
    ]
