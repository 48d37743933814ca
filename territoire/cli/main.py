"""Entry point of `territoire`: its commands, and the one place where errors become messages."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.console import Console

import territoire
from territoire.cli import database, dataset, demo, derived, etl, geoplateforme, serve, settings, worker
from territoire.core.errors import TerritoireError

app = typer.Typer(
    name="territoire",
    help="Regional platform of OGC web services: declare datasets, load them, publish them.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    epilog="First steps: [bold]territoire demo load[/bold], then [bold]territoire serve[/bold].",
)
app.add_typer(dataset.app, name="dataset")
app.add_typer(etl.app, name="etl")
app.add_typer(database.app, name="database")
app.add_typer(demo.app, name="demo")
app.add_typer(geoplateforme.app, name="geoplateforme")
app.command("derive")(derived.derive)
app.command("serve")(serve.serve)
app.command("settings")(settings.settings)
app.command("worker")(worker.worker)

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
