"""Tables as CSV: read as people write them, given back with columns added; a large one is held once, as its text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from territoire.core.errors import RequestError, TooLargeError
from territoire.core.registry import nearest

__all__ = ["MAX_CHARACTERS", "Table", "Writer", "read"]

#: The geocoder's own limit is 50 MB and 200,000 lines.
MAX_CHARACTERS = 50_000_000
_MAX_CELL = 100_000
_MAX_RESULT = 120_000_000
#: As csv wants them: with their ends, whichever the three are.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")


@dataclass(frozen=True, slots=True)
class Table:
    """A header, and the text of lines with as many cells, which are read anew each time they are walked."""

    header: list[str]
    count: int
    delimiter: str
    text: str = field(repr=False)

    def lines(self) -> Iterator[list[str]]:
        """Walk the lines below the header."""
        rows = _rows(self.text, self.delimiter)
        next(rows)
        return rows

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
    text = text.removeprefix("\ufeff")
    first = text[:_MAX_CELL].partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    csv.field_size_limit(_MAX_CELL)
    rows = _rows(text, delimiter)
    count = 0
    try:
        header = next(rows, [])
        for count, line in enumerate(rows, start=1):
            if len(line) != len(header):
                raise RequestError(
                    f"inputs.csv: line {count + 1} has {len(line)} cells, and the header {len(header)}",
                    remedy='write cells that hold the separator in quotes: "..."',
                )
    except csv.Error as exc:
        raise RequestError(f"inputs.csv: this is no CSV: {exc}", remedy="save it as CSV in UTF-8") from exc
    if not count:
        raise RequestError("inputs.csv: there is no line below the header", remedy="begin with a line of names")
    if len(set(header)) != len(header):
        raise RequestError("inputs.csv: two columns have the same name", remedy="rename one of them")
    return Table(header, count, delimiter, text)


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    # not io.StringIO: it would hold the text again, at four bytes a character
    lines = (found[0] for found in _LINE.finditer(text))
    return (row for row in csv.reader(lines, delimiter=delimiter) if row)


class Writer:
    """Writes a table again, with the columns that are added to its lines as they come."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._lines = table.lines()
        self._bytes = io.BytesIO()
        self._text = io.TextIOWrapper(self._bytes, encoding="utf-8", newline="")
        self._writer = csv.writer(self._text, delimiter=table.delimiter, lineterminator="\r\n")

    def add(self, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write as many lines as there are rows, with their values; TooLargeError beyond what can be kept."""
        header = self._table.header
        if not self._text.tell():
            # a column that was there already keeps its name
            self._writer.writerow([*header, *(f"geo_{name}" if name in header else name for name in names)])
        for more in rows:
            self._writer.writerow([*next(self._lines), *more])
        if self._text.tell() > _MAX_RESULT:
            raise TooLargeError("the table with its positions is too large", remedy="split it into several jobs")

    def content(self) -> bytes:
        """Return what was written."""
        self._text.flush()
        return self._bytes.getvalue()
