"""Rasters from the Géoplateforme: heights and images of the WMS, images of the WMTS, against the stand-in."""

from __future__ import annotations

import itertools
import shutil
import urllib.request
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
import rasterio
from geoplateforme import relief as made_up
from geoplateforme.standin import Geoplateforme
from lab import Lab
from loopback import Reply, loopback
from rasters import declare, description, file_of, run

from etl.raster import blocks
from territoire.core.errors import SourceError, TerritoireError, UpstreamError
from territoire.core.settings import Settings
from territoire.geoplateforme.transport import Transport

#: A small territory near Digne, so that tests are quick.
_TERRITORY = """
title: {fr: Essai, en: Test}
preposition: {fr: de l'essai, en: of the test}
bbox_crs84: [6.0, 44.0, 6.2, 44.1]
"""
_HEIGHTS = {"kind": "wms", "layer": "ELEVATION.ELEVATIONGRIDCOVERAGE.HIGHRES"}
_PHOTO = {"kind": "wmts", "layer": "ORTHOIMAGERY.ORTHOPHOTOS"}

Opening = Callable[[], Transport]


@pytest.fixture
def small(lab: Lab) -> Lab:
    """A laboratory of a small territory."""
    (lab.datasets / "_vocabulary" / "territory.yml").write_text(_TERRITORY, encoding="utf-8")
    return lab


@pytest.fixture
def opening(lab: Lab, geoplateforme: Geoplateforme, monkeypatch: pytest.MonkeyPatch) -> Opening:
    """What opens the way to the stand-in."""
    for name, value in geoplateforme.env.items():
        monkeypatch.setenv(name, value)
    settings = Settings(var=lab.folder / "var")
    return lambda: Transport(settings, patience_s=10)


def centres(lab: Lab) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the published pixels, and where the middle of each lies."""
    with rasterio.open(file_of(lab)) as opened:
        pixels, place = opened.read(), opened.transform
    columns, rows = np.meshgrid(np.arange(pixels.shape[2]) + 0.5, np.arange(pixels.shape[1]) + 0.5)
    return pixels, place.c + columns * place.a, place.f + rows * place.e


def between_cells(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return what the stand-in answers: its relief has cells of 250 m, and between their middles it is bilinear."""
    west, south = np.floor((x - 125) / 250) * 250 + 125, np.floor((y - 125) / 250) * 250 + 125
    right, up = (x - west) / 250, (y - south) / 250
    corners = [made_up.elevation_m(west + dx, south + dy) for dx, dy in ((0, 0), (250, 0), (0, 250), (250, 250))]
    low, high = corners[0] * (1 - right) + corners[1] * right, corners[2] * (1 - right) + corners[3] * right
    return low * (1 - up) + high * up


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Return the correlation of two pictures, without their edges."""
    return float(np.corrcoef(one[3:-3, 3:-3].ravel(), other[3:-3, 3:-3].ravel())[0, 1])


def maps_asked(geoplateforme: Geoplateforme) -> list[str]:
    return [seen.url for seen in geoplateforme.requests if "GetMap" in seen.url]


def test_heights_of_the_wms_are_where_they_belong(small: Lab, opening: Opening, geoplateforme: Geoplateforme) -> None:
    declare(small, source=_HEIGHTS, raster={"resolution": 50})
    assert run(small, transport=opening).status == "published"
    pixels, x, y = centres(small)
    assert pixels.dtype == np.float32
    assert np.abs(pixels[0] - between_cells(x, y)).max() < 0.01
    said = description(small)
    assert (said["source"], said["nodata"]) == ("wms:ELEVATION.ELEVATIONGRIDCOVERAGE.HIGHRES", -99999)
    assert said["extent_crs84"][0] <= 6.0
    assert said["extent_crs84"][3] >= 44.1


def test_a_run_that_the_service_stops_goes_on_from_the_blocks_that_are_done(
    small: Lab, opening: Opening, geoplateforme: Geoplateforme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "SIDE", 128)
    declare(small, source=_HEIGHTS, raster={"resolution": 50})
    real, made = blocks._write, itertools.count(1)

    def stopping(*given: object) -> None:
        if next(made) == 4:
            raise UpstreamError("wms: away")
        real(*given)

    monkeypatch.setattr(blocks, "_write", stopping)
    with pytest.raises(TerritoireError, match="away"):
        run(small, transport=opening)
    first = set(maps_asked(geoplateforme))
    geoplateforme.reset()
    monkeypatch.setattr(blocks, "_write", real)
    assert run(small, transport=opening).status == "published"
    again = maps_asked(geoplateforme)
    assert again
    # of the three blocks that were written nothing is asked twice
    assert len(first & set(again)) <= 1
    pixels, x, y = centres(small)
    assert np.abs(pixels[0] - between_cells(x, y)).max() < 0.01


def test_another_edition_at_the_service_is_noticed(
    small: Lab, geoplateforme: Geoplateforme, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in behind a server that raises the east of the territory: its name, its capabilities stay the same."""
    raised_m = 0.0

    def relay(path: str) -> Reply:
        with urllib.request.urlopen(wms + path[path.index("?") :], timeout=30) as answer:
            body, media = answer.read(), answer.headers["Content-Type"]
        asked = dict(parse_qsl(urlsplit(path).query))
        if asked.get("REQUEST") == "GetMap":
            west, _, east, _ = map(float, asked["BBOX"].split(","))
            x = west + (np.arange(int(asked["WIDTH"])) + 0.5) * (east - west) / int(asked["WIDTH"])
            values = np.frombuffer(body, "<f4").reshape(int(asked["HEIGHT"]), -1)
            body = (values + np.float32(raised_m) * (x > 951_500)).astype("<f4").tobytes()
        return Reply(body, headers={"Content-Type": media})

    wms = geoplateforme.env["TERRITOIRE_GEOPLATEFORME_WMS_URL"]
    with loopback() as front:
        front.answer = relay
        monkeypatch.setenv("TERRITOIRE_GEOPLATEFORME_WMS_URL", front.url)
        settings = Settings(var=small.folder / "var")

        def later() -> Transport:
            # a kept answer stands for what was shown, as long as it is fresh
            shutil.rmtree(settings.var / "geoplateforme" / "cache", ignore_errors=True)
            return Transport(settings, patience_s=10)

        declare(small, source=_HEIGHTS, raster={"resolution": 50})
        assert run(small, transport=later).status == "published"
        before = len(front.seen)
        assert run(small, transport=later).status == "unchanged"
        looked = [path for _, _, path, _ in front.seen[before:] if "GetMap" in path]
        assert len(looked) == 64
        raised_m = 7.0
        outcome = run(small, transport=later)
        assert (outcome.status, outcome.generation) == ("published", 2)
        pixels, x, y = centres(small)
        raised = np.abs(pixels[0] - between_cells(x, y)) > 6
        assert 0.02 < raised.mean() < 0.5
        assert (raised == (x > 951_500)).all()


