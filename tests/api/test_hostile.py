"""Every parameter of every route of the served API definition, with what an attacker would send.

A 4xx problem, never a 5xx, never a statement that runs long, and the same processes afterwards.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
import pytest
from lab import Lab, Server, row, write

from territoire.core.database import STATEMENT_TIMEOUT_MS

PROBLEM = "application/problem+json"
COLUMNS = [
    {"name": "code", "type": "text", "title": {"fr": "Code"}, "nullable": False},
    *(
        {"name": f"un_{kind}", "type": kind, "title": {"fr": kind}}
        for kind in ("text", "integer", "bigint", "number", "boolean", "date", "timestamp")
    ),
]
ROWS = [{"code": f"L{n}", "geom": row(n)["geom"], **{c["name"]: None for c in COLUMNS[1:]}} for n in range(5)]
#: Percent-encoded already where bytes matter.
HOSTILE = {
    "sql": quote("'; drop table data.lieux__g1; --"),
    "sql in a name": quote('un_text"; drop table data.lieux__g1; --'),
    "always true": quote("x' OR '1'='1"),
    "union": quote("code) union select usename from pg_user --"),
    "sleep": "pg_sleep(10)",
    "sleep in sql": quote("'||pg_sleep(10)||'"),
    "sleep compared": quote("pg_sleep(10) = 1"),
    "files": quote("pg_read_file('/etc/passwd') = 'x'"),
    "nul": "a%00b",
    "overlong utf-8": "%C0%AF%E0%80%AF",
    "half a character": "%ED%A0%80",
    "a megabyte": "x" * 2**20,
    "parentheses": "(" * 3000 + "1" + ")" * 3000,
    "open parentheses": "(" * 3000,
    "not": quote("NOT " * 3000 + "TRUE"),
    "functions": "casei(" * 3000 + "code" + ")" * 3000,
    "minus": "un_integer=" + "-" * 3000 + "1",
    "json": quote("[" * 3000 + "]" * 3000),
    "json operations": quote('{"op":"not","args":[' * 1000 + "true" + "]}" * 1000),
    "too large": "1e309",
    "too large, negative": "-1e309",
    "not a number": "nan",
    "half a date": "2026-01",
    "half a time": "2026-01-01T12",
    "no such day": "2026-02-30/..",
    "five numbers": "5,43,6,44,9",
    "six numbers": "5,44,1,6,43,0",
    "a huge integer": "9" * 4000,
    "script": quote("</script><script>alert(1)</script>"),
    "path": quote("../../../etc/passwd", safe=""),
    "format": "{0.__class__}%25s%25n",
    "twice": "1&{name}=2",
}
NAMES = frozenset(str(column["name"]) for column in COLUMNS)
#: Where such a text is one like any other, and finds nothing.
TEXTS = frozenset({"code", "un_text"})


@pytest.fixture(scope="module")
def server(new_database: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A column of every type, with shapes and without."""
    lab = Lab(new_database(), tmp_path_factory.mktemp("hostile"))
    changed = {"columns": COLUMNS, "label": "un_text", "time": {"start": "un_date"}}
    lab.declare(**changed)
    lab.load("lieux", write(lab.folder / "lieux.gpkg", ROWS))
    lab.declare(id="registre", geometry=None, checks={"min_rows": 1}, **changed)
    lab.load("registre", write(lab.folder / "registre.gpkg", ROWS))
    with lab.serve() as running:
        yield running


@dataclass(frozen=True)
class Route:
    """A path of the definition with its placeholders, and the names of its query parameters."""

    path: str
    placeholders: dict[str, str]
    names: tuple[str, ...]

    def filled(self, **changed: str) -> str:
        """Return the path with values in its placeholders."""
        return "/ogc" + self.path.format(**{**self.placeholders, **changed})


#: Values that each placeholder of the definition has somewhere.
HONEST = {
    "featureId": "L1",
    "tileMatrixSetId": "WebMercatorQuad",
    "tileMatrix": "8",
    "tileRow": "93",
    "tileCol": "131",
    "processID": "zone-statistics",
    "jobID": "00000000-0000-4000-8000-000000000000",
}


def routes(server: Server) -> list[Route]:
    """Read routes and parameters from the served definition."""
    definition = server.json("/ogc/openapi")
    shared = definition["components"]["parameters"]
    found = []
    for path, operations in definition["paths"].items():
        if "get" not in operations:
            continue  # an execution is a POST: tests/api/test_processes.py
        listed = [shared[p["$ref"].rsplit("/", 1)[1]] if "$ref" in p else p for p in operations["get"]["parameters"]]
        placeholders = {p["name"]: HONEST[p["name"]] for p in listed if p["in"] == "path"}
        found.append(Route(path, placeholders, tuple(p["name"] for p in listed if p["in"] == "query")))
    assert len(found) > 20
    assert {"filter", "bbox", "sortby", "un_timestamp"} <= {name for route in found for name in route.names}
    return found


