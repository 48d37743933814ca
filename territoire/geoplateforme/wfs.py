"""The schema of a feature type of the WFS: its fields with our types, and its geometry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from territoire.core.errors import UpstreamError
from territoire.core.models import ColumnType, GeometryType
from territoire.geoplateforme.transport import Transport

__all__ = ["Field", "Schema", "describe"]

_TYPES: dict[str, ColumnType] = {
    **dict.fromkeys(("int", "integer", "short", "byte"), "integer"),
    "long": "bigint",
    **dict.fromkeys(("number", "double", "float", "decimal"), "number"),
    "boolean": "boolean",
    "date": "date",
    **dict.fromkeys(("date-time", "dateTime"), "timestamp"),
}
#: By the type of GML, which tells a surface from a geometry of any kind.
_GEOMETRIES: dict[str, GeometryType] = {
    "Point": "Point",
    "MultiPoint": "MultiPoint",
    **dict.fromkeys(("LineString", "MultiLineString", "Curve", "MultiCurve"), "MultiLineString"),
    **dict.fromkeys(("Polygon", "MultiPolygon", "Surface", "MultiSurface"), "MultiPolygon"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a feature type."""

    name: str
    type: ColumnType


@dataclass(frozen=True, slots=True)
class Schema:
    """What DescribeFeatureType says: fields in their order, name and type of the geometry where there is one."""

    typename: str
    fields: tuple[Field, ...]
    geometry: str | None
    geometry_type: GeometryType | None

    def field(self, name: str) -> Field | None:
        """Return the field of that name, whatever its case."""
        return next((one for one in self.fields if one.name.lower() == name.lower()), None)


def describe(transport: Transport, typename: str) -> Schema:
    """Return the schema of a feature type, as the service has it within the hour; UpstreamError when it has none.

    It is asked for in JSON: the XML imports the schemas of GML, and OWSLib's get_schema asks a WFS 2.0 in the
    words of 1.x and reads the first type only.
    """
    params = {"SERVICE": "WFS", "VERSION": "2.0.0", "REQUEST": "DescribeFeatureType", "TYPENAMES": typename}
    content = transport.get("wfs", params={**params, "OUTPUTFORMAT": "application/json"}, fresh_s=3600).json()
    listed: Any = content.get("featureTypes") if isinstance(content, dict) else None  # of the service's making
    local = typename.rpartition(":")[2]
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and one.get("typeName") in (local, typename):
            return _schema(typename, one.get("properties") or [])
    raise UpstreamError(f"wfs: the Géoplateforme does not describe {typename}", remedy="try again later")


def _schema(typename: str, properties: list[dict[str, Any]]) -> Schema:  # of the service's making
    fields: list[Field] = []
    geometry: tuple[str, GeometryType] | None = None
    for one in properties:
        name, kind, local = (str(one.get(key, "")) for key in ("name", "type", "localType"))
        if kind.startswith("gml:"):
            shape = kind.removeprefix("gml:").removesuffix("PropertyType")
            geometry = geometry or (name, _GEOMETRIES.get(local) or _GEOMETRIES.get(shape, "Geometry"))
        elif name:
            fields.append(Field(name, _TYPES.get(local, "text")))
    return Schema(typename, tuple(fields), *(geometry or (None, None)))
