"""Finds NUL characters in texts before GDAL sees them: it would cut the text there and say nothing.

Looked for where a file can hold one and be searched: text formats, GeoPackage, dBASE. FlatGeobuf is not searched.
"""

from __future__ import annotations

import mmap
import re
import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from territoire.core.errors import SourceError

_TEXT = (".geojson", ".json", ".gml", ".kml", ".csv")
_REMEDY = "remove it from the text in the source"
# a raw NUL, or its JSON escape that no backslash before it takes away
_IN_TEXT = re.compile(rb"\x00|(?<!\\)(?:\\\\)*\\u0000")


def refuse(file: Path, url: str, layer: str, fields: tuple[str, ...]) -> None:
    """Refuse a file with a NUL in a text: SourceError names line, or feature and field."""
    suffix = file.suffix.lower()
    if suffix in _TEXT:
        _in_text(file, url)
    elif suffix in {".gpkg", ".sqlite"}:
        _in_geopackage(file, url, layer, fields)
    elif suffix == ".shp":
        table = next((part for part in file.parent.glob(f"{file.stem}.*") if part.suffix.lower() == ".dbf"), None)
        if table:
            _in_dbase(table, url, fields)


def _in_text(file: Path, url: str) -> None:
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        found = _IN_TEXT.search(content)
        if found:
            line = content[: found.start()].count(b"\n") + 1
            raise SourceError(f"{url}: line {line} holds a NUL character (byte {found.start()})", remedy=_REMEDY)


def _in_geopackage(file: Path, url: str, layer: str, fields: tuple[str, ...]) -> None:
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro&immutable=1", uri=True)) as database:
        names = {row[1].lower(): row[1] for row in database.execute(f"pragma table_info({_quoted(layer)})")}
        for field in fields:
            if field.lower() not in names:
                continue
            # identifiers come from the file's own schema, quoted; sqlite has no parameters for them
            found = database.execute(
                f"select rowid from {_quoted(layer)} where typeof({_quoted(field)}) = 'text'"  # noqa: S608
                f" and instr(cast({_quoted(field)} as blob), x'00') > 0 order by rowid limit 1"
            ).fetchone()
            if found:
                raise SourceError(f"{url}: feature {found[0]}, {field}: holds a NUL character", remedy=_REMEDY)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _in_dbase(table: Path, url: str, fields: tuple[str, ...]) -> None:
    wanted = {field.lower() for field in fields}
    with table.open("rb") as stream:
        stream.seek(4)
        records, header, length = struct.unpack("<IHH", stream.read(8))
        stream.seek(32)
        columns: list[tuple[str, int, int]] = []
        start = 1
        while (descriptor := stream.read(32)) and descriptor[0] != 0x0D and len(descriptor) == 32:
            name = descriptor[:11].split(b"\0")[0].decode("latin-1")
            if chr(descriptor[11]) == "C" and name.lower() in wanted:
                columns.append((name, start, start + descriptor[16]))
            start += descriptor[16]
        stream.seek(header)
        for number in range(1, records + 1):
            record = stream.read(length)
            for name, begin, end in columns if b"\0" in record else ():
                # padding by NUL is usual: one with something behind it is not
                if b"\0" in record[begin:end].rstrip(b"\0 "):
                    raise SourceError(f"{url}: feature {number}, {name}: holds a NUL character", remedy=_REMEDY)
