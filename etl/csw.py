"""What a record of the catalogue leads to: its one file, fetched only from where the settings allow."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from etl import archive
from etl.report import Report
from territoire.core.errors import SourceError, UpstreamError
from territoire.core.sources import CswSource
from territoire.geoplateforme import csw
from territoire.geoplateforme.record import Link, Record
from territoire.geoplateforme.transport import Download, Transport

__all__ = ["fetch", "find"]

_FILES = (".7z", ".zip", *archive.DATASETS)


def fetch(
    source: CswSource, target: Path, kept: Path, *, transport: Transport, report: Report
) -> tuple[CswSource, Path, Download]:
    """Bring the file to `target`; the source comes back with the record's edition or date as its millesime.

    What has arrived lies in `kept`, where a killed run left it, and is gone on with. Errors as those of find().
    """
    record, link, (service, path, params) = find(source, transport)
    name = unquote(urlsplit(link.url).path.rpartition("/")[2])
    file = f"record{Path(name).suffix.lower()}"
    kept.mkdir(parents=True, exist_ok=True)

    def progress(done: int, total: int | None) -> None:
        if done > archive.MOST_BYTES:
            raise SourceError(f"{link.url}: more than {archive.MOST_BYTES} bytes", remedy="declare a smaller source")
        report.progress(done, total)

    got = transport.download(service, path, kept / file, params=params, progress=progress, resume=True)
    (kept / file).rename(target / file)
    shutil.rmtree(kept)
    dates = record.dates
    said = record.edition or next(filter(None, (dates.revision, dates.publication, dates.creation)), None)
    return source.model_copy(update={"millesime": source.millesime or said}), target / file, got


def find(source: CswSource, transport: Transport) -> tuple[Record, Link, tuple[str, str, dict[str, str]]]:
    """Return the record, its link to the one file, and of which service that is, with path and parameters.

    NotFoundError when there is no such record; SourceError when it does not lead to one file, or leads elsewhere than
    to the services of the settings.
    """
    record = csw.record(transport, source.record)
    link = _choose(source, record)
    try:
        return record, link, transport.locate(link.url)
    except UpstreamError as exc:
        raise SourceError(
            f"{source.address}: its link leads to {link.url}, which is none of the services of the settings",
            remedy="if you trust it, declare it as `kind: http, url: ...`",
        ) from exc


def _choose(source: CswSource, record: Record) -> Link:
    words = (source.link or "").casefold().split()
    wanted = [link for link in record.links if all(word in _said(link) for word in words)]
    files = list({link.url: link for link in wanted if urlsplit(link.url).path.lower().endswith(_FILES)}.values())
    if len(files) == 1:
        return files[0]
    listed = "; ".join(f"{link.protocol or 'no protocol'} {link.url}" for link in (files or record.links)[:8])
    if files:
        raise SourceError(
            f"{source.address}: it leads to {len(files)} files: {listed}", remedy="say `link:` with words of one"
        )
    these = "its links with these words" if words else "its links"
    raise SourceError(
        f"{source.address}: none of {these} leads to a file: {listed or 'none'}",
        remedy="declare a product of the download service as `kind: atom`, a feature type as `kind: wfs`",
    )


def _said(link: Link) -> str:
    return " ".join(filter(None, (link.protocol, link.name, link.description, link.url))).casefold()
