"""Walks a whole feature type: cut along its key into stretches, which are fetched side by side, page after page."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import stamina

from etl import space, wfs_pages
from etl.report import Report
from etl.wfs_pages import Page, Wanted
from territoire.core.errors import SourceError, UpstreamTimeoutError
from territoire.geoplateforme import live_wfs, xml
from territoire.geoplateforme.answers import Answer, OutageError
from territoire.geoplateforme.exchange import UnreachableError
from territoire.geoplateforme.reading import features as read_features
from territoire.geoplateforme.reading import odd
from territoire.geoplateforme.transport import Transport
from territoire.query.cql2.ecql import quoted

__all__ = ["ChangedError", "walk"]

#: Requests on their way at once: what one client of the WFS may fairly take, well within its quota of 30 a second.
_THREADS = 4
#: Features of a stretch at the most: the service counts what is left of it at each page.
_STRETCH = 100_000
_TRIES = 4
_LATER = "load it again later, when its producer has finished updating it"


class ChangedError(SourceError):
    """The feature type is not what it was when the walk began."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The features whose keys lie behind `after`, up to and with `until`; None is the end of the feature type."""

    number: int
    after: str | int | None
    until: str | int | None
    size: int


@dataclass(frozen=True, slots=True)
class _Survey:
    """How many features there are, and the keys at which they are cut into stretches of equal size."""

    total: int
    cuts: tuple[str | int, ...]

    def stretches(self) -> list[_Stretch]:
        """Return the stretches; their sizes make the total."""
        step = _step(self.total)
        ends = zip((None, *self.cuts), (*self.cuts, None), strict=True)
        sizes = [step] * len(self.cuts) + [self.total - step * len(self.cuts)]
        return [_Stretch(n, *end, size) for n, (end, size) in enumerate(zip(ends, sizes, strict=True))]


def walk(wanted: Wanted, kept: Path, transport: Transport, report: Report) -> list[Page]:
    """Return the pages of all features: those that lie in `kept`, where a killed run left them, then those missing.

    ChangedError when anything shows that the feature type is not the same from the first request to the last.
    """
    before = _survey(wanted, transport)
    pages = wfs_pages.resume(kept, wanted.signature(before.total, before.cuts))
    whole = _Walk(wanted, kept, transport, report, before, pages).run()
    if (now := _survey(wanted, transport)) != before:
        what = f"{before.total} features became {now.total}" if now.total != before.total else "its keys moved"
        raise ChangedError(f"{wanted.source.address}: {what} during the download", remedy=_LATER)
    if wfs_pages.count_keys(whole) != before.total:
        raise ChangedError(
            f"{wanted.source.address}: {wanted.key} is not unique over its pages, or they are out of order",
            remedy="choose another `key:`",
        )
    return whole


class _Walk:
    """What the threads of a walk share; `pages` are those of each stretch that lay there, in order."""

    def __init__(
        self,
        wanted: Wanted,
        kept: Path,
        transport: Transport,
        report: Report,
        survey: _Survey,
        pages: dict[int, list[Page]],
    ) -> None:
        self._wanted, self._kept, self._transport, self._report = wanted, kept, transport, report
        self._total, self._stretches = survey.total, survey.stretches()
        # all there from the start: one thread counts them all while another adds to its own
        self._pages = {one.number: pages.get(one.number, []) for one in self._stretches}
        self._lock = threading.Lock()
        self._ends = threading.Event()

    def run(self) -> list[Page]:
        """Fetch what is missing and return all; the first failure ends all threads at their next page."""
        stretches = [one for one in self._stretches if self._missing(one)]
        if stretches and not any(self._pages.values()):
            # alone, so that what is wrong with all pages is noticed by one request
            page = self._next(stretches[0])
            space.check(self._kept, page.file.stat().st_size * self._total // page.rows)
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="wfs") as pool:
            try:
                for done in as_completed([pool.submit(self._fetch, one) for one in stretches]):
                    done.result()
            except BaseException:
                self._ends.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return self._all()

    def _all(self) -> list[Page]:
        return [page for pages in self._pages.values() for page in pages]

    def _fetch(self, stretch: _Stretch) -> None:
        while self._missing(stretch) and not self._ends.is_set():
            self._next(stretch)

    def _missing(self, stretch: _Stretch) -> int:
        return stretch.size - sum(page.rows for page in self._pages[stretch.number])

    def _next(self, stretch: _Stretch) -> Page:
        pages = self._pages[stretch.number]
        after = pages[-1].last if pages else stretch.after
        read = _page(self._wanted, after, stretch.until, self._missing(stretch), self._transport)
        page = read.save(self._kept, stretch.number, len(pages), self._wanted)
        with self._lock:
            pages.append(page)
            self._report.progress(sum(one.rows for one in self._all()), self._total)
        return page


