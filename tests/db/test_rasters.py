"""Rasters: what a run publishes, what it refuses, and what it leaves when it is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from lab import REAL, ROOT, Lab
from pyproj import Transformer
from rasterio.enums import ColorInterp
from rasterio.transform import Affine
from rasters import declare, description, file_of, heights, run, write

from etl import ledger, refresh
from etl.raster import blocks, cog
from territoire.core.errors import CheckError, LoadError, SourceError, TerritoireError

DEGREES = Affine(0.001, 0, 6.0, 0, -0.001, 44.0)


@pytest.fixture
def published(lab: Lab) -> Lab:
    """A laboratory in which a relief is published."""
    write(lab.datasets / "relief.tif", heights(), nodata=-9999)
    declare(lab)
    assert run(lab).generation == 1
    return lab


def pixels(file: Path) -> np.ndarray:
    """Return all bands of a file."""
    with rasterio.open(file) as opened:
        return opened.read()


def runs_of(lab: Lab) -> list[ledger.Run]:
    with lab.connect() as connection:
        return ledger.history(connection, "relief")


def test_pixels_on_the_declared_grid_are_published_as_they_are(published: Lab) -> None:
    assert (pixels(file_of(published))[0] == heights()).all()
    with rasterio.open(file_of(published)) as opened:
        assert (opened.crs.to_epsg(), opened.nodata, opened.dtypes) == (2154, -9999, ("float32",))
        assert opened.transform == Affine(100, 0, 900_000, 0, -100, 6_300_000)


def test_a_large_raster_is_a_cog_with_overviews_that_another_reader_finds_valid(lab: Lab) -> None:
    write(lab.datasets / "relief.tif", heights(1300, 2500))
    declare(lab)
    run(lab)
    cog.validate(file_of(lab))
    with rasterio.open(file_of(lab)) as opened:
        assert opened.overviews(1) == [2, 4, 8]
        assert opened.block_shapes == [(512, 512)]
    # blocks were joined without a seam
    assert (pixels(file_of(lab))[0] == heights(1300, 2500)).all()


@pytest.mark.parametrize("options", [{}, {"tiled": True, "blockxsize": 256, "blockysize": 256}])
def test_what_is_no_cog_is_found_out(tmp_path: Path, options: dict[str, Any]) -> None:
    file = write(tmp_path / "plain.tif", heights(600, 600), **options)
    with pytest.raises(CheckError, match="no Cloud-Optimised GeoTIFF"):
        cog.validate(file)


def test_reprojected_heights_are_those_of_an_independent_computation(lab: Lab) -> None:
    """Bilinear by hand: the centre of each pixel, taken back to degrees by pyproj, between four of the source."""
    source = heights(200, 300)
    write(lab.datasets / "relief.tif", source, crs="EPSG:4326", transform=DEGREES, nodata=-9999)
    # finer than the source: GDAL widens its kernel only where it makes pixels coarser
    declare(lab, raster={"resolution": 70})
    run(lab)
    with rasterio.open(file_of(lab)) as opened:
        made, place = opened.read(1), opened.transform
    rows, columns = np.mgrid[40 : made.shape[0] - 40 : 7, 40 : made.shape[1] - 40 : 7]
    x, y = place.c + (columns + 0.5) * 70, place.f - (rows + 0.5) * 70
    # x is east and y is north, whatever the order of the authority's axes
    longitude, latitude = Transformer.from_crs(2154, 4326, always_xy=True).transform(x, y)
    column, row = (longitude - 6.0) / 0.001 - 0.5, (44.0 - latitude) / 0.001 - 0.5
    inside = (column > 1) & (row > 1) & (column < 297) & (row < 197)
    assert inside.sum() > 1000
    left, top = np.floor(column[inside]).astype(int), np.floor(row[inside]).astype(int)
    right, low = column[inside] - left, row[inside] - top
    expected = (
        source[top, left] * (1 - right) * (1 - low)
        + source[top, left + 1] * right * (1 - low)
        + source[top + 1, left] * (1 - right) * low
        + source[top + 1, left + 1] * right * low
    )
    # a thousandth of a pixel of displacement, on slopes of 3 m a pixel
    assert np.abs(made[rows, columns][inside] - expected).max() < 0.02


def test_nothing_stays_nothing_at_edges_and_holes(lab: Lab) -> None:
    source = heights(200, 300)
    source[80:120, 100:180] = -9999
    write(lab.datasets / "relief.tif", source, crs="EPSG:4326", transform=DEGREES, nodata=-9999)
    declare(lab, raster={"resolution": 70})
    run(lab)
    made = pixels(file_of(lab))[0]
    there = made != -9999
    # no pixel is a mixture of a height and of nothing
    assert made[there].min() >= source[source != -9999].min()
    assert not there[0, 0]
    assert description(lab)["bands"][0]["valid_percent"] == pytest.approx(100 * there.mean(), abs=0.001)


@pytest.mark.parametrize("kind", ["uint16", "int16", "int32", "float64"])
def test_types_are_kept_and_get_a_nodata_where_the_source_has_a_mask(lab: Lab, kind: str) -> None:
    values = heights(50, 60).astype(kind)
    file = lab.datasets / "relief.tif"
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        write(file, values)
        with rasterio.open(file, "r+") as opened:
            mask = np.full(values.shape, 255, np.uint8)
            mask[:10, :10] = 0
            opened.write_mask(mask)
    declare(lab)
    run(lab)
    with rasterio.open(file_of(lab)) as opened:
        made, nodata = opened.read(1), opened.nodata
        assert opened.dtypes == (kind,)
    assert (made[:10, :10] == nodata).all()
    assert (made[10:] == values[10:]).all()


def test_not_a_number_becomes_nodata(lab: Lab) -> None:
    values = heights(50, 60)
    values[5, 5], values[6, 6] = np.nan, np.inf
    write(lab.datasets / "relief.tif", values)
    declare(lab)
    run(lab)
    made = pixels(file_of(lab))[0]
    assert (made[5, 5], made[6, 6], made[7, 7]) == (-9999, -9999, values[7, 7])


def test_an_image_stays_an_image_and_is_transparent_where_nothing_is(lab: Lab) -> None:
    values = np.random.default_rng(1).integers(0, 256, (3, 80, 90), np.uint8)
    write(lab.datasets / "relief.tif", values, photometric="RGB")
    declare(lab, raster={"colours": "image", "unit": None})
    run(lab)
    with rasterio.open(file_of(lab)) as opened:
        assert opened.colorinterp[3] == ColorInterp.alpha
        assert (opened.read([1, 2, 3]) == values).all()
        assert (opened.read(4) == 255).all()


def test_a_palette_is_kept_and_its_classes_are_not_mixed(lab: Lab) -> None:
    values = np.array([[1, 9], [9, 1]], np.uint8).repeat(40, 0).repeat(40, 1)
    file = write(lab.datasets / "relief.tif", values, crs="EPSG:4326", transform=DEGREES)
    with rasterio.open(file, "r+") as opened:
        opened.write_colormap(1, {1: (255, 0, 0, 255), 9: (0, 0, 255, 255)})
    declare(lab, raster={"colours": "image", "unit": None})
    run(lab)
    with rasterio.open(file_of(lab)) as opened:
        assert opened.colormap(1)[9] == (0, 0, 255, 255)
        assert set(np.unique(opened.read(1))) == {1, 9, int(opened.nodata)}


def test_statistics_are_those_of_all_pixels(published: Lab) -> None:
    told = description(published)["bands"][0]
    values = heights().astype(np.float64)
    expected = {"minimum": values.min(), "maximum": values.max(), "mean": values.mean(), "std": values.std()}
    assert {name: told[name] for name in expected} == pytest.approx(expected, rel=1e-9)
    assert told["valid_percent"] == 100


def test_the_same_source_is_nothing_to_do_and_force_builds_again(published: Lab) -> None:
    before = file_of(published).read_bytes()
    assert run(published).status == "unchanged"
    assert run(published, force=True).generation == 2
    assert file_of(published).read_bytes() == before
    assert [one.status for one in runs_of(published)] == ["published", "unchanged", "published"]


def test_new_words_are_published_over_the_same_pixels(published: Lab) -> None:
    declare(published, title={"fr": "Autre titre"})
    outcome = run(published)
    assert (outcome.status, outcome.generation) == ("published", 1)
    with published.connect() as connection:
        row = connection.execute("select declaration -> 'title' ->> 'fr' from etl.layers").fetchone()
    assert row == ("Autre titre",)


def test_a_superseded_file_stays_for_the_grace_and_the_one_before_the_current_always(published: Lab) -> None:
    old = file_of(published)
    declare(published, raster={"resolution": 200})
    assert run(published).generation == 2
    before = file_of(published)
    declare(published, raster={"resolution": 400})
    assert run(published).generation == 3
    assert old.exists()
    run(published, grace_s=0)
    assert not old.exists()
    assert before.exists()
    assert file_of(published).exists()


def test_a_rollback_publishes_the_edition_before_and_holds_it(published: Lab, tmp_path: Path) -> None:
    first = file_of(published)
    write(published.datasets / "relief.tif", heights() + 1, nodata=-9999)
    declare(published, title={"fr": "Seconde édition"})
    assert run(published).generation == 2
    done = published.command("etl", "rollback", "relief")
    assert "relief: generation 1 is published again in place of 2, and held" in done.stdout, done.stderr
    assert file_of(published) == first
    with published.connect() as connection:
        [(title,)] = connection.execute("select declaration -> 'title' ->> 'fr' from etl.layers").fetchall()
    assert title == "Relief"
    # the source is still the one that was taken back; a dead run's file is not mistaken for an edition
    (first.parent / "g7.tif").write_bytes(b"cut")
    assert (run(published, grace_s=0).status, file_of(published)) == ("held", first)
    assert "held since a rollback" in published.command("etl", "status").stdout
    assert sorted(file.name for file in first.parent.glob("g*.tif")) == ["g1.tif", "g2.tif"]
    # twice is back and forth
    assert "generation 2 is published again in place of 1" in published.command("etl", "rollback", "relief").stdout
    assert (pixels(file_of(published))[0] == heights() + 1).all()
    published.command("etl", "rollback", "relief")
    assert run(published, force=True).generation == 3
    other = write(tmp_path / "other.tif", heights() + 2, nodata=-9999)
    assert (run(published, "relief", other).status, file_of(published).name) == ("published", "g4.tif")


def test_a_rollback_to_nothing_says_what_to_do(published: Lab) -> None:
    done = published.command("etl", "rollback", "relief")
    assert (done.returncode, "no earlier generation" in done.stderr) == (1, True)
    run(published, force=True)
    (file_of(published).parent / "g1.tif").unlink()
    done = published.command("etl", "rollback", "relief")
    assert (done.returncode, "g1.tif is gone" in done.stderr) == (1, True)
    assert file_of(published).name == "g2.tif"


def test_another_file_by_source_and_a_lost_file_is_built_again(published: Lab, tmp_path: Path) -> None:
    other = write(tmp_path / "other.tif", heights() + 1)
    assert run(published, "relief", other).generation == 2
    assert (pixels(file_of(published))[0] == heights() + 1).all()
    file_of(published).unlink()
    assert run(published, "relief", other).status == "published"
    assert file_of(published).exists()


def bad_files(folder: Path) -> dict[str, tuple[Path, str]]:
    """Write what cannot be published, each with what must be said of it."""
    text = folder / "text.tif"
    text.write_text("not a raster")
    whole = write(folder / "whole.tif", np.random.default_rng(0).random((600, 600), np.float32)).read_bytes()
    cut = folder / "cut.tif"
    cut.write_bytes(whole[: len(whole) // 2])
    virtual = folder / "virtual.tif"
    virtual.write_text('<VRTDataset rasterXSize="1" rasterYSize="1"></VRTDataset>')
    return {
        "text": (text, "not a whole raster"),
        "cut": (cut, "cut.tif"),
        "virtual": (virtual, "not a whole raster"),
        "no crs": (write(folder / "crs.tif", heights(), crs=None), "does not say its CRS"),
        "no place": (write(folder / "place.tif", heights(), transform=Affine.identity()), "where its pixels lie"),
        "bands": (write(folder / "bands.tif", np.stack([heights()] * 3)), "3 bands"),
        "complex": (write(folder / "complex.tif", heights().astype(np.complex64)), "complex64"),
        "empty": (write(folder / "empty.tif", np.full((9, 9), -1, np.int16), nodata=-1), "no pixel holds anything"),
        "missing": (folder / "missing.tif", "is not there"),
        "folder": (folder, "is a folder"),
    }


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # of what the test itself writes
def test_a_bad_source_is_named_and_loses_nothing(published: Lab, tmp_path: Path) -> None:
    before = file_of(published).read_bytes()
    for name, (file, said) in bad_files(tmp_path).items():
        with pytest.raises(TerritoireError) as caught:
            run(published, "relief", file)
        assert said in caught.value.message, name
        assert caught.value.remedy or name == "empty", name
        last = runs_of(published)[0]
        assert (last.status, said in (last.error or "")) == ("failed", True), name
    assert file_of(published).read_bytes() == before
    assert description(published)["generation"] == 1


def test_a_value_that_was_to_mean_nothing_is_refused(lab: Lab) -> None:
    values = heights(50, 60).astype(np.uint16)
    values[3, 3] = 65535
    write(lab.datasets / "relief.tif", values)
    declare(lab)
    with pytest.raises(LoadError, match="65535"):
        run(lab)


def test_a_disk_that_is_too_small_is_refused_before_work(lab: Lab) -> None:
    write(lab.datasets / "relief.tif", heights(2, 2), transform=Affine(1e6, 0, 0, 0, -1e6, 7e6))
    # 40 billion pixels, that no disk of a test has room for
    declare(lab, raster={"resolution": 10})
    with pytest.raises(SourceError, match="MB are free"):
        run(lab)
    assert not list((lab.folder / "var" / "rasters" / "relief").glob("work-*/*.tif"))
    declare(lab, raster={"resolution": 0.1})
    with pytest.raises(SourceError, match="more than 5e"):
        run(lab)


_KILLED = """
import os, signal, sys
sys.path.insert(0, "tests/support")
from etl.raster import blocks
blocks.SIDE = 256
write, count = blocks._write, 0
def killed(*given):
    global count
    count += 1
    if count == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    write(*given)
