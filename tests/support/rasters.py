"""Rasters for tests: small real GeoTIFFs, declarations of them, and real runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import yaml
from lab import Lab
from rasterio.transform import Affine

from etl import report
from etl.raster import refresh
from territoire.core import registry
from territoire.core.layers import Raster
from territoire.geoplateforme.transport import Transport

PLACE = Affine(100, 0, 900_000, 0, -100, 6_300_000)
RELIEF: dict[str, Any] = {
    "id": "relief",
    "kind": "raster",
    "title": {"fr": "Relief", "en": "Relief"},
    "abstract": {"fr": "Des hauteurs, pour les essais.", "en": "Heights, for tests."},
    "theme": "environnement",
    "producer": "autre",
    "licence": "licence-ouverte-2.0",
    "source": {"url": "relief.tif", "millesime": "2026"},
    "raster": {"srid": 2154, "unit": "m", "colours": "relief"},
}


def declare(
    lab: Lab, *, source: dict[str, Any] | None = None, raster: dict[str, Any] | None = None, **changed: Any
) -> Raster:
    """Write a declaration of a raster, RELIEF with some keys changed, and return it."""
    content = {**RELIEF, **changed}
    content["source"] = {**RELIEF["source"], **(source or {})} if "kind" not in (source or {}) else source
    content["raster"] = {**RELIEF["raster"], **(raster or {})}
    file = lab.datasets / content["theme"] / f"{content['id']}.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    lab.registry = registry.load(lab.datasets)
    found = lab.registry.find(content["id"])
    assert isinstance(found, Raster)
    return found


def write(
    file: Path,
    values: np.ndarray,
    *,
    crs: str | None = "EPSG:2154",
    transform: Affine = PLACE,
    nodata: float | None = None,
    **options: Any,
) -> Path:
    """Write bands, rows and columns to a GeoTIFF."""
    bands = values if values.ndim == 3 else values[np.newaxis]
    profile = {"count": bands.shape[0], "height": bands.shape[1], "width": bands.shape[2], "dtype": bands.dtype}
    with rasterio.open(
        file, "w", driver="GTiff", crs=crs, transform=transform, nodata=nodata, **profile, **options
    ) as out:
        out.write(bands)
    return file


def heights(rows: int = 300, columns: int = 400) -> np.ndarray:
    """Return heights that no two pixels share nearby: a slope with waves."""
    y, x = np.mgrid[0:rows, 0:columns]
    return (1000 + 3 * x - 2 * y + 40 * np.sin(x / 25) * np.cos(y / 31)).astype(np.float32)


def run(
    lab: Lab,
    name: str = "relief",
    *sources: Path | str,
    force: bool = False,
    grace_s: int = 900,
    transport: Callable[[], AbstractContextManager[Transport]] | None = None,
) -> refresh.Outcome:
    """Refresh a raster in this process."""

    def nobody() -> AbstractContextManager[Transport]:
        raise AssertionError("this raster asks no service")

    raster = lab.registry.find(name)
    assert isinstance(raster, Raster)
    workshop = refresh.Workshop(lab.registry, lab.folder / "var", grace_s, transport or nobody)
    with lab.connect() as connection:
        return refresh.refresh(
            raster,
            connection=connection,
            workshop=workshop,
            report=report.Silent(),
            sources=[str(source) for source in sources],
            force=force,
        )


def file_of(lab: Lab, name: str = "relief") -> Path:
    """Return the published file."""
    return lab.folder / "var" / description(lab, name)["file"]


def description(lab: Lab, name: str = "relief") -> dict[str, Any]:
    """Return the published description."""
    with lab.connect_admin() as connection:
        row = connection.execute("select description from etl.layers where dataset = %s", [name]).fetchone()
    assert row, f"{name} is not published"
    return row[0]
