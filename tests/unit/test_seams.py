"""Each seam has a guard here that fails as long as pygeoapi needs it: one that passes says that the seam may go."""

from __future__ import annotations

from typing import Any

import pygeoapi
import pytest
from babel import Locale
from pygeoapi import l10n, util
from pygeoapi.api import API, itemtypes

from territoire.core.errors import SettingsError
from territoire.web import seams

_CONFIG: dict[str, Any] = {
    "server": {"url": "/ogc", "languages": ["fr", "en"], "mimetype": "application/json", "encoding": "utf-8"},
    "logging": {"level": "ERROR"},
    "metadata": {
        "identification": {"title": {"fr": "Un titre", "en": "A title"}, "description": "d", "keywords": []},
        "contact": {"email": "a@example.org"},
    },
    "resources": {},
}
_FRENCH = Locale("fr")


@pytest.fixture(autouse=True)
def no_translation_is_kept() -> None:
    seams.forget_translated_configuration()


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="pygeoapi compiles its templates at each page")
def test_pygeoapi_keeps_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[object] = []
    genuine = util.Environment
    monkeypatch.setattr(util, "Environment", lambda **given: built.append(1) or genuine(**given))
    for _ in range(2):
        util.render_j2_template(_CONFIG, {}, "conformance.html", {"conformsTo": [], "links": []}, _FRENCH)
    assert len(built) <= 1


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="pygeoapi keeps one translated configuration a language")
def test_pygeoapi_translates_a_second_configuration() -> None:
    other = {**_CONFIG, "metadata": {"identification": {"title": {"fr": "Un autre", "en": "Another"}}}}
    l10n.translate_struct(_CONFIG, _FRENCH, True)
    assert l10n.translate_struct(other, _FRENCH, True)["metadata"]["identification"]["title"] == "Un autre"


@pytest.mark.xfail(strict=True, raises=ZeroDivisionError, reason="pygeoapi divides by the quality")
def test_pygeoapi_reads_a_quality_of_zero() -> None:
    util.get_choice_from_headers({"accept": "text/html;q=0"}, "accept", all=True)


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="pygeoapi strips the leading slash of server.url")
def test_pygeoapi_keeps_an_address_that_is_relative_to_the_host() -> None:
    assert API(dict(_CONFIG), {}).base_url == "/ogc"


def test_our_renderer_writes_what_pygeoapi_writes() -> None:
    data = {"conformsTo": ["http://example.org/<script>"], "links": []}
    theirs = util.render_j2_template(_CONFIG, {}, "conformance.html", data, _FRENCH)
    assert seams.render(_CONFIG, {}, "conformance.html", data, _FRENCH) == theirs


def test_installing_reaches_every_module_that_renders_our_pages() -> None:
    seams.install()
    assert pygeoapi.api.render_j2_template is seams.render
    assert itemtypes.render_j2_template is seams.render


def test_the_writer_of_json_keeps_its_escaping_inside_html() -> None:
    # six stock templates print {{ x | to_json | safe }} in a script
    assert "<" not in util.to_json({"a": "</script>"})


def test_another_version_of_pygeoapi_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pygeoapi, "__version__", "0.25.0")
    with pytest.raises(SettingsError, match=r"0\.25\.0"):
        seams.install()
