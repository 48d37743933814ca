"""Editions of the download service: the newest is found, checked, taken out safely, and not fetched twice."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyogrio
import pytest
from geoplateforme.standin import Geoplateforme
from lab import ROOT, Lab

from etl import extract
from etl.report import Silent
from territoire.core.errors import NotFoundError, SourceError, TerritoireError
from territoire.core.models import Dataset
from territoire.core.settings import Settings
from territoire.geoplateforme.transport import Transport

#: The region's departements, in the newest GeoPackage.
NEWEST = "ADMIN-EXPRESS-COG_4-0__GPKG_LAMB93_R93_2026-01-01"
DEPARTEMENTS: dict[str, Any] = {
    "id": "departements_telecharges",
    "title": {"fr": "Départements", "en": "Departements"},
    "abstract": {"fr": "Pour les essais.", "en": "For tests."},
    "theme": "administratif",
    "producer": "ign",
    "licence": "licence-ouverte-2.0",
    "source": {
        "kind": "atom",
        "resource": "ADMIN-EXPRESS-COG",
        "format": "GPKG",
        "zone": "R93",
        "crs": "LAMB93",
        "layer": "departement",
    },
    "key": "code_insee",
    "columns": [
        {"name": "code_insee", "type": "text", "title": {"fr": "Code Insee"}, "nullable": False},
        {"name": "nom", "from": "nom_officiel", "type": "text", "title": {"fr": "Nom"}},
    ],
    "geometry": {"type": "MultiPolygon", "srid": 2154},
}


def declared(changed: Mapping[str, Any] | None = None) -> Dataset:
    return Dataset.model_validate({**DEPARTEMENTS, "source": {**DEPARTEMENTS["source"], **(changed or {})}})


def land(url: str, folder: Path, dataset: Dataset | None = None) -> extract.Landed:
    dataset = dataset or declared()
    [landed] = extract.extract(
        dataset,
        folder=folder / "landing" / dataset.id / "1",
        relative_to=folder,
        override=[],
        access=lambda: Transport(Settings(var=folder, geoplateforme_atom_url=url), patience_s=60),
        report=Silent(),
    )
    return landed


def downloads(standin: Geoplateforme) -> list[str]:
    return [seen.url for seen in standin.requests if "/download/" in seen.url and not seen.url.endswith(".md5")]


@pytest.fixture
def url(geoplateforme: Geoplateforme) -> str:
    return geoplateforme.env["TERRITOIRE_GEOPLATEFORME_ATOM_URL"]


def test_the_newest_edition_is_published_with_its_date_and_not_fetched_again(
    lab: Lab, url: str, geoplateforme: Geoplateforme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERRITOIRE_GEOPLATEFORME_ATOM_URL", url)
    monkeypatch.setenv("TERRITOIRE_VAR", str(lab.folder / "var"))
    lab.declare(DEPARTEMENTS)
    assert lab.load("departements_telecharges").rows == 6
    assert [path.rpartition("/")[2] for path in downloads(geoplateforme)] == [f"{NEWEST}.7z"]
    assert lab.load("departements_telecharges").status == "unchanged"
    assert len(downloads(geoplateforme)) == 1
    assert lab.load("departements_telecharges", force=True).status == "published"
    assert len(downloads(geoplateforme)) == 2
    with lab.connect() as connection:
        found = connection.execute("select millesime from etl.generations order by generation desc").fetchone()
        names = connection.execute("select distinct url from etl.files").fetchall()
    assert found == ("2026-01-01",)
    assert names == [(f"atom:ADMIN-EXPRESS-COG:GPKG:R93 {NEWEST}",)]


@pytest.mark.parametrize(
    ("changed", "name", "rows"),
    [
        ({"format": "SHP"}, "departement.shp", 6),  # one shapefile of four, the newest year of seven
        ({"zone": "FRA", "crs": "WGS84G"}, "departement.gpkg", 6),  # two volumes, their checksums in a list
        ({"zone": "FRA", "crs": "EPSG:4326"}, "departement.gpkg", 6),
        ({"layer": "region"}, "region.gpkg", 1),
        (
            {
                "resource": "ADMIN-EXPRESS-COG-PARTIEL",
                "format": "FLATGEOBUF",
                "zone": "FRA",
                "crs": None,
                "layer": "commune",
            },
            "commune.fgb",
            946,
        ),
    ],
)
def test_archives_volumes_and_plain_files_are_read(
    changed: dict[str, Any], name: str, rows: int, url: str, tmp_path: Path
) -> None:
    source = {key: value for key, value in {**DEPARTEMENTS["source"], **changed}.items() if value}
    landed = land(url, tmp_path, Dataset.model_validate({**DEPARTEMENTS, "source": source}))
    assert Path(landed.opens).name == name
    assert pyogrio.read_info(landed.opens, layer=source["layer"])["features"] == rows
    assert not (tmp_path / "landing" / "_pages").exists() or not list((tmp_path / "landing" / "_pages").iterdir())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"resource": "ADMIN-EXPRES"}, "no ADMIN-EXPRES to download"),
        ({"zone": "R94"}, "has no edition in GPKG, zone R94"),
        ({"crs": "RGM04UTM38S"}, "has no edition in GPKG, zone R93, RGM04"),
    ],
)
def test_what_is_not_offered_is_said(changed: dict[str, str], said: str, url: str, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=said):
        land(url, tmp_path, declared(changed))


def test_a_shapefile_that_is_not_named_lists_what_there_is(url: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"must hold one dataset, and holds .*COMMUNE\.shp"):
        land(url, tmp_path, declared({"format": "SHP", "layer": "canton"}))


def test_an_archive_that_differs_from_its_checksum_is_fetched_again_then_refused(
    url: str, geoplateforme: Geoplateforme, tmp_path: Path
) -> None:
    geoplateforme.vice("spoiled", times=1)
    assert pyogrio.read_info(land(url, tmp_path).opens, layer="departement")["features"] == 6
    assert len(downloads(geoplateforme)) == 2
    geoplateforme.vice("spoiled")
    with pytest.raises(SourceError, match="came twice with the checksum"):
        land(url, tmp_path)


def test_an_archive_that_reaches_outside_is_refused(url: str, geoplateforme: Geoplateforme, tmp_path: Path) -> None:
    geoplateforme.vice("traversal", service="atom")
    with pytest.raises(SourceError, match="reaches outside of itself"):
        land(url, tmp_path / "inner")
    assert not list(tmp_path.rglob("evade*"))


def test_a_body_longer_than_announced_is_cut(url: str, geoplateforme: Geoplateforme, tmp_path: Path) -> None:
    land(url, tmp_path / "first")  # the archive is made
    geoplateforme.reset()
    dataset = declared()

    class Endless(Silent):
        def progress(self, done: int, total: int | None) -> None:
            seen.append(done)

    seen: list[int] = []
    with Transport(Settings(var=tmp_path, geoplateforme_atom_url=url), patience_s=5) as transport:
        from etl import atom

        offer = atom.offer(dataset.source[0], transport)  # pyright: ignore[reportArgumentType]
        geoplateforme.vice("endless", 10)
        with pytest.raises(SourceError, match="longer than announced"):
            atom.fetch(dataset.source[0], offer, tmp_path, tmp_path / "kept", transport=transport, report=Endless())  # pyright: ignore[reportArgumentType]
    assert max(seen) <= offer.bytes


def test_a_full_disk_is_said_before_anything_is_fetched(
    url: str, geoplateforme: Geoplateforme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=64 * 2**20))
    with pytest.raises(SourceError, match="MB are free"):
        land(url, tmp_path)
    assert not downloads(geoplateforme)


def test_a_service_that_is_away_is_said_though_its_lists_are_kept(
    url: str, geoplateforme: Geoplateforme, tmp_path: Path
) -> None:
    land(url, tmp_path)
    geoplateforme.vice("down")
    with pytest.raises(TerritoireError, match="atom"):
        land(url, tmp_path)


def test_a_killed_download_does_not_fetch_the_volumes_that_are_there(
    url: str, geoplateforme: Geoplateforme, tmp_path: Path
) -> None:
    changed = {"zone": "FRA", "crs": "WGS84G"}
    geoplateforme.vice("slow", 1.0, service="atom")
    paths = [str(ROOT / "tests" / "support"), str(Path(__file__).parent)]
    code = f"import sys; sys.path[:0] = {paths}\nimport pathlib, test_atom\n"
    code += f"test_atom.land({url!r}, pathlib.Path({str(tmp_path)!r}), test_atom.declared({changed!r}))"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    first = tmp_path / "landing" / "_pages" / "departements_telecharges-0" / "edition.7z.001"
    end = time.monotonic() + 60
    while not first.exists() and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    geoplateforme.reset()
    landed = land(url, tmp_path, declared(changed))
    assert [path[-4:] for path in downloads(geoplateforme)] == [".002"]
    assert pyogrio.read_info(landed.opens, layer="departement")["features"] == 6
