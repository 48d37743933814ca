"""Refresh: one raster from source to publication, under its lock, written to the ledger."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rasterio.errors import NotGeoreferencedWarning

from etl import ledger
from etl.raster import (
    blocks,
    cog,
    description,
    images,
    landing,
    mosaic,
    publication,
    remote,
    sampling,
    source,
    statistics,
    target,
)
from etl.raster.landing import Landed
from etl.raster.publication import Published
from etl.raster.target import Target
from etl.refresh import attempt
from etl.report import Report
from territoire.core.database import Connection
from territoire.core.errors import CheckError, SourceError
from territoire.core.layers import Raster
from territoire.core.registry import Registry
from territoire.geoplateforme.transport import Transport

__all__ = ["Outcome", "Workshop", "refresh"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; the numbers are of what is now published."""

    raster: str
    status: Literal["published", "unchanged", "held"]
    generation: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every run needs: the registry, the folder of what is written, how long a superseded file stays.

    `transport` opens the way to the Géoplateforme, for the rasters that come from it.
    """

    registry: Registry
    var: Path
    grace_s: int
    transport: Callable[[], AbstractContextManager[Transport]]


@dataclass(frozen=True, slots=True)
class _Making:
    """A grid, what makes its blocks, and the names of its bands."""

    target: Target
    make: blocks.Making
    names: Sequence[str]


def refresh(
    raster: Raster,
    *,
    connection: Connection,
    workshop: Workshop,
    report: Report,
    sources: Sequence[str] = (),
    force: bool = False,
) -> Outcome:
    """Build and publish a raster if its source, its grid or the code changed; an error leaves what is published."""
    with attempt(connection, raster.id, forced=force) as run, warnings.catch_warnings():
        # of a file without a place we say it ourselves, and the tiles of a service have none
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        outcome = _run(connection, raster, workshop, report, run, list(sources), force=force)
        ledger.end(connection, run, outcome.status)
        return outcome


def _run(
    connection: Connection,
    raster: Raster,
    workshop: Workshop,
    report: Report,
    run: int,
    sources: list[str],
    *,
    force: bool,
) -> Outcome:
    def step(name: str, detail: str) -> None:
        report.step(raster.id, name, detail)
        ledger.step(connection, run, name, detail)

    publication.prune(connection, workshop.var, raster.id, grace_s=workshop.grace_s)
    wanted = landing.given(raster.source, sources)
    step("extract", wanted.url or f"{wanted.kind}:{wanted.layer}")
    folder = workshop.var / "landing" / raster.id / str(run)
    landed = landing.land(wanted, folder=folder, relative_to=workshop.registry.folder, report=report)
    if landed.opens is None:
        landed = _edition(raster, landed, workshop)
    ledger.files(connection, run, [landed], workshop.registry.vocabulary.licences[raster.licence].title)
    current, pixels = publication.published(connection, raster.id), _pixels(raster, landed)
    if current and current.held == pixels and not force and _is_there(workshop, raster, current):
        size = current.description["width"], current.description["height"]
        return Outcome(raster.id, "held", current.generation, *size)
    if current and current.pixels == pixels and not force and _is_there(workshop, raster, current):
        return _same_pixels(connection, raster, current)
    number = publication.next_generation(workshop.var, raster.id, current)
    file = publication.file_of(workshop.var, raster.id, number)
    # forced: what the source says now, and not what it said to a run that was killed
    work = _work_folder(file.parent, pixels, fresh=force)
    step("read", f"blocks of {blocks.SIDE} pixels")
    with _opened(raster, landed, workshop) as made:
        check_space(work, made.target)
        written = blocks.build(made.target, work, made.make, report)
    step("load", "overviews")
    cog.join(made.target, written, work, file, names=made.names)
    step("check", "")
    counted = statistics.of_file(file, made.target.bands)
    _check(connection, run, file, counted)
    step("publish", f"generation {number}")
    described = description.describe(file, number, made.target, counted, landed, pixels=pixels)
    publication.move(connection, raster, described)
    ledger.counts(connection, run, generation=number, rows=None, repaired=0, rejected=0)
    step("prune", "")
    shutil.rmtree(work)
    publication.prune(connection, workshop.var, raster.id, grace_s=workshop.grace_s)
    return Outcome(raster.id, "published", number, made.target.width, made.target.height)


def check_space(folder: Path, wanted: Target) -> None:
    """Refuse to begin what the disk cannot hold: blocks, the file with its overviews, and what GDAL writes beside."""
    needed, free = 3 * wanted.bytes + 64 * 2**20, shutil.disk_usage(folder).free
    done = sum(file.stat().st_size for file in folder.iterdir())
    if free + done < needed:
        raise SourceError(
            f"{folder}: {free // 2**20} MB are free, and the raster may need {needed // 2**20} MB",
            remedy="make room, point TERRITOIRE_VAR to a larger disk, or declare a coarser `raster.resolution`",
        )


def _same_pixels(connection: Connection, raster: Raster, current: Published) -> Outcome:
    """Publish new words over the same pixels, or do nothing."""
    is_new = publication.declared(raster) != current.declaration
    if is_new:
        publication.move(connection, raster, {**current.description, "millesime": raster.millesime})
    size = current.description["width"], current.description["height"]
    return Outcome(raster.id, "published" if is_new else "unchanged", current.generation, *size)


def _edition(raster: Raster, landed: Landed, workshop: Workshop) -> Landed:
    """Return a service's layer with a checksum of what it shows today: another edition is another source."""
    with _opened(raster, landed, workshop) as made:
        shown = sampling.digest(made.target, made.make)
    return dataclasses.replace(landed, sha256=hashlib.sha256(f"{landed.url} {shown}".encode()).hexdigest())


