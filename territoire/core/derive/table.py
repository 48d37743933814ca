"""A generation's table, indexes, comments and view, as SQL."""

from __future__ import annotations

from psycopg import sql

from territoire.core.models import Dataset

_SQL_TYPES = {
    "text": sql.SQL("text"),
    "integer": sql.SQL("integer"),
    "bigint": sql.SQL("bigint"),
    "number": sql.SQL("double precision"),
    "boolean": sql.SQL("boolean"),
    "date": sql.SQL("date"),
    "timestamp": sql.SQL("timestamptz"),
}


def relation(dataset_id: str, generation: int) -> str:
    """Return the name that a generation's table has in `data`, and its view in `api`."""
    return f"{dataset_id}__g{generation}"


def table(dataset_id: str, generation: int) -> sql.Identifier:
    """Return the qualified table of a generation."""
    return sql.Identifier("data", relation(dataset_id, generation))


def view(dataset_id: str, generation: int) -> sql.Identifier:
    """Return the qualified view of a generation: all that the reader sees of it."""
    return sql.Identifier("api", relation(dataset_id, generation))


def sql_type(column_type: str) -> sql.SQL:
    """Return the PostgreSQL type of a declared column type."""
    return _SQL_TYPES[column_type]


def column_names(dataset: Dataset) -> list[str]:
    """Return the columns of a generation in order: fid, the declared ones, the geometries."""
    geometries = ["geom", "geom_3857"] if dataset.geometry else []
    return ["fid", *(column.name for column in dataset.columns), *geometries]


def create_table(dataset: Dataset, generation: int) -> sql.Composed:
    """Create the table; its keys and indexes follow once it is filled."""
    lines = [sql.SQL("fid bigint not null")]
    for column in dataset.columns:
        null = sql.SQL("") if column.nullable and column.name != dataset.key else sql.SQL(" not null")
        lines.append(
            sql.SQL("{} {}{}").format(sql.Identifier(column.name), _SQL_TYPES[column.type], null)  # pyright: ignore[reportArgumentType]
        )
    if dataset.geometry:
        null = sql.SQL("") if dataset.geometry.nullable else sql.SQL(" not null")
        for name, srid in (("geom", dataset.geometry.srid), ("geom_3857", 3857)):
            lines.append(
                sql.SQL("{} public.geometry({}, {}){}").format(  # pyright: ignore[reportArgumentType]
                    sql.Identifier(name), sql.SQL(dataset.geometry.type), sql.Literal(srid), null
                )
            )
    body = sql.SQL(",\n    ").join(lines)
    return sql.SQL("create table {} (\n    {}\n)").format(table(dataset.id, generation), body)


def create_indexes(dataset: Dataset, generation: int) -> list[sql.Composed]:
    """Create the primary key on fid, the unique key, the declared indexes on (column, fid), and those on geometry."""
    name = table(dataset.id, generation)
    indexes = [
        sql.SQL("alter table {} add primary key (fid)").format(name),
        sql.SQL("create unique index on {} ({})").format(name, sql.Identifier(dataset.key)),
    ]
    for column in dataset.columns:
        if column.index and column.name != dataset.key:
            # fid follows so that a filtered page is one range of the index, already in order
            indexes.append(sql.SQL("create index on {} ({}, fid)").format(name, sql.Identifier(column.name)))
    if dataset.time:
        indexes.append(sql.SQL("create index on {} ({}, fid)").format(name, sql.Identifier(dataset.time.start)))
    if dataset.geometry:
        indexes.extend(
            sql.SQL("create index on {} using gist ({})").format(name, sql.Identifier(geometry))
            for geometry in ("geom", "geom_3857")
        )
    return indexes


def create_comments(dataset: Dataset, generation: int) -> list[sql.Composed]:
    """Say in the database what table and columns mean, for people who read it there."""
    name = table(dataset.id, generation)
    comments = [sql.SQL("comment on table {} is {}").format(name, sql.Literal(dataset.title.fr))]
    for column in dataset.columns:
        text = f"{column.title.fr}. {column.description.fr}" if column.description else column.title.fr
        target = sql.Identifier("data", relation(dataset.id, generation), column.name)
        comments.append(sql.SQL("comment on column {} is {}").format(target, sql.Literal(text)))
    return comments


def create_view(dataset: Dataset, generation: int) -> sql.Composed:
    """Create the generation's own view, columns named one by one: the server reads only this."""
    return sql.SQL("create view {} as select {} from {}").format(
        view(dataset.id, generation), _columns(dataset), table(dataset.id, generation)
    )


def create_current_view(dataset: Dataset, generation: int) -> list[sql.Composed]:
    """Point `api.<id>` at a generation, for people who write SQL; dropped first, as columns may have changed."""
    current = sql.Identifier("api", dataset.id)
    return [
        sql.SQL("drop view if exists {}").format(current),
        sql.SQL("create view {} as select {} from {}").format(
            current, _columns(dataset), table(dataset.id, generation)
        ),
    ]


def _columns(dataset: Dataset) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in column_names(dataset))
