"""What a feature type of the stand-in's WFS is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class FeatureLayer:
    """A feature type of the WFS; its rows lie in the table `table` of features.gpkg, in EPSG:4326."""

    namespace: str
    name: str
    title: str
    key: str
    fields: Mapping[str, str]
    """Type by field: string, int, double, boolean, date or dateTime; without the geometry."""
    geometry: str | None = "geometrie"
    has_primary_key: bool = True
    keywords: tuple[str, ...] = ("IGN",)
    shape: str = "MultiPolygon"

    @property
    def typename(self) -> str:
        """Name with its namespace, as BDTOPO_V3:batiment."""
        return f"{self.namespace}:{self.name}"

    @property
    def table(self) -> str:
        """Name of its table."""
        return "".join(c if c.isalnum() else "_" for c in self.typename).lower()


def strings(*names: str, **others: str) -> dict[str, str]:
    """Return fields of text, then the others with their types."""
    return {**dict.fromkeys(names, "string"), **others}
