"""Brings a raster's file where it can be read: checked where it lies, downloaded where it is at an address."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from etl.report import Report
from territoire.core import http
from territoire.core.errors import SourceError
from territoire.core.layers import RasterSource


@dataclass(frozen=True, slots=True)
class Landed:
    """A raster's file, or a layer of a service, as the ledger keeps it; `opens` is None for a layer."""

    source: RasterSource
    opens: Path | None
    url: str
    sha256: str
    bytes: int
    etag: str | None
    last_modified: str | None
    retrieved_at: datetime


def given(source: RasterSource, override: Sequence[str]) -> RasterSource:
    """Return the declared source, or the one that `--source` gives in its place."""
    if not override:
        return source
    if len(override) > 1:
        raise SourceError("a raster has one source", remedy="give --source once")
    is_address = override[0].startswith(("http://", "https://"))
    kept = source.model_dump(include={"crs", "nodata", "millesime"})
    url = override[0] if is_address else str(Path(override[0]).expanduser().resolve())
    return RasterSource(kind="http" if is_address else "file", url=url, **kept)


def land(source: RasterSource, *, folder: Path, relative_to: Path, report: Report) -> Landed:
    """Return the source's file with its checksum; an address is downloaded into `folder`, which is emptied first."""
    if folder.parent.exists():
        shutil.rmtree(folder.parent)
    if source.url is None:
        # what a service shows is not known before it is asked: its name stands for it until then
        name = f"{source.kind}:{source.layer}"
        digest = hashlib.sha256(name.encode()).hexdigest()
        return Landed(source, None, name, digest, 0, None, None, datetime.now(UTC))
    if source.kind == "file":
        path = Path(source.url).expanduser()
        file, got = path if path.is_absolute() else relative_to / path, None
        if not file.is_file():
            kind = "is a folder" if file.is_dir() else "is not there"
            raise SourceError(f"{file}: {kind}", remedy="give the path of one file, a GeoTIFF for example")
    else:
        folder.mkdir(parents=True)
        file = folder / (Path(unquote(urlsplit(source.url).path)).name or "download")
        got = http.download(source.url, file, progress=report.progress)
    with file.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return Landed(
        source=source,
        opens=file,
        url=source.url,
        sha256=sha256,
        bytes=file.stat().st_size,
        etag=got.etag if got else None,
        last_modified=got.last_modified if got else None,
        retrieved_at=datetime.now(UTC),
    )
