"""Units on the pages: signs and words in place of codes."""

from __future__ import annotations

import pytest

from territoire.core.models import Column, Localised
from territoire.web.pages import units
from territoire.web.pages.locale import Language


@pytest.mark.parametrize(
    ("code", "language", "wanted"),
    [("deg", "fr", "°"), ("m2", "en", "m²"), ("1/a", "fr", "par an"), ("1/a", "en", "per year"), ("kWh", "fr", "kWh")],
)
def test_a_unit_is_written_for_people(code: str, language: Language, wanted: str) -> None:
    assert units.written(code, language) == wanted


def test_a_heading_has_the_unit_where_there_is_one() -> None:
    title = Localised(fr="Surface", en="Area")
    assert units.heading(Column(name="surface", type="number", title=title, unit="har"), "fr") == "Surface (ha)"
    assert units.heading(Column(name="surface", type="number", title=title), "en") == "Area"
