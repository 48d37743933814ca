"""Loads what was chosen, rows, live layers and rasters alike: what `territoire etl run` and `demo load` do.

Apart from the commands, which are asked for help and state far more often: this imports all that reads data.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import typer

from etl import live, refresh
from etl.refresh import Outcome
from territoire.cli import context, progress, rasters
from territoire.core.database import Connection
from territoire.core.errors import TerritoireError
from territoire.core.layers import LiveLayer
from territoire.core.models import Dataset
from territoire.core.registry import Declaration, Registry
from territoire.core.settings import Settings
from territoire.geoplateforme.transport import Transport

__all__ = ["load"]

#: How long a load or a publication may wait for a service, in seconds.
_PATIENCE_S = 60.0


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
    alone = len(chosen) == 1
    with Transport(given, patience_s=_PATIENCE_S) as transport:
        # one for all: what is found to be away is not asked again and again by each dataset
        failures = _rows(
            connection, found, chosen, given, transport, sources=sources, force=force, quiet=quiet, alone=alone
        )
        failures += _live(connection, chosen, transport, alone=alone)
    failures += rasters.load(connection, found, chosen, given, sources=sources, force=force, quiet=quiet, alone=alone)
    if failures:
        raise TerritoireError(
            f"{len(failures)} of {len(chosen)} datasets were not loaded", remedy="see above, or territoire etl status"
        )


def _rows(
    connection: Connection,
    found: Registry,
    chosen: Sequence[Declaration],
    given: Settings,
    transport: Transport,
    *,
    sources: Sequence[str],
    force: bool,
    quiet: bool,
    alone: bool,
) -> list[TerritoireError]:
    workshop = refresh.Workshop(
        registry=found,
        landing=given.var / "landing",
        grace_s=given.generation_grace,
        access=lambda: nullcontext(transport),
    )
    failures: list[TerritoireError] = []
    for dataset in refresh.order([one for one in chosen if isinstance(one, Dataset) and not one.live]):
        try:
            with progress.reporter(quiet=quiet) as report:
                outcome = refresh.refresh(
                    dataset, connection=connection, workshop=workshop, report=report, sources=sources, force=force
                )
        except TerritoireError as exc:
            if alone:
                raise
            context.say(f"{dataset.id}: FAILED: {exc}")
            failures.append(exc)
            if connection.closed:
                raise
        else:
            typer.echo(_sentence(outcome))
    return failures


def _live(
    connection: Connection, chosen: Sequence[Declaration], transport: Transport, *, alone: bool
) -> list[TerritoireError]:
    wanted = [one for one in chosen if isinstance(one, LiveLayer) or (isinstance(one, Dataset) and one.live)]
    failures: list[TerritoireError] = []
    for declared in wanted:
        try:
            live.publish_live(declared, connection=connection, transport=transport)
        except TerritoireError as exc:
            if alone or connection.closed:
                raise
            context.say(f"{declared.id}: FAILED: {exc}")
            failures.append(exc)
        else:
            typer.echo(f"{declared.id}: published, live from the Géoplateforme")
    return failures


def _sentence(outcome: Outcome) -> str:
    if outcome.status == "published":
        extra = f", {outcome.repaired} geometries repaired" if outcome.repaired else ""
        extra += f", {outcome.rejected} rows rejected" if outcome.rejected else ""
        return f"{outcome.dataset}: generation {outcome.generation} published, {outcome.rows} rows{extra}"
    if outcome.status == "held":
        return (
            f"{outcome.dataset}: held at generation {outcome.generation} since its rollback: the source is still the"
            " one that was rolled back (--force loads it all the same)"
        )
    return f"{outcome.dataset}: nothing to do, generation {outcome.generation} is of this source ({outcome.rows} rows)"
