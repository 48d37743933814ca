"""Which CRS a request names, and boxes clipped to where the data lie."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from territoire.core.derive.tileset import Bounds
from territoire.core.errors import RequestError
from territoire.core.models import Column, Dataset, Geometry, Localised, Source
from territoire.query import crs
from territoire.query.model import Bbox

#: About the region, in Lambert-93 and in degrees.
EXTENT_L93: Bounds = (800_000, 6_200_000, 1_080_000, 6_460_000)
EXTENT_CRS84: Bounds = (4.2, 42.9, 7.8, 45.2)


def _dataset(srid: int = 2154) -> Dataset:
    title = Localised(fr="Titre")
    return Dataset(
        id="lieux",
        title=title,
        abstract=title,
        theme="t",
        producer="p",
        licence="l",
        source=(Source(url="lieux.gpkg"),),
        key="code",
        columns=(Column(name="code", type="text", title=title),),
        geometry=Geometry(type="Point", srid=srid),
    )


@pytest.mark.parametrize(
    "text",
    [
        "http://www.opengis.net/def/crs/EPSG/0/2154",
        "https://www.opengis.net/def/crs/EPSG/0/2154",
        "http://www.opengis.net/def/crs/EPSG/10.0/2154",
        "EPSG:2154",
        "[EPSG:2154]",
        "urn:ogc:def:crs:EPSG::2154",
    ],
)
def test_a_crs_is_known_by_each_of_its_names(text: str) -> None:
    assert crs.parse(text, _dataset(), "crs") == crs.by_srid(2154)


@pytest.mark.parametrize("text", ["http://www.opengis.net/def/crs/OGC/1.3/CRS84", "OGC:CRS84", "[OGC:CRS84]"])
def test_crs84_is_known_by_each_of_its_names(text: str) -> None:
    assert crs.parse(text, _dataset(), "crs") == crs.DEFAULT


def test_a_dataset_offers_its_own_crs_too() -> None:
    assert crs.parse("EPSG:2972", _dataset(2972), "crs").srid == 2972


@pytest.mark.parametrize("text", ["", "2154", "EPSG:27572", "EPSG:99999999", "EPSG:2154;drop", "CRS84"])
def test_another_crs_is_refused_with_those_that_are_offered(text: str) -> None:
    with pytest.raises(RequestError, match="bbox-crs: lieux is not offered in") as caught:
        crs.parse(text, _dataset(), "bbox-crs")
    assert "EPSG/0/2154" in caught.value.remedy


@given(st.text())
def test_any_text_is_a_crs_or_a_refusal(text: str) -> None:
    with pytest.raises(RequestError):
        crs.parse(text, _dataset(), "crs")


@pytest.mark.parametrize(
    ("srid", "flipped", "decimals"),
    [(4326, True, 7), (4171, True, 7), (2154, False, 3), (3857, False, 3), (3035, True, 3)],
)
def test_axes_and_precision_follow_the_authority(srid: int, flipped: bool, decimals: int) -> None:
    found = crs.by_srid(srid)
    assert (found.flipped, found.decimals) == (flipped, decimals)


def test_the_default_has_longitude_first() -> None:
    assert not crs.DEFAULT.flipped


def test_a_box_of_the_world_is_clipped_to_the_data() -> None:
    (part,) = crs.clip(Bbox(-180, -90, 180, 90, 4326), extent=EXTENT_L93, srid=2154)
    assert part.srid == 4326
    assert 3 < part.west < 4.5
    assert 42 < part.south < 43.5
    assert 7 < part.east < 9
    assert 44.5 < part.north < 46


def test_a_box_in_the_datas_own_crs_is_clipped_exactly() -> None:
    (part,) = crs.clip(Bbox(0, 6_300_000, 2e6, 9e6, 2154), extent=EXTENT_L93, srid=2154)
    assert part == Bbox(800_000, 6_300_000, 1_080_000, 6_460_000, 2154)


def test_a_box_inside_the_data_stays_as_it_is() -> None:
    box = Bbox(5.2, 43.2, 5.5, 43.4, 4326)
    assert crs.clip(box, extent=EXTENT_L93, srid=2154) == [box]


def test_a_box_beside_the_data_has_no_part() -> None:
    assert crs.clip(Bbox(-5, 48, -4, 49, 4326), extent=EXTENT_L93, srid=2154) == []


def test_a_box_across_the_antimeridian_meets_the_data_on_one_side() -> None:
    (part,) = crs.clip(Bbox(5, 43, -170, 44, 4326), extent=EXTENT_CRS84, srid=4326)
    assert part == Bbox(5, 43, 7.8, 44, 4326)


def test_a_box_across_the_antimeridian_that_holds_all_but_a_gap_has_two_parts() -> None:
    parts = crs.clip(Bbox(6, 43, 5, 44, 4326), extent=EXTENT_CRS84, srid=4326)
    assert parts == [Bbox(6, 43, 7.8, 44, 4326), Bbox(4.2, 43, 5, 44, 4326)]


def test_data_across_the_antimeridian_are_met_from_both_sides() -> None:
    fiji: Bounds = (1_700_000, 3_600_000, 2_300_000, 4_300_000)
    for west, east in ((177.0, 178.0), (-179.5, -179.0)):
        assert crs.clip(Bbox(west, -18, east, -17, 4326), extent=fiji, srid=3460)


def test_a_point_is_a_box() -> None:
    assert crs.clip(Bbox(5, 43, 5, 43, 4326), extent=EXTENT_CRS84, srid=4326) == [Bbox(5, 43, 5, 43, 4326)]


LONGITUDES = st.floats(min_value=-180, max_value=180)
LATITUDES = st.floats(min_value=-90, max_value=90)


@given(LONGITUDES, LONGITUDES, LATITUDES, LATITUDES, st.floats(4.2, 7.8), st.floats(42.9, 45.2))
def test_a_point_of_the_data_is_in_a_part_if_it_is_in_the_box(
    west: float, east: float, one: float, other: float, x: float, y: float
) -> None:
    box = Bbox(west, min(one, other), east, max(one, other), 4326)
    inside = (west <= x <= east if west <= east else x >= west or x <= east) and box.south <= y <= box.north
    parts = crs.clip(box, extent=EXTENT_CRS84, srid=4326)
    assert inside == any(p.west <= x <= p.east and p.south <= y <= p.north for p in parts)
