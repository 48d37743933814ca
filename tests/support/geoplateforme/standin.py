"""The handle that tests hold on the stand-in: its addresses, its switches, what it was asked."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .layers import FEATURE_LAYERS, FeatureLayer

_PATHS = {
    "WFS": "/wfs/ows",
    "WMTS": "/wmts",
    "WMS": "/wms-r",
    "WMS_VECTOR": "/wms-v/ows",
    "TMS": "/tms/1.0.0",
    "CSW": "/csw",
    "ATOM": "/telechargement",
    "SEARCH": "/recherche",
    "GEOCODING": "/geocodage",
    "ALTIMETRY": "/altimetrie",
    "NAVIGATION": "/navigation",
}


@dataclass(frozen=True)
class Seen:
    """A request that the stand-in was asked; `status` is None while it is being answered."""

    time: float
    service: str
    method: str
    url: str
    """Path and parameters."""
    status: int | None


class Geoplateforme:
    """A running stand-in; `close()` ends it."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.layers: dict[str, FeatureLayer] = FEATURE_LAYERS
        package = Path(__file__).parent
        self._process = subprocess.Popen(
            [sys.executable, "-m", package.name + ".process", str(folder), "--port", str(port)],
            cwd=package.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the stand-in of the Géoplateforme did not start: see its messages above")
        ports = json.loads(line)
        self.base = f"http://127.0.0.1:{ports['port']}"
        self.control = f"http://127.0.0.1:{ports['control']}"
        """Where the switches are."""
        self.canary = f"{self.control}/canary"
        """An address of no service: `canary_seen` tells who asked it."""
        self.env = {f"TERRITOIRE_GEOPLATEFORME_{name}_URL": self.base + path for name, path in _PATHS.items()}
        self.pid = self._process.pid

    def vice(self, name: str, value: Any = True, *, service: str | None = None, times: int | None = None) -> None:
        """Turn a vice of `vices.VICES` on, for one service or all, for ever or the next `times` requests."""
        if name == "busy" and times is None:
            # of `busy` the value is the number of requests
            value, times = True, 3 if value is True else int(value)
        self._post("vice", {"name": name, "value": value, "service": service, "times": times})

    def reset(self) -> None:
        """Turn all vices off, forget the quotas and what was asked."""
        self._post("reset", {})

    @property
    def requests(self) -> list[Seen]:
        """What was asked since the last reset, in order."""
        return [Seen(**seen) for seen in self._read("requests")]

    @property
    def canary_seen(self) -> list[str]:
        """The addresses asked of the canary since the last reset."""
        return list(self._read("canary/seen"))

    def close(self) -> None:
        """End the process and wait for it."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _post(self, path: str, content: Any) -> None:
        request = urllib.request.Request(f"{self.control}/{path}", json.dumps(content).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()

    def _read(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.control}/{path}", timeout=60) as answer:
            return json.load(answer)
