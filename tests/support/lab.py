"""A laboratory for tests: a database of its own, declarations and files made on the spot, real runs and servers."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyogrio.raw
import shapely
import yaml

from etl import refresh, report
from territoire.core import database, registry
from territoire.core.database import Connection, Urls
from territoire.core.models import Dataset
from territoire.core.registry import Registry

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "data"
DEMO = ROOT / "datasets" / "_demo" / "admin-express-cog-paca.gpkg.zip"

#: A small dataset with a column of each kind that walks and filters care about.
LIEUX: dict[str, Any] = {
    "id": "lieux",
    "title": {"fr": "Lieux", "en": "Places"},
    "abstract": {"fr": "Des lieux, pour les essais.", "en": "Places, for tests."},
    "theme": "administratif",
    "producer": "autre",
    "licence": "licence-ouverte-2.0",
    "source": {"url": "lieux.gpkg", "millesime": "2026"},
    "key": "code",
    "label": "nom",
    "columns": [
        {"name": "code", "type": "text", "title": {"fr": "Code"}, "nullable": False},
        {"name": "nom", "type": "text", "title": {"fr": "Nom"}, "index": True},
        {"name": "population", "type": "integer", "title": {"fr": "Population"}},
        {"name": "taux", "type": "number", "title": {"fr": "Taux"}},
        {"name": "jour", "type": "date", "title": {"fr": "Jour"}},
    ],
    "geometry": {"type": "Point", "srid": 2154},
    "time": {"start": "jour"},
    "checks": {"min_rows": 1, "max_drop": 0.5, "within": "territory"},
}


@dataclass
class Server:
    """A real `territoire serve`, on loopback."""

    base: str
    process: subprocess.Popen[bytes]
    log: Path

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers (lower case) and body of a GET."""
        return get(self.base + path, **headers)

    def json(self, path: str, **headers: str) -> Any:
        """Return the JSON of an answer that must be 200."""
        status, _, body = self.get(path, **headers)
        assert status == 200, (status, body[:500])
        return orjson.loads(body)

    def workers(self) -> set[int]:
        """Return the process ids below the server, itself included."""
        found = {self.process.pid}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = stat.read_text().rsplit(")", 1)[1].split()
                if int(fields[1]) in found and fields[0] != "Z":
                    found.add(int(stat.parent.name))
        return found


def get(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of a GET, whatever the status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, headers={"Accept": "application/geo+json, application/json", **named})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Lab:
    """A database and a folder of declarations that belong to one test, or to the session."""

    urls: Urls
    folder: Path
    registry: Registry = field(init=False)

    def __post_init__(self) -> None:
        self.datasets = self.folder / "datasets"
        shutil.copytree(ROOT / "datasets" / "_vocabulary", self.datasets / "_vocabulary")
        self.registry = registry.load(self.datasets)

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to work in this laboratory."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("TERRITOIRE_", "PG"))}
        return {
            **kept,
            "PYTHONPATH": str(ROOT / "tests" / "support" / "production"),
            "TERRITOIRE_DATABASE_URL": self.urls.admin,
            "TERRITOIRE_LOADER_URL": self.urls.loader,
            "TERRITOIRE_READER_URL": self.urls.reader,
            "TERRITOIRE_SUBMITTER_URL": self.urls.submitter,
            "TERRITOIRE_DATASETS": str(self.datasets),
            "TERRITOIRE_VAR": str(self.folder / "var"),
        }

    def use_the_declared(self, *ids: str) -> None:
        """Take declarations (and the demo data) of the product, those of the demo when none is named."""
        shutil.copytree(ROOT / "datasets" / "_demo", self.datasets / "_demo", dirs_exist_ok=True)
        for file in (ROOT / "datasets").glob("[!_]*/*.yml"):
            if file.stem in ids or (not ids and "url: _demo/" in file.read_text(encoding="utf-8")):
                target = self.datasets / file.parent.name / file.name
                target.parent.mkdir(exist_ok=True)
                shutil.copy(file, target)
        self.registry = registry.load(self.datasets)

    def declare(self, base: Mapping[str, Any] = LIEUX, **changed: Any) -> Dataset:
        """Write a declaration, `base` with some keys changed, and return the dataset."""
        content = {**base, **changed}
        file = self.datasets / content["theme"] / f"{content['id']}.yml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
        self.registry = registry.load(self.datasets)
        return self.registry.get(content["id"])

    def connect(self) -> Connection:
        """Connect as loader."""
        return database.connect_loader(self.urls.loader)

    def connect_admin(self) -> Connection:
        """Connect as superuser."""
        return database.connect_admin(self.urls.admin)

    def load(self, dataset: str, *sources: Path | str, force: bool = False, grace_s: int = 900) -> refresh.Outcome:
        """Refresh a dataset in this process."""
        workshop = refresh.Workshop(self.registry, self.folder / "var" / "landing", grace_s)
        with self.connect() as connection:
            return refresh.refresh(
                self.registry.get(dataset),
                connection=connection,
                workshop=workshop,
                report=report.Silent(),
                sources=[str(source) for source in sources],
                force=force,
            )

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `territoire` with these arguments and wait for it."""
        return subprocess.run(
            [sys.executable, "-m", "territoire.cli.main", *arguments],
            env={**self.environment, **environment},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    @contextlib.contextmanager
    def serve(self, *, workers: int = 1, **environment: str) -> Generator[Server]:
        """Start a real server on a free port, wait until it is ready, and end it."""
        port = free_port()
        log = self.folder / f"server-{port}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "territoire.cli.main", "serve", "--port", str(port), "--workers", str(workers)],
                env={**self.environment, **environment},
                cwd=ROOT,
                stdout=stream,
                stderr=stream,
            )
        server = Server(f"http://127.0.0.1:{port}", process, log)
        try:
            # every worker has looked at the database: one that starts later would answer as one that never could
            wait_until(
                lambda: _is_ready(server) and log.read_text(errors="replace").count('"database_ready"') >= workers,
                seconds=60,
                what=f"server on {port}: {log}",
            )
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @contextlib.contextmanager
    def work(self, *arguments: str, **environment: str) -> Generator[subprocess.Popen[bytes]]:
        """Start a real `territoire worker`, wait until it is ready, and end it."""
        log = self.folder / f"worker-{time.monotonic_ns()}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "territoire.cli.main", "worker", *arguments],
                env={**self.environment, **environment},
                cwd=ROOT,
                stdout=stream,
                stderr=stream,
            )
        try:
            wait_until(lambda: '"worker_ready"' in log.read_text(errors="replace"), seconds=30, what=f"worker: {log}")
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def relations(self) -> dict[str, set[str]]:
        """Return the generations' relations in `data` and `api`."""
        with self.connect_admin() as connection:
            rows = connection.execute(
                "select n.nspname, c.relname from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace"
                " where n.nspname in ('data', 'api') and c.relkind in ('r', 'v') and c.relname ~ '__g[0-9]+'"
            ).fetchall()
        found: dict[str, set[str]] = {"data": set(), "api": set()}
        for schema, name in rows:
            found[schema].add(name)
        return found

    def generations(self) -> set[str]:
        """Return the relations that etl.generations lists."""
        with self.connect_admin() as connection:
            rows = connection.execute("select dataset, generation from etl.generations").fetchall()
        return {f"{name}__g{number}" for name, number in rows}


