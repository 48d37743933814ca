"""What the API definition says of tiles (OGC 20-057, requirements class oas30)."""

from __future__ import annotations

from territoire.core.derive import tileset
from territoire.core.derive.tilematrixset import OFFERED
from territoire.core.models import Dataset
from territoire.web.api import operations, query_parameters
from territoire.web.api.operations import Document

_ADDRESS = "{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}"
_PARTS = ("tileMatrixSetId", "tileMatrix", "tileRow", "tileCol")


def shared_paths() -> Document:
    """Return the paths of tile matrix sets and of tiles that hold several collections."""
    one_set = operations.get("getTileMatrixSet", "A tile matrix set", "tiles", "Object", html=False)
    one_set["get"]["parameters"] += operations.references("tileMatrixSetId")
    return {
        "/tileMatrixSets": operations.get("getTileMatrixSetsList", "Tile matrix sets", "tiles", "Object", html=False),
        "/tileMatrixSets/{tileMatrixSetId}": one_set,
        **_paths(
            "",
            "dataset",
            "Tiles of several collections",
            operations.references("collections"),
            operations.references("collections", "datetime", "subset"),
        ),
    }


def paths(dataset: Dataset) -> Document:
    """Return the paths of a collection's tiles; filters are those of its items."""
    names = ("datetime", "subset", "properties", "filter", "filter-lang", "filter-crs")
    return _paths(
        f"/collections/{dataset.id}",
        f"{dataset.id}.collection",
        f"Tiles of {dataset.title.fr}",
        [],
        [*query_parameters.references(dataset, *names), *operations.filters(dataset)],
    )


def _paths(root: str, name: str, title: str, of_set: list[Document], of_tile: list[Document]) -> Document:
    """Describe list, tileset and tile; the ends of their names are those of the standard (Table 11)."""
    listed = operations.get(f"{name}.vector.getTileSetsList", title, "tiles", "Object", html=False)
    listed["get"]["parameters"] += of_set
    described = operations.operation(
        f"{name}.vector.getTileSet", title, "tiles", "Object", "application/json", html=False
    )
    described["parameters"] = [
        *operations.references("tileMatrixSetId"),
        *of_set,
        *operations.references("f_tileset", "lang"),
    ]
    tile: Document = {
        "operationId": f"{name}.vector.getTile",
        "summary": title,
        "tags": ["tiles"],
        "parameters": [*operations.references(*_PARTS), *of_tile, *operations.references("f_tile")],
        "responses": {
            "200": {
                "description": "A Mapbox vector tile",
                "content": {tileset.MVT: {"schema": {"type": "string", "format": "binary"}}},
            },
            "204": {"description": "Nothing lies in this tile"},
            **operations.errors(),
        },
    }
    return {
        f"{root}/tiles": listed,
        f"{root}/tiles/{{tileMatrixSetId}}": {"get": described},
        f"{root}/tiles/{_ADDRESS}": {"get": tile},
    }


def parameters() -> Document:
    """Return the parameters of tiles, for the components."""
    number: Document = {"type": "integer", "minimum": 0}
    sets: Document = {"type": "string", "enum": [grid.id for grid in OFFERED]}
    names: Document = {"type": "array", "items": {"type": "string"}}
    asked = "Collections in the tiles, in this order: ids, or addresses of collections; all without it"
    plain = {
        "tileMatrixSetId": _part("tileMatrixSetId", "A set of /tileMatrixSets", sets),
        "tileMatrix": _part("tileMatrix", "Zoom: one that the tileset's limits name", number),
        "tileRow": _part("tileRow", "Row, from the top", number),
        "tileCol": _part("tileCol", "Column, from the left", number),
        "collections": operations.parameter("collections", asked, names),
        "subset": operations.parameter(
            "subset", 'Time: datetime("start":"end"), * for an open end', query_parameters.SUBSET
        ),
    }
    for name, forms in (("f_tile", ["mvt", "pbf"]), ("f_tileset", ["json", "tilejson"])):
        plain[name] = operations.parameter("f", "Format, in place of Accept", {"type": "string", "enum": forms})
    return plain


def _part(name: str, description: str, wanted: Document) -> Document:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": wanted}
