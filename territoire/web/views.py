"""Hands requests for HTML to the pages and to pygeoapi, with what is published at the moment."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from territoire import __version__
from territoire.core.errors import RequestError
from territoire.core.vocabulary import Vocabulary
from territoire.query import search
from territoire.query.model import Generation
from territoire.web import answers
from territoire.web.asked import Asked
from territoire.web.catalogue import Catalogue
from territoire.web.negotiate import Language
from territoire.web.pages import collection as collection_page
from territoire.web.pages import error as error_page
from territoire.web.pages import home as home_page
from territoire.web.pages.site import Site
from territoire.web.pygeoapi_door import Door


class Views:
    """The HTML side of the routes; pygeoapi's API is built again when something was published."""

    def __init__(self, vocabulary: Vocabulary, *, public_url: str | None) -> None:
        self._vocabulary = vocabulary
        self._public_url = public_url
        self._door: tuple[int, Door] | None = None

    async def home(self, asked: Asked, catalogue: Catalogue) -> Response:
        """Answer with the home page, and with what `q` finds by name."""
        text = dict(asked.pairs).get("q", "")[:200].replace("\x00", "").strip()
        statement = search.search(catalogue.generations, text)
        rows = await catalogue.fetch(statement) if statement else []
        page = home_page.render(self._site(asked, catalogue), search=text, results=[search.Hit(*row) for row in rows])
        return answers.html(page, language=asked.language)

    def collection(self, asked: Asked, catalogue: Catalogue, generation: Generation) -> Response:
        """Answer with a collection's page."""
        page = collection_page.render(self._site(asked, catalogue), generation)
        return answers.html(page, language=asked.language)
