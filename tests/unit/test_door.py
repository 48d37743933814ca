"""pygeoapi behind our door, with a provider that needs no database: pages on our templates, refusals as ours."""

from __future__ import annotations

import asyncio
from typing import Any

import html_check
import published
import pytest
import yaml
from lab import ROOT
from pygeoapi.config import validate_config
from pygeoapi.provider.base import BaseProvider, ProviderItemNotFoundError
from starlette.requests import Request

from providers import features, refusals
from territoire.core.derive import configuration
from territoire.core.errors import GoneError, NotFoundError, RequestError
from territoire.web.api import documents
from territoire.web.pages.locale import LANGUAGES, Language
from territoire.web.pygeoapi_door import Door, What

_KEY = 'a/b?c#"é'
_SQUARE = {"type": "Polygon", "coordinates": [[[5, 43], [6, 43], [6, 44], [5, 43]]]}


class FakeProvider(BaseProvider):
    """Two features: one with all that a text can hold, one with nothing."""

    def __init__(self, provider_def: dict[str, Any]) -> None:
        super().__init__(provider_def)
        self._fields: dict[str, Any] = {"code": {"type": "string"}, "nom": {"type": "string"}}

    def query(self, limit: int = 10, properties: Any = (), skip_geometry: bool = False, **_: Any) -> dict[str, Any]:
        given = dict(properties)
        if given.get("cursor") == "old":
            with refusals.translated():
                raise GoneError("what it walked is gone", remedy="start again")
        values = {"code": _KEY, "nom": published.NASTY, "valeur": 1234567}
        empty = {"code": "2", "nom": None, "valeur": None}
        found = [self._feature(values, skip_geometry=skip_geometry), self._feature(empty, skip_geometry=True)]
        link = {"rel": "next", "type": "application/geo+json", "href": f"/ogc/x?limit={limit}&cursor=abc"}
        return {"type": "FeatureCollection", "features": found, "numberMatched": 12345, "links": [link]}

    def get(self, identifier: str, **_: Any) -> dict[str, Any]:
        if identifier == "none":
            raise ProviderItemNotFoundError("no such feature")
        return self._feature({"code": identifier, "nom": published.NASTY, "codes": "1,2"}, skip_geometry=False)

    def _feature(self, values: dict[str, Any], *, skip_geometry: bool) -> dict[str, Any]:
        geometry = None if skip_geometry else _SQUARE
        return {"type": "Feature", "id": values["code"], "geometry": geometry, "properties": values}


@pytest.fixture(autouse=True)
def fake_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    # pygeoapi knows plug-ins by name only: this is where the name leads
    monkeypatch.setattr(features, "PostGISFeatureProvider", FakeProvider)


def _ask(what: What, *arguments: str, query: str = "", language: Language = "fr", base: str = "", form: str = "html"):
    address = base or "http://127.0.0.1:8000"
    site = published.site(language, path=f"/x?{query}", base=address)
    root = address.removeprefix("https://geo.example.org") if base else ""
    door = Door(site.generations, site.vocabulary, root=root)
    # q=0 would be a division by zero in pygeoapi
    headers = [(b"accept", b"text/html;q=0"), (b"accept-language", b"de;q=0")]
    scope = {"type": "http", "method": "GET", "path": "/x", "query_string": query.encode(), "headers": headers}
    more = {"conformance": documents.CONFORMANCE}
    return asyncio.run(door.answer(Request(scope), what, *arguments, site=site, form=form, more=more))


def _text(what: What, *arguments: str, **given: Any) -> str:
    return bytes(_ask(what, *arguments, **given).body).decode()


_PAGES: list[tuple[What, tuple[str, ...]]] = [
    ("landing", ()),
    ("conformance", ()),
    ("collections", ()),
    ("items", ("nasty",)),
    ("item", ("nasty", _KEY)),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("what", "arguments"), _PAGES)
def test_a_page_of_pygeoapi_is_valid_and_what_data_say_is_text(
    what: What, arguments: tuple[str, ...], language: Language
) -> None:
    text = _text(what, *arguments, language=language)
    page = html_check.read(text)
    assert page.faults == []
    assert page.language == language
    assert "<script>alert" not in text
    if what in {"items", "item"}:
        assert published.NASTY in page.text


