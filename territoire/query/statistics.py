"""The SQL of what a dataset holds within a zone: counts, length or area within, sums. Values bound."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from territoire.core.derive import table
from territoire.core.models import Column
from territoire.query.items import Binder, Statement
from territoire.query.model import Generation

__all__ = ["FeatureZone", "measure", "numeric", "within"]

#: A zone's side is cut so that it follows the curves of another CRS (degrees: about a kilometre).
_STEP_DEGREES = 0.01
#: A neighbour whose border is nearly the zone's overlaps by slivers: so much, in metres or square metres, counts.
_SLIVER = 1


@dataclass(frozen=True, slots=True)
class FeatureZone:
    """A zone that is a published feature: the one of `generation` whose `column` has this value."""

    generation: Generation
    column: str
    value: str


def numeric(generation: Generation) -> list[Column]:
    """Return the columns that can be added up."""
    key = generation.dataset.key
    return [c for c in generation.dataset.columns if c.type in {"integer", "bigint", "number"} and c.name != key]


def measure(generation: Generation) -> str | None:
    """Return what is measured within a zone: `area_m2`, `length_m`, or None for points and mixed geometries."""
    kind = generation.dataset.geometry.type if generation.dataset.geometry else ""
    return {"Polygon": "area_m2", "LineString": "length_m"}.get(kind.removeprefix("Multi"))


def within(generation: Generation, zone: str | FeatureZone) -> Statement:
    """Select count, measure, then two sums a numeric column, of what meets a zone (GeoJSON in CRS84, or a feature).

    The first sum is of the features that meet the zone, whole; the second of their shares that lie within.
    The zone is taken to the dataset's CRS and clips there; a measure is in metres, on the ellipsoid where that
    CRS is in degrees.
    """
    geometry = generation.dataset.geometry
    if geometry is None:
        raise ValueError(f"{generation.dataset.id} has no geometry")
    binder = Binder()
    shape = _shape(zone, geometry.srid, binder)
    measured = measure(generation)
    part = _measured(sql.SQL("public.st_intersection(v.geom, z.geom)"), measured, generation)
    whole = _measured(sql.SQL("v.geom"), measured, generation)
    names = [sql.Identifier(column.name) for column in numeric(generation)]
    columns = sql.SQL("").join(sql.SQL(", v.{}").format(name) for name in names)
    share = sql.SQL("case when w.whole > 0 then w.part / w.whole else 1 end")
    sums = sql.SQL("").join(
        sql.SQL(", sum(w.{0})::double precision, sum(w.{0} * {1})::double precision").format(name, share)
        for name in names
    )
    sliver = sql.SQL(" where w.part > least({}, w.whole / 2)" if measured else "").format(sql.Literal(_SLIVER))
    statement = sql.SQL(
        "with z as materialized ({zone}), w as ("
        " select case when public.st_coveredby(v.geom, z.geom) then {whole} else {part} end as part, {whole} as whole"
        "{columns} from {view} as v cross join z where v.geom && z.geom and public.st_intersects(v.geom, z.geom))"
        " select count(*), sum(w.part)::double precision{sums} from w{sliver}"
    ).format(
        zone=shape,
        whole=whole,
        part=part,
        columns=columns,
        view=table.view(generation.dataset.id, generation.number),
        sliver=sliver,
        sums=sums,
    )
    return statement, binder.values


def _shape(zone: str | FeatureZone, srid: int, binder: Binder) -> sql.Composed:
    """Select the zone as `geom`, in the CRS of what it clips."""
    if isinstance(zone, FeatureZone):
        found = zone.generation
        own = found.dataset.geometry
        # taken as it is where the CRS is the same: borders that are shared stay shared
        geom = sql.SQL("f.geom") if own and own.srid == srid else sql.SQL("public.st_transform(f.geom, {})")
        return sql.SQL("select {} as geom from {} as f where f.{} = {}").format(
            geom.format(sql.Literal(srid)),
            table.view(found.dataset.id, found.number),
            sql.Identifier(zone.column),
            binder.bind(zone.value, "text"),
        )
    # a ring that crosses itself would fail the whole query
    drawn = sql.SQL("public.st_makevalid(public.st_setsrid(public.st_geomfromgeojson({}), 4326))").format(
        binder.bind(zone, "text")
    )
    if srid != 4326:
        drawn = sql.SQL("public.st_transform(public.st_segmentize({}, {}), {})").format(
            drawn, sql.Literal(_STEP_DEGREES), sql.Literal(srid)
        )
    return sql.SQL("select {} as geom").format(drawn)


def _measured(shape: sql.SQL, measured: str | None, generation: Generation) -> sql.Composed:
    if measured is None or generation.dataset.geometry is None:
        return sql.SQL("0::double precision").format()
    function = sql.SQL("public.st_area" if measured == "area_m2" else "public.st_length")
    is_degrees = generation.dataset.geometry.srid in {4326, 4171, 4258}
    return sql.SQL("{}({}{})").format(function, shape, sql.SQL("::public.geography" if is_degrees else ""))
