"""What tests in a browser share: a page of another site, and the colours of a picture."""

from __future__ import annotations

import io
import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from lab import ROOT
from PIL import Image
from playwright.sync_api import Page

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = Path("/usr/bin/chromium")
WIDTH, HEIGHT = 1400, 1200
HERE = ("http://127.0.0.1:", "blob:", "data:")


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def another_site(folder: Path) -> Generator[str]:
    """Serve a folder on an origin of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def pixels(picture: bytes) -> dict[tuple[int, int, int], int]:
    """Count the colours of a PNG."""
    with Image.open(io.BytesIO(picture)) as opened:
        counted = opened.convert("RGB").getcolors(1 << 24)
    return {colour: count for count, colour in counted or []}


def near(counted: dict[tuple[int, int, int], int], colour: tuple[float, float, float]) -> int:
    """Count the pixels of a colour, give or take a rounding."""
    return sum(n for c, n in counted.items() if max(abs(a - b) for a, b in zip(c, colour, strict=True)) <= 2)


def serious(page: Page) -> list[tuple[str, str, list[str]]]:
    """Return what axe calls serious or critical: rule, meaning, and where."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    # by the protocol of the browser: the content security policy of the pages stays as it is
    page.evaluate(AXE.read_text(encoding="utf-8") + "; null")
    found: list[dict[str, Any]] = page.evaluate("axe.run().then((result) => result.violations)")
    return [
        (fault["id"], fault["help"], [node["html"][:200] for node in fault["nodes"]][:3])
        for fault in found
        if fault["impact"] in {"serious", "critical"}
    ]
