"""Starts the stand-in for people: prints what to export, and runs until Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
import sys
from pathlib import Path

from . import mapserver
from .standin import Geoplateforme
from .vices import VICES


def main() -> None:
    """Keep the data in var/geoplateforme-standin; the first start takes some seconds more."""
    if not mapserver.is_installed():
        sys.exit("MapServer is not installed: run bin/setup --dev, or apt-get install mapserver-bin cgi-mapserver")
    folder = Path(__file__).resolve().parents[3] / "var" / "geoplateforme-standin"
    standin = Geoplateforme(folder, int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    for name, address in standin.env.items():
        print(f"export {name}={address}")
    print(f'# switches: curl -d \'{{"name": "slow", "value": 2}}\' {standin.control}/vice; all off: /reset')
    for name, what in VICES.items():
        print(f"#   {name}: {what}")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):
        signal.sigwait([signal.SIGINT, signal.SIGTERM])
    standin.close()


if __name__ == "__main__":
    main()
