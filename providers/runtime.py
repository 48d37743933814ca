"""What the plug-ins share in a process: settings, registry, pool, and what is published.

pygeoapi builds a plug-in from text at each request and hands it nothing, so this is the one global of the house.
"""

from __future__ import annotations

import functools
import os
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors as sqlstate
from psycopg_pool import PoolTimeout

from territoire.core import cluster, database, registry, settings
from territoire.core.database import Connection, Pool
from territoire.core.errors import (
    ClusterError,
    DatabaseError,
    GoneError,
    NotFoundError,
    RequestError,
    UnavailableError,
)
from territoire.core.models import Dataset
from territoire.core.registry import Registry
from territoire.geoplateforme.transport import VISITORS_BYTES, Transport
from territoire.query import layers, published
from territoire.query.items import Statement
from territoire.query.layers import PublishedLayer
from territoire.query.model import Generation

#: How old the copy of the pointer may be.
_FRESH_S = 1.0
#: pygeoapi calls plug-ins in a few threads; more of them wait, rather than take the database's connections.
_POOL_SIZE = 8
#: Generations kept beside the current ones, for walks that are under way.
_KEPT = 32

_Row = tuple[Any, ...]  # columns have many types


class TooSlowError(UnavailableError):
    """The database gave the query up: it took longer than it may."""


class Runtime:
    """One process's settings, pool and copy of the published generations; making it does no I/O."""

    def __init__(self, configured: settings.Settings) -> None:
        self._settings = configured
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._current: dict[str, Generation] = {}
        self._walked: dict[tuple[str, str], Generation] = {}
        self._read_at = float("-inf")
        self._is_away = False

    @functools.cached_property
    def registry(self) -> Registry:
        """What the YAML files declare: read once, for a dataset whose published declaration is not known yet."""
        return registry.load(self._settings.datasets)

    def dataset(self, dataset_id: str) -> Dataset:
        """Return a dataset without asking the database: as last seen published, else as declared."""
        seen = self._current.get(dataset_id)
        return seen.dataset if seen else self.registry.get(dataset_id)

    def generation(self, dataset_id: str, mark: str | None = None) -> Generation:
        """Return the published generation, or the one of that mark that a walk began in."""
        self._refresh()
        current = self._current.get(dataset_id)
        if mark is None:
            if current is None:
                raise NotFoundError(
                    f"{dataset_id} is not published yet", remedy=f"load it: territoire etl run {dataset_id}"
                )
            return current
        if current is not None and current.mark == mark:
            return current
        return self._older(dataset_id, mark)

    def generations(self) -> list[Generation]:
        """Return all published generations, by dataset id."""
        self._refresh()
        return list(self._current.values())

    @functools.cached_property
    def transport(self) -> Transport:
        """What asks the Géoplateforme, made at the first live request."""
        return Transport(self._settings, most_bytes=VISITORS_BYTES)

    @property
    def var(self) -> Path:
        """The folder of what is written while running: the files of rasters lie below it."""
        return self._settings.var

    def layers(self) -> list[PublishedLayer]:
        """Return all that is published without rows."""
        return [layers.layer(row) for row in self._execute(layers.CURRENT, ())]

    def layer(self, layer_id: str) -> PublishedLayer:
        """Return what is published without rows; NotFoundError when it is not."""
        rows = self._execute(layers.ONE, (layer_id,))
        if not rows:
            raise NotFoundError(f"{layer_id} is not published yet", remedy=f"publish it: territoire etl run {layer_id}")
        return layers.layer(rows[0])

    def fetch(self, generation: Generation, statement: Statement, *, budget_ms: int | None = None) -> list[_Row]:
        """Run a statement on a generation's view; its errors are those that a visitor can understand.

        What takes longer than `budget_ms` is a TooSlowError.
        """
        query, values = statement
        try:
            return self._execute(query, values, budget_ms)
        except sqlstate.UndefinedTable as exc:
            self._walked.pop((generation.dataset.id, generation.mark), None)
            raise _gone(generation.dataset.id) from exc
        except (psycopg.DataError, UnicodeEncodeError) as exc:
            raise RequestError(
                "a value cannot be compared with its column", remedy="write it in the column's type"
            ) from exc

    def close(self) -> None:
        """Close the pool, if it was ever opened."""
        if self._pool is not None:
            self._pool.close()
        if "transport" in self.__dict__:
            self.transport.close()

    def _older(self, dataset_id: str, mark: str) -> Generation:
        known = self._walked.get((dataset_id, mark))
        if known is not None:
            return known
        # a cursor made by another process may be newer than our copy of the pointer: the database knows
        rows = self._execute(published.ONE, (dataset_id, published.number(mark)))
        found = published.generation(rows[0]) if rows else None
        if found is None or found.mark != mark:
            raise _gone(dataset_id)
        while len(self._walked) >= _KEPT:
            self._walked.pop(next(iter(self._walked)), None)
        self._walked[dataset_id, mark] = found
        return found

    def _refresh(self) -> None:
        """Read the pointer if our copy is older than a second; a declaration is parsed once per generation."""
        if not self._is_fresh():
            with self._lock:
                if not self._is_fresh():
                    self._read()
        if self._is_away:
            # those who waited for the lock do not each wait for the database again
            raise _away()

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._read_at < _FRESH_S

    def _read(self) -> None:
        started = time.monotonic()
        try:
            pointer = {row[0]: (row[1], row[2]) for row in self._execute(published.POINTER, ())}
            seen = {name: (found.number, found.published_at) for name, found in self._current.items()}
            if pointer != seen:
                self._current = {row[0]: self._reuse(row) for row in self._execute(published.CURRENT, ())}
            if self._is_away:
                # back from a backup, perhaps, where the number of an older generation is another's
                self._walked.clear()
            self._read_at, self._is_away = started, False
        except UnavailableError:
            self._read_at, self._is_away = time.monotonic(), True

    def _reuse(self, row: _Row) -> Generation:
        known = self._current.get(row[0])
        same = known is not None and (known.number, known.published_at) == (row[1], row[8])
        return known if known is not None and same else published.generation(row)

    def _execute(self, query: Any, values: Any, budget_ms: int | None = None) -> list[_Row]:  # as psycopg takes them
        pool = self._opened()
        try:
            return _ask(pool, query, values, budget_ms)
        except PoolTimeout as exc:
            raise _away() from exc
        except (psycopg.OperationalError, psycopg.InterfaceError) as exc:
            if isinstance(exc, sqlstate.QueryCanceled):
                raise _too_slow() from exc
        # connections made before the database restarted are dead: have them replaced, and try once more
        pool.check()
        try:
            return _ask(pool, query, values, budget_ms)
        except sqlstate.QueryCanceled as exc:
            raise _too_slow() from exc
        except (psycopg.OperationalError, psycopg.InterfaceError) as exc:
            raise _away() from exc

    def _opened(self) -> Pool:
        if self._pool is None:
            try:
                self._pool = database.reader_pool(_reader_url(self._settings), size=_POOL_SIZE)
            except (ClusterError, DatabaseError) as exc:
                raise _away() from exc
        if self._pool.closed:
            self._pool.open()
        return self._pool


