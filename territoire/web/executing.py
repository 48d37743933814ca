"""Executions: what a request asks for, done while the visitor waits or handed to the workers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from starlette.requests import Request

from providers.processes import catalogue
from providers.processes.catalogue import Workshop
from providers.processes.description import Description
from territoire.core.errors import RequestError, TooLargeError, UnavailableError, UnsupportedMediaError
from territoire.core.executions import Limited, Output, Response

__all__ = ["MAX_BODY", "SYNC_BODY", "SYNC_S", "Bench", "Execution", "read"]

#: A body that is handed to the workers, and one that is done while somebody waits.
MAX_BODY = 64 * 2**20
SYNC_BODY = 500_000
#: Seconds that a visitor waits at most.
SYNC_S = 20.0
#: Executions at the same time in a process of the server; more are sent to the queue.
_SYNC_AT_ONCE = 8
#: Bodies beyond SYNC_BODY that are taken in at the same time in a process: each may need 300 MB for a second.
_LARGE_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Execution:
    """What is asked: a process, its inputs (checked), and how the results are wanted."""

    process: Description
    inputs: dict[str, Any]  # JSON
    response: Response
    wants_job: bool


class Bench:
    """Does executions that are waited for, a few at a time, in threads of its own."""

    def __init__(self, workshop: Workshop, *, takes_jobs: bool) -> None:
        self._workshop = workshop
        self._later = later(takes_jobs=takes_jobs)
        self._threads = ThreadPoolExecutor(_SYNC_AT_ONCE, thread_name_prefix="execution")
        self._busy = 0
        self._large = 0

    @contextmanager
    def taking(self) -> Generator[Callable[[], None]]:
        """Let a body in; what is given is to be called when it turns out to be large: UnavailableError beyond two."""
        is_large = False

        def grow() -> None:
            nonlocal is_large
            if is_large:
                return
            if self._large >= _LARGE_AT_ONCE:
                raise UnavailableError("other large inputs are being taken in", remedy="send this again in a moment")
            self._large += 1
            is_large = True

        try:
            yield grow
        finally:
            self._large -= is_large

    def close(self) -> None:
        """Let go of what was not begun, and close what was opened."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._workshop.close()

    async def do(self, wanted: Execution) -> Output:
        """Return what a process gives; UnavailableError beyond the time that a visitor waits, or when all are busy."""
        if self._busy >= _SYNC_AT_ONCE:
            raise UnavailableError("as many processes as may be are being waited for", remedy=self._later)
        self._busy += 1
        call = (self._workshop.execute, wanted.process.id, wanted.inputs, Limited(SYNC_S, remedy=self._later))
        running = asyncio.get_running_loop().run_in_executor(self._threads, *call)
        running.add_done_callback(self._leave)
        try:
            return await asyncio.wait_for(asyncio.shield(running), SYNC_S)
        except TimeoutError as exc:
            raise UnavailableError(f"this takes more than {SYNC_S:g} s", remedy=self._later) from exc

    def _leave(self, running: asyncio.Future[Output]) -> None:
        self._busy -= 1
        if not running.cancelled():
            running.exception()  # of one that nobody waited for any more


def later(*, takes_jobs: bool) -> str:
    """Say what to do about an execution that is too much to be waited for."""
    return "send Prefer: respond-async, and a worker does it" if takes_jobs else "ask for less at once"


async def read(request: Request, *, takes_jobs: bool, grow: Callable[[], None]) -> Execution:
    """Read an execution (OGC 18-062r2, 7.11); RequestError says what is wrong, and in which input."""
    described = catalogue.describe(request.path_params["process"])
    wants_job = takes_jobs and any(
        part.split(";")[0].strip().lower() == "respond-async"
        for header in request.headers.getlist("prefer")
        for part in header.split(",")
    )
    if wants_job:
        body = await _body(request, MAX_BODY, remedy="split it into several jobs", grow=grow)
    else:
        body = await _body(request, SYNC_BODY, remedy=later(takes_jobs=takes_jobs), grow=grow)
    try:
        content = await asyncio.to_thread(orjson.loads, body)
    except orjson.JSONDecodeError as exc:
        raise RequestError(f"the body is not JSON: {exc}", remedy='send {"inputs": {...}}') from exc
    del body  # it may be of 50 MB
    if not isinstance(content, dict) or not isinstance(content.get("inputs", {}), dict):
        raise RequestError("the body is not an execution", remedy='send {"inputs": {...}}')
    if "subscriber" in content:
        raise RequestError("subscriber: nobody is called back", remedy="ask the job how it goes")
    response = content.get("response", "raw")
    if response not in ("raw", "document"):  # a list, as JSON may hold anything
        raise RequestError("response: neither raw nor document", remedy="use raw or document")
    _check_outputs(described, content.get("outputs"))
    # a table of 50 MB takes its time to be looked through
    inputs = await asyncio.to_thread(described.check, content.get("inputs", {}))
    return Execution(described, inputs, response, wants_job)


def _check_outputs(described: Description, outputs: object) -> None:
    """Refuse outputs that a process does not have, or would not give as a value."""
    if outputs is None:
        return
    if not isinstance(outputs, Mapping):
        raise RequestError("outputs: not an object", remedy="leave it out to get what there is")
    for name, wanted in outputs.items():
        if name not in described.results:
            raise RequestError(
                f"outputs: {described.id} has no output {name[:60]!r}", remedy=f"known: {', '.join(described.results)}"
            )
        mode: Literal["value"] = wanted.get("transmissionMode", "value") if isinstance(wanted, Mapping) else "value"
        if mode != "value":
            raise RequestError(
                f"outputs.{name}: results are given as a value only", remedy="use transmissionMode value"
            )


async def _body(request: Request, limit: int, *, remedy: str, grow: Callable[[], None]) -> bytes:
    media = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if media != "application/json":
        raise UnsupportedMediaError(f"a body of type {media[:60]!r} is not read here", remedy="send application/json")
    parts: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLargeError(f"the body is longer than {limit} bytes", remedy=remedy)
        if size > SYNC_BODY:
            grow()
        parts.append(chunk)
    return b"".join(parts)
