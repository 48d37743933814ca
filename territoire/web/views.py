"""Hands requests for HTML to the pages and to pygeoapi, with what is published at the moment."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from providers import live_features
from providers.geoplateforme import HEARD
from territoire import __version__
from territoire.core.errors import RequestError
from territoire.core.vocabulary import Vocabulary
from territoire.geoplateforme.answers import Answer
from territoire.geoplateforme.pulse import Beat
from territoire.query import search
from territoire.query.layers import PublishedLayer
from territoire.query.model import Generation
from territoire.web import answers
from territoire.web.asked import Asked
from territoire.web.catalogue import Catalogue
from territoire.web.facades import Facades
from territoire.web.negotiate import Language
from territoire.web.pages import collection as collection_page
from territoire.web.pages import error as error_page
from territoire.web.pages import home as home_page
from territoire.web.pages import layer as layer_page
from territoire.web.pages import live as live_page
from territoire.web.pages import site as page_site
from territoire.web.pages.site import Site
from territoire.web.pygeoapi_door import Door, What

#: How long a browser may keep a page of live features, in seconds.
_KEEP_S = 60


class Views:
    """The HTML side of the routes; pygeoapi's API is built again when something was published."""

    def __init__(self, vocabulary: Vocabulary, *, public_url: str | None) -> None:
        self._vocabulary = vocabulary
        self._root = urlsplit(public_url or "").path.rstrip("/")
        self._door: tuple[int, Door] | None = None

    async def home(self, asked: Asked, catalogue: Catalogue) -> Response:
        """Answer with the home page, and with what `q` finds by name."""
        text = dict(asked.pairs).get("q", "")[:200].strip()
        statement = search.search(catalogue.generations, text)
        rows = await catalogue.fetch(statement) if statement else []
        hits = [search.Hit(*row) for row in rows]
        page = home_page.render(self._site(asked, catalogue), search=text, results=hits)
        return answers.html(page, language=asked.language)

    def collection(
        self, asked: Asked, catalogue: Catalogue, found: Generation | PublishedLayer, beat: Beat | None = None
    ) -> Response:
        """Answer with a collection's page; `beat` is what is known of the source of a live one."""
        site = self._site(asked, catalogue)
        is_layer = isinstance(found, PublishedLayer)
        page = layer_page.render(site, found, beat) if is_layer else collection_page.render(site, found)
        return answers.html(page, language=asked.language)

    async def pygeoapi(
        self,
        asked: Asked,
        catalogue: Catalogue,
        request: Request,
        what: What,
        *arguments: str,
        more: Mapping[str, Any] | None = None,
    ) -> Response:
        """Answer with a page that pygeoapi makes on our templates; `more` is told to them."""
        site = self._site(asked, catalogue)
        return await self._current_door(catalogue).answer(request, what, *arguments, site=site, form="html", more=more)

    async def live(
        self, asked: Asked, catalogue: Catalogue, request: Request, what: What, *arguments: str, facades: Facades
    ) -> Response:
        """Answer with a page that pygeoapi makes of live features, in the threads of their service."""

        async def run(work: Callable[..., Any], *given: Any) -> Any:  # one of pygeoapi's functions
            return await facades.run("wfs", functools.partial(work, *given))

        site, heard = self._site(asked, catalogue), list[Answer]()
        more = {"stale": lambda: live_page.stale(site, heard[-1]) if heard else None}
        token = HEARD.set(heard)
        try:
            made = await self._current_door(catalogue).answer(request, what, *arguments, site=site, run=run, more=more)
        finally:
            HEARD.reset(token)
        if heard:
            made.headers.update(facades.headers("wfs", heard[-1], keep_s=_KEEP_S))
        return made

    def error(self, base: str, path: str, language: Language, error: RequestError, catalogue: Catalogue) -> Response:
        """Answer with the page of a refusal."""
        site = self._whole(base, language, catalogue, path)
        page = error_page.render(site, error.status, error.title, error.message, error.remedy)
        answer = answers.html(page, language=language, status=error.status)
        answer.headers.update(answers.problem_headers(error))
        return answer

    def robots(self, base: str, catalogue: Catalogue) -> str:
        """Return what search engines may read."""
        return page_site.robots(self._whole(base, "fr", catalogue, "/robots.txt"))

    def _current_door(self, catalogue: Catalogue) -> Door:
        if self._door is None or self._door[0] != catalogue.revision:
            live = [live_features.as_generation(layer) for layer in catalogue.layers if layer.kind == "wfs"]
            door = Door([*catalogue.generations, *live], self._vocabulary, root=self._root)
            self._door = (catalogue.revision, door)
        return self._door[1]

    def site(self, request: Request, asked: Asked) -> Site:
        """Return what a page needs to know of the site."""
        catalogue: Catalogue = request.app.state.catalogue
        return self._site(asked, catalogue)

    def _site(self, asked: Asked, catalogue: Catalogue) -> Site:
        path = asked.url.removeprefix(asked.base)
        return self._whole(asked.base, asked.language, catalogue, path)

    def _whole(self, base: str, language: Language, catalogue: Catalogue, path: str) -> Site:
        return Site(base, language, catalogue.generations, self._vocabulary, __version__, path, catalogue.layers)
