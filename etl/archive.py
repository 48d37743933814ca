"""What an archive holds, and taking one dataset out of it: no name or size inside it is believed."""

from __future__ import annotations

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

import multivolumefile
import py7zr
from py7zr.exceptions import ArchiveError, DecompressionBombError, PasswordRequired
from py7zr.io import Py7zIO, WriterFactory

from etl import space
from territoire.core.errors import SourceError

__all__ = ["MOST_BYTES", "take"]

#: What is larger, packed or not, is no source of a region: it is refused before it fills the disk.
MOST_BYTES = 10 * 10**9
#: A shapefile is several files of one stem; these belong to it.
SHAPEFILE_PARTS = (".shp", ".dbf", ".shx", ".prj", ".cpg", ".qpj")
#: What may be opened inside an archive, nearest to a dataset first.
DATASETS = (".gpkg", ".shp", ".fgb", ".geojson", ".json", ".gml", ".kml", ".sqlite", ".tab", ".mif")
_CHUNK = 1 << 20
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, ArchiveError, PasswordRequired)


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    bytes: int

    @property
    def path(self) -> PurePosixPath:
        return PurePosixPath(self.name.replace("\\", "/"))

    @property
    def ending(self) -> str:
        return self.path.suffix.lower()


class _Opened(Protocol):
    def members(self) -> list[_Member]: ...

    def extract(self, targets: dict[str, Path]) -> None: ...


def take(volumes: Sequence[Path], target: Path, *, layer: str | None, address: str) -> Path:
    """Take the one dataset of a .zip or .7z, in one or more volumes, to the folder `target`; return its file.

    `layer` chooses among several (a GeoPackage keeps its own layers). SourceError when the archive is damaged,
    locked, unpacks to more than MOST_BYTES or than the disk has, reaches outside of itself, or when it does not
    hold one dataset of that name.
    """
    with _open(volumes, address) as opened:
        members = opened.members()
        for member in members:
            if member.path.is_absolute() or ".." in member.path.parts or ":" in member.name:
                raise SourceError(
                    f"{address}: the archive reaches outside of itself: {member.name[:80]!r}",
                    remedy="do not open it; tell its producer",
                )
        chosen = _choose(members, layer, address)
        size = sum(one.bytes for one in chosen)
        if size > MOST_BYTES:
            raise _too_large(address, str(size))
        space.check(target, size)
        # our own names: those inside the archive decide nothing about where anything goes
        stem = layer if layer and layer.replace("_", "").replace("-", "").isalnum() else "extracted"
        targets = {one.name: target / f"{stem}{one.ending}" for one in chosen}
        opened.extract(targets)
    return targets[chosen[0].name]


def _choose(members: Sequence[_Member], layer: str | None, address: str) -> list[_Member]:
    """Return the members of the dataset, its main file first."""
    found = [one for one in members if one.ending in DATASETS and one.path.parts[0] != "__MACOSX"]
    if len(found) > 1 and layer:
        found = [one for one in found if one.path.stem.casefold() == layer.casefold()]
    if len(found) != 1:
        names = sorted(one.name for one in members if one.ending in DATASETS)
        what = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        raise SourceError(
            f"{address}: the archive must hold one dataset, and holds {what or 'nothing that can be read'}",
            remedy="say which by `layer:`, the name of its file without folder and ending",
        )
    [main] = found
    if main.ending != ".shp":
        return [main]
    beside = main.path.with_suffix("")
    parts = [one for one in members if one.path.with_suffix("") == beside and one.ending in SHAPEFILE_PARTS]
    return [main, *(one for one in parts if one != main)]


