"""Writes spatial functions as SQL (OGC 21-065r2, /req/spatial-functions); literals are clipped before they move."""

from __future__ import annotations

import math

import shapely
from psycopg import sql
from shapely.geometry.base import BaseGeometry

from territoire.core.derive.tileset import Bounds
from territoire.query import crs
from territoire.query.cql2.scope import Scope, arguments
from territoire.query.cql2.tree import Box, Node, Operation, Shape

_FUNCTIONS = {
    "s_intersects": sql.SQL("public.st_intersects({}, {})"),
    "s_equals": sql.SQL("public.st_equals({}, {})"),
    "s_disjoint": sql.SQL("public.st_disjoint({}, {})"),
    "s_touches": sql.SQL("public.st_touches({}, {})"),
    "s_within": sql.SQL("public.st_within({}, {})"),
    "s_overlaps": sql.SQL("public.st_overlaps({}, {})"),
    "s_crosses": sql.SQL("public.st_crosses({}, {})"),
    "s_contains": sql.SQL("public.st_contains({}, {})"),
}
#: The names of drafts: INTERSECTS() and the like.
NAMES = {**{name: name for name in _FUNCTIONS}, **{name.removeprefix("s_"): name for name in _FUNCTIONS}}
_COLLECTIONS_ALLOWED = frozenset({"s_intersects", "s_disjoint"})
#: Segments along the longest side of a literal, so that it follows the curves of another CRS.
_SEGMENTS = 128


def condition(scope: Scope, node: Operation) -> sql.Composed:
    """Write one spatial function; unknown (null) where a feature has no geometry."""
    name = NAMES[node.op]
    operands = [_operand(scope, arg, name) for arg in arguments(scope, node, 2)]
    if scope.dataset.geometry and scope.extent is None:
        # nothing has a geometry, so that there is nowhere to bring a literal to
        return sql.SQL("null::boolean").format()
    return _FUNCTIONS[name].format(*operands)


def _operand(scope: Scope, node: Node, name: str) -> sql.Composed:
    if scope.is_geometry(node):
        return sql.SQL("v.geom").format()
    if not isinstance(node, Shape | Box):
        raise scope.refuse(
            node,
            f"{name.upper()} takes geometries: the property geometry, or a literal",
            "write S_INTERSECTS(geometry, BBOX(5,43,6,44)) or POINT(5.4 43.3)",
        )
    shape = literal(scope, node)
    if shape.geom_type == "GeometryCollection" and name not in _COLLECTIONS_ALLOWED:
        shape = _merged(scope, node, shape)
    stored = scope.dataset.geometry.srid if scope.dataset.geometry else 4326
    own = scope.filter.crs.srid
    if own != stored and scope.extent is not None:
        shape = _clipped(shape, crs.extent_in(scope.extent, stored, own))
    bound = scope.binder.bind(shapely.to_wkb(shape, hex=True), "text")
    written = sql.SQL("public.st_geomfromwkb(decode({}, 'hex'), {})").format(bound, sql.Literal(own))
    return written if own == stored else sql.SQL("public.st_transform({}, {})").format(written, sql.Literal(stored))


def literal(scope: Scope, node: Shape | Box) -> BaseGeometry:
    """Return a literal's geometry in x, y order of filter-crs; what is broken or out of the world is refused."""
    return _checked(scope, node, _bounded(scope, node) if isinstance(node, Box) else _read(scope, node))


def _read(scope: Scope, node: Shape) -> BaseGeometry:
    try:
        shape = shapely.from_geojson(node.geojson)
    except shapely.errors.GEOSException as exc:
        reason = str(exc).rsplit(": ", 1)[-1]
        raise scope.refuse(
            node, f"this geometry cannot be read: {reason[:120]}", "a ring ends where it begins; a line has two points"
        ) from exc
    shape = shapely.force_2d(shape)
    if scope.filter.crs.flipped:
        # the authority of filter-crs puts north first
        shape = shapely.transform(shape, lambda points: points[:, ::-1])
    if not shapely.is_valid(shape):
        raise scope.refuse(node, f"this geometry is not valid: {shapely.is_valid_reason(shape)}", "mend its rings")
    return shape


