"""What a dataset is: the strict, frozen models of a declaration (one YAML file in datasets/)."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator
from pyproj import CRS
from pyproj.exceptions import CRSError

#: Query parameters of this and of later issues: a column may not carry such a name, or `?name=` would be ambiguous.
RESERVED_PARAMETERS = frozenset(
    {
        *("bbox", "bbox_crs", "crs", "cursor", "datetime", "f", "filter", "filter_crs", "filter_lang", "ids", "lang"),
        *("language", "limit", "offset", "profile", "properties", "q", "resulttype", "skip_geometry", "skipgeometry"),
        *("sortby", "subset", "zoom"),
    }
)
#: Columns that every generation has beside the declared ones (design.md section 5).
RESERVED_COLUMNS = frozenset({"fid", "geom", "geom_3857", "feature"})

DatasetId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
ColumnName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,58}$")]
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00]*$")]
ColumnType = Literal["text", "integer", "bigint", "number", "boolean", "date", "timestamp"]
GeometryType = Literal["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "Geometry"]


class _Declared(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Localised(_Declared):
    """A text in French (required) and English (French when absent)."""

    fr: Text
    en: Text | None = None

    def get(self, language: str) -> str:
        """Return the text in `language`, French where there is no translation."""
        return (self.en or self.fr) if language == "en" else self.fr


class Source(_Declared):
    """Where the rows come from: one layer of one file or address, in any vector format that GDAL opens."""

    kind: Literal["file", "http"] = Field(
        default="file",
        description="file: a path, relative to datasets/ or absolute; http: an http(s) address",
    )
    url: Text = Field(description="The path or address; a .zip is opened and must hold one dataset")
    layer: Text | None = Field(default=None, description="Layer name; may be left out when the file has one layer")
    encoding: Text | None = Field(default=None, description="Character encoding where the file does not say it")
    crs: Annotated[str, StringConstraints(pattern=r"^EPSG:\d{4,6}$")] | None = Field(
        default=None, description="CRS of the file where it does not say it, as EPSG:2154"
    )
    millesime: Text | None = Field(default=None, description="Edition of the data, as 'COG 2025'")

    @model_validator(mode="after")
    def _kind_fits_the_url(self) -> Self:
        is_address = re.match(r"^https?://", self.url) is not None
        if is_address != (self.kind == "http"):
            raise ValueError("write `kind: http` for an http(s) address and `kind: file` for a path")
        return self


class CodeValue(_Declared):
    """One allowed value of a coded column, with its meaning."""

    value: Text
    title: Localised


class Column(_Declared):
    """A published column: its API name, the source field that feeds it, its type and what it means."""

    name: ColumnName = Field(description="API and SQL name: lower case, no accents, at least two characters")
    source: Text | None = Field(
        default=None,
        alias="from",
        description="Field of the source (case ignored); the name itself if left out",
    )
    type: ColumnType
    title: Localised
    description: Localised | None = None
    unit: Text | None = Field(default=None, description="Unit as UCUM writes it: m, m2, ha, 1/a ...")
    nullable: bool = True
    codelist: tuple[CodeValue, ...] = Field(default=(), strict=False)
    queryable: bool = True
    sortable: bool = True
    index: bool = Field(default=False, description="Keep an index on (column, fid): filters and sorts get fast")

    @property
    def field(self) -> str:
        """Name of the source field, to be compared without regard to case."""
        return self.source or self.name

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, name: str) -> str:
        if name in RESERVED_PARAMETERS:
            raise ValueError(f"`{name}` is a query parameter of the API; rename the column and say `from: {name}`")
        if name in RESERVED_COLUMNS:
            raise ValueError(f"`{name}` is a column that every table has; rename it and say `from: {name}`")
        return name

    @model_validator(mode="after")
    def _codes_are_text(self) -> Self:
        if self.codelist and self.type != "text":
            raise ValueError("a codelist goes with `type: text`: codes are text, even when they look like numbers")
        return self


class Geometry(_Declared):
    """Geometry as published: another type of the same dimension is promoted, another CRS reprojected."""

    type: GeometryType
    srid: int = Field(default=2154, ge=1024, le=998999, description="EPSG code of the stored CRS; 2154 in France")
    nullable: bool = Field(default=True, description="May a feature have no geometry?")

    @field_validator("srid")
    @classmethod
    def _srid_is_known(cls, srid: int) -> int:
        try:
            CRS.from_epsg(srid)
        except CRSError as exc:
            raise ValueError(f"EPSG knows no code {srid}; 2154 in mainland France, 4326 beyond") from exc
        return srid


class Time(_Declared):
    """The column, or the two columns, that say when a feature holds (what `datetime=` filters)."""

    start: ColumnName
    end: ColumnName | None = None


class Load(_Declared):
    """How a load treats what it reads."""

    mode: Literal["replace"] = "replace"
    max_rejects: int = Field(default=0, ge=0, description="Rows that may be rejected before the run fails")


class Reference(_Declared):
    """Values of `column` must exist in `to` of another published dataset."""

    column: ColumnName
    dataset: DatasetId
    to: ColumnName


class Checks(_Declared):
    """What must hold on a new generation before it is published."""

    min_rows: int = Field(default=1, ge=0)
    max_drop: float = Field(
        default=0.5, ge=0, le=1, strict=False, description="Share of the published rows that a load may lose"
    )
    within: Literal["territory"] | None = Field(
        default=None, description="territory: a feature outside of the territory's box is rejected"
    )
    unique: tuple[Annotated[tuple[ColumnName, ...], Field(strict=False)], ...] = Field(default=(), strict=False)
    references: tuple[Reference, ...] = Field(default=(), strict=False)


class Tiles(_Declared):
    """Zoom levels of WebMercatorQuad at which vector tiles are offered."""

    minzoom: int = Field(default=0, ge=0, le=22)
    maxzoom: int = Field(default=14, ge=0, le=22)

    @model_validator(mode="after")
    def _zooms_are_ordered(self) -> Self:
        if self.minzoom > self.maxzoom:
            raise ValueError("minzoom is above maxzoom")
        return self


class Publish(_Declared):
    """How the dataset is offered."""

    tiles: Tiles | None = Field(default_factory=Tiles)
    indexing: Literal["index", "none"] = Field(default="index", description="none: search engines stay out")


class Dataset(_Declared):
    """A dataset: declared once, all the rest is derived from it."""

    id: DatasetId
    title: Localised
    abstract: Localised
    theme: Text
    producer: Text
    licence: Text
    keywords: tuple[Text, ...] = Field(default=(), strict=False)
    contact: Text | None = None
    source: tuple[Source, ...] = Field(min_length=1, strict=False)
    key: ColumnName = Field(description="The column whose value identifies a feature: the GeoJSON id")
    label: ColumnName | None = Field(default=None, description="The text column that names a feature, for people")
    columns: tuple[Column, ...] = Field(min_length=1, strict=False)
    geometry: Geometry | None = None
    time: Time | None = None
    load: Load = Field(default_factory=Load)
    checks: Checks = Field(default_factory=Checks)
    publish: Publish = Field(default_factory=Publish)
    access: Literal["public"] = "public"

    @field_validator("source", mode="before")
    @classmethod
    def _one_source_is_a_list_of_one(cls, value: object) -> object:
        return [value] if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _names_are_columns(self) -> Self:
        names = [column.name for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"columns: declared twice: {', '.join(twice)}; keep one, or rename the other")
        wanted = {"key": [self.key], "checks.unique": [n for group in self.checks.unique for n in group]}
        wanted["label"] = [self.label] if self.label else []
        wanted["checks.references"] = [reference.column for reference in self.checks.references]
        if self.time:
            wanted["time"] = [name for name in (self.time.start, self.time.end) if name]
        for where, used in wanted.items():
            for name in used:
                if name not in names:
                    raise ValueError(f"{where}: `{name}` is not a column; the columns are {', '.join(names)}")
        return self

    @model_validator(mode="after")
    def _types_fit_their_use(self) -> Self:
        if self.column(self.key).type not in {"text", "integer", "bigint"}:
            raise ValueError(f"key: `{self.key}` must be text, integer or bigint, to stand in an address")
        if self.label and self.column(self.label).type != "text":
            raise ValueError(f"label: `{self.label}` must be a text column")
        for name in (self.time.start, self.time.end) if self.time else ():
            if name and self.column(name).type not in {"date", "timestamp"}:
                raise ValueError(f"time: `{name}` must be a date or a timestamp")
        if self.checks.within and self.geometry is None:
            raise ValueError("checks.within: there is no geometry to look at; declare one or remove the check")
        return self

    def column(self, name: str) -> Column:
        """Return the column called `name`; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def tiles(self) -> Tiles | None:
        """The zooms at which tiles are offered, None for a dataset without tiles or geometry."""
        return self.publish.tiles if self.geometry else None

    @property
    def millesime(self) -> str | None:
        """Edition of the data, where the sources say it."""
        editions = dict.fromkeys(source.millesime for source in self.source if source.millesime)
        return ", ".join(editions) or None
