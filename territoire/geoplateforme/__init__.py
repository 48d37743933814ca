"""Clients of the national Géoplateforme: how its services are asked, and what their answers mean."""
