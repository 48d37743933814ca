"""Sources that are services of the Géoplateforme: each kind brings one file that GDAL opens."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from etl import atom, csw, wfs
from etl.landed import Landed, of_files
from etl.report import Report
from territoire.core import settings
from territoire.core.models import Dataset
from territoire.core.sources import AtomSource, CswSource, WfsSource
from territoire.geoplateforme import catalogue
from territoire.geoplateforme.transport import Transport

__all__ = ["Access", "announced", "fetch", "find_file", "of_the_environment"]

#: Opens the way to the services; whoever loads many datasets gives the same one to all.
Access = Callable[[], AbstractContextManager[Transport]]

#: A load waits as long for a service, in seconds.
_PATIENCE_S = 60.0


def of_the_environment() -> Transport:
    """Open a way of one's own to where the environment says that the services are."""
    return Transport(settings.load(), patience_s=_PATIENCE_S)


def fetch(
    dataset: Dataset,
    source: WfsSource | AtomSource | CswSource,
    target: Path,
    kept: Path,
    *,
    access: Access,
    report: Report,
) -> Landed:
    """Bring a source to `target`; what a killed run had fetched lies in `kept`."""
    with access() as transport:
        if isinstance(source, CswSource):
            dated, file, got = csw.fetch(source, target, kept, transport=transport, report=report)
            return of_files(dated, file, [file], got)
        if isinstance(source, WfsSource):
            rows = wfs.fetch(dataset, source, target, kept, transport=transport, report=report)
            size = rows.file.stat().st_size
            edition = catalogue.offer(transport, "wfs", source.typename).edition
            dated = source.model_copy(update={"millesime": source.millesime or edition})
            return Landed(dated, str(rows.file), source.address, rows.sha256, size, None, None, datetime.now(UTC))
        offer = atom.offer(source, transport)
        file = atom.fetch(source, offer, target, kept, transport=transport, report=report)
        return _of_offer(source, offer, str(file))


def announced(source: WfsSource | AtomSource | CswSource, *, access: Access) -> Landed | None:
    """Return what fetch() would bring, where the service says it beforehand; it is not there to be opened."""
    if not isinstance(source, AtomSource):
        return None
    with access() as transport:
        return _of_offer(source, atom.offer(source, transport), "")


def find_file(source: AtomSource | CswSource, transport: Transport) -> None:
    """Ask whether there is a file to load; NotFoundError or SourceError when there is none any more."""
    if isinstance(source, AtomSource):
        atom.offer(source, transport)
    else:
        csw.find(source, transport)


def _of_offer(source: AtomSource, offer: atom.Offer, opens: str) -> Landed:
    dated = source.model_copy(update={"millesime": source.millesime or offer.edition.date})
    url = f"{source.address} {offer.edition.name}"
    return Landed(dated, opens, url, offer.sha256, offer.bytes, None, None, datetime.now(UTC))
