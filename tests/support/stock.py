"""Stock pygeoapi, unpatched: started on a configuration, and configured with its own providers for our tables."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import yaml
from lab import ROOT, Lab, Server, free_port, wait_until
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from territoire.core.derive import configuration, crs, resource
from territoire.core.models import Dataset

Document = dict[str, Any]  # a YAML document
#: Starts a server on what a laboratory has published.
Serve = Callable[[Lab], AbstractContextManager[Server]]
#: pygeoapi names a layer of tiles like its table: the views for it have the names of the collections, in a schema.
_SCHEMA = "stock"


@contextmanager
def serve(lab: Lab, config: Document) -> Generator[Server]:
    """Run stock pygeoapi as its documentation says: generate the API definition, then serve."""
    port = free_port()
    name = f"stock-{port}"
    file, openapi, log = (lab.folder / f"{name}{suffix}" for suffix in (".yml", ".json", ".log"))
    file.write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False), encoding="utf-8")
    environment = {
        **lab.environment,
        "TERRITOIRE_STOCK_URL": f"http://127.0.0.1:{port}",
        "PYGEOAPI_CONFIG": str(file),
        "PYGEOAPI_OPENAPI": str(openapi),
    }
    generate = [str(Path(sys.executable).parent / "pygeoapi"), "openapi", "generate", str(file)]
    written = subprocess.run(
        [*generate, "--output-file", str(openapi), "-f", "json"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert written.returncode == 0, written.stderr
    command = [sys.executable, "-m", "uvicorn", "pygeoapi.starlette_app:APP", "--port", str(port)]
    with (
        log.open("wb") as stream,
        subprocess.Popen(command, env=environment, cwd=ROOT, stdout=stream, stderr=stream) as process,
    ):
        server = Server(f"http://127.0.0.1:{port}", process, log)
        prefix = config["server"].get("api_rules", {}).get("url_prefix", "")
        try:
            wait_until(lambda: _answers(server, prefix), seconds=60, what=f"stock pygeoapi: {log}")
            yield server
        finally:
            process.terminate()


def _answers(server: Server, prefix: str) -> bool:
    assert server.process.poll() is None, server.log.read_text()
    try:
        return server.get(f"/{prefix}/conformance?f=json".replace("//", "/"))[0] == 200
    except OSError:
        return False


@contextmanager
def serve_its_own(lab: Lab) -> Generator[Server]:
    """Run it below /ogc, as ours is, with its PostgreSQL and MVT-postgresql providers on what is published."""
    server: Document = yaml.safe_load((ROOT / "pygeoapi-config" / "server.yml").read_text("utf-8"))
    # its own pages: our templates are ours
    del server["server"]["templates"]
    server["server"]["api_rules"] = {"url_prefix": "ogc"}
    datasets = sorted(lab.registry.datasets.values(), key=lambda dataset: dataset.id)
    config = configuration.configuration(
        server, datasets, lab.registry.vocabulary, base_url=f"{resource.STOCK_URL}/ogc", bounds={}
    )
    with lab.connect_admin() as admin:
        admin.execute(sql.SQL("create schema {0}; grant usage on schema {0} to reader").format(sql.Identifier(_SCHEMA)))
        for dataset in datasets:
            admin.execute(_view(dataset))
        admin.execute(sql.SQL("grant select on all tables in schema {} to reader").format(sql.Identifier(_SCHEMA)))
        admin.commit()
    for dataset in datasets:
        described = config["resources"][dataset.id]
        described["providers"] = [_its_own(provider, dataset, lab) for provider in described["providers"]]
    with serve(lab, config) as running:
        yield running


def _view(dataset: Dataset) -> sql.Composed:
    """Leave out what we keep for ourselves (fid, geom_3857): pygeoapi would send it as properties."""
    names = [column.name for column in dataset.columns] + (["geom"] if dataset.geometry else [])
    return sql.SQL("create view {} as select {} from {}").format(
        sql.Identifier(_SCHEMA, dataset.id),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.Identifier("api", dataset.id),
    )


def _its_own(ours: Document, dataset: Dataset, lab: Lab) -> Document:
    """Return a provider of pygeoapi's own for one of ours, with all that both can be told."""
    address = conninfo_to_dict(lab.urls.reader)
    shared: Document = {
        "data": {name: address[name] for name in ("host", "port", "dbname", "user") if name in address}
        | {"search_path": [_SCHEMA]},
        "table": dataset.id,
        "id_field": dataset.key,
        "geom_field": "geom",
    }
    if dataset.geometry:
        shared["storage_crs"] = crs.uri(dataset.geometry.srid)
    if ours["type"] == "tile":
        # its options must be hashable: no list of schemes
        options = {"zoom": ours["options"]["zoom"]}
        return {"type": "tile", "name": "MVT-postgresql", "options": options, "format": ours["format"], **shared}
    kept = {name: ours[name] for name in ("crs", "title_field", "time_field") if name in ours}
    return {"type": "feature", "name": "PostgreSQL", **kept, **shared}
