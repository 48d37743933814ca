"""`territoire etl`: load datasets, look at what was loaded, go back."""

from __future__ import annotations

from typing import Annotated

import typer
from rich import box
from rich.table import Table

from etl import ledger, live, publish, refresh
from etl.refresh import Outcome
from territoire.cli import context, progress, rasters
from territoire.core import settings
from territoire.core.database import Connection
from territoire.core.errors import SettingsError, TerritoireError
from territoire.core.layers import LiveLayer, Raster
from territoire.core.models import Dataset
from territoire.core.registry import Declaration, Registry
from territoire.core.settings import Settings
from territoire.geoplateforme.transport import Transport

app = typer.Typer(help="Load datasets, look at what was loaded, go back.", no_args_is_help=True)
_MOST_REJECTS_SHOWN = 50
#: How long a publication may wait for the source, in seconds.
_PATIENCE_S = 60.0


@app.command()
def run(
    ids: Annotated[list[str] | None, typer.Argument(help="Datasets to load")] = None,
    every: Annotated[bool, typer.Option("--all", help="Load every declared dataset")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Load even if nothing changed, or the dataset is held")
    ] = False,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", help="File or address to read in place of the declared source; may be repeated"),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only how it ended")] = False,
) -> None:
    """Load datasets: extract, read, load, check, publish. What is published stays whole whatever happens."""
    found = context.load_registry()
    if every == bool(ids):
        raise SettingsError("say which datasets to load", remedy="territoire etl run communes epci, or --all")
    if source and len(ids or []) != 1:
        raise SettingsError("--source feeds one dataset", remedy="name one dataset, and all its files by --source")
    chosen = list(found.declarations.values()) if every else [found.find(name) for name in ids or []]
    given = settings.load()
    with context.loader(context.load_urls(given)) as connection:
        rows = refresh.order([one for one in chosen if isinstance(one, Dataset) and not one.live])
        failures = load(
            connection, found, rows, given, sources=source or [], force=force, quiet=quiet, alone=len(chosen) == 1
        )
        failures += show(connection, chosen, given, alone=len(chosen) == 1)
        failures += rasters.load(
            connection, found, chosen, given, sources=source or [], force=force, quiet=quiet, alone=len(chosen) == 1
        )
    complain(failures, len(chosen))


def show(connection: Connection, chosen: list[Declaration], given: Settings, *, alone: bool) -> list[TerritoireError]:
    """Publish what is shown live, one after the other; return what failed, unless it was alone."""
    wanted = [one for one in chosen if isinstance(one, LiveLayer) or (isinstance(one, Dataset) and one.live)]
    failures: list[TerritoireError] = []
    if not wanted:
        return failures
    with Transport(given, patience_s=_PATIENCE_S) as transport:
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


def load(
    connection: Connection,
    found: Registry,
    chosen: list[Dataset],
    given: Settings,
    *,
    sources: list[str],
    force: bool,
    quiet: bool,
    alone: bool,
) -> list[TerritoireError]:
    """Load datasets one after another and return what failed; one that fails keeps no other from loading.

    `alone`: raise in place of that, where nothing else was asked for.
    """
    workshop = refresh.Workshop(
        registry=found, landing=given.var / "landing", grace_s=given.generation_grace, settings=given
    )
    failures: list[TerritoireError] = []
    for dataset in chosen:
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


def complain(failures: list[TerritoireError], chosen: int) -> None:
    """End with an error where something failed; what failed was said before."""
    if failures:
        raise TerritoireError(
            f"{len(failures)} of {chosen} datasets were not loaded", remedy="see above, or territoire etl status"
        )


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


@app.command()
def status() -> None:
    """Show what is published of each dataset, and how its last run ended."""
    found = context.load_registry()
    shown = Table(box=box.SIMPLE)
    for title in ("dataset", "generation", "rows", "published (UTC)", "last run", "note"):
        shown.add_column(title, overflow="fold")
    with context.loader(context.load_urls()) as connection:
        for name, declared in found.declarations.items():
            last = next(iter(ledger.history(connection, name, limit=1)), None)
            note = (last.error or "").splitlines()[0] if last and last.error else ""
            if isinstance(declared, Raster):
                generation, size = rasters.published(connection, name)
            else:
                current = publish.published(connection, name)
                generation, size = (str(current.generation), str(current.rows)) if current else ("-", "-")
                if current and current.held_digest:
                    note = f"held since a rollback; {note}".rstrip("; ")
            when = connection.execute(
                "select to_char(published_at, 'YYYY-MM-DD HH24:MI') from (select dataset, published_at"
                " from etl.published union all select dataset, published_at from etl.layers) as p where dataset = %s",
                [name],
            ).fetchone()
            shown.add_row(name, generation, size, when[0] if when else "-", last.status if last else "never", note)
    context.show(shown)


@app.command()
def history(dataset: Annotated[str, typer.Argument(help="Id of the dataset")]) -> None:
    """Show the latest runs of a dataset, newest first."""
    name = context.load_registry().find(dataset).id
    shown = Table(box=box.SIMPLE)
    for title in ("run", "began (UTC)", "seconds", "status", "generation", "rows", "repaired", "rejected", "error"):
        shown.add_column(title, overflow="fold")
    with context.loader(context.load_urls()) as connection:
        for one in ledger.history(connection, name):
            seconds = f"{(one.finished_at - one.started_at).total_seconds():.1f}" if one.finished_at else "-"
            counts = (one.generation, one.rows, one.repaired, one.rejected)
            shown.add_row(
                str(one.run),
                f"{one.started_at:%Y-%m-%d %H:%M:%S}",
                seconds,
                one.status,
                *("-" if count is None else str(count) for count in counts),
                one.error or "",
            )
    context.show(shown)


@app.command()
def rollback(dataset: Annotated[str, typer.Argument(help="Id of the dataset")]) -> None:
    """Publish the generation before the current one, and hold it until the source changes (or --force)."""
    declared = context.load_registry().get(dataset)
    with context.loader(context.load_urls()) as connection, refresh.lock(connection, declared.id):
        current, left = publish.rollback(connection, declared.id)
        publish.follow(connection, declared.id, current)
    typer.echo(f"{declared.id}: generation {current} is published again in place of {left}, and held")


@app.command()
def rejects(dataset: Annotated[str, typer.Argument(help="Id of the dataset")]) -> None:
    """Show the rows that the latest load rejected: file, feature, column, reason and remedy."""
    name = context.load_registry().get(dataset).id
    with context.loader(context.load_urls()) as connection:
        run_number, rows = ledger.last_rejects(connection, name, limit=_MOST_REJECTS_SHOWN)
        files = ledger.urls(connection, run_number) if run_number else {}
    if not rows:
        typer.echo(f"{name}: no row was rejected" if run_number else f"{name}: never loaded")
        return
    for row in rows:
        where = f"{files.get(row.source, '?')}, feature {row.feature}{f', {row.column}' if row.column else ''}"
        value = f" (here: {row.value})" if row.value is not None else ""
        typer.echo(f"{where}: {row.reason}{value}\n  -> {row.remedy}")
