"""Positions to addresses: one point, or a table."""

from __future__ import annotations

from typing import ClassVar

from providers.processes import tables
from providers.processes.description import CSV, GEOJSON, POINT, Description, Input, Json, Result
from providers.processes.geocode import INDEX, collection, limit_input, table, table_input
from providers.processes.processor import Means, Processor
from territoire.core.errors import RequestError
from territoire.core.executions import Output, Work
from territoire.core.models import Localised
from territoire.geoplateforme import geocoding
from territoire.geoplateforme.reading import Position

__all__ = ["ReverseGeocodeProcessor"]

_DESCRIPTION = Description(
    id="reverse-geocode",
    title=Localised(fr="Géocoder à l'envers", en="Reverse-geocode"),
    description=Localised(
        fr="Donne l'adresse, le lieu ou la parcelle qui se trouve à une position, ou à celle de chaque ligne d'un "
        "tableau CSV, par le géocodage de la Géoplateforme.",
        en="Gives the address, place or parcel at a position, or at that of each line of a CSV table, by the "
        "geocoder of the Géoplateforme.",
    ),
    keywords=("adresse", "géocodage inverse", "reverse geocoding", "BAN"),
    inputs={
        "point": Input(Localised(fr="Point", en="Point"), POINT),
        "csv": table_input(
            fr="Avec une colonne de longitudes et une de latitudes, en degrés.",
            en="With a column of longitudes and one of latitudes, in degrees.",
        ),
        "columns": Input(
            Localised(fr="Colonnes de la position", en="Columns of the position"),
            {"type": "array", "items": {"type": "string", "maxLength": 200}, "minItems": 2, "maxItems": 2},
            Localised(
                fr="Longitude puis latitude ; `longitude` et `latitude` si absent.",
                en="Longitude, then latitude; `longitude` and `latitude` if absent.",
            ),
        ),
        "index": INDEX,
        "limit": limit_input(default=1),
    },
    results={
        "features": Result(Localised(fr="Ce qui s'y trouve", en="What is there"), GEOJSON),
        "table": Result(Localised(fr="Tableau avec adresses", en="Table with addresses"), CSV),
    },
    also=lambda inputs: _read(inputs) if "csv" in inputs else None,
    example={"point": {"type": "Point", "coordinates": [5.3742, 43.3042]}},
    one_of=("point", "csv"),
)


class ReverseGeocodeProcessor(Processor):
    """Says what is at a point, or at each line of a table."""

    description: ClassVar[Description] = _DESCRIPTION

    @staticmethod
    def run(inputs: Json, work: Work, means: Means) -> Output:
        """Ask the geocoder."""
        index = inputs.get("index", "address")
        if "point" in inputs:
            x, y, *_ = inputs["point"]["coordinates"]
            return collection(geocoding.reverse(means.transport, (x, y), limit=inputs.get("limit", 1), index=index))
        given, positions = _read(inputs)
        slices = geocoding.reverse_table(means.transport, positions, index=index, recall=work.recall, keep=work.keep)
        return table(given, slices, work)


def _read(inputs: Json) -> tuple[tables.Table, list[Position | None]]:
    given = tables.read(inputs["csv"])
    east, north = given.positions(inputs.get("columns", ["longitude", "latitude"]))
    return given, [_position(n, line[east], line[north]) for n, line in enumerate(given.lines(), start=2)]


def _position(number: int, east: str, north: str) -> Position | None:
    if not east.strip() and not north.strip():
        return None
    try:
        # a comma as people write decimals in France
        position = float(east.replace(",", ".")), float(north.replace(",", "."))
    except ValueError as exc:
        raise RequestError(f"inputs.csv: line {number} has no position", remedy="write degrees, as 5.3742") from exc
    if not (abs(position[0]) <= 180 and abs(position[1]) <= 90):
        raise RequestError(f"inputs.csv: line {number} is nowhere on earth", remedy="longitude first, in degrees")
    return position
