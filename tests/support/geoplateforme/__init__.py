"""A stand-in of the Géoplateforme on loopback: its layer names, limits and vices, for tests and offline demos."""
