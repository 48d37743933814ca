"""Checks what our declarations use of the Géoplateforme: what it offered before, offers now, and has no more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich import box
from rich.table import Table

from etl import geoplateforme
from territoire.cli import context
from territoire.core.errors import NotFoundError, RequestError, SourceError
from territoire.core.models import Dataset
from territoire.core.registry import Declaration
from territoire.core.sources import AtomSource, CswSource
from territoire.geoplateforme import catalogue, compare, offers, wfs
from territoire.geoplateforme.catalogue import Snapshot
from territoire.geoplateforme.compare import Difference, Use
from territoire.geoplateforme.offers import Offer
from territoire.geoplateforme.transport import Transport


@dataclass
class Found:
    """What a check found; it is well if all that is declared is offered, and every service answered."""

    snapshots: dict[str, Snapshot] = field(default_factory=dict[str, Snapshot])
    differences: list[Difference] = field(default_factory=list[Difference])
    missing: list[tuple[Use, list[str]]] = field(default_factory=list[tuple[Use, list[str]]])
    """Layers that are gone, each with those that have its fields."""
    without_file: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """Datasets whose product or record leads to no file any more: id, source, why."""
    silent: dict[str, str] = field(default_factory=dict[str, str])
    """What could not be checked, and why."""

    @property
    def is_well(self) -> bool:
        """Is there nothing that someone has to do?"""
        return not (self.missing or self.without_file or self.silent)

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "differences": [asdict(one) for one in self.differences],
            "missing": [{**asdict(use), "heirs": names} for use, names in self.missing],
            "without_file": [dict(zip(("dataset", "source", "reason"), one, strict=True)) for one in self.without_file],
            "silent": self.silent,
        }


def check(transport: Transport, declarations: Collection[Declaration]) -> Found:
    """Ask the services, compare, and keep what they offer for the next check."""
    found = Found()
    for name in offers.SERVICES:
        try:
            found.snapshots[name] = catalogue.current(transport, name)
        except RequestError as exc:
            found.silent[name] = exc.message
            continue
        before = catalogue.checked(transport, name)
        if before:
            found.differences.append(compare.difference(before, found.snapshots[name]))
        catalogue.keep_as_checked(transport, found.snapshots[name])
    gone = compare.missing(compare.uses(declarations), found.snapshots)
    try:
        found.missing = [(use, _heirs(transport, use, found)) for use in gone]
    except RequestError as exc:
        found.missing = [(use, []) for use in gone]
        found.silent["schemas of the wfs"] = exc.message
    _check_files(transport, declarations, found)
    return found


def report(found: Found) -> None:
    """Show it to people."""
    if not found.differences:
        context.say("first check: the next one compares with today")
    shown = _table(found.differences)
    if shown.row_count:
        context.show(shown)
    elif found.differences:
        context.say("nothing changed since the last check")
    for name, reason in found.silent.items():
        context.say(f"not checked: {name}: {reason}")
    for use, names in found.missing:
        hint = f"; {' or '.join(names)} has the fields that it reads" if names else ""
        context.say(f"gone: {use.dataset} is declared on {use.service} {use.layer}, which is no longer offered{hint}")
    for dataset, _, reason in found.without_file:
        context.say(f"gone: {dataset}: {reason}")


def _heirs(transport: Transport, gone: Use, found: Found) -> list[str]:
    """Say which feature types have all fields that a declaration reads of one that is gone."""
    if gone.service != "wfs":
        return []
    new = [offer for one in found.differences if one.service == "wfs" for offer in one.new]
    names = compare.candidates(gone, found.snapshots["wfs"], new)
    return compare.heirs(gone, names, lambda name: [field.name for field in wfs.describe(transport, name).fields])


def _check_files(transport: Transport, declarations: Iterable[Declaration], found: Found) -> None:
    for one in declarations:
        for source in one.source if isinstance(one, Dataset) else ():
            if not isinstance(source, AtomSource | CswSource):
                continue
            try:
                geoplateforme.find_file(source, transport)
            except (NotFoundError, SourceError) as exc:
                found.without_file.append((one.id, source.address, exc.message))
            except RequestError as exc:
                found.silent[f"{one.id} ({source.address})"] = exc.message


def _table(differences: Sequence[Difference]) -> Table:
    shown = Table("service", "what", "layer", "title", box=box.SIMPLE)
    for one in differences:
        rows = [("new", offer.name, offer.title) for offer in one.new]
        rows += [("gone", offer.name, offer.title) for offer in one.gone]
        rows += [("renamed", f"{old.name} -> {now.name}", now.title) for old, now in one.renamed]
        rows += [("edition", now.name, f"{_edition(old)} -> {_edition(now)}") for old, now in one.flipped]
        for row in rows:
            shown.add_row(one.service, *row)
    return shown


def _edition(one: Offer) -> str:
    return f"{one.title} ({one.abstract[:60]})" if one.abstract else one.title
