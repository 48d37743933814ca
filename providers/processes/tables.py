"""Tables as CSV: read as people write them, given back with columns added."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from territoire.core.errors import RequestError, TooLargeError
from territoire.core.registry import nearest

__all__ = ["MAX_CHARACTERS", "Table", "read", "write"]

#: 12 MB of text hold 200,000 addresses, the geocoder's own limit.
MAX_CHARACTERS = 20_000_000
_MAX_CELL = 100_000


@dataclass(frozen=True, slots=True)
class Table:
    """A header and lines of as many cells."""

    header: list[str]
    lines: list[list[str]]
    delimiter: str

    def positions(self, names: Sequence[str]) -> list[int]:
        """Return where columns stand; RequestError names the nearest for one that is not there."""
        for name in names:
            if name not in self.header:
                raise RequestError(
                    f"inputs.columns: the table has no column {name[:60]!r}",
                    remedy=nearest(name[:60], self.header) or f"its columns are {', '.join(self.header)[:300]}",
                )
        return [self.header.index(name) for name in names]


def read(text: str) -> Table:
    """Read CSV with commas, semicolons or tabs; RequestError names the first line that is wrong."""
    first = text.lstrip("\ufeff").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    csv.field_size_limit(_MAX_CELL)
    try:
        rows = [row for row in csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter) if row]
    except csv.Error as exc:
        raise RequestError(f"inputs.csv: this is no CSV: {exc}", remedy="save it as CSV in UTF-8") from exc
    if len(rows) < 2:
        raise RequestError("inputs.csv: there is no line below the header", remedy="begin with a line of names")
    header, *lines = rows
    if len(set(header)) != len(header):
        raise RequestError("inputs.csv: two columns have the same name", remedy="rename one of them")
    for number, line in enumerate(lines, start=2):
        if len(line) != len(header):
            raise RequestError(
                f"inputs.csv: line {number} has {len(line)} cells, and the header {len(header)}",
                remedy='write cells that hold the separator in quotes: "..."',
            )
    return Table(header, lines, delimiter)


def write(table: Table, added: Sequence[str], values: Sequence[Sequence[str]]) -> bytes:
    """Write the table with columns added; one that was there already gets `geo_` before its name."""
    names = [f"geo_{name}" if name in table.header else name for name in added]
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=table.delimiter, lineterminator="\r\n")
    writer.writerow([*table.header, *names])
    for line, more in zip(table.lines, values, strict=True):
        writer.writerow([*line, *more])
        if buffer.tell() > 2 * MAX_CHARACTERS:
            raise TooLargeError("the table with its positions is too large", remedy="split it into several jobs")
    return buffer.getvalue().encode()
