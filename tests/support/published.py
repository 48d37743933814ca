"""The demo's declarations as published generations, and one with all that a text can hold, without a database."""

from __future__ import annotations

from datetime import UTC, datetime

from lab import ROOT

from territoire.core import registry
from territoire.core.models import Dataset
from territoire.core.registry import Registry
from territoire.query.model import Generation
from territoire.web.pages.locale import Language
from territoire.web.pages.site import Site

NASTY = '</script><script>alert(1)</script> & "L\'Isle" < 50'
_MOMENT = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


def declared() -> Registry:
    """Read the real declarations."""
    return registry.load(ROOT / "datasets")


def generation(dataset: Dataset, rows: int = 946) -> Generation:
    """Say that a dataset is published."""
    return Generation(dataset, 3, rows, None, (4.23, 42.98, 7.72, 45.13), dataset.millesime, _MOMENT, _MOMENT)


def nasty() -> Dataset:
    """Declare a dataset whose every text tries to leave its place."""
    text = {"fr": NASTY, "en": NASTY}
    return Dataset.model_validate(
        {
            "id": "nasty",
            "title": text,
            "abstract": text,
            "theme": "administratif",
            "producer": "autre",
            "licence": "odbl-1.0",
            "source": {"url": "x.gpkg", "millesime": NASTY},
            "key": "code",
            "label": "nom",
            "columns": [
                {"name": "code", "type": "text", "title": text, "nullable": False},
                {
                    "name": "nom",
                    "type": "text",
                    "title": text,
                    "description": text,
                    "unit": NASTY,
                    "codelist": [{"value": NASTY, "title": text}],
                },
                {"name": "valeur", "type": "integer", "title": text},
            ],
            "geometry": {"type": "MultiPolygon", "srid": 2154},
            "publish": {"indexing": "none"},
        }
    )


def site(language: Language = "fr", path: str = "/", base: str = "http://127.0.0.1:8000") -> Site:
    """Return a site where all of this is published."""
    known = declared()
    demo = [d for d in known.datasets.values() if d.source and all(s.address.startswith("_demo/") for s in d.source)]
    generations = tuple(generation(dataset) for dataset in [*demo, nasty()])
    return Site(base, language, generations, known.vocabulary, "0.1.0", path)
