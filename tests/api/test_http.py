"""HTTP conduct: conditional requests, encodings, methods, addresses behind proxies."""

from __future__ import annotations

import gzip
import http.client
import urllib.parse
import zlib

import brotli
import orjson
import pytest
import zstandard
from lab import Lab, Server, row, wait_until, write

ITEMS = "/ogc/collections/communes/items"
PATHS = [
    "/",
    "/ogc",
    "/ogc/openapi",
    "/ogc/conformance",
    "/ogc/collections",
    "/ogc/collections/communes",
    f"{ITEMS}?limit=5",
    f"{ITEMS}?bbox=5,43,5.5,43.5&f=html",
    f"{ITEMS}/13055",
    "/ogc/collections/communes/tiles",
    "/tiles/communes.json",
    "/tiles/communes/8/132/93.mvt",
]


def ask(server: Server, method: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Send one request as it is written, without what a client library adds."""
    address = urllib.parse.urlsplit(server.base)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("path", PATHS)
def test_what_a_client_has_is_confirmed_without_a_body(demo_server: Server, path: str) -> None:
    status, headers, body = ask(demo_server, "GET", path)
    assert (status, bool(body)) == (200, True)
    assert headers["etag"].startswith('W/"')
    assert "cache-control" in headers
    for given in (headers["etag"], f'"other", {headers["etag"]}', headers["etag"].removeprefix("W/")):
        status, again, body = ask(demo_server, "GET", path, If_None_Match=given)
        assert (status, body, again["etag"]) == (304, b"", headers["etag"])
    assert ask(demo_server, "GET", path, If_None_Match='"other"')[0] == 200


def test_another_language_format_or_page_has_another_tag(demo_server: Server) -> None:
    asked = [
        {"path": "/ogc/collections/communes"},
        {"path": "/ogc/collections/communes", "Accept_Language": "en"},
        {"path": "/ogc/collections/communes", "Accept": "text/html"},
        {"path": "/ogc/collections/communes?lang=en"},
        {"path": f"{ITEMS}?limit=5"},
        {"path": f"{ITEMS}?limit=6"},
        {"path": f"{ITEMS}?limit=5", "Accept_Language": "en"},
    ]
    tags = [ask(demo_server, "GET", **one)[1]["etag"] for one in asked]
    assert len(set(tags)) == len(tags)


TILE = "/tiles/communes/8/132/93.mvt"
TILES = [TILE, "/ogc/collections/communes/tiles/WebMercatorQuad/8/93/132", "/tiles/8/132/93.mvt?collections=communes"]


@pytest.mark.parametrize("path", TILES)
def test_a_tile_has_one_tag_whatever_the_host_the_language_and_the_proxy(demo_server: Server, path: str) -> None:
    asked = [
        {},
        {"Host": "geo.example.org"},
        {"Accept_Language": "en"},
        {"X_Forwarded_Host": "x.org"},
        {"Accept": "*/*"},
    ]
    found = [ask(demo_server, "GET", path, **headers) for headers in asked]
    assert {status for status, _, _ in found} == {200}
    assert len({body for _, _, body in found}) == 1
    (tag,) = {headers["etag"] for _, headers, _ in found}
    status, headers, _ = ask(demo_server, "GET", path, Host="geo.example.org", If_None_Match=tag)
    assert (status, headers["vary"]) == (304, "Accept-Encoding")
    assert ask(demo_server, "GET", path.replace("/93", "/92"))[1]["etag"] != tag


def test_a_publication_changes_the_tags_of_its_own_tiles_alone(lab: Lab) -> None:
    for name in ("lieux", "autres"):
        lab.declare(id=name)
        lab.load(name, write(lab.folder / f"{name}.gpkg", [row(n) for n in range(5)]))
    with lab.serve() as server:
        kept = server.json("/tiles/autres.json")["tiles"][0].removeprefix(server.base).format(z=0, x=0, y=0)
        old = server.json("/tiles/lieux.json")["tiles"][0].removeprefix(server.base).format(z=0, x=0, y=0)
        same = [kept, old, "/tiles/autres/0/0/0.mvt", "/tiles/0/0/0.mvt?collections=autres"]
        changed = ["/tiles/lieux/0/0/0.mvt", "/tiles/0/0/0.mvt", "/tiles/0/0/0.mvt?collections=lieux"]
        before = {path: ask(server, "GET", path)[1]["etag"] for path in [*same, *changed]}
        lab.load("lieux", lab.folder / "autres.gpkg", force=True)

        def after(paths: list[str]) -> list[int]:
            return [ask(server, "GET", path, If_None_Match=before[path])[0] for path in paths]

        wait_until(lambda: after(changed) == [200] * 3, seconds=3, what="new tags")
        assert after(same) == [304] * 4


def test_a_publication_changes_the_tags(lab: Lab) -> None:
    lab.declare()
    write(lab.datasets / "lieux.gpkg", [row(n) for n in range(5)])
    lab.load("lieux")
    paths = ["/ogc/collections", "/ogc/collections/lieux/items", "/ogc/collections/lieux/items/L000001", "/?lang=fr"]
    with lab.serve() as server:
        before = [ask(server, "GET", path)[1]["etag"] for path in paths]
        lab.load("lieux", force=True)

        def changed() -> bool:
            return all(
                ask(server, "GET", path, If_None_Match=tag)[0] == 200 for path, tag in zip(paths, before, strict=True)
            )

        wait_until(changed, seconds=3, what="new tags")


@pytest.mark.parametrize(
    ("accept", "encoding", "decode"),
    [
        ("gzip", "gzip", gzip.decompress),
        ("br", "br", brotli.decompress),
        ("zstd", "zstd", lambda body: zstandard.ZstdDecompressor().decompress(body)),
        ("gzip, deflate, br, zstd", "zstd", lambda body: zstandard.ZstdDecompressor().decompress(body)),
        ("zstd;q=0.1, gzip;q=0.9", "gzip", gzip.decompress),
        ("*", "zstd", lambda body: zstandard.ZstdDecompressor().decompress(body)),
    ],
)
def test_an_answer_comes_in_the_encoding_that_the_client_prefers(
    demo_server: Server, accept: str, encoding: str, decode: object
) -> None:
    assert callable(decode)
    for path in ("/ogc/openapi", f"{ITEMS}?limit=50&f=json", "/", "/tiles/communes/8/132/93.mvt"):
        _, plain_headers, plain = ask(demo_server, "GET", path, Accept_Encoding="identity")
        status, headers, body = ask(demo_server, "GET", path, Accept_Encoding=accept)
        assert (status, headers["content-encoding"]) == (200, encoding)
        assert int(headers["content-length"]) == len(body) < len(plain)
        assert "Accept-Encoding" in headers["vary"]
        assert "content-encoding" not in plain_headers
        if "items" not in path:  # items say the time
            assert decode(body) == plain


@pytest.mark.parametrize("accept", ["", "identity", "gzip;q=0", "br;q=0, *;q=0", "snappy"])
def test_an_answer_comes_as_it_is_where_no_encoding_is_wanted(demo_server: Server, accept: str) -> None:
    status, headers, body = ask(demo_server, "GET", "/ogc/openapi", Accept_Encoding=accept)
    assert (status, "content-encoding" in headers) == (200, False)
    assert orjson.loads(body)["openapi"] == "3.0.3"
    with pytest.raises(zlib.error):
        zlib.decompress(body)


@pytest.mark.parametrize("path", [*PATHS, "/ogc/nowhere", "/health/live"])
def test_head_options_and_cors_work_everywhere(demo_server: Server, path: str) -> None:
    status, headers, _ = ask(demo_server, "GET", path)
    same, head, body = ask(demo_server, "HEAD", path)
    assert (same, body) == (status, b"")
    assert head["content-type"] == headers["content-type"]
    assert abs(int(head["content-length"]) - int(headers["content-length"])) < 5
    status, headers, body = ask(demo_server, "OPTIONS", path, Origin="https://maps.example.org")
    assert (status, body) == (204, b"")
    assert "GET" in headers["access-control-allow-methods"]
    _, headers, _ = ask(demo_server, "GET", path, Origin="https://maps.example.org")
    assert headers["access-control-allow-origin"] == "*"
    assert {"ETag", "Link", "Content-Crs"} <= set(headers["access-control-expose-headers"].split(", "))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
def test_another_method_is_refused_with_those_that_there_are(demo_server: Server, method: str) -> None:
    for path in ("/ogc", "/ogc/collections/communes", "/tiles/communes.json"):
        status, headers, body = ask(demo_server, method, path)
        assert (status, headers["content-type"]) == (405, "application/problem+json")
        assert "GET" in headers["allow"]
        assert orjson.loads(body)["status"] == 405


@pytest.mark.parametrize(
    "path", ["/ogc/", "/ogc/collections/", "/ogc/collections/communes/", f"{ITEMS}/", "/ogc/openapi/"]
)
def test_a_slash_at_the_end_does_not_matter(demo_server: Server, path: str) -> None:
    assert ask(demo_server, "GET", path)[0] == 200


@pytest.mark.parametrize(
    ("accept", "status", "media"),
    [
        ("application/geo+json, text/html;q=0.1", 200, "application/geo+json"),
        ("text/html, application/geo+json;q=0.9", 200, "text/html"),
        ("text/html;q=0", 406, "application/problem+json"),
        ("text/html;q=0, */*", 200, "application/geo+json"),
        ("*/*", 200, "application/geo+json"),
        ("application/*", 200, "application/geo+json"),
        ("application/json", 200, "application/geo+json"),
        ("image/png", 406, "application/problem+json"),
        ("text/html;q=nonsense", 200, "text/html"),
        (";;;,,", 406, "application/problem+json"),
    ],
)
def test_accept_is_read_with_its_quality_values(demo_server: Server, accept: str, status: int, media: str) -> None:
    found, headers, _ = ask(demo_server, "GET", f"{ITEMS}?limit=1", Accept=accept)
    assert (found, headers["content-type"].split(";")[0]) == (status, media)


def link_of(server: Server, **headers: str) -> str:
    return str(orjson.loads(ask(server, "GET", "/ogc", **headers)[2])["links"][0]["href"])


def test_forwarded_headers_are_believed_from_trusted_proxies_only(demo: Lab, demo_server: Server) -> None:
    forwarded = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "geo.example.org", "X_Forwarded_Prefix": "/sud"}
    assert link_of(demo_server, **forwarded) == f"{demo_server.base}/ogc"
    with demo.serve(TERRITOIRE_TRUSTED_PROXIES="127.0.0.0/8, ::1") as server:
        assert link_of(server, **forwarded) == "https://geo.example.org/sud/ogc"
        assert link_of(server) == f"{server.base}/ogc"
        assert ask(server, "GET", "/ogc", X_Forwarded_Host="a b/<script>")[0] == 400
        assert ask(server, "GET", "/ogc", X_Forwarded_Proto="javascript")[0] == 400
    with demo.serve(TERRITOIRE_PUBLIC_URL="https://territoire.example.org/geo") as server:
        assert link_of(server, **forwarded) == "https://territoire.example.org/geo/ogc"
        page = ask(server, "GET", f"{ITEMS}?f=html")[2].decode()
        assert 'href="/geo/ogc/collections/communes' in page
