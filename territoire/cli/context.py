"""What the commands share: settings, registry and addresses, built once a command by the roof."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from territoire.core import database, migrations, registry, settings
from territoire.core.database import Connection, Urls
from territoire.core.errors import DatabaseError
from territoire.core.registry import Registry
from territoire.core.settings import Settings


def say(text: str) -> None:
    """Tell what goes on, on stderr: stdout is for results."""
    print(text, file=sys.stderr, flush=True)


def show(table: Table) -> None:
    """Print a table: as wide as the terminal, or as wide as it needs in a file or a pipe."""
    Console(width=None if sys.stdout.isatty() else 250).print(table)


def load_registry() -> Registry:
    """Read the declarations of this installation."""
    return registry.load(settings.load().datasets)


def load_urls(given: Settings | None = None) -> Urls:
    """Return the database's addresses, starting the private cluster if it is ours and down."""
    return database.urls(given or settings.load(), report=say)


def loader(urls: Urls) -> Connection:
    """Connect as loader to a database that has all migrations."""
    connection = database.connect_loader(urls.loader)
    row = connection.execute("select to_regclass('etl.migrations') is not null").fetchone()
    if not (row and row[0]):
        raise DatabaseError("the database has not been migrated", remedy="territoire database migrate")
    waiting = migrations.pending(connection)
    if waiting:
        raise DatabaseError(f"the database lacks {len(waiting)} migrations", remedy="territoire database migrate")
    return connection
