"""Takes the pictures of docs/screenshots with headless Chromium; starts no server: give it an address."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import BrowserContext, sync_playwright

_FOLDER = Path(__file__).parent
_PAGES = {
    "accueil": "/",
    "recherche": "/?q=saint+remy",
    "communes": "/ogc/collections/communes",
    "liste": "/ogc/collections/communes/items",
    "commune": "/ogc/collections/communes/items/13055",
}
_SIZES = {1280: 900, 390: 844}
_IDLE_MS = 30_000
#: Names are placed once the map is idle, and drawn in the next frames.
_SETTLED_MS = 800
_COLOURS = 255


def main(base: str, folder: Path = _FOLDER) -> None:
    """Write a picture a page and width into `folder`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--enable-unsafe-swiftshader"]
        )
        for width, height in _SIZES.items():
            context = browser.new_context(viewport={"width": width, "height": height}, locale="fr-FR")
            for name, path in _PAGES.items():
                _write(folder / f"{name}-{width}.png", _take(context, base.rstrip("/") + path))
            context.close()
        browser.close()


def _take(context: BrowserContext, address: str) -> bytes:
    page = context.new_page()
    page.goto(address)
    if page.locator("[data-map]").count():
        page.wait_for_selector('html[data-map="idle"]', timeout=_IDLE_MS)
        page.wait_for_timeout(_SETTLED_MS)
    picture = page.screenshot(full_page=address.endswith("/"))
    page.close()
    return picture


def _write(file: Path, picture: bytes) -> None:
    """Keep the file light: these pages have few colours."""
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(_COLOURS).save(file, optimize=True)
    print(f"{file.name}  {file.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main(sys.argv[1])
