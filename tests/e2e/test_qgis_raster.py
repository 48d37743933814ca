"""QGIS opens a raster: its tiles by the layer definition, its values as a remote file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import qgis as qgis_runner
from lab import Lab
from PIL import Image
from rasters import declare, heights, run, write

pytestmark = pytest.mark.e2e


def test_qgis_draws_the_tiles_and_reads_the_values(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    home: Path = tmp_path_factory.mktemp("qgis-raster")
    write(lab.datasets / "relief.tif", heights(300, 400), nodata=-9999)
    declare(lab)
    run(lab)
    with lab.serve() as server:
        (home / "relief.qlr").write_bytes(server.get("/qgis/relief.qlr")[2])
        found = qgis_runner.run(
            "qgis_raster_probe.py",
            home / "relief.qlr",
            f"{server.base}/rasters/relief.tif",
            "910050",
            "6289950",
            home=home,
        )
    assert found["done"], found["error"]
    assert found["tiles"] == {"valid": True, "name": "Relief", "provider": "wms"}
    assert found["remote"]["crs"] == "EPSG:2154"
    assert found["remote"]["size"] == [400, 300]
    assert found["remote"]["value"] == pytest.approx(float(heights(300, 400)[100, 100]), abs=0.01)
    drawn = np.asarray(Image.open(home / "relief.png").convert("RGB"))
    # tints and shade, and not one colour
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 500
