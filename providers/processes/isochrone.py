"""What is reached from a point in so much time, or over such a distance."""

from __future__ import annotations

from typing import ClassVar

import orjson

from providers.processes.description import GEOJSON, POINT, Description, Input, Json, Result
from providers.processes.processor import Means, Processor
from territoire.core.errors import RequestError
from territoire.core.executions import Output, Work
from territoire.core.models import Localised
from territoire.geoplateforme import navigation
from territoire.geoplateforme.navigation import Isochrone

__all__ = ["PROFILE", "REACH", "IsochroneProcessor", "check_reach", "reach"]

PROFILE = Input(
    Localised(fr="Mode", en="Profile"),
    {"type": "string", "enum": ["car", "pedestrian"], "default": "car"},
    Localised(fr="En voiture ou à pied.", en="By car or on foot."),
)
#: Inputs that say how far; zone-statistics has them too.
REACH = {
    "minutes": Input(
        Localised(fr="Durée (minutes)", en="Duration (minutes)"),
        {"type": "number", "exclusiveMinimum": 0, "maximum": 120},
    ),
    "metres": Input(
        Localised(fr="Distance (mètres)", en="Distance (metres)"),
        {"type": "number", "exclusiveMinimum": 0, "maximum": 200_000},
    ),
    "profile": PROFILE,
    "direction": Input(
        Localised(fr="Sens", en="Direction"),
        {"type": "string", "enum": ["departure", "arrival"], "default": "departure"},
        Localised(
            fr="departure : où l'on va depuis le point ; arrival : d'où l'on y vient.",
            en="departure: where one gets from the point; arrival: whence one gets there.",
        ),
    ),
}
_DESCRIPTION = Description(
    id="isochrone",
    title=Localised(fr="Isochrone et isodistance", en="Isochrone"),
    description=Localised(
        fr="Donne la zone que l'on atteint depuis un point en un temps ou sur une distance, par les routes de la "
        "BD TOPO (Géoplateforme).",
        en="Gives the zone that is reached from a point in a time or over a distance, on the roads of BD TOPO "
        "(Géoplateforme).",
    ),
    keywords=("isochrone", "accessibilité", "accessibility"),
    inputs={"point": Input(Localised(fr="Point", en="Point"), POINT, required=True), **REACH},
    results={"zone": Result(Localised(fr="Zone", en="Zone"), GEOJSON)},
    also=lambda inputs: check_reach(inputs),
    example={"point": {"type": "Point", "coordinates": [6.2358, 44.0925]}, "minutes": 15},
)


class IsochroneProcessor(Processor):
    """Says what is reached from a point."""

    description: ClassVar[Description] = _DESCRIPTION

    @staticmethod
    def run(inputs: Json, work: Work, means: Means) -> Output:
        """Ask for the zone."""
        zone = reach(inputs, means)
        asked = {name: inputs[name] for name in ("minutes", "metres", "profile", "direction") if name in inputs}
        properties = {**asked, "resource": zone.resource, "version": zone.version, "source": "IGN, Géoplateforme"}
        feature = {"type": "Feature", "geometry": zone.geometry, "properties": properties}
        return Output("zone", GEOJSON, orjson.dumps(feature))


def check_reach(inputs: Json) -> None:
    """Raise RequestError unless one input says how far."""
    if ("minutes" in inputs) == ("metres" in inputs):
        raise RequestError("inputs: one of minutes, metres is needed", remedy="give exactly one of them")


def reach(inputs: Json, means: Means) -> Isochrone:
    """Return what is reached from `point` with the inputs of REACH, which were checked."""
    by_time = "minutes" in inputs
    x, y, *_ = inputs["point"]["coordinates"]
    return navigation.isochrone(
        means.transport,
        (x, y),
        cost="time" if by_time else "distance",
        value=60 * inputs["minutes"] if by_time else inputs["metres"],
        profile=inputs.get("profile", "car"),
        direction=inputs.get("direction", "departure"),
    )
