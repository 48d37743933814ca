"""A dataset's page of the documentation, in Markdown and French."""

from __future__ import annotations

from territoire.core.models import Column, Dataset
from territoire.core.vocabulary import Vocabulary


def page(dataset: Dataset, vocabulary: Vocabulary) -> str:
    """Return docs/datasets/<id>.md."""
    licence = vocabulary.licences[dataset.licence]
    producer = vocabulary.producers[dataset.producer]
    geometry = f"{dataset.geometry.type}, EPSG:{dataset.geometry.srid}" if dataset.geometry else "aucune"
    facts = [
        ("Identifiant", f"`{dataset.id}`"),
        ("Thème", vocabulary.themes[dataset.theme].title.fr),
        ("Producteur", f"[{producer.name}]({producer.url})"),
        ("Licence", f"[{licence.title}]({licence.url}) : {licence.terms.fr}"),
        ("Millésime", dataset.millesime or "non précisé"),
        ("Clé", f"`{dataset.key}`"),
        ("Géométrie", geometry),
        ("Tuiles", f"zooms {dataset.tiles.minzoom} à {dataset.tiles.maxzoom}" if dataset.tiles else "non"),
    ]
    lines = [
        f"<!-- Généré par `territoire derive` depuis datasets/{dataset.theme}/{dataset.id}.yml. Ne pas modifier. -->",
        f"# {dataset.title.fr}",
        "",
        dataset.abstract.fr,
        "",
        "| | |",
        "|-|-|",
        *(f"| {name} | {value} |" for name, value in facts),
        "",
        "## Colonnes",
        "",
        "| Nom | Type | Titre | Champ source | Obligatoire | Description |",
        "|-|-|-|-|-|-|",
        *(_row(column, dataset) for column in dataset.columns),
    ]
    return "\n".join(lines) + "\n"


def index(datasets: list[Dataset], vocabulary: Vocabulary) -> str:
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
