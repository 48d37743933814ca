"""A source as it lies in the landing folder, and what GDAL opens of it."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from etl import archive
from territoire.core.errors import SourceError
from territoire.core.http import Download
from territoire.core.sources import AnySource, AtomSource

__all__ = ["Landed", "of_files"]

#: One file is all of it: taken out of the zip, it reads faster, and can be searched (nul.py).
_EXTRACTED = (".gpkg", ".sqlite", ".geojson", ".json")
_SEVEN_ZIP = b"7z\xbc\xaf\x27\x1c"


@dataclass(frozen=True, slots=True)
class Landed:
    """A source as it lies in the landing folder; `opens` is what GDAL is given."""

    source: AnySource
    opens: str
    url: str
    sha256: str
    bytes: int
    etag: str | None
    last_modified: str | None
    retrieved_at: datetime
    is_given: bool = False
    """Given by --source, in place of a declared one: a file of one layer need not call it as declared."""

    @property
    def crs(self) -> str | None:
        """The CRS that the declaration gives the file, as EPSG:2154."""
        return None if isinstance(self.source, AtomSource) else self.source.crs


def of_files(source: AnySource, file: Path, parts: list[Path], got: Download | None) -> Landed:
    """Describe what was landed: `file`, which is all of its `parts` or the main one; SourceError when it is empty."""
    digest = hashlib.sha256()
    for part in sorted(parts, key=lambda path: path.suffix.lower()):
        with part.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    size = sum(part.stat().st_size for part in parts)
    if size == 0:
        raise SourceError(f"{source.address}: what was received is empty", remedy="check the address")
    return Landed(
        source=source,
        opens=_opens(file, source),
        url=source.address,
        sha256=digest.hexdigest(),
        bytes=size,
        etag=got.etag if got else None,
        last_modified=got.last_modified if got else None,
        retrieved_at=datetime.now(UTC),
    )


def _opens(file: Path, source: AnySource) -> str:
    """Return what GDAL opens: the file, or the one dataset inside an archive."""
    url = source.address
    with file.open("rb") as stream:
        begins = stream.read(len(_SEVEN_ZIP))
    if begins == _SEVEN_ZIP:
        return str(archive.take([file], file.parent, layer=source.layer, address=url))
    zipped = begins.startswith(b"PK")
    if not zipped and file.suffix.lower() != ".zip":
        return str(file)
    try:
        with zipfile.ZipFile(file) as opened:
            broken = opened.testzip()
            names = [name for name in opened.namelist() if name.lower().endswith(archive.DATASETS)]
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as exc:
        raise SourceError(
            f"{url}: not a whole zip file: {exc}", remedy="fetch it again; it may have been cut short"
        ) from exc
    if broken:
        raise SourceError(f"{url}: {broken} inside the zip is damaged", remedy="fetch it again")
    names = [name for name in names if not name.startswith("__MACOSX/")]
    if len(names) != 1:
        what = ", ".join(names[:8]) or "nothing that can be read"
        raise SourceError(f"{url}: the zip must hold one dataset, and holds {what}", remedy="extract the one you want")
    if names[0].lower().endswith(_EXTRACTED):
        return _extracted(file, names[0], url)
    # a plain .zip name: GDAL looks for the end of the archive's path by its extension
    plain = file if file.suffix.lower() == ".zip" else file.rename(file.with_name(file.name + ".zip"))
    return f"/vsizip/{plain}/{names[0]}"


def _extracted(packed: Path, name: str, url: str) -> str:
    """Take one file out of a zip; its name inside the zip decides nothing about where it goes."""
    target = packed.parent / f"extracted{Path(name).suffix.lower()}"
    try:
        with zipfile.ZipFile(packed) as opened, opened.open(name) as inner, target.open("wb") as out:
            shutil.copyfileobj(inner, out, 1 << 20)
    except OSError as exc:
        raise SourceError(f"{url}: cannot be extracted: {exc.strerror}", remedy="check rights and space") from exc
    return str(target)
