"""Loads what was chosen, rows, live layers and rasters alike: what `territoire etl run` and `demo load` do.

Apart from the commands, which are asked for help and state far more often: this imports all that reads data.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import typer

from etl import live, refresh
from etl.raster import refresh as raster_refresh
from territoire.cli import context, progress
from territoire.core.database import Connection
from territoire.core.errors import TerritoireError
from territoire.core.layers import LiveLayer, Raster
from territoire.core.models import Dataset
from territoire.core.registry import Declaration, Registry
from territoire.core.settings import Settings
from territoire.geoplateforme.transport import Transport

__all__ = ["load"]

#: How long a load or a publication may wait for a service, and a block of a raster, in seconds.
_PATIENCE_S, _BLOCK_PATIENCE_S = 60.0, 120.0


def load(
    connection: Connection,
    found: Registry,
    chosen: Sequence[Declaration],
    given: Settings,
    *,
    sources: Sequence[str],
    force: bool,
    quiet: bool,
) -> None:
    """Load what was chosen, one after another; one that fails keeps no other from loading.

    A failure is raised as it is where nothing else was asked for; else as a count, after all were tried.
    """
    failures = 0
    with Transport(given, patience_s=_PATIENCE_S) as transport:
        # one for all: what is found to be away is not asked again and again by each dataset
        loader = _Loader(connection, found, given, transport, sources, force=force, quiet=quiet)
        for declared in _order(chosen):
            try:
                typer.echo(loader.load(declared))
            except TerritoireError as exc:
                if len(chosen) == 1:
                    raise
                context.say(f"{declared.id}: FAILED: {exc}")
                failures += 1
                if connection.closed:
                    raise
    if failures:
        raise TerritoireError(
            f"{failures} of {len(chosen)} datasets were not loaded", remedy="see above, or territoire etl status"
        )


def _order(chosen: Sequence[Declaration]) -> list[Declaration]:
    """Return what has rows first, what others refer to before them; then what is live, then rasters."""
    rows = refresh.order([one for one in chosen if isinstance(one, Dataset) and not one.live])
    shown = [one for one in chosen if isinstance(one, LiveLayer) or (isinstance(one, Dataset) and one.live)]
    return [*rows, *shown, *(one for one in chosen if isinstance(one, Raster))]


@dataclass(frozen=True)
class _Loader:
    """What a load is done with; load() returns the sentence that says how it ended."""

    connection: Connection
    registry: Registry
    given: Settings
    transport: Transport
    sources: Sequence[str]
    force: bool
    quiet: bool

    def load(self, declared: Declaration) -> str:
        if isinstance(declared, Raster):
            return self._raster(declared)
        if isinstance(declared, LiveLayer) or declared.live:
            live.publish_live(declared, connection=self.connection, transport=self.transport)
            return f"{declared.id}: published, live from the Géoplateforme"
        return self._rows(declared)

    def _rows(self, dataset: Dataset) -> str:
        workshop = refresh.Workshop(
            registry=self.registry,
            landing=self.given.var / "landing",
            grace_s=self.given.generation_grace,
            access=lambda: nullcontext(self.transport),
        )
        with progress.reporter(quiet=self.quiet) as report:
            outcome = refresh.refresh(
                dataset,
                connection=self.connection,
                workshop=workshop,
                report=report,
                sources=self.sources,
                force=self.force,
            )
        rows = f"{outcome.rows} rows"
        if outcome.status == "published":
            rows += f", {outcome.repaired} geometries repaired" if outcome.repaired else ""
            rows += f", {outcome.rejected} rows rejected" if outcome.rejected else ""
        return _sentence(dataset.id, outcome.generation, outcome.status, rows)

    def _raster(self, raster: Raster) -> str:
        workshop = raster_refresh.Workshop(
            registry=self.registry,
            var=self.given.var,
            grace_s=self.given.generation_grace,
            transport=lambda: Transport(self.given, patience_s=_BLOCK_PATIENCE_S),
        )
        with progress.reporter(quiet=self.quiet) as report:
            outcome = raster_refresh.refresh(
                raster,
                connection=self.connection,
                workshop=workshop,
                report=report,
                sources=self.sources,
                force=self.force,
            )
        size = f"{outcome.width} x {outcome.height} pixels"
        return _sentence(raster.id, outcome.generation, outcome.status, size)


def _sentence(declared: str, generation: int, status: str, size: str) -> str:
    if status == "published":
        return f"{declared}: generation {generation} published, {size}"
    if status == "held":
        return (
            f"{declared}: held at generation {generation} since its rollback: the source is still the one that was"
            " rolled back (--force loads it all the same)"
        )
    return f"{declared}: nothing to do, generation {generation} is of this source ({size})"
