"""Datasets of a line, made without a file, and their rows stored as a generation without a load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import shapely
from psycopg import sql

from territoire.core import database
from territoire.core.database import Urls
from territoire.core.derive import table
from territoire.core.models import Column, ColumnType, Dataset, Geometry, GeometryType, Localised, Source, Time

TITLE = Localised(fr="Titre")


def dataset(
    name: str,
    *,
    geometry: GeometryType,
    time: Time | None = None,
    hidden: Sequence[str] = (),
    **columns: ColumnType,
) -> Dataset:
    """Declare a dataset in EPSG:2154 whose key is its column `code`; `hidden` columns cannot be filtered by."""
    return Dataset(
        id=name,
        title=TITLE,
        abstract=TITLE,
        theme="t",
        producer="p",
        licence="l",
        source=(Source(url=f"{name}.gpkg"),),
        key="code",
        columns=(
            Column(name="code", type="text", title=TITLE, nullable=False),
            *(Column(name=c, type=kind, title=TITLE, queryable=c not in hidden) for c, kind in columns.items()),
        ),
        geometry=Geometry(type=geometry, srid=2154),
        time=time,
    )


def store(urls: Urls, declared: Dataset, rows: Sequence[Sequence[Any]]) -> None:
    """Write rows as generation 1 with its view; each is its fid, its columns in order, its shape in EPSG:2154."""
    placeholders = [sql.Placeholder()] * (1 + len(declared.columns))
    insert = sql.SQL(
        "insert into {} values ({}, st_geomfromtext(%s, 2154), st_transform(st_geomfromtext(%s, 2154), 3857))"
    ).format(table.table(declared.id, 1), sql.SQL(", ").join(placeholders))
    wkts = [None if row[-1] is None else shapely.to_wkt(row[-1], rounding_precision=-1) for row in rows]
    with database.connect_loader(urls.loader) as loader:
        loader.execute(table.create_table(declared, 1))
        with loader.cursor() as writer:
            writer.executemany(insert, [(*row[:-1], wkt, wkt) for row, wkt in zip(rows, wkts, strict=True)])
        for statement in table.create_indexes(declared, 1):
            loader.execute(statement)
        loader.execute(table.create_view(declared, 1))
        loader.commit()
