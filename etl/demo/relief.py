"""Makes the demo's relief: an imaginary one, of the shape of région Sud. `python -m etl.demo.relief` writes it anew."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine

FILE = Path(__file__).resolve().parents[2] / "datasets" / "_demo" / "relief-fictif.tif"
#: Pixels of 250 m in Lambert-93, around the six départements.
_CELL_M, _WEST, _NORTH, _COLUMNS, _ROWS = 250, 790_000, 6_460_000, 1_170, 1_010
NOTHING = -32768

Heights = NDArray[numpy.float64]

#: Length of waves in km, and the share that each has in the shape.
_WAVES = ((52, 0.42), (23, 0.28), (11, 0.17), (5.3, 0.09), (2.6, 0.04))

#: Mountains as ridges: middle and half width east and north in km of Lambert-93, height in metres.
_RIDGES = (
    (958, 6432, 26, 20, 2800),  # Écrins
    (1005, 6400, 24, 26, 2300),  # Queyras, Ubaye
    (1038, 6352, 26, 20, 2500),  # Mercantour
    (975, 6365, 30, 30, 1100),  # Alpes de Haute-Provence
    (930, 6395, 30, 26, 1000),  # Dévoluy, Baronnies
    (879, 6346, 15, 4.5, 2000),  # Ventoux
    (928, 6341, 15, 4.5, 1500),  # Lure
    (905, 6305, 24, 3.5, 1050),  # Luberon
    (851, 6297, 14, 2.2, 480),  # Alpilles
    (911, 6274, 10, 1.8, 1100),  # Sainte-Victoire
    (922, 6251, 11, 2.5, 1100),  # Sainte-Baume
    (903, 6238, 7, 3, 380),  # Calanques
    (978, 6240, 18, 8, 520),  # Maures
    (1014, 6272, 9, 6, 420),  # Estérel
    (1018, 6300, 26, 12, 900),  # Préalpes d'Azur
)
#: The coast from west to east, in km of Lambert-93: the sea lies south of it.
_COAST = (
    *((780, 6262), (815, 6256), (838, 6254), (853, 6258), (870, 6262), (880, 6250), (893, 6247), (897, 6236)),
    *((915, 6232), (932, 6222), (945, 6223), (958, 6214), (975, 6222), (990, 6232), (1000, 6244), (1005, 6256)),
    *((1018, 6262), (1027, 6278), (1036, 6281), (1045, 6297), (1062, 6304), (1090, 6307)),
)


def heights() -> NDArray[numpy.int16]:
    """Return heights in metres, rows from the north, NOTHING at sea; the same ones whenever it is called."""
    east = (_WEST + (numpy.arange(_COLUMNS) + 0.5) * _CELL_M) / 1000
    north = (_NORTH - (numpy.arange(_ROWS) + 0.5) * _CELL_M) / 1000
    x, y = numpy.meshgrid(east, north)
    coast = numpy.interp(east, [point[0] for point in _COAST], [point[1] for point in _COAST])
    inland = y - coast[numpy.newaxis, :]
    # the land rises from the Rhône to the east, and from the sea to the north
    land = 6 + 4.2 * numpy.clip(x - 862, 0, 120) * numpy.clip(inland / 60, 0, 1)
    for middle_x, middle_y, half_x, half_y, height in _RIDGES:
        land += height * numpy.exp(-(((x - middle_x) / half_x) ** 2) - ((y - middle_y) / half_y) ** 2)
    # crests where waves of every length cross zero, valleys between them; deepest where the land is highest
    crests = sum((1 - 2.2 * numpy.abs(_waves(x, y, size))) * share for size, share in _WAVES)
    shaped = land * numpy.clip(0.62 + 0.62 * crests, 0.18, None) * numpy.clip(0.15 + inland / 5, 0.02, 1)
    return numpy.where(inland > 0, numpy.clip(shaped, 0, 4100).round(), NOTHING).astype(numpy.int16)


def write(file: Path = FILE) -> None:
    """Write the relief as a small GeoTIFF."""
    found = heights()
    options: dict[str, Any] = {  # options of GDAL
        "driver": "GTiff",
        "width": _COLUMNS,
        "height": _ROWS,
        "count": 1,
        "dtype": "int16",
        "crs": "EPSG:2154",
        "transform": Affine(_CELL_M, 0, _WEST, 0, -_CELL_M, _NORTH),
        "nodata": NOTHING,
        "compress": "DEFLATE",
        "zlevel": 9,
        "predictor": 2,
    }
    with rasterio.open(file, "w", **options) as out:
        out.write(found, 1)
        out.set_band_description(1, "altitude")


def _waves(x: Heights, y: Heights, size_km: float) -> Heights:
    """Return gradient noise (Perlin) between -1 and 1, its waves about `size_km` long and turned by their length."""
    turn = size_km
    along = (x * math.cos(turn) + y * math.sin(turn)) / size_km
    across = (y * math.cos(turn) - x * math.sin(turn)) / size_km
    column, row = numpy.floor(along).astype(int), numpy.floor(across).astype(int)
    angles = numpy.random.Generator(numpy.random.PCG64(int(size_km * 10))).uniform(0, 2 * math.pi, 4096)
    right, low = along - column, across - row

    def pull(down: int, over: int) -> Heights:
        angle = angles[((row + down) * 73 + (column + over) * 1009) % 4096]
        return numpy.cos(angle) * (right - over) + numpy.sin(angle) * (low - down)

    upper = pull(0, 0) * (1 - _eased(right)) + pull(0, 1) * _eased(right)
    lower = pull(1, 0) * (1 - _eased(right)) + pull(1, 1) * _eased(right)
    return (upper * (1 - _eased(low)) + lower * _eased(low)) * 1.4


def _eased(share: Heights) -> Heights:
    return share * share * share * (share * (share * 6 - 15) + 10)


if __name__ == "__main__":
    write()