@contextmanager
def _open(volumes: Sequence[Path], address: str) -> Generator[_Opened]:
    try:
        with _whole(volumes) as stream:
            is_zip = stream.read(2) == b"PK"
            stream.seek(0)
            if is_zip:
                with _indexed(lambda: zipfile.ZipFile(stream)) as archive:
                    yield _Zip(archive)
            else:
                with _indexed(lambda: py7zr.SevenZipFile(stream, max_extract_size=MOST_BYTES)) as archive:
                    yield _SevenZip(archive)
    except DecompressionBombError as exc:
        raise _too_large(address, f"more than {MOST_BYTES}") from exc
    except (*_DAMAGED, EOFError, NotImplementedError, RuntimeError) as exc:
        raise SourceError(
            f"{address}: the archive is damaged, locked, or of a kind that is not read: {exc or type(exc).__name__}",
            remedy="fetch it again; it may have been cut short",
        ) from exc
    except OSError as exc:
        raise SourceError(f"{address}: cannot be extracted: {exc}", remedy="check rights and space") from exc


def _whole(volumes: Sequence[Path]) -> Any:  # IO[bytes]; the volumes are .001 and so on of one name
    if len(volumes) == 1:
        return volumes[0].open("rb")
    return multivolumefile.MultiVolume(volumes[0].with_suffix(""), mode="rb", ext_digits=3)


def _too_large(address: str, said: str) -> SourceError:
    return SourceError(
        f"{address}: unpacks to {said} bytes; {MOST_BYTES} are the most that is taken",
        remedy="declare a smaller zone, or unpack it by hand and declare the file",
    )


def _indexed[T](open_: Callable[[], T]) -> T:
    """Open an archive; ArchiveError for an index that makes its reader stumble, found by altering bytes at random."""
    try:
        return open_()
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, MemoryError, struct.error) as exc:
        raise ArchiveError(f"its index cannot be read: {exc}") from exc


class _Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def members(self) -> list[_Member]:
        return [
            _Member(one.filename, one.file_size)
            for one in self._archive.infolist()
            if not one.is_dir() and not stat.S_ISLNK(one.external_attr >> 16)
        ]

    def extract(self, targets: dict[str, Path]) -> None:
        for name, path in targets.items():
            most = self._archive.getinfo(name).file_size
            with self._archive.open(name) as inner, path.open("wb") as out:
                _copy(lambda inner=inner: inner.read(_CHUNK), out, most)


class _SevenZip:
    def __init__(self, archive: Any) -> None:  # py7zr.SevenZipFile
        self._archive = archive
        self._sizes = {one.filename: one.uncompressed for one in archive.list() if one.is_file}

    def members(self) -> list[_Member]:
        return [_Member(name, size) for name, size in self._sizes.items()]

    def extract(self, targets: dict[str, Path]) -> None:
        with ExitStack() as stack:
            factory = _Writers(targets, self._sizes, stack)
            self._archive.extract(targets=list(targets), factory=factory)
        for name, path in targets.items():
            if not path.exists() or path.stat().st_size != self._sizes[name]:
                raise EOFError(f"{name} is not whole")


class _Writers(WriterFactory):
    """Gives py7zr the files to write to, by the names inside the archive; `stack` closes them, whatever happens."""

    def __init__(self, targets: dict[str, Path], sizes: dict[str, int], stack: ExitStack) -> None:
        self._targets, self._sizes, self._stack = targets, sizes, stack

    def create(self, filename: str) -> Py7zIO:
        file = self._stack.enter_context(self._targets[filename].open("wb"))
        return _Writer(file, self._sizes[filename])


class _Writer(Py7zIO):
    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file, self._most, self._size = file, most, 0

    def write(self, s: bytes | bytearray) -> int:
        self._size += len(s)
        if self._size > self._most:
            raise ArchiveError("a file is longer than the archive says")
        return self._file.write(s)

    def read(self, size: int | None = None) -> bytes:
        raise ArchiveError("what was written is not read")

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def flush(self) -> None:
        self._file.flush()

    def size(self) -> int:
        return self._size


def _copy(read: Callable[[], bytes], out: IO[bytes], most: int) -> None:
    done = 0
    while piece := read():
        done += len(piece)
        if done > most:
            raise zipfile.BadZipFile("a file is longer than the archive says")
        out.write(piece)
