"""A request and an answer, as the services of the stand-in see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Ask:
    """A request to one service."""

    address: str
    """The service's own address, as its capabilities name it."""
    path: str
    """What stands after it, without the first /."""
    query: str
    method: str = "GET"
    body: bytes = b""
    media: str = ""
    content_type: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters by their names in lower case; of one given twice the last."""
        pairs = parse_qsl(self.query, keep_blank_values=True)
        if self.media == "application/x-www-form-urlencoded":
            pairs += parse_qsl(self.body.decode(), keep_blank_values=True)
        return {name.lower(): value for name, value in pairs}


@dataclass(frozen=True)
class Reply:
    """What is sent back."""

    media: str
    body: bytes | Path
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def exception_ows(text: str, code: str, locator: str = "", status: int = 400) -> Reply:
    """Return an exception as ROK4 words it (WMTS, TMS)."""
    where = f' locator="{locator}"' if locator else ""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><ExceptionReport xmlns="http://www.opengis.net/ows/1.1">'
        f'<Exception exceptionCode="{code}"{where}>{text}</Exception></ExceptionReport>'
    )
    return Reply("text/xml", body.encode(), status)
