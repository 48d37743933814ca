"""Texts, numbers and dates in French and English."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
import yaml
from lab import ROOT

from territoire.core import executions
from territoire.core.models import Column, Geometry
from territoire.web.pages import locale, records

_PAGES = ROOT / "territoire" / "web" / "pages"


def _entries() -> dict[str, dict[str, str]]:
    return yaml.safe_load((_PAGES / "texts.yml").read_text(encoding="utf-8"))


def _choices(model: Any, field: str) -> list[str]:  # a pydantic model
    return list(model.model_fields[field].annotation.__args__)


def test_every_text_is_in_both_languages_with_the_same_blanks() -> None:
    for key, entry in _entries().items():
        assert set(entry) == {"fr", "en"}, key
        blanks = [{name for _, name, _, _ in string.Formatter().parse(entry[lang]) if name} for lang in ("fr", "en")]
        assert blanks[0] == blanks[1], key


def test_every_text_is_used_and_every_text_used_is_there() -> None:
    sources = [*_PAGES.glob("*.py"), *_PAGES.glob("templates/*.html")]
    code = "\n".join(file.read_text(encoding="utf-8") for file in sources)
    used = set(re.findall(r"""["']([a-z]+_[A-Za-z_]+|[a-z]+)["']""", code))
    built = {f"type_{name}" for name in _choices(Column, "type")}
    built |= {f"geometry_{name}" for name in [*_choices(Geometry, "type"), "none"]}
    moments = ("created", "started", "finished", "expires")
    built |= {f"job_{name}" for name in (*get_args(executions.State), *moments)}
    built |= {f"record_{name}" for name in records.FACTS}
    keys = set(_entries())
    assert keys - used - built == set()
    called = set(re.findall(r"""\bt\(["']([a-z_A-Z]+)["']\s*[,)]""", code))
    assert called - keys == set()
    assert built - keys == set()


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [(946, "946", "946"), (5_127_840, "5\u202f127\u202f840", "5,127,840"), (-1234, "-1\u202f234", "-1,234")],
)
def test_numbers(value: int, french: str, english: str) -> None:
    assert locale.number(value, "fr") == french
    assert locale.number(value, "en") == english


def test_dates() -> None:
    assert locale.date(datetime(2026, 11, 24, tzinfo=UTC), "fr") == "24\u00a0novembre 2026"
    assert locale.date(datetime(2026, 5, 1, tzinfo=UTC), "fr") == "1er\u00a0mai 2026"
    assert locale.date(datetime(2026, 11, 24, tzinfo=UTC), "en") == "24\u00a0November 2026"


def test_french_spaces_do_not_break_before_a_mark() -> None:
    texts = locale.texts("fr")
    assert texts("search_results", search="Aix") == "Résultats pour «\u00a0Aix\u00a0»"
    assert texts("connect_qgis") == "QGIS\u00a0: adresse de la connexion"


def test_what_is_put_into_a_text_is_escaped() -> None:
    assert "<b>" not in locale.texts("en")("search_results", search="<b>")
