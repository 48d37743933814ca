"""The part of the API definition that is about processes and jobs."""

from __future__ import annotations

from typing import Any

from providers.processes import catalogue
from territoire.web.api import operations

__all__ = ["RESPONSES", "SCHEMAS", "TAG", "parameters", "paths"]

Document = dict[str, Any]  # a JSON document
TAG = "processes"
_JSON = "application/json"
_PROBLEM: Document = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_TEXT: Document = {"type": "string"}
_LINKS: Document = {"type": "array", "items": {"$ref": "#/components/schemas/Link"}}
_TIME: Document = {"type": "string", "format": "date-time"}

RESPONSES: Document = {
    "NoResult": {"description": "There is no such job, or it has no result yet", "content": _PROBLEM},
    "Dismissed": {"description": "The job was dismissed before", "content": _PROBLEM},
    "Upstream": {"description": "A service of the Géoplateforme answers nonsense, or not in time", "content": _PROBLEM},
}
SCHEMAS: Document = {
    "Processes": {
        "type": "object",
        "required": ["processes", "links"],
        "properties": {
            "processes": {"type": "array", "items": {"$ref": "#/components/schemas/ProcessSummary"}},
            "links": _LINKS,
        },
    },
    "ProcessSummary": {
        "type": "object",
        "required": ["id", "version"],
        "properties": {
            "id": _TEXT,
            "version": _TEXT,
            "title": _TEXT,
            "description": _TEXT,
            "jobControlOptions": {"type": "array", "items": _TEXT},
            "outputTransmission": {"type": "array", "items": _TEXT},
            "links": _LINKS,
        },
    },
    "Process": {
        "type": "object",
        "required": ["id", "version", "inputs", "outputs"],
        "properties": {"inputs": {"type": "object"}, "outputs": {"type": "object"}},
    },
    "Execute": {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "inputs": {"type": "object", "description": "As the process describes them"},
            "outputs": {"type": "object"},
            "response": {"type": "string", "enum": ["raw", "document"], "default": "raw"},
        },
    },
    "StatusInfo": {
        "type": "object",
        "required": ["jobID", "status", "type"],
        "properties": {
            "jobID": {"type": "string", "format": "uuid"},
            "processID": _TEXT,
            "type": {"type": "string", "enum": ["process"]},
            "status": {"type": "string", "enum": ["accepted", "running", "successful", "failed", "dismissed"]},
            "progress": {"type": "integer", "minimum": 0, "maximum": 100},
            "message": _TEXT,
            "problem": {"$ref": "#/components/schemas/Problem"},
            **{name: _TIME for name in ("created", "started", "finished", "updated", "expires")},
            "links": _LINKS,
        },
    },
}


def parameters() -> Document:
    """Describe the parameters that processes alone have."""
    return {
        "processID": _path("processID", {"type": "string", "enum": list(catalogue.PROCESSES)}),
        "jobID": _path("jobID", {"type": "string", "format": "uuid"}),
        "prefer": {
            "name": "Prefer",
            "in": "header",
            "required": False,
            "description": "respond-async: a worker does it, and the answer is a job",
            "schema": {"type": "string"},
        },
    }


def paths() -> Document:
    """Describe processes, executions and jobs."""
    process = operations.get("process", "One process", TAG, "Process")
    process["get"]["parameters"] += operations.references("processID")
    return {
        "/processes": operations.get("processes", "Processes", TAG, "Processes"),
        "/processes/{processID}": process,
        "/processes/{processID}/execution": {"post": _execute()},
        "/jobs/{jobID}": {"get": _job("job", "Where a job stands", html=True), "delete": _dismiss()},
        "/jobs/{jobID}/results": {"get": _results()},
    }


def _path(name: str, schema: Document) -> Document:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _execute() -> Document:
    described = operations.operation("execute", "Execute a process", TAG, "Object", _JSON, html=False)
    described["parameters"] = operations.references("processID", "prefer", "f_json", "lang")
    described["requestBody"] = {
        "required": True,
        "content": {_JSON: {"schema": {"$ref": "#/components/schemas/Execute"}}},
    }
    described["responses"]["200"] = {"description": "The result", "content": _results_content()}
    described["responses"] |= {
        "201": {
            "description": "The job that a worker will do",
            "headers": {"Location": {"schema": _TEXT}, "Preference-Applied": {"schema": _TEXT}},
            "content": {_JSON: {"schema": {"$ref": "#/components/schemas/StatusInfo"}}},
        },
        "413": {"$ref": "#/components/responses/TooLarge"},
        "415": {"$ref": "#/components/responses/UnsupportedMedia"},
        "502": {"$ref": "#/components/responses/Upstream"},
        "504": {"$ref": "#/components/responses/Upstream"},
    }
    return described


def _job(name: str, summary: str, *, html: bool) -> Document:
    described = operations.operation(name, summary, TAG, "StatusInfo", _JSON, html=html)
    described["parameters"] = operations.references("jobID", "f" if html else "f_json", "lang")
    return described


def _dismiss() -> Document:
    described = _job("dismiss", "Dismiss a job, or drop its result", html=False)
    described["responses"]["410"] = {"$ref": "#/components/responses/Dismissed"}
    return described


def _results() -> Document:
    described = _job("results", "The results of a job", html=False)
    described["responses"]["200"] = {"description": "The result", "content": _results_content()}
    described["responses"] |= {
        "404": {"$ref": "#/components/responses/NoResult"},
        "410": {"$ref": "#/components/responses/Dismissed"},
        "413": {"$ref": "#/components/responses/TooLarge"},
        "500": {"$ref": "#/components/responses/Upstream"},
        "502": {"$ref": "#/components/responses/Upstream"},
        "504": {"$ref": "#/components/responses/Upstream"},
    }
    return described


def _results_content() -> Document:
    anything: Document = {"schema": {"type": "object"}}
    return {_JSON: anything, "application/geo+json": anything, "text/csv": {"schema": _TEXT}}
