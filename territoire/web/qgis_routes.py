"""The handlers of the files that QGIS opens: their addresses say what they are, so that Accept is not asked."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from providers import live_features
from territoire import __version__
from territoire.query import parameters
from territoire.web import answers, asked, conduct, negotiate
from territoire.web.pages.site import Site
from territoire.web.qgis import connections, layer_definition, project, rasters


@conduct.conditional
async def layer(request: Request) -> Response:
    """The layer definition of a collection."""
    site, known, name = _site(request), conduct.catalogue(request), request.path_params["collection"]
    found = known.find_layer(name)
    if found and rasters.has_tiles(found):
        return _file(site, rasters.render(site, found), layer_definition.MEDIA, f"{name}.qlr")
    generation = live_features.as_generation(found) if found and found.kind == "wfs" else known.current(name)
    return _file(
        site, layer_definition.render(site, generation), layer_definition.MEDIA, f"{generation.dataset.id}.qlr"
    )


@conduct.conditional
async def whole(request: Request) -> Response:
    """The project with all collections."""
    site = _site(request)
    return _file(site, project.render(site), project.MEDIA, "territoire.qgz")


@conduct.conditional
async def connection(request: Request) -> Response:
    """The connection to this server, to be imported."""
    site = _site(request)
    return _file(site, connections.render(site), connections.MEDIA, "territoire-connexions.xml")


def _site(request: Request) -> Site:
    for name, _ in request.query_params.multi_items():
        if name != "lang":
            raise parameters.unknown(name, ["lang"])
    language = negotiate.language(
        lang=request.query_params.get("lang"), accept_language=request.headers.get("accept-language")
    )
    known, words = conduct.catalogue(request), conduct.vocabulary(request)
    base, path = asked.base(request), request.url.path
    return Site(base, language, known.generations, words, __version__, path, known.layers)


def _file(site: Site, body: bytes, media: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Language": site.language}
    return answers.raw(body, media=media, headers=headers)
