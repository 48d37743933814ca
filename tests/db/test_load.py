"""Loads: what a run publishes, what it refuses, and what it says."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import zipfile
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely
from lab import LIEUX, Lab, row, write
from pyproj import Transformer

from etl import ledger
from territoire.core.errors import CheckError, LoadError, SourceError, TerritoireError


def rows_of(lab: Lab, columns: str = "code, nom, population, taux, jour") -> list[tuple[object, ...]]:
    with lab.connect_admin() as connection:
        number = connection.execute("select generation from etl.published where dataset = 'lieux'").fetchone()
        assert number
        return connection.execute(f"select {columns} from api.lieux__g{number[0]} order by code").fetchall()


def rejects_of(lab: Lab) -> list[tuple[int, str | None, str, str]]:
    with lab.connect() as connection:
        _, rejected = ledger.last_rejects(connection, "lieux")
    return [(r.feature, r.column, r.reason, r.remedy) for r in rejected]


@pytest.fixture
def loaded(lab: Lab) -> Lab:
    """A laboratory in which ten places are published."""
    lab.declare()
    write(lab.datasets / "lieux.gpkg", [row(n) for n in range(10)])
    assert lab.load("lieux").generation == 1
    return lab


def assert_untouched(lab: Lab) -> None:
    """What `loaded` published is still published, and nothing else is left behind."""
    assert len(rows_of(lab)) == 10
    assert lab.relations() == {"data": {"lieux__g1"}, "api": {"lieux__g1"}}
    assert lab.generations() == {"lieux__g1"}


def test_a_load_publishes_rows_in_spatial_order_with_dense_fids(loaded: Lab) -> None:
    assert sorted(fid for (fid,) in rows_of(loaded, "fid")) == list(range(1, 11))
    assert len(rows_of(loaded)) == 10
    assert rows_of(loaded, "public.st_srid(geom), public.st_srid(geom_3857)")[0] == (2154, 3857)


def test_the_same_source_is_nothing_to_do_and_force_loads_it_again(loaded: Lab) -> None:
    assert loaded.load("lieux").status == "unchanged"
    forced = loaded.load("lieux", force=True)
    assert (forced.status, forced.generation) == ("published", 2)


def test_another_declaration_is_loaded_again(loaded: Lab) -> None:
    loaded.declare(title={"fr": "Lieux nommés"})
    assert loaded.load("lieux").status == "published"


def test_nulls_quotes_accents_and_angle_brackets_come_back_as_they_were(lab: Lab) -> None:
    lab.declare()
    names = ["L'Isle-sur-la-Sorgue", "Saint-Rémy-de-Provence", '< 50 logements & "plus" >', "", None, "\\ %s {}"]
    rows = [row(n, nom=name, population=None if n == 4 else n) for n, name in enumerate(names)]
    write(lab.datasets / "lieux.gpkg", rows)
    lab.load("lieux")
    assert [r[1] for r in rows_of(lab)] == names
    assert rows_of(lab)[4][2] is None


def test_a_missing_column_is_named_with_the_nearest_field(loaded: Lab) -> None:
    source = write(loaded.folder / "other.gpkg", [{**{k: v for k, v in row(1).items() if k != "nom"}, "nomm": "x"}])
    with pytest.raises(SourceError, match=r"other\.gpkg: column nom: there is no field 'nom'") as caught:
        loaded.load("lieux", source)
    assert "nomm" in caught.value.remedy
    assert_untouched(loaded)


@pytest.mark.parametrize(
    ("changed", "types", "said"),
    [
        ({"population": "douze"}, {"population": "object"}, "column population: field population is of type text"),
        ({"code": 4001}, {"code": "int64"}, "column code: field code is of type integer, and text is declared"),
    ],
)
def test_a_changed_type_is_refused(loaded: Lab, changed: dict[str, object], types: dict[str, str], said: str) -> None:
    source = write(loaded.folder / "other.gpkg", [row(1, **changed)], types=types)
    with pytest.raises(SourceError, match=said):
        loaded.load("lieux", source)
    assert_untouched(loaded)


def test_a_file_without_crs_is_refused_and_a_declared_crs_helps(loaded: Lab) -> None:
    source = write(loaded.folder / "nocrs.fgb", [row(n) for n in range(10)], crs=None, driver="FlatGeobuf")
    with pytest.raises(SourceError, match="does not say its CRS"):
        loaded.load("lieux", source)
    assert_untouched(loaded)
    loaded.declare(source={**LIEUX["source"], "crs": "EPSG:2154"})
    assert loaded.load("lieux", source).rows == 10


def test_a_local_crs_is_refused(loaded: Lab) -> None:
    local = 'LOCAL_CS["chantier",UNIT["metre",1]]'
    source = write(loaded.folder / "local.gpkg", [row(1)], crs=local)
    with pytest.raises(SourceError, match="CRS"):
        loaded.load("lieux", source)
    assert_untouched(loaded)


def test_a_truncated_zip_is_refused(loaded: Lab) -> None:
    whole = loaded.folder / "whole.zip"
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(loaded.datasets / "lieux.gpkg", "lieux.gpkg")
    cut = loaded.folder / "cut.zip"
    cut.write_bytes(whole.read_bytes()[:-500])
    with pytest.raises(SourceError, match=r"cut\.zip: not a whole zip"):
        loaded.load("lieux", cut)
    assert loaded.load("lieux", whole, force=True).rows == 10


def test_an_empty_file_and_an_empty_layer_are_refused(loaded: Lab) -> None:
    empty = loaded.folder / "empty.gpkg"
    empty.touch()
    with pytest.raises(SourceError, match="empty"):
        loaded.load("lieux", empty)
    no_rows = loaded.folder / "none.geojson"
    no_rows.write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(TerritoireError):
        loaded.load("lieux", no_rows)
    assert_untouched(loaded)


def test_a_truncated_geopackage_and_a_text_that_is_no_data_are_refused(loaded: Lab) -> None:
    cut = loaded.folder / "cut.gpkg"
    cut.write_bytes((loaded.datasets / "lieux.gpkg").read_bytes()[:5000])
    text = loaded.folder / "notes.geojson"
    text.write_text("bonjour")
    for source in (cut, text, loaded.folder / "absent.gpkg"):
        with pytest.raises(SourceError, match=source.name):
            loaded.load("lieux", source)
    assert_untouched(loaded)


def test_a_layer_that_is_not_there_is_refused_with_those_that_are(loaded: Lab) -> None:
    source = write(loaded.folder / "two.gpkg", [row(1)], layer="a")
    pyogrio.raw.write(
        str(source),
        geometry=shapely.to_wkb([shapely.Point(1, 2)]),
        field_data=[],
        fields=[],
        crs="EPSG:2154",
        geometry_type="Point",
        driver="GPKG",
        layer="b",
        append=True,
    )
    loaded.declare(source={**LIEUX["source"], "layer": "lieux"})
    with pytest.raises(SourceError, match="no layer 'lieux'") as caught:
        loaded.load("lieux", source)
    assert "a, b" in caught.value.remedy
    # a file given by --source may call its one layer otherwise; a declared one may not
    loaded.declare(source={**LIEUX["source"], "layer": "lieu"})
    with pytest.raises(SourceError, match="no layer 'lieu'"):
        loaded.load("lieux")
    assert_untouched(loaded)


@pytest.mark.parametrize(
    ("changed", "column", "reason"),
    [
        ({"geom": shapely.Point(100_000, 6_000_000)}, "geometry", "outside of the territory"),
        ({"geom": shapely.LineString([(900_000, 6_300_000), (900_100, 6_300_000)])}, "geometry", "LINESTRING"),
        ({"geom": shapely.MultiPoint([(900_000, 6_300_000), (900_100, 6_300_000)])}, "geometry", "several parts"),
        ({"code": "L000000"}, "code", "stands twice"),
        ({"code": None}, "code", "is empty"),
        ({"taux": float("inf")}, "taux", "not a finite number"),
        ({"population": 2**40}, "population", "outside of the range"),
    ],
)
def test_a_bad_row_is_named_with_feature_column_and_remedy(
    loaded: Lab, changed: dict[str, object], column: str, reason: str
) -> None:
    rows = [row(n) for n in range(10)]
    rows[6] = row(6, **changed)
    source = write(loaded.folder / "bad.gpkg", rows)
    with pytest.raises(LoadError, match="1 rows were rejected") as caught:
        loaded.load("lieux", source)
    assert f"feature 7, {column}" in caught.value.message
    [(feature, where, why, remedy)] = rejects_of(loaded)
    assert (feature, where) == (7, column)
    assert reason in why
    assert remedy
    assert_untouched(loaded)


def edit(file: Path, statement: str) -> Path:
    """Change a GeoPackage as a careless tool would, below OGR."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            connection.create_function(name, 1, lambda _: 0)
        connection.execute(statement)
        connection.commit()
    return file


