"""What is derived from a declaration, compared with committed texts: `pytest --bless` writes them anew."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import yaml
from lab import LIEUX, ROOT
from psycopg import sql

from territoire.cli import derived
from territoire.core import registry
from territoire.core.derive import checks, page, record, resource, schema, table, tilematrixset, tileset
from territoire.core.models import Dataset

REGISTRY = registry.load(ROOT / "datasets")
BOUNDS = (4.23, 42.98, 7.72, 45.13)
#: Live features have no table.
EVERY = [*(d for d in REGISTRY.datasets.values() if not d.live), Dataset.model_validate(LIEUX)]


def as_sql(statements: list[sql.Composed]) -> str:
    return ";\n".join(statement.as_string(None) for statement in statements) + ";\n"


def as_json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def ddl(dataset: Dataset) -> str:
    statements = [table.create_table(dataset, 3), *table.create_indexes(dataset, 3)]
    statements += [*table.create_comments(dataset, 3), table.create_view(dataset, 3)]
    return as_sql([*statements, *table.create_current_view(dataset, 3)])


def derived_checks(dataset: Dataset) -> str:
    wanted = checks.derive(dataset, 3, published_rows=100)
    wanted += checks.references(dataset, 3, {"departements": 7, "communes": 8})
    return "".join(f"-- {c.name}: {c.expected}\n{c.query.as_string(None)};\n" for c in wanted)


def tiles(dataset: Dataset) -> str:
    layers = [tileset.Layer(dataset, BOUNDS)]
    words = {"title": dataset.title.get("en"), "description": dataset.abstract.get("en")}
    template = "https://geo.example.org/tiles/{z}/{x}/{y}.mvt"
    sets = {grid.id: tileset.tileset(layers, grid, language="en", **words) for grid in tilematrixset.OFFERED}
    return as_json({**sets, "tilejson": tileset.tilejson(layers, template=template, attribution="IGN", **words)})


def catalogue(dataset: Dataset) -> str:
    return as_json(record.record(dataset, REGISTRY.vocabulary, bounds_crs84=BOUNDS, updated="2026-11-24T12:00:00Z"))


DERIVED: dict[str, Callable[[Dataset], str]] = {
    "table.sql": ddl,
    "checks.sql": derived_checks,
    "resource.yml": lambda d: yaml.safe_dump(
        resource.resource(d, REGISTRY.vocabulary), allow_unicode=True, sort_keys=False
    ),
    "tileset.json": tiles,
    "record.json": catalogue,
    "page.md": lambda d: page.page(d, REGISTRY.vocabulary),
    "properties.json": lambda d: as_json(schema.properties(d, "en")),
}


@pytest.mark.parametrize("kind", list(DERIVED))
@pytest.mark.parametrize("dataset", EVERY, ids=lambda dataset: dataset.id)
def test_what_is_derived_is_what_was_committed(dataset: Dataset, kind: str, golden: Callable[[str, str], None]) -> None:
    golden(f"{dataset.id}/{kind}", DERIVED[kind](dataset))


def test_the_derived_files_of_the_checkout_are_up_to_date() -> None:
    differing = [
        file.name for file, text in derived.files(REGISTRY, ROOT).items() if file.read_text(encoding="utf-8") != text
    ]
    assert differing == []


def test_the_schema_for_editors_accepts_the_declarations_and_refuses_a_misspelt_key() -> None:
    import jsonschema

    validator = jsonschema.Draft202012Validator(schema.declaration())
    for file in (ROOT / "datasets").glob("[!_]*/*.yml"):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        validator.validate(content)
        with pytest.raises(jsonschema.ValidationError):
            validator.validate({**content, "titel": {"fr": "x"}})
