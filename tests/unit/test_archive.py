"""Archives: one dataset is taken out, whatever else their makers put in."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from random import Random

import py7zr
import pytest
from geoplateforme import sevenzip

from etl import archive
from territoire.core.errors import SourceError

SHAPEFILE = {f"livraison/COMMUNE.{ending}": ending.encode() for ending in ("shp", "dbf", "shx", "prj", "xml")}


def zipped(folder: Path, files: dict[str, bytes]) -> Path:
    file = folder / "given.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return file


def seven_zipped(folder: Path, files: dict[str, bytes]) -> Path:
    file = folder / "given.7z"
    file.write_bytes(sevenzip.archive(files))
    return file


def take(file: Path, folder: Path, layer: str | None = None) -> Path:
    (folder / "out").mkdir()
    return archive.take([file], folder / "out", layer=layer, address="essai")


@pytest.mark.parametrize("make", [zipped, seven_zipped])
def test_a_shapefile_is_taken_with_its_parts_under_the_name_of_the_layer(make, tmp_path: Path) -> None:
    file = make(tmp_path, {**SHAPEFILE, "livraison/EPCI.shp": b"another", "LISEZ-MOI.txt": b"words"})
    assert take(file, tmp_path, "commune") == tmp_path / "out" / "commune.shp"
    found = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert found == {f"commune.{ending}": ending.encode() for ending in ("shp", "dbf", "shx", "prj")}


@pytest.mark.parametrize("make", [zipped, seven_zipped])
@pytest.mark.parametrize("name", ["../a.gpkg", "/tmp/a.gpkg", "x/../../a.gpkg", "..\\a.gpkg", "C:\\a.gpkg"])
def test_a_name_that_reaches_outside_is_refused(make, name: str, tmp_path: Path) -> None:
    file = make(tmp_path, {"a.gpkg": b"good", name: b"evil"})
    with pytest.raises(SourceError, match="reaches outside of itself"):
        take(file, tmp_path)


@pytest.mark.parametrize("make", [zipped, seven_zipped])
def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = make(tmp_path, {"a.gpkg": bytes(2_000_000)})
    monkeypatch.setattr(archive, "MOST_BYTES", 1_000_000)
    with pytest.raises(SourceError, match="unpacks to 2000000 bytes"):
        take(file, tmp_path)
    assert not list((tmp_path / "out").iterdir())


def test_a_bomb_before_what_is_wanted_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = seven_zipped(tmp_path, {"bomb.bin": bytes(3_000_000), "a.gpkg": b"good"})
    monkeypatch.setattr(archive, "MOST_BYTES", 1_000_000)
    with pytest.raises(SourceError, match="unpacks to more than 1000000 bytes"):
        take(file, tmp_path)


@pytest.mark.parametrize("make", [zipped, seven_zipped])
def test_volumes_are_read_as_one(make, tmp_path: Path) -> None:
    whole = make(tmp_path, {"x/a.gpkg": bytes(range(256)) * 100, "b.txt": os.urandom(9_000)}).read_bytes()
    volumes = [tmp_path / f"edition.{number:03}" for number in (1, 2, 3)]
    for number, volume in enumerate(volumes):
        volume.write_bytes(whole[number * 4_000 : (number + 1) * 4_000])
    (tmp_path / "out").mkdir()
    assert archive.take(volumes, tmp_path / "out", layer=None, address="essai").read_bytes() == bytes(range(256)) * 100


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    file = zipped(tmp_path, {"a.gpkg": bytes(2_000_000)})
    # the size of a member stands in its own header and in the directory
    file.write_bytes(file.read_bytes().replace(struct.pack("<I", 2_000_000), struct.pack("<I", 1_000)))
    with pytest.raises(SourceError, match="damaged, locked"):
        take(file, tmp_path)
    assert sum(path.stat().st_size for path in (tmp_path / "out").iterdir()) <= 1_000


@pytest.mark.parametrize("make", [zipped, seven_zipped])
def test_an_archive_that_is_cut_or_altered_is_refused(make, tmp_path: Path) -> None:
    file = make(tmp_path, {"a.gpkg": os.urandom(20_000)})
    whole = file.read_bytes()
    for number, damaged in enumerate((whole[:-20], whole[:10_000] + b"altered" + whole[10_007:], whole[:40])):
        file.write_bytes(damaged)
        (tmp_path / str(number)).mkdir()
        with pytest.raises(SourceError, match="damaged, locked"):
            take(file, tmp_path / str(number))


def test_links_are_no_files(tmp_path: Path) -> None:
    file = tmp_path / "given.zip"
    link = zipfile.ZipInfo("a.gpkg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(file, "w") as target:
        target.writestr(link, "/etc/passwd")
    with pytest.raises(SourceError, match="holds nothing that can be read"):
        take(file, tmp_path)


def test_links_in_a_7z_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "a.gpkg").symlink_to("b.gpkg")
    (tmp_path / "b.gpkg").write_bytes(b"b")
    with py7zr.SevenZipFile(tmp_path / "given.7z", "w") as target:
        target.write(tmp_path / "a.gpkg", "a.gpkg")
    with pytest.raises(SourceError, match="holds nothing that can be read"):
        take(tmp_path / "given.7z", tmp_path)


def test_a_locked_archive_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.gpkg").write_bytes(b"secret")
    with py7zr.SevenZipFile(tmp_path / "given.7z", "w", password="x") as target:
        target.write(tmp_path / "a.gpkg", "a.gpkg")
    with pytest.raises(SourceError, match="damaged, locked"):
        take(tmp_path / "given.7z", tmp_path)


@pytest.mark.parametrize(
    "filters", [[{"id": py7zr.FILTER_LZMA}], [{"id": py7zr.FILTER_DEFLATE}], [{"id": py7zr.FILTER_ZSTD}]]
)
def test_the_other_ways_to_pack_a_7z_are_read(filters: list[dict[str, int]], tmp_path: Path) -> None:
    (tmp_path / "b.gpkg").write_bytes(bytes(range(256)) * 5_000)
    with py7zr.SevenZipFile(tmp_path / "given.7z", "w", filters=filters) as target:
        target.write(tmp_path / "b.gpkg", "x/b.gpkg")
    assert take(tmp_path / "given.7z", tmp_path).read_bytes() == (tmp_path / "b.gpkg").read_bytes()


def test_several_datasets_are_named(tmp_path: Path) -> None:
    file = zipped(tmp_path, {"x/a.gpkg": b"", "y/b.gpkg": b"", "__MACOSX/a.gpkg": b""})
    with pytest.raises(SourceError, match=r"holds .*x/a\.gpkg, y/b\.gpkg"):
        take(file, tmp_path)


@pytest.mark.parametrize("make", [zipped, seven_zipped])
def test_an_index_altered_at_random_never_surprises(make, tmp_path: Path) -> None:
    whole = make(tmp_path, {"x/a.gpkg": b"a" * 5_000, "b.txt": b"b"}).read_bytes()
    random = Random(7)
    (tmp_path / "out").mkdir()
    refused = 0
    for _ in range(400):
        altered = bytearray(whole)
        for place in random.sample(range(max(32, len(whole) - 120), len(whole)), 2):
            altered[place] = random.randrange(256)
        if altered[:2] == b"7z":  # the checksums of the index hold: only what it says is odd
            start, length = struct.unpack("<QQ", altered[12:28])
            altered[28:32] = struct.pack("<I", zlib.crc32(altered[32 + start : 32 + start + length]))
            altered[8:12] = struct.pack("<I", zlib.crc32(altered[12:32]))
        (tmp_path / "altered").write_bytes(altered)
        try:
            archive.take([tmp_path / "altered"], tmp_path / "out", layer=None, address="essai")
        except SourceError:
            refused += 1
    # some of what is altered says nothing of the dataset
    assert 100 < refused < 400
