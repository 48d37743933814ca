"""What a dataset is: the strict, frozen models of a declaration (one YAML file in datasets/)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator
from pyproj import CRS
from pyproj.exceptions import CRSError

from territoire.core.declared import DatasetId, Declared, Indexed, Localised, Offered, Text
from territoire.core.sources import AnySource, Live, Source

__all__ = [
    "RESERVED_COLUMNS",
    "RESERVED_PARAMETERS",
    "Checks",
    "CodeValue",
    "Column",
    "ColumnName",
    "ColumnType",
    "Dataset",
    "Geometry",
    "GeometryType",
    "Load",
    "Localised",
    "Publish",
    "Reference",
    "Source",
    "Text",
    "Tiles",
    "Time",
]

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

ColumnName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,58}$")]
ColumnType = Literal["text", "integer", "bigint", "number", "boolean", "date", "timestamp"]
GeometryType = Literal["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "Geometry"]


class CodeValue(Declared):
    """One allowed value of a coded column, with its meaning."""

    value: Text
    title: Localised


class Column(Declared):
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


class Geometry(Declared):
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


class Time(Declared):
    """The column, or the two columns, that say when a feature holds (what `datetime=` filters)."""

    start: ColumnName
    end: ColumnName | None = None


class Load(Declared):
    """How a load treats what it reads."""

    mode: Literal["replace"] = "replace"
    max_rejects: int = Field(default=0, ge=0, description="Rows that may be rejected before the run fails")


class Reference(Declared):
    """Values of `column` must exist in `to` of another published dataset."""

    column: ColumnName
    dataset: DatasetId
    to: ColumnName


class Checks(Declared):
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


class Tiles(Declared):
    """Zoom levels of WebMercatorQuad at which vector tiles are offered."""

    minzoom: int = Field(default=0, ge=0, le=22)
    maxzoom: int = Field(default=14, ge=0, le=22)

    @model_validator(mode="after")
    def _zooms_are_ordered(self) -> Self:
        if self.minzoom > self.maxzoom:
            raise ValueError("minzoom is above maxzoom")
        return self


class Publish(Indexed):
    """How the dataset is offered."""

    tiles: Tiles | None = Field(default_factory=Tiles)


class Dataset(Offered):
    """A dataset with rows: declared once, all the rest is derived from it."""

    source: tuple[AnySource, ...] = Field(default=(), strict=False)
    live: Live | None = Field(default=None, description="In place of `source:`: a WFS layer asked at each request")
    keywords: tuple[Text, ...] = Field(default=(), strict=False)
    key: ColumnName = Field(description="The column whose value identifies a feature: the GeoJSON id")
    label: ColumnName | None = Field(default=None, description="The text column that names a feature, for people")
    columns: tuple[Column, ...] = Field(min_length=1, strict=False)
    geometry: Geometry | None = None
    time: Time | None = None
    load: Load = Field(default_factory=Load)
    checks: Checks = Field(default_factory=Checks)
    publish: Publish = Field(default_factory=Publish)

    @field_validator("source", mode="before")
    @classmethod
    def _one_source_is_a_list_of_one(cls, value: object) -> object:
        return [value] if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _rows_come_from_somewhere(self) -> Self:
        if self.live is None and not self.source:
            raise ValueError("source: is missing; add `source:`, or `live:` for rows that stay at their producer")
        if self.live and self.source:
            raise ValueError("live: stands in place of `source:`; keep one of them")
        if self.live and self.live.service != "wfs":
            raise ValueError("live: only the wfs has columns; remove `columns:` and `key:`, or say `service: wfs`")
        return self

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
        """The zooms at which tiles are offered, None for a dataset without tiles, without geometry, or live."""
        return self.publish.tiles if self.geometry and not self.live else None

    @property
    def millesime(self) -> str | None:
        """Edition of the data, where the sources say it."""
        editions = dict.fromkeys(source.millesime for source in self.source if source.millesime)
        return ", ".join(editions) or None
