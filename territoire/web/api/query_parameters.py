"""What the API definition says of query parameters: as much of what the server takes as a schema can tell."""

from __future__ import annotations

from territoire.core.derive import crs
from territoire.core.models import Dataset
from territoire.query import parameters
from territoire.web.api import operations
from territoire.web.api.operations import Document

_CRS = {
    "bbox-crs": "CRS of bbox",
    "crs": "CRS of the answer's geometries",
    "filter-crs": "CRS of the geometries in filter, and their axis order",
}
_DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
_MOMENT = f"{_DAY}({_CLOCK})?"

_SCHEMAS: dict[str, tuple[str, Document]] = {
    "limit": (
        "Features a page; a larger number is clamped to the maximum",
        # QGIS and GDAL take their page size from here (clients.md 1.2, 3)
        {
            "type": "integer",
            "minimum": 1,
            "maximum": parameters.MAX_LIMIT,
            "default": parameters.DEFAULT_LIMIT,
        },
    ),
    "offset": ("Features to skip", {"type": "integer", "minimum": 0, "maximum": 2**63 - 1, "default": 0}),
    "cursor": ("Where the walk goes on: as `next` links give it", {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}),
    "bbox": (
        "west,south,east,north, in the axis order of bbox-crs",
        # the standard's words, and that five are too many and too few
        {
            "type": "array",
            "minItems": 4,
            "maxItems": 6,
            "items": {"type": "number"},
            "not": {"minItems": 5, "maxItems": 5},
        },
    ),
    "datetime": (
        "A date, a time, or start/end with .. for an open end; no effect without time",
        {"type": "string", "pattern": rf"^({_MOMENT}(/({_MOMENT}|\.\.)?)?|(\.\.)?/{_MOMENT})$"},
    ),
    "skipGeometry": ("Leave geometries out", {"type": "boolean", "default": False}),
    "resultType": (
        "hits counts without returning features",
        {"type": "string", "enum": ["results", "hits"], "default": "results"},
    ),
    "filter": (
        "A condition in CQL2, as population > 1000 AND nom LIKE 'Saint-%'",
        {"type": "string", "minLength": 1},
    ),
    "filter-lang": (
        "Encoding of filter; cql-text is CQL2 text as GDAL writes it",
        {"type": "string", "enum": [parameters.TEXT, parameters.JSON, parameters.DRAFT], "default": parameters.TEXT},
    ),
    "lang": ("Language of titles", {"type": "string", "enum": ["fr", "en"]}),
}
#: `subset` of tiles (OGC 20-057, requirements class datetime): each end a date, a time or *.
SUBSET: Document = {
    "type": "string",
    "pattern": rf'^datetime\((\*|"{_MOMENT}")(:(\*|"{_MOMENT}"))?\)$',
}
#: Several resources have a parameter `f`, each with its own forms.
_FORMS = {
    "f": ["json", "html"],
    "f_items": ["json", "html", "jsonfg", "csv"],
    "f_json": ["json"],
}


def shared() -> Document:
    """Return the parameters that all collections have alike, for the components."""
    found = {name: operations.parameter(name, said, wanted) for name, (said, wanted) in _SCHEMAS.items()}
    found |= _crs_parameters([crs.CRS84, *(crs.uri(srid) for srid in crs.OFFERED)])
    for name, forms in _FORMS.items():
        found[name] = operations.parameter("f", "Format, in place of Accept", {"type": "string", "enum": forms})
    return found


def of_collection(dataset: Dataset) -> Document:
    """Return the parameters that are a collection's own, for the components: its columns, and its CRS if it is rare."""
    columns = [column.name for column in dataset.columns]
    sortable = [sign + column.name for column in dataset.columns if column.sortable for sign in ("", "-")]
    own = {"properties": operations.parameter("properties", "Columns to return", _names(columns))}
    if sortable:
        said = "Columns to sort by, - before one for descending"
        own["sortby"] = operations.parameter("sortby", said, _names(sortable))
    if len(crs.srids(dataset)) > len(crs.OFFERED):
        own |= _crs_parameters(crs.uris(dataset))
    return {_key(dataset, name): described for name, described in own.items()}


def references(dataset: Dataset, *names: str) -> list[Document]:
    """Return references to parameters, to the collection's own where it has one; `sortby` only where columns sort."""
    own = of_collection(dataset)
    keys = [_key(dataset, name) if _key(dataset, name) in own else name for name in names]
    # every other name is shared
    return operations.references(*(key for key in keys if key != "sortby"))


def _key(dataset: Dataset, name: str) -> str:
    return f"{dataset.id}.{name}"


def _names(known: list[str]) -> Document:
    return {"type": "array", "minItems": 1, "items": {"type": "string", "enum": known}}


def _crs_parameters(uris: list[str]) -> Document:
    address = {"type": "string", "format": "uri", "enum": uris, "default": crs.CRS84}
    return {name: operations.parameter(name, said, address) for name, said in _CRS.items()}
