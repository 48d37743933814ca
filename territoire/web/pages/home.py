"""The home page: what this is, a search by name, the datasets with a map, and how to connect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from territoire.core.vocabulary import Theme
from territoire.query.layers import PublishedLayer
from territoire.query.model import Generation
from territoire.query.search import LIMIT, Hit
from territoire.web.pages import environment, maps
from territoire.web.pages.site import Site

__all__ = ["render"]

#: Shown first on the map, where they are published; the others follow in the order of their themes.
_FIRST = ("communes", "epci", "cantons", "departements")


@dataclass(frozen=True, slots=True)
class _Group:
    theme: Theme
    generations: tuple[Generation, ...]
    layers: tuple[PublishedLayer, ...]


def render(site: Site, *, search: str = "", results: Sequence[Hit] = ()) -> str:
    """Return the home page; `results` is what `search` found, best first."""
    groups = _by_theme(site)
    mapped = sorted((g for group in groups for g in group.generations if g.dataset.tiles), key=_rank)
    return environment.render(
        "home.html",
        site,
        search=search,
        results=results,
        limit=LIMIT,
        titles=environment.titles(site, site.generations),
        groups=groups,
        mapped=mapped,
        map=maps.settings(site, mapped) if mapped else None,
        example=mapped[0].dataset.id if mapped else "communes",
        features=sum(generation.rows for generation in site.generations),
    )


def _by_theme(site: Site) -> list[_Group]:
    groups = [
        _Group(
            theme,
            tuple(g for g in site.generations if g.dataset.theme == name),
            tuple(layer for layer in site.layers if layer.declaration.theme == name),
        )
        for name, theme in site.vocabulary.themes.items()
    ]
    return [group for group in groups if group.generations or group.layers]


def _rank(generation: Generation) -> int:
    name = generation.dataset.id
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)
