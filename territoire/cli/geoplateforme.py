"""`territoire geoplateforme`: what the national Géoplateforme offers, and what changed there."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import orjson
import typer
from rich import box
from rich.table import Table

from territoire.cli import context
from territoire.core import settings
from territoire.core.errors import NotFoundError, RequestError, SettingsError
from territoire.geoplateforme import catalogue, compare, offers, wfs
from territoire.geoplateforme import search as finding
from territoire.geoplateforme.catalogue import Snapshot
from territoire.geoplateforme.compare import Difference, Use
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
    """Compare the services with the check before and with our declarations; exit code 1 if a declared layer is gone."""
    found = context.load_registry()
    with Transport(settings.load(), patience_s=_PATIENCE_S) as transport:
        snapshots: dict[str, Snapshot] = {}
        differences: list[Difference] = []
        silent: dict[str, str] = {}
        for name in offers.SERVICES:
            try:
                snapshots[name] = catalogue.current(transport, name)
            except RequestError as exc:
                silent[name] = exc.message
                continue
            before = catalogue.checked(transport, name)
            if before:
                differences.append(compare.difference(before, snapshots[name]))
            catalogue.keep_as_checked(transport, snapshots[name])
        gone = compare.missing(compare.uses(found.declarations.values()), snapshots)
        heirs: list[list[str]] = [[] for _ in gone]
        try:
            heirs = [_heirs(transport, use, snapshots, differences) for use in gone]
        except RequestError as exc:
            silent["schemas of the wfs"] = exc.message
    if as_json:
        missing = [{**asdict(use), "heirs": names} for use, names in zip(gone, heirs, strict=True)]
        _write_json({"differences": [asdict(one) for one in differences], "missing": missing, "silent": silent})
    else:
        _report(differences, silent, first=not differences)
        for use, names in zip(gone, heirs, strict=True):
            hint = f"; {' or '.join(names)} has the fields that it reads" if names else ""
            context.say(
                f"gone: {use.dataset} is declared on {use.service} {use.layer}, which is no longer offered{hint}"
            )
    if gone or silent:
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


def _heirs(
    transport: Transport, gone: Use, snapshots: Mapping[str, Snapshot], differences: Sequence[Difference]
) -> list[str]:
    """Say which feature types have all fields that a declaration reads of one that is gone."""
    if gone.service != "wfs":
        return []
    new = [offer for one in differences if one.service == "wfs" for offer in one.new]
    names = compare.candidates(gone, snapshots["wfs"], new)
    return compare.heirs(gone, names, lambda name: [field.name for field in wfs.describe(transport, name).fields])


def _report(differences: Sequence[Difference], silent: dict[str, str], *, first: bool) -> None:
    if first:
        context.say("first check: the next one compares with today")
    shown = Table("service", "what", "layer", "title", box=box.SIMPLE)
    for one in differences:
        rows = [("new", offer.name, offer.title) for offer in one.new]
        rows += [("gone", offer.name, offer.title) for offer in one.gone]
        rows += [("renamed", f"{old.name} -> {now.name}", now.title) for old, now in one.renamed]
        rows += [("edition", now.name, f"{_edition(old)} -> {_edition(now)}") for old, now in one.flipped]
        for row in rows:
            shown.add_row(one.service, *row)
    if shown.row_count:
        context.show(shown)
    elif differences:
        context.say("nothing changed since the last check")
    for name, reason in silent.items():
        context.say(f"not checked: {name}: {reason}")


def _edition(one: Offer) -> str:
    return f"{one.title} ({one.abstract[:60]})" if one.abstract else one.title
