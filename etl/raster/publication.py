"""Publishes a raster's file: one row that says all that serving needs, and the end of files that nobody reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from etl import publish
from territoire.core.database import Connection
from territoire.core.errors import LoadError
from territoire.core.layers import Raster

_FILE = re.compile(r"g([0-9]+)\.tif")

Json = dict[str, Any]  # a JSON document


@dataclass(frozen=True, slots=True)
class Published:
    """What the table says of a raster; `pixels` names source, grid and code, `declaration` is what was declared.

    `previous` is the edition before; `held` names the pixels that a rollback took back.
    """

    generation: int
    pixels: str
    declaration: Json
    description: Json
    previous: Json | None
    held: str | None


def published(connection: Connection, raster: str) -> Published | None:
    """Return what is published of a raster, None before its first run."""
    row = connection.execute(
        "select description, declaration, previous, held from etl.layers where dataset = %s and kind = 'raster'",
        [raster],
    ).fetchone()
    return Published(int(row[0]["generation"]), row[0]["pixels"], row[1], row[0], row[2], row[3]) if row else None


def file_of(var: Path, raster: str, generation: int) -> Path:
    """Return where the file of a generation lies."""
    return var / "rasters" / raster / f"g{generation}.tif"


def next_generation(var: Path, raster: str, current: Published | None) -> int:
    """Return a number that no file has, nor ever had: a killed run may have left one."""
    return max([0, *_files(var, raster), *_editions(current)]) + 1


def move(connection: Connection, raster: Raster, description: Json) -> None:
    """Make a file the current one: one row in one transaction, of which all servers are told.

    The edition that it replaces becomes the previous one; new words over the same file leave that as it was.
    """
    declaration = declared(raster)
    with connection.transaction():
        connection.execute(
            "insert into etl.layers as l (dataset, kind, declaration, description) values (%s, 'raster', %s, %s)"
            " on conflict (dataset) do update set kind = excluded.kind, declaration = excluded.declaration,"
            " description = excluded.description, published_at = clock_timestamp(), held = null,"
            " previous = case when l.description ->> 'generation' = excluded.description ->> 'generation'"
            " then l.previous else jsonb_build_object('declaration', l.declaration, 'description', l.description) end",
            [raster.id, Jsonb(declaration), Jsonb(description)],
        )
        connection.execute("select pg_notify(%s, %s)", [publish.CHANNEL, raster.id])


def rollback(connection: Connection, var: Path, raster: str) -> tuple[int, int]:
    """Publish the edition before the current one and hold the raster; return (new current, the one left)."""
    current = published(connection, raster)
    if current is None:
        raise LoadError(f"{raster}: nothing is published", remedy=f"load it: territoire etl run {raster}")
    if current.previous is None:
        raise LoadError(f"{raster}: there is no earlier generation to go back to")
    number = int(current.previous["description"]["generation"])
    if not file_of(var, raster, number).is_file():
        raise LoadError(
            f"{raster}: {file_of(var, raster, number)} is gone", remedy=f"load it again: territoire etl run {raster}"
        )
    with connection.transaction():
        connection.execute(
            "update etl.layers set declaration = previous -> 'declaration', description = previous -> 'description',"
            " previous = jsonb_build_object('declaration', declaration, 'description', description),"
            " held = description ->> 'pixels', published_at = clock_timestamp() where dataset = %s",
            [raster],
        )
        connection.execute("select pg_notify(%s, %s)", [publish.CHANNEL, raster])
    return number, current.generation


def declared(raster: Raster) -> Json:
    """Return a declaration as the table keeps it."""
    return raster.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def prune(connection: Connection, var: Path, raster: str, *, grace_s: int) -> int:
    """Remove the files that were superseded more than `grace_s` seconds ago, but the previous one; return how many.

    Numbers above both are of runs that died: the caller holds the raster's lock, so nobody writes them.
    """
    kept = _editions(published(connection, raster))
    row = connection.execute(
        "select published_at <= now() - make_interval(secs => %s) from etl.layers where dataset = %s", [grace_s, raster]
    ).fetchone()
    is_old = row is None or row[0]
    gone = [number for number in _files(var, raster) if number not in kept and (is_old or number > max(kept))]
    for number in gone:
        file_of(var, raster, number).unlink()
    return len(gone)


def _editions(current: Published | None) -> list[int]:
    """Return the numbers of the current edition and of the one before it."""
    if current is None:
        return []
    before = [int(current.previous["description"]["generation"])] if current.previous else []
    return [current.generation, *before]


def _files(var: Path, raster: str) -> list[int]:
    folder = var / "rasters" / raster
    found = (_FILE.fullmatch(file.name) for file in folder.iterdir()) if folder.is_dir() else ()
    return sorted(int(one[1]) for one in found if one)