class Client:
    """One connection that is kept, as a browser's is."""

    def __init__(self, server: Server) -> None:
        where = urlsplit(server.base)
        self._connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=30)
        self.slowest = 0.0

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def ask(
        self, target: str, *, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[int, str, bytes]:
        """Return status, media type and body; every refusal is a problem."""
        named = {"Accept": "application/json, */*;q=0.1", **{k.replace("_", "-"): v for k, v in headers.items()}}
        began = time.monotonic()
        self._connection.request(method, target, body=body, headers=named)
        answer = self._connection.getresponse()
        content = answer.read()
        self.slowest = max(self.slowest, time.monotonic() - began)
        media = answer.headers.get("content-type", "")
        assert answer.status < 500, (target[:300], content[:300])
        if answer.status >= 400:
            assert media == PROBLEM, (target[:300], content[:300])
            assert orjson.loads(content)["status"] == answer.status
        return answer.status, media, content


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """A client; afterwards the server is as it was: same processes, nothing fell, nothing took long, all rows there."""
    before = server.workers()
    asking = Client(server)
    yield asking
    asking.close()
    assert server.workers() == before
    said = server.log.read_text()
    assert "Traceback" not in said
    assert "request_failed" not in said
    assert asking.slowest < STATEMENT_TIMEOUT_MS / 1000 / 2
    for name in ("lieux", "registre"):
        assert server.json(f"/ogc/collections/{name}/items")["numberMatched"] == len(ROWS)


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_parameter_of_any_route_takes_it(kind: str, server: Server, client: Client) -> None:
    asked = 0
    for route in routes(server):
        for name in (*route.names, "nonsense"):
            value = HOSTILE[kind].replace("{name}", name)
            status, media, body = client.ask(f"{route.filled()}?{name}={value}")
            asked += 1
            if status < 400 and (kind, name) != ("a huge integer", "limit"):  # that one is clamped
                # of a column that is named twice both values must hold, and so nothing is found
                assert name in (NAMES if kind == "twice" else TEXTS), (route.path, name, status)
                assert "json" not in media or orjson.loads(body)["features"] == []
    assert asked > 100


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_part_of_any_path_takes_it(kind: str, server: Server, client: Client) -> None:
    value = HOSTILE[kind].replace("&", "%26").replace("/", "%2F").replace("{name}", "x")
    for route in routes(server):
        for name in route.placeholders:
            status, _, _ = client.ask(route.filled(**{name: value}))
            assert status in {400, 404, 414}, (route.path, name)
    for path in ("/ogc/collections/{}", "/ogc/collections/{}/items", "/tiles/{}.json", "/qgis/{}.qlr", "/{}"):
        assert client.ask(path.format(value))[0] in {400, 404, 414}


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_body_takes_it(kind: str, server: Server, client: Client) -> None:
    value = HOSTILE[kind]
    for name in ("lieux", "registre"):
        items = f"/ogc/collections/{name}/items"
        for field in ("filter", "bbox", "sortby", "nonsense"):
            form = {"Content_Type": "application/x-www-form-urlencoded"}
            body = f"{field}={value.replace('{name}', field)}".encode()
            assert client.ask(items, method="POST", body=body, **form)[0] in {400, 413}, field
        for media in ("application/json", "application/query-cql2+json", "text/plain", ""):
            status, _, _ = client.ask(items, method="POST", body=value.encode(), Content_Type=media)
            assert status in {400, 413, 415}


def test_who_takes_no_form_gets_a_406_on_every_route(server: Server, client: Client) -> None:
    for route in routes(server):
        for accept in ("text/html;q=0", "*/*;q=0"):
            assert client.ask(route.filled(), Accept=accept)[:2] == (406, PROBLEM), (route.path, accept)


INJECTED = [
    "?filter=" + quote('"code""; drop table data.lieux__g1; --" = \'x\''),
    "?filter=" + quote("code = 'x''; drop table data.lieux__g1; --'"),
    "?filter=" + quote("code LIKE '%''; select pg_sleep(10); --'"),
    "?filter=" + quote("code IN ('x'') or true; --', 'y')"),
    "?filter=" + quote("CASEI(code) = CASEI(''' or pg_sleep(10)::text = ''')"),
    "?filter=" + quote("pg_sleep(10) = 1"),
    "?filter=" + quote('"pg_sleep"(10) = 1'),
    "?filter=" + quote("public.st_sleep(10) = 1"),
    "?filter=" + quote("current_user = 'reader'"),
    "?filter=" + quote("T_AFTER(un_date, DATE('2026-01-01''::date; drop table x; --'))"),
    "?filter-lang=cql-text&filter=" + quote("code ILIKE 'x''; drop table data.lieux__g1; --'"),
    "?filter-lang=cql2-json&filter=" + quote('{"op":"; drop table x; --","args":[1,2]}'),
    "?filter-lang=cql2-json&filter=" + quote('{"op":"=","args":[{"property":"code\\" = code or \\"code"},"x"]}'),
    "?filter-lang=cql2-json&filter=" + quote('{"op":"=","args":[{"property":"code"},"x\' or true; --"]}'),
    "?sortby=" + quote('code" desc; drop table data.lieux__g1; --'),
    "?sortby=" + quote("-pg_sleep(10)"),
    "?sortby=" + quote("(select 1)"),
    "?properties=" + quote('code", pg_sleep(10) as "x'),
    "?" + quote('code" or true; --', safe="") + "=x",
    "?" + quote("code=code--", safe="") + "=x",
    "?code=" + quote("x' or '1'='1' union select * from etl.published; --"),
]


@pytest.mark.parametrize("query", INJECTED)
def test_sql_is_no_property_literal_function_or_sort_key(query: str, server: Server, client: Client) -> None:
    status, _, body = client.ask(f"/ogc/collections/lieux/items{query}")
    assert status == 400 or orjson.loads(body)["features"] == []
    if "filter" in query:
        assert client.ask(f"/ogc/collections/lieux/tiles/WebMercatorQuad/8/93/131{query}")[0] in {204, 400}
