"""What this process knows to be published: a copy of the pointer, kept fresh by notifications and every second."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg
import structlog
from psycopg import errors as pg
from psycopg.abc import Params
from psycopg.abc import QueryNoTemplate as Query
from psycopg_pool import PoolTimeout

from territoire.core import database
from territoire.core.database import AsyncConnection
from territoire.core.errors import NotFoundError, RequestError, UnavailableError
from territoire.core.registry import nearest
from territoire.query import layers, published
from territoire.query.items import Statement
from territoire.query.layers import PublishedLayer
from territoire.query.model import Generation

_POLL_S = 1.0
_FIRST_LOOK_S = 5.0
_LISTEN: LiteralString = "listen territoire_published"
#: Generations kept for walks that began before the last publications; the oldest is forgotten first.
_KEPT = 64

log = structlog.get_logger()
Row = tuple[Any, ...]  # database rows have many types


class Catalogue:
    """Reads as reader: the published generations from memory, everything else through a small pool."""

    def __init__(self, url: str, *, pool_size: int) -> None:
        self._url = url
        self._pool = database.async_reader_pool(url, size=pool_size)
        self._current: dict[str, Generation] = {}
        self._layers: dict[str, PublishedLayer] = {}
        self._older: dict[tuple[str, str], Generation] = {}
        self._task: asyncio.Task[None] | None = None
        self._looked = asyncio.Event()
        self.revision = 0
        self.state = ""
        self.available = False

    async def open(self) -> None:
        """Open the pool and begin to follow the pointer; a database that is away delays the start, and no more."""
        await self._pool.open(wait=False)
        self._task = asyncio.create_task(self._follow())
        # a worker that took requests before its first look would say 503 beside workers that can answer
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._looked.wait(), _FIRST_LOOK_S)

    async def close(self) -> None:
        """Stop following and close the pool."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._pool.close()

    @property
    def generations(self) -> tuple[Generation, ...]:
        """All published generations, by dataset id."""
        return tuple(self._current.values())

    @property
    def layers(self) -> tuple[PublishedLayer, ...]:
        """All that is published without rows: live layers and rasters, by id."""
        return tuple(self._layers.values())

    def current(self, dataset_id: str) -> Generation:
        """Return the published generation of a dataset; NotFoundError names the nearest collections."""
        if dataset_id in self._current:
            return self._current[dataset_id]
        if dataset_id in self._layers:
            raise NotFoundError(f"{dataset_id} has no such resource", remedy=f"see /ogc/collections/{dataset_id}")
        raise self._unknown(dataset_id)

    def layer(self, layer_id: str) -> PublishedLayer:
        """Return a published layer; NotFoundError names the nearest collections."""
        if layer_id in self._layers:
            return self._layers[layer_id]
        if layer_id in self._current:
            raise NotFoundError(f"{layer_id} has no such resource", remedy=f"see /ogc/collections/{layer_id}")
        raise self._unknown(layer_id)

    def find_layer(self, collection_id: str) -> PublishedLayer | None:
        """Return a published layer, None for all else."""
        return self._layers.get(collection_id)

    def find(self, collection_id: str) -> Generation | PublishedLayer:
        """Return what a collection is: rows or a layer; NotFoundError names the nearest collections."""
        return self._layers.get(collection_id) or self.current(collection_id)

    async def generation(self, dataset_id: str, mark: str) -> Generation | None:
        """Return a generation that the mark in a cursor or a tile's address names, None if it is no more."""
        known = self.current(dataset_id)
        if known.mark == mark:
            return known
        if (dataset_id, mark) in self._older:
            return self._older[dataset_id, mark]
        number = published.number(mark)
        if number is None:
            return None
        # a cursor of a generation unknown here comes from a worker whose pointer is newer (mechanisms.md)
        rows = await self._rows(published.ONE, [dataset_id, number])
        found = published.generation(rows[0]) if rows else None
        if found is None or found.mark != mark:
            return None
        while len(self._older) >= _KEPT:
            del self._older[next(iter(self._older))]
        self._older[dataset_id, mark] = found
        return found

    def forget(self, generation: Generation) -> None:
        """Forget an older generation that turned out to be gone."""
        self._older.pop((generation.dataset.id, generation.mark), None)

    async def fetch(self, statement: Statement, *, budget_ms: int | None = None) -> list[Row]:
        """Run a statement of territoire.query; QueryCanceled when it takes longer than `budget_ms`."""
        query, values = statement
        return await self._rows(query, values, budget_ms=budget_ms)

    async def refresh(self) -> None:
        """Read the pointer now: what a request needs when its generation has just gone."""
        rows, described = await self._rows(published.CURRENT, None), await self._rows(layers.CURRENT, None)
        self._take(rows, described)

    async def _rows(self, query: Query, values: Params | None, *, budget_ms: int | None = None) -> list[Row]:
        try:
            return await self._attempt(query, values, budget_ms)
        except PoolTimeout as exc:
            raise (_busy() if self.available else away()) from exc
        except psycopg.InterfaceError:
            log.info("connection_replaced")  # a connection that died while it was idle: the next one may live
        except psycopg.OperationalError as exc:
            if isinstance(exc, pg.QueryCanceled):
                raise
            if not _is_broken(exc):
                raise away() from exc
        await self._pool.check()
        try:
            return await self._attempt(query, values, budget_ms)
        except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as exc:
            if isinstance(exc, pg.QueryCanceled):
                raise
            raise away() from exc

    async def _attempt(self, query: Query, values: Params | None, budget_ms: int | None) -> list[Row]:
        async with self._pool.connection(timeout=None if self.available else 0.5) as connection:
            if budget_ms is None:
                return await (await connection.execute(query, values)).fetchall()
            async with connection.transaction():
                await connection.execute("select set_config('statement_timeout', %s, true)", [str(budget_ms)])
                return await (await connection.execute(query, values)).fetchall()

    async def _follow(self) -> None:
        while True:
            try:
                async with await database.listen_as_reader(self._url) as connection:
                    await self._listen(connection)
            except psycopg.Error as exc:
                # away, or being restored: its tables may be missing for a while
                if self.available or self.revision == 0:
                    log.warning("database_away", error=str(exc).strip().splitlines()[0] if str(exc) else "")
                self.available = False
            await asyncio.sleep(_POLL_S / 2)

    async def _listen(self, connection: AsyncConnection) -> None:
        await connection.execute(_LISTEN)
        while True:
            pointer = await (await connection.execute(published.POINTER)).fetchall()
            pointer += await (await connection.execute(layers.POINTER)).fetchall()
            if self.revision == 0 or set(pointer) != self._pointer():
                rows = await (await connection.execute(published.CURRENT)).fetchall()
                self._take(rows, await (await connection.execute(layers.CURRENT)).fetchall())
            if not self.available:
                # what the pool still holds died with the database
                await self._pool.check()
                # it may come back from a backup, where the number of an older generation is another's
                self._older.clear()
                self.available = True
                self._looked.set()
                log.info("database_ready", datasets=len(self._current))
            async for _ in connection.notifies(timeout=_POLL_S, stop_after=1):
                pass

    def _pointer(self) -> set[Row]:
        shown = {(name, layer.published_at) for name, layer in self._layers.items()}
        return shown | {(name, found.number, found.published_at) for name, found in self._current.items()}

    def _take(self, rows: Sequence[Row], described: Sequence[Row]) -> None:
        fresh: dict[str, Generation] = {}
        for row in rows:
            known = self._current.get(row[0])
            # a generation is immutable: only its time of publication may differ, after a rollback
            same = known is not None and known.number == row[1] and known.published_at == row[8]
            fresh[row[0]] = known if same and known else published.generation(row)
        for name, generation in self._current.items():
            if name not in fresh or fresh[name].mark != generation.mark:
                self._older[name, generation.mark] = generation
        self._current = fresh
        self._layers = {row[0]: layers.layer(row) for row in described}
        # the same in every worker, unlike the revision, which counts this one's readings
        marks = [f"{name}/{g.mark}/{g.published_at.timestamp()}" for name, g in fresh.items()]
        self.state = ";".join([*marks, *(f"{name}/{layer.mark}" for name, layer in self._layers.items())])
        self.revision += 1

    def _unknown(self, collection_id: str) -> RequestError:
        if not self._current and not self.available:
            return away()
        names = [*self._current, *self._layers]
        return NotFoundError(
            f"there is no collection {collection_id[:60]!r}", remedy=nearest(collection_id[:60], names)
        )


def away() -> UnavailableError:
    """Return the refusal of a request that needs the database while it is away."""
    return UnavailableError("the database is away", remedy="the same request will work again in a moment")


def _busy() -> UnavailableError:
    return UnavailableError("the server has more requests than it can answer", remedy="try again in a moment")


def _is_broken(exc: psycopg.OperationalError) -> bool:
    return exc.sqlstate is None or exc.sqlstate.startswith(("08", "57P"))


def as_request_error(exc: psycopg.DatabaseError) -> RequestError:
    """Say that the request cannot be computed: only a forged cursor and arithmetic in a filter get that far."""
    return RequestError(
        f"this cannot be computed on the data: {str(exc).splitlines()[0]}",
        remedy="simplify the filter's arithmetic or geometry, or start again without cursor",
    )
