"""The Jinja environment of our pages, built once, and what all templates are given."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from territoire.query.model import Generation
from territoire.web.pages import locale, site
from territoire.web.pages.site import Site

__all__ = ["environment", "render", "sources", "titles"]


@functools.cache
def environment() -> Environment:
    """Return the environment: everything is escaped, and a misspelt name is an error."""
    built = Environment(
        loader=PackageLoader("territoire.web.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    built.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    return built


def render(template: str, current: Site, **values: object) -> str:
    """Render a template with the site's texts, formats and addresses."""
    language = current.language
    return (
        environment()
        .get_template(template)
        .render(
            site=current,
            t=locale.texts(language),
            number=functools.partial(locale.number, language=language),
            date=functools.partial(locale.date, language=language),
            href=functools.partial(site.href, current),
            item_href=functools.partial(site.item_href, current),
            root=site.root(current),
            switch_href=site.switch_href(current),
            other_language=site.other_language(current),
            sources=sources(current),
            **values,
        )
    )


def sources(current: Site) -> str:
    """Name the producers of what is published, each once, as the licences ask."""
    named = [found.dataset.producer for found in current.generations]
    named += [layer.declaration.producer for layer in current.layers]
    return ", ".join(dict.fromkeys(current.vocabulary.producers[name].name for name in named))


def titles(current: Site, generations: Sequence[Generation]) -> dict[str, str]:
    """Return the datasets' titles by id, in the page's language."""
    return {g.dataset.id: g.dataset.title.get(current.language) for g in generations}
