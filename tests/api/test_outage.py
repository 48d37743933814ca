"""The database stopped under the server: 503 with Retry-After, and recovery by itself with the same workers."""

from __future__ import annotations

from pathlib import Path

import orjson
from lab import Lab, row, wait_until, write

from territoire.core import cluster, migrations
from territoire.core.database import Urls
from territoire.core.settings import Settings

PATHS = (
    "/ogc/collections/lieux/items?limit=3",
    "/ogc/collections/lieux/items/L000001",
    "/ogc/collections/lieux/items?f=html",
    "/tiles/lieux/0/0/0.mvt",
    "/health/ready",
)


def test_a_database_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    private = cluster.locate(Settings(var=tmp_path / "var"))
    cluster.ensure_started(private, report=print)
    try:
        urls = Urls(*(cluster.url(private, role) for role in ("admin", "loader", "reader")))
        migrations.migrate(urls.admin, report=print)
        lab = Lab(urls, tmp_path / "lab")
        lab.declare()
        write(lab.datasets / "lieux.gpkg", [row(n) for n in range(10)])
        lab.load("lieux")
        with lab.serve(workers=2) as server:
            assert [server.get(path)[0] for path in PATHS] == [200] * 5
            before = server.workers()
            cluster.stop(private)
            for path in PATHS * 4:
                status, headers, body = server.get(path)
                assert (path, status) == (path, 503)
                assert int(headers["retry-after"]) > 0
                assert b"html" in body or orjson.loads(body)["detail"] == "the database is away"
            # what does not need the database is still told
            assert server.get("/ogc/collections")[0] == 200
            assert server.get("/health/live")[0] == 200
            cluster.ensure_started(private, report=print)
            wait_until(lambda: all(server.get(path)[0] == 200 for path in PATHS * 4), seconds=10, what="the recovery")
            assert server.workers() == before
    finally:
        cluster.stop(private)
        cluster.remove(private)


def test_a_schema_that_is_gone_for_a_while_is_waited_for(lab: Lab) -> None:
    lab.declare()
    write(lab.datasets / "lieux.gpkg", [row(n) for n in range(10)])
    lab.load("lieux")
    with lab.serve() as server, lab.connect_admin() as connection:
        connection.execute("alter schema api rename to api_away")
        wait_until(lambda: server.get("/health/ready")[0] == 503, seconds=5, what="the server to see it")
        connection.execute("alter schema api_away rename to api")
        wait_until(lambda: server.get("/health/ready")[0] == 200, seconds=5, what="the recovery")
        assert server.get("/ogc/collections/lieux/items/L000001")[0] == 200
