"""Each query parameter of items, good and bad."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from territoire.core.errors import RequestError
from territoire.core.models import Column, Dataset, Geometry, Localised, Source, Time
from territoire.query import crs, parameters
from territoire.query.model import Bbox, Equal, Interval, Query, Sort

TITLE = Localised(fr="Titre")
COLUMNS = (
    Column(name="code", type="text", title=TITLE),
    Column(name="nom", type="text", title=TITLE),
    Column(name="population", type="integer", title=TITLE),
    Column(name="debut", type="date", title=TITLE),
    Column(name="secret", type="text", title=TITLE, queryable=False, sortable=False),
)


def _dataset(*, timed: bool = True) -> Dataset:
    return Dataset(
        id="lieux",
        title=TITLE,
        abstract=TITLE,
        theme="t",
        producer="p",
        licence="l",
        source=(Source(url="lieux.gpkg"),),
        key="code",
        columns=COLUMNS,
        geometry=Geometry(type="Point"),
        time=Time(start="debut") if timed else None,
    )


def _parse(*given: tuple[str, str]) -> Query:
    return parameters.parse(_dataset(), given)


def test_nothing_asked_is_the_first_page_in_crs84() -> None:
    assert _parse() == Query(crs.DEFAULT)


def test_representation_parameters_are_left_to_others() -> None:
    assert _parse(("f", "json"), ("lang", "fr"), ("cursor", "abc")) == _parse()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", 1), ("946", 946), ("10000", 10_000), ("10001", 10_000), ("9" * 5000, 10_000), ("+10", 10), ("0010", 10)],
)
def test_limit_is_clamped(text: str, expected: int) -> None:
    assert _parse(("limit", text)).limit == expected


@pytest.mark.parametrize("text", ["0", "00", "-1", "", "ten", "1.5", "1e3", " 1", "1\n", "१"])
def test_limit_must_be_a_whole_number_of_one_or_more(text: str) -> None:
    with pytest.raises(RequestError, match="limit") as caught:
        _parse(("limit", text))
    assert "1000" in caught.value.remedy


@pytest.mark.parametrize(("text", "expected"), [("0", 0), ("20", 20), (str(2**63 - 1), 2**63 - 1)])
def test_offset_is_a_whole_number(text: str, expected: int) -> None:
    assert _parse(("offset", text)).offset == expected


@pytest.mark.parametrize("text", ["-1", "", "a", "1.0", str(2**63), "9" * 5000])
def test_another_offset_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="offset"):
        _parse(("offset", text))


def test_bbox_follows_the_axes_of_its_crs() -> None:
    expected = Bbox(5.2, 43.2, 5.5, 43.4, 4326)
    assert _parse(("bbox", "5.2,43.2,5.5,43.4")).bbox == expected
    assert _parse(("bbox", "5.2, 43.2, 0, 5.5, 43.4, 100")).bbox == expected
    assert _parse(("bbox", "43.2,5.2,43.4,5.5"), ("bbox-crs", "EPSG:4326")).bbox == expected
    metres = _parse(("bbox", "880000,6200000,890000,6300000"), ("bbox-crs", "EPSG:2154")).bbox
    assert metres == Bbox(880_000, 6_200_000, 890_000, 6_300_000, 2154)


def test_bbox_may_cross_the_antimeridian_and_be_a_point() -> None:
    assert _parse(("bbox", "170,-20,-170,-10")).bbox == Bbox(170, -20, -170, -10, 4326)
    assert _parse(("bbox", "5,43,5,43")).bbox == Bbox(5, 43, 5, 43, 4326)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1 numbers"),
        ("5.2,43.2,5.5", "3 numbers"),
        ("5.2,43.2,5.5,43.4,1", "5 numbers"),
        ("5.2,43.2,5.5,north", "'north' is not a finite number"),
        ("5.2,43.2,5.5,nan", "'nan' is not a finite number"),
        ("5.2,43.2,5.5,1e999", "'1e999' is not a finite number"),
        ("5.2,43.4,5.5,43.2", "its south 43.4 is north of its north 43.2"),
        ("880000,6200000,890000,6300000", "latitudes go from -90 to 90"),
        ("5.2,-91,5.5,43.4", "latitudes go from -90 to 90"),
    ],
)
def test_a_bbox_that_makes_no_sense_is_refused(text: str, message: str) -> None:
    with pytest.raises(RequestError, match=f"bbox: .*{message}"):
        _parse(("bbox", text))


def test_west_is_west_of_east_in_metres() -> None:
    with pytest.raises(RequestError, match="is east of its east"):
        _parse(("bbox", "9,1,8,2"), ("bbox-crs", "EPSG:2154"))


def test_datetime_is_an_interval_where_there_is_time_and_checked_where_there_is_none() -> None:
    day = Interval(datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 1, 31, 23, 59, 59, 999_999, UTC))
    assert _parse(("datetime", "2026-01-31")).interval == day
    timeless = _dataset(timed=False)
    assert parameters.parse(timeless, [("datetime", "2026-01-31")]).interval is None
    with pytest.raises(RequestError, match="datetime"):
        parameters.parse(timeless, [("datetime", "hier")])


def test_a_queryable_column_is_a_filter() -> None:
    query = _parse(("nom", "L'Isle-sur-la-Sorgue"), ("population", "42"))
    assert query.equals == (Equal("nom", "L'Isle-sur-la-Sorgue"), Equal("population", 42))
    assert query.is_filtered


def test_a_filter_that_is_not_of_the_columns_type_is_refused() -> None:
    with pytest.raises(RequestError, match="population: 'many' is not of type integer"):
        _parse(("population", "many"))


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("popultion", "population"), ("Limit", "limit"), ("bbox_crs", "bbox-crs"), ("resulttype", "resultType")],
)
def test_an_unknown_parameter_is_refused_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(RequestError, match="is not a parameter") as caught:
        _parse((name, "1"))
    assert f"did you mean {nearest}" in caught.value.remedy


def test_an_unknown_parameter_that_is_near_nothing_gets_them_all() -> None:
    with pytest.raises(RequestError) as caught:
        _parse(("zzzz", "1"))
    assert "known: bbox, " in caught.value.remedy
    assert "population" in caught.value.remedy


def test_a_column_that_is_not_queryable_is_no_parameter() -> None:
    with pytest.raises(RequestError, match="'secret' is not a parameter"):
        _parse(("secret", "x"))


@pytest.mark.parametrize("name", sorted(parameters.LATER))
def test_a_parameter_of_later_versions_says_so(name: str) -> None:
    with pytest.raises(RequestError, match="not offered yet"):
        _parse((name, "x"))


def test_properties_keep_the_declared_order() -> None:
    assert _parse(("properties", "population,nom")).properties == ("nom", "population")


def test_an_unknown_property_is_refused_with_the_nearest() -> None:
    with pytest.raises(RequestError, match="properties: 'noms' is not a column") as caught:
        _parse(("properties", "code,noms"))
    assert "nom" in caught.value.remedy


@pytest.mark.parametrize(("text", "expected"), [("true", True), ("True", True), ("false", False)])
def test_skip_geometry_is_a_boolean(text: str, expected: bool) -> None:
    assert _parse(("skipGeometry", text)).skip_geometry is expected


def test_another_skip_geometry_is_refused() -> None:
    with pytest.raises(RequestError, match="skipGeometry: 'oui'"):
        _parse(("skipGeometry", "oui"))


def test_sortby_takes_signs_and_the_blank_that_a_plus_becomes() -> None:
    expected = (Sort("nom", descending=True), Sort("population", descending=False), Sort("code", descending=False))
    assert _parse(("sortby", "-nom,+population,code")).sortby == expected
    assert _parse(("sortby", "-nom, population,code")).sortby == expected


@pytest.mark.parametrize("text", ["", "-", "nom,", "noms", "secret", "nom,-nom"])
def test_another_sortby_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="sortby"):
        _parse(("sortby", text))


def test_crs_is_one_that_is_offered() -> None:
    assert _parse(("crs", "http://www.opengis.net/def/crs/EPSG/0/2154")).crs == crs.by_srid(2154)
    with pytest.raises(RequestError, match="crs: lieux is not offered"):
        _parse(("crs", "EPSG:27572"))


def test_hits_is_a_result_type() -> None:
    assert _parse(("resultType", "hits")).hits
    assert not _parse(("resultType", "results")).hits
    with pytest.raises(RequestError, match="resultType: 'count'"):
        _parse(("resultType", "count"))


def test_a_parameter_stands_once() -> None:
    with pytest.raises(RequestError, match="limit: stands twice"):
        _parse(("limit", "1"), ("limit", "2"))


@pytest.mark.parametrize("name", [*parameters.NAMES, "nom", "population", "debut"])
def test_a_nul_character_is_never_more_than_a_refusal(name: str) -> None:
    try:
        _parse((name, "\x00"))
    except RequestError:
        return
    assert name in {"f", "lang", "cursor"}


NAMES = st.sampled_from([*parameters.NAMES, *parameters.LATER, *(column.name for column in COLUMNS)]) | st.text()
NUMBERS = st.floats().map(repr) | st.integers().map(str)
TEXTS = (
    st.text()
    | NUMBERS
    | st.lists(NUMBERS, max_size=7).map(",".join)
    | st.lists(st.sampled_from(["nom", "-nom", "code", "+debut", ""])).map(",".join)
    | st.dates().map(str)
)


@given(st.lists(st.tuples(NAMES, TEXTS), max_size=4))
def test_any_input_is_a_query_or_a_refusal(given: list[tuple[str, str]]) -> None:
    try:
        query = _parse(*given)
    except RequestError:
        return
    assert 1 <= query.limit <= parameters.MAX_LIMIT
