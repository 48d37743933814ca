"""Run by the Python of the system, which knows QGIS: opens the server's files as a person would, prints what it saw."""

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
    QgsMapLayer,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsSettings,
    QgsVectorLayer,
)
from qgis.gui import QgsManageConnectionsDialog
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtWidgets import QDialogButtonBox, QListWidget


def main(folder: Path) -> None:
    """Open the files in `folder`; write a picture there and the findings to stdout as JSON."""
    QgsApplication.setPrefixPath("/usr", True)
    app = QgsApplication([], True)  # the window of connections needs widgets
    app.initQgis()
    findings = {"version": Qgis.QGIS_VERSION, "definitions": {}}
    for file in sorted(folder.glob("*.qlr")):
        findings["definitions"][file.stem] = definition(file)
    findings["project"] = opened(folder / "territoire.qgz", folder / "project.png")
    findings["connection"] = imported(folder / "connexions.xml")
    QgsProject.instance().clear()
    app.exitQgis()
    print(json.dumps(findings))


def definition(file: Path) -> dict[str, object]:
    """Add a layer definition to an empty project."""
    project = QgsProject.instance()
    project.clear()
    done, error = QgsLayerDefinition.loadLayerDefinition(str(file), project, project.layerTreeRoot())
    layers = [described(layer) for layer in project.mapLayers().values()]
    return {"done": done, "error": error, "layers": layers}


def opened(file: Path, picture: Path) -> dict[str, object]:
    """Open a project and draw what it shows at first."""
    project = QgsProject.instance()
    project.clear()
    done = project.read(str(file))
    shown = [layer for layer in project.layerTreeRoot().checkedLayers()]
    view = project.viewSettings().defaultViewExtent()
    settings = QgsMapSettings()
    settings.setLayers(shown)
    settings.setOutputSize(QSize(600, 500))
    settings.setDestinationCrs(project.crs())
    settings.setExtent(view)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(str(picture))
    return {
        "done": done,
        "title": project.title(),
        "crs": project.crs().authid(),
        "extent": [view.xMinimum(), view.yMinimum(), view.xMaximum(), view.yMaximum()],
        "groups": [group.name() for group in project.layerTreeRoot().children()],
        "layers": [described(layer) for layer in project.mapLayers().values()],
        "shown": [layer.name() for layer in shown],
        "lost": [node.name() for node in project.layerTreeRoot().findLayers() if node.layer() is None],
        "errors": [str(error.message) for error in job.errors()],
    }


def described(layer: QgsMapLayer) -> dict[str, object]:
    """Say what became of a layer."""
    found = {
        "name": layer.name(),
        "provider": layer.providerType(),
        "valid": layer.isValid(),
        "crs": layer.crs().authid(),
        "licences": layer.metadata().licenses(),
        "rights": layer.metadata().rights(),
    }
    if isinstance(layer, QgsVectorLayer):
        found["count"] = sum(1 for _ in layer.getFeatures())
        found["fields"] = [field.displayName() for field in layer.fields()]
        found["symbol"] = layer.renderer().type() if layer.renderer() else None
        box = layer.extent()
        found["extent"] = [box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()]
    return found


def imported(file: Path) -> dict[str, object]:
    """Import the connections by the window that a person would use, then open a layer by what was kept."""
    window = QgsManageConnectionsDialog(
        None, QgsManageConnectionsDialog.Import, QgsManageConnectionsDialog.WFS, str(file)
    )
    names = [window.findChild(QListWidget).item(row).text() for row in range(window.findChild(QListWidget).count())]
    window.selectAll()
    window.findChild(QDialogButtonBox).button(QDialogButtonBox.Ok).click()
    settings = QgsSettings()
    kept = {key.rsplit("/", 1)[-1]: settings.value(key) for key in settings.allKeys() if names and names[0] in key}
    layer = QgsVectorLayer(f"url='{kept.get('url')}' typename='communes'", "communes", "OAPIF")
    return {"names": names, "kept": kept, "valid": layer.isValid(), "count": layer.featureCount()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
