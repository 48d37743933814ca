"""The one door to PostgreSQL: addresses of the logins, connections and pools with their time limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from territoire.core import cluster
from territoire.core.errors import DatabaseError
from territoire.core.settings import Settings

Connection = psycopg.Connection[TupleRow]
AsyncConnection = psycopg.AsyncConnection[TupleRow]
AsyncPool = AsyncConnectionPool[AsyncConnection]
Pool = ConnectionPool[Connection]

#: Longest time that one statement of the API may take; a page is milliseconds, a whole region's count is seconds.
STATEMENT_TIMEOUT_MS = 10_000
#: Longest wait for a connection: beyond it the server says 503 rather than let clients queue.
POOL_TIMEOUT_S = 5.0

_READER_OPTIONS = (
    "-c default_transaction_read_only=on -c search_path=public -c timezone=UTC -c jit=off"
    # a generic plan for bbox pages is up to 4,000 times slower (mechanisms.md)
    " -c plan_cache_mode=force_custom_plan -c max_parallel_workers_per_gather=0"
    f" -c statement_timeout={STATEMENT_TIMEOUT_MS} -c idle_in_transaction_session_timeout=30000"
    # the house's own pages need floats as written and text as UTF-8 whatever the client's locale is
    " -c extra_float_digits=1 -c client_encoding=UTF8 -c datestyle=ISO"
)
_LOADER_OPTIONS = (
    "-c search_path=public -c timezone=UTC -c client_encoding=UTF8 -c datestyle=ISO"
    # without it the backend of a killed load keeps its lock for many seconds (mechanisms.md)
    " -c client_connection_check_interval=1000"
)
_SUBMITTER_OPTIONS = (
    "-c search_path=public -c timezone=UTC -c client_encoding=UTF8 -c datestyle=ISO"
    f" -c statement_timeout={STATEMENT_TIMEOUT_MS}"
)


@dataclass(frozen=True, slots=True)
class Urls:
    """Connection strings of the logins; without one for `submitter`, no job is taken."""

    admin: str
    loader: str
    reader: str
    submitter: str = ""


def urls(settings: Settings, *, report: Callable[[str], None] | None = None) -> Urls:
    """Return where the database is; without TERRITOIRE_DATABASE_URL the private cluster is started if it is down."""
    given = (settings.database_url, settings.loader_url, settings.reader_url, settings.submitter_url)
    if not any(given):
        private = cluster.locate(settings)
        cluster.ensure_started(private, report=report or (lambda _: None))
        return Urls(*(cluster.url(private, role) for role in ("admin", "loader", "reader", "submitter")))
    admin = settings.database_url or ""
    return Urls(
        admin=admin,
        loader=settings.loader_url or _as_role(admin, "loader"),
        reader=settings.reader_url or _as_role(admin, "reader"),
        submitter=settings.submitter_url or _as_role(admin, "submitter"),
    )


def _as_role(url: str, role: str) -> str:
    if not url:
        return ""
    return make_conninfo(url, user=role, password=None)


def connect_admin(url: str) -> Connection:
    """Connect as the login that migrates: autocommit, no time limit."""
    return _connect(url, "TERRITOIRE_DATABASE_URL", "-c search_path=public -c timezone=UTC", "territoire-migrate")


def connect_loader(url: str) -> Connection:
    """Connect as loader: autocommit, so that each transaction of a load is written out."""
    return _connect(url, "TERRITOIRE_LOADER_URL", _LOADER_OPTIONS, "territoire-etl")


def connect_reader(url: str) -> Connection:
    """Connect as reader: read-only, with the time limits of the API."""
    return _connect(url, "TERRITOIRE_READER_URL", _READER_OPTIONS, "territoire-api")


def connect_submitter(url: str) -> Connection:
    """Connect as the login that hands jobs in."""
    return _connect(url, "TERRITOIRE_SUBMITTER_URL", _SUBMITTER_OPTIONS, "territoire-submit")


async def listen_as_reader(url: str) -> AsyncConnection:
    """Open the connection on which a server hears of publications."""
    conninfo = reader_conninfo(url, application="territoire-listen")
    return await psycopg.AsyncConnection.connect(conninfo, autocommit=True, connect_timeout=3)


def reader_conninfo(url: str, *, application: str = "territoire-api") -> str:
    """Add to a reader's address what every session of the API runs under."""
    return _with_options(url, _READER_OPTIONS, application)


def async_reader_pool(url: str, *, size: int) -> AsyncPool:
    """Make a closed pool for our routes; the caller opens it in its event loop."""
    return AsyncConnectionPool(
        reader_conninfo(url),
        kwargs=_pool_arguments(),
        min_size=1,
        max_size=size,
        timeout=POOL_TIMEOUT_S,
        reconnect_timeout=2.0,
        open=False,
        name="api",
    )


def reader_pool(url: str, *, size: int) -> Pool:
    """Make a closed pool for pygeoapi's plug-ins, which are called in threads; opened at the first query."""
    return _pool(reader_conninfo(url), size=size, name="providers")


def submitter_pool(url: str, *, size: int) -> Pool:
    """Make a closed pool for those who hand jobs in, which call it in threads."""
    return _pool(_with_options(url, _SUBMITTER_OPTIONS, "territoire-submit"), size=size, name="submitter")


def queue_pool(url: str, *, size: int) -> Pool:
    """Make a closed pool for what a worker writes of its jobs."""
    return _pool(queue_conninfo(url), size=size, name="jobs")


def _pool(conninfo: str, *, size: int, name: str) -> Pool:
    return ConnectionPool(
        conninfo,
        kwargs=_pool_arguments(),
        min_size=0,
        max_size=size,
        timeout=POOL_TIMEOUT_S,
        reconnect_timeout=2.0,
        open=False,
        name=name,
    )


def queue_conninfo(url: str) -> str:
    """Add to the loader's address what a worker's sessions run under: procrastinate names its tables unqualified."""
    return _with_options(url, f"{_LOADER_OPTIONS} -c search_path=jobs,public", "territoire-worker")


def _pool_arguments() -> dict[str, Any]:  # arguments of psycopg.connect have many types
    return {"autocommit": True, "connect_timeout": 3, "prepare_threshold": 3}


def _connect(url: str, variable: str, options: str, application: str) -> Connection:
    if not url:
        raise DatabaseError(f"{variable} is not set", remedy=f"set {variable}, or unset all three for the private one")
    try:
        return psycopg.connect(_with_options(url, options, application), autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as exc:
        where = conninfo_to_dict(url)
        raise DatabaseError(
            f"the database does not answer at {where.get('host', 'localhost')}"
            f"/{where.get('dbname', '')} as {where.get('user', '?')}: {str(exc).strip()}",
            remedy=f"start it (`territoire database start` for the private one) or correct {variable}",
        ) from exc


def _with_options(url: str, options: str, application: str) -> str:
    own = str(conninfo_to_dict(url).get("options") or "")
    return make_conninfo(url, options=f"{own} {options}".strip(), application_name=application)
