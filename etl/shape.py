"""Brings staged geometries to the declared type and CRS, and rejects the rows that may not be published."""

from __future__ import annotations

from dataclasses import dataclass, field

from psycopg import errors, sql

from territoire.core.database import Connection
from territoire.core.models import Column, Dataset
from territoire.core.vocabulary import Territory

_STAGING = sql.Identifier("pg_temp", "staging")
_DIMENSIONS = {"Point": 0, "MultiPoint": 0, "LineString": 1, "MultiLineString": 1, "Polygon": 2, "MultiPolygon": 2}


def shape(connection: Connection, dataset: Dataset, srids: dict[int, int | None]) -> int:
    """Force geometries to two dimensions, the declared CRS and validity; return how many had to be repaired."""
    if dataset.geometry is None:
        return 0
    target = dataset.geometry.srid
    connection.execute(sql.SQL("alter table {} add column was public.geometry, add column lost text").format(_STAGING))
    for source, srid in srids.items():
        own = srid or target  # a CRS that EPSG does not list was reprojected on reading
        with connection.transaction():
            _to_crs(connection, source, own, target)
    row = connection.execute(
        sql.SQL("select count(*) from {} where geom is not null and not public.st_isvalid(geom)").format(_STAGING)
    ).fetchone()
    # an empty geometry is none
    connection.execute(sql.SQL("update {} set geom = null where public.st_isempty(geom)").format(_STAGING))
    connection.execute(sql.SQL("update {} set was = geom").format(_STAGING))
    connection.execute(
        sql.SQL(
            "update {} set geom = public.st_makevalid(geom) where geom is not null and not public.st_isvalid(geom)"
        ).format(_STAGING)
    )
    _to_type(connection, dataset.geometry.type)
    return int(row[0]) if row else 0


def _to_crs(connection: Connection, source: int, own: int, target: int) -> None:
    flat = sql.SQL("public.st_setsrid(public.st_force2d(geom), {})").format(sql.Literal(own))
    move = sql.SQL("public.st_transform({}, {})").format(flat, sql.Literal(target)) if own != target else flat
    update = sql.SQL("update {} set geom = {} where source = %s and geom is not null")
    try:
        with connection.transaction():
            connection.execute(update.format(_STAGING, move), [source])
    except errors.InternalError_:
        # one coordinate that the CRS cannot express fails the whole statement: find it row by row
        connection.execute(_TRY_TRANSFORM)
        connection.execute(
            sql.SQL(
                "update {} set geom = pg_temp.try_transform({}, {}), lost = 'outside of the domain of its CRS'"
                " where source = %s and geom is not null"
            ).format(_STAGING, flat, sql.Literal(target)),
            [source],
        )
        connection.execute(sql.SQL("update {} set lost = null where geom is not null").format(_STAGING))


_TRY_TRANSFORM = """
create or replace function pg_temp.try_transform(shape public.geometry, srid integer) returns public.geometry
language plpgsql as $$
begin
    return public.st_transform(shape, srid);
exception when internal_error then
    return null;
end
$$
"""


def _to_type(connection: Connection, declared: str) -> None:
    """Promote a part to its Multi, a Multi of one part to the part; `geom` is emptied where neither fits."""
    if declared == "Geometry":
        return
    dimension = _DIMENSIONS[declared]
    # repair may leave lines or points beside the polygon: only what has the declared dimension is kept
    kept = sql.SQL("public.st_multi(public.st_collectionextract(geom, {}))").format(sql.Literal(dimension + 1))
    if not declared.startswith("Multi"):
        kept = sql.SQL("case when public.st_numgeometries({0}) = 1 then public.st_geometryn({0}, 1) end").format(kept)
    update = sql.SQL("update {} set geom = case when public.st_dimension(was) = {} then {} end where was is not null")
    connection.execute(update.format(_STAGING, sql.Literal(dimension), kept))
    connection.execute(sql.SQL("update {} set geom = null where public.st_isempty(geom)").format(_STAGING))


def reject(connection: Connection, dataset: Dataset, territory: Territory, run: int) -> int:
    """Move the rows that break a rule of the declaration from staging to the rejects; return how many."""
    rules: list[_Rule] = []
    for column in dataset.columns:
        if not column.nullable or column.name == dataset.key:
            rules.append(_null(column))
        if column.codelist:
            rules.append(_code(column))
    if dataset.geometry:
        rules += [_lost(), _type(dataset.geometry.type)]
        if not dataset.geometry.nullable:
            rules.append(_no_geometry())
        if dataset.checks.within:
            rules.append(_outside(dataset.geometry.srid, territory))
    rules.append(_duplicate(dataset.key))
    return sum(_move(connection, run, rule) for rule in rules)


