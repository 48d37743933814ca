"""What is published without rows here: live layers of the Géoplateforme, and rasters, as the server knows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from territoire.core.derive.tileset import Bounds
from territoire.core.layers import LiveLayer, Raster
from territoire.core.models import Dataset

#: Cheap enough for every second.
POINTER: LiteralString = "select dataset, published_at from api.layers"
_COLUMNS: LiteralString = "dataset, kind, declaration, description, published_at"
CURRENT: LiteralString = "select " + _COLUMNS + " from api.layers order by dataset"  # noqa: S608 - constants
ONE: LiteralString = "select " + _COLUMNS + " from api.layers where dataset = %s"  # noqa: S608


@dataclass(frozen=True, slots=True)
class PublishedLayer:
    """A published layer: what was declared, and `description`, what serving needs and its source said at publication.

    `declaration` is a Dataset for live features (`wfs`), a Raster for `raster`, a LiveLayer for all other kinds.
    """

    declaration: Dataset | LiveLayer | Raster
    kind: str
    description: Mapping[str, Any]  # a JSON document; each kind has its own members
    published_at: datetime

    @property
    def id(self) -> str:
        """The id of the collection."""
        return self.declaration.id

    @property
    def mark(self) -> str:
        """What names this publication and no other, in addresses and tags."""
        return f"{int(self.published_at.timestamp() * 1000):x}"

    @property
    def extent_crs84(self) -> Bounds | None:
        """West, south, east, north in degrees, where the description says it."""
        box = self.description.get("extent_crs84")
        return (box[0], box[1], box[2], box[3]) if box else None


def layer(row: Sequence[Any]) -> PublishedLayer:  # a database row has many types
    """Read one row of CURRENT."""
    _, kind, declaration, description, published_at = row
    model = {"raster": Raster, "wfs": Dataset}.get(kind, LiveLayer)
    return PublishedLayer(model.model_validate(declaration), kind, description, published_at)
