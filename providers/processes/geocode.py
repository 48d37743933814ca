"""Addresses to positions: one text, or a table."""

from __future__ import annotations

from typing import ClassVar

import orjson

from providers.processes import tables
from providers.processes.description import CSV, GEOJSON, Description, Input, Json, Result
from providers.processes.processor import Means, Processor
from territoire.core.executions import Output, Work
from territoire.core.models import Localised
from territoire.geoplateforme import geocoding
from territoire.geoplateforme.geocoding import Place

__all__ = ["INDEX", "GeocodeProcessor", "collection", "limit_input", "table", "table_input"]

INDEX = Input(
    Localised(fr="Base interrogée", en="Base that is searched"),
    {"type": "string", "enum": ["address", "poi", "parcel"], "default": "address"},
    Localised(
        fr="Adresses de la Base adresse nationale, lieux de la BD TOPO, ou parcelles du cadastre.",
        en="Addresses (Base adresse nationale), places (BD TOPO), or parcels (cadastre).",
    ),
)


def table_input(*, fr: str, en: str) -> Input:
    """Return the input for a table, which either way of geocoding takes; the words say what it must hold."""
    schema = {"type": "string", "contentMediaType": CSV, "minLength": 3, "maxLength": tables.MAX_CHARACTERS}
    return Input(Localised(fr="Tableau CSV", en="CSV table"), schema, Localised(fr=fr, en=en))


def limit_input(*, default: int) -> Input:
    """Return the input for the number of answers."""
    schema = {"type": "integer", "minimum": 1, "maximum": 50, "default": default}
    return Input(Localised(fr="Nombre de réponses", en="Number of answers"), schema)


_DESCRIPTION = Description(
    id="geocode",
    title=Localised(fr="Géocoder", en="Geocode"),
    description=Localised(
        fr="Donne la position d'une adresse, d'un lieu ou d'une parcelle, ou de chaque ligne d'un tableau CSV "
        "(200 000 lignes et 50 Mo au plus), par le géocodage de la Géoplateforme.",
        en="Gives the position of an address, a place or a parcel, or of each line of a CSV table "
        "(200,000 lines and 50 MB at most), by the geocoder of the Géoplateforme.",
    ),
    keywords=("adresse", "géocodage", "geocoding", "BAN"),
    inputs={
        "text": Input(
            Localised(fr="Texte", en="Text"),
            {"type": "string", "minLength": 3, "maxLength": 200},
            Localised(fr="Une adresse ou un nom de lieu.", en="An address, or the name of a place."),
        ),
        "csv": table_input(
            fr="En UTF-8, avec un en-tête ; virgules, points-virgules ou tabulations.",
            en="In UTF-8, with a header; commas, semicolons or tabs.",
        ),
        "columns": Input(
            Localised(fr="Colonnes de l'adresse", en="Columns of the address"),
            {"type": "array", "items": {"type": "string", "maxLength": 200}, "minItems": 1, "maxItems": 10},
            Localised(
                fr="Colonnes du tableau qui font l'adresse, dans l'ordre ; toutes si absent.",
                en="Columns that make up the address, in order; all of them if absent.",
            ),
        ),
        "index": INDEX,
        "limit": limit_input(default=5),
    },
    results={
        "features": Result(Localised(fr="Positions trouvées", en="Positions found"), GEOJSON),
        "table": Result(Localised(fr="Tableau avec positions", en="Table with positions"), CSV),
    },
    also=lambda inputs: _read(inputs) if "csv" in inputs else None,
    example={"text": "27 place Jules Guesde Marseille", "limit": 1},
    one_of=("text", "csv"),
)


class GeocodeProcessor(Processor):
    """Geocodes one text, or a table."""

    description: ClassVar[Description] = _DESCRIPTION

    @staticmethod
    def run(inputs: Json, work: Work, means: Means) -> Output:
        """Ask the geocoder."""
        index = inputs.get("index", "address")
        if "text" in inputs:
            found = geocoding.search(means.transport, inputs["text"], limit=inputs.get("limit", 5), index=index)
            return collection(found)
        given, chosen = _read(inputs)
        texts = [" ".join(filter(None, (line[n].strip() for n in chosen)))[:200] for line in given.lines()]
        slices = geocoding.geocode_table(means.transport, texts, index=index, recall=work.recall, keep=work.keep)
        return table(given, slices, work)


def _read(inputs: Json) -> tuple[tables.Table, list[int]]:
    given = tables.read(inputs["csv"])
    return given, given.positions(inputs.get("columns", given.header))


def collection(places: list[Place]) -> Output:
    """Write places as GeoJSON."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": place.position},
            "properties": {**place.properties, "label": place.label, "score": place.score},
        }
        for place in places
    ]
    content = {"type": "FeatureCollection", "features": features, "numberReturned": len(features)}
    return Output("features", GEOJSON, orjson.dumps(content))


def table(given: tables.Table, slices: geocoding.Slices, work: Work) -> Output:
    """Write the table with what the slices add, telling how far it is."""
    writer = tables.Writer(given)
    work.progress(0, f"0 of {given.count} lines")
    for done, names, rows in slices:
        writer.add(names, rows)
        work.progress(100 * done / given.count, f"{done} of {given.count} lines")
    return Output("table", CSV, writer.content())
