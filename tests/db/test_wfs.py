"""Whole feature types of the WFS: nothing is lost or doubled, whatever the source does and whenever a run is killed."""

from __future__ import annotations

import itertools
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

from etl import extract, wfs_walk
from etl.report import Report, Silent
from territoire.core.errors import SourceError, TerritoireError
from territoire.core.models import Dataset
from territoire.core.settings import Settings
from territoire.geoplateforme import live_wfs
from territoire.geoplateforme.transport import Transport

COUNT = 6_200
FORESTS: dict[str, Any] = {
    "id": "forets",
    "title": {"fr": "Forêts", "en": "Forests"},
    "abstract": {"fr": "Pour les essais.", "en": "For tests."},
    "theme": "administratif",
    "producer": "ign",
    "licence": "licence-ouverte-2.0",
    "source": {"kind": "wfs", "typename": "LANDCOVER.FORESTINVENTORY.V2:formation_vegetale"},
    "key": "identifiant",
    "columns": [
        {"name": "identifiant", "from": "id", "type": "text", "title": {"fr": "Identifiant"}, "nullable": False},
        {"name": "essence", "type": "text", "title": {"fr": "Essence"}},
    ],
    "geometry": {"type": "MultiPolygon", "srid": 2154},
    "checks": {"within": "territory"},
}
ZONES: dict[str, Any] = {
    **FORESTS,
    "source": {"kind": "wfs", "typename": "wfs_du:zone_urba"},
    "key": "gid",
    "columns": [
        {"name": "gid", "type": "integer", "title": {"fr": "Numéro"}, "nullable": False},
        {"name": "insee", "type": "text", "title": {"fr": "Code Insee"}},
        {"name": "destdomi", "type": "text", "title": {"fr": "Destination"}},
        {"name": "gpu_timestamp", "type": "timestamp", "title": {"fr": "Instant"}},
    ],
}
BUILDINGS: dict[str, Any] = {
    **FORESTS,
    "id": "batiments",
    "source": {"kind": "wfs", "typename": "BDTOPO_V3:batiment"},
    "key": "cleabs",
    "columns": [
        {"name": "cleabs", "type": "text", "title": {"fr": "Identifiant"}, "nullable": False},
        {"name": "nature", "type": "text", "title": {"fr": "Nature"}},
        {"name": "nombre_de_logements", "type": "integer", "title": {"fr": "Logements"}},
        {"name": "hauteur", "type": "number", "title": {"fr": "Hauteur"}},
    ],
}


def land(
    url: str, folder: Path, declared: Mapping[str, Any] = FORESTS, *, report: Report | None = None, **source: Any
) -> extract.Landed:
    dataset = Dataset.model_validate({**declared, "source": {**declared["source"], **source}})
    [landed] = extract.extract(
        dataset,
        folder=folder / "landing" / dataset.id / "1",
        relative_to=folder,
        override=[],
        access=lambda: Transport(Settings(var=folder, geoplateforme_wfs_url=url), patience_s=60),
        report=report or Silent(),
    )
    return landed


def keys(landed: extract.Landed, field: str = "id") -> list[str]:
    return sorted(pyogrio.raw.read(landed.opens, columns=[field], read_geometry=False)[3][0])


def posts(standin: Geoplateforme) -> int:
    return sum(seen.method == "POST" for seen in standin.requests)


@pytest.fixture
def url(geoplateforme: Geoplateforme) -> str:
    return geoplateforme.env["TERRITOIRE_GEOPLATEFORME_WFS_URL"]


