"""Extract: brings every source of a dataset to var/landing/<id>/<run>/, with its checksum."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from etl import archive, geoplateforme, landed, space
from etl.geoplateforme import Access
from etl.landed import Landed
from etl.report import Report
from territoire.core import http
from territoire.core.errors import SourceError
from territoire.core.models import Dataset
from territoire.core.sources import AnySource, AtomSource, Source

__all__ = ["Landed", "announced", "extract"]


def extract(
    dataset: Dataset,
    *,
    folder: Path,
    relative_to: Path,
    override: list[str],
    access: Access = geoplateforme.of_the_environment,
    report: Report,
) -> list[Landed]:
    """Land every declared source, or the ones given by `--source` in their place."""
    if folder.parent.exists():
        # the run that holds the dataset's lock is the only one: what others left is of no use
        shutil.rmtree(folder.parent)
    folder.mkdir(parents=True)
    found: list[Landed] = []
    for number, source in enumerate(_sources(dataset, override)):
        target = folder / str(number)
        target.mkdir()
        if not isinstance(source, Source):
            # beside the run's folder, so that what a killed run has fetched outlives it
            kept = folder.parent.parent / "_pages" / f"{dataset.id}-{number}"
            file = geoplateforme.fetch(dataset, source, target, kept, access=access, report=report)
        elif source.kind == "http":
            file = _download(source, target, report)
        else:
            file = _copy(source, target, relative_to)
        found.append(dataclasses.replace(file, is_given=bool(override)))
    return found


def announced(
    dataset: Dataset, *, override: list[str], access: Access = geoplateforme.of_the_environment
) -> list[Landed]:
    """Return what extract() would land, as far as all sources can say it without being fetched; else nothing."""
    found: list[Landed] = []
    for source in _sources(dataset, override):
        foreseen = None if isinstance(source, Source) else geoplateforme.announced(source, access=access)
        if foreseen is None:
            return []
        found.append(foreseen)
    return found


def _sources(dataset: Dataset, override: list[str]) -> list[AnySource]:
    if not override:
        return list(dataset.source)
    declared = dataset.source[0]
    found: list[AnySource] = []
    for given in override:
        is_address = given.startswith(("http://", "https://"))
        url = given if is_address else str(Path(given).expanduser().resolve())
        kept = declared.model_dump(include={"layer", "encoding", "millesime"})
        if not isinstance(declared, AtomSource):
            kept["crs"] = declared.crs
        found.append(Source(kind="http" if is_address else "file", url=url, **kept))
    return found


def _download(source: Source, target: Path, report: Report) -> Landed:
    name = Path(unquote(urlsplit(source.url).path)).name or "download"
    file = target / name
    got = http.download(source.url, file, progress=report.progress)
    return landed.of_files(source, file, [file], got)


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
    return landed.of_files(source, target / path.name, copies, None)


def _parts(path: Path) -> list[Path]:
    if path.suffix.lower() != ".shp":
        return [path]
    found = [
        part
        for part in sorted(path.parent.iterdir())
        if part.stem == path.stem and part.suffix.lower() in archive.SHAPEFILE_PARTS
    ]
    for needed in (".dbf", ".shx"):
        if not any(part.suffix.lower() == needed for part in found):
            raise SourceError(
                f"{path}: its {needed} file is missing", remedy="put all files of the shapefile side by side"
            )
    return found
