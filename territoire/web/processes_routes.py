"""The handlers of OGC API Processes: processes, executions, jobs and their results."""

from __future__ import annotations

import asyncio
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from providers.processes import catalogue
from territoire.core.errors import GoneError, NoSuchJobError, ResultNotReadyError, TooLargeError
from territoire.core.executions import Desk, Output, Status
from territoire.core.executions import Response as Form
from territoire.web import answers, asked, conduct, executing
from territoire.web.api import processes as documents
from territoire.web.executing import Bench
from territoire.web.pages import processes as pages
from territoire.web.views import Views

__all__ = ["routes"]

_PRIVATE = {"Cache-Control": "no-store"}
#: Bytes of a result that is put into a JSON document, which is made in memory.
_LARGEST_DOCUMENT = 32 * 2**20


def routes() -> list[Route]:
    """Return the table of routes; there is no list of jobs, as it would show everybody's."""
    return [
        Route("/ogc/processes", _processes, methods=["GET"]),
        Route("/ogc/processes/{process}", _process, methods=["GET"]),
        Route("/ogc/processes/{process}/execution", _execute, methods=["POST"]),
        Route("/ogc/jobs/{job}", _job, methods=["GET"]),
        Route("/ogc/jobs/{job}", _dismiss, methods=["DELETE"]),
        Route("/ogc/jobs/{job}/results", _results, methods=["GET"]),
    ]


@conduct.conditional
async def _processes(request: Request) -> Response:
    """All processes."""
    wanted = asked.read(request)
    if wanted.format == "html":
        return answers.html(pages.render_list(_views(request).site(request, wanted)), language=wanted.language)
    return conduct.json(wanted, documents.processes(wanted, takes_jobs=_desk(request).takes_jobs))


@conduct.conditional
async def _process(request: Request) -> Response:
    """One process."""
    wanted = asked.read(request)
    described, takes_jobs = catalogue.describe(request.path_params["process"]), _desk(request).takes_jobs
    if wanted.format == "html":
        page = pages.render_process(_views(request).site(request, wanted), described, takes_jobs=takes_jobs)
        return answers.html(page, language=wanted.language)
    return conduct.json(wanted, documents.process(wanted, described, takes_jobs=takes_jobs))


async def _execute(request: Request) -> Response:
    """Do a process now, or hand it in where the request prefers so and this server takes jobs (RFC 7240)."""
    wanted = asked.read(request, offered=asked.ANY)
    desk = _desk(request)
    bench: Bench = request.app.state.bench
    with bench.taking() as grow:
        execution = await executing.read(request, takes_jobs=desk.takes_jobs, grow=grow)
        if not execution.wants_job:
            return _result(await bench.do(execution), execution.response)
        job = await asyncio.to_thread(desk.submit, execution.process.id, execution.inputs, response=execution.response)
    status = await asyncio.to_thread(desk.read, job)
    answer = conduct.json(wanted, documents.job(wanted, status))
    answer.status_code = 201
    headers = {"Location": f"{wanted.ogc}/jobs/{job}", "Preference-Applied": "respond-async", **_PRIVATE}
    answer.headers.update(headers)
    return answer


async def _job(request: Request) -> Response:
    """Where a job stands."""
    wanted = asked.read(request)
    status = await asyncio.to_thread(_desk(request).read, _number(request))
    if wanted.format == "html":
        answer = answers.html(pages.render_job(_views(request).site(request, wanted), status), language=wanted.language)
    else:
        answer = conduct.json(wanted, documents.job(wanted, status))
    answer.headers.update(_PRIVATE)
    return answer


async def _dismiss(request: Request) -> Response:
    """End a job, or drop its result."""
    wanted = asked.read(request, offered=asked.JSON_ONLY)
    desk, job = _desk(request), _number(request)
    # a job that never was is a 404, one that was dismissed before a 410
    if not await asyncio.to_thread(desk.dismiss, job):
        await asyncio.to_thread(desk.read, job)
        raise GoneError(f"the job {job} was dismissed before", remedy="hand it in again")
    answer = conduct.json(wanted, documents.job(wanted, await asyncio.to_thread(desk.read, job)))
    answer.headers.update(_PRIVATE)
    return answer


async def _results(request: Request) -> Response:
    """What a job gave, in the form that its execution asked for."""
    asked.read(request, offered=asked.ANY)
    desk, job = _desk(request), _number(request)
    status = await asyncio.to_thread(desk.read, job)
    if status.status != "successful":
        return _without_result(status)
    head = await asyncio.to_thread(desk.head, job)
    if status.response == "raw":
        headers = {"Content-Length": str(head.size), **_PRIVATE}
        return StreamingResponse(desk.pieces(job, head.size), media_type=head.media, headers=headers)
    if head.size > _LARGEST_DOCUMENT:
        raise TooLargeError(
            f"the result has {head.size} bytes, and a document may have {_LARGEST_DOCUMENT}",
            remedy="hand it in with response raw",
        )
    return _result(await asyncio.to_thread(desk.result, job), "document")


def _without_result(status: Status) -> Response:
    """Answer with why a job failed, or refuse where there is nothing to give."""
    if status.status == "failed" and status.problem:
        return answers.failed(status.problem)
    if status.status == "dismissed":
        raise GoneError(f"the job {status.job} was dismissed", remedy="hand it in again")
    raise ResultNotReadyError(
        f"the job {status.job} is {status.status}, and has no result yet", remedy="ask again in a moment"
    )


def _result(output: Output, response: Form) -> Response:
    if response == "document":
        return answers.raw(documents.results_document(output), media="application/json", headers=_PRIVATE)
    return answers.raw(output.content, media=output.media, headers=_PRIVATE)


def _number(request: Request) -> UUID:
    text = request.path_params["job"]
    try:
        return UUID(text)
    except ValueError as exc:
        raise NoSuchJobError(
            f"there is no job {text[:60]!r}", remedy="its number is in the answer to the POST"
        ) from exc


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _views(request: Request) -> Views:
    views: Views = request.app.state.views
    return views
