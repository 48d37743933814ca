"""The download service (Atom, RFC 4287): products, their editions, archives made when somebody first asks for one."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pyogrio
import pyproj
import shapely

from . import sevenzip
from .data import FEATURES
from .editions import CRS, EDITIONS, Edition
from .exchange import Ask, Reply
from .layers import EXTENT_CRS84, FEATURE_LAYERS

_MOST = 50
_NAMESPACES = (
    'xmlns="http://www.w3.org/2005/Atom" xmlns:georss="http://www.georss.org/georss"'
    ' xmlns:gpf_dl="https://data.geopf.fr/annexes/ressources/xsd/gpf_dl.xsd"'
)
_FORMATS = {"GPKG": "GPKG", "SHP": "ESRI Shapefile", "FLATGEOBUF": "FlatGeobuf"}
_EVIL = {"../../evade.txt": b"outside", "/tmp/evade-absolue.txt": b"outside too"}


_CONTENT = {"BDTOPO": ("BDTOPO_V3:batiment",)}
_ADMIN = tuple(f"ADMINEXPRESS-COG.LATEST:{name}" for name in ("commune", "epci", "departement", "region"))


class Atom:
    """The download service of a folder of data.

    `is_evil` says whether archives reach outside of themselves, `is_spoiled` whether the next one is damaged.
    """

    def __init__(self, folder: Path, is_evil: Callable[[], bool], is_spoiled: Callable[[], bool]) -> None:
        self._folder = folder
        self._is_evil = is_evil
        self._is_spoiled = is_spoiled
        self._lock = threading.Lock()

    def answer(self, ask: Ask) -> Reply:
        """Answer one request."""
        base = ask.address.replace("/chunk/", "/")
        parts = [part for part in ask.path.split("/") if part]
        match parts:
            case ["capabilities"]:
                products = sorted({edition.product for edition in EDITIONS.values()})
                return _feed(ask, "Géoplateforme API - Download", [_product(base, name) for name in products])
            case ["resource", product] if any(edition.product == product for edition in EDITIONS.values()):
                wanted = [edition for edition in EDITIONS.values() if edition.product == product]
                kept = [edition for edition in wanted if _fits(edition, ask.parameters)]
                return _feed(ask, product, [_entry(base, edition) for edition in _sorted(kept, ask.parameters)])
            case ["resource", product, name] if name in EDITIONS and EDITIONS[name].product == product:
                return _feed(ask, name, self._file_entries(base, EDITIONS[name]))
            case ["download", product, name, file] if name in EDITIONS and EDITIONS[name].product == product:
                return self._download(EDITIONS[name], file)
            case _:
                return Reply("text/html", b"<html><body>404 Not Found</body></html>", 404)

    def _file_entries(self, base: str, edition: Edition) -> list[str]:
        """List the files: one with its checksum beside it, or volumes (rel="section") whose checksums are in a list."""
        has_own_sum = edition.parts == 1
        entries = []
        for file in edition.files:
            content = self._file(edition, file).read_bytes()
            check = f"<content>{_md5(content)}</content>" if has_own_sum else ""
            address = f"{base}/download/{edition.product}/{edition.name}/{file}"
            media = "application/x-7z-compressed" if edition.container == "7z" else "application/zip"
            entries.append(
                f"<entry><title>{file}</title><id>{address}</id><updated>{edition.date}T12:00:00+01:00</updated>"
                f'<link rel="{"alternate" if has_own_sum else "section"}" type="{media}"'
                f' gpf_dl:length="{len(content)}" href="{address}"/>{check}</entry>'
            )
        address = f"{base}/download/{edition.product}/{edition.name}/{edition.name}.md5"
        entries.append(
            f"<entry><title>{edition.name}.md5</title><id>{address}</id>"
            f'<updated>{edition.date}T12:00:00+01:00</updated><link rel="alternate" type="text/plain"'
            # of the list itself
            f' href="{address}"/><content>{_md5(self._sums(edition))}</content></entry>'
        )
        return entries

    def _sums(self, edition: Edition) -> bytes:
        lines = [f"{_md5(self._file(edition, file).read_bytes())}  {file}\n" for file in edition.files]
        return "".join(lines).encode()

    def _download(self, edition: Edition, file: str) -> Reply:
        if file == f"{edition.name}.md5":
            return Reply("text/plain", self._sums(edition))
        if file not in edition.files:
            return Reply("text/html", b"<html><body>404 Not Found</body></html>", 404)
        found = self._file(edition, file)
        if self._is_spoiled():
            content = found.read_bytes()
            return Reply("application/octet-stream", content[:-1] + bytes([content[-1] ^ 1]))
        return Reply("application/octet-stream", found)

    def _file(self, edition: Edition, file: str) -> Path:
        """Return an archive, made now if nobody asked for it before."""
        folder = self._folder / "downloads" / ("evil" if self._is_evil() else "good") / edition.name
        with self._lock:
            if not folder.exists():
                built = self._archive(edition, is_evil=folder.parent.name == "evil")
                size = -(-len(built) // edition.parts)
                folder.mkdir(parents=True)
                for number, name in enumerate(edition.files):
                    (folder / name).write_bytes(built[number * size : (number + 1) * size])
        return folder / file

    def _archive(self, edition: Edition, *, is_evil: bool) -> bytes:
        inside = f"{edition.name}/{edition.product}/1_DONNEES_LIVRAISON_{edition.date}/{edition.name}"
        work = self._folder / "downloads" / "work" / edition.name
        work.mkdir(parents=True, exist_ok=True)
        self._write_layers(edition, work)
        files = {f"{inside}/{path.name}": path.read_bytes() for path in sorted(work.iterdir())}
        for path in work.iterdir():
            path.unlink()
        if edition.container == "fgb":
            return next(iter(files.values()))
        files[f"{edition.name}/LISEZ-MOI.txt"] = b"Licence Ouverte 2.0\n"
        if is_evil:
            files |= _EVIL
        return sevenzip.archive(files) if edition.container == "7z" else _zip(files)

    def _write_layers(self, edition: Edition, work: Path) -> None:
        typenames = _CONTENT.get(edition.product, _ADMIN)
        for typename in typenames[:1] if edition.format == "FLATGEOBUF" else typenames:
            layer = FEATURE_LAYERS[typename]
            meta, _, wkb, columns = pyogrio.raw.read(
                self._folder / FEATURES, layer=layer.table, max_features=2_000 if edition.product == "BDTOPO" else None
            )
            shapes = shapely.from_wkb(wkb)
            crs, srid = CRS[edition.crs]
            if srid != 4326:
                reproject = pyproj.Transformer.from_crs(4326, srid, always_xy=True)
                shapes = shapely.transform(shapes, reproject.transform, interleaved=False)
            extension = {"GPKG": "gpkg", "SHP": "shp", "FLATGEOBUF": "fgb"}[edition.format]
            # the names of fields are cut to ten characters in a shapefile, as its readers know
            name = f"{edition.name}.gpkg" if edition.format == "GPKG" else f"{layer.name.upper()}.{extension}"
            names = [field[:10] if edition.format == "SHP" else field for field in meta["fields"]]
            pyogrio.raw.write(
                str(work / name),
                geometry=shapely.to_wkb(shapes),
                field_data=[_cut(column) if edition.format == "SHP" else column for column in columns],
                fields=_unique(names),
                crs=crs,
                geometry_type="MultiPolygon",
                driver=_FORMATS[edition.format],
                layer=layer.name,
                append=(work / name).exists(),
                **({"dataset_options": {"VERSION": "1.3"}} if edition.format == "GPKG" else {}),
            )


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _cut(column: np.ndarray) -> np.ndarray:
    """Return texts of 254 bytes at most: a shapefile holds no more."""
    if column.dtype != object:
        return column
    return np.array([text and text[:250] for text in column], dtype=object)


def _unique(names: Sequence[str]) -> list[str]:
    """Return names of which those that came before have another last character."""
    found: list[str] = []
    for name in names:
        found.append(name if name not in found else f"{name[:8]}_{len(found) % 10}")
    return found


def _zip(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def _fits(edition: Edition, asks: Mapping[str, str]) -> bool:
    crs = asks.get("crs")
    return (
        asks.get("zone", edition.zone) == edition.zone
        and asks.get("format", edition.format) == edition.format
        and crs in (None, edition.crs, CRS[edition.crs][0])
        and asks.get("editiondatefrom", "") <= edition.date <= asks.get("editiondateto", "9")
    )


def _sorted(editions: list[Edition], asks: Mapping[str, str]) -> list[Edition]:
    by = asks.get("sortentriesby")
    if by is None:
        return editions
    descends = asks.get("sortentriesorder", "asc") == "desc"
    return sorted(editions, key=lambda one: one.date if by == "editionDate" else one.name, reverse=descends)


def _product(base: str, name: str) -> str:
    address = f"{base}/resource/{name}"
    return (
        f'<entry><title>{name}</title><link href="{address}" rel="alternate" type="application/atom+xml"/>'
        f"<id>{address}</id><updated>2026-07-03T14:59:00+01:00</updated><content>{name}</content></entry>"
    )


def _entry(base: str, edition: Edition) -> str:
    address = f"{base}/resource/{edition.product}/{edition.name}"
    west, south, east, north = EXTENT_CRS84
    return (
        f'<entry><title>{edition.name}</title><link href="{address}" rel="alternate" type="application/atom+xml"/>'
        f"<id>{address}</id><updated>{edition.date}T14:59:00+01:00</updated><content>{edition.name}</content>"
        f'<category term="{CRS[edition.crs][0]}" label="{edition.crs}"/>'
        f"<georss:polygon>{south} {west} {south} {east} {north} {east} {north} {west} {south} {west}</georss:polygon>"
        f'<gpf_dl:zone term="{edition.zone}" label="{edition.zone}"/>'
        f'<gpf_dl:format term="{edition.format}" label="{edition.format}"/>'
        f"<gpf_dl:editionDate>{edition.date}</gpf_dl:editionDate></entry>"
    )


def _feed(ask: Ask, title: str, entries: list[str]) -> Reply:
    asks = ask.parameters
    try:
        page, limit = int(asks.get("page", "1")), int(asks.get("limit", "10"))
    except ValueError:
        page, limit = 0, 0
    if page < 1 or not 1 <= limit <= _MOST:
        return Reply("application/json", b'{"code":400,"message":"page or limit is wrong"}', 400)
    count = max(1, -(-len(entries) // limit))
    shown = "".join(entries[(page - 1) * limit : page * limit])
    body = (
        f"<?xml version='1.0' encoding='UTF-8' standalone='yes'?><feed {_NAMESPACES} xml:lang=\"en\""
        f' gpf_dl:page="{page}" gpf_dl:pagesize="{limit}" gpf_dl:pagecount="{count}"'
        f' gpf_dl:totalentries="{len(entries)}"><title>{escape(title)}</title><id>{ask.address}/{ask.path}</id>'
        f"<updated>2026-07-03T14:59:00+01:00</updated>{shown}</feed>"
    )
    return Reply("application/atom+xml", body.encode())
