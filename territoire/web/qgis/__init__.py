"""Files that QGIS opens: a layer definition, a project, a list of connections; pure functions of what is published."""