def test_a_whole_feature_type_is_published_and_then_there_is_nothing_to_do(
    lab: Lab, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERRITOIRE_GEOPLATEFORME_WFS_URL", url)
    monkeypatch.setenv("TERRITOIRE_VAR", str(lab.folder / "var"))
    lab.declare(FORESTS)
    assert lab.load("forets").rows == COUNT
    assert lab.load("forets").status == "unchanged"
    assert not (lab.folder / "var" / "landing" / "_pages" / "forets-0").exists()


def test_neither_the_cut_of_the_pages_nor_a_busy_service_changes_what_is_landed(
    url: str, geoplateforme: Geoplateforme, tmp_path: Path
) -> None:
    whole = land(url, tmp_path)
    found = keys(whole)
    assert posts(geoplateforme) == 6  # the count and the cut, twice, and two pages
    for vice, value in {"truncation": 900, "no_key": True, "busy": 2}.items():
        geoplateforme.vice(vice, value)
    again = land(url, tmp_path)
    assert (again.sha256, keys(again)) == (whole.sha256, found)
    assert len(set(found)) == len(found) == COUNT


def test_a_filter_holds_on_every_page(url: str, geoplateforme: Geoplateforme, tmp_path: Path) -> None:
    geoplateforme.vice("truncation", 50)
    wanted = "id < 'FORMVEGE0000000000000200' OR id = 'FORMVEGE0000000000000300'"
    assert len(keys(land(url, tmp_path, filter=wanted))) == 201


def test_a_filter_need_not_know_what_the_producer_calls_the_geometry(url: str, tmp_path: Path) -> None:
    box = "BBOX({}, 5.3, 43.2, 5.5, 43.4, 'EPSG:4326')"
    by_its_name = keys(land(url, tmp_path / "name", filter=box.format("the_geom")))
    assert 0 < len(by_its_name) < COUNT
    assert keys(land(url, tmp_path / "word", filter=box.format("{geometry}"))) == by_its_name
    links = {**FORESTS, "columns": [{**FORESTS["columns"][0], "from": "id_lien"}], "geometry": None, "checks": {}}
    with pytest.raises(SourceError, match="has no geometry"):
        land(url, tmp_path, links, typename="BAN-PLUS:lien_adresse_parcelle", filter=box.format("{geometry}"))


def test_codes_columns_without_values_and_coordinates_are_what_the_source_says(url: str, tmp_path: Path) -> None:
    landed = land(url, tmp_path, ZONES)
    info = pyogrio.read_info(landed.opens, force_total_bounds=True)
    assert list(info["ogr_types"]) == ["OFTInteger", "OFTString", "OFTString", "OFTDateTime"]
    assert any(code.startswith("04") for code in keys(landed, "insee"))
    west, south, east, north = info["total_bounds"]
    assert 750_000 < west < east < 1_100_000
    assert 6_150_000 < south < north < 6_500_000


@pytest.mark.parametrize("vice", ["html", "exception", "cut", "down"])
def test_a_service_that_gives_no_features_is_named_at_once(
    vice: str, url: str, geoplateforme: Geoplateforme, tmp_path: Path
) -> None:
    geoplateforme.vice(vice, "refused" if vice == "down" else True)
    began = time.monotonic()
    with pytest.raises(TerritoireError, match="wfs"):
        land(url, tmp_path)
    assert time.monotonic() - began < 10


def test_an_answer_cut_in_mid_body_is_asked_again(url: str, geoplateforme: Geoplateforme, tmp_path: Path) -> None:
    land(url, tmp_path)  # from here on the descriptions are in the cache
    geoplateforme.vice("cut", times=2)
    assert len(keys(land(url, tmp_path))) == COUNT


def test_exchanged_axes_are_refused(url: str, geoplateforme: Geoplateforme, tmp_path: Path) -> None:
    geoplateforme.vice("axis")
    with pytest.raises(SourceError, match="y before x"):
        land(url, tmp_path)


def test_a_key_that_is_twice_there_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="essence is not unique"):
        land(url, tmp_path, {**FORESTS, "key": "essence"})


def test_a_small_feature_type_is_not_cut_and_its_key_is_looked_at_as_well(
    url: str, geoplateforme: Geoplateforme, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match="essence is empty or twice"):
        land(url, tmp_path, {**FORESTS, "key": "essence"}, filter="id < 'FORMVEGE0000000000001000'")
    assert posts(geoplateforme) == 2  # the count and a page


def test_a_count_that_changes_is_refused_after_a_second_walk(
    url: str, geoplateforme: Geoplateforme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wfs_walk, "_count", lambda *_: COUNT + 1)
    with pytest.raises(SourceError, match=r"changing|changed during the download"):
        land(url, tmp_path)
    assert posts(geoplateforme) == 2


def test_a_key_that_moves_after_its_page_has_come_is_noticed(
    url: str, geoplateforme: Geoplateforme, tmp_path: Path
) -> None:
    flips = itertools.cycle([True, False])

    class Editing(Silent):
        def progress(self, done: int, total: int | None) -> None:
            if done == total:
                geoplateforme.vice("edited", next(flips))

    with pytest.raises(SourceError, match="its keys moved during the download"):
        land(url, tmp_path, report=Editing())
    assert posts(geoplateforme) == 12  # two whole walks, of which the second was disturbed as well


