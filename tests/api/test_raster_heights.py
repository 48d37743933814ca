"""An elevation profile where the Géoplateforme is down: from a relief published here, which it names."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from geoplateforme.standin import Geoplateforme
from lab import ROOT, Lab, Server
from pyproj import Geod, Transformer
from rasters import declare, run, write

from territoire.core import registry
from territoire.core.database import Urls
from territoire.core.layers import Raster


def heights(rows: int, columns: int) -> np.ndarray:
    """Return a plane, on which what is between pixels is known exactly: 2 m a pixel east, 3 m a pixel south."""
    y, x = np.mgrid[0:rows, 0:columns]
    return (500 + 2 * x + 3 * y).astype(np.float32)


def profile(server: Server, line: list[list[float]], sampling: int) -> tuple[int, Any]:
    inputs = {"line": {"type": "LineString", "coordinates": line}, "sampling": sampling}
    request = urllib.request.Request(
        f"{server.base}/ogc/processes/elevation-profile/execution",
        orjson.dumps({"inputs": inputs}),
        {"Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, orjson.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, orjson.loads(error.read())


def said(document: Any) -> Any:
    """Return the properties of the profile, whether it is the answer or in one."""
    return document.get("profile", document)["properties"]


def test_our_relief_answers_where_the_source_is_down_and_says_so(
    new_database: Callable[[], Urls], tmp_path: Path, geoplateforme: Geoplateforme
) -> None:
    lab = Lab(new_database(), tmp_path)
    values = heights(300, 400)
    values[200:, :] = -9999
    write(lab.datasets / "relief.tif", values, nodata=-9999)
    declare(lab)
    run(lab)
    to_degrees = Transformer.from_crs(2154, "OGC:CRS84", always_xy=True)
    line = [list(to_degrees.transform(x, y)) for x, y in ((910_000, 6_290_000), (930_000, 6_292_000))]
    with lab.serve(**geoplateforme.env) as server:
        status, document = profile(server, line, 21)
        assert (status, said(document)["source"][:3]) == (200, "IGN")
        geoplateforme.vice("down", "refused")
        status, document = profile(server, [*line[:1], [line[1][0] + 1e-6, line[1][1]]], 21)
        assert (status, said(document)["source"], said(document)["measured"]) == (200, "relief", True)
        samples = said(document)["samples"]
        length = Geod(ellps="GRS80").line_length(*zip(*line, strict=True))
        assert said(document)["length_m"] == pytest.approx(length, abs=1)
        steps = np.diff([sample["distance_m"] for sample in samples])
        assert steps == pytest.approx(np.full(20, length / 20), abs=1)
        for share, sample in zip(np.linspace(0, 1, 21), samples, strict=True):
            place = [one + (two - one) * share for one, two in zip(*line, strict=True)]
            x, y = Transformer.from_crs("OGC:CRS84", 2154, always_xy=True).transform(*place)
            expected = 500 + 2 * ((x - 900_000) / 100 - 0.5) + 3 * ((6_300_000 - y) / 100 - 0.5)
            assert sample["height_m"] == pytest.approx(expected, abs=0.06)
        # where it has nothing either, it is the source that fails
        away = [[-3.0, 48.0], [-2.9, 48.0]]
        assert profile(server, away, 5)[0] in {502, 503, 504}
        # over its hole heights are unknown, beside it they are not
        south = [list(to_degrees.transform(920_000.0, y)) for y in (6_285_000, 6_275_000)]
        unknown = [sample["height_m"] is None for sample in said(profile(server, south, 11)[1])["samples"]]
        assert unknown == [False] * 5 + [unknown[5]] + [True] * 5


def test_made_up_heights_come_last_and_are_said_to_be_made_up(
    new_database: Callable[[], Urls], tmp_path: Path, geoplateforme: Geoplateforme
) -> None:
    lab = Lab(new_database(), tmp_path)
    write(lab.datasets / "relief.tif", heights(300, 400))
    declare(lab, raster={"measured": False})
    run(lab)
    to_degrees = Transformer.from_crs(2154, "OGC:CRS84", always_xy=True)
    line = [list(to_degrees.transform(x, y)) for x, y in ((910_000, 6_290_000), (920_000, 6_291_000))]
    with lab.serve(**geoplateforme.env) as server:
        assert said(profile(server, line, 5)[1])["measured"]
        geoplateforme.vice("down", "refused")
        status, document = profile(server, line, 6)  # no answer of before can stand in
        assert (status, said(document)["source"], said(document)["measured"]) == (200, "relief", False)


def test_the_relief_of_the_demo_is_declared_as_made_up() -> None:
    found = registry.load(ROOT / "datasets").find("relief_fictif")
    assert isinstance(found, Raster)
    assert not found.raster.measured
