"""The stand-in as a process: the front on one port, its switches on another, until standard input is closed."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import shutil
import socket
import struct
import sys
import threading
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import data, mapfiles
from .front import Front

_WAIT_S = 15


class Listener:
    """An application on a port of loopback that may be closed and opened again."""

    def __init__(self, port: int = 0) -> None:
        self.app: Any = None
        self._socket = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._ends = threading.Event()

    def open(self) -> None:
        """Serve the application."""
        if self._socket.fileno() == -1:
            self._socket = _listen(self.port)
        config = uvicorn.Config(self.app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._run(self._server.run, [self._socket])

    def close(self, *, resets: bool = False) -> None:
        """Serve no more: refuse connections, or reset each one."""
        self._ends.set()
        if self._server:
            self._server.should_exit = True
        if self._thread:
            self._thread.join(_WAIT_S)
        self._server, self._thread = None, None
        self._socket.close()
        if resets:
            self._socket = _listen(self.port)
            self._run(self._reset)

    def _run(self, target: Any, *arguments: Any) -> None:
        self._ends.clear()
        self._thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._thread.start()

    def _reset(self) -> None:
        self._socket.settimeout(0.1)
        while not self._ends.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._socket.accept()
                # a linger of 0 seconds makes the close a reset
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()


def _listen(port: int) -> socket.socket:
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind(("127.0.0.1", port))
    found.listen(256)
    return found


class Control:
    """The switches, over HTTP."""

    def __init__(self, front: Front, listener: Listener) -> None:
        self._front = front
        self._listener = listener
        self._down: str | None = None
        self.canary_seen: list[str] = []

    def application(self) -> Starlette:
        """Return the routes of the switches."""
        return Starlette(
            routes=[
                Route("/vice", self._vice, methods=["POST"]),
                Route("/reset", self._reset, methods=["POST"]),
                Route("/requests", self._requests),
                Route("/canary", self._canary, methods=["GET", "POST"]),
                Route("/canary/seen", lambda _: JSONResponse(self.canary_seen)),
            ]
        )

    async def _vice(self, request: Request) -> Response:
        asked = await request.json()
        if asked["name"] == "down":
            await run_in_threadpool(self._go, "refused" if asked.get("value", True) is True else asked["value"] or None)
        else:
            self._front.switches.set(asked["name"], asked.get("value", True), asked.get("service"), asked.get("times"))
        return JSONResponse({})

    async def _reset(self, _: Request) -> Response:
        self._front.switches.reset()
        self._front.quotas.reset()
        self._front.seen.clear()
        self.canary_seen.clear()
        await run_in_threadpool(self._go, None)
        return JSONResponse({})

    def _go(self, down: str | None) -> None:
        if down == self._down:
            return
        self._listener.close(resets=down == "reset")
        if down is None:
            self._listener.open()
        self._down = down

    async def _requests(self, _: Request) -> Response:
        return JSONResponse(list(self._front.seen))

    async def _canary(self, request: Request) -> Response:
        self.canary_seen.append(str(request.url))
        return Response("the canary: nobody should have asked this")


def prepare(folder: Path) -> None:
    """Make the data and the files of MapServer; those that another version of this code made are made again."""
    code = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        code.update(file.read_bytes())
    mark = folder / "made-by"
    if mark.exists() and mark.read_text() == code.hexdigest():
        return
    if any((folder / name).exists() for name in (data.FEATURES, "mapserver.conf")):
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data.build(folder)
    mapfiles.write(folder)
    # last, so that what was cut short is made again
    mark.write_text(code.hexdigest())


def main() -> None:
    """Start both servers, print their ports as JSON, and wait for the end of standard input."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    switchboard, listener = Listener(), Listener(given.port)
    prepare(given.folder)
    front = Front(given.folder, canary=f"http://127.0.0.1:{switchboard.port}/canary")
    listener.app = front
    switchboard.app = Control(front, listener).application()
    listener.open()
    switchboard.open()
    print(json.dumps({"port": listener.port, "control": switchboard.port}), flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        sys.stdin.read()
    listener.close()
    switchboard.close()


if __name__ == "__main__":
    main()
