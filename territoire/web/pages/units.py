"""Units as people write them: declarations have UCUM's codes, pages have signs and words."""

from __future__ import annotations

from territoire.core.models import Column, Localised
from territoire.web.pages.locale import Language

__all__ = ["heading", "written"]

_WRITTEN = {
    "deg": Localised(fr="°"),
    "m2": Localised(fr="m²"),
    "km2": Localised(fr="km²"),
    "m3": Localised(fr="m³"),
    "har": Localised(fr="ha"),
    "Cel": Localised(fr="°C"),
    "a": Localised(fr="ans", en="years"),
    "d": Localised(fr="jours", en="days"),
    "1/a": Localised(fr="par an", en="per year"),
    "1/km2": Localised(fr="par km²", en="per km²"),
}


def written(code: str, language: Language) -> str:
    """Return a unit for people; a code without a sign or a word of its own stays as it is."""
    return _WRITTEN[code].get(language) if code in _WRITTEN else code


def heading(column: Column, language: Language) -> str:
    """Return a column's title, with the unit of its values where it has one."""
    title = column.title.get(language)
    return f"{title} ({written(column.unit, language)})" if column.unit else title
