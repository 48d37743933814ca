"""Territoire: OGC web services of a territory, from declared datasets to maps and APIs."""

__version__ = "0.1.0"