def _bounded(scope: Scope, node: Box) -> BaseGeometry:
    first, second, third, fourth = node.numbers
    west, south, east, north = (second, first, fourth, third) if scope.filter.crs.flipped else node.numbers
    order = "south,west,north,east" if scope.filter.crs.flipped else "west,south,east,north"
    degrees = scope.filter.crs.decimals == 7
    if south > north or (west > east and not degrees):
        raise scope.refuse(node, "the corners of this BBOX are the wrong way round", f"write BBOX({order})")
    if west > east:
        # across the antimeridian (OGC 21-065r2, BBox)
        return shapely.multipolygons([shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)])
    if west == east and south == north:
        return shapely.Point(west, south)
    if west == east or south == north:
        return shapely.LineString([(west, south), (east, north)])
    return shapely.box(west, south, east, north)


def _checked(scope: Scope, node: Node, shape: BaseGeometry) -> BaseGeometry:
    west, south, east, north = shape.bounds if not shape.is_empty else (0.0, 0.0, 0.0, 0.0)
    if not all(map(math.isfinite, (west, south, east, north))):
        raise scope.refuse(node, "a coordinate is not a finite number", "write it as 4.2")
    if scope.filter.crs.decimals == 7 and (south < -90 or north > 90 or west < -180 or east > 180):
        order = "latitude longitude" if scope.filter.crs.flipped else "longitude latitude"
        raise scope.refuse(
            node,
            "latitudes go from -90 to 90, longitudes from -180 to 180",
            f"{order} is the order; for metres, say filter-crs=http://www.opengis.net/def/crs/EPSG/0/2154",
        )
    return shape


def _merged(scope: Scope, node: Node, shape: BaseGeometry) -> BaseGeometry:
    """Return a collection of one kind as the multi-geometry that it is; the relations of others are not defined."""
    parts = [part for part in shapely.get_parts(shape) if not part.is_empty]
    merged = shapely.union_all(parts)
    if merged.geom_type == "GeometryCollection" and parts:
        raise scope.refuse(
            node,
            "a collection of points, lines and polygons together has no such relation",
            "use S_INTERSECTS or S_DISJOINT, or one kind of geometry",
        )
    return merged


def _clipped(shape: BaseGeometry, extent: Bounds) -> BaseGeometry:
    """Cut a literal to where the data lie, densified; what is cut off is stood for by a marker beyond the extent.

    A coordinate far from the data may have no image in their CRS (ADR 0002). All features lie inside of the
    extent: any part outside relates to them as the marker, of the same dimension, does.
    """
    west, south, east, north = extent
    if shape.is_empty or not all(map(math.isfinite, extent)):
        return shape
    around = shapely.box(west, south, east, north)
    parts = shapely.get_parts(shape)
    kept = [part for part in shapely.intersection(parts, around) if not part.is_empty]
    beyond = [part for part in parts if not shapely.covers(around, part)]
    step = max(east - west, north - south) / _SEGMENTS
    dimensions = {int(shapely.get_dimensions(part)) for part in parts}
    inside = [
        piece
        for part in kept
        for piece in shapely.get_parts(part)
        # an intersection may graze the edge in a point or a line, where no feature is
        if int(shapely.get_dimensions(piece)) in dimensions
    ]
    markers = [_marker(int(shapely.get_dimensions(part)), east, north, step / 10) for part in beyond[:1]]
    pieces = [*inside, *markers]
    gathered = shapely.union_all(pieces) if len(dimensions) == 1 else shapely.geometrycollections(pieces)
    return shapely.segmentize(gathered, step)


def _marker(dimension: int, x: float, y: float, size: float) -> BaseGeometry:
    if dimension == 0:
        return shapely.Point(x + size, y + size)
    if dimension == 1:
        return shapely.LineString([(x + size, y + size), (x + 2 * size, y + 2 * size)])
    return shapely.box(x + size, y + size, x + 2 * size, y + 2 * size)