def _is_ready(server: Server) -> bool:
    if server.process.poll() is not None:
        raise AssertionError(f"the server ended: {server.log.read_text()}")
    try:
        return server.get("/health/ready")[0] == 200
    except OSError:
        return False


def wait_until(condition: Any, *, seconds: float, what: str) -> None:
    """Wait for a condition, or fail saying what was waited for."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.05)


Row = Mapping[str, Any]


def row(number: int, **changed: Any) -> dict[str, Any]:
    """Return a row of LIEUX: a point near Digne that depends on `number`."""
    return {
        "code": f"L{number:06}",
        "nom": f"Lieu {number}",
        "population": number,
        "taux": number / 8,
        "jour": f"2026-01-{number % 28 + 1:02}",
        "geom": shapely.Point(900_000 + number % 200 * 100, 6_300_000 + number // 200 * 100),
        **changed,
    }


def write(
    file: Path,
    rows: Sequence[Row],
    *,
    crs: str | None = "EPSG:2154",
    driver: str = "GPKG",
    geometry_type: str = "Unknown",
    layer: str = "lieux",
    types: Mapping[str, str] | None = None,
) -> Path:
    """Write rows (their `geom` shapely or None) to a vector file; `types` are numpy types by field."""
    names = [name for name in rows[0] if name != "geom"]
    data = [_array([r[name] for r in rows], (types or {}).get(name)) for name in names]
    masks = [np.array([r[name] is None for r in rows]) for name in names]
    shapes = shapely.to_wkb(np.array([r["geom"] for r in rows], dtype=object))
    file.unlink(missing_ok=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'crs' was not provided")  # a file without CRS is what the test wants
        pyogrio.raw.write(
            str(file),
            geometry=shapes,
            field_data=data,
            fields=names,
            field_mask=masks,
            crs=crs,
            geometry_type=geometry_type,
            driver=driver,
            layer=layer,
        )
    return file


def _array(values: list[Any], wanted: str | None) -> np.ndarray:
    present = [value for value in values if value is not None]
    kind = wanted or ("int64" if present and isinstance(present[0], int) else None)
    if kind is None and present and isinstance(present[0], float):
        kind = "float64"
    if kind is None and present and isinstance(present[0], str) and len(present[0]) == 10 and present[0][4] == "-":
        kind = "datetime64[D]"
    if kind is None or kind == "object":
        return np.array(values, dtype=object)
    empty: Any = "NaT" if kind.startswith("datetime") else 0
    return np.array([empty if value is None else value for value in values], dtype=kind)
