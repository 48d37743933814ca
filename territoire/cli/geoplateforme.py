"""`territoire geoplateforme`: what the national Géoplateforme offers, and what changed there."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import orjson
import typer
from rich import box
from rich.table import Table

from territoire.cli import context
from territoire.core import settings
from territoire.core.errors import NotFoundError, SettingsError
from territoire.geoplateforme import catalogue, offers, wfs
from territoire.geoplateforme import search as finding
from territoire.geoplateforme.offers import Offer
from territoire.geoplateforme.transport import Transport

app = typer.Typer(no_args_is_help=True)

Words = Annotated[list[str] | None, typer.Argument(help="Words that name, title, abstract or keywords must hold")]
Service = Annotated[str | None, typer.Option(help=f"One of {', '.join(offers.SERVICES)}; all if left out")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for programs")]
#: Someone at a terminal waits this long for a turn and between tries.
_PATIENCE_S = 20.0


@app.command()
def layers(words: Words = None, service: Service = None, as_json: AsJson = False) -> None:
    """List the layers of the services by their capabilities, which are read once a day."""
    with Transport(settings.load(), patience_s=_PATIENCE_S) as transport:
        found = [one for name in _services(service) for one in catalogue.current(transport, name).offers.values()]
    _show(finding.matching(found, words or []), as_json=as_json)


@app.command()
def search(words: Annotated[list[str], typer.Argument(help="Words to look for")], as_json: AsJson = False) -> None:
    """Search the layers of all producers with the Géoplateforme's own search; its capabilities if that is away."""
    with Transport(settings.load(), patience_s=_PATIENCE_S) as transport:
        found = finding.search(transport, words)
    if found.fallback:
        context.say(f"the search is away ({found.fallback}); these are from the capabilities")
    _show(found.offers, as_json=as_json)


@app.command()
def capabilities(
    layer: Annotated[str, typer.Argument(help="Name of a layer, as BDTOPO_V3:batiment")],
    service: Service = None,
    as_json: AsJson = False,
) -> None:
    """Show all that the services say of one layer: fields, CRS, extent, styles, tile matrix sets."""
    with Transport(settings.load(), patience_s=_PATIENCE_S) as transport:
        found: list[tuple[Offer, wfs.Schema | None]] = []
        for name in _services(service):
            one = catalogue.current(transport, name).offers.get(layer)
            if one:
                found.append((one, wfs.describe(transport, layer) if name == "wfs" else None))
    if not found:
        raise NotFoundError(f"no service offers {layer!r}", remedy=f"territoire geoplateforme search {layer}")
    if as_json:
        _write_json([{**asdict(one), "schema": asdict(schema) if schema else None} for one, schema in found])
        return
    for one, schema in found:
        context.show(_sheet(one, schema))


@app.command()
def check(as_json: AsJson = False) -> None:
    """Compare the services with the check before and with our declarations; exit code 1 if what is declared is gone."""
    from territoire.cli import checking

    with Transport(settings.load(), patience_s=_PATIENCE_S) as transport:
        found = checking.check(transport, context.load_registry().declarations.values())
    if as_json:
        _write_json(found.as_json())
    else:
        checking.report(found)
    if not found.is_well:
        sys.exit(1)


def _services(wanted: str | None) -> Sequence[str]:
    if wanted is not None and wanted not in offers.SERVICES:
        raise SettingsError(f"there is no service {wanted!r}", remedy=f"one of {', '.join(offers.SERVICES)}")
    return [wanted] if wanted else offers.SERVICES


def _write_json(content: Any) -> None:  # of our own making
    typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())


def _show(found: Sequence[Offer], *, as_json: bool) -> None:
    if as_json:
        _write_json([asdict(one) for one in found])
        return
    shown = Table("service", "name", "title", box=box.SIMPLE, caption=f"{len(found)} layers", caption_justify="left")
    for one in found:
        shown.add_row(one.service, one.name, one.title)
    context.show(shown)


def _sheet(one: Offer, schema: wfs.Schema | None) -> Table:
    shown = Table("", "", box=box.SIMPLE, show_header=False, title=f"{one.service} {one.name}", title_justify="left")
    rows = {
        "title": one.title,
        "abstract": one.abstract,
        "keywords": ", ".join(one.keywords),
        "extent": ", ".join(f"{side:g}" for side in one.extent_crs84 or ()),
        "CRS": ", ".join(one.crs),
        "formats": ", ".join(one.formats),
        "styles": ", ".join(one.styles),
        "tile matrix sets": "\n".join(f"{grid.name} ({grid.crs}): {grid.first} to {grid.last}" for grid in one.grids),
    }
    if schema:
        rows["geometry"] = f"{schema.geometry} {schema.geometry_type}" if schema.geometry else "none"
        rows["fields"] = "\n".join(f"{field.name} {field.type}" for field in schema.fields)
    for name, value in rows.items():
        if value:
            shown.add_row(name, value)
    return shown
