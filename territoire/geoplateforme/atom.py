"""The download service (Atom, RFC 4287): the newest edition of a product, and the files that it comes in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from territoire.core.errors import NotFoundError, UpstreamBusyError
from territoire.geoplateforme import xml
from territoire.geoplateforme.reading import odd
from territoire.geoplateforme.transport import Transport

__all__ = ["Edition", "File", "files", "newest"]

_SERVICE = "atom"
_ATOM = "{http://www.w3.org/2005/Atom}"
_OWN = "{https://data.geopf.fr/annexes/ressources/xsd/gpf_dl.xsd}"
#: The service gives no more entries on a page.
_PAGE = 50
#: No product has as many pages of editions in one format and zone.
_MOST_PAGES = 200
_MD5 = re.compile(r"[0-9a-f]{32}")
#: What only changed since an edition before: no state of the data.
_DIFFERENCE = re.compile(r"(^|[_-])DIFF", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Edition:
    """A product as it was on a day, in one format, CRS and zone."""

    resource: str
    name: str
    date: str
    """YYYY-MM-DD."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of an edition; `path` is below the service, `md5` its checksum where the service gives one."""

    name: str
    path: str
    bytes: int | None
    md5: str | None


def newest(transport: Transport, resource: str, *, format: str, zone: str, crs: str | None) -> Edition:
    """Return the latest edition of a product; `crs` is as in its names (LAMB93) or as EPSG:2154.

    NotFoundError when there is none; UpstreamBusyError when the service is away, whatever is kept of its answers.
    """
    # the order of entries is that of the service's choice: all are read, and the dates compared
    asked = {"format": format, "zone": zone}
    found = [
        Edition(resource, name, date)
        for entry in _entries(transport, f"resource/{resource}", asked)
        if (name := _text(entry, f"{_ATOM}title")) and not _DIFFERENCE.search(name)
        if (date := _text(entry, f"{_OWN}editionDate")) and re.fullmatch(r"\d{4}-\d\d-\d\d", date)
        if _terms(entry, f"{_OWN}format") >= {format} and _terms(entry, f"{_OWN}zone") >= {zone}
        if crs is None or _is_in(entry, name, crs)
    ]
    if not found:
        wanted = f"{format}, zone {zone}" + (f", {crs}" if crs else "")
        raise NotFoundError(
            f"atom: {resource} has no edition in {wanted}",
            remedy=f"look at its editions: {transport.services[_SERVICE].url}/resource/{resource}",
        )
    return max(found, key=lambda one: (one.date, one.name))


def files(transport: Transport, edition: Edition) -> list[File]:
    """Return the files of an edition, without the lists of checksums, which are read in their place."""
    listed: list[tuple[str, str, int | None, str]] = []
    for entry in _entries(transport, f"resource/{edition.resource}/{edition.name}", {}):
        link = entry.find(f"{_ATOM}link")
        address = "" if link is None else link.get("href", "")
        service, path, _ = transport.locate(address)
        if service != _SERVICE or not path.startswith("download/"):
            raise odd(_SERVICE, f"leads to {address}, which is no file of it")
        length = "" if link is None else link.get(f"{_OWN}length", "")
        size = int(length) if re.fullmatch(r"[0-9]{1,15}", length) else None
        listed.append((unquote(urlsplit(address).path.rpartition("/")[2]), path, size, _text(entry, f"{_ATOM}content")))
    sums: dict[str, str] = {}
    for name, path, _, _ in listed:
        if name.lower().endswith(".md5"):
            said = transport.get(_SERVICE, path, fresh_s=0.0).body[: 1 << 20].decode("utf-8", "replace").lower()
            sums |= {file: md5 for md5, file in re.findall(r"\b([0-9a-f]{32})\s+\*?(?:\S*/)?(\S+)", said)}
    return [
        File(name, path, size, content if _MD5.fullmatch(content) else sums.get(name.lower()))
        for name, path, size, content in listed
        if not name.lower().endswith(".md5")
    ]


def _entries(transport: Transport, path: str, asked: Mapping[str, str]) -> Iterator[Any]:  # elements of lxml
    page, last = 1, 1
    while page <= last:
        params = {**asked, "page": str(page), "limit": str(_PAGE)}
        answer = transport.get(_SERVICE, path, params, fresh_s=0.0)
        if answer.status == 404:
            raise NotFoundError(
                f"atom: the Géoplateforme has no {path.removeprefix('resource/')} to download",
                remedy=f"look for its name: {transport.services[_SERVICE].url}/capabilities",
            )
        if answer.is_stale:
            raise UpstreamBusyError("atom: the Géoplateforme is not available", remedy="try again later")
        root = xml.parse(answer.body, service=_SERVICE)
        said = root.get(f"{_OWN}pagecount", "")
        if root.tag != f"{_ATOM}feed" or not re.fullmatch(r"[0-9]{1,6}", said) or int(said) > _MOST_PAGES:
            raise odd(_SERVICE, f"to {path} is no list of a sensible length")
        last = int(said)
        yield from root.findall(f"{_ATOM}entry")
        page += 1


def _text(entry: Any, name: str) -> str:
    return (entry.findtext(name) or "").strip()


def _terms(entry: Any, name: str) -> set[str]:
    return {str(one.get("term", "")) for one in entry.findall(name)}


def _is_in(entry: Any, name: str, crs: str) -> bool:
    said = [one.get(key, "") for one in entry.findall(f"{_ATOM}category") for key in ("term", "label")]
    return crs in said or f"_{crs}_" in name
