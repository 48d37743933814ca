"""The way from one point to another."""

from __future__ import annotations

from typing import ClassVar

import orjson

from providers.processes.description import GEOJSON, POINT, Description, Input, Json, Result
from providers.processes.isochrone import PROFILE
from providers.processes.processor import Means, Processor
from territoire.core.executions import Output, Work
from territoire.core.models import Localised
from territoire.geoplateforme import navigation
from territoire.geoplateforme.reading import Position

__all__ = ["ItineraryProcessor"]

_DESCRIPTION = Description(
    id="itinerary",
    title=Localised(fr="Itinéraire", en="Itinerary"),
    description=Localised(
        fr="Donne le chemin d'un point à un autre, en voiture ou à pied, par les routes de la BD TOPO (Géoplateforme).",
        en="Gives the way from one point to another, by car or on foot, on the roads of BD TOPO (Géoplateforme).",
    ),
    keywords=("itinéraire", "route", "routing"),
    inputs={
        "start": Input(Localised(fr="Départ", en="Start"), POINT, required=True),
        "end": Input(Localised(fr="Arrivée", en="End"), POINT, required=True),
        "through": Input(
            Localised(fr="Points de passage", en="Points on the way"),
            {"type": "array", "items": POINT, "maxItems": 15},
        ),
        "profile": PROFILE,
        "optimization": Input(
            Localised(fr="Critère", en="Criterion"),
            {"type": "string", "enum": ["fastest", "shortest"], "default": "fastest"},
        ),
        "steps": Input(Localised(fr="Étapes en détail", en="Steps in detail"), {"type": "boolean", "default": False}),
    },
    results={"route": Result(Localised(fr="Itinéraire", en="Route"), GEOJSON)},
    example={
        "start": {"type": "Point", "coordinates": [6.2358, 44.0925]},
        "end": {"type": "Point", "coordinates": [5.7837, 43.8341]},
    },
)


class ItineraryProcessor(Processor):
    """Finds the way."""

    description: ClassVar[Description] = _DESCRIPTION

    @staticmethod
    def run(inputs: Json, work: Work, means: Means) -> Output:
        """Ask for the route."""
        steps = inputs.get("steps", False)
        route = navigation.itinerary(
            means.transport,
            _position(inputs["start"]),
            _position(inputs["end"]),
            through=[_position(point) for point in inputs.get("through", ())],
            profile=inputs.get("profile", "car"),
            optimization=inputs.get("optimization", "fastest"),
            steps=steps,
        )
        properties: Json = {
            "length_m": route.metres,
            "duration_s": route.seconds,
            "resource": route.resource,
            "version": route.version,
            "source": "IGN, Géoplateforme",
        }
        if steps:
            properties["portions"] = route.portions
        feature = {"type": "Feature", "geometry": route.geometry, "properties": properties}
        return Output("route", GEOJSON, orjson.dumps(feature))


def _position(point: Json) -> Position:
    x, y, *_ = point["coordinates"]
    return x, y