@pytest.mark.parametrize("source", [_PHOTO, {**_PHOTO, "kind": "wms"}])
def test_images_are_where_they_belong(small: Lab, opening: Opening, source: dict[str, str]) -> None:
    declare(small, source=source, raster={"resolution": 100, "colours": "image", "unit": None})
    run(small, transport=opening)
    pixels, x, y = centres(small)
    assert pixels.shape[0] == 4
    assert (pixels[3] == 255).mean() > 0.99
    column, row = np.floor((x - 780_000) / 100), np.floor((6_480_000 - y) / 100)
    expected = np.clip(70 + made_up.elevation_m(x, y) / 16 + (row + column) % 7 * 6, 0, 255)
    # the grain of the stand-in's photographs tells where they lie: a pixel further it is another one
    fits = [likeness(pixels[0], np.roll(expected, shift, axis=1)) for shift in (0, 1, 2)]
    assert fits[0] > 0.85, fits
    assert fits[0] > fits[1] + 0.1 > fits[2] + 0.1, fits


@pytest.mark.parametrize(
    ("source", "raster", "said"),
    [
        ({**_HEIGHTS, "layer": "NOTHING.HERE"}, {"resolution": 50}, "NOTHING.HERE"),
        (_HEIGHTS, {}, "pixels of any size"),
        (_HEIGHTS, {"resolution": 50, "srid": 27700}, "not offered in EPSG:27700"),
        (_HEIGHTS, {"resolution": 0.001}, "more than 5e"),
        (_PHOTO, {"resolution": 50}, "images only"),
    ],
)
def test_what_cannot_be_asked_is_told(
    small: Lab, opening: Opening, source: dict[str, str], raster: dict[str, object], said: str
) -> None:
    declare(small, source=source, raster=raster)
    with pytest.raises((SourceError, UpstreamError), match=said):
        run(small, transport=opening)


def test_a_page_in_place_of_heights_is_no_height(small: Lab, opening: Opening, geoplateforme: Geoplateforme) -> None:
    geoplateforme.vice("html", True)
    declare(small, source=_HEIGHTS, raster={"resolution": 50})
    with pytest.raises(UpstreamError):
        run(small, transport=opening)
