"""`territoire serve`: the web server, in as many processes as asked for."""

from __future__ import annotations

import os
import socket
from typing import Annotated

import psycopg
import typer
import uvicorn

from territoire.cli import context
from territoire.core import database, settings
from territoire.core.errors import DatabaseError, SettingsError


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes")] = 1,
) -> None:
    """Serve the pages and the OGC API of what is published, until SIGINT or SIGTERM."""
    if port == 0:
        port = _free_port(host, 0)
    check_port(host, port)
    given = settings.load()
    urls = context.load_urls(given)
    check_reader(urls.reader)
    # workers are processes of their own: they read the address that was found here
    os.environ["TERRITOIRE_READER_URL"] = urls.reader
    os.environ["TERRITOIRE_SUBMITTER_URL"] = urls.submitter if takes_jobs(urls.submitter) else ""
    _greet(given.public_url or f"http://{_shown(host)}:{port}")
    uvicorn.run(
        "territoire.web.app:create",
        factory=True,
        http="territoire.web.protocol:Protocol",
        host=host,
        port=port,
        workers=workers,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )


def check_port(host: str, port: int) -> None:
    """Refuse a port that is taken, and name a free one."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as exc:
            raise SettingsError(
                f"port {port} needs root", remedy=f"take another one, such as {_free_port(host, 8001)}"
            ) from exc
        except (OSError, OverflowError) as exc:
            free = _free_port(host, port + 1 if 0 < port < 65000 else 8001)
            raise SettingsError(
                f"port {port} of {host} is taken",
                remedy=f"port {free} is free: make demo PORT={free}, or --port {free}",
            ) from exc


def check_reader(url: str) -> None:
    """Refuse a login that can write: the server must not be able to harm what it serves."""
    with database.connect_reader(url) as connection:
        row = connection.execute(
            "select current_user, rolsuper, has_database_privilege(current_database(), 'create'),"
            " exists (select 1 from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace"
            " where n.nspname in ('data', 'etl', 'api') and c.relkind in ('r', 'v', 'p', 'm')"
            " and has_table_privilege(c.oid, 'insert, update, delete, truncate')),"
            " to_regclass('api.published') is not null"
            " from pg_roles where rolname = current_user"
        ).fetchone()
    if row is None or not row[4]:
        raise DatabaseError("nothing was ever published here", remedy="territoire database migrate, then etl run --all")
    if any(row[1:4]):
        raise DatabaseError(
            f"the server's login {row[0]} can write",
            remedy="give TERRITOIRE_READER_URL a login that is only a member of the role reader (sql/roles.sql)",
        )


def takes_jobs(url: str) -> bool:
    """Say whether jobs can be handed in; refuse a login that could do more than that."""
    if not url:
        return False
    try:
        with database.connect_submitter(url) as connection:
            row = connection.execute(
                "select current_user, rolsuper, has_schema_privilege('jobs', 'usage'),"
                " has_schema_privilege('processes', 'usage') from pg_roles where rolname = current_user"
            ).fetchone()
    except (DatabaseError, psycopg.Error) as exc:
        context.say(f"no jobs are taken, processes are done while the visitor waits: {exc}")
        return False
    if row is None or row[1] or row[2] or not row[3]:
        raise DatabaseError(
            f"the login {row[0] if row else '?'} that hands jobs in can do more or less than that",
            remedy="give TERRITOIRE_SUBMITTER_URL a login that is only a member of the role submitter (sql/roles.sql)",
        )
    return True


def _free_port(host: str, start: int) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in [*range(start, min(start + 50, 65536)), 0] if start else [0]:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SettingsError(f"no port is free on {host}")


def _shown(host: str) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104  compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _greet(base: str) -> None:
    context.say(
        f"\n  Home page      {base}/\n  OGC API        {base}/ogc   <- paste this one into QGIS (WFS / OGC API)\n"
        f'  curl           curl "{base}/ogc/collections/communes/items?limit=5"\n'
        f"  GDAL           ogrinfo OAPIF:{base}/ogc\n\n  Ctrl-C ends it.\n"
    )
