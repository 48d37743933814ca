"""Declarations: what is refused, and whether the message says file, line, key and remedy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from lab import ROOT

from territoire.core import registry
from territoire.core.errors import DeclarationError
from territoire.core.models import Dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the product's declarations."""
    shutil.copytree(ROOT / "datasets", tmp_path / "datasets", ignore=shutil.ignore_patterns("_demo"))
    return tmp_path / "datasets"


def change(folder: Path, old: str, new: str, file: str = "administratif/communes.yml") -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said", "remedy"),
    [
        ("millesime: COG 2025", "millesime: 08", "source.millesime: 08 without quotes", 'write "08"'),
        ("millesime: COG 2025", "millesime: 2025", "source[0].millesime: 2025 is not a text", '"2025"'),
        ("    type: text", "    typ: text", "columns[0].typ: unknown key; did you mean type?", "add `type:`"),
        ("name: nom", "name: code_insee", "columns: declared twice: code_insee", "rename"),
        ("key: code_insee", "key: code", "key: `code` is not a column", "code_insee"),
        ("label: nom", "label: name", "label: `name` is not a column", "nom"),
        ("name: nom", "name: bbox", "`bbox` is a query parameter of the API", "from: bbox"),
        ("name: nom", "name: Nom", "columns[1].name", ""),
        ("name: nom", "name: geom", "`geom` is a column that every table has", "from: geom"),
        ("type: number", "type: float", "'float' is not one of them", "number"),
        ("srid: 2154", 'srid: "2154"', "geometry.srid", ""),
        ("theme: administratif", "theme: admin", "'admin' is not in _vocabulary/themes.yml", "administratif"),
        ("licence: licence-ouverte-2.0", "licence: lo", "'lo' is not in _vocabulary/licences.yml", "licence-ouverte"),
        ("within: territory", "withn: territory", "checks.withn: unknown key", "did you mean within?"),
        ("id: communes", "id: communes\nid: communes", "id stands twice", "keep one"),
        ("id: communes", "id: commune", "'commune' is not the name of the file", "commune.yml"),
        ("max_drop: 0.05", "max_drop: .inf", "checks.max_drop", ""),
        ("minzoom: 0, maxzoom: 14", "minzoom: 9, maxzoom: 3", "minzoom is above maxzoom", ""),
        ("key: code_insee", "key: mairie_longitude", "must be text, integer or bigint", ""),
        ("dataset: departements", "dataset: departement", "no dataset is called 'departement'", "departements"),
        ("geometry: {", "geometry: [", "not YAML", ""),
    ],
)
def test_a_fault_is_named_with_its_remedy(folder: Path, old: str, new: str, said: str, remedy: str) -> None:
    change(folder, old, new)
    with pytest.raises(DeclarationError) as caught:
        registry.load(folder)
    assert said in caught.value.message
    assert remedy in str(caught.value)
    if "checks.references" not in caught.value.message:
        assert "communes.yml:" in caught.value.message


def test_a_fault_says_the_line(folder: Path) -> None:
    change(folder, "    type: number", "    type: float")
    line = (folder / "administratif/communes.yml").read_text().splitlines().index("    type: float") + 1
    with pytest.raises(DeclarationError, match=rf"communes\.yml:{line}: columns\[9\]\.type"):
        registry.load(folder)


def test_a_word_of_the_vocabulary_is_checked_too(folder: Path) -> None:
    change(folder, "url: https://www.insee.fr", "url: insee.fr", "_vocabulary/producers.yml")
    with pytest.raises(DeclarationError, match=r"producers\.yml:\d+: insee\.url"):
        registry.load(folder)


def test_a_declaration_survives_the_database(folder: Path) -> None:
    for dataset in registry.load(folder).datasets.values():
        stored = dataset.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        assert Dataset.model_validate(stored) == dataset


def test_the_six_datasets_of_the_demo_are_declared() -> None:
    found = registry.load(ROOT / "datasets").datasets
    keys = {name: dataset.key for name, dataset in found.items()}
    assert (
        keys
        | {
            "communes": "code_insee",
            "epci": "siren",
            "departements": "code_insee",
            "region": "code_insee",
            "cantons": "code_canton",
            "arrondissements_municipaux": "code_insee",
        }
        == keys
    )
    assert "partie régionale" in found["epci"].title.fr
    assert len(found["communes"].columns) == 11
