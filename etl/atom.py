"""The newest edition of a product of the download service: found, fetched, compared with its checksums, taken out."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from etl import archive, space
from etl.report import Report
from territoire.core.errors import SourceError
from territoire.core.sources import AtomSource
from territoire.geoplateforme import atom
from territoire.geoplateforme.atom import Edition, File
from territoire.geoplateforme.transport import Transport

__all__ = ["Offer", "fetch", "offer"]

#: A file as the service names it: what it is an archive of, its kind, and the number of a volume.
_NAME = re.compile(r"(?P<stem>.+)\.(?P<kind>7z|zip|gpkg|fgb|geojson)(?:\.(?P<volume>\d{3}))?", re.IGNORECASE)
_ARCHIVES = ("7z", "zip")


@dataclass(frozen=True, slots=True)
class Offer:
    """The newest edition, its file or the volumes of its archive in order."""

    edition: Edition
    kind: str
    files: tuple[File, ...]

    @property
    def bytes(self) -> int:
        """Size of all volumes as announced; 0 where nothing is."""
        return sum(file.bytes or 0 for file in self.files)

    @property
    def sha256(self) -> str:
        """A checksum of what the service says of the files: it changes when they do."""
        said = [(file.name, file.bytes, file.md5) for file in self.files]
        return hashlib.sha256(json.dumps([self.edition.name, said]).encode()).hexdigest()


def offer(source: AtomSource, transport: Transport) -> Offer:
    """Ask what there is; NotFoundError when the product has no such edition, SourceError when it has no one file."""
    edition = atom.newest(transport, source.resource, format=source.format, zone=source.zone, crs=source.crs)
    found: dict[tuple[str, str], list[tuple[str, File]]] = {}
    for file in atom.files(transport, edition):
        named = _NAME.fullmatch(file.name)
        if named:
            key = (named["stem"], named["kind"].lower())
            found.setdefault(key, []).append((named["volume"] or "", file))
    if len(found) > 1 and source.layer:
        found = {key: files for key, files in found.items() if key[0].casefold() == source.layer.casefold()} or found
    if len(found) != 1:
        names = ", ".join(".".join(key) for key in found) or "no archive and no dataset"
        raise SourceError(
            f"{source.address}: {edition.name} must be one file or archive, and is {names}",
            remedy="say `layer:` where it is the name of one of them; or declare its address as `kind: http`",
        )
    [((_, kind), numbered)] = found.items()
    files = tuple(file for _, file in sorted(numbered, key=lambda one: one[0]))
    volumes = [volume for volume, _ in sorted(numbered, key=lambda one: one[0])]
    if volumes != [""] and volumes != [f"{number + 1:03}" for number in range(len(volumes))]:
        raise SourceError(f"{source.address}: {edition.name} lacks a volume: {', '.join(volumes)}", remedy="try later")
    return Offer(edition, kind, files)


def fetch(
    source: AtomSource, offered: Offer, target: Path, kept: Path, *, transport: Transport, report: Report
) -> Path:
    """Bring the dataset of an edition to `target`; its archive lies in `kept`, where a killed run left what it had.

    SourceError when a checksum differs twice, when the disk has no room, or when the archive is refused.
    """
    if offered.bytes > archive.MOST_BYTES:
        raise SourceError(
            f"{source.address}: {offered.bytes} bytes are announced; {archive.MOST_BYTES} are the most that is taken",
            remedy="declare a smaller zone, or fetch it by hand and declare the file",
        )
    _prepare(kept, offered)
    space.check(kept, offered.bytes)
    volumes: list[Path] = []
    for number, file in enumerate(offered.files):
        name = f"edition.{offered.kind}" + (f".{number + 1:03}" if len(offered.files) > 1 else "")
        volumes.append(_bring(source, file, kept / name, transport, report))
    if offered.kind in _ARCHIVES:
        found = archive.take(volumes, target, layer=source.layer, address=source.address)
    else:
        found = target / f"{source.layer or 'edition'}.{offered.kind}"
        volumes[0].rename(found)
    shutil.rmtree(kept)
    return found


def _prepare(kept: Path, offered: Offer) -> None:
    """Keep what lies there if it is of the same files; remove what is of others."""
    mark = kept / "offer"
    if not mark.is_file() or mark.read_text(encoding="utf-8") != offered.sha256:
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        mark.write_text(offered.sha256, encoding="utf-8")


def _bring(source: AtomSource, file: File, target: Path, transport: Transport, report: Report) -> Path:
    most = file.bytes or archive.MOST_BYTES

    def progress(done: int, total: int | None) -> None:
        if done > most:
            raise SourceError(f"{source.address}: {file.name} is longer than announced", remedy="try again later")
        report.progress(done, total or file.bytes)

    wrong: str | None = None
    for _ in range(2):
        if not target.exists():
            transport.download("atom", file.path, target, progress=progress, resume=True)
        wrong = _wrong(file, target)
        if wrong is None:
            return target
        target.unlink()
    raise SourceError(
        f"{source.address}: {file.name} came twice {wrong}", remedy="try again later; tell the producer if it stays so"
    )


def _wrong(file: File, target: Path) -> str | None:
    """Say what differs from what the service announced, None where nothing does."""
    size = target.stat().st_size
    if file.bytes is not None and size != file.bytes:
        return f"with {size} bytes in place of {file.bytes}"
    if file.md5:
        with target.open("rb") as stream:
            found = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        if found != file.md5:
            return f"with the checksum {found} in place of {file.md5}"
    return None if size else "empty"
