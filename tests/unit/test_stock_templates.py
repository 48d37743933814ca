"""Our templates in stock pygeoapi, rendered by its own function: valid pages, without what our server adds."""

from __future__ import annotations

from typing import Any

import html_check
import published
import pytest
import yaml
from babel import Locale
from lab import ROOT
from pygeoapi.util import render_j2_template

from territoire.web import seams

_TEMPLATES = {"path": str(ROOT / "pygeoapi-config" / "templates")}
_HERE = "/collections"
_LINKS = [
    {"rel": "collection", "title": published.NASTY, "href": f"{_HERE}/nasty"},
    {"rel": "next", "href": f"{_HERE}/nasty/items?offset=1000"},
]
_FEATURE = {"id": "1", "type": "Feature", "geometry": None, "properties": {"nom": published.NASTY, "n": 12.5}}
_DATA: dict[str, dict[str, Any]] = {
    "landing_page.html": {"links": []},
    "conformance.html": {"conformsTo": ["http://www.opengis.net/spec/x"], "links": []},
    "collections/index.html": {
        "collections_path": _HERE,
        "collections": [{"id": "nasty", "title": published.NASTY, "description": published.NASTY}],
    },
    "collections/collection.html": {
        "collections_path": _HERE, "id": "nasty", "title": published.NASTY, "description": published.NASTY,
    },
    "collections/items/index.html": {
        "collections_path": _HERE, "dataset_path": f"{_HERE}/nasty", "items_path": f"{_HERE}/nasty/items",
        "links": _LINKS, "features": [_FEATURE], "numberMatched": 1, "id_field": "nom", "title_field": "nom",
    },
    "collections/items/item.html": {
        **_FEATURE, "collections_path": _HERE, "title": published.NASTY, "links": _LINKS, "title_field": "nom",
    },
    "collections/tiles/index.html": {
        "collections_path": _HERE, "id": "nasty", "title": published.NASTY,
        "minzoom": 0, "maxzoom": 14, "tilesets": ["WebMercatorQuad"],
    },
    "collections/tiles/metadata.html": {"title": published.NASTY, "id": "nasty", "links": []},
    "tilematrixsets/index.html": {"tileMatrixSets": [{"id": "a", "title": "A", "links": [{"href": "/x"}]}]},
    "tilematrixsets/tilematrixset.html": {"id": "a", "crs": "urn:x", "uri": "urn:y"},
    "exception.html": {"description": published.NASTY},
    "openapi/swagger.html": {"openapi-document-path": "/openapi"},
    "openapi/redoc.html": {"openapi-document-path": "/openapi"},
}  # fmt: skip


@pytest.mark.parametrize("locale", ["fr", "en", "en_US"])
@pytest.mark.parametrize("template", _DATA)
def test_a_template_is_valid_in_stock_pygeoapi(template: str, locale: str) -> None:
    seams.forget_translated_configuration()
    config = yaml.safe_load((ROOT / "pygeoapi-config" / "server.yml").read_text(encoding="utf-8"))
    config["server"]["url"] = "/here"
    text = render_j2_template(config, _TEMPLATES, template, _DATA[template], Locale.parse(locale))
    page = html_check.read(text)
    assert page.faults == []
    assert page.language == locale[:2]
    assert "<script>alert" not in text
    assert set(page.outside) <= {config["metadata"]["provider"]["url"], config["metadata"]["license"]["url"]}


def test_every_page_that_we_override_is_looked_at() -> None:
    folder = ROOT / "pygeoapi-config" / "templates"
    pages = {str(file.relative_to(folder)) for file in folder.rglob("*.html") if not file.name.startswith("_")}
    assert pages == set(_DATA)