def test_a_full_disk_is_said_after_the_first_page(
    url: str, geoplateforme: Geoplateforme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=64 * 2**20))
    with pytest.raises(SourceError, match="MB are free"):
        land(url, tmp_path)
    assert posts(geoplateforme) == 3  # the count, the cut and one page


def test_pages_are_asked_side_by_side(url: str, geoplateforme: Geoplateforme, tmp_path: Path) -> None:
    geoplateforme.vice("slow", 1.0, service="wfs")
    assert len(keys(land(url, tmp_path, BUILDINGS, filter="cleabs < 'BATIMENT0000000240260000'"), "cleabs")) == 20_000
    asked = [seen.time for seen in geoplateforme.requests if seen.method == "POST"]
    # the count, three cuts, the first page alone; then the other three, each of which is answered after a second
    assert len(asked) == 12
    assert asked[7] - asked[5] < 1


def test_more_stretches_than_threads_give_the_same(
    url: str, geoplateforme: Geoplateforme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = land(url, tmp_path)
    geoplateforme.reset()
    monkeypatch.setattr(live_wfs, "MOST", 200)
    monkeypatch.setattr(wfs_walk, "_STRETCH", 300)
    again = land(url, tmp_path)
    assert (again.sha256, keys(again)) == (whole.sha256, keys(whole))
    # twice the count and twenty cuts; in each of 21 stretches of 296, the last of 280, two pages
    assert posts(geoplateforme) == 2 * 21 + 2 * 21


def started(url: str, folder: Path, declared: str = "FORESTS") -> subprocess.Popen[bytes]:
    """Start a download in a process of its own; `declared` is a Python expression."""
    paths = [str(ROOT / "tests" / "support"), str(Path(__file__).parent)]
    code = f"import sys; sys.path[:0] = {paths}\nimport pathlib\nfrom test_wfs import *\n"
    code += f"land({url!r}, pathlib.Path({str(folder)!r}), {declared})"
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)


def test_four_workers_that_download_at_once_stay_within_the_quota(
    url: str, geoplateforme: Geoplateforme, tmp_path: Path
) -> None:
    geoplateforme.vice("quota")  # one request too many, and it says 429
    geoplateforme.vice("truncation", 400)
    workers = [started(url, tmp_path, f"{{**FORESTS, 'id': 'forets_{n}'}}") for n in range(4)]
    assert [worker.wait(120) for worker in workers] == [0] * 4
    seen = geoplateforme.requests
    assert sum(one.method == "POST" for one in seen) == 4 * (4 + 16)
    assert {one.status for one in seen} == {200}
    times = sorted(one.time for one in seen if one.service == "wfs")
    most = max(sum(0 <= later - time < 1 for later in times) for time in times)
    assert 20 < most <= 30


def killed(url: str, folder: Path, *, pages: int, declared: str = "FORESTS") -> int:
    """Kill -9 a download that has so many pages; return how many lie there then."""
    process = started(url, folder, declared)
    kept = folder / "landing" / "_pages"
    end = time.monotonic() + 60
    while len(list(kept.glob("*/*.arrow"))) < pages and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return len(list(kept.glob("*/*.arrow")))


def test_a_download_killed_twice_goes_on_with_the_missing_pages(
    url: str, geoplateforme: Geoplateforme, tmp_path: Path
) -> None:
    whole = land(url, tmp_path / "whole")
    geoplateforme.vice("truncation", 500)
    geoplateforme.vice("slow", 0.2)
    first = killed(url, tmp_path / "killed", pages=4)
    there = killed(url, tmp_path / "killed", pages=8)
    assert 4 <= first < 8 <= there < 14
    geoplateforme.reset()
    geoplateforme.vice("truncation", 500)
    resumed = land(url, tmp_path / "killed")
    assert posts(geoplateforme) == 4 + 14 - there
    assert (resumed.sha256, keys(resumed)) == (whole.sha256, keys(whole))


def test_an_edit_between_kill_and_resume_is_noticed_though_the_count_stays(
    url: str, geoplateforme: Geoplateforme, tmp_path: Path
) -> None:
    geoplateforme.vice("truncation", 500)
    geoplateforme.vice("slow", 0.2)
    assert killed(url, tmp_path, pages=5) < 14
    geoplateforme.reset()
    geoplateforme.vice("truncation", 500)
    geoplateforme.vice("edited")
    resumed = keys(land(url, tmp_path))
    assert posts(geoplateforme) == 4 + 14, "no page of before was kept"
    assert (len(set(resumed)), resumed[-1]) == (COUNT, "ÉDITÉ")
