"""What tests with real clients share: the requests that a server logged, and the source that it serves."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import numpy as np
import orjson
import pyogrio.raw
import shapely
from lab import DEMO, Server, wait_until

from territoire.core.models import Dataset

Value = str | int | float | None


@dataclass(frozen=True)
class Request:
    """One line of the request log."""

    method: str
    path: str
    query: dict[str, list[str]]
    status: int

    def __str__(self) -> str:
        return f"{self.status} {self.method} {self.path} {self.query}"


@dataclass
class Traffic:
    """The requests of a client, complete once the block that watched has ended."""

    requests: list[Request] = field(default_factory=list)

    def at(self, path: str) -> list[Request]:
        """Return the requests of one path."""
        return [request for request in self.requests if request.path == path]

    @property
    def failed(self) -> list[str]:
        """Return the requests that were not answered by 200 or 204."""
        return [str(request) for request in self.requests if request.status not in {200, 204}]


@contextmanager
def watch(server: Server) -> Generator[Traffic]:
    """Collect what the server logs during the block."""
    begin = _mark(server)
    traffic = Traffic()
    yield traffic
    end = _mark(server)
    whole = server.log.read_bytes()
    for line in whole[whole.index(begin) : whole.index(end)].splitlines()[1:-1]:
        entry = orjson.loads(line) if line.startswith(b"{") else {}
        if entry.get("event") == "request":
            query = parse_qs(entry["query"], keep_blank_values=True)
            traffic.requests.append(Request(entry["method"], entry["path"], query, entry["status"]))


def _mark(server: Server) -> bytes:
    """Make a request that tells its line from all others, and wait for it: all before it is written then."""
    mark = f"/health/{uuid4().hex}"
    server.get(mark)
    wait_until(lambda: mark.encode() in server.log.read_bytes(), seconds=10, what=f"the log of {mark}")
    return mark.encode()


@dataclass(frozen=True)
class Table:
    """Rows by key: their attributes, and their shapes."""

    rows: dict[str, dict[str, Value]]
    shapes: dict[str, Any]


def read(path: str, dataset: Dataset, *, layer: str | None = None, source_names: bool = False, **options: Any) -> Table:
    """Read a dataset's declared columns by GDAL, under their own names or those of the source."""
    meta, _, shapes, values = pyogrio.raw.read(path, layer=layer or dataset.id, **options)
    found = {str(name).lower(): data for name, data in zip(meta["fields"], values, strict=True)}
    names = {column.name: (column.field if source_names else column.name).lower() for column in dataset.columns}
    columns = {name: [_plain(value) for value in found[wanted]] for name, wanted in names.items()}
    keys = [str(key) for key in columns[dataset.key]]
    assert len(set(keys)) == len(keys), f"{path}: a key twice"
    rows = {key: {name: values[i] for name, values in columns.items()} for i, key in enumerate(keys)}
    return Table(rows, dict(zip(keys, shapely.from_wkb(shapes), strict=True)))


def source(dataset: Dataset) -> Table:
    """Read the demo's source of a dataset, in its own CRS."""
    return read(f"/vsizip/{DEMO}", dataset, layer=dataset.source[0].layer, source_names=True)


def farthest(found: Any, wanted: Any, transform: Any = None) -> float:
    """Return the largest difference of an ordinate between two shapes of the same vertices."""
    ours, theirs = shapely.get_coordinates(found), shapely.get_coordinates(wanted)
    assert found.geom_type == wanted.geom_type
    assert ours.shape == theirs.shape, "the number of vertices differs"
    if transform is not None:
        theirs = np.column_stack(transform.transform(theirs[:, 0], theirs[:, 1]))
    return float(np.abs(ours - theirs).max())


def _plain(value: Any) -> Value:
    """Return a value of GDAL's arrays as Python's own, its nulls as None."""
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value
