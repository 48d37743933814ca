"""The shared words of the declarations: themes, producers, licences, and the territory itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from territoire.core.models import Localised, Text

Address = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]


class _Word(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Theme(_Word):
    """A theme of the portal, under which datasets are listed."""

    title: Localised
    description: Localised


class Producer(_Word):
    """An organisation that produces data, as it wants to be named."""

    name: Text
    url: Address


class Licence(_Word):
    """A licence, its text's address, and what a reuser must do."""

    title: Text
    url: Address
    terms: Localised


class Territory(_Word):
    """The territory that the platform serves; nothing in the code is tied to one region."""

    title: Localised
    preposition: Localised = Field(description="The title as it reads after 'data of': 'de la région Sud'")
    bbox_crs84: tuple[float, float, float, float] = Field(
        strict=False,
        description="west, south, east, north in degrees: what `checks.within: territory` allows",
    )


class Vocabulary(_Word):
    """All shared words, by identifier."""

    themes: dict[str, Theme]
    producers: dict[str, Producer]
    licences: dict[str, Licence]
    territory: Territory
