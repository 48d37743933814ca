"""Compares what the services offer with what they offered before, and with what our declarations use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from territoire.core.layers import Raster
from territoire.core.models import Dataset
from territoire.core.registry import Declaration
from territoire.core.sources import WfsSource
from territoire.geoplateforme.catalogue import Snapshot
from territoire.geoplateforme.offers import Offer

__all__ = ["Difference", "Use", "candidates", "difference", "heirs", "missing", "uses"]


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed in a service between two days."""

    service: str
    new: tuple[Offer, ...]
    gone: tuple[Offer, ...]
    renamed: tuple[tuple[Offer, Offer], ...]
    """Before and after: one went, one came, and no other has their title."""
    flipped: tuple[tuple[Offer, Offer], ...]
    """Before and after: a LATEST that says another edition."""


@dataclass(frozen=True, slots=True)
class Use:
    """A layer of a service that a declaration names, and the fields that it reads of it, in lower case."""

    dataset: str
    service: str
    layer: str
    fields: tuple[str, ...] = ()


def difference(before: Snapshot, after: Snapshot) -> Difference:
    """Say what is new, gone, renamed, and which LATEST moved to another edition."""
    gone = [one for name, one in before.offers.items() if name not in after.offers]
    new = [one for name, one in after.offers.items() if name not in before.offers]
    titles = Counter(one.title for one in [*gone, *new])
    renamed = [(old, now) for old in gone for now in new if old.title == now.title and titles[old.title] == 2]
    moved = {name for pair in renamed for name in (pair[0].name, pair[1].name)}
    return Difference(
        after.service,
        new=tuple(one for one in new if one.name not in moved),
        gone=tuple(one for one in gone if one.name not in moved),
        renamed=tuple(renamed),
        flipped=tuple(_flips(before.offers, after.offers)),
    )


def _flips(before: Mapping[str, Offer], after: Mapping[str, Offer]) -> Iterable[tuple[Offer, Offer]]:
    for name, old in before.items():
        now = after.get(name)
        if now and re.search(r"\bLATEST\b", name) and (old.title, old.abstract) != (now.title, now.abstract):
            yield old, now


def uses(declarations: Iterable[Declaration]) -> list[Use]:
    """List the layers that the declarations load or show live."""
    found: list[Use] = []
    for one in declarations:
        if isinstance(one, Raster):
            if one.source.layer and one.source.kind in {"wms", "wmts"}:
                found.append(Use(one.id, one.source.kind, one.source.layer))
            continue
        fields = tuple(sorted(column.field.lower() for column in one.columns)) if isinstance(one, Dataset) else ()
        if one.live and one.live.layer:
            found.append(Use(one.id, one.live.service, one.live.layer, fields))
        if isinstance(one, Dataset):
            typenames = [source.typename for source in one.source if isinstance(source, WfsSource)]
            found += [Use(one.id, "wfs", typename, fields) for typename in typenames]
    return found


def missing(used: Sequence[Use], snapshots: Mapping[str, Snapshot]) -> list[Use]:
    """Return the uses whose layer the service has not."""
    return [one for one in used if one.service in snapshots and one.layer not in snapshots[one.service].offers]


def candidates(gone: Use, snapshot: Snapshot, new: Iterable[Offer]) -> list[str]:
    """Return what a layer that is gone may be called now: what is new, and what has its name in another namespace."""
    local = gone.layer.rpartition(":")[2]
    named = (name for name in snapshot.offers if name.rpartition(":")[2] == local)
    return list(dict.fromkeys([*(one.name for one in new), *named]))


def heirs(gone: Use, names: Iterable[str], fields: Callable[[str], Iterable[str]]) -> list[str]:
    """Return those of some layers that have every field which the declaration of the gone one reads.

    A title says less than the fields: an edition changes the one and keeps the others.
    """
    read = set(gone.fields)
    return [name for name in names if read and read <= {field.lower() for field in fields(name)}]
