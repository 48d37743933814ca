"""Extract: brings every source of a dataset to var/landing/<id>/<run>/, with its checksum."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from etl import space, wfs
from etl.report import Report
from territoire.core import http
from territoire.core.errors import SourceError
from territoire.core.models import Dataset
from territoire.core.settings import Settings
from territoire.core.settings import load as load_settings
from territoire.core.sources import AnySource, Source, WfsSource
from territoire.geoplateforme.transport import Transport

#: A load waits as long for the services of the Géoplateforme.
_PATIENCE_S = 60.0
#: A shapefile is several files of one stem; these belong to it.
_SHAPEFILE_PARTS = (".shp", ".dbf", ".shx", ".prj", ".cpg", ".qpj")
#: One file is all of it: taken out of the zip, it reads faster, and can be searched (nul.py).
_EXTRACTED = (".gpkg", ".sqlite", ".geojson", ".json")
#: What may be opened inside a zip, nearest to a dataset first.
_INNER = (".gpkg", ".shp", ".fgb", ".geojson", ".json", ".gml", ".kml", ".sqlite", ".tab", ".mif")


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


def extract(
    dataset: Dataset,
    *,
    folder: Path,
    relative_to: Path,
    override: list[str],
    settings: Settings | None = None,
    report: Report,
) -> list[Landed]:
    """Land every declared source, or the ones given by `--source` in their place."""
    if folder.parent.exists():
        # the run that holds the dataset's lock is the only one: what others left is of no use
        shutil.rmtree(folder.parent)
    folder.mkdir(parents=True)
    landed: list[Landed] = []
    for number, source in enumerate(_sources(dataset, override)):
        target = folder / str(number)
        target.mkdir()
        if isinstance(source, WfsSource):
            # beside the run's folder, so that the pages outlive it
            kept = folder.parent.parent / "_pages" / f"{dataset.id}-{number}"
            file = _fetch(dataset, source, target, kept, settings, report)
        elif source.kind == "http":
            file = _download(source, target, report)
        else:
            file = _copy(source, target, relative_to)
        landed.append(dataclasses.replace(file, is_given=bool(override)))
    return landed


def _sources(dataset: Dataset, override: list[str]) -> list[AnySource]:
    if not override:
        return list(dataset.source)
    declared = dataset.source[0]
    found: list[AnySource] = []
    for given in override:
        is_address = given.startswith(("http://", "https://"))
        url = given if is_address else str(Path(given).expanduser().resolve())
        kept = declared.model_dump(include={"layer", "encoding", "crs", "millesime"})
        found.append(Source(kind="http" if is_address else "file", url=url, **kept))
    return found


def _fetch(
    dataset: Dataset, source: WfsSource, target: Path, kept: Path, settings: Settings | None, report: Report
) -> Landed:
    with Transport(settings or load_settings(), patience_s=_PATIENCE_S) as transport:
        got = wfs.fetch(dataset, source, target, kept, transport=transport, report=report)
    size = got.file.stat().st_size
    return Landed(source, str(got.file), source.address, got.sha256, size, None, None, datetime.now(UTC))


def _download(source: Source, target: Path, report: Report) -> Landed:
    name = Path(unquote(urlsplit(source.url).path)).name or "download"
    file = target / name
    got = http.download(source.url, file, progress=report.progress)
    return _landed(source, file, [file], got)


def _copy(source: Source, target: Path, relative_to: Path) -> Landed:
    if source.url.startswith(("zip://", "/vsizip/")):
        raise SourceError(
            f"{source.url}: not a path", remedy="give the path of the .zip itself, without zip:// before it"
        )
    path = Path(source.url).expanduser()
    path = path if path.is_absolute() else relative_to / path
    if not path.is_file():
        kind = "is a folder" if path.is_dir() else "is not there"
        raise SourceError(f"{path}: {kind}", remedy="give the path of one file (for a shapefile, its .shp or a .zip)")
    if path.stat().st_size == 0:
        raise SourceError(f"{path}: the file is empty", remedy="fetch it again")
    parts = _parts(path)
    space.check(target, sum(part.stat().st_size for part in parts))
    try:
        copies = [Path(shutil.copy2(part, target / part.name)) for part in parts]
    except OSError as exc:
        raise SourceError(
            f"{path}: cannot be copied to {target}: {exc.strerror}", remedy="check rights and space"
        ) from exc
    return _landed(source, target / path.name, copies, None)


def _parts(path: Path) -> list[Path]:
    if path.suffix.lower() != ".shp":
        return [path]
    found = [
        part
        for part in sorted(path.parent.iterdir())
        if part.stem == path.stem and part.suffix.lower() in _SHAPEFILE_PARTS
    ]
    for needed in (".dbf", ".shx"):
        if not any(part.suffix.lower() == needed for part in found):
            raise SourceError(
                f"{path}: its {needed} file is missing", remedy="put all files of the shapefile side by side"
            )
    return found


def _landed(source: Source, file: Path, parts: list[Path], got: http.Download | None) -> Landed:
    digest = hashlib.sha256()
    for part in sorted(parts, key=lambda path: path.suffix.lower()):
        with part.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    size = sum(part.stat().st_size for part in parts)
    if size == 0:
        raise SourceError(f"{source.url}: what was received is empty", remedy="check the address")
    return Landed(
        source=source,
        opens=_opens(file, source.url),
        url=source.url,
        sha256=digest.hexdigest(),
        bytes=size,
        etag=got.etag if got else None,
        last_modified=got.last_modified if got else None,
        retrieved_at=datetime.now(UTC),
    )


def _opens(file: Path, url: str) -> str:
    """Return what GDAL opens: the file, or the one dataset inside a zip."""
    with file.open("rb") as stream:
        zipped = stream.read(2) == b"PK"
    if not zipped and file.suffix.lower() != ".zip":
        return str(file)
    try:
        with zipfile.ZipFile(file) as archive:
            broken = archive.testzip()
            names = [name for name in archive.namelist() if name.lower().endswith(_INNER)]
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


def _extracted(archive: Path, name: str, url: str) -> str:
    """Take one file out of a zip; its name inside the zip decides nothing about where it goes."""
    target = archive.parent / f"extracted{Path(name).suffix.lower()}"
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(name) as inner, target.open("wb") as out:
            shutil.copyfileobj(inner, out, 1 << 20)
    except OSError as exc:
        raise SourceError(f"{url}: cannot be extracted: {exc.strerror}", remedy="check rights and space") from exc
    return str(target)
