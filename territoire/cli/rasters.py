"""Rasters on the command line: what `territoire etl` and `territoire demo` do with them."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from etl.raster import refresh
from territoire.cli import context, progress
from territoire.core.database import Connection
from territoire.core.errors import TerritoireError
from territoire.core.layers import Raster
from territoire.core.registry import Declaration, Registry
from territoire.core.settings import Settings
from territoire.geoplateforme.transport import Transport

__all__ = ["load"]

#: How long a block may wait for the quota and for a source that is busy, in seconds.
_PATIENCE_S = 120.0


def load(
    connection: Connection,
    found: Registry,
    chosen: Sequence[Declaration],
    given: Settings,
    *,
    sources: Sequence[str],
    force: bool,
    quiet: bool,
    alone: bool,
) -> list[TerritoireError]:
    """Build and publish the rasters among what was chosen; return what failed, unless it was alone."""
    failures: list[TerritoireError] = []
    workshop = refresh.Workshop(
        registry=found,
        var=given.var,
        grace_s=given.generation_grace,
        transport=lambda: Transport(given, patience_s=_PATIENCE_S),
    )
    for raster in (one for one in chosen if isinstance(one, Raster)):
        try:
            with progress.reporter(quiet=quiet) as report:
                outcome = refresh.refresh(
                    raster, connection=connection, workshop=workshop, report=report, sources=sources, force=force
                )
        except TerritoireError as exc:
            if alone or connection.closed:
                raise
            context.say(f"{raster.id}: FAILED: {exc}")
            failures.append(exc)
        else:
            typer.echo(_sentence(outcome))
    return failures


def _sentence(outcome: refresh.Outcome) -> str:
    size = f"{outcome.width} x {outcome.height} pixels"
    if outcome.status == "published":
        return f"{outcome.raster}: generation {outcome.generation} published, {size}"
    if outcome.status == "held":
        return (
            f"{outcome.raster}: held at generation {outcome.generation} since its rollback: the source is still the"
            " one that was rolled back (--force loads it all the same)"
        )
    return f"{outcome.raster}: nothing to do, generation {outcome.generation} is of this source ({size})"
