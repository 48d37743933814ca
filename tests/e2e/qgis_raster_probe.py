"""Run by the Python of the system, which knows QGIS: opens a raster by its layer definition and as a remote file."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsLayerDefinition,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
)
from qgis.PyQt.QtCore import QSize


def main(definition: Path, address: str, x: float, y: float) -> None:
    """Open both, and print the findings as JSON."""
    QgsApplication.setPrefixPath("/usr", True)
    app = QgsApplication([], False)
    app.initQgis()
    # layers must be gone before QGIS ends
    findings = opened(definition, address, QgsPointXY(x, y))
    QgsProject.instance().clear()
    app.exitQgis()
    print(json.dumps({"version": Qgis.QGIS_VERSION, **findings}))


def opened(definition: Path, address: str, place: QgsPointXY) -> dict[str, object]:
    """Say what became of the layer of tiles and of the remote file; draw the tiles beside the definition."""
    project = QgsProject.instance()
    done, error = QgsLayerDefinition.loadLayerDefinition(str(definition), project, project.layerTreeRoot())
    (tiles,) = project.mapLayers().values()
    remote = QgsRasterLayer(f"/vsicurl/{address}", "remote")
    value, known = remote.dataProvider().sample(place, 1)
    draw(tiles, remote, definition.with_suffix(".png"))
    return {
        "done": done,
        "error": error,
        "tiles": {"valid": tiles.isValid(), "name": tiles.name(), "provider": tiles.providerType()},
        "remote": {
            "valid": remote.isValid(),
            "crs": remote.crs().authid(),
            "size": [remote.width(), remote.height()],
            "value": value if known else None,
        },
    }


def draw(tiles: QgsRasterLayer, remote: QgsRasterLayer, picture: Path) -> None:
    """Draw the tiles where the remote file lies."""
    settings = QgsMapSettings()
    settings.setLayers([tiles])
    settings.setDestinationCrs(remote.crs())
    settings.setExtent(remote.extent())
    settings.setOutputSize(QSize(400, 300))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(str(picture))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
