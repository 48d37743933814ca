"""The job manager for pygeoapi: jobs handed in here are done by `territoire worker`, like those of our own routes."""

from __future__ import annotations

import functools
import uuid
from typing import Any

import orjson
from pygeoapi.process.base import JobNotFoundError, JobResultNotFoundError, ProcessorExecuteError
from pygeoapi.process.manager.base import BaseManager
from pygeoapi.util import JobStatus, RequestedProcessExecutionMode, Subscriber

from providers.processes.description import Json
from providers.processes.processor import Processor, RefusedExecutionError
from territoire.core import cluster, database, settings
from territoire.core.errors import NotFoundError, RequestError
from territoire.core.executions import Desk

__all__ = ["PostgreSQLManager"]

_ASYNC = RequestedProcessExecutionMode.respond_async


@functools.cache
def _desk() -> Desk:
    given = settings.load()
    if any((given.database_url, given.loader_url, given.reader_url, given.submitter_url)):
        return Desk(database.urls(given).submitter)
    # a request never starts a database that someone stopped
    return Desk(cluster.url(cluster.locate(given), "submitter"))


class PostgreSQLManager(BaseManager):
    """Hands jobs in and reads them; making it asks nothing of the database."""

    def __init__(self, manager_def: Json) -> None:
        super().__init__(manager_def)
        self.is_async = _desk().takes_jobs

    def get_jobs(self, status: object = None, limit: int | None = None, offset: int | None = None) -> Json:
        """Return no job: a list would show everybody's to everybody."""
        return {"jobs": [], "numberMatched": 0}

    def get_job(self, job_id: str) -> Json:
        """Return where a job stands, under pygeoapi's names."""
        try:
            found = _desk().read(_number(job_id))
        except NotFoundError as exc:
            raise JobNotFoundError from exc
        moments = {name: getattr(found, name) for name in ("created", "started", "finished", "updated")}
        return {
            "type": "process",
            "identifier": str(found.job),
            "process_id": found.process,
            "status": found.status,
            "message": found.message,
            "progress": found.progress,
            "mimetype": "application/json",
            **{name: moment.isoformat() if moment else None for name, moment in moments.items()},
        }

    def get_job_result(self, job_id: str) -> tuple[str, Any]:  # a text or a JSON document
        """Return media type and value of a job's result."""
        try:
            done = _desk().result(_number(job_id))
        except NotFoundError as exc:
            raise JobResultNotFoundError from exc
        return _value(done.media, done.content)

    def delete_job(self, job_id: str) -> bool:
        """Dismiss a job."""
        if not _desk().dismiss(_number(job_id)):
            raise JobNotFoundError
        return True

    def execute_process(
        self,
        process_id: str,
        data_dict: Json,
        execution_mode: RequestedProcessExecutionMode | None = None,
        requested_outputs: Json | None = None,
        subscriber: Subscriber | None = None,
        requested_response: object = None,
    ) -> Any:  # five values, where pygeoapi declares four and takes five
        """Do a process while the visitor waits, or hand it in where `Prefer: respond-async` asks so."""
        processor = self.get_processor(process_id)
        if not isinstance(processor, Processor):
            raise ProcessorExecuteError(f"{process_id} is none of this manager's processes")
        if execution_mode != _ASYNC or not self.is_async:
            media, value = processor.execute(data_dict)
            # nothing is kept of what somebody waited for: the number leads nowhere
            return str(uuid.uuid4()), media, value, JobStatus.successful, {}
        try:
            job = _desk().submit(process_id, processor.description.check(data_dict))
        except RequestError as exc:
            raise RefusedExecutionError(exc) from exc
        return str(job), "application/json", None, JobStatus.accepted, {"Preference-Applied": _ASYNC.value}


def _number(job_id: str) -> uuid.UUID:
    try:
        return uuid.UUID(job_id)
    except ValueError as exc:
        raise JobNotFoundError from exc


def _value(media: str, content: bytes) -> tuple[str, Any]:  # a text or a JSON document
    if media.endswith("json"):
        return "application/json", orjson.loads(content)
    return media, content.decode()
