"""What every declaration is made of: strict frozen models, texts in two languages, and who offers what to whom."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

DatasetId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00]*$")]


class Declared(BaseModel):
    """A part of a declaration: an unknown key is refused, a number is no text, nothing changes once read."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Localised(Declared):
    """A text in French (required) and English (French when absent)."""

    fr: Text
    en: Text | None = None

    def get(self, language: str) -> str:
        """Return the text in `language`, French where there is no translation."""
        return (self.en or self.fr) if language == "en" else self.fr


class Offered(Declared):
    """What people read of anything that is published: its names, theme, producer and licence."""

    id: DatasetId
    title: Localised
    abstract: Localised
    theme: Text
    producer: Text
    licence: Text
    keywords: tuple[Text, ...] = ()
    contact: Text | None = None
    access: Literal["public"] = "public"


class Indexed(Declared):
    """Whether search engines may list what is published."""

    indexing: Literal["index", "none"] = Field(default="index", description="none: search engines stay out")
