"""A record of the catalogue as a source: its one file is fetched, and only from the services of the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from geoplateforme.standin import Geoplateforme
from lab import Lab

from etl import extract
from etl.report import Report, Silent
from territoire.core.errors import NotFoundError, SourceError
from territoire.core.models import Dataset
from territoire.core.settings import Settings
from territoire.geoplateforme.transport import Transport

DEPARTEMENTS: dict[str, Any] = {
    "id": "departements_catalogue",
    "title": {"fr": "Départements", "en": "Departements"},
    "abstract": {"fr": "Pour les essais.", "en": "For tests."},
    "theme": "administratif",
    "producer": "ign",
    "licence": "licence-ouverte-2.0",
    "key": "code_insee",
    "columns": [{"name": "code_insee", "type": "text", "title": {"fr": "Code Insee"}, "nullable": False}],
    "geometry": {"type": "MultiPolygon", "srid": 2154},
}
RECORD = {"kind": "csw", "record": "IGNF_ADMIN-EXPRESS-COG", "layer": "departement"}


def downloads(standin: Geoplateforme) -> list[str]:
    return [seen.url for seen in standin.requests if "/download/" in seen.url]


def test_a_new_edition_with_the_same_rows_is_published_with_its_millesime(
    lab: Lab, geoplateforme: Geoplateforme, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, url in {**geoplateforme.env, "TERRITOIRE_VAR": str(lab.folder / "var")}.items():
        monkeypatch.setenv(name, url)
    dataset = lab.declare(DEPARTEMENTS, source=RECORD)
    assert lab.load(dataset.id, force=True).status == "published"
    with lab.connect() as connection:
        connection.execute("update etl.generations set millesime = '2025-02-10'")
        assert lab.load(dataset.id).status == "published"
        rows = connection.execute("select millesime from etl.generations order by generation").fetchall()
    assert rows[-2:] == [("2025-02-10",), ("2026-02-10",)]
    assert lab.load(dataset.id).status == "unchanged"


class Watched(Silent):
    """Notes how much has come, and ends the run then if it `kills`."""

    def __init__(self, *, kills: bool = False) -> None:
        self.seen: list[int] = []
        self._kills = kills

    def progress(self, done: int, total: int | None) -> None:
        self.seen.append(done)
        if self._kills:
            raise KeyboardInterrupt


def land(
    standin: Geoplateforme, folder: Path, source: dict[str, Any], report: Report | None = None, **elsewhere: str
) -> extract.Landed:
    urls = {name.removeprefix("TERRITOIRE_").lower(): url for name, url in standin.env.items()} | elsewhere
    dataset = Dataset.model_validate({**DEPARTEMENTS, "source": source})
    [landed] = extract.extract(
        dataset,
        folder=folder / "landing" / dataset.id / "1",
        relative_to=folder,
        override=[],
        access=lambda: Transport(Settings(var=folder, **urls), patience_s=10),  # pyright: ignore[reportArgumentType]
        report=report or Silent(),
    )
    return landed


def test_the_file_of_a_record_is_published_with_its_date(
    lab: Lab, geoplateforme: Geoplateforme, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, url in {**geoplateforme.env, "TERRITOIRE_VAR": str(lab.folder / "var")}.items():
        monkeypatch.setenv(name, url)
    dataset = lab.declare(DEPARTEMENTS, source=RECORD)
    assert lab.load(dataset.id).rows == 6
    assert len(downloads(geoplateforme)) == 1
    assert lab.load(dataset.id).status == "unchanged"
    with lab.connect() as connection:
        assert connection.execute("select millesime from etl.generations").fetchone() == ("2026-02-10",)
        assert connection.execute("select url from etl.files limit 1").fetchone() == ("csw:IGNF_ADMIN-EXPRESS-COG",)


def test_a_killed_download_goes_on_where_it_was(geoplateforme: Geoplateforme, tmp_path: Path) -> None:
    whole = land(geoplateforme, tmp_path / "whole", RECORD)
    killed, resumed = Watched(kills=True), Watched()
    with pytest.raises(KeyboardInterrupt):
        land(geoplateforme, tmp_path / "killed", RECORD, killed)
    landed = land(geoplateforme, tmp_path / "killed", RECORD, resumed)
    assert killed.seen[0] < resumed.seen[0]
    assert landed.sha256 == whole.sha256
    assert not any((tmp_path / "killed" / "landing" / "_pages").iterdir())


def test_words_choose_among_links(geoplateforme: Geoplateforme, tmp_path: Path) -> None:
    assert land(geoplateforme, tmp_path, {**RECORD, "link": "download r93"}).opens.endswith("departement.gpkg")
    with pytest.raises(SourceError, match=r"none of its links with these words leads to a file: OGC:WFS http"):
        land(geoplateforme, tmp_path, {**RECORD, "link": "shapefile"})


def test_a_record_without_a_file_says_what_it_has(geoplateforme: Geoplateforme, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"leads to a file: .*/telechargement/resource/BDTOPO") as caught:
        land(geoplateforme, tmp_path, {"kind": "csw", "record": "IGNF_BD-TOPO"})
    assert "kind: atom" in caught.value.remedy


def test_a_record_in_the_newer_standard_alone_is_read(geoplateforme: Geoplateforme, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none of its links leads to a file: OGC:WFS"):
        land(geoplateforme, tmp_path, {"kind": "csw", "record": "IGNF_RPG"})


def test_a_record_that_is_not_there_is_said(geoplateforme: Geoplateforme, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no record 'IGNF_BD-TOPONYMES'"):
        land(geoplateforme, tmp_path, {"kind": "csw", "record": "IGNF_BD-TOPONYMES"})


def test_a_link_to_elsewhere_is_not_followed(geoplateforme: Geoplateforme, tmp_path: Path) -> None:
    elsewhere = geoplateforme.canary.replace("/canary", "/telechargement")
    with pytest.raises(SourceError, match=r"none of the services of the settings") as caught:
        land(geoplateforme, tmp_path, RECORD, geoplateforme_atom_url=elsewhere)
    assert geoplateforme.base in caught.value.message
    assert "kind: http" in caught.value.remedy
    assert not downloads(geoplateforme)
