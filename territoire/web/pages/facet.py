"""What a kind of layer adds to the page of its collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from territoire.core.models import Dataset

__all__ = ["Facet"]


@dataclass(frozen=True, slots=True)
class Facet:
    """What a kind of layer adds to its page; the titles are keys of texts.yml."""

    facts: tuple[tuple[str, str], ...] = ()
    actions: tuple[tuple[str, str], ...] = ()
    """Titles and addresses of buttons, the most useful first."""
    addresses: tuple[tuple[str, str], ...] = ()
    """What can be copied."""
    map: Mapping[str, Any] | None = None  # a JSON document, as pages/maps.py writes it
    dataset: Dataset | None = None
    """The declaration whose columns are explained."""
    note: str | None = None
    """Key of a sentence that says how the layer comes here."""
