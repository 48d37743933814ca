"""Sources at an address: what is fetched, tried again, or refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import stamina
from lab import LIEUX, Lab, row, write

from etl import ledger
from territoire.core import http
from territoire.core.errors import SourceError

Answer = Callable[[BaseHTTPRequestHandler, int], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    """Serve an answer on loopback; it is told how many requests came before."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            count = 0

            def do_GET(self) -> None:
                Handler.count += 1
                answer(self, Handler.count - 1)

            def log_message(self, format: str, *args: object) -> None:
                """Keep quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/lieux.gpkg"

    stamina.set_testing(True, attempts=3)
    yield start
    stamina.set_testing(False)
    for server in servers:
        server.shutdown()
        server.server_close()


def send(handler: BaseHTTPRequestHandler, body: bytes, *, status: int = 200, length: int | None = None) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.send_header("ETag", '"one"')
    handler.end_headers()
    handler.wfile.write(body)


def test_a_dataset_is_loaded_from_an_address_and_the_ledger_says_whence(
    lab: Lab, serve: Callable[[Answer], str]
) -> None:
    body = write(lab.folder / "x.gpkg", [row(n) for n in range(5)]).read_bytes()
    url = serve(lambda handler, _: send(handler, body))
    lab.declare(source={**LIEUX["source"], "kind": "http", "url": url})
    assert lab.load("lieux").rows == 5
    assert lab.load("lieux").status == "unchanged"
    with lab.connect() as connection:
        found = connection.execute("select url, etag, bytes, licence from etl.files where run = 1").fetchone()
        assert ledger.history(connection, "lieux")[0].status == "unchanged"
    assert found == (url, '"one"', len(body), "Licence Ouverte / Open Licence 2.0 (Etalab)")


def test_a_server_that_is_busy_is_asked_again(tmp_path: Path, serve: Callable[[Answer], str]) -> None:
    url = serve(lambda handler, before: send(handler, b"body", status=503 if before < 2 else 200))
    got = http.download(url, tmp_path / "x", progress=lambda *_: None)
    assert ((tmp_path / "x").read_bytes(), got.bytes) == (b"body", 4)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda handler, _: send(handler, b"cut", length=1000), "lieux.gpkg"),
        (lambda handler, _: send(handler, b"", status=404), "answers 404"),
        (lambda handler, _: send(handler, b"", status=500), "answers 500"),
    ],
)
def test_what_is_cut_short_or_refused_is_no_source(
    tmp_path: Path, serve: Callable[[Answer], str], answer: Answer, said: str
) -> None:
    with pytest.raises(SourceError, match=said):
        http.download(serve(answer), tmp_path / "x", progress=lambda *_: None)


def test_an_address_where_nobody_listens_is_no_source(tmp_path: Path, serve: Callable[[Answer], str]) -> None:
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:1"):
        http.download("http://127.0.0.1:1/x.gpkg", tmp_path / "x", progress=lambda *_: None)


def test_an_empty_answer_is_no_source(lab: Lab, serve: Callable[[Answer], str]) -> None:
    url = serve(lambda handler, _: send(handler, b""))
    lab.declare(source={**LIEUX["source"], "kind": "http", "url": url})
    with pytest.raises(SourceError, match="empty"):
        lab.load("lieux")
