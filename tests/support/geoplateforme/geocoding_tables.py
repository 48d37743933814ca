"""Batches of the geocoder: a form with a CSV file in, the file with more columns out."""

from __future__ import annotations

import csv
import email
import io
from collections.abc import Callable, Mapping
from email.message import Message
from typing import Any

from .exchange import Ask, Reply

_MOST_BYTES, _MOST_LINES = 50_000_000, 200_000
ADDED = (
    "longitude",
    "latitude",
    "result_score",
    "result_score_next",
    "result_label",
    "result_type",
    "result_id",
    "result_banId",
    "result_housenumber",
    "result_name",
    "result_street",
    "result_postcode",
    "result_city",
    "result_context",
    "result_citycode",
    "result_oldcitycode",
    "result_oldcity",
    "result_district",
    "result_status",
)


class RefusalError(Exception):
    """A request that the service refuses."""


def form(ask: Ask) -> dict[str, Any]:
    """Return the parts of a multipart form: `columns` as a list, the file as text under `data`."""
    if len(ask.body) > _MOST_BYTES:
        raise RefusalError("The file is larger than 50 MB")
    head = f"Content-Type: {ask.content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    found: dict[str, Any] = {}
    message: Message = email.message_from_bytes(head + ask.body)
    if not message.is_multipart():
        raise RefusalError("A multipart form with a file 'data' is expected")
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        if name is None:
            continue
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        try:
            text = content.decode()
        except UnicodeDecodeError as exc:
            raise RefusalError("The file is not in UTF-8") from exc
        if name == "columns":
            found.setdefault("columns", []).append(text)
        else:
            found[str(name)] = text
    return found


def read(form: Mapping[str, Any]) -> tuple[list[str], list[dict[str, str]]]:
    """Return the columns and rows of a form's file."""
    if "data" not in form:
        raise RefusalError("A file must be provided in data field")
    reader = csv.DictReader(io.StringIO(form["data"].lstrip("\ufeff"), newline=""))
    rows = [{name: value or "" for name, value in row.items() if name} for row in reader]
    if len(rows) > _MOST_LINES:
        raise RefusalError(f"The file has more than {_MOST_LINES} lines")
    return list(reader.fieldnames or []), rows


def flat(feature: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return a feature as the columns that are added for it."""
    lon, lat = feature["geometry"]["coordinates"]
    flat = {f"result_{name}": value for name, value in feature["properties"].items()}
    return {**flat, **more, "longitude": lon, "latitude": lat, "result_status": "ok"}


def write(
    names: list[str],
    rows: list[dict[str, str]],
    added: Callable[[Mapping[str, str]], Mapping[str, Any]],
    columns: tuple[str, ...] = ADDED,
) -> Reply:
    """Return the rows with the columns that `added` finds for each."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, [*names, *columns], extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        # what was sent stays: latitude and longitude of a reverse batch are the asker's
        writer.writerow({**added(row), **row} if columns is not ADDED else {**row, **added(row)})
    return Reply("text/csv; charset=utf-8", buffer.getvalue().encode())
