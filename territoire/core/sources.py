"""Where a dataset's rows come from: a file, an address, or a service of the Géoplateforme."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, StringConstraints, Tag, model_validator

from territoire.core.declared import Declared, Text

EpsgCode = Annotated[str, StringConstraints(pattern=r"^EPSG:\d{4,6}$")]
#: A feature type of a WFS with its namespace, as BDTOPO_V3:batiment.
TypeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.-]*:[A-Za-z_][\w.-]*$")]

#: A word of the download service: of its names, and of what it can be asked for.
Product = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]

#: Stands in a filter for the geometry of the feature type, which the producers name geometrie, geom or the_geom.
GEOMETRY = "{geometry}"


class _Source(Declared):
    millesime: Text | None = Field(default=None, description="Edition of the data, as 'COG 2025'")
    layer: Text | None = Field(default=None, description="Layer name; may be left out when the file has one layer")
    encoding: Text | None = Field(default=None, description="Character encoding where the file does not say it")


class _File(_Source):
    crs: EpsgCode | None = Field(default=None, description="CRS of the file where it does not say it, as EPSG:2154")


class Source(_File):
    """One layer of one file or address, in any vector format that GDAL opens."""

    kind: Literal["file", "http"] = Field(
        default="file",
        description="file: a path, relative to datasets/ or absolute; http: an http(s) address",
    )
    url: Text = Field(description="The path or address; a .zip or .7z is opened and must hold one dataset")

    @model_validator(mode="after")
    def _kind_fits_the_url(self) -> Self:
        is_address = re.match(r"^https?://", self.url) is not None
        if is_address != (self.kind == "http"):
            raise ValueError("write `kind: http` for an http(s) address and `kind: file` for a path")
        return self

    @property
    def address(self) -> str:
        """What messages and the ledger call the source."""
        return self.url


class WfsSource(_File):
    """A whole feature type of the Géoplateforme's WFS, or what `filter` keeps of it."""

    kind: Literal["wfs"]
    typename: TypeName = Field(description="The feature type with its namespace, as BDTOPO_V3:batiment")
    filter: Text | None = Field(
        default=None,
        description="ECQL, as code_insee_du_departement IN ('04', '05'): what is left out stays there;"
        " {geometry} stands for the geometry, whatever its producer calls it",
    )
    srid: int = Field(default=2154, ge=1024, le=998999, description="CRS to ask for: best that of `geometry`")

    @property
    def address(self) -> str:
        """What messages and the ledger call the source."""
        return f"wfs:{self.typename}"


class AtomSource(_Source):
    """The newest edition of a product of the Géoplateforme's download service."""

    kind: Literal["atom"]
    resource: Product = Field(description="The product, as ADMIN-EXPRESS-COG or BDTOPO")
    format: Product = Field(description="As GPKG or SHP, in the words of the service")
    zone: Product = Field(description="As R93 (the region), D013 (a departement) or FRA, in the words of the service")
    crs: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9:.-]+$")] | None = Field(
        default=None, description="As LAMB93 or EPSG:2154; may be left out where the zone has one"
    )

    @property
    def address(self) -> str:
        """What messages and the ledger call the source."""
        return ":".join(("atom", self.resource, self.format, self.zone))


class CswSource(_File):
    """The file that a record of the Géoplateforme's catalogue leads to."""

    kind: Literal["csw"]
    record: Annotated[str, StringConstraints(pattern=r"^[\w.:{}-]+$")] = Field(description="As IGNF_BD-TOPO")
    link: Text | None = Field(
        default=None, description="Words of its link (protocol, name, description or address), where it has several"
    )

    @property
    def address(self) -> str:
        """What messages and the ledger call the source."""
        return f"csw:{self.record}"


KINDS = ("file", "http", "wfs", "atom", "csw")


def _kind(value: Any) -> str:  # what YAML gave, or a model
    kind = value.get("kind", "file") if isinstance(value, dict) else getattr(value, "kind", "file")
    return "file" if kind == "http" else str(kind)


AnySource = Annotated[
    Annotated[Source, Tag("file")]
    | Annotated[WfsSource, Tag("wfs")]
    | Annotated[AtomSource, Tag("atom")]
    | Annotated[CswSource, Tag("csw")],
    Discriminator(_kind),
]


class Live(Declared):
    """A layer of the Géoplateforme that is asked at each request, in place of being copied here."""

    service: Literal["wfs", "wmts", "tms", "wms", "wms_vector", "csw"]
    layer: Text | None = Field(default=None, description="Its name in the service's capabilities; not for csw")
    style: Text | None = Field(default=None, description="One of the layer's styles; its default if left out")
    search: Text | None = Field(default=None, description="csw only: words that the records must hold")

    @model_validator(mode="after")
    def _names_what_it_needs(self) -> Self:
        if self.service == "csw" and self.layer:
            raise ValueError("a catalogue has no layers: say `search:`, or nothing for all of its records")
        if self.service != "csw" and (self.layer is None or self.search):
            raise ValueError("say `layer:`, the name in the service's capabilities; `search:` is for csw")
        return self
