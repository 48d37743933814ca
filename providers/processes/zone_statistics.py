"""What our published datasets hold within a polygon, an isochrone or a commune."""

from __future__ import annotations

from typing import ClassVar

import orjson

from providers.processes.description import JSON, POINT, POLYGON, Description, Input, Json, Result
from providers.processes.isochrone import REACH, check_reach, reach
from providers.processes.processor import Means, Processor
from providers.runtime import TooSlowError
from territoire.core.errors import NotFoundError, RequestError
from territoire.core.executions import Output, Work
from territoire.core.models import Localised
from territoire.query import items, parameters, statistics
from territoire.query.model import Generation
from territoire.query.statistics import FeatureZone

__all__ = ["ZoneStatisticsProcessor"]

#: Time that one dataset's query may take: a region's worth of buildings in a commune is well below.
_BUDGET_MS = 8000
_COMMUNES, _CODE = "communes", "code_insee"
_DESCRIPTION = Description(
    id="zone-statistics",
    title=Localised(fr="Statistiques d'une zone", en="Statistics of a zone"),
    description=Localised(
        fr="Compte ce que les jeux publiés ici contiennent dans une zone : objets, longueur ou surface dans la zone, "
        "sommes des colonnes numériques. La zone est un polygone, une commune par son code Insee, ou une isochrone.",
        en="Counts what the datasets published here hold within a zone: features, length or area within, sums of "
        "numeric columns. The zone is a polygon, a commune by its Insee code, or an isochrone.",
    ),
    keywords=("statistiques", "zone", "comptage", "statistics"),
    inputs={
        "zone": Input(Localised(fr="Polygone", en="Polygon"), POLYGON),
        "code_insee": Input(
            Localised(fr="Commune (code Insee)", en="Commune (Insee code)"),
            {"type": "string", "pattern": "^[0-9][0-9AB][0-9]{3}$"},
        ),
        "point": Input(
            Localised(fr="Centre d'une isochrone", en="Centre of an isochrone"),
            POINT,
            Localised(
                fr="Avec minutes ou metres ; interroge la Géoplateforme.",
                en="With minutes or metres; asks the Géoplateforme.",
            ),
        ),
        **REACH,
        "datasets": Input(
            Localised(fr="Jeux de données", en="Datasets"),
            {"type": "array", "items": {"type": "string", "maxLength": 40}, "minItems": 1, "maxItems": 50},
            Localised(fr="Tous ceux qui ont une géométrie si absent.", en="All that have a geometry if absent."),
        ),
    },
    results={"statistics": Result(Localised(fr="Statistiques", en="Statistics"), JSON)},
    example={"code_insee": "04070", "datasets": ["communes"]},
    one_of=("zone", "code_insee", "point"),
    also=lambda inputs: _check(inputs),
)


class ZoneStatisticsProcessor(Processor):
    """Counts what is in a zone."""

    description: ClassVar[Description] = _DESCRIPTION

    @staticmethod
    def run(inputs: Json, work: Work, means: Means) -> Output:
        """Find the zone, then ask one dataset after the other."""
        chosen = _datasets(inputs, means)
        zone = _zone(inputs, means)
        content: Json = {"zone": _described(inputs), "datasets": []}
        for number, generation in enumerate(chosen):
            work.progress(100 * number / len(chosen), generation.dataset.id)
            content["datasets"].append(_statistics(generation, zone, means))
        return Output("statistics", JSON, orjson.dumps(content))


def _check(inputs: Json) -> None:
    if "point" in inputs:
        check_reach(inputs)
    elif any(name in inputs for name in REACH):
        raise RequestError(f"inputs: {', '.join(REACH)} go with point", remedy="give point, or leave them out")


def _datasets(inputs: Json, means: Means) -> list[Generation]:
    """Return the datasets that are asked, or all that have a geometry; NotFoundError for one that has none."""
    known = means.runtime
    if "datasets" not in inputs:
        return [generation for generation in known.generations() if generation.dataset.geometry]
    found = [known.generation(name) for name in dict.fromkeys(inputs["datasets"])]
    for generation in found:
        if generation.dataset.geometry is None:
            raise NotFoundError(f"{generation.dataset.id} has no geometry", remedy="leave it out")
    return found


def _zone(inputs: Json, means: Means) -> str | FeatureZone:
    if "code_insee" not in inputs:
        shape = inputs["zone"] if "zone" in inputs else reach(inputs, means).geometry
        return orjson.dumps(shape).decode()
    generation, code = means.runtime.generation(_COMMUNES), inputs["code_insee"]
    nothing = parameters.parse(generation.dataset, [("skipGeometry", "true"), ("properties", _CODE), (_CODE, code)])
    if not means.runtime.fetch(generation, items.page(generation, nothing)):
        raise NotFoundError(f"inputs.code_insee: there is no commune {code} here", remedy="look it up in communes")
    return FeatureZone(generation, _CODE, code)


def _described(inputs: Json) -> Json:
    return {name: inputs[name] for name in ("code_insee", "point", *REACH) if name in inputs} or {"type": "polygon"}


def _statistics(generation: Generation, zone: str | FeatureZone, means: Means) -> Json:
    dataset = generation.dataset
    content: Json = {"dataset": dataset.id, "title": dataset.title.fr, "millesime": generation.millesime}
    try:
        row = means.runtime.fetch(generation, statistics.within(generation, zone), budget_ms=_BUDGET_MS)[0]
    except TooSlowError:
        return {**content, "problem": f"not counted in {_BUDGET_MS // 1000} s; ask with a smaller zone"}
    count, measured, *sums = row
    content["count"] = count
    name = statistics.measure(generation)
    if name:
        content[name] = round(measured or 0.0, 2)
    columns = statistics.numeric(generation)
    content["sums"] = {
        column.name: {"of_features": sums[2 * n], "within": sums[2 * n + 1]} for n, column in enumerate(columns)
    }
    return content
