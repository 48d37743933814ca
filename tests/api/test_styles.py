"""MapLibre opens the style sheets of our tiles by their address alone, from a page of another site."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from browsing import another_site, near, pixels
from clients import source, watch
from lab import ROOT, Lab, Server
from playwright.sync_api import Page

VENDOR = ROOT / "territoire" / "web" / "static" / "vendor"
MEDIA = "application/vnd.mapbox.style+json"
#: What somebody who knows nothing but the address writes.
PAGE = """<!doctype html><meta charset="utf-8"><title>Ailleurs</title><link rel="icon" href="data:,">
<style>html, body, #map {{ margin: 0; height: 100% }}</style><div id="map"></div>
<script type="module">
import * as maplibregl from "./maplibre-gl.mjs";
window.faults = [];
window.map = new maplibregl.Map({{ container: "map", style: "{style}", fadeDuration: 0, attributionControl: false }});
map.on("error", (event) => faults.push(String(event.error)));
map.once("idle", () => {{ document.documentElement.dataset.map = "idle"; }});
</script>"""


def _open(page: Page, folder: Path, server: Server, style: str) -> list[Any]:
    """Return the layers and names of what MapLibre draws of a sheet; nothing may have gone wrong."""
    shutil.copytree(VENDOR, folder, dirs_exist_ok=True)
    (folder / "index.html").write_text(PAGE.format(style=f"{server.base}{style}"))
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    with another_site(folder) as site, watch(server) as traffic:
        page.goto(site)
        page.wait_for_selector('html[data-map="idle"]')
    assert traffic.failed == []
    assert page.evaluate("faults") == []
    assert [text for text in said if "error" in text.lower()] == []
    drawn: list[Any] = page.evaluate("map.queryRenderedFeatures().map((f) => [f.layer.id, f.properties.nom])")
    return drawn


def test_the_sheet_of_a_collection_draws_all_of_it(demo: Lab, demo_server: Server, page: Page, tmp_path: Path) -> None:
    drawn = _open(page, tmp_path, demo_server, "/styles/communes.json")
    names = {row["nom"] for row in source(demo.registry.get("communes")).rows.values()}
    assert {name for layer, name in drawn if layer == "communes-fill"} == names
    assert {name for layer, name in drawn if layer == "communes-outline"} == names
    counted = pixels(page.locator("canvas.maplibregl-canvas").screenshot())
    (fill,) = [one["paint"]["fill-color"] for one in demo_server.json("/styles/communes.json")["layers"][:1]]
    tint = tuple(0.18 * part + 0.82 * 255 for part in bytes.fromhex(fill[1:]))
    assert 0.03 < near(counted, tint) / sum(counted.values()) < 0.7


def test_one_sheet_draws_the_collections_that_are_chosen(
    demo: Lab, demo_server: Server, page: Page, tmp_path: Path
) -> None:
    drawn = _open(page, tmp_path, demo_server, "/styles.json?collections=region,departements")
    for name in ("region", "departements"):
        wanted = {row["nom"] for row in source(demo.registry.get(name)).rows.values()}
        assert {nom for layer, nom in drawn if layer.startswith(f"{name}-")} == wanted
    assert {layer.split("-")[0] for layer, _ in drawn} == {"region", "departements"}


@pytest.mark.parametrize(
    ("document", "style"),
    [
        ("/ogc/collections/communes", "/styles/communes.json"),
        ("/ogc/collections/communes/tiles/WebMercatorQuad", "/styles/communes.json"),
        ("/ogc/tiles/WebMercatorQuad?collections=communes,epci", "/styles.json?collections=communes,epci"),
    ],
)
def test_documents_link_the_sheet_and_it_is_what_they_say(demo_server: Server, document: str, style: str) -> None:
    (found,) = [one for one in demo_server.json(document)["links"] if one["rel"] == "stylesheet"]
    assert (found["href"], found["type"]) == (f"{demo_server.base}{style}", MEDIA)
    status, headers, _ = demo_server.get(style)
    assert (status, headers["content-type"]) == (200, MEDIA)
    assert demo_server.get(style, If_None_Match=headers["etag"])[0] == 304


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/styles/nothing.json", 404),
        ("/styles/communes.json?collections=epci", 400),
        ("/styles.json?collections=nothing", 400),
        ("/styles.json?f=sld", 400),
    ],
)
def test_what_has_no_sheet_is_refused(demo_server: Server, path: str, status: int) -> None:
    found, headers, _ = demo_server.get(path)
    assert (found, headers["content-type"]) == (status, "application/problem+json")
