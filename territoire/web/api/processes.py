"""Documents of OGC API Processes: the list, one process, a job's status, results (OGC 18-062r2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from providers.processes import catalogue
from providers.processes.description import Description
from territoire.core.executions import Output, Status
from territoire.web.api.links import Link, link
from territoire.web.asked import Asked

__all__ = [
    "CONFORMANCE",
    "EXECUTE",
    "OF_JOBS",
    "PROCESSES",
    "RESULTS",
    "job",
    "process",
    "processes",
    "results_document",
]

_CLASS = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"
#: Not job-list: knowing a job's number is the right to read it, and a list would show everybody's.
CONFORMANCE = tuple(f"{_CLASS}{name}" for name in ("core", "ogc-process-description", "json", "oas30", "dismiss"))
#: What a server that takes no jobs has not.
OF_JOBS = frozenset({f"{_CLASS}dismiss"})
_REL = "http://www.opengis.net/def/rel/ogc/1.0/"
PROCESSES, EXECUTE, RESULTS = f"{_REL}processes", f"{_REL}execute", f"{_REL}results"

Document = dict[str, Any]  # a JSON document


def processes(asked: Asked, *, takes_jobs: bool) -> Document:
    """Return the list of processes, each as its own description begins."""
    return {
        "processes": [
            {
                **one.description.summary(asked.language, takes_jobs=takes_jobs),
                "links": [
                    link(_address(asked, one.description), "self", "application/json", "process", asked.language)
                ],
            }
            for one in catalogue.PROCESSES.values()
        ],
        "links": _own(asked),
    }


def process(asked: Asked, described: Description, *, takes_jobs: bool) -> Document:
    """Return one process with its inputs, outputs and an example of a request."""
    address = _address(asked, described)
    links = [*_own(asked), link(f"{address}/execution", EXECUTE, "application/json", "execute", asked.language)]
    document = described.document(asked.language, takes_jobs=takes_jobs)
    return {**document, "example": {"inputs": described.example}, "links": links}


def job(asked: Asked, status: Status) -> Document:
    """Return where a job stands; why it failed is a problem (RFC 9457)."""
    content: Document = {
        "jobID": str(status.job),
        "processID": status.process,
        "type": "process",
        "status": status.status,
        "progress": status.progress,
        "links": _job_links(asked, status),
    }
    if status.message:
        content["message"] = status.message
    if status.problem:
        content["problem"] = status.problem
    for name in ("created", "started", "finished", "updated", "expires"):
        moment = getattr(status, name)
        if moment:
            content[name] = _moment(moment)
    return content


def results_document(output: Output) -> bytes:
    """Return results as a document: outputs by name, each a qualified value (OGC 18-062r2, 7.11.4)."""
    is_json = output.media.endswith("json")
    # what is JSON already goes in as it is
    value = orjson.Fragment(output.content) if is_json else output.content.decode()
    return orjson.dumps({output.name: {"value": value, "mediaType": output.media}})


def _own(asked: Asked) -> list[Link]:
    return [
        link(asked.url, "self", "application/json", "self", asked.language),
        link(asked.link(f="html"), "alternate", "text/html", "html", asked.language),
    ]


def _address(asked: Asked, described: Description) -> str:
    return f"{asked.ogc}/processes/{described.id}"


def _job_links(asked: Asked, status: Status) -> list[Link]:
    address, language = f"{asked.ogc}/jobs/{status.job}", asked.language
    links = [
        link(address, "self", "application/json", "job", language),
        link(f"{address}?f=html", "alternate", "text/html", "html", language),
        link(f"{asked.ogc}/processes/{status.process}", "up", "application/json", "process", language),
    ]
    if status.status == "successful":
        links.append(link(f"{address}/results", RESULTS, "application/json", "results", language))
    return links


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