def _step(total: int) -> int:
    """Return the size of a stretch: as many stretches as threads, more where they would be long, none below a page."""
    pages = math.ceil(total / live_wfs.MOST)
    stretches = min(pages, max(_THREADS, math.ceil(total / _STRETCH)))
    return math.ceil(total / stretches) if total else 1


def _survey(wanted: Wanted, transport: Transport) -> _Survey:
    total = _count(wanted, transport)
    places = range(_step(total) - 1, total - 1, _step(total))
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="wfs") as pool:
        cuts = tuple(pool.map(lambda place: _key_at(wanted, place, total, transport), places))
    if len(set(cuts)) != len(cuts):
        raise SourceError(
            f"{wanted.source.address}: {wanted.key} is empty or twice there", remedy="choose another `key:`"
        )
    return _Survey(total, cuts)


def _count(wanted: Wanted, transport: Transport) -> int:
    answer = _ask(wanted, {"RESULTTYPE": "hits"}, [], transport)
    found = xml.parse(answer.body, service="wfs").get("numberMatched", "")
    if not re.fullmatch(r"[0-9]{1,18}", found):
        raise odd("wfs", "does not say how many features match")
    return int(found)


def _key_at(wanted: Wanted, place: int, total: int, transport: Transport) -> str | int:
    """Return the key of one feature by its place among all, in the order of the keys."""
    params = {"SORTBY": f"{wanted.key} A", "STARTINDEX": str(place), "COUNT": "1", "PROPERTYNAME": wanted.key}
    content = _ask(wanted, {**params, "OUTPUTFORMAT": "application/json"}, [], transport).json()
    found = read_features("wfs", content)
    if len(found) != 1 or content.get("numberMatched", content.get("totalFeatures")) != total:
        raise ChangedError(
            f"{wanted.source.address}: feature {place} of {total} was asked for, and {len(found)} came: it is changing",
            remedy=_LATER,
        )
    return wfs_pages.key(wanted, found[0])


def _page(
    wanted: Wanted, after: str | int | None, until: str | int | None, rest: int, transport: Transport
) -> wfs_pages.Read:
    """Return the features that follow a key; the service must know exactly as many more as are missing."""
    params = {"SORTBY": f"{wanted.key} A", "COUNT": str(live_wfs.MOST), "OUTPUTFORMAT": "application/json"}
    params |= {"SRSNAME": f"EPSG:{wanted.source.srid}", "PROPERTYNAME": ",".join(wanted.names)}
    bounds = [] if after is None else [f'"{wanted.key}" > {quoted(after)}']
    bounds += [] if until is None else [f'"{wanted.key}" <= {quoted(until)}']
    content = _ask(wanted, params, bounds, transport).json()
    features = read_features("wfs", content)
    matched = content.get("numberMatched", content.get("totalFeatures"))
    if content.get("numberReturned", len(features)) != len(features):
        raise odd("wfs", f"announces {content['numberReturned']} features and holds {len(features)}")
    if matched != rest or not 0 < len(features) <= rest:
        raise ChangedError(
            f"{wanted.source.address}: {rest} features were to follow {after!r}, and the service says {matched}:"
            f" it changed during the download, or {wanted.key} is not unique",
            remedy=f"{_LATER}, or choose another `key:`",
        )
    return wfs_pages.read(wanted, features)


def _ask(wanted: Wanted, params: dict[str, str], bounds: Sequence[str], transport: Transport) -> Answer:
    """Post the request, never answered from the cache; again where it failed on the way, for it only reads."""
    form = {"SERVICE": "WFS", "VERSION": "2.0.0", "REQUEST": "GetFeature", "TYPENAMES": wanted.source.typename}
    given = [f"({wanted.source.filter})"] if wanted.source.filter else []
    condition = " AND ".join([*given, *bounds])
    form |= params | ({"CQL_FILTER": condition} if condition else {})
    for attempt in stamina.retry_context(on=_is_passing, attempts=_TRIES, timeout=None, wait_initial=0.1, wait_max=5):
        with attempt:
            return transport.post("wfs", form=form)
    raise AssertionError("retry_context ends by a return or an exception")


def _is_passing(exc: Exception) -> bool:
    """Say whether the transport, which knows not that our POST only reads, gave up on what may pass."""
    if isinstance(exc, UnreachableError):
        return exc.sent
    return isinstance(exc, OutageError | UpstreamTimeoutError)
