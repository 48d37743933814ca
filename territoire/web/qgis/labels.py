"""Names on the map: small for small features, and only at scales at which they fit."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from territoire.query.model import Generation
from territoire.web.cartography import looks, scales
from territoire.web.qgis.markup import element

__all__ = ["features"]

_HALO = "255,255,255,220"
# QgsPalLayerSettings: around a point, along a line, level within an area
_PLACES = {"Point": "0", "LineString": "2", "Polygon": "4"}


def features(layer: Element, generation: Generation) -> None:
    """Name the features of a vector layer by the dataset's label; nothing where there is none."""
    if generation.dataset.label and generation.dataset.geometry:
        layer.set("labelsEnabled", "1")
        _settings(element(layer, "labeling", type="simple"), generation)


def _settings(parent: Element, generation: Generation) -> None:
    dataset, look = generation.dataset, looks.of(generation)
    settings = element(parent, "settings", calloutType="simple")
    text = element(
        settings,
        "text-style",
        fieldName=dataset.label or dataset.key,
        isExpression="0",
        fontSize=f"{look.letters_pt}",
        fontSizeUnit="Point",
        fontWeight=f"{look.weight}",
        textColor=f"{look.letters},255",
        textOpacity="1",
    )
    element(
        text,
        "text-buffer",
        bufferDraw="1",
        bufferSize="0.8",
        bufferSizeUnits="MM",
        bufferColor=_HALO,
        bufferOpacity="1",
        bufferNoFill="1",
    )
    element(settings, "text-format", autoWrapLength="16", multilineAlign="1", useMaxLineLengthForAutoWrap="1")
    declared = dataset.geometry.type.removeprefix("Multi") if dataset.geometry else ""
    element(
        settings,
        "placement",
        placement=_PLACES.get(declared, "0"),
        centroidWhole="1",
        centroidInside="1",
        priority=f"{look.priority}",
        dist="1.2",
        distUnits="MM",
    )
    found = scales.of(generation)
    element(
        settings,
        "rendering",
        # QGIS means the smallest and the largest denominator
        scaleVisibility="1" if found else "0",
        # the smallest areas are named as far as one zooms in
        scaleMin=f"{found.full if found and look.is_hollow else 0}",
        scaleMax=f"{found.named if found else 0}",
        labelPerPart="0",
        obstacle="0",
        drawLabels="1",
    )
