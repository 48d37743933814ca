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


def main(address: str, style: str, picture: Path) -> None:
    """Draw the tiles over the territory, and print what QGIS made of the style as JSON."""
    QgsApplication.setPrefixPath("/usr", True)
    app = QgsApplication([], False)
    app.initQgis()
    findings = opened(address, style, picture)
    app.exitQgis()
    print(json.dumps({"version": Qgis.QGIS_VERSION, **findings}))


def opened(address: str, style: str, picture: Path) -> dict[str, object]:
    """Return the styles that QGIS read from the sheet, and its warnings."""
    layer = QgsVectorTileLayer(f"styleUrl={style}&type=xyz&url={address}&zmin=0&zmax=14", "tiles")
    # two texts, of which the first is the error, whatever they are called in a version
    answer = layer.loadDefaultStyleV2() if hasattr(layer, "loadDefaultStyleV2") else layer.loadDefaultStyle()
    renderer = layer.renderer()
    draw(layer, picture)
    return {
        "valid": layer.isValid(),
        "said": [part for part in answer if part and not isinstance(part, bool)],
        "styles": sorted(f"{one.layerName()} {one.styleName()}" for one in renderer.styles()),
    }


def draw(layer: QgsVectorTileLayer, picture: Path) -> None:
    """Draw the territory in the CRS of web maps."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    mercator = QgsCoordinateReferenceSystem("EPSG:3857")
    settings.setDestinationCrs(mercator)
    to_mercator = QgsCoordinateTransform(QgsCoordinateReferenceSystem("OGC:CRS84"), mercator, QgsProject.instance())
    settings.setExtent(to_mercator.transformBoundingBox(QgsRectangle(4.2, 42.9, 7.8, 45.2)))
    settings.setOutputSize(QSize(800, 720))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(str(picture))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
