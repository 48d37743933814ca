"""A small HTTP server on loopback whose answers a test decides, one function for each request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What the server says: the body may be pieces, to be slow or endless."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pieces: Any = None
    is_cut: bool = False


class Loopback:
    """The server: `answer` decides, `seen` holds (time, method, path with parameters, headers)."""

    def __init__(self) -> None:
        self.answer: Callable[[str], Reply] = lambda _: Reply(b"ok", headers={"Content-Type": "text/plain"})
        self.seen: list[tuple[float, str, str, dict[str, str]]] = []
        self.bodies: list[bytes] = []
        self.url = ""


@contextmanager
def loopback() -> Generator[Loopback]:
    """Run a server for the length of a block."""
    state = Loopback()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _reply(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            state.bodies.append(self.rfile.read(length))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.seen.append((time.monotonic(), self.command, self.path, headers))
            reply = state.answer(self.path)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.pieces is not None:
                self.send_header("Connection", "close")
                self.end_headers()
                try:
                    for piece in reply.pieces:
                        self.wfile.write(piece)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # the client had enough, which is what such a test wants
                self.close_connection = True
                return
            self.send_header("Content-Length", str(len(reply.body) + (1 if reply.is_cut else 0)))
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = self.close_connection or reply.is_cut

        do_GET = do_POST = _reply

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
