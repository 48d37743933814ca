"""The script that takes the README's pictures: light files of pages whose map is drawn."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from lab import ROOT, Server
from PIL import Image


@pytest.mark.e2e
def test_the_pictures_are_light_and_show_the_map(demo_server: Server, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("take", ROOT / "docs" / "screenshots" / "take.py")
    assert spec is not None
    assert spec.loader is not None
    take = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(take)
    take.main(demo_server.base, tmp_path)
    pictures = list(tmp_path.glob("*.png"))
    assert len(pictures) == 10
    for file in pictures:
        assert file.stat().st_size < 300_000
    drawn = Image.open(tmp_path / "communes-1280.png").convert("RGB").getcolors(1 << 20)
    assert drawn is not None
    assert len(drawn) > 100
