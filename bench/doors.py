"""The servers of a benchmark: ours, stock pygeoapi with our plug-ins, and with its own; and what each costs."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from territoire.core import cluster, registry
from territoire.core.cluster import Cluster
from territoire.core.derive import configuration, crs, resource

ROOT = Path(__file__).resolve().parents[1]
_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
Json = dict[str, Any]


@dataclass
class Door:
    """A server under measurement."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    prefix: str
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)

    def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body, over the kept connection."""
        self.connection.request("GET", self.prefix + path, headers={"Accept": "application/json"})
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def load(folder: Path) -> None:
    """Make the cluster and load the communes through the real ETL."""
    for arguments in (["database", "migrate"], ["etl", "run", "-q", "departements", "communes"]):
        subprocess.run(territoire(*arguments), env=environment(folder), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def territoire(*arguments: str) -> list[str]:
    """Return a command of the platform."""
    return [sys.executable, "-m", "territoire.cli.main", *arguments]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of a run in `folder`, without the settings of whoever started this."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TERRITOIRE_", "PG"))}
    return {**kept, "TERRITOIRE_VAR": str(folder), **more}


@contextlib.contextmanager
def ours(folder: Path) -> Generator[Door]:
    """Run our server."""
    port = free_port()
    command = territoire("serve", "--port", str(port))
    with running("ours", command, environment(folder), port, "/ogc", folder) as door:
        yield door


@contextlib.contextmanager
def stock(folder: Path, name: str, config: Json) -> Generator[Door]:
    """Run stock pygeoapi as its documentation says, on uvicorn as ours."""
    port = free_port()
    file, openapi = folder / f"{port}.yml", folder / f"{port}.json"
    file.write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False), encoding="utf-8")
    variables = environment(
        folder,
        PYGEOAPI_CONFIG=str(file),
        PYGEOAPI_OPENAPI=str(openapi),
        TERRITOIRE_STOCK_URL=f"http://127.0.0.1:{port}",
    )
    generate = [str(Path(sys.executable).parent / "pygeoapi"), "openapi", "generate", str(file)]
    subprocess.run(
        [*generate, "--output-file", str(openapi), "-f", "json"],
        env=variables,
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    command = [sys.executable, "-m", "uvicorn", "pygeoapi.starlette_app:APP", "--port", str(port)]
    command += ["--log-level", "warning", "--no-access-log"]
    with running(name, command, variables, port, "", folder) as door:
        yield door


def with_our_plug_ins() -> Json:
    """Return the configuration that `territoire derive` writes, communes only."""
    declared = registry.load(ROOT / "datasets")
    server: Json = yaml.safe_load((ROOT / "pygeoapi-config" / "server.yml").read_text("utf-8"))
    communes = [declared.get("communes")]
    return configuration.configuration(server, communes, declared.vocabulary, base_url=resource.STOCK_URL, bounds={})


def with_its_own_providers(private: Cluster) -> Json:
    """Return a configuration of pygeoapi's own PostgreSQL providers on the published table.

    They read it through a view that leaves `geom_3857` out, or they would send it as a property.
    """
    _make_view(private)
    document = with_our_plug_ins()
    address = conninfo_to_dict(cluster.url(private, "reader"))
    shared: Json = {
        "data": {name: address[name] for name in ("host", "port", "dbname", "user")} | {"search_path": ["api"]},
        "table": "communes_for_stock",
        "id_field": "code_insee",
        "geom_field": "geom",
        "storage_crs": crs.uri(2154),
    }
    feature, tile = document["resources"]["communes"]["providers"]
    # its options must be hashable: no list of schemes
    options = {"zoom": tile["options"]["zoom"]}
    document["resources"]["communes"]["providers"] = [
        {"type": "feature", "name": "PostgreSQL", "crs": feature["crs"], **shared},
        {"type": "tile", "name": "MVT-postgresql", "options": options, "format": tile["format"], **shared},
    ]
    return document


def _make_view(private: Cluster) -> None:
    communes = registry.load(ROOT / "datasets").get("communes")
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in communes.columns)
    with psycopg.connect(cluster.url(private, "admin"), autocommit=True) as admin:
        admin.execute(
            sql.SQL("create view api.communes_for_stock as select {}, geom from api.communes").format(columns)
        )
        admin.execute("grant select on api.communes_for_stock to reader")


@contextlib.contextmanager
def running(
    name: str, command: Sequence[str], variables: dict[str, str], port: int, prefix: str, folder: Path
) -> Generator[Door]:
    """Run a server until it answers, and end it."""
    log = folder / f"{port}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(command, env=variables, cwd=ROOT, stdout=stream, stderr=stream)
    door = Door(name, process, port, prefix)
    try:
        wait_until(lambda: answers(door, log), what=name)
        yield door
    finally:
        door.connection.close()
        process.terminate()
        process.wait(20)


def answers(door: Door, log: Path) -> bool:
    """Return True once the door serves items."""
    if door.process.poll() is not None:
        raise SystemExit(f"{door.name} ended: {log.read_text()}")
    try:
        status, body = door.get("/collections/communes/items?limit=1&f=json")
    except (OSError, http.client.HTTPException):
        door.connection.close()
        return False
    if status >= 500:
        raise SystemExit(f"{door.name}: {body.decode(errors='replace')[:2000]}\n{log.read_text()[-2000:]}")
    return status == 200


def wait_until(condition: Callable[[], bool], *, what: str) -> None:
    """Wait up to a minute."""
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"waited a minute in vain for {what}")
        time.sleep(0.1)


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def database_cpu(private: Cluster) -> float:
    """Return the milliseconds of CPU that PostgreSQL has used, ended backends included."""
    pid = cluster.status(private).pid
    return cpu(pid, ended=True) if pid else 0.0


def cpu(pid: int, *, ended: bool = False) -> float:
    """Return the milliseconds of CPU of a process and of those below it."""
    members, total = {pid}, 0.0
    for file in sorted(Path("/proc").glob("[0-9]*/stat"), key=lambda file: int(file.parent.name)):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = file.read_text().rsplit(")", 1)[1].split()
            if int(file.parent.name) not in members and int(fields[1]) not in members:
                continue
            members.add(int(file.parent.name))
            total += float(fields[11]) + float(fields[12])
            if ended and int(file.parent.name) == pid:
                total += float(fields[13]) + float(fields[14])
    return total * _TICK_MS
