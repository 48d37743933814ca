"""`territoire etl`: load datasets, look at what was loaded, go back."""

from __future__ import annotations

from typing import Annotated

import typer
from rich import box
from rich.table import Table

from etl import ledger, publish
from etl.raster import publication
from territoire.cli import context
from territoire.core import settings
from territoire.core.database import Connection
from territoire.core.errors import LoadError, SettingsError
from territoire.core.layers import Raster

app = typer.Typer(no_args_is_help=True)
_MOST_REJECTS_SHOWN = 50


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
    from territoire.cli import loading

    found = context.load_registry()
    if every == bool(ids):
        raise SettingsError("say which datasets to load", remedy="territoire etl run communes epci, or --all")
    if source and len(ids or []) != 1:
        raise SettingsError("--source feeds one dataset", remedy="name one dataset, and all its files by --source")
    chosen = list(found.declarations.values()) if every else [found.find(name) for name in ids or []]
    given = settings.load()
    with context.loader(context.load_urls(given)) as connection:
        loading.load(connection, found, chosen, given, sources=source or [], force=force, quiet=quiet)


@app.command()
def status() -> None:
    """Show what is published of each dataset, and how its last run ended; for a live one, its last check."""
    found = context.load_registry()
    shown = Table(box=box.SIMPLE)
    for title in ("dataset", "generation", "rows", "published (UTC)", "last run", "note"):
        shown.add_column(title, overflow="fold")
    with context.loader(context.load_urls()) as connection:
        for name, declared in found.declarations.items():
            last = next(iter(ledger.history(connection, name, limit=1)), None)
            note = (last.error or "").splitlines()[0] if last and last.error else ""
            if isinstance(declared, Raster):
                generation, size, held = _raster(connection, name)
            elif declared.live:
                generation, size, held = "live", declared.live.service, False
            else:
                current = publish.published(connection, name)
                generation, size = (str(current.generation), str(current.rows)) if current else ("-", "-")
                held = bool(current and current.held_digest)
            if held:
                note = f"held since a rollback; {note}".rstrip("; ")
            when = connection.execute(
                "select to_char(published_at, 'YYYY-MM-DD HH24:MI') from (select dataset, published_at"
                " from etl.published union all select dataset, published_at from etl.layers) as p where dataset = %s",
                [name],
            ).fetchone()
            shown.add_row(name, generation, size, when[0] if when else "-", last.status if last else "never", note)
    context.show(shown)


def _raster(connection: Connection, name: str) -> tuple[str, str, bool]:
    current = publication.published(connection, name)
    if current is None:
        return "-", "-", False
    size = f"{current.description['width']} x {current.description['height']}"
    return str(current.generation), size, current.held is not None


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
    from etl import refresh

    declared, given = context.load_registry().find(dataset), settings.load()
    if not isinstance(declared, Raster) and declared.live:
        raise LoadError(f"{declared.id} is shown live: there is no generation to go back to")
    with context.loader(context.load_urls(given)) as connection, refresh.lock(connection, declared.id):
        if isinstance(declared, Raster):
            current, left = publication.rollback(connection, given.var, declared.id)
        else:
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
