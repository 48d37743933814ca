"""`territoire database`: the private cluster and the migrations."""

from __future__ import annotations

import os
import shutil
from typing import Annotated

import typer

from territoire.cli import context
from territoire.core import cluster, database, migrations, settings
from territoire.core.database import Urls
from territoire.core.errors import DatabaseError
from territoire.core.settings import Settings

app = typer.Typer(no_args_is_help=True)

_ROLES = "admin, loader, reader or submitter"


def _of_role(addresses: Urls, role: str) -> str:
    known = {name: getattr(addresses, name) for name in Urls.__slots__}
    if role not in known:
        raise DatabaseError(f"there is no role {role!r}", remedy=f"use {_ROLES}")
    return known[role]


def _private(given: Settings) -> cluster.Cluster:
    if given.database_url or given.reader_url or given.loader_url:
        raise DatabaseError(
            "the database is not ours: TERRITOIRE_DATABASE_URL, _LOADER_URL or _READER_URL is set",
            remedy="start and stop it with its own tools, or unset them",
        )
    return cluster.locate(given)


@app.command()
def start() -> None:
    """Start the private cluster; it is made if there is none."""
    private = _private(settings.load())
    began = cluster.ensure_started(private, report=context.say)
    typer.echo("started" if began else "already running")


@app.command()
def stop() -> None:
    """Stop the private cluster."""
    stopped = cluster.stop(_private(settings.load()))
    typer.echo("stopped" if stopped else "was not running")


@app.command()
def status() -> None:
    """Say where the database is, and whether it answers."""
    given = settings.load()
    if given.database_url or given.reader_url:
        urls = context.load_urls(given)
        with database.connect_reader(urls.reader) as connection:
            row = connection.execute("select version()").fetchone()
        typer.echo(f"answers: {row[0] if row else ''}")
        return
    found = cluster.status(_private(given))
    typer.echo(f"{found.state}\ndata    {found.data}\nsocket  {found.socket}\nlog     {found.log}")
    if found.major:
        typer.echo(f"version PostgreSQL {found.major}{f', pid {found.pid}' if found.pid else ''}")
    if found.state != "running":
        raise typer.Exit(3)


@app.command()
def migrate() -> None:
    """Bring roles, extensions and schemas up to date."""
    count = migrations.migrate(context.load_urls().admin, report=context.say)
    typer.echo(f"{count} migrations applied" if count else "up to date")


@app.command()
def url(
    role: Annotated[str, typer.Option(help=_ROLES)] = "admin",
) -> None:
    """Print the address of the database, for psql and other tools."""
    addresses = context.load_urls()
    typer.echo(_of_role(addresses, role))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(given: typer.Context, role: Annotated[str, typer.Option(help=_ROLES)] = "admin") -> None:
    """Open psql in the database; what follows is passed on to it, as `-c "select 1"`."""
    address = _of_role(context.load_urls(), role)
    program = shutil.which("psql")
    if program is None:
        raise DatabaseError("psql is not on the PATH", remedy="install postgresql-client")
    os.execv(program, [program, address, *given.args])  # noqa: S606  the person asked for this program