@pytest.mark.parametrize(("what", "arguments"), _PAGES)
def test_a_page_of_pygeoapi_asks_nobody_else(what: What, arguments: tuple[str, ...]) -> None:
    outside = html_check.read(_text(what, *arguments)).outside
    allowed = yaml.safe_load((ROOT / "pygeoapi-config" / "server.yml").read_text(encoding="utf-8"))["metadata"]
    assert set(outside) <= {allowed["provider"]["url"], allowed["license"]["url"]}


def test_links_are_relative_to_the_host_and_keep_the_path_of_the_public_address() -> None:
    page = html_check.read(_text("items", "nasty", base="https://geo.example.org/t"))
    assert "/t/ogc/collections/nasty/items/a%2Fb%3Fc%23%22%C3%A9" in page.addresses
    assert "/t/static/territoire.css" in page.addresses


def test_a_chosen_language_follows_the_links() -> None:
    page = html_check.read(_text("items", "nasty", query="lang=en&bbox=5,43,6,44", language="en"))
    assert "/ogc/collections/nasty?lang=en" in page.addresses
    assert "?bbox=5%2C43%2C6%2C44&lang=fr" in page.addresses
    assert "/ogc/x?limit=50&cursor=abc&f=html&lang=en" in page.addresses


def test_the_list_counts_the_whole_collection_and_a_filtered_one_what_matches() -> None:
    assert "946 objets" in _text("items", "nasty")
    assert "12\u202f345 objets" in _text("items", "nasty", query="nom=x")
    assert "Revenir au début" in _text("items", "nasty", query="cursor=abc")


def test_a_feature_in_another_crs_is_not_drawn_in_degrees() -> None:
    assert 'id="objet"' in _text("item", "nasty", "1")
    lambert = "crs=http://www.opengis.net/def/crs/EPSG/0/2154"
    assert 'id="objet"' not in _text("item", "nasty", "1", query=lambert)


def test_the_conformance_page_shows_what_the_json_does() -> None:
    page = html_check.read(_text("conformance"))
    assert all(address in page.text for address in documents.CONFORMANCE)
    assert "features-4" not in page.text


def test_refusals_of_pygeoapi_and_of_a_provider_are_ours() -> None:
    with pytest.raises(NotFoundError):
        _ask("items", "nothing")
    with pytest.raises(NotFoundError):
        _ask("item", "nasty", "none")
    with pytest.raises(RequestError) as refused:
        _ask("items", "nasty", query="limit=abc")
    assert refused.value.status == 400
    with pytest.raises(GoneError) as gone:
        _ask("items", "nasty", query="cursor=old")
    assert gone.value.remedy == "start again"


def test_other_formats_of_pygeoapi_pass_through() -> None:
    answer = _ask("item", "nasty", "1", form="jsonld")
    assert answer.headers["content-type"].startswith("application/ld+json")


def test_the_configuration_is_one_that_pygeoapi_accepts() -> None:
    known = published.declared()
    server = yaml.safe_load((ROOT / "pygeoapi-config" / "server.yml").read_text(encoding="utf-8"))
    joined = configuration.configuration(
        server, list(known.datasets.values()), known.vocabulary, base_url="http://localhost:5000", bounds={}
    )
    joined["server"]["url"] = "http://localhost:5000"
    assert validate_config(joined)


def test_both_languages_have_the_same_words_and_all_are_used() -> None:
    folder = ROOT / "pygeoapi-config" / "templates"
    words = (folder / "_words.html").read_text(encoding="utf-8")
    french, english = words.split('  "en": {')
    code = words + "".join(file.read_text(encoding="utf-8") for file in folder.rglob("*.html"))
    keys = [
        {line.split('"')[1] for line in half.splitlines() if line.startswith('    "')} for half in (french, english)
    ]
    assert keys[0] == keys[1]
    assert {key for key in keys[0] if f'w("{key}")' not in code} == set()


def test_no_template_names_another_host() -> None:
    for file in (ROOT / "pygeoapi-config" / "templates").rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert "://" not in text, file.name
        assert "| safe" not in text.replace('",<wbr>" | safe', ""), file.name
