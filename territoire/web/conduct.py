"""What handlers share: what is published, the vocabulary, answers in JSON, and conditional requests."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from territoire.core.derive.tileset import MVT
from territoire.core.vocabulary import Vocabulary
from territoire.query.model import Generation
from territoire.web import answers, caching, negotiate
from territoire.web.asked import Asked
from territoire.web.catalogue import Catalogue, away
from territoire.web.facades import Facades
from territoire.web.views import Views

Handler = Callable[[Request], Awaitable[Response]]
#: The generations that a tile is made of.
Made = Callable[[Request], Awaitable[Sequence[Generation]]]


def catalogue(request: Request) -> Catalogue:
    """Return what is published; UnavailableError before the first look at the database."""
    known: Catalogue = request.app.state.catalogue
    if not known.revision:
        raise away()  # nothing is known yet: the database was away since this process began
    return known


def vocabulary(request: Request) -> Vocabulary:
    """Return the licences, producers, themes and territory."""
    words: Vocabulary = request.app.state.vocabulary
    return words


def facades(request: Request) -> Facades:
    """Return what asks the Géoplateforme."""
    found: Facades = request.app.state.facades
    return found


def views(request: Request) -> Views:
    """Return what makes pages."""
    found: Views = request.app.state.views
    return found


def json(wanted: Asked, content: dict[str, Any], *, media: str = "application/json") -> Response:  # a JSON document
    """Answer with a JSON document in the language that was asked for."""
    return answers.document(content, language=wanted.language, media=media)


def conditional(handler: Handler) -> Handler:
    """Answer 304 where the client has what is published now, without doing the work; tag the answer otherwise."""

    @functools.wraps(handler)
    async def answer(request: Request) -> Response:
        known: Catalogue = request.app.state.catalogue
        state = known.state
        tag = caching.of_request(request, state)
        if caching.is_current(request.headers.get("if-none-match"), tag):
            return caching.not_modified(tag)
        made = await handler(request)
        # published meanwhile: the answer may be newer than its tag, and goes without
        if made.status_code == 200 and known.state == state:
            made.headers["ETag"] = tag
            is_page = made.headers.get("content-type", "").startswith("text/html")
            made.headers.setdefault("Cache-Control", caching.REVALIDATE if is_page else caching.DOCUMENT)
        return made

    return answer


def conditional_tile(made_of: Made) -> Callable[[Handler], Handler]:
    """Do the same for a tile, whose tag depends on the generations in it: not on the host, nor on other datasets."""

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(handler)
        async def answer(request: Request) -> Response:
            negotiate.refuse_nothing(request.headers.get("accept"), offered=MVT)
            tag = caching.of_tile(request, await made_of(request))
            if caching.is_current(request.headers.get("if-none-match"), tag):
                return caching.not_modified(tag, vary="Accept-Encoding")
            made = await handler(request)
            # as above: what is newer than its tag goes without
            if made.status_code == 200 and caching.of_tile(request, await made_of(request)) == tag:
                made.headers["ETag"] = tag
            return made

        return answer

    return decorate
