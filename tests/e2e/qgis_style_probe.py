"""Run by the Python of the system, which knows QGIS: opens vector tiles with a style sheet, as its window would."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QSize


def main(source: str, picture: Path) -> None:
    """Draw the tiles over the territory, and print what QGIS made of them and of their style as JSON."""
    QgsApplication.setPrefixPath("/usr", True)
    app = QgsApplication([], False)
    app.initQgis()
    findings = opened(source, picture)
    app.exitQgis()
    print(json.dumps({"version": Qgis.QGIS_VERSION, **findings}))


def opened(source: str, picture: Path) -> dict[str, object]:
    """Return the styles that QGIS read from the sheet, its warnings, and where it thinks that the tiles lie."""
    layer = QgsVectorTileLayer(source, "tiles")
    # two texts, of which the first is the error, whatever they are called in a version
    answer = layer.loadDefaultStyleV2() if hasattr(layer, "loadDefaultStyleV2") else layer.loadDefaultStyle()
    renderer, box = layer.renderer(), layer.extent()
    draw(layer, picture)
    return {
        "valid": layer.isValid(),
        "crs": layer.crs().authid(),
        "extent": [box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()],
        "said": [part for part in answer if part and not isinstance(part, bool)],
        "styles": sorted(f"{one.layerName()} {one.styleName()}" for one in renderer.styles()),
    }


def draw(layer: QgsVectorTileLayer, picture: Path) -> None:
    """Draw the territory in the layer's own CRS."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    to_layer = QgsCoordinateTransform(QgsCoordinateReferenceSystem("OGC:CRS84"), layer.crs(), QgsProject.instance())
    settings.setExtent(to_layer.transformBoundingBox(QgsRectangle(4.2, 42.9, 7.8, 45.2)))
    settings.setOutputSize(QSize(800, 720))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(str(picture))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
