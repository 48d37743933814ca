"""The SQL of a collection's items: a page, one item, a count. Identifiers quoted, values bound."""

from __future__ import annotations

from collections.abc import Callable

from psycopg import sql

from territoire.core.derive import table
from territoire.query import crs
from territoire.query.cql2 import compile
from territoire.query.model import Bbox, Crs, Generation, Interval, Position, Query, Sort, Value

#: Segments per side of a box, so that it follows the curves of another CRS: 0.2 m off at most on a regional box.
_SEGMENTS = 128
_FRENCH = sql.SQL(' collate "fr-x-icu"')

Statement = tuple[sql.Composed, dict[str, Value]]
#: Writes the feature `v` as one text.
Writer = Callable[[Generation, Query], sql.Composed]


class Binder:
    """Collects the values of a statement under names, so that one value may stand in several places of it."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}

    def bind(self, value: Value, column_type: str) -> sql.Composed:
        """Return a placeholder for `value`, cast to a column's type."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return sql.SQL("{}::{}").format(sql.Placeholder(name), table.sql_type(column_type))


def page(generation: Generation, query: Query, write: Writer | None = None) -> Statement:
    """Select up to limit + 1 features: columns fid, one text per sort key, then the feature, GeoJSON by default."""
    binder = Binder()
    wanted = conditions(generation, query, binder)
    dense_offset = query.offset and not (query.is_filtered or query.sortby or query.after)
    if dense_offset:
        # fid is dense from 1, so that an offset is a range
        wanted.append(sql.SQL("v.fid > {}").format(binder.bind(query.offset, "bigint")))
    if query.after:
        wanted.append(_after(generation, query.sortby, query.after, binder))
    keys = [sql.SQL("v.{}::text").format(sql.Identifier(sort.column)) for sort in query.sortby]
    selected = sql.SQL(", ").join([sql.SQL("v.fid"), *keys, (write or feature)(generation, query)])
    tail = sql.SQL(" limit {}").format(binder.bind(query.limit + 1, "bigint"))
    if query.offset and not dense_offset:
        tail += sql.SQL(" offset {}").format(binder.bind(query.offset, "bigint"))
    statement = sql.SQL("select {} from {} as v{} order by {}{}").format(
        selected, _view(generation), _where(wanted), _order(generation, query.sortby), tail
    )
    return statement, binder.values


def item(generation: Generation, key: Value, query: Query, write: Writer | None = None) -> Statement:
    """Select one feature by its key, as GeoJSON by default."""
    binder = Binder()
    column = generation.dataset.column(generation.dataset.key)
    statement = sql.SQL("select {} from {} as v where v.{} = {}").format(
        (write or feature)(generation, query),
        _view(generation),
        sql.Identifier(column.name),
        binder.bind(key, column.type),
    )
    return statement, binder.values


def count(generation: Generation, query: Query) -> Statement:
    """Count the features that match, wherever the walk stands."""
    binder = Binder()
    wanted = conditions(generation, query, binder)
    statement = sql.SQL("select count(*) from {} as v{}").format(_view(generation), _where(wanted))
    return statement, binder.values


def feature(generation: Generation, query: Query) -> sql.Composed:
    """Write the GeoJSON Feature as text in SQL: no work per feature is left for Python."""
    dataset = generation.dataset
    geometry = sql.SQL("'null'").format()
    if dataset.geometry and not query.skip_geometry:
        geometry = sql.SQL("coalesce(public.st_asgeojson({}, {}, 0), 'null')").format(
            shape(query.crs, dataset.geometry.srid), sql.Literal(query.crs.decimals)
        )
    return sql.SQL(
        """'{{"type":"Feature","id":' || to_json(v.{})::text"""
        """ || ',"geometry":' || {} || ',"properties":' || {} || '}}'"""
    ).format(sql.Identifier(dataset.key), geometry, properties_text(generation, query))


def properties_text(generation: Generation, query: Query) -> sql.Composed:
    """Write the asked properties as the text of a JSON object."""
    columns = generation.dataset.columns
    names = query.properties if query.properties is not None else [column.name for column in columns]
    if not names:
        return sql.SQL("'{{}}'").format()
    listed = sql.SQL(", ").join(sql.SQL("v.{}").format(sql.Identifier(name)) for name in names)
    return sql.SQL("(select row_to_json(p)::text from (select {}) as p)").format(listed)


def shape(target: Crs, stored: int) -> sql.Composed:
    """Write the geometry in a CRS, in the axis order of its authority."""
    moved = sql.SQL("v.geom").format()
    if target.srid != stored:
        # always the integer form: the text form rebuilds a PROJ pipeline per row
        moved = sql.SQL("public.st_transform(v.geom, {})").format(sql.Literal(target.srid))
    return sql.SQL("public.st_flipcoordinates({})").format(moved) if target.flipped else moved


def _view(generation: Generation) -> sql.Identifier:
    return table.view(generation.dataset.id, generation.number)


def _where(conditions: list[sql.Composed]) -> sql.Composed:
    return sql.SQL(" where {}").format(sql.SQL(" and ").join(conditions)) if conditions else sql.SQL("").format()


def conditions(generation: Generation, query: Query, binder: Binder) -> list[sql.Composed]:
    """Write what a feature `v` must fulfil: all filters that a query carries, of items and of tiles alike."""
    dataset = generation.dataset
    wanted = [
        sql.SQL("v.{} = {}").format(
            sql.Identifier(equal.column), binder.bind(equal.value, dataset.column(equal.column).type)
        )
        for equal in query.equals
    ]
    if query.interval and dataset.time:
        wanted.extend(_during(generation, query.interval, binder))
    if query.bbox:
        wanted.append(_within(generation, query.bbox, binder))
    if query.filter:
        wanted.append(compile.condition(query.filter, dataset, generation.extent_native, binder))
    return wanted