@dataclass(frozen=True, slots=True)
class _Rule:
    """Rows that may not be published: which, why, and what to do; `values` are bound in condition and reason."""

    column: str
    condition: sql.Composable
    reason: sql.Composable
    remedy: str
    shown: sql.Composable
    values: dict[str, object] = field(default_factory=dict[str, object])


def _move(connection: Connection, run: int, rule: _Rule) -> int:
    cursor = connection.execute(
        sql.SQL(
            "with bad as (delete from {} as s where {} returning source, feature, ({})::text as reason,"
            ' left(({})::text, 200) as value) insert into etl.rejects (run, source, feature, "column", reason,'
            " remedy, value) select %(run)s, source, feature, %(column)s, reason, %(remedy)s, value from bad"
        ).format(_STAGING, rule.condition, rule.reason, rule.shown),
        {"run": run, "column": rule.column, "remedy": rule.remedy, **rule.values},
    )
    return cursor.rowcount


def _null(column: Column) -> _Rule:
    return _Rule(
        column=column.name,
        condition=sql.SQL("s.{} is null").format(sql.Identifier(column.name)),
        reason=sql.SQL("'is empty, and may not be'"),
        remedy=f"fill {column.field} in the source, or declare `nullable: true`",
        shown=sql.SQL("null"),
    )


def _code(column: Column) -> _Rule:
    codes = [code.value for code in column.codelist]
    name = sql.Identifier(column.name)
    return _Rule(
        column=column.name,
        condition=sql.SQL("s.{} <> all(%(codes)s)").format(name),
        reason=sql.SQL("%(reason)s"),
        remedy="correct the value, or add it to the codelist",
        shown=sql.SQL("s.{}").format(name),
        values={"codes": codes, "reason": f"is not one of {', '.join(codes)}"},
    )


def _lost() -> _Rule:
    return _Rule(
        column="geometry",
        condition=sql.SQL("s.lost is not null"),
        reason=sql.SQL("s.lost"),
        remedy="correct the coordinates, or the CRS that the source says",
        shown=sql.SQL("null"),
    )


def _type(declared: str) -> _Rule:
    return _Rule(
        column="geometry",
        condition=sql.SQL("s.geom is null and s.was is not null"),
        reason=sql.SQL(
            "case when public.st_dimension(s.was) <> %(dimension)s"
            " then 'is a ' || public.geometrytype(s.was) || ', not a ' || %(declared)s"
            " when public.st_numgeometries(s.was) > 1 then 'has several parts, and is declared as one ' || %(declared)s"
            " else 'is so invalid that nothing of it is left once repaired' end"
        ),
        remedy=f"correct the source, or declare another `geometry.type` than {declared}",
        shown=sql.SQL("public.st_asewkt(s.was, 3)"),
        values={"declared": declared, "dimension": _DIMENSIONS.get(declared)},
    )


def _no_geometry() -> _Rule:
    return _Rule(
        column="geometry",
        condition=sql.SQL("s.geom is null"),
        reason=sql.SQL("'there is none'"),
        remedy="draw it in the source, or declare `nullable: true` under geometry",
        shown=sql.SQL("null"),
    )


def _outside(srid: int, territory: Territory) -> _Rule:
    west, south, east, north = territory.bbox_crs84
    return _Rule(
        column="geometry",
        condition=sql.SQL(
            "s.geom is not null and not public.st_coveredby(s.geom, (select public.st_transform(public.st_segmentize("
            "public.st_makeenvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326), 0.05), %(srid)s::integer)))"
        ),
        reason=sql.SQL("%(reason)s"),
        remedy="correct its coordinates or CRS, or remove `checks.within`",
        shown=sql.SQL("public.st_asewkt(public.st_centroid(s.geom), 3)"),
        values={
            "west": west,
            "south": south,
            "east": east,
            "north": north,
            "srid": srid,
            "reason": f"lies outside of the territory ({west}, {south}, {east}, {north})",
        },
    )


def _duplicate(key: str) -> _Rule:
    name = sql.Identifier(key)
    return _Rule(
        column=key,
        condition=sql.SQL(
            "(s.source, s.feature) in (select t.source, t.feature from (select source, feature, row_number() over"
            " (partition by {} order by source, feature) as copy from {}) as t where t.copy > 1)"
        ).format(name, _STAGING),
        reason=sql.SQL("'stands twice: a feature before it has the same key'"),
        remedy="keep one of them in the source, or declare a key that is unique",
        shown=sql.SQL("s.{}").format(name),
    )
