"""What is declared on the Géoplateforme's WFS exists there, as far as the real schemas at hand say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lab import ROOT

from territoire.core import registry
from territoire.core.models import Dataset
from territoire.core.sources import GEOMETRY, WfsSource

_TYPES = {
    ("string", None): "text",
    ("string", "date"): "date",
    ("string", "date-time"): "timestamp",
    ("number", None): "number",
    ("integer", None): "integer",
    ("boolean", None): "boolean",
}
_GEOMETRIES = {
    "geometry-multipolygon": {"MultiPolygon"},
    "geometry-linestring": {"LineString", "MultiLineString"},
    # the portal of planning takes what communes send; what is no surface is rejected and counted
    "geometry-any": {"MultiPolygon"},
}
#: No schema of these is at hand: their fields are those that clients of the real service were seen to read.
_WITHOUT_SCHEMA = {
    *("znieff1", "znieff2", "natura_2000_habitats", "natura_2000_oiseaux"),
    *("parcelles_graphiques", "formations_vegetales"),
}


def _declared() -> dict[str, tuple[Dataset, WfsSource]]:
    found = registry.load(ROOT / "datasets").datasets.values()
    return {one.id: (one, source) for one in found for source in one.source if isinstance(source, WfsSource)}


DECLARED = _declared()


def _schema(folder: Path, typename: str) -> dict[str, Any]:
    space, _, name = typename.partition(":")
    return json.loads((folder / "schemas-wfs-geoplateforme" / "catalog" / space / f"{name}.json").read_text("utf-8"))


@pytest.mark.real_data
@pytest.mark.parametrize("name", sorted(DECLARED.keys() - _WITHOUT_SCHEMA))
def test_each_declared_field_exists_with_its_type(real_data: Path, name: str) -> None:
    dataset, source = DECLARED[name]
    fields = _schema(real_data, source.typename)["properties"]
    for column in dataset.columns:
        field = fields[column.field]
        assert _TYPES[field["type"], field.get("format")] == column.type, column.name
    shapes = [one["format"] for one in fields.values() if str(one.get("format")).startswith("geometry-")]
    assert dataset.geometry is not None
    assert [dataset.geometry.type in _GEOMETRIES[shape] for shape in shapes] == [True]


@pytest.mark.real_data
@pytest.mark.parametrize("name", sorted(DECLARED.keys() - _WITHOUT_SCHEMA))
def test_each_field_of_a_filter_exists(real_data: Path, name: str) -> None:
    _, source = DECLARED[name]
    words = {word.strip("()") for word in (source.filter or "").split() if word.strip("()").islower()}
    assert words - {GEOMETRY.strip("{}")} <= set(_schema(real_data, source.typename)["properties"])


def test_what_has_no_schema_is_known() -> None:
    assert DECLARED.keys() > _WITHOUT_SCHEMA
    assert len(DECLARED) == 19


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_a_layer_of_the_whole_country_is_cut_to_the_territory(name: str) -> None:
    dataset, source = DECLARED[name]
    assert source.filter
    assert any(word in source.filter for word in (GEOMETRY, "'04", "region = '93'"))
    assert dataset.publish.tiles is not None
    assert dataset.checks.max_drop <= 0.3


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_every_word_that_people_read_is_in_both_languages(name: str) -> None:
    dataset, _ = DECLARED[name]
    assert dataset.title.en
    assert dataset.abstract.en
    assert dataset.keywords
    assert all(column.title.en for column in dataset.columns)
    assert all(column.description.en for column in dataset.columns if column.description)
