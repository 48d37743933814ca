"""Run by the Python of the system, which knows QGIS: pans and zooms over live layers, as a person at work does."""

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
    QgsLayerDefinition,
    QgsMapLayer,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QSize

#: Centres in Lambert-93 and widths in metres: a look around, nearer, along a street, back out, and where it began.
WALK = (
    (905_000, 6_275_000, 40_000),
    (915_000, 6_275_000, 40_000),
    (915_000, 6_275_000, 10_000),
    (917_000, 6_275_000, 10_000),
    (917_000, 6_277_000, 10_000),
    (917_000, 6_277_000, 3_000),
    (917_800, 6_277_000, 3_000),
    (917_000, 6_277_000, 3_000),
    (917_000, 6_277_000, 10_000),
    (915_000, 6_275_000, 10_000),
    (915_000, 6_275_000, 40_000),
    (905_000, 6_275_000, 40_000),
)
SIZE = (1000, 700)


def main(definition: Path) -> None:
    """Open a layer definition, draw the walk beside it, and print what was valid and drawn, as JSON."""
    QgsApplication.setPrefixPath("/usr", True)
    app = QgsApplication([], False)
    app.initQgis()
    project = QgsProject.instance()
    QgsLayerDefinition.loadLayerDefinition(str(definition), project, project.layerTreeRoot())
    (layer,) = project.mapLayers().values()
    found = {"version": Qgis.QGIS_VERSION, "valid": layer.isValid(), "provider": layer.providerType()}
    found["colours"] = [draw(layer, place, definition.with_suffix(f".{n}.png")) for n, place in enumerate(WALK)]
    # layers must be gone before QGIS ends
    del layer
    project.clear()
    app.exitQgis()
    print(json.dumps(found))


def draw(layer: QgsMapLayer, place: tuple[float, float, float], picture: Path) -> int:
    """Draw the layer around a place; return how many colours there are."""
    x, y, width = place
    height = width * SIZE[1] / SIZE[0]
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setOutputSize(QSize(*SIZE))
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:2154"))
    settings.setExtent(QgsRectangle(x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    image.save(str(picture))
    return len({image.pixel(x, y) for x in range(0, SIZE[0], 7) for y in range(0, SIZE[1], 7)})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
