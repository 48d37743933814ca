"""Stands before the package in the commands that tests start: a product that is installed has no GeoPandas."""

raise ImportError("GeoPandas is there for tests only")
