"""What is published without rows in a table: layers of the Géoplateforme shown live, and rasters."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from territoire.core.declared import Declared, Indexed, Offered, Text
from territoire.core.sources import EpsgCode, Live


class LiveLayer(Offered):
    """Tiles, maps or records of the Géoplateforme, offered at our address and asked at each request."""

    live: Live
    keywords: tuple[Text, ...] = Field(default=(), strict=False)
    publish: Indexed = Field(default_factory=Indexed)

    @model_validator(mode="after")
    def _features_have_columns(self) -> Self:
        if self.live.service == "wfs":
            raise ValueError(
                "live: features have `key:` and `columns:`; `territoire dataset new --from-wfs` writes them"
            )
        return self


class RasterSource(Declared):
    """Where the pixels come from: a file, an address, or a layer of the Géoplateforme over the territory."""

    kind: Literal["file", "http", "wms", "wmts"] = "file"
    url: Text | None = Field(default=None, description="file: a path, relative to datasets/; http: an address")
    layer: Text | None = Field(default=None, description="wms, wmts: its name in the capabilities")
    crs: EpsgCode | None = None
    nodata: float | None = Field(default=None, strict=False, description="Where the file does not say it")
    millesime: Text | None = Field(default=None, description="Edition of the data, as 'RGE ALTI 2025'")

    @model_validator(mode="after")
    def _names_what_it_needs(self) -> Self:
        if self.kind in {"file", "http"} and (self.url is None or self.layer):
            raise ValueError("say `url:`, the path or address of the file; `layer:` is for wms and wmts")
        if self.kind in {"wms", "wmts"} and (self.layer is None or self.url):
            raise ValueError("say `layer:`, the name in the service's capabilities; `url:` is for file and http")
        return self


class Grid(Declared):
    """The pixels as published: CRS, their size in its unit, and what a value means."""

    srid: int = Field(default=2154, ge=1024, le=998999)
    resolution: float | None = Field(
        default=None,
        gt=0,
        strict=False,
        description="Size of a pixel in units of the CRS; that of the source if absent",
    )
    unit: Text | None = Field(default=None, description="Unit of the values as UCUM writes it: m, % ...")
    resampling: Literal["nearest", "bilinear", "cubic", "average", "mode"] = "bilinear"
    measured: bool = Field(default=True, description="false: made-up values, said to be when given as heights")
    colours: Literal["relief", "image", "grey"] = Field(default="grey", description="How maps show the values")


class Raster(Offered):
    """A grid of values or an image, published as a coverage and as map tiles."""

    kind: Literal["raster"]
    keywords: tuple[Text, ...] = Field(default=(), strict=False)
    source: RasterSource
    raster: Grid = Field(default_factory=Grid)
    publish: Indexed = Field(default_factory=Indexed)

    @property
    def millesime(self) -> str | None:
        """Edition of the data, where the source says it."""
        return self.source.millesime
