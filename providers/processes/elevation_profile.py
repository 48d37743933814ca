"""Heights along a line."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import orjson
from pyproj import Geod

from providers import raster_heights
from providers.processes.description import GEOJSON, LINE, Description, Input, Json, Result
from providers.processes.processor import Means, Processor
from territoire.core.errors import UpstreamBusyError, UpstreamError, UpstreamTimeoutError
from territoire.core.executions import Output, Work
from territoire.core.models import Localised
from territoire.geoplateforme import altimetry
from territoire.geoplateforme.altimetry import Height
from territoire.geoplateforme.reading import Position

__all__ = ["ElevationProfileProcessor", "Profile"]

_EARTH = Geod(ellps="GRS80")
_DESCRIPTION = Description(
    id="elevation-profile",
    title=Localised(fr="Profil altimétrique", en="Elevation profile"),
    description=Localised(
        fr="Donne l'altitude du sol le long d'une ligne (RGE ALTI de l'IGN), à distances égales, avec les dénivelés.",
        en="Gives the height of the ground along a line (IGN RGE ALTI), at even distances, with ascent and descent.",
    ),
    keywords=("altitude", "profil", "elevation", "RGE ALTI"),
    inputs={
        "line": Input(Localised(fr="Ligne", en="Line"), LINE, required=True),
        "sampling": Input(
            Localised(fr="Nombre de points", en="Number of points"),
            {"type": "integer", "minimum": 2, "maximum": altimetry.MAX_POINTS, "default": 100},
        ),
    },
    results={"profile": Result(Localised(fr="Profil", en="Profile"), GEOJSON)},
    example={
        "line": {"type": "LineString", "coordinates": [[6.2358, 44.0925], [6.3020, 44.1310]]},
        "sampling": 50,
    },
)


@dataclass(frozen=True, slots=True)
class Profile:
    """Heights along a line, and who says so."""

    heights: Sequence[Height]
    source: str
    is_measured: bool = True
    """False for the made-up relief of the demonstration."""


class ElevationProfileProcessor(Processor):
    """Samples the ground along a line."""

    description: ClassVar[Description] = _DESCRIPTION

    @staticmethod
    def run(inputs: Json, work: Work, means: Means) -> Output:
        """Ask for the heights, and add distances and slopes up and down."""
        line = [(position[0], position[1]) for position in inputs["line"]["coordinates"]]
        profile = heights_along(line, inputs.get("sampling", 100), means)
        return Output("profile", GEOJSON, orjson.dumps(_feature(profile)))


def heights_along(line: Sequence[Position], sampling: int, means: Means) -> Profile:
    """Return the heights at even distances; where the Géoplateforme fails, those of a relief published here.

    Whose they are is in `source`: for a raster of ours, its id; made-up ones come last, and are said to be made up.
    The service's own error where we have none there.
    """
    try:
        found = altimetry.profile(means.transport, line, sampling=sampling)
    except (UpstreamError, UpstreamBusyError, UpstreamTimeoutError):
        ours = _ours(line, sampling, means)
        if ours is None:
            raise
        return ours
    return Profile(found, f"IGN, Géoplateforme, {altimetry.RESOURCE}")


def _ours(line: Sequence[Position], sampling: int, means: Means) -> Profile | None:
    runtime = means.runtime
    for raster, is_measured in raster_heights.reliefs(runtime.layers(), runtime.var):
        heights = raster_heights.along(raster, line, sampling)
        if heights:
            return Profile(heights, raster.id, is_measured)
    return None


def _feature(profile: Profile) -> Json:
    positions = [height.position for height in profile.heights]
    steps = [_EARTH.inv(*one, *two)[2] for one, two in itertools.pairwise(positions)]
    distances = [0.0, *itertools.accumulate(steps)]
    known = [height.metres for height in profile.heights if height.metres is not None]
    changes = [two - one for one, two in itertools.pairwise(known)]
    return {
        "type": "Feature",
        # a third coordinate is a height: where one is unknown, all are left to the properties
        "geometry": {"type": "LineString", "coordinates": _coordinates(profile)},
        "properties": {
            "length_m": round(distances[-1], 1),
            "ascent_m": round(math.fsum(change for change in changes if change > 0), 2),
            "descent_m": round(-math.fsum(change for change in changes if change < 0), 2),
            "min_m": min(known, default=None),
            "max_m": max(known, default=None),
            "source": profile.source,
            "measured": profile.is_measured,
            "samples": [
                {"distance_m": round(distance, 1), "height_m": height.metres}
                for distance, height in zip(distances, profile.heights, strict=True)
            ],
        },
    }


def _coordinates(profile: Profile) -> list[list[float]]:
    if any(height.metres is None for height in profile.heights):
        return [list(height.position) for height in profile.heights]
    return [[*height.position, height.metres or 0.0] for height in profile.heights]
