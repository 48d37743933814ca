"""Processes of OGC API Processes, one module each: plug-ins of pygeoapi, and what our routes and workers run."""
