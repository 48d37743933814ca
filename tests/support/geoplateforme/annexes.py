"""The annexes beside the services: styles of the vector tiles."""

from __future__ import annotations

import base64
import re

import orjson

from .exchange import Ask, Reply
from .layers import TMS_LAYERS

_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
_COLOURS = {"standard": "#8a5a44", "gris": "#777777", "epure": "#cccccc"}
_FOLDER = "vectorTiles/styles/PLAN.IGN/sprite/signes"
#: A sheet of signs of one transparent pixel.
_SIGNS = {
    f"{_FOLDER}{scale}.{form}": body
    for scale in ("", "@2x")
    for form, body in (("json", b"{}"), ("png", base64.b64decode(_PIXEL)))
}


def answer(ask: Ask) -> Reply:
    """Answer with a MapLibre style, `vectorTiles/styles/{tileset}/{style}.json`."""
    if ask.path in _SIGNS or re.fullmatch(r"vectorTiles/fonts/[^/]+/0-255\.pbf", ask.path):
        media = {"json": "application/json", "png": "image/png"}.get(
            ask.path.rpartition(".")[2], "application/x-protobuf"
        )
        return Reply(media, _SIGNS.get(ask.path, b""))
    found = re.fullmatch(r"vectorTiles/styles/([\w.]+)/(\w+)\.json", ask.path)
    if found is None or found[1] not in TMS_LAYERS or found[2] not in _COLOURS:
        return Reply("text/html", b"<html><body>404 Not Found</body></html>", 404)
    tileset, colour = found[1], _COLOURS[found[2]]
    base = ask.address.removesuffix("/annexes/ressources")
    style = {
        "version": 8,
        "name": f"{tileset} {found[2]}",
        "glyphs": f"{ask.address}/vectorTiles/fonts/{{fontstack}}/{{range}}.pbf",
        "sprite": f"{ask.address}/vectorTiles/styles/{tileset}/sprite/signes",
        "sources": {"plan_ign": {"type": "vector", "tiles": [f"{base}/tms/1.0.0/{tileset}/{{z}}/{{x}}/{{y}}.pbf"]}},
        "layers": [
            {"id": name, "type": "line", "source": "plan_ign", "source-layer": name, "paint": {"line-color": colour}}
            for name in TMS_LAYERS[tileset]
        ],
    }
    body = orjson.dumps(style)
    return Reply("application/json", body, headers={"ETag": f'"{tileset}-{found[2]}-{len(body)}"'})