def test_bad_utf8_is_named(loaded: Lab) -> None:
    source = write(loaded.folder / "bad.gpkg", [row(n) for n in range(10)])
    edit(source, "update lieux set nom = cast(x'53c3a9ff' as text) where code = 'L000003'")
    with pytest.raises(LoadError, match="feature 4, nom: not valid UTF-8"):
        loaded.load("lieux", source)
    [(feature, column, _, remedy)] = rejects_of(loaded)
    assert (feature, column) == (4, "nom")
    assert "UTF-8" in remedy
    assert_untouched(loaded)


def test_a_nul_in_a_text_is_refused_where_gdal_would_cut_the_text(loaded: Lab) -> None:
    source = write(loaded.folder / "nul.gpkg", [row(n) for n in range(10)])
    edit(source, "update lieux set nom = cast(x'6e00' as text) || 'ici' where code = 'L000003'")
    with pytest.raises(SourceError, match=r"nul\.gpkg: feature 4, nom: holds a NUL"):
        loaded.load("lieux", source)
    text = write(loaded.folder / "nul.geojson", [row(n) for n in range(10)], driver="GeoJSON")
    lines = text.read_text().replace("Lieu 3", "Lieu\\u00003")
    text.write_text(lines)
    with pytest.raises(SourceError, match=r"nul\.geojson: line \d+ holds a NUL"):
        loaded.load("lieux", text)
    shape = write(loaded.folder / "nul.shp", [row(n) for n in range(10)], driver="ESRI Shapefile", layer="nul")
    table = shape.with_suffix(".dbf")
    table.write_bytes(table.read_bytes().replace(b"Lieu 3 ", b"Lieu\x003 "))
    with pytest.raises(SourceError, match=r"nul\.shp: feature 4, nom: holds a NUL"):
        loaded.load("lieux", shape)
    assert_untouched(loaded)


