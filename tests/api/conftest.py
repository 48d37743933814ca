"""Chromium for tests with maps, and the system's GDAL."""

from __future__ import annotations

from collections.abc import Generator

import ogr
import pytest
from browsing import CHROMIUM, HEIGHT, HERE, WIDTH
from playwright.sync_api import Browser, Page, sync_playwright


@pytest.fixture(scope="session")
def gdal() -> tuple[int, int]:
    """Version of the system's GDAL programs; the test is skipped where there are none."""
    return ogr.version()


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """Headless Chromium; the test is skipped where it is not installed.

    Not for the session: while Playwright runs, no other test of this process could use asyncio.run.
    """
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed (make setup-dev)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--enable-unsafe-swiftshader"]
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Generator[Page]:
    """A page whose console stays silent (a breach of the content security policy shows there), and which stays here."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, locale="fr-FR")
    opened = context.new_page()
    faults: list[str] = []
    opened.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("request", lambda asked: faults.append(asked.url) if not asked.url.startswith(HERE) else None)
    yield opened
    context.close()
    assert faults == []
