"""What schemathesis reports and is meant, with the reason: three of its checks, which let these few cases pass."""

from __future__ import annotations

import html
import re
from typing import Any

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.specs.openapi import checks

from territoire.query.parameters import MAX_LIMIT
from territoire.web.posted import FORM

#: Refusals of requests that keep to the definition, by what the problem's `detail` begins with.
MEANT = {
    r"(inputs|outputs)[.:]": "what a process takes stands in its own description: one schema of Execute is for all",
    r"cursor: ": "a cursor carries a checksum and belongs to one order and one set of filters",
    r"filter( at |: |-lang: stands twice)": "CQL2 is a grammar, and a POST has its filter in the body alone",
    r"datetime: ": "a pattern knows neither the calendar nor the order of two ends, nor that subset says the same",
    r"bbox: ": "which numbers lie in range, and in which order, depends on bbox-crs",
    r"sortby: a column stands twice": "nom and -nom are two words for one column",
    r"collections: ": "OGC 20-057 wants a plain array of strings, and addresses are taken too",
    r"f: 'tilejson' is not offered here": "TileJSON knows WebMercatorQuad alone, and f is said once for all sets",
    r"[^:]+: a text cannot hold a NUL character": "no pattern of ECMA 262 that clients read says so",
}
#: What the definition says of a form; any other field of it is a parameter of the GET, or unknown and refused.
_FORM_FIELDS = {"filter", "filter-lang"}
_MEANT = re.compile(f"(?:{'|'.join(MEANT)})")
#: Where the detail stands in the page that a browser gets.
_IN_PAGE = re.compile(r'<p lang="en"><strong>[^<]*</strong> (.*?)</p>', re.DOTALL)


@schemathesis.check
def valid_data_is_accepted(context: Any, response: Any, case: Any) -> bool | None:
    """Do as positive_data_acceptance, but for the refusals of MEANT."""
    if response.status_code == 400 and (_MEANT.match(_detail(response)) or _has_other_fields(case)):
        return None
    return checks.positive_data_acceptance(context, response, case)


@schemathesis.check
def invalid_data_is_refused(context: Any, response: Any, case: Any) -> bool | None:
    """Do as negative_data_rejection, but for a limit beyond the maximum: OGC 17-069r4 wants it clamped, not refused."""
    limit = str(case.query.get("limit", ""))
    if response.status_code == 200 and re.fullmatch("[0-9]+", limit) and int(limit) > MAX_LIMIT:
        return None
    return checks.negative_data_rejection(context, response, case)


@schemathesis.check
def allow_names_the_methods(context: Any, response: Any, case: Any) -> bool | None:
    """Do as allow_header_conformance, but for the POST of items: QGIS takes a layer whose Allow names it for editable.

    It stands for a long GET (OGC 19-079r2) and writes nothing.
    """
    try:
        return checks.allow_header_conformance(context, response, case)
    except Failure as failure:
        found = (getattr(failure, "missing_methods", None), getattr(failure, "undocumented_methods", None))
        if case.operation.path.endswith("/items") and found == (["POST"], []):
            return None
        raise


def _has_other_fields(case: Any) -> bool:
    is_form = case.method == "POST" and case.media_type == FORM
    return is_form and isinstance(case.body, dict) and not case.body.keys() <= _FORM_FIELDS


def _detail(response: Any) -> str:
    if "json" in response.headers["content-type"][0]:
        return response.json()["detail"]
    return html.unescape(_IN_PAGE.findall(response.text)[0])
