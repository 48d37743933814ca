"""French and English: the texts of the pages, and numbers and dates as each language writes them."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Literal

import yaml
from markupsafe import Markup

from territoire.core.models import Localised

__all__ = ["LANGUAGES", "Language", "Texts", "ago", "date", "number", "texts"]

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")

_MONTHS: dict[Language, str] = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "en": "January February March April May June July August September October November December",
}
_THIN = "\u202f"
_WIDE = "\u00a0"


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language: called with a key and the values to put in, returns safe HTML."""

    language: Language
    sentences: dict[str, Markup]

    def __call__(self, key: str, **values: object) -> Markup:
        """Return the text of `key`; what is put in is escaped, the text itself may hold simple tags."""
        return self.sentences[key].format(**values) if values else self.sentences[key]


@functools.cache
def texts(language: Language) -> Texts:
    """Return the texts of a language, read once from texts.yml."""
    source = resources.files("territoire.web.pages").joinpath("texts.yml").read_text(encoding="utf-8")
    entries = {key: Localised.model_validate(value) for key, value in yaml.safe_load(source).items()}
    typeset = _typeset_french if language == "fr" else str
    return Texts(language, {key: Markup(typeset(entry.get(language))) for key, entry in entries.items()})  # noqa: S704


def number(value: int, language: Language) -> str:
    """Write a whole number with its thousands apart: 5 127 840 in French, 5,127,840 in English."""
    return f"{value:,}".replace(",", _THIN if language == "fr" else ",")


def date(moment: datetime, language: Language) -> str:
    """Write the day of a moment in words: 24 novembre 2026, or 1er mai 2026."""
    month = _MONTHS[language].split()[moment.month - 1]
    day = "1er" if language == "fr" and moment.day == 1 else str(moment.day)
    return f"{day}{_WIDE}{month} {moment.year}"


def ago(moment: datetime, language: Language) -> Markup:
    """Say how long ago a moment was, in its largest unit: il y a 3 h, 3 h ago."""
    minutes = int((datetime.now(UTC) - moment).total_seconds() // 60)
    t = texts(language)
    if minutes < 1:
        return t("ago_now")
    if minutes < 60:
        return t("ago_minutes", number=minutes)
    return t("ago_hours", number=minutes // 60) if minutes < 2880 else t("ago_days", number=minutes // 1440)


def _typeset_french(text: str) -> str:
    """Put the spaces that French typography wants unbreakable: before : ; ! ? and inside « »."""
    text = re.sub(r" (?=[;!?](?:\s|$|<))", _THIN, text)
    return re.sub(r"(?<=«) | (?=»)| (?=:(?:\s|$|<))", _WIDE, text)
