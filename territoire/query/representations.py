"""Features as CSV lines and as JSON-FG, written by SQL as `items.feature` writes GeoJSON."""

from __future__ import annotations

from psycopg import sql

from territoire.core.models import Column
from territoire.query import crs
from territoire.query.items import properties_text, shape
from territoire.query.model import Generation, Query

__all__ = ["csv_line", "csv_names", "is_in_place", "jsonfg_feature"]

_NULL = sql.SQL("'null'")
_UTC = sql.SQL("""to_char({} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""")


def csv_names(generation: Generation, query: Query) -> list[str]:
    """Return the columns of the CSV: the asked ones with the key, then the geometry where there is one."""
    dataset = generation.dataset
    wanted = query.properties
    names = [c.name for c in dataset.columns if wanted is None or c.name in wanted or c.name == dataset.key]
    if not dataset.geometry or query.skip_geometry:
        return names
    # a declared column may be called `geometry`, none can be called `geom`
    return [*names, "geom" if "geometry" in names else "geometry"]


def csv_line(generation: Generation, query: Query) -> sql.Composed:
    """Write one line (RFC 4180): texts are quoted, so that an empty one is not a null, which is nothing at all."""
    dataset = generation.dataset
    names = csv_names(generation, query)
    has_shape = bool(dataset.geometry) and not query.skip_geometry
    fields = [_field(dataset.column(name)) for name in (names[:-1] if has_shape else names)]
    if dataset.geometry and has_shape:
        written = sql.SQL("""coalesce('"' || public.st_astext({}, {}) || '"', '')""").format(
            shape(query.crs, dataset.geometry.srid), sql.Literal(query.crs.decimals)
        )
        fields.append(written)
    return sql.SQL(" || ',' || ").join(fields)


def jsonfg_feature(generation: Generation, query: Query) -> sql.Composed:
    """Write a JSON-FG feature (OGC 21-045r1): a geometry in CRS84 is its `geometry`, any other its `place`.

    Never both: the profile `jsonfg` leaves the copy in CRS84 out.
    """
    dataset = generation.dataset
    written: sql.SQL | sql.Composed = _NULL
    if dataset.geometry and not query.skip_geometry:
        written = sql.SQL("coalesce(public.st_asgeojson({}, {}, 0), 'null')").format(
            shape(query.crs, dataset.geometry.srid), sql.Literal(_decimals(query))
        )
    geometry, place = (_NULL, written) if is_in_place(query) else (written, _NULL)
    return sql.SQL(
        """'{{"type":"Feature","id":' || to_json(v.{})::text || ',"time":' || {}"""
        """ || ',"place":' || {} || ',"geometry":' || {} || ',"properties":' || {} || '}}'"""
    ).format(sql.Identifier(dataset.key), _time(generation), place, geometry, properties_text(generation, query))


def is_in_place(query: Query) -> bool:
    """Tell whether geometries are in a CRS that GeoJSON does not know."""
    return query.crs != crs.DEFAULT


def _decimals(query: Query) -> int:
    """Return the decimals of a JSON-FG geometry: a `place` must be valid (/req/core/geom-valid).

    A centimetre, 7 decimals of a degree, closes the narrowest creeks of Marseille into a self-intersection.
    """
    in_degrees = query.crs.decimals == crs.DEFAULT.decimals
    return query.crs.decimals + (2 if in_degrees and is_in_place(query) else 0)


def _field(column: Column) -> sql.Composed:
    name = sql.Identifier(column.name)
    if column.type == "text":
        return sql.SQL("""coalesce('"' || replace(v.{}, '"', '""') || '"', '')""").format(name)
    if column.type in {"date", "timestamp"}:
        # as GeoJSON has it, whatever the session's style of dates
        return sql.SQL("coalesce(to_json(v.{}) #>> '{{}}', '')").format(name)
    return sql.SQL("coalesce(v.{}::text, '')").format(name)


def _time(generation: Generation) -> sql.Composed:
    """Write the `time` member: a date, a timestamp, or an interval whose ends are of one kind and in order."""
    dataset = generation.dataset
    if dataset.time is None:
        return sql.SQL("{}").format(_NULL)
    start = dataset.column(dataset.time.start)
    if dataset.time.end is None:
        kind = sql.SQL(
            """'{{"date":' || {} || '}}'""" if start.type == "date" else """'{{"timestamp":' || {} || '}}'"""
        )
        return sql.SQL("coalesce({}, 'null')").format(kind.format(_moment(start, as_date=start.type == "date")))
    end = dataset.column(dataset.time.end)
    as_date = "date" in {start.type, end.type}
    first, last = _moment(start, as_date=as_date), _moment(end, as_date=as_date)
    return sql.SQL(
        """case when v.{0} is null and v.{1} is null or v.{0} > v.{1} then 'null'"""
        """ else '{{"interval":[' || coalesce({2}, '".."') || ',' || coalesce({3}, '".."') || ']}}' end"""
    ).format(sql.Identifier(start.name), sql.Identifier(end.name), first, last)


def _moment(column: Column, *, as_date: bool) -> sql.Composed:
    """Write a moment as a JSON text, null where it is infinite."""
    name = sql.SQL("v.{}").format(sql.Identifier(column.name))
    if column.type == "date":
        text = sql.SQL("to_char({}, 'YYYY-MM-DD')").format(name)
    elif as_date:
        text = sql.SQL("to_char({} at time zone 'UTC', 'YYYY-MM-DD')").format(name)
    else:
        text = _UTC.format(name)
    return sql.SQL("""case when isfinite({}) then '"' || {} || '"' end""").format(name, text)
