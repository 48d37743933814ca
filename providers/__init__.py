"""Plug-ins of pygeoapi: what it needs to serve the datasets out of PostGIS; stock pygeoapi runs them unpatched."""