def _within(generation: Generation, bbox: Bbox, binder: Binder) -> sql.Composed:
    parts = boxes(generation, bbox, binder)
    if not parts:
        return sql.SQL("false").format()
    # && alone returns features whose box, not shape, meets the bbox
    tests = [sql.SQL("(v.geom && {0} and public.st_intersects(v.geom, {0}))").format(part) for part in parts]
    return sql.SQL("({})").format(sql.SQL(" or ").join(tests))


def boxes(generation: Generation, bbox: Bbox, binder: Binder) -> list[sql.Composed]:
    """Write the parts of a box that can meet the data, as geometries of the data's CRS; none where nothing lies."""
    geometry, extent = generation.dataset.geometry, generation.extent_native
    parts = crs.clip(bbox, extent=extent, srid=geometry.srid) if geometry and extent else []
    return [_polygon(part, geometry.srid, binder) for part in parts] if geometry else []


def _polygon(part: Bbox, srid: int, binder: Binder) -> sql.Composed:
    """Write a box as a geometry of the data's CRS, with enough vertices to follow the curves of a transformation."""
    corners = [binder.bind(value, "number") for value in (part.west, part.south, part.east, part.north)]
    own = sql.Literal(part.srid)
    if part.west == part.east or part.south == part.north:
        # a box without area is a point or a line: an envelope of no area meets nothing
        line = sql.SQL("public.st_makeline(public.st_makepoint({}, {}), public.st_makepoint({}, {}))").format(*corners)
        box = sql.SQL("public.st_setsrid({}, {})").format(line, own)
        if part.west == part.east and part.south == part.north:
            box = sql.SQL("public.st_setsrid(public.st_makepoint({}, {}), {})").format(*corners[:2], own)
    else:
        box = sql.SQL("public.st_makeenvelope({}, {}, {}, {}, {})").format(*corners, own)
    if part.srid == srid:
        return box
    step = max(part.east - part.west, part.north - part.south) / _SEGMENTS
    if step > 0:
        box = sql.SQL("public.st_segmentize({}, {})").format(box, binder.bind(step, "number"))
    return sql.SQL("public.st_transform({}, {})").format(box, sql.Literal(srid))


def _during(generation: Generation, interval: Interval, binder: Binder) -> list[sql.Composed]:
    time = generation.dataset.time
    if time is None:
        return []
    start, end = time.start, time.end
    conditions: list[sql.Composed] = []
    if interval.end:
        conditions.append(_compare(generation, start, "<=", interval.end.isoformat(), binder))
    if interval.start:
        late = _compare(generation, end or start, ">=", interval.start.isoformat(), binder)
        # a feature without an end still holds
        conditions.append(sql.SQL("(v.{} is null or {})").format(sql.Identifier(end), late) if end else late)
    if not interval.end:
        # a feature without a start is in no time (OGC 17-069r4, /req/core/fc-time-response)
        conditions.append(sql.SQL("v.{} is not null").format(sql.Identifier(start)))
    return conditions


def _compare(generation: Generation, column: str, operator: str, moment: str, binder: Binder) -> sql.Composed:
    declared = generation.dataset.column(column)
    value = moment[:10] if declared.type == "date" else moment
    return sql.SQL("v.{} {} {}").format(
        sql.Identifier(column), sql.SQL("<=" if operator == "<=" else ">="), binder.bind(value, declared.type)
    )


def _key(generation: Generation, sort: Sort) -> sql.Composed:
    collation = _FRENCH if generation.dataset.column(sort.column).type == "text" else sql.SQL("")
    return sql.SQL("v.{}{}").format(sql.Identifier(sort.column), collation)


def _order(generation: Generation, sortby: tuple[Sort, ...]) -> sql.Composed:
    keys = [
        sql.SQL("{} {}").format(_key(generation, sort), sql.SQL("desc" if sort.descending else "asc"))
        for sort in sortby
    ]
    last = sql.SQL("v.fid desc" if sortby and sortby[-1].descending else "v.fid").format()
    return sql.SQL(", ").join([*keys, last])


def _after(generation: Generation, sortby: tuple[Sort, ...], position: Position, binder: Binder) -> sql.Composed:
    """Write what follows a position: nulls last ascending, first descending, as PostgreSQL sorts by default."""
    branches: list[sql.Composed] = []
    same: list[sql.Composed] = []
    for sort, value in zip(sortby, position.values, strict=True):
        name = sql.Identifier(sort.column)
        if value is None:
            if sort.descending:
                branches.append(_all([*same, sql.SQL("v.{} is not null").format(name)]))
            same.append(sql.SQL("v.{} is null").format(name))
            continue
        bound = binder.bind(value, generation.dataset.column(sort.column).type)
        later = sql.SQL("{} {} {}").format(_key(generation, sort), sql.SQL("<" if sort.descending else ">"), bound)
        if not sort.descending:
            later = sql.SQL("({} or v.{} is null)").format(later, name)
        branches.append(_all([*same, later]))
        same.append(sql.SQL("v.{} = {}").format(name, bound))
    direction = sql.SQL("<" if sortby and sortby[-1].descending else ">")
    last = sql.SQL("v.fid {} {}").format(direction, binder.bind(position.fid, "bigint"))
    branches.append(_all([*same, last]))
    return sql.SQL("({})").format(sql.SQL(" or ").join(branches))


def _all(conditions: list[sql.Composed]) -> sql.Composed:
    return sql.SQL("({})").format(sql.SQL(" and ").join(conditions))
