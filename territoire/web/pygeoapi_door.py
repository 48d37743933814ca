"""The door to pygeoapi: its API functions answer what is not ours, from what is published now."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import yaml
from pygeoapi import api as pygeoapi_api
from pygeoapi.api import API, APIRequest, itemtypes
from starlette.requests import Request
from starlette.responses import Response

from territoire.core import errors, places
from territoire.core.derive import configuration
from territoire.core.vocabulary import Vocabulary
from territoire.query import parameters
from territoire.query.model import Generation
from territoire.web import answers, seams
from territoire.web.pages import environment, maps, site, units
from territoire.web.pages.site import Site

__all__ = ["Door", "What"]

What = Literal["landing", "conformance", "collections", "items", "item", "queryables", "schema"]
#: Runs one of pygeoapi's functions in a thread.
Run = Callable[..., Awaitable[Any]]
_Answer = tuple[dict[str, str], int, str]  # a formatter may give bytes
_Function = Callable[..., _Answer]
_FUNCTIONS: dict[What, _Function] = {
    "landing": pygeoapi_api.landing_page,
    "conformance": pygeoapi_api.conformance,
    "collections": pygeoapi_api.describe_collections,
    "items": itemtypes.get_collection_items,
    "item": itemtypes.get_collection_item,
    "queryables": itemtypes.get_collection_queryables,
    "schema": pygeoapi_api.get_collection_schema,
}
#: A page of a list that people read; programs ask for more.
_PAGE_LIMIT = "50"
_ERRORS: dict[int, type[errors.RequestError]] = {
    404: errors.NotFoundError,
    406: errors.NotAcceptableError,
    410: errors.GoneError,
    503: errors.UnavailableError,
}


class _Api(API):
    """pygeoapi's API with addresses relative to the host, which raises where it would write an error."""

    def __init__(self, config: dict[str, Any], root: str) -> None:  # a configuration
        super().__init__(config, {})
        # pygeoapi strips the leading slash of its own address
        self.base_url = f"{root}/ogc"
        self.tpl_config["server"]["url"] = self.base_url

    def get_exception(
        self, status: int, headers: dict[str, str], format_: str | None, code: str, description: str
    ) -> _Answer:
        """Raise ours: the caller writes all refusals, in one place and form."""
        raise _refusal(int(status), description, sys.exception()) from sys.exception()


class Door:
    """pygeoapi on the generations that were published when it was built; the caller builds another when that changes.

    `root` is the path of the public address, '' where it has none.
    """

    def __init__(self, generations: Sequence[Generation], vocabulary: Vocabulary, *, root: str) -> None:
        seams.install()
        seams.forget_translated_configuration()
        self._api = _Api(_configuration(generations, vocabulary, root), root)
        self._generations = {generation.dataset.id: generation for generation in generations}

    async def answer(
        self,
        request: Request,
        what: What,
        *arguments: str,
        site: Site,
        form: str = "html",
        run: Run = asyncio.to_thread,
        more: Mapping[str, Any] | None = None,
    ) -> Response:
        """Return pygeoapi's answer in the format `form`; its refusals are raised as RequestError.

        `more` is what the templates are told beside what is known of every page.
        """
        wanted = self._request(request, what, site, form)
        page = {**self._page(what, arguments, site), **(more or {})} if form == "html" else None
        token = seams.PAGE.set(page)
        try:
            headers, status, content = await run(_FUNCTIONS[what], self._api, wanted, *arguments)
        finally:
            seams.PAGE.reset(token)
        if form == "html":
            return answers.html(str(content), language=site.language, status=status)
        kept = {name: value for name, value in headers.items() if name.startswith("Content-") or name == "Link"}
        return Response(content, status_code=status, headers={**kept, "Vary": "Accept, Accept-Language"})

    def _request(self, request: Request, what: What, current: Site, form: str) -> APIRequest:
        """Say to pygeoapi what was negotiated; the list of a page is short and needs no geometry."""
        given = request.query_params.multi_items()
        # pygeoapi would parse a filter itself, whatever its language says (ADR 5)
        pairs = [(parameters.DISGUISED.get(name, name), value) for name, value in given if name != "f"]
        names = {name for name, _ in pairs}
        if "bbox" not in names:
            # means nothing alone; pygeoapi refuses it, the JSON does not
            pairs = [pair for pair in pairs if pair[0] != "bbox-crs"]
        if what == "items" and form == "html":
            defaults = {"limit": _PAGE_LIMIT, "skipGeometry": "true"}
            pairs += [(name, value) for name, value in defaults.items() if name not in names]
        scope = {
            **request.scope,
            "query_string": urlencode([*pairs, ("f", form)]).encode(),
            "headers": [(b"accept-language", current.language.encode())],
        }
        return seams.request(Request(scope), self._api.locales)

    def _page(self, what: What, arguments: Sequence[str], current: Site) -> dict[str, Any]:  # what templates print
        """Tell the templates of pygeoapi-config/ what pygeoapi does not know."""
        query = parse_qsl(urlsplit(current.path).query, keep_blank_values=True)
        page: dict[str, Any] = {
            "root": site.root(current),
            "base": current.base,
            "chosen": dict(query).get("lang", ""),
            "switch": site.switch_href(current),
            "territory": current.vocabulary.territory.title.get(current.language),
            "sources": environment.sources(current),
            "layers": [
                (one.id, one.declaration.title.get(current.language), one.declaration.abstract.get(current.language))
                for one in current.layers
                if one.kind != "wfs"
            ],
            "map": None,
            "hidden": False,
        }
        generation = self._generations.get(arguments[0]) if arguments else None
        if generation is None:
            return page
        dataset = generation.dataset
        narrowed = [pair for pair in query if pair[0] not in {"f", "lang", "limit", "offset", "cursor"}]
        page |= {
            "dataset": dataset.id,
            "key": dataset.key,
            "hidden": dataset.publish.indexing == "none",
            "columns": {column.name: units.heading(column, current.language) for column in dataset.columns},
            "rows": generation.rows if what == "items" and not narrowed and not dataset.live else None,
            "map": maps.settings(current, [generation]) if dataset.tiles else None,
            "json": "?" + urlencode([*((n, v) for n, v in query if n not in {"f", "cursor"}), ("f", "json")]),
            "first": None,
            # the map reads degrees
            "projected": "crs" in dict(query),
        }
        if {"cursor", "offset"} & dict(query).keys():
            page["first"] = "?" + urlencode([(n, v) for n, v in query if n not in {"cursor", "offset"}])
        return page


def _configuration(generations: Sequence[Generation], vocabulary: Vocabulary, root: str) -> dict[str, Any]:
    """Return the whole configuration, with addresses and folders that do not depend on the working directory."""
    folder = places.pygeoapi_config_folder()
    server = yaml.safe_load((folder / "server.yml").read_text(encoding="utf-8"))
    server["server"] |= {"url": f"{root}/ogc", "templates": {"path": str(folder / "templates")}}
    return configuration.configuration(
        server,
        [generation.dataset for generation in generations],
        vocabulary,
        base_url=f"{root}/ogc",
        bounds={g.dataset.id: g.extent_crs84 for g in generations if g.extent_crs84},
    )


def _refusal(status: int, description: str, raised: BaseException | None) -> errors.TerritoireError:
    """Turn what pygeoapi calls an exception into ours; a provider's own error stands behind it as the cause."""
    cause = raised.__cause__ if raised else None
    if isinstance(cause, errors.TerritoireError):
        return cause
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in _ERRORS:
        return errors.TerritoireError(description)
    return _ERRORS.get(status, errors.RequestError)(description, remedy="see the API definition: /ogc/openapi")
