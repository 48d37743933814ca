"""The WFS's documents in GeoServer's wording: capabilities, schemas, exceptions, and collections of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import orjson

from .layers import EXTENT_CRS84, FEATURE_LAYERS, FeatureLayer
from .selection import SRIDS, WfsError

GML = "application/gml+xml; version=3.2"
_GML_TYPES = {"MultiPolygon": "gml:MultiSurfacePropertyType", "MultiLineString": "gml:MultiCurvePropertyType"}
FORMATS = (GML, "application/geo+json", "application/json", "gml32", "text/xml; subtype=gml/3.2")
_NAMESPACES = (
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://www.opengis.net/wfs/2.0"'
    ' xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:ows="http://www.opengis.net/ows/1.1"'
    ' xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:fes="http://www.opengis.net/fes/2.0"'
    ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
)


def capabilities(url: str, *, fillers: int = 0) -> str:
    """Return the capabilities, with so many made-up feature types around the real ones."""
    own = sorted(FEATURE_LAYERS)
    namespaces = sorted({layer.namespace for layer in FEATURE_LAYERS.values()})
    declared = "".join(f' xmlns:{name}="http://{name}"' for name in namespaces)
    invented = [f"ESSAIS.{number:04}:objet" for number in range(fillers)]
    types = [_feature_type(name, FEATURE_LAYERS.get(name)) for name in (*invented[::2], *own, *invented[1::2])]
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><wfs:WFS_Capabilities version="2.0.0" {_NAMESPACES}{declared}'
        f' updateSequence="{fillers}">'
        "<ows:ServiceIdentification><ows:Title>Service WFS de la Géoplateforme</ows:Title><ows:Abstract/>"
        "<ows:ServiceType>WFS</ows:ServiceType><ows:ServiceTypeVersion>2.0.0</ows:ServiceTypeVersion>"
        "<ows:Fees>none</ows:Fees><ows:AccessConstraints>none</ows:AccessConstraints></ows:ServiceIdentification>"
        "<ows:ServiceProvider><ows:ProviderName>IGN</ows:ProviderName><ows:ServiceContact/></ows:ServiceProvider>"
        f"<ows:OperationsMetadata>{_operations(url)}</ows:OperationsMetadata>"
        f"<FeatureTypeList>{''.join(types)}</FeatureTypeList>{_FILTERS}</wfs:WFS_Capabilities>"
    )


def _operations(url: str) -> str:
    link = f"xlink:href={quoteattr(url)}"
    dcp = f"<ows:DCP><ows:HTTP><ows:Get {link}/><ows:Post {link}/></ows:HTTP></ows:DCP>"
    formats = "".join(f"<ows:Value>{escape(name)}</ows:Value>" for name in FORMATS)
    parameters = {
        "GetCapabilities": '<ows:Parameter name="AcceptVersions"><ows:AllowedValues><ows:Value>2.0.0</ows:Value>'
        "</ows:AllowedValues></ows:Parameter>",
        "DescribeFeatureType": f'<ows:Parameter name="outputFormat"><ows:AllowedValues><ows:Value>{GML}</ows:Value>'
        "<ows:Value>application/json</ows:Value></ows:AllowedValues></ows:Parameter>",
        "GetFeature": '<ows:Parameter name="resultType"><ows:AllowedValues><ows:Value>results</ows:Value>'
        "<ows:Value>hits</ows:Value></ows:AllowedValues></ows:Parameter>"
        f'<ows:Parameter name="outputFormat"><ows:AllowedValues>{formats}</ows:AllowedValues></ows:Parameter>'
        '<ows:Constraint name="PagingIsTransactionSafe"><ows:NoValues/>'
        "<ows:DefaultValue>FALSE</ows:DefaultValue></ows:Constraint>"
        '<ows:Constraint name="CountDefault"><ows:NoValues/><ows:DefaultValue>5000</ows:DefaultValue></ows:Constraint>',
    }
    operations = "".join(
        f'<ows:Operation name="{name}">{dcp}{more}</ows:Operation>' for name, more in parameters.items()
    )
    constraints = "".join(
        f'<ows:Constraint name="{name}"><ows:NoValues/><ows:DefaultValue>{value}</ows:DefaultValue></ows:Constraint>'
        for name, value in (
            ("ImplementsBasicWFS", "TRUE"),
            ("KVPEncoding", "TRUE"),
            ("XMLEncoding", "TRUE"),
            ("ImplementsResultPaging", "TRUE"),
            ("ImplementsSorting", "TRUE"),
        )
    )
    return operations + constraints


_FILTERS = (
    "<fes:Filter_Capabilities><fes:Conformance>"
    + "".join(
        f'<fes:Constraint name="{name}"><ows:NoValues/><ows:DefaultValue>TRUE</ows:DefaultValue></fes:Constraint>'
        for name in ("ImplementsQuery", "ImplementsResourceId", "ImplementsStandardFilter", "ImplementsSorting")
    )
    + '</fes:Conformance><fes:Id_Capabilities><fes:ResourceIdentifier name="fes:ResourceId"/></fes:Id_Capabilities>'
    "<fes:Scalar_Capabilities><fes:LogicalOperators/><fes:ComparisonOperators>"
    + "".join(
        f'<fes:ComparisonOperator name="PropertyIs{name}"/>'
        for name in (
            "EqualTo",
            "NotEqualTo",
            "LessThan",
            "GreaterThan",
            "LessThanOrEqualTo",
            "GreaterThanOrEqualTo",
            "Like",
            "Null",
            "Between",
        )
    )
    + "</fes:ComparisonOperators></fes:Scalar_Capabilities><fes:Spatial_Capabilities><fes:GeometryOperands>"
    '<fes:GeometryOperand name="gml:Envelope"/><fes:GeometryOperand name="gml:Polygon"/></fes:GeometryOperands>'
    '<fes:SpatialOperators><fes:SpatialOperator name="BBOX"/><fes:SpatialOperator name="Intersects"/>'
    '<fes:SpatialOperator name="Within"/></fes:SpatialOperators></fes:Spatial_Capabilities></fes:Filter_Capabilities>'
)


def _feature_type(name: str, layer: FeatureLayer | None) -> str:
    prefix = name.split(":")[0]
    west, south, east, north = EXTENT_CRS84
    title = layer.title if layer else f"Type d'objets {name}, qui ne se lit pas"
    others = "".join(f"<OtherCRS>urn:ogc:def:crs:EPSG::{srid}</OtherCRS>" for srid in SRIDS[1:])
    crs = f"<DefaultCRS>urn:ogc:def:crs:EPSG::4326</DefaultCRS>{others}"
    if layer and layer.geometry is None:
        crs = "<NoCRS/>"
    # the abstracts of the real ones are long: they make most of its 5 MB
    abstract = f"Édition 2026-06-15. {title}." if layer else "Description d'une édition, avec son contenu. " * 120
    return (
        f'<FeatureType xmlns:{prefix}="http://{prefix}"><Name>{name}</Name><Title>{escape(title)}</Title>'
        f"<Abstract>{escape(abstract)}</Abstract><ows:Keywords><ows:Keyword>{escape(prefix)}</ows:Keyword></ows:Keywords>"
        f"{crs}<ows:WGS84BoundingBox><ows:LowerCorner>{west} {south}</ows:LowerCorner>"
        f"<ows:UpperCorner>{east} {north}</ows:UpperCorner></ows:WGS84BoundingBox></FeatureType>"
    )


def schema(url: str, layers: Sequence[FeatureLayer]) -> str:
    """Return the XML schema of feature types, all of the first one's namespace."""
    namespace = layers[0].namespace
    parts = [
        f'<?xml version="1.0" encoding="UTF-8"?><xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        f' xmlns:{namespace}="http://{namespace}" xmlns:gml="http://www.opengis.net/gml/3.2"'
        f' xmlns:wfs="http://www.opengis.net/wfs/2.0" elementFormDefault="qualified"'
        f' targetNamespace="http://{namespace}">'
        '<xsd:import namespace="http://www.opengis.net/gml/3.2" schemaLocation='
        f"{quoteattr(url.replace('/wfs/ows', '/wfs/schemas/gml/3.2.1/gml.xsd'))}/>"
    ]
    for layer in layers:
        elements = "".join(
            f'<xsd:element maxOccurs="1" minOccurs="0" name="{name}" nillable="true" type="{kind}"/>'
            for name, kind in _types(layer, _GML_TYPES[layer.shape], "xsd:")
        )
        parts.append(
            f'<xsd:complexType name="{layer.name}Type"><xsd:complexContent>'
            '<xsd:extension base="gml:AbstractFeatureType">'
            f"<xsd:sequence>{elements}</xsd:sequence></xsd:extension></xsd:complexContent></xsd:complexType>"
            f'<xsd:element name="{layer.name}" substitutionGroup="gml:AbstractFeature"'
            f' type="{namespace}:{layer.name}Type"/>'
        )
    return "".join([*parts, "</xsd:schema>"])


