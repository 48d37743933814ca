"""A request beyond what HTTP servers read is refused as a problem, over a real socket, and the worker goes on."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import orjson
import pytest
from lab import Server

from territoire.web.protocol import MAX_ADDRESS

PROBLEM = "application/problem+json"


def exchange(server: Server, *requests: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Send requests over one connection, one after the other, and return their answers."""
    where = urlsplit(server.base)
    with socket.create_connection((where.hostname, where.port or 80), timeout=30) as connection:
        stream = connection.makefile("rb")
        return [_answer(connection, stream, request) for request in requests]


def _answer(connection: socket.socket, stream: socket.SocketIO, request: bytes) -> tuple[int, dict[str, str], bytes]:
    connection.sendall(request)
    status = int(stream.readline().split()[1])
    headers: dict[str, str] = {}
    while line := stream.readline().strip():
        name, value = line.decode("latin-1").split(":", 1)
        headers[name.lower()] = value.strip()
    return status, headers, stream.read(int(headers.get("content-length", 0)))


def get(target: bytes) -> bytes:
    """Return a GET, which keeps the connection."""
    return b"GET " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n\r\n"


def test_an_address_of_a_megabyte_is_refused_on_every_route_and_the_connection_goes_on(demo_server: Server) -> None:
    before = demo_server.workers()
    paths = demo_server.json("/ogc/openapi")["paths"]
    assert len(paths) > 50
    landing = get(b"/ogc")
    for path in paths:
        target = f"/ogc{path.replace('{', '').replace('}', '')}?q=".encode() + b"x" * 2**20
        (status, headers, body), after = exchange(demo_server, get(target), landing)
        assert (status, headers["content-type"]) == (414, PROBLEM), path
        assert headers["access-control-allow-origin"] == "*"
        assert orjson.loads(body)["status"] == 414
        assert after[0] == 200
    (status, _, _), after = exchange(demo_server, get(b"/ogc/" + b"a" * 2**20), landing)
    assert (status, after[0]) == (414, 200)
    assert demo_server.workers() == before
    assert "Traceback" not in demo_server.log.read_text()


def test_the_longest_address_is_answered_and_a_byte_more_is_not(demo_server: Server) -> None:
    path, name = "/ogc/collections/communes/items", "nom="
    for extra, wanted in ((0, 200), (1, 414)):
        value = "x" * (MAX_ADDRESS - len(path) - len(name) + extra)
        [(status, _, _)] = exchange(demo_server, get(f"{path}?{name}{value}".encode()))
        assert status == wanted


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /ogc\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"BREW /ogc HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /ogc HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /ogc HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_as_a_problem(demo_server: Server, request_bytes: bytes) -> None:
    before = demo_server.workers()
    [(status, headers, body)] = exchange(demo_server, request_bytes)
    assert (status, headers["content-type"], headers["connection"]) == (400, PROBLEM, "close")
    assert orjson.loads(body)["remedy"]
    assert demo_server.workers() == before


def test_a_body_of_a_megabyte_is_refused(demo_server: Server) -> None:
    path = b"/ogc/collections/communes/items"
    head = b"POST " + path + b" HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    body = b"filter=" + b"x" * 2**20
    [(status, headers, _)] = exchange(demo_server, head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert (status, headers["content-type"]) == (413, PROBLEM)
