"""The files for QGIS: well-formed whatever a title holds, with absolute addresses, the same bytes each time."""

from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import published
import pytest

from territoire.core.models import Dataset
from territoire.query.model import Generation
from territoire.web.pages.site import Site
from territoire.web.qgis import connections, layer_definition, project

BASE = "https://geo.example.org/territoire"
CONTROL = 'sonnette \x07 et <fin> & l\'"autre" ]]>'


def _generations() -> dict[str, Generation]:
    return {generation.dataset.id: generation for generation in published.site().generations}


def _qgs(site: Site) -> Element:
    with zipfile.ZipFile(io.BytesIO(project.render(site))) as archive:
        assert archive.namelist() == ["territoire.qgs"]
        return ElementTree.fromstring(archive.read("territoire.qgs"))


def _nasty(**changed: object) -> Generation:
    declared = {**published.nasty().model_dump(mode="json", by_alias=True), **changed}
    return published.generation(Dataset.model_validate(declared))


@pytest.mark.parametrize("title", [published.NASTY, CONTROL])
def test_a_title_is_text_whatever_it_holds(title: str) -> None:
    generation = _nasty(title={"fr": title}, abstract={"fr": title})
    read = ElementTree.fromstring(layer_definition.render(published.site(), generation))
    wanted = title.replace("\x07", "")
    assert read.findtext("maplayers/maplayer/layername") == wanted
    assert read.findtext("maplayers/maplayer/resourceMetadata/abstract") == wanted
    tree = read.find("layer-tree-group/layer-tree-layer")
    assert tree is not None
    assert tree.get("name") == wanted
    assert read.find(".//script") is None


def test_a_layer_names_its_source_licence_and_columns() -> None:
    site = published.site("en", base=BASE)
    read = ElementTree.fromstring(layer_definition.render(site, _generations()["communes"]))
    layer = read.find("maplayers/maplayer")
    assert layer is not None
    source = layer.findtext("datasource") or ""
    assert f"url='{BASE}/ogc'" in source
    assert "typename='communes'" in source
    assert "restrictToRequestBBOX='1'" in source
    assert layer.findtext("provider") == "OAPIF"
    assert (layer.get("geometry"), layer.get("wkbType")) == ("Polygon", "MultiPolygon")
    assert layer.findtext("srs/spatialrefsys/authid") == "OGC:CRS84"
    assert layer.findtext("attribution") == "IGN (ADMIN EXPRESS COG) et Insee/DGCL, COG 2025"
    assert (layer.findtext("resourceMetadata/license") or "").startswith("Licence Ouverte")
    aliases = {alias.get("field"): alias.get("name") for alias in layer.iterfind("aliases/alias")}
    assert aliases["code_insee"] == "Insee code"
    assert layer.findtext("previewExpression") == '"nom"'


@pytest.mark.parametrize(
    ("geometry", "shape", "symbol"),
    [
        ({"type": "Point"}, "Point", "marker"),
        ({"type": "MultiLineString"}, "Line", "line"),
        ({"type": "MultiPolygon"}, "Polygon", "fill"),
        ({"type": "Geometry"}, "Unknown geometry", None),
        (None, "No geometry", None),
    ],
)
def test_each_kind_of_geometry_has_its_symbol(geometry: object, shape: str, symbol: str | None) -> None:
    read = ElementTree.fromstring(layer_definition.render(published.site(), _nasty(geometry=geometry)))
    layer = read.find("maplayers/maplayer")
    assert layer is not None
    assert layer.get("geometry") == shape
    found = layer.find("renderer-v2/symbols/symbol")
    assert (None if found is None else found.get("type")) == symbol
    assert (layer.find("srs") is None) == (geometry is None)


def test_the_project_holds_all_datasets_by_theme_and_tiles_of_polygons_switched_off() -> None:
    site = published.site(base=BASE)
    read = _qgs(site)
    groups = read.findall("layer-tree-group/layer-tree-group")
    assert [group.get("name") for group in groups] == ["Découpages administratifs"]
    shown = {layer.get("id"): layer.get("checked") for layer in read.iter("layer-tree-layer")}
    assert {f"{generation.dataset.id}_features" for generation in site.generations} <= shown.keys()
    assert shown["communes_features"] == "Qt::Checked"
    assert shown["communes_tiles"] == "Qt::Unchecked"
    described = [layer.findtext("id") for layer in read.iterfind("projectlayers/maplayer")]
    assert sorted(map(str, described)) == sorted(map(str, shown))
    assert read.findtext("projectCrs/spatialrefsys/authid") == "EPSG:2154"
    west = float(read.findtext("mapcanvas/extent/xmin") or 0)
    assert 700_000 < west < 900_000


def test_every_address_is_absolute_and_public() -> None:
    site = published.site(base=BASE)
    texts = [
        layer_definition.render(site, _generations()["communes"]).decode(),
        ElementTree.tostring(_qgs(site), encoding="unicode"),
        connections.render(site).decode(),
    ]
    for text in texts:
        assert f"{BASE}/ogc" in text
        assert "127.0.0.1" not in text
        assert "url='/" not in text
        assert 'url="/' not in text


def test_the_connection_is_of_the_kind_that_qgis_imports() -> None:
    read = ElementTree.fromstring(connections.render(published.site(base=BASE)))
    assert (read.tag, read.get("version")) == ("qgsWFSConnections", "1.1")
    (connection,) = read.findall("wfs")
    assert connection.get("name") == "Territoire - Région Sud"
    assert connection.get("url") == f"{BASE}/ogc"
    assert connection.get("version") == "OGC_API_FEATURES"


def test_the_same_publication_gives_the_same_bytes_and_an_empty_one_a_project() -> None:
    site = published.site()
    assert project.render(site) == project.render(site)
    empty = Site(site.base, "fr", (), site.vocabulary, "0.1.0", "/")
    assert _qgs(empty).findall("projectlayers/maplayer") == []
