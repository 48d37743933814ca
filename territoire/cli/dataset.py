"""`territoire dataset`: what is declared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from territoire.cli import context
from territoire.core import registry, settings
from territoire.core.derive import page

app = typer.Typer(help="List, show and check the declared datasets.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """List every declared dataset."""
    found = context.load_registry()
    shown = Table(box=box.SIMPLE)
    for title in ("id", "theme", "title", "key", "geometry"):
        shown.add_column(title)
    for dataset in found.datasets.values():
        geometry = f"{dataset.geometry.type} {dataset.geometry.srid}" if dataset.geometry else "-"
        shown.add_row(dataset.id, dataset.theme, dataset.title.fr, dataset.key, geometry)
    context.show(shown)


@app.command()
def show(dataset: Annotated[str, typer.Argument(help="Id of the dataset")]) -> None:
    """Show a dataset: what is derived from its declaration, as its page of the documentation."""
    found = context.load_registry()
    typer.echo(page.page(found.get(dataset), found.vocabulary), nl=False)


@app.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Declarations to check; all of datasets/ if left out")
    ] = None,
) -> None:
    """Check declarations: types, names, keys and words; says file, line, key and remedy."""
    found = context.load_registry() if not files else None
    if found is not None:
        typer.echo(f"{len(found.datasets)} declarations are right")
        return
    vocabulary = registry.load_vocabulary(settings.load().datasets)
    for file in files or []:
        dataset = registry.read_declaration(file, vocabulary)
        typer.echo(f"{file}: right ({dataset.id}, {len(dataset.columns)} columns)")
