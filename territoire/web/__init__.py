"""The web application: our JSON and tile routes, pages, and pygeoapi behind an adapter."""