blocks._write = killed
from territoire.cli.main import main
sys.argv = ["territoire", "etl", "run", "relief"]
main()
"""


def test_a_killed_run_goes_on_from_its_last_block_to_the_same_bytes(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    source = heights(700, 900)
    write(lab.datasets / "relief.tif", source, crs="EPSG:4326", transform=DEGREES, nodata=-9999)
    declare(lab, raster={"resolution": 90})
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED], env=lab.environment, cwd=ROOT, capture_output=True, timeout=100, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    work = next((lab.folder / "var" / "rasters" / "relief").glob("work-*"))
    done = {file.name: file.stat().st_mtime_ns for file in work.glob("*.tif")}
    assert len(done) == 3
    monkeypatch.setattr(blocks, "SIDE", 256)
    written: list[str] = []
    real = blocks._write
    monkeypatch.setattr(
        blocks, "_write", lambda target, block, *rest: (written.append(block.name), real(target, block, *rest))
    )
    assert run(lab).generation == 1
    assert not done.keys() & set(written)
    resumed = file_of(lab).read_bytes()
    assert run(lab, force=True).generation == 2
    assert file_of(lab).read_bytes() == resumed
    assert [one.status for one in runs_of(lab)] == ["published", "published", "abandoned"]
    assert not list(work.parent.glob("work-*"))


def test_a_second_run_at_the_same_time_is_refused(published: Lab) -> None:
    with (
        published.connect() as connection,
        refresh.lock(connection, "relief"),
        pytest.raises(LoadError, match="another run"),
    ):
        run(published)


def test_the_command_line_runs_rasters_and_shows_them(lab: Lab) -> None:
    write(lab.datasets / "relief.tif", heights(50, 60))
    declare(lab)
    done = lab.command("etl", "run", "relief")
    assert (done.returncode, "relief: generation 1 published, 60 x 50 pixels" in done.stdout) == (0, True), done.stderr
    status = lab.command("etl", "status")
    assert "60 x 50" in status.stdout
    assert "published" in status.stdout


def test_it_is_announced_to_servers(published: Lab) -> None:
    heard: list[str] = []
    with published.connect() as connection:
        connection.execute("listen territoire_published")
        declare(published, title={"fr": "Autre"})
        run(published)
        heard = [note.payload for note in connection.notifies(timeout=5, stop_after=1)]
    assert heard == ["relief"]


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "colours", "expected"),
    [
        ("raster-mnt-srtm/N44E005_UTM.tif", "relief", ("int16", -32768)),
        ("raster-mnt-cog-paca/srtm3_N43E007_4326_cog.tif", "relief", ("int16", -32768)),
        ("raster-landcover-clc/elevation.tif", "grey", ("float32", -9999)),
        ("raster-ortho-ign/rgb/792000_6272000-50mx100m-left-patch-0000000.tiff", "image", ("uint8", None)),
    ],
)
def test_real_rasters(lab: Lab, name: str, colours: str, expected: tuple[str, float | None]) -> None:
    if not (REAL / name).exists():
        pytest.skip("the shared samples are not here")
    declare(lab, source={"url": str(REAL / name)}, raster={"colours": colours, "unit": None})
    run(lab)
    with rasterio.open(file_of(lab)) as opened:
        assert (opened.dtypes[0], opened.nodata) == expected
    assert description(lab)["bands"][0]["valid_percent"] > 50
