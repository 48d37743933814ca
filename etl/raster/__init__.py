"""One raster's life: source -> blocks on the declared grid -> Cloud-Optimised GeoTIFF -> publication."""
