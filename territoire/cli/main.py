"""Entry point of `territoire`: its commands, and the one place where errors become messages.

A command's module is imported when the command is asked for, so that `--help` and the small ones answer at once.
"""

from __future__ import annotations

import os
import pkgutil
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

import territoire
from territoire.core.errors import TerritoireError

#: Where each command lives, and what it is for.
_COMMANDS = {
    "dataset": ("territoire.cli.dataset:app", "List, show, check and draft the declared datasets."),
    "etl": ("territoire.cli.etl:app", "Load datasets, look at what was loaded, go back."),
    "database": ("territoire.cli.database:app", "Start, stop, migrate and enter the database."),
    "demo": ("territoire.cli.demo:app", "The demo territory: région Sud's administrative areas."),
    "geoplateforme": ("territoire.cli.geoplateforme:app", "Browse and check what the national Géoplateforme offers."),
    "derive": ("territoire.cli.derived:derive", "Write what is derived from the declarations, or check it."),
    "serve": ("territoire.cli.serve:serve", "Serve the pages and the OGC API of what is published."),
    "settings": ("territoire.cli.settings:settings", "Show the settings: name, value, origin, meaning."),
    "worker": ("territoire.cli.worker:worker", "Do the jobs of OGC API Processes that visitors hand in."),
}


class _Commands(TyperGroup):
    """The commands by name and sentence; the one that is asked for is imported."""

    def __init__(self, **given: Any) -> None:  # what typer hands to every group
        super().__init__(**given)
        for name, (_, sentence) in _COMMANDS.items():
            self.add_command(TyperCommand(name, help=sentence))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # typer gives no public names to these types
        name, found, rest = super().resolve_command(ctx, args)
        return name, _load(name) if name and found else None, rest


def _load(name: str) -> Any:  # a command or a group of typer
    # imported here, for it takes time: what a command logs must not mix with what it writes for programs
    from territoire.core import logs

    logs.configure()
    address, sentence = _COMMANDS[name]
    found = pkgutil.resolve_name(address)
    if isinstance(found, typer.Typer):
        group = get_group(found)
        group.help = sentence
        return group
    single = typer.Typer(add_completion=False)
    single.command(name)(found)
    return get_command(single)


app = typer.Typer(
    name="territoire",
    cls=_Commands,
    help="Regional platform of OGC web services: declare datasets, load them, publish them.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    epilog="First steps: [bold]territoire demo load[/bold], then [bold]territoire serve[/bold].",
)

#: Three wheels bring their own PROJ and GDAL; libpq's variables would lead us to a database that is not ours.
_FOREIGN = ("PROJ_DATA", "PROJ_LIB", "GDAL_DATA", "GDAL_DRIVER_PATH")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"territoire {territoire.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and exit.")
    ] = False,
) -> None:
    """Publish a territory's geodata as OGC web services."""


def clear_environment() -> None:
    """Forget inherited variables that would change which PROJ, GDAL or database is used."""
    for name in list(os.environ):
        if name in _FOREIGN or name.startswith("PG"):
            del os.environ[name]


def main() -> None:
    """Run the command line; an expected error is a message and exit code 1, never a traceback."""
    clear_environment()
    try:
        app()
    except TerritoireError as exc:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print("[bold red]error:[/bold red] ", end="")
        console.print(exc.message, markup=False)
        if exc.remedy:
            console.print(f"  -> {exc.remedy}", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