def schema_json(layers: Sequence[FeatureLayer]) -> bytes:
    """Return GeoServer's own JSON for what schema() says."""
    namespace = layers[0].namespace
    described = [
        {
            "typeName": layer.name,
            "properties": [
                {
                    "name": name,
                    "maxOccurs": 1,
                    "minOccurs": 0,
                    "nillable": True,
                    "type": kind,
                    "localType": kind.split(":")[1],
                }
                for name, kind in _types(layer, f"gml:{layer.shape}", "xsd:")
            ],
        }
        for layer in layers
    ]
    return orjson.dumps(
        {
            "elementFormDefault": "qualified",
            "targetNamespace": f"http://{namespace}",
            "targetPrefix": namespace,
            "featureTypes": described,
        }
    )


def _types(layer: FeatureLayer, geometry: str, prefix: str) -> list[tuple[str, str]]:
    found = [(name, prefix + kind) for name, kind in layer.fields.items()]
    return [*found, (layer.geometry, geometry)] if layer.geometry else found


def collection(features: Sequence[Any], *, matched: int, srid: int) -> bytes:
    """Return a page of features as GeoServer's GeoJSON."""
    return orjson.dumps(
        {
            "type": "FeatureCollection",
            "features": features,
            "totalFeatures": matched,
            "numberMatched": matched,
            "numberReturned": len(features),
            "timeStamp": _now(),
            "crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{srid}"}} if features else None,
        }
    )


def hits(matched: int) -> str:
    """Return the answer to resultType=hits."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><wfs:FeatureCollection {_NAMESPACES} numberMatched="{matched}"'
        f' numberReturned="0" timeStamp="{_now()}"/>'
    )


def exception(error: WfsError) -> str:
    """Return an error as an OWS exception report."""
    locator = f" locator={quoteattr(error.locator)}" if error.locator else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows/1.1"'
        f' version="2.0.0"><ows:Exception exceptionCode="{error.code}"{locator}>'
        f"<ows:ExceptionText>{escape(str(error))}</ows:ExceptionText></ows:Exception></ows:ExceptionReport>"
    )


def exception_json(error: WfsError) -> bytes:
    """Return an error as exceptions=application/json asks for it."""
    found: Mapping[str, str] = {"code": error.code, "locator": error.locator or "noLocator", "text": str(error)}
    return orjson.dumps({"version": "2.0.0", "exceptions": [found]})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
