"""The pages of processes: the list, one process with programs to copy, and one job."""

from __future__ import annotations

import json

from providers.processes import catalogue
from providers.processes.description import Description
from territoire.core.executions import Status
from territoire.web.pages import environment
from territoire.web.pages.site import Site
from territoire.web.pages.snippets import Snippet

__all__ = ["render_job", "render_list", "render_process", "snippets"]

_CURL = """\
curl -X POST %(address)s \\
  -H 'Content-Type: application/json' \\
  -d %(body)s"""
_ASYNC = """\
curl -i -X POST %(address)s \\
  -H 'Content-Type: application/json' -H 'Prefer: respond-async' \\
  -d %(body)s"""
_PYTHON = """\
import requests

answer = requests.post(
    %(address)s,
    json=%(python)s,
    timeout=60,
)
answer.raise_for_status()
print(answer.json())"""
_OWSLIB = """\
from owslib.ogcapi.processes import Processes

api = Processes(%(ogc)s)
print(api.execute(%(name)s, inputs=%(inputs)s))"""
_R = """\
library(httr2)

answer <- request(%(address)s) |>
  req_body_raw(%(text)s, "application/json") |>
  req_perform()
cat(resp_body_string(answer))"""


def render_list(site: Site) -> str:
    """Return the page of all processes."""
    described = [one.description for one in catalogue.PROCESSES.values()]
    return environment.render("processes.html", site, processes=described)


def render_process(site: Site, described: Description, *, takes_jobs: bool) -> str:
    """Return the page of one process."""
    inputs = [(name, given, _kind(given.schema)) for name, given in described.inputs.items()]
    return environment.render(
        "process.html",
        site,
        process=described,
        inputs=inputs,
        snippets=snippets(site, described, takes_jobs=takes_jobs),
    )


def render_job(site: Site, status: Status) -> str:
    """Return the page of a job."""
    return environment.render(
        "job.html", site, job=status, process=catalogue.describe(status.process), is_open=status.finished is None
    )


def snippets(site: Site, described: Description, *, takes_jobs: bool) -> list[Snippet]:
    """Return programs that run the process's example as they stand."""
    body = {"inputs": described.example}
    text = json.dumps(body, ensure_ascii=False)
    values = {
        "address": json.dumps(f"{site.base}/ogc/processes/{described.id}/execution"),
        "ogc": json.dumps(f"{site.base}/ogc"),
        "name": json.dumps(described.id),
        # no example holds an apostrophe, which a shell would take for the end
        "body": f"'{text}'",
        # these examples have neither true, false nor null: JSON is Python
        "python": text,
        "inputs": json.dumps(described.example, ensure_ascii=False),
        "text": json.dumps(text, ensure_ascii=False),
    }
    programs = [
        ("curl", _CURL),
        *([("curl, respond-async", _ASYNC)] if takes_jobs else []),
        ("Python, requests", _PYTHON),
        ("Python, OWSLib", _OWSLIB),
        ("R, httr2", _R),
    ]
    return [Snippet(tool, program % values) for tool, program in programs]


def _kind(schema: dict[str, object]) -> str:  # a JSON schema
    """Name the type of an input in a word or two: the same in all languages."""
    if "enum" in schema and isinstance(schema["enum"], list):
        return " | ".join(map(str, schema["enum"]))
    if schema.get("format") == "geojson-geometry" and isinstance(schema.get("properties"), dict):
        return f"GeoJSON {schema['properties']['type']['const']}"  # type: ignore[index]
    if "oneOf" in schema and isinstance(schema["oneOf"], list):
        return " | ".join(_kind(one) for one in schema["oneOf"])
    return str(schema.get("contentMediaType", schema.get("type", "")))
