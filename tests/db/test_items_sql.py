"""The SQL of items against PostgreSQL's own ORDER BY and against shapely: order, walks, boxes, time, JSON."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import pyproj
import pytest
import samples
import shapely
from psycopg import errors, sql

from territoire.core import database
from territoire.core.database import Connection, Urls
from territoire.core.derive import table
from territoire.core.models import Time
from territoire.query import crs, cursor, items, paging, parameters
from territoire.query.model import Generation, Query

DATASET = samples.dataset(
    "lieux",
    geometry="Polygon",
    time=Time(start="debut", end="fin"),
    nom="text",
    population="integer",
    identifiant="bigint",
    surface="number",
    actif="boolean",
    debut="date",
    fin="date",
    vu="timestamp",
)
NAMES = (
    "Èze", "Eze", "eze", "Évenos", "Arles", "arles", "ARLES", "L'Isle-sur-la-Sorgue", "Saint-Rémy-de-Provence",
    "< 50 logements", '"guillemets"', "back\\slash", "deux\nlignes", "tab\there", "Œuf", "œuf", "Zoé", "zz", "", " ",
    "çà & là", "😀", "a</script><script>", "%s", "{}", "long" * 3000, "é" * 3000,
)  # fmt: skip


class Row(NamedTuple):
    """A row as it is stored."""

    fid: int
    code: str
    nom: str | None
    population: int | None
    identifiant: int | None
    surface: float | None
    actif: bool | None
    debut: date | None
    fin: date | None
    vu: datetime | None
    shape: shapely.Polygon | None


def _rows(count: int) -> list[Row]:
    chance = random.Random(20261124)

    def some(value: Any) -> Any:  # of any type
        return None if chance.random() < 0.2 else value

    rows: list[Row] = []
    for fid in range(1, count + 1):
        x, y = chance.uniform(800_000, 1_080_000), chance.uniform(6_200_000, 6_460_000)
        size = chance.choice([50, 2_000, 30_000])
        corners = [(x + chance.uniform(0, size), y + chance.uniform(0, size)) for _ in range(3)]
        start = date(2020, 1, 1) + timedelta(days=chance.randrange(0, 900))
        rows.append(
            Row(
                fid,
                f"c{chance.randrange(10**6):06d}-{fid}",
                some(chance.choice(NAMES)),
                some(chance.choice([-5, 0, 3, 10, 946, 2**31 - 1])),
                some(chance.choice([-(2**63), 0, 2**53 + 1, 2**63 - 1])),
                some(chance.choice([0.0, 0.1, -1e-300, 1 / 3, 1e300, chance.random()])),
                some(chance.random() < 0.5),
                some(start),
                some(start + timedelta(days=chance.randrange(0, 400))),
                some(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=chance.randrange(10**9))),
                some(shapely.Polygon(corners)),
            )
        )
    return rows


ROWS = _rows(300)
SHAPES = [row.shape for row in ROWS if row.shape is not None]


@pytest.fixture(scope="module")
def stored(new_database: Callable[[], Urls]) -> Iterator[Connection]:
    """A connection of the reader to a database that holds ROWS as generation 1."""
    urls = new_database()
    samples.store(urls, DATASET, ROWS)
    with database.connect_reader(urls.reader) as reader:
        yield reader


GENERATION = Generation(
    dataset=DATASET,
    number=1,
    rows=len(ROWS),
    extent_native=shapely.MultiPolygon(SHAPES).bounds,
    extent_crs84=None,
    millesime=None,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    published_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def _query(*given: tuple[str, str]) -> Query:
    return parameters.parse(DATASET, given)


def _codes(connection: Connection, query: Query) -> list[str]:
    statement, values = items.page(GENERATION, query)
    rows = connection.execute(statement, values).fetchall()
    return [json.loads(text)["id"] for text in paging.cut(GENERATION, query, rows).features]


def _walk(connection: Connection, query: Query) -> list[str]:
    found: list[str] = []
    while True:
        statement, values = items.page(GENERATION, query)
        page = paging.cut(GENERATION, query, connection.execute(statement, values).fetchall())
        found += [json.loads(text)["id"] for text in page.features]
        if page.next is None:
            return found
        place = cursor.decode(page.next)
        place.check(query)
        query = query.at(place.position, place.matched)


def _ordered(connection: Connection, sortby: str) -> list[str]:
    """Ask PostgreSQL for its own order, written out by hand."""
    collation = sql.SQL(' collate "fr-x-icu"')
    keys: list[sql.Composable] = []
    tie = sql.SQL("fid asc")
    for key in sortby.split(","):
        name, descends = key.lstrip("-"), key.startswith("-")
        column = sql.Identifier(name) + (collation if DATASET.column(name).type == "text" else sql.SQL(""))
        keys.append(column + sql.SQL(" desc nulls first" if descends else " asc nulls last"))
        tie = sql.SQL("fid desc" if descends else "fid asc")
    statement = sql.SQL("select code from {} order by {}, {}").format(
        table.view("lieux", 1), sql.SQL(", ").join(keys), tie
    )
    return [row[0] for row in connection.execute(statement).fetchall()]


COLUMNS = [column.name for column in DATASET.columns]
SINGLE = [f"{sign}{name}" for name in COLUMNS for sign in ("", "-")]
SEVERAL = [
    f"{sign}{one},{other_sign}{other}"
    for one, other in pairwise(COLUMNS)
    for sign in ("", "-")
    for other_sign in ("", "-")
]


@pytest.mark.parametrize("sortby", [*SINGLE, *SEVERAL, "actif,-nom,population", "-actif,-surface,-vu,debut"])
@pytest.mark.parametrize("limit", [7, 100])
def test_a_walk_is_postgresqls_own_order(stored: Connection, sortby: str, limit: int) -> None:
    assert _walk(stored, _query(("sortby", sortby), ("limit", str(limit)))) == _ordered(stored, sortby)


@pytest.mark.parametrize("limit", [1, 7, 299, 300, 301])
def test_a_walk_without_order_is_by_fid(stored: Connection, limit: int) -> None:
    assert _walk(stored, _query(("limit", str(limit)))) == [row.code for row in ROWS]


@pytest.mark.parametrize(
    "given",
    [
        (),
        (("sortby", "nom"),),
        (("sortby", "-debut,surface"),),
        (("bbox", "5,43,6.5,44.5"),),
        (("bbox", "5,43,6.5,44.5"), ("sortby", "-nom")),
        (("actif", "true"), ("sortby", "population")),
        (("datetime", "2021-01-01/2021-06-30"),),
    ],
)
def test_offset_and_cursor_give_the_same_pages(stored: Connection, given: tuple[tuple[str, str], ...]) -> None:
    whole = _walk(stored, _query(*given, ("limit", "11")))
    assert len(whole) > 20
    for offset in (0, 1, 10, len(whole) - 1, len(whole), len(whole) + 5):
        assert _codes(stored, _query(*given, ("limit", "13"), ("offset", str(offset)))) == whole[offset : offset + 13]


def test_an_offset_beside_a_cursor_counts_from_the_cursor(stored: Connection) -> None:
    for given in ((), (("sortby", "-nom"),)):
        whole = _walk(stored, _query(*given))
        first = _query(*given, ("limit", "20"))
        statement, values = items.page(GENERATION, first)
        token = paging.cut(GENERATION, first, stored.execute(statement, values).fetchall()).next
        assert token is not None
        after = _query(*given, ("limit", "5"), ("offset", "30")).at(cursor.decode(token).position, None)
        assert _codes(stored, after) == whole[50:55]


def _count(connection: Connection, query: Query) -> int:
    statement, values = items.count(GENERATION, query)
    row = connection.execute(statement, values).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("name", sorted(set(NAMES)))
def test_a_text_is_found_exactly_as_it_is_stored(stored: Connection, name: str) -> None:
    expected = [row.code for row in ROWS if row.nom == name]
    query = _query(("nom", name))
    assert _walk(stored, query) == expected
    assert _count(stored, query) == len(expected)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("population", "2147483647", 2**31 - 1),
        ("identifiant", "-9223372036854775808", -(2**63)),
        ("identifiant", str(2**53 + 1), 2**53 + 1),
        ("surface", repr(1 / 3), 1 / 3),
        ("actif", "false", False),
        ("debut", "2020-03-01", date(2020, 3, 1)),
    ],
)
def test_a_value_of_each_type_filters(stored: Connection, name: str, text: str, value: object) -> None:
    expected = [row.code for row in ROWS if getattr(row, name) == value]
    assert _walk(stored, _query((name, text))) == expected


# --- boxes, against shapely --------------------------------------------------------------------------------------


def _outline(box: Sequence[float], srid: int) -> shapely.Geometry:
    """Return a box of `srid` in Lambert-93, drawn with many points so that it follows its curves."""
    west, south, east, north = box
    steps = [n / 2000 for n in range(2001)]
    ring = [
        *((west + (east - west) * t, south) for t in steps),
        *((east, south + (north - south) * t) for t in steps),
        *((east - (east - west) * t, north) for t in steps),
        *((west, north - (north - south) * t) for t in steps),
    ]
    if srid == 2154:
        return shapely.Polygon(ring)
    transformer = pyproj.Transformer.from_crs(srid, 2154, always_xy=True)
    return shapely.Polygon(list(zip(*transformer.transform(*zip(*ring, strict=True)), strict=True)))


def _boxes(srid: int) -> list[tuple[float, float, float, float]]:
    chance = random.Random(srid)
    transformer = pyproj.Transformer.from_crs(2154, srid, always_xy=True)
    boxes: list[tuple[float, float, float, float]] = []
    for size in (500, 5_000, 20_000, 60_000, 150_000, 280_000):
        for _ in range(4):
            x, y = chance.uniform(800_000, 1_080_000), chance.uniform(6_200_000, 6_460_000)
            one, other = transformer.transform(x, y), transformer.transform(x + size, y + size)
            boxes.append((min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1])))
    return boxes


def _bbox(box: Sequence[float], bbox_crs: str) -> tuple[tuple[str, str], tuple[str, str]]:
    west, south, east, north = box
    numbers = (south, west, north, east) if bbox_crs in {"EPSG:4326", "EPSG:4171"} else (west, south, east, north)
    return ("bbox", ",".join(map(repr, numbers))), ("bbox-crs", bbox_crs)


@pytest.mark.parametrize(
    ("bbox_crs", "srid"),
    [("OGC:CRS84", 4326), ("EPSG:4326", 4326), ("EPSG:4171", 4171), ("EPSG:3857", 3857), ("EPSG:2154", 2154)],
)
def test_a_box_gives_what_shapely_says_meets_it(stored: Connection, bbox_crs: str, srid: int) -> None:
    met = 0
    for box in _boxes(srid):
        outline = _outline(box, srid)
        query = _query(*_bbox(box, bbox_crs))
        found = set(_walk(stored, query))
        assert _count(stored, query) == len(found)
        for row in ROWS:
            if row.shape is None:
                assert row.code not in found
            elif not outline.boundary.dwithin(row.shape, 1) or outline.boundary.crosses(row.shape):
                # the outlines differ by less than a metre: who only touches them may fall on either side
                assert (row.code in found) == outline.intersects(row.shape), (box, row.code)
        met += len(found)
    assert met > 300


WITH_SHAPE = [row.code for row in ROWS if row.shape is not None]


@pytest.mark.parametrize(
    ("bbox", "bbox_crs"),
    [
        ("-180,-90,180,90", "OGC:CRS84"),
        ("-90,-180,90,180", "EPSG:4326"),
        ("-20037508,-20037508,20037508,20037508", "EPSG:3857"),
        ("-1e300,-1e300,1e300,1e300", "EPSG:2154"),
        ("-1e9,-1e9,1e9,1e9", "EPSG:3857"),
    ],
)
def test_a_box_of_the_world_holds_all_that_has_a_shape(stored: Connection, bbox: str, bbox_crs: str) -> None:
    assert _walk(stored, _query(("bbox", bbox), ("bbox-crs", bbox_crs))) == WITH_SHAPE


def test_a_box_beside_the_data_holds_nothing(stored: Connection) -> None:
    query = _query(("bbox", "-60,0,-50,5"))
    assert (_walk(stored, query), _count(stored, query)) == ([], 0)


def test_a_box_across_the_antimeridian_is_the_union_of_its_two_sides(stored: Connection) -> None:
    west = set(_walk(stored, _query(("bbox", "-180,42,5.5,46"))))
    east = set(_walk(stored, _query(("bbox", "6.5,42,180,46"))))
    assert west - east
    assert east - west
    assert set(_walk(stored, _query(("bbox", "6.5,42,5.5,46")))) == west | east


@pytest.mark.parametrize("bbox_crs", ["EPSG:2154", "EPSG:3857"])
def test_a_point_and_a_line_are_boxes(stored: Connection, bbox_crs: str) -> None:
    shape = max(SHAPES, key=lambda shape: shape.area)
    inside = shape.representative_point()
    transformer = pyproj.Transformer.from_crs("EPSG:2154", bbox_crs, always_xy=True)
    x, y = transformer.transform(inside.x, inside.y)
    code = next(row.code for row in ROWS if row.shape is shape)
    for box in ((x, y, x, y), (x - 10, y, x + 10, y), (x, y - 10, x, y + 10)):
        assert code in _walk(stored, _query(*_bbox(box, bbox_crs)))


# --- time --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2021-03-01", date(2021, 3, 1), date(2021, 3, 1)),
        ("2021-03-01T12:00:00Z", date(2021, 3, 1), date(2021, 3, 1)),
        ("2021-03-01/2021-09-01", date(2021, 3, 1), date(2021, 9, 1)),
        ("2021-03-01/..", date(2021, 3, 1), date.max),
        ("../2021-03-01", date.min, date(2021, 3, 1)),
        ("2030-01-01/..", date(2030, 1, 1), date.max),
    ],
)
def test_a_feature_that_has_begun_and_not_ended_is_in_the_interval(
    stored: Connection, text: str, start: date, end: date
) -> None:
    expected = [
        row.code for row in ROWS if row.debut is not None and row.debut <= end and (row.fin or date.max) >= start
    ]
    assert expected
    assert _walk(stored, _query(("datetime", text))) == expected


# --- what is written ---------------------------------------------------------------------------------------------


def _one(connection: Connection, code: str, *given: tuple[str, str]) -> dict[str, Any]:  # a GeoJSON feature
    statement, values = items.item(GENERATION, code, _query(*given))
    row = connection.execute(statement, values).fetchone()
    assert row is not None
    return json.loads(row[0])


def test_every_value_is_written_as_it_is_stored(stored: Connection) -> None:
    for row in ROWS:
        feature = _one(stored, row.code)
        written = feature["properties"]
        assert list(written) == COLUMNS
        assert feature["id"] == row.code
        assert tuple(written[name] for name in COLUMNS[:6]) == row[1:7]
        assert written["debut"] == (row.debut.isoformat() if row.debut else None)
        assert (datetime.fromisoformat(written["vu"]) if written["vu"] else None) == row.vu
        assert (feature["geometry"] is None) == (row.shape is None)


def test_the_page_and_the_item_write_the_same(stored: Connection) -> None:
    query = _query(("limit", "300"))
    statement, values = items.page(GENERATION, query)
    for row in stored.execute(statement, values).fetchall():
        feature = json.loads(row[-1])
        assert feature == _one(stored, feature["id"])


@pytest.mark.parametrize("code", ["CRS84", "4326", "4171", "3857", "2154"])
def test_coordinates_follow_the_axes_and_the_precision_of_the_crs(stored: Connection, code: str) -> None:
    asked = "OGC:CRS84" if code == "CRS84" else f"EPSG:{code}"
    found = crs.parse(asked, DATASET, "crs")
    transformer = pyproj.Transformer.from_crs("EPSG:2154", asked)
    for row in ROWS[:40]:
        if row.shape is None:
            continue
        written = shapely.geometry.shape(_one(stored, row.code, ("crs", asked))["geometry"])
        expected = shapely.transform(row.shape, transformer.transform, interleaved=False)
        assert written.equals_exact(expected, 10**-found.decimals)


def test_properties_and_geometry_can_be_left_out(stored: Connection) -> None:
    row = next(row for row in ROWS if row.shape is not None)
    feature = _one(stored, row.code, ("properties", "population,nom"), ("skipGeometry", "true"))
    assert feature == {
        "type": "Feature",
        "id": row.code,
        "geometry": None,
        "properties": {"nom": row.nom, "population": row.population},
    }


def test_a_forged_sort_value_is_a_data_error_and_no_more(stored: Connection) -> None:
    query = _query(("sortby", "population"))
    position = cursor.Position(("beaucoup",), 3)
    statement, values = items.page(GENERATION, query.at(position, None))
    with pytest.raises(errors.DataError):
        stored.execute(statement, values)