@functools.cache
def runtime() -> Runtime:
    """Return this process's runtime."""
    return Runtime(settings.load())


# a pool's threads and sockets do not survive a fork
os.register_at_fork(after_in_child=runtime.cache_clear)


def _ask(pool: Pool, query: Any, values: Any, budget_ms: int | None) -> list[_Row]:  # as psycopg takes them
    connection: Connection
    with pool.connection() as connection:
        if budget_ms is None:
            return connection.execute(query, values).fetchall()
        with connection.transaction():
            connection.execute("select set_config('statement_timeout', %s, true)", [str(budget_ms)])
            return connection.execute(query, values).fetchall()


def _reader_url(configured: settings.Settings) -> str:
    if any((configured.database_url, configured.loader_url, configured.reader_url)):
        return database.urls(configured).reader
    # a request never starts a database that someone stopped
    return cluster.url(cluster.locate(configured), "reader")


def _away() -> UnavailableError:
    return UnavailableError("the database does not answer", remedy="try again in a few seconds")


def _too_slow() -> TooSlowError:
    return TooSlowError("the query takes too long", remedy="narrow it: a smaller bbox or limit")


def _gone(dataset_id: str) -> GoneError:
    return GoneError(
        f"{dataset_id} has been reloaded since this walk began, and what it walked is gone",
        remedy="leave `cursor` out to start again",
    )
