"""A dataset's page of the documentation, in Markdown and French."""

from __future__ import annotations

from territoire.core.layers import Raster
from territoire.core.models import Column, Dataset
from territoire.core.registry import Declaration
from territoire.core.sources import AtomSource, Source, WfsSource
from territoire.core.vocabulary import Vocabulary

_SERVICES = {
    "wfs": "objets, WFS",
    "wmts": "tuiles d'images, WMTS",
    "tms": "tuiles vectorielles, TMS",
    "wms": "cartes, WMS",
    "wms_vector": "cartes, WMS vecteur",
    "csw": "fiches de métadonnées, CSW",
}


def page(declared: Declaration, vocabulary: Vocabulary) -> str:
    """Return docs/datasets/<id>.md."""
    licence = vocabulary.licences[declared.licence]
    producer = vocabulary.producers[declared.producer]
    facts = [
        ("Identifiant", f"`{declared.id}`"),
        ("Thème", vocabulary.themes[declared.theme].title.fr),
        ("Producteur", f"[{producer.name}]({producer.url})"),
        ("Licence", f"[{licence.title}]({licence.url}) : {licence.terms.fr}"),
        *_own_facts(declared),
    ]
    lines = [
        f"<!-- Généré par `territoire derive` depuis datasets/{declared.theme}/{declared.id}.yml. Ne pas modifier. -->",
        f"# {declared.title.fr}",
        "",
        declared.abstract.fr,
        "",
        "| | |",
        "|-|-|",
        *(f"| {name} | {value} |" for name, value in facts),
        *(_columns(declared) if isinstance(declared, Dataset) else []),
    ]
    return "\n".join(lines) + "\n"


def _own_facts(declared: Declaration) -> list[tuple[str, str]]:
    """Say what is particular to rows, to a raster, to what is shown live."""
    facts: list[tuple[str, str]] = []
    if isinstance(declared, Raster) or (isinstance(declared, Dataset) and not declared.live):
        facts.append(("Millésime", declared.millesime or _unsaid(declared)))
        if isinstance(declared, Dataset):
            layers = dict.fromkeys(one.typename for one in declared.source if isinstance(one, WfsSource))
            facts += [("Source", f"chargé du WFS de la Géoplateforme, `{layer}`") for layer in layers]
            products = dict.fromkeys(one.resource for one in declared.source if isinstance(one, AtomSource))
            facts += [("Source", f"téléchargé de la Géoplateforme, dernière édition de `{one}`") for one in products]
    elif declared.live:
        named = f" `{declared.live.layer}`" if declared.live.layer else ""
        facts.append(("Source", f"en direct de la Géoplateforme ({_SERVICES[declared.live.service]}){named}"))
    if isinstance(declared, Dataset):
        geometry = f"{declared.geometry.type}, EPSG:{declared.geometry.srid}" if declared.geometry else "aucune"
        tiles = declared.tiles
        facts += [
            ("Clé", f"`{declared.key}`"),
            ("Géométrie", geometry),
            ("Tuiles", f"zooms {tiles.minzoom} à {tiles.maxzoom}" if tiles else "non"),
        ]
    if isinstance(declared, Raster):
        facts += [
            ("Système de coordonnées", f"EPSG:{declared.raster.srid}"),
            ("Unité", declared.raster.unit or "non précisée"),
        ]
    return facts


def _unsaid(declared: Dataset | Raster) -> str:
    """Say where an edition comes from that is not declared."""
    is_of_a_service = isinstance(declared, Dataset) and any(not isinstance(one, Source) for one in declared.source)
    return "celui que le service annonce au chargement" if is_of_a_service else "non précisé"


def _columns(dataset: Dataset) -> list[str]:
    return [
        "",
        "## Colonnes",
        "",
        "| Nom | Type | Titre | Champ source | Obligatoire | Description |",
        "|-|-|-|-|-|-|",
        *(_row(column, dataset) for column in dataset.columns),
    ]


def index(datasets: list[Declaration], vocabulary: Vocabulary) -> str:
    """Return docs/datasets/README.md: every dataset by theme."""
    lines = ["<!-- Généré par `territoire derive`. Ne pas modifier. -->", "# Jeux de données", ""]
    for theme_id, theme in vocabulary.themes.items():
        members = [dataset for dataset in datasets if dataset.theme == theme_id]
        if members:
            lines += [f"## {theme.title.fr}", ""]
            lines += [f"- [{dataset.title.fr}]({dataset.id}.md) (`{dataset.id}`)" for dataset in members]
            lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _row(column: Column, dataset: Dataset) -> str:
    description = column.description.fr if column.description else ""
    if column.codelist:
        codes = ", ".join(f"`{code.value}` {code.title.fr}" for code in column.codelist)
        description = f"{description} {codes}".strip()
    if column.unit:
        description = f"{description} (unité : {column.unit})".strip()
    needed = "oui" if not column.nullable or column.name == dataset.key else "non"
    cells = [f"`{column.name}`", column.type, column.title.fr, f"`{column.field}`", needed, description]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
