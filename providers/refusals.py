"""Turns the errors of the house into those that pygeoapi answers with a status; any other would be its 500."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from pygeoapi.provider.base import ProviderGenericError, ProviderItemNotFoundError
from pygeoapi.provider.tile import ProviderTileNotFoundError

from territoire.core.errors import NotFoundError, RequestError, TerritoireError

_CODES = {400: "InvalidParameterValue", 404: "NotFound", 410: "NoApplicableCode", 503: "NoApplicableCode"}


class RefusedError(ProviderGenericError):
    """A request that cannot be answered as asked, with the status that it deserves; the cause is our own error."""

    def __init__(self, refusal: RequestError) -> None:
        super().__init__(user_msg=_sentence(refusal))
        self.http_status_code = refusal.status
        self.ogc_exception_code = _CODES.get(refusal.status, "NoApplicableCode")


class MisconfiguredError(ProviderGenericError):
    """The declarations or the settings are wrong: nothing that a visitor can cure."""


@contextmanager
def translated(*, tile: bool = False) -> Generator[None]:
    """Let pygeoapi see our errors as its own; what a tile route calls not found has a class apart."""
    try:
        yield
    except NotFoundError as exc:
        missing = ProviderTileNotFoundError if tile else ProviderItemNotFoundError
        raise missing(user_msg=_sentence(exc)) from exc
    except RequestError as exc:
        raise RefusedError(exc) from exc
    except TerritoireError as exc:
        raise MisconfiguredError(user_msg=_sentence(exc)) from exc


def _sentence(error: TerritoireError) -> str:
    return f"{error.message}; {error.remedy}" if error.remedy else error.message
