"""Refresh: one dataset's life from source to publication, under its lock, written to the ledger."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg

import territoire
from etl import (
    archive,
    atom,
    describe,
    extract,
    geoplateforme,
    ledger,
    load,
    publish,
    read,
    rows,
    shape,
    wfs,
    wfs_pages,
    wfs_walk,
)
from etl.geoplateforme import Access
from etl.landed import Landed
from etl.report import Report
from territoire.core.database import Connection
from territoire.core.derive import table
from territoire.core.errors import BusyError, LoadError, TerritoireError
from territoire.core.models import Dataset
from territoire.core.registry import Registry

_LOCK_CLASS = 0x7E22


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; `rows` and `generation` are those now published."""

    dataset: str
    status: Literal["published", "unchanged", "held"]
    generation: int
    rows: int
    repaired: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every run needs: the registry, a folder to land files in, and how long a superseded generation stays."""

    registry: Registry
    landing: Path
    grace_s: int
    access: Access = geoplateforme.of_the_environment
    """Opens the way to the services of the Géoplateforme."""


def refresh(
    dataset: Dataset,
    *,
    connection: Connection,
    workshop: Workshop,
    report: Report,
    sources: Sequence[str] = (),
    force: bool = False,
) -> Outcome:
    """Load a dataset if its source, its declaration or the code changed; TerritoireError leaves what is published."""
    with attempt(connection, dataset.id, forced=force) as run:
        outcome = _run(connection, dataset, workshop, report, run, list(sources), force=force)
        ledger.end(connection, run, outcome.status)
        return outcome


@contextmanager
def attempt(connection: Connection, declared: str, *, forced: bool) -> Generator[int]:
    """Hold the lock of a declaration for one run, whose number is given; its failure is written to the ledger.

    What a failure raises is a TerritoireError that says what to do.
    """
    with lock(connection, declared):
        run = ledger.begin(connection, declared, forced=forced, version=territoire.__version__)
        try:
            yield run
        except psycopg.Error as exc:
            error = load.explain(declared, exc)
            _fail(connection, run, error)
            raise error from exc
        except (TerritoireError, OSError) as exc:
            error = exc if isinstance(exc, TerritoireError) else LoadError(f"{declared}: {exc}")
            _fail(connection, run, error)
            raise error from exc
        except KeyboardInterrupt:
            _fail(connection, run, LoadError("interrupted"))
            raise


@contextmanager
def lock(connection: Connection, dataset: str) -> Generator[None]:
    """Hold a dataset's lock for the session: a second run is refused, a killed one lets go with its connection."""
    key = int.from_bytes(hashlib.sha256(dataset.encode()).digest()[:4], signed=True)
    row = connection.execute("select pg_try_advisory_lock(%s, %s)", [_LOCK_CLASS, key]).fetchone()
    if not (row and row[0]):
        raise BusyError(f"{dataset}: another run is at work on it", remedy="wait for it: territoire etl status")
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s, %s)", [_LOCK_CLASS, key])


def order(datasets: Sequence[Dataset]) -> list[Dataset]:
    """Return datasets so that those which others refer to come first."""
    wanted = {dataset.id: dataset for dataset in datasets}
    ordered: dict[str, Dataset] = {}

    def visit(dataset: Dataset, above: frozenset[str]) -> None:
        for reference in dataset.checks.references:
            if reference.dataset in wanted and reference.dataset not in above:
                visit(wanted[reference.dataset], above | {dataset.id})
        ordered.setdefault(dataset.id, dataset)

    for dataset in datasets:
        visit(dataset, frozenset({dataset.id}))
    return list(ordered.values())


def _run(
    connection: Connection,
    dataset: Dataset,
    workshop: Workshop,
    report: Report,
    run: int,
    sources: list[str],
    *,
    force: bool,
) -> Outcome:
    def step(name: str, detail: str) -> None:
        report.step(dataset.id, name, detail)
        ledger.step(connection, run, name, detail)

    publish.clean(connection, dataset.id)
    step("extract", ", ".join(sources) or ", ".join(source.address for source in dataset.source))
    current = None if force else publish.published(connection, dataset.id)
    licence = workshop.registry.vocabulary.licences[dataset.licence].title
    foreseen = extract.announced(dataset, override=sources, access=workshop.access) if current else []
    if current and foreseen and (settled := _settled(dataset, current, foreseen)):
        ledger.files(connection, run, foreseen, licence)
        return settled
    landed = extract.extract(
        dataset,
        folder=workshop.landing / dataset.id / str(run),
        relative_to=workshop.registry.folder,
        override=sources,
        access=workshop.access,
        report=report,
    )
    ledger.files(connection, run, landed, licence)
    if current and (settled := _settled(dataset, current, landed)):
        return settled
    step("read", "")
    layers = [describe.describe(dataset, file, number) for number, file in enumerate(landed)]
    rejected = load.stage(connection, dataset, layers, run, report)
    step("load", "")
    repaired, rejected = load.judge(connection, dataset, layers, workshop.registry.vocabulary.territory, run, rejected)
    number, count = load.build(
        connection, dataset, run, provenance=_provenance(dataset, landed), millesime=_millesime(landed)
    )
    ledger.counts(connection, run, generation=number, rows=count, repaired=repaired, rejected=rejected)
    step("check", "")
    try:
        publish.check(connection, dataset, number, run)
    except LoadError:
        publish.clean(connection, dataset.id)
        raise
    step("publish", f"generation {number}")
    publish.move(connection, dataset.id, number)
    publish.follow(connection, dataset.id, number)
    step("prune", "")
    publish.prune(connection, dataset.id, grace_s=workshop.grace_s)
    return Outcome(dataset.id, "published", number, count, repaired, rejected)


def _settled(dataset: Dataset, current: publish.Published, landed: Sequence[Landed]) -> Outcome | None:
    """Say how the run ends where there is nothing to load: this source is published, or was rolled back.

    A new edition with the same rows is loaded all the same: people judge by it how fresh the data is.
    """
    provenance, millesime = _provenance(dataset, landed), _millesime(landed)
    if current.held_digest == provenance.sources_digest:
        return Outcome(dataset.id, "held", current.generation, current.rows)
    if current.fingerprint == provenance.fingerprint and millesime in (None, current.millesime):
        return Outcome(dataset.id, "unchanged", current.generation, current.rows)
    return None


def _millesime(landed: Sequence[Landed]) -> str | None:
    return ", ".join(dict.fromkeys(file.source.millesime for file in landed if file.source.millesime)) or None


def _provenance(dataset: Dataset, landed: Sequence[Landed]) -> load.Provenance:
    sources = hashlib.sha256("\n".join(file.sha256 for file in landed).encode()).hexdigest()
    declaration = json.dumps(dataset.model_dump(mode="json", by_alias=True, exclude_defaults=True), sort_keys=True)
    # which layer of the file was read matters as much as its bytes
    layers = [file.source.layer for file in landed]
    whole = hashlib.sha256(json.dumps([sources, declaration, layers, code_version()]).encode()).hexdigest()
    return load.Provenance(sources_digest=sources, fingerprint=whole)


def code_version() -> str:
    """Return the checksum of the code that decides what a generation holds: when it changes, data are loaded again."""
    digest = hashlib.sha256()
    for module in (archive, atom, describe, read, rows, load, shape, table, wfs, wfs_pages, wfs_walk):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()[:16]


def _fail(connection: Connection, run: int, error: TerritoireError) -> None:
    if connection.closed or connection.broken:
        return  # the database is away: the next run marks this one abandoned
    ledger.end(connection, run, "failed", error=str(error))