@contextmanager
def _opened(raster: Raster, landed: Landed, workshop: Workshop) -> Generator[_Making]:
    """Open the source on the declared grid."""
    if landed.opens is None:
        territory = workshop.registry.vocabulary.territory.bbox_crs84
        with workshop.transport() as transport:
            grid, make = remote.opened(raster, transport, territory)
            yield _Making(grid, make, ())
        return
    with source.opened(str(landed.opens)) as dataset:
        found = source.describe(raster, dataset)
        grid = target.of_file(raster, found)
        with blocks.warping(dataset, found, grid) as view:
            yield _Making(grid, blocks.of_view(view, found, grid), found.names)


def _check(connection: Connection, run: int, file: Path, counted: Sequence[statistics.Statistics]) -> None:
    """Keep the checks' results; CheckError when the file must not be published, which is then removed."""
    share = max(one.valid_percent for one in counted)
    try:
        cog.validate(file)
        if not share:
            raise CheckError(f"{file.name}: no pixel holds anything", remedy="check the source, its nodata and its CRS")
    except CheckError as exc:
        ledger.check(connection, run, "raster", passed=False, observed=exc.message, expected="a COG with values")
        file.unlink()
        raise
    ledger.check(connection, run, "raster", passed=True, observed=f"{share} % valid", expected="a COG with values")


def _pixels(raster: Raster, landed: Landed) -> str:
    """Name what decides the pixels: the source, the grid and the code; titles and colours do not."""
    read = landed.source.model_dump(mode="json", include={"kind", "crs", "nodata"})
    grid = raster.raster.model_dump(mode="json", include={"srid", "resolution", "resampling"})
    code = hashlib.sha256()
    for module in (source, target, blocks, cog, remote, mosaic, images):
        code.update(Path(str(module.__file__)).read_bytes())
    return hashlib.sha256(json.dumps([landed.sha256, read, grid, code.hexdigest()]).encode()).hexdigest()


def _work_folder(folder: Path, pixels: str, *, fresh: bool) -> Path:
    """Return the folder of blocks that lead to these pixels; what led to others is of no use any more."""
    work = folder / f"work-{pixels[:16]}"
    for other in folder.glob("work-*"):
        if fresh or other != work:
            shutil.rmtree(other)
    work.mkdir(parents=True, exist_ok=True)
    return work


def _is_there(workshop: Workshop, raster: Raster, current: Published) -> bool:
    return publication.file_of(workshop.var, raster.id, current.generation).is_file()
