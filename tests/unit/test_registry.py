"""Declarations: what is refused, and whether the message says file, line, key and remedy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from lab import ROOT

from territoire.core import registry
from territoire.core.derive import page
from territoire.core.errors import DeclarationError
from territoire.core.layers import LiveLayer, Raster
from territoire.core.models import Dataset
from territoire.core.sources import WfsSource


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
        ("  kind: file", "  kind: wsf", "source[0].kind: 'wsf' is not one of them", "did you mean wfs"),
        ("  kind: file", "  kind: wfs", "source[0].typename: is missing", "add `typename:`"),
        (
            "  kind: file\n  url:",
            "  kind: wfs\n  typenam:",
            "source[0].typenam: unknown key; did you mean typename?",
            "",
        ),
        ("source:\n", "live: {service: wfs, layer: 'A:a'}\nsource:\n", "stands in place of `source:`", "keep one"),
        ("source:\n", "live: {service: wfs}\nsource:\n", "live: say `layer:`", ""),
        ("source:\n", "keywords2: []\nsource:\n", "keywords2: unknown key", "did you mean keywords?"),
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


def test_a_filter_names_the_territory_and_another_territory_needs_no_other_declaration(folder: Path) -> None:
    url = "  kind: file\n  url: _demo/admin-express-cog-paca.gpkg.zip\n"
    filter_ = "\"BBOX({geometry}, {territory}, 'EPSG:4326')\""
    change(folder, url, f'  kind: wfs\n  typename: "A:b"\n  filter: {filter_}\n')
    change(folder, "[4.15, 42.9, 7.8, 45.2]", "[-5.2, 47.2, -1, 48.9]", "_vocabulary/territory.yml")
    [source] = registry.load(folder).get("communes").source
    assert isinstance(source, WfsSource)
    assert source.filter == "BBOX({geometry}, -5.2, 47.2, -1.0, 48.9, 'EPSG:4326')"


LAYER = """
id: plan_essai
title: {fr: Plan IGN, en: IGN map}
abstract: {fr: "Le plan de l'IGN, en direct."}
theme: administratif
producer: ign_insee
licence: licence-ouverte-2.0
live: {service: wmts, layer: GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2}
"""
RASTER = """
id: mnt
kind: raster
title: {fr: Relief}
abstract: {fr: Altitude du sol.}
theme: administratif
producer: ign_insee
licence: licence-ouverte-2.0
source: {kind: file, url: mnt.tif}
raster: {srid: 2154, unit: m, colours: relief}
"""


def test_layers_and_rasters_are_declarations_too(folder: Path) -> None:
    (folder / "administratif/plan_essai.yml").write_text(LAYER)
    (folder / "administratif/mnt.yml").write_text(RASTER)
    found = registry.load(folder)
    assert isinstance(found.find("plan_essai"), LiveLayer)
    assert isinstance(found.find("mnt"), Raster)
    assert not {"plan_essai", "mnt"} & found.datasets.keys()
    with pytest.raises(DeclarationError, match="mnt has no rows"):
        found.get("mnt")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "service: wmts",
            "service: wmtss",
            "plan_essai.yml:8: live.service: 'wmtss' is not one of them\n  -> did you mean",
        ),
        ("service: wmts", "service: csw", "live: a catalogue has no layers"),
        ("service: wmts", "service: wfs", "features have `key:` and `columns:`"),
        ("live: {", "live: {stil: x, ", "live.stil: unknown key\n  -> did you mean style?"),
        ("theme: administratif", "theme: adm", "theme: 'adm' is not in _vocabulary/themes.yml"),
    ],
)
def test_a_fault_of_a_live_layer_is_named(folder: Path, old: str, new: str, said: str) -> None:
    (folder / "administratif/plan_essai.yml").write_text(LAYER.replace(old, new))
    with pytest.raises(DeclarationError) as caught:
        registry.load(folder)
    assert said in str(caught.value)


def test_each_kind_has_its_page_of_the_documentation(folder: Path) -> None:
    (folder / "administratif/plan_essai.yml").write_text(LAYER)
    (folder / "administratif/mnt.yml").write_text(RASTER)
    found = registry.load(folder)
    live = page.page(found.find("plan_essai"), found.vocabulary)
    assert "en direct de la Géoplateforme (tuiles d'images, WMTS) `GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2`" in live
    assert "## Colonnes" not in live
    assert "| Unité | m |" in page.page(found.find("mnt"), found.vocabulary)
    listed = page.index([*found.declarations.values()], found.vocabulary)
    assert all(f"]({name}.md)" in listed for name in ("communes", "plan_essai", "mnt"))
