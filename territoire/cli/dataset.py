"""`territoire dataset`: what is declared, and the draft of what will be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from territoire.cli import context
from territoire.core import registry, settings
from territoire.core.derive import page
from territoire.core.errors import DeclarationError
from territoire.core.layers import Raster
from territoire.core.models import Dataset
from territoire.core.registry import Declaration

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """List every declared dataset."""
    found = context.load_registry()
    shown = Table(box=box.SIMPLE)
    for title in ("id", "theme", "title", "from", "key", "geometry"):
        shown.add_column(title)
    for declared in found.declarations.values():
        key, geometry = "-", "-"
        if isinstance(declared, Dataset):
            key = declared.key
            geometry = f"{declared.geometry.type} {declared.geometry.srid}" if declared.geometry else "-"
        shown.add_row(declared.id, declared.theme, declared.title.fr, _origin(declared), key, geometry)
    context.show(shown)


def _origin(declared: Declaration) -> str:
    if isinstance(declared, Raster):
        return f"{declared.source.kind}, raster"
    if isinstance(declared, Dataset) and declared.live is None:
        return ", ".join(dict.fromkeys(source.kind for source in declared.source))
    return f"{declared.live.service}, live" if declared.live else ""


@app.command()
def show(dataset: Annotated[str, typer.Argument(help="Id of the dataset")]) -> None:
    """Show a dataset: what is derived from its declaration, as its page of the documentation."""
    found = context.load_registry()
    typer.echo(page.page(found.find(dataset), found.vocabulary), nl=False)


@app.command()
def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Declarations to check; all of datasets/ if left out")
    ] = None,
) -> None:
    """Check declarations: types, names, keys and words; says file, line, key and remedy."""
    found = context.load_registry() if not files else None
    if found is not None:
        typer.echo(f"{len(found.declarations)} declarations are right")
        return
    vocabulary = registry.load_vocabulary(settings.load().datasets)
    for file in files or []:
        declared = registry.read_declaration(file, vocabulary)
        columns = f", {len(declared.columns)} columns" if isinstance(declared, Dataset) else ""
        typer.echo(f"{file}: right ({declared.id}{columns})")


@app.command()
def new(
    file: Annotated[
        str | None, typer.Argument(help="File or address of the data, in any format that GDAL opens")
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Layer, where the file has several")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="Id of the dataset; of the file's name if left out")] = None,
    theme: Annotated[str | None, typer.Option(help="A theme of datasets/_vocabulary/themes.yml")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write datasets/<theme>/<id>.yml; never over a file")] = False,
    from_wfs: Annotated[
        str | None, typer.Option(metavar="TYPENAME", help="In place of a file: a feature type, as BDTOPO_V3:batiment")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="With --from-wfs: shown live, in place of loaded")] = False,
) -> None:
    """Draft a declaration from a file or a layer of the Géoplateforme; what cannot be known is marked À COMPLÉTER."""
    from territoire.cli import drafting

    given = settings.load()
    found = context.load_registry()
    themes = ", ".join(found.vocabulary.themes)
    if theme is not None and theme not in found.vocabulary.themes:
        remedy = registry.nearest(theme, found.vocabulary.themes)
        raise DeclarationError(f"there is no theme {theme!r}", remedy=remedy or themes)
    if write and theme is None:
        raise DeclarationError("--write needs the theme, whose folder is written to", remedy=f"--theme one of {themes}")
    if id_ is not None and not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", id_):
        raise DeclarationError(f"{id_!r} is not an id", remedy="lower case, digits and _, a letter first, 40 at most")
    if (file is None) == (from_wfs is None) or (live and from_wfs is None):
        raise DeclarationError(
            "give a file, or --from-wfs TYPENAME (and --live)", remedy="territoire dataset new --help says more"
        )
    made = drafting.propose(
        given, found.vocabulary, file=file or "", layer=layer, from_wfs=from_wfs, live=live, wanted_id=id_, theme=theme
    )
    if not write:
        typer.echo(made.text, nl=False)
        return
    if made.id in found.declarations:
        raise DeclarationError(f"{made.id!r} is declared already", remedy="give another --id")
    target = given.datasets / made.theme / f"{made.id}.yml"
    _write_new(target, made.text)
    context.say(
        f"{target} is written; {made.text.count(drafting.MARK)} places of it are marked {drafting.MARK}."
        f"\nThen: territoire dataset check {target}; territoire etl run {made.id}"
    )


def _write_new(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(exist_ok=True)
        with target.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as exc:
        raise DeclarationError(f"{target} exists, and is left as it is", remedy="give another --id") from exc
    except OSError as exc:
        remedy = "check the folder's rights, or leave --write out and redirect the output"
        raise DeclarationError(f"{target} cannot be written: {exc.strerror}", remedy=remedy) from exc
