"""The annexes beside the services: styles of the vector tiles."""

from __future__ import annotations

import re

import orjson

from .exchange import Ask, Reply
from .layers import TMS_LAYERS

_COLOURS = {"standard": "#8a5a44", "gris": "#777777", "epure": "#cccccc"}


def answer(ask: Ask) -> Reply:
    """Answer with a MapLibre style, `vectorTiles/styles/{tileset}/{style}.json`."""
    found = re.fullmatch(r"vectorTiles/styles/([\w.]+)/(\w+)\.json", ask.path)
    if found is None or found[1] not in TMS_LAYERS or found[2] not in _COLOURS:
        return Reply("text/html", b"<html><body>404 Not Found</body></html>", 404)
    tileset, colour = found[1], _COLOURS[found[2]]
    base = ask.address.removesuffix("/annexes/ressources")
    style = {
        "version": 8,
        "name": f"{tileset} {found[2]}",
        "sources": {"plan_ign": {"type": "vector", "tiles": [f"{base}/tms/1.0.0/{tileset}/{{z}}/{{x}}/{{y}}.pbf"]}},
        "layers": [
            {"id": name, "type": "line", "source": "plan_ign", "source-layer": name, "paint": {"line-color": colour}}
            for name in TMS_LAYERS[tileset]
        ],
    }
    body = orjson.dumps(style)
    return Reply("application/json", body, headers={"ETag": f'"{tileset}-{found[2]}-{len(body)}"'})