def test_rejects_within_the_declared_tolerance_are_kept_and_the_rest_is_published(lab: Lab) -> None:
    lab.declare(load={"max_rejects": 2})
    rows = [row(n) for n in range(10)]
    rows[3] = row(3, geom=shapely.Point(100_000, 6_000_000))
    rows[5] = row(5, code="L000001")
    write(lab.datasets / "lieux.gpkg", rows)
    outcome = lab.load("lieux")
    assert (outcome.rows, outcome.rejected) == (8, 2)
    assert [feature for feature, *_ in rejects_of(lab)] == [4, 6]


def test_an_invalid_polygon_is_repaired_and_counted(lab: Lab) -> None:
    lab.declare(geometry={"type": "MultiPolygon", "srid": 2154})
    bow_tie = shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100), (0, 0)])
    moved = shapely.transform(bow_tie, lambda points: points + np.array([900_000, 6_300_000]))
    square = shapely.box(900_200, 6_300_000, 900_300, 6_300_100)
    write(lab.datasets / "lieux.gpkg", [row(1, geom=moved), row(2, geom=square)])
    outcome = lab.load("lieux")
    assert (outcome.rows, outcome.repaired) == (2, 1)
    assert rows_of(lab, "public.geometrytype(geom), public.st_isvalid(geom), round(public.st_area(geom))") == [
        ("MULTIPOLYGON", True, 5000.0),
        ("MULTIPOLYGON", True, 10000.0),
    ]


def test_null_geometries_are_kept(lab: Lab) -> None:
    lab.declare()
    write(lab.datasets / "lieux.gpkg", [row(1, geom=None), row(2)])
    lab.load("lieux")
    assert rows_of(lab, "geom is null, geom_3857 is null") == [(True, True), (False, False)]


@pytest.mark.parametrize(
    ("driver", "name"), [("GeoJSON", "x.geojson"), ("FlatGeobuf", "x.fgb"), ("ESRI Shapefile", "x.shp")]
)
def test_other_formats_and_another_crs_give_the_same_rows(loaded: Lab, driver: str, name: str) -> None:
    before = rows_of(loaded)
    geometries = rows_of(loaded, "public.st_asbinary(geom)")
    degrees = [dict(zip(("x", "y"), xy, strict=True)) for xy in _in_degrees([row(n)["geom"] for n in range(10)])]
    rows = [row(n, geom=shapely.Point(p["x"], p["y"])) for n, p in enumerate(degrees)]
    source = write(loaded.folder / name, rows, crs="EPSG:4326", driver=driver, layer=Path(name).stem)
    assert loaded.load("lieux", source).rows == 10
    assert rows_of(loaded) == before
    for (old,), (new,) in zip(geometries, rows_of(loaded, "public.st_asbinary(geom)"), strict=True):
        assert shapely.from_wkb(bytes(old)).distance(shapely.from_wkb(bytes(new))) < 0.1


def _in_degrees(points: list[shapely.Point]) -> list[tuple[float, float]]:
    transformer = Transformer.from_crs(2154, 4326, always_xy=True)
    return [transformer.transform(point.x, point.y) for point in points]


def test_a_drop_of_rows_beyond_the_declared_share_fails_the_check(loaded: Lab) -> None:
    source = write(loaded.folder / "few.gpkg", [row(n) for n in range(3)])
    with pytest.raises(CheckError, match="max_drop: expected at least 5 rows"):
        loaded.load("lieux", source)
    assert_untouched(loaded)


def test_several_files_feed_one_dataset(loaded: Lab) -> None:
    one = write(loaded.folder / "a.gpkg", [row(n) for n in range(10)])
    two = write(loaded.folder / "b.gpkg", [row(n) for n in range(10, 25)])
    assert loaded.load("lieux", one, two).rows == 25


def test_a_full_disk_is_found_before_the_first_byte(loaded: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    with pytest.raises(SourceError, match="MB are free"):
        loaded.load("lieux", force=True)
    assert_untouched(loaded)
