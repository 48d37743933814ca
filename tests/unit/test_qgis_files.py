"""The files for QGIS: well-formed whatever a title holds, with absolute addresses, the same bytes each time."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import published
import pytest

from territoire.core.models import Dataset
from territoire.query.model import Generation
from territoire.web.cartography import scales
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
    assert {f"territoire_{generation.dataset.id}_features" for generation in site.generations} <= shown.keys()
    assert shown["territoire_communes_features"] == "Qt::Checked"
    assert shown["territoire_communes_tiles"] == "Qt::Unchecked"
    # QGIS loses a layer of ten characters or fewer
    assert min(len(str(name)) for name in shown) > 10
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


def test_large_areas_lie_above_small_ones_and_are_outlines_alone() -> None:
    rows = {"communes": 946, "epci": 53, "departements": 6, "region": 1, "cantons": 171}
    site = published.site(base=BASE)
    chosen = [published.generation(g.dataset, rows[g.dataset.id]) for g in site.generations if g.dataset.id in rows]
    read = _qgs(dataclasses.replace(site, generations=tuple(chosen)))
    order = [str(layer.get("id")).removeprefix("territoire_") for layer in read.iter("layer-tree-layer")]
    large_first = ["region", "departements", "epci", "cantons", "communes"]
    assert [name.removesuffix("_features") for name in order if name.endswith("_features")] == large_first
    layers = {str(layer.findtext("id")): layer for layer in read.iterfind("projectlayers/maplayer")}
    found = [layers[f"territoire_{name}_features"] for name in large_first]
    fills = [_option(layer, "style") for layer in found]
    assert fills == ["no", "no", "no", "no", "solid"]
    widths = [float(_option(layer, "outline_width")) for layer in found]
    assert widths == sorted(set(widths), reverse=True)


def test_names_come_at_the_scale_at_which_they_fit_and_many_small_features_not_from_afar() -> None:
    generation = dataclasses.replace(_generations()["communes"], rows=946)
    layer = ElementTree.fromstring(layer_definition.render(published.site(base=BASE), generation))
    described = layer.find("maplayers/maplayer")
    assert described is not None
    rendering = described.find("labeling/settings/rendering")
    assert rendering is not None
    assert described.get("labelsEnabled") == "1"
    assert 150_000 < float(rendering.get("scaleMax") or 0) < 500_000
    # a region fits on a screen at 1:2 000 000
    assert float(described.get("minScale") or 0) > 2_000_000
    crowd = dataclasses.replace(generation, rows=2_000_000)
    far = ElementTree.fromstring(layer_definition.render(published.site(base=BASE), crowd)).find("maplayers/maplayer")
    assert far is not None
    assert float(far.get("minScale") or 0) < 200_000


def test_without_rows_or_extent_no_scale_is_guessed() -> None:
    for changed in ({"rows": 0}, {"extent_crs84": None}):
        generation = dataclasses.replace(_generations()["communes"], **changed)
        assert scales.of(generation) is None
    point = dataclasses.replace(_generations()["communes"], rows=1, extent_crs84=(5.0, 44.0, 5.0, 44.0))
    assert scales.of(point) is None


def _option(layer: Element, name: str) -> str:
    (option,) = [o for o in layer.iterfind("renderer-v2/symbols/symbol/layer/Option/Option") if o.get("name") == name]
    return str(option.get("value"))
