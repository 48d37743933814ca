"""The vector tile service of ArcGIS says the same grid as our tile matrix set, in the words of ArcGIS."""

from __future__ import annotations

import published
import pytest

from territoire.core.derive.tilematrixset import LAMBERT_93, Tile
from territoire.core.errors import NotFoundError
from territoire.query import tiles
from territoire.query.model import Generation
from territoire.web.api import arcgis
from territoire.web.cartography import styles

AROUND = (4.23, 42.98, 7.72, 45.13)


def _communes() -> Generation:
    return next(one for one in published.site().generations if one.dataset.id == "communes")


def test_each_level_has_the_tiles_of_the_matrix_of_that_number() -> None:
    service = arcgis.described([tiles.layer(_communes(), AROUND)], title="Communes", attribution="IGN")
    info = service["tileInfo"]
    assert [level["level"] for level in info["lods"]] == list(range(service["maxzoom"] + 1))
    for level in info["lods"]:
        matrix, side = level["level"], level["resolution"] * info["cols"]
        west, south, east, north = LAMBERT_93.envelope(Tile(matrix, 0, 0))
        assert (info["origin"]["x"], info["origin"]["y"]) == (west, north)
        assert (east - west, north - south) == pytest.approx((side, side), rel=1e-12)
        # 96 dots an inch, by which ArcGIS counts scales
        assert level["scale"] == pytest.approx(level["resolution"] / 0.0254 * 96)
    assert service["fullExtent"]["spatialReference"]["latestWkid"] == 2154
    assert service["fullExtent"]["xmin"] == pytest.approx(785_000, abs=20_000)


def test_the_style_has_one_source_and_the_zooms_of_the_grid() -> None:
    given = {"title": "t", "base": "", "around_crs84": AROUND}
    web = styles.sheet([_communes()], **given)
    own = arcgis.styled(styles.sheet([_communes()], **given, finer=LAMBERT_93.finer))
    assert list(own["sources"]) == ["esri"]
    assert {layer["source"] for layer in own["layers"]} == {"esri"}
    assert [layer["source-layer"] for layer in own["layers"]] == ["communes", "communes"]
    assert [layer["minzoom"] for layer in own["layers"]] == [layer["minzoom"] + 1 for layer in web["layers"]]


def test_what_lies_elsewhere_has_no_service() -> None:
    far = [tiles.layer(published.generation(published.nasty()), AROUND)]
    assert arcgis.described(far, title="t", attribution="")["name"] == "t"
    with pytest.raises(NotFoundError, match="nothing lies in Lambert93"):
        arcgis.described([], title="t", attribution="")
