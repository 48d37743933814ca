"""Publishes a raster's file: one row that says all that serving needs, and the end of files that nobody reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from etl import publish
from territoire.core.database import Connection
from territoire.core.layers import Raster

_FILE = re.compile(r"g([0-9]+)\.tif")

Json = dict[str, Any]  # a JSON document


@dataclass(frozen=True, slots=True)
class Published:
    """What the table says of a raster; `pixels` names source, grid and code, `declaration` is what was declared."""

    generation: int
    pixels: str
    declaration: Json
    description: Json


def published(connection: Connection, raster: str) -> Published | None:
    """Return what is published of a raster, None before its first run."""
    row = connection.execute(
        "select description, declaration from etl.layers where dataset = %s and kind = 'raster'", [raster]
    ).fetchone()
    return Published(int(row[0]["generation"]), row[0]["pixels"], row[1], row[0]) if row else None


def file_of(var: Path, raster: str, generation: int) -> Path:
    """Return where the file of a generation lies."""
    return var / "rasters" / raster / f"g{generation}.tif"


def next_generation(var: Path, raster: str, current: Published | None) -> int:
    """Return a number that no file has, nor ever had: a killed run may have left one."""
    return max([0, *_files(var, raster), current.generation if current else 0]) + 1


def move(connection: Connection, raster: Raster, description: Json) -> None:
    """Make a file the current one: one row in one transaction, of which all servers are told."""
    declaration = declared(raster)
    with connection.transaction():
        connection.execute(
            "insert into etl.layers (dataset, kind, declaration, description) values (%s, 'raster', %s, %s)"
            " on conflict (dataset) do update set kind = excluded.kind, declaration = excluded.declaration,"
            " description = excluded.description, published_at = clock_timestamp()",
            [raster.id, Jsonb(declaration), Jsonb(description)],
        )
        connection.execute("select pg_notify(%s, %s)", [publish.CHANNEL, raster.id])


def declared(raster: Raster) -> Json:
    """Return a declaration as the table keeps it."""
    return raster.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def prune(connection: Connection, var: Path, raster: str, *, grace_s: int) -> int:
    """Remove the files that were superseded more than `grace_s` seconds ago; return how many.

    Numbers above the current one are of runs that died: the caller holds the raster's lock, so nobody writes them.
    """
    row = connection.execute(
        "select (description ->> 'generation')::int, published_at <= now() - make_interval(secs => %s)"
        " from etl.layers where dataset = %s and kind = 'raster'",
        [grace_s, raster],
    ).fetchone()
    current, is_old = (row[0], row[1]) if row else (0, True)
    gone = [number for number in _files(var, raster) if number > current or (number < current and is_old)]
    for number in gone:
        file_of(var, raster, number).unlink()
    return len(gone)


def _files(var: Path, raster: str) -> list[int]:
    folder = var / "rasters" / raster
    found = (_FILE.fullmatch(file.name) for file in folder.iterdir()) if folder.is_dir() else ()
    return sorted(int(one[1]) for one in found if one)
