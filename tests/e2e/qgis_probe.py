"""Run by the Python of the system, which knows QGIS: opens the server as a person would, and prints what it saw."""

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
    QgsFeatureRequest,
    QgsMapLayer,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorTileLayer,
)
from qgis.PyQt.QtCore import QSize

LAMBERT_93 = "EPSG:2154"
SIZE = (600, 500)
#: In Lambert-93, 520 m a pixel.
VIEW = (780_000, 6_200_000, 1_092_000, 6_460_000)
AVIGNON = (4.7, 43.85, 4.95, 44.05)
#: Filters as people type them in QGIS.
FILTERS = {
    "ilike": "\"nom\" ILIKE 'saint-%'",
    "like": "\"nom\" LIKE 'L''%'",
    "in": "\"code_departement\" IN ('04', '05')",
    "between": '"population" BETWEEN 1000 AND 5000',
    "null": '"siren_epci" IS NULL',
    "not null": '"siren_epci" IS NOT NULL',
    "or and": '"code_departement" = \'13\' OR "code_departement" = \'84\' AND "population" > 10000',
    "brackets": '("code_departement" = \'13\' OR "code_departement" = \'84\') AND "population" > 10000',
    "box": "intersects_bbox($geometry, geomFromWKT('LINESTRING(880000 6300000, 900000 6320000)'))",
}


def main(base: str, folder: Path) -> None:
    """Probe the server at `base`; write pictures to `folder` and the findings to stdout as JSON."""
    QgsApplication.setPrefixPath("/usr", True)
    app = QgsApplication([], False)
    app.initQgis()
    uri = f"url='{base}/ogc' typename='communes' restrictToRequestBBOX='1'"
    layer = QgsVectorLayer(uri, "communes", "OAPIF")
    findings = {"version": Qgis.QGIS_VERSION, "features": features(layer)}
    findings["drawn"] = draw(layer, folder / "features.png")
    address = f"{base}/tiles/communes/{{z}}/{{x}}/{{y}}.mvt"
    tiles = QgsVectorTileLayer(f"type=xyz&url={address}&zmin=0&zmax=14", "communes")
    findings["tiles"] = {"valid": tiles.isValid(), "drawn": draw(tiles, folder / "tiles.png")}
    missing = QgsVectorLayer(uri.replace("communes", "no_such_collection"), "missing", "OAPIF")
    findings["missing"] = {"valid": missing.isValid()}
    del layer, tiles, missing
    app.exitQgis()
    print(json.dumps(findings))


def features(layer: QgsVectorLayer) -> dict[str, object]:
    """Say what the layer holds, whole, in a box, and by a filter."""
    if not layer.isValid():
        return {"valid": False, "error": layer.error().message()}
    box = in_layer(layer, QgsRectangle(*AVIGNON))
    inside = QgsFeatureRequest().setFilterRect(box).setFlags(QgsFeatureRequest.ExactIntersect)
    found: dict[str, object] = {
        "valid": True,
        "count": layer.featureCount(),
        "crs": layer.crs().authid(),
        "fields": [field.name() for field in layer.fields()],
        "extent": numbers(layer.extent()),
        "box": numbers(box),
        "in_box": sorted(feature["code_insee"] for feature in layer.getFeatures(inside)),
        "rows": [[feature["code_insee"], feature["nom"], feature["population"]] for feature in layer.getFeatures()],
        "areas": {feature["code_insee"]: feature.geometry().area() for feature in layer.getFeatures()},
    }
    layer.setSubsetString("\"nom\" = 'L''Isle-sur-la-Sorgue'")
    found["filtered"] = [feature["code_insee"] for feature in layer.getFeatures()]
    layer.setSubsetString("")
    found["filters"] = {name: filtered(layer, text) for name, text in FILTERS.items()}
    layer.setSubsetString(FILTERS["or and"])
    found["filtered_in_box"] = sorted(feature["code_insee"] for feature in layer.getFeatures(inside))
    layer.setSubsetString("")
    return found


def filtered(layer: QgsVectorLayer, text: str) -> dict[str, object]:
    """Say what a filter of the layer leaves, by count and by reading."""
    done = layer.setSubsetString(text)
    return {"done": done, "count": layer.featureCount(), "keys": sorted(f["code_insee"] for f in layer.getFeatures())}


def in_layer(layer: QgsMapLayer, box: QgsRectangle) -> QgsRectangle:
    """Return a box of degrees in the layer's CRS."""
    degrees = QgsCoordinateReferenceSystem("OGC:CRS84")
    return QgsCoordinateTransform(degrees, layer.crs(), QgsProject.instance()).transformBoundingBox(box)


def numbers(box: QgsRectangle) -> list[float]:
    """Return west, south, east, north."""
    return [box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()]


def draw(layer: QgsMapLayer, file: Path) -> bool:
    """Draw the layer on a map in Lambert-93, as a project of the region has it."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setOutputSize(QSize(*SIZE))
    settings.setDestinationCrs(QgsCoordinateReferenceSystem(LAMBERT_93))
    settings.setExtent(QgsRectangle(*VIEW))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    return not job.errors() and job.renderedImage().save(str(file))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
