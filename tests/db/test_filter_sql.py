"""CQL2 against brute force in Python, on rows with nulls, accents, apostrophes, dates and shapes."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pyproj
import pytest
import samples
import shapely

from territoire.core import database
from territoire.core.database import Connection, Urls
from territoire.core.models import Time
from territoire.query import items, parameters
from territoire.query.model import Generation

DATASET = samples.dataset(
    "filtres",
    geometry="Geometry",
    time=Time(start="debut", end="fin"),
    nom="text",
    ab="integer",
    cd="integer",
    identifiant="bigint",
    taux="number",
    actif="boolean",
    debut="date",
    fin="date",
    vu="timestamp",
)
NAMES = (
    "L'Isle-sur-la-Sorgue", "l'isle-sur-la-sorgue", "Èze", "Eze", "EZE", "Arles", "arles", "Saint-Rémy", "SAINT-RÉMY",
    "Saint-Remy", "100 %", "100_%", "a\\b", "", "zz", "Évenos", "e\u0301venos", "😀", "ꜳŞ",
)  # fmt: skip
EXTENT = (800_000.0, 6_200_000.0, 1_090_000.0, 6_470_000.0)
BOX = shapely.box(880_000, 6_250_000, 940_000, 6_310_000)
TO_DEGREES = pyproj.Transformer.from_crs(2154, 4326, always_xy=True)


class Row(NamedTuple):
    """A row as it is stored."""

    fid: int
    code: str
    nom: str | None
    ab: int | None
    cd: int | None
    identifiant: int | None
    taux: float | None
    actif: bool | None
    debut: date | None
    fin: date | None
    vu: datetime | None
    shape: Any


def _rows(count: int) -> list[Row]:
    chance = random.Random(21065)

    def some(value: Any) -> Any:
        return None if chance.random() < 0.2 else value

    found: list[Row] = []
    for fid in range(1, count + 1):
        x, y = chance.uniform(800_000, 1_080_000), chance.uniform(6_200_000, 6_460_000)
        size = chance.choice([100, 5_000, 60_000])
        corners = [(x + chance.uniform(0, 10_000), y + chance.uniform(0, size / 10)) for _ in range(3)]
        shape = chance.choice([shapely.Point(x, y), shapely.LineString(corners[:2]), shapely.Polygon(corners)])
        start = date(2025, 1, 1) + timedelta(days=chance.randrange(20))
        found.append(
            Row(
                fid,
                f"c{fid}",
                some(chance.choice(NAMES)),
                some(chance.randrange(-3, 6)),
                some(chance.randrange(-3, 6)),
                some(chance.choice([2**53 + 1, 2**53, -(2**63), 7])),
                some(chance.choice([0.0, 0.5, 2.0, -1.5])),
                some(chance.random() < 0.5),
                some(start),
                some(start + timedelta(days=chance.randrange(10))),
                some(datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=chance.randrange(24 * 20))),
                some(shape),
            )
        )
    # what touches, equals and overlaps BOX exactly
    exact = [
        BOX,
        shapely.Point(880_000, 6_280_000),
        shapely.Point(900_000, 6_300_000),
        BOX.buffer(5_000),
        BOX.buffer(-9),
    ]
    exact += [
        shapely.LineString([(870_000, 6_280_000), (890_000, 6_280_000)]),
        shapely.box(940_000, 6_250_000, 950_000, 6_260_000),
    ]
    empty = (None,) * 9
    found += [Row(count + n, f"e{n}", *empty, shape) for n, shape in enumerate(exact, 1)]
    return found


ROWS = _rows(300)


@pytest.fixture(scope="module")
def stored(new_database: Callable[[], Urls]) -> Iterator[Connection]:
    """A connection of the reader to a database that holds ROWS as generation 1."""
    urls = new_database()
    samples.store(urls, DATASET, ROWS)
    with database.connect_reader(urls.reader) as reader:
        yield reader


def _generation() -> Generation:
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    return Generation(DATASET, 1, len(ROWS), EXTENT, None, None, moment, moment)


def _found(stored: Connection, expression: str, **given: str) -> set[int]:
    pairs = [("filter", expression), *((name.replace("_", "-"), value) for name, value in given.items())]
    query = replace(parameters.parse(DATASET, pairs), limit=10_000, skip_geometry=True)
    statement, values = items.page(_generation(), query)
    counting, counted = items.count(_generation(), query)
    found = {row[0] for row in stored.execute(statement, values).fetchall()}
    [(count,)] = stored.execute(counting, counted).fetchall()
    assert count == len(found)
    return found


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _unaccented(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not "\u0300" <= c <= "\u036f")


class _Known:
    """A date or null, whose every comparison with null is false."""

    def __init__(self, day: date | None) -> None:
        self.day = day

    def __lt__(self, other: date) -> bool:
        return self.day is not None and self.day < other

    def __gt__(self, other: date) -> bool:
        return self.day is not None and self.day > other

    def __le__(self, other: date) -> bool:
        return self < other or self == other

    def __ge__(self, other: date) -> bool:
        return self > other or self == other

    def __eq__(self, other: object) -> bool:
        return self.day is not None and self.day == other

    __hash__ = None


CASES: list[tuple[str, Callable[[Row], Any]]] = [
    ("nom = 'L''Isle-sur-la-Sorgue'", lambda r: r.nom == "L'Isle-sur-la-Sorgue"),
    ("nom <> 'Èze'", lambda r: r.nom is not None and r.nom != "Èze"),
    ("\"nom\" = 'Èze' OR nom = 'Arles' AND ab > 2", lambda r: r.nom == "Èze" or (r.nom == "Arles" and (r.ab or 0) > 2)),
    ("NOT ab = 1", lambda r: r.ab is not None and r.ab != 1),
    ("NOT (ab = 1 AND nom = 'zz')", lambda r: r.ab not in {None, 1} or r.nom not in {None, "zz"}),
    ("ab = 1 OR nom IS NULL", lambda r: r.ab == 1 or r.nom is None),
    ("nom IS NOT NULL AND geometry IS NULL", lambda r: r.nom is not None and r.shape is None),
    ("nom LIKE 'Saint-%'", lambda r: (r.nom or "").startswith("Saint-")),
    ("nom NOT LIKE '_rles'", lambda r: r.nom is not None and not (len(r.nom) == 5 and r.nom.endswith("rles"))),
    (r"nom LIKE '100\_\%'", lambda r: r.nom == "100_%"),
    (r"nom = 'a\b' OR nom LIKE 'a\\b'", lambda r: r.nom == "a\\b"),
    ("CASEI(nom) LIKE CASEI('SAINT-rÉ%')", lambda r: (r.nom or "").lower().startswith("saint-ré")),
    ("CASEI(nom) IN (CASEI('ÈZE'), casei('ARLES'))", lambda r: (r.nom or "").lower() in {"èze", "arles"}),
    ("ACCENTI(nom) = ACCENTI('Éze')", lambda r: r.nom is not None and _unaccented(r.nom) == "Eze"),
    ("CASEI(ACCENTI(nom)) = casei(accenti('ÉVENOS'))", lambda r: r.nom and _unaccented(r.nom).lower() == "evenos"),
    ("nom < 'b'", lambda r: r.nom is not None and _unaccented(r.nom).lower()[:1] in {"", "1", "a", "😀", "ꜳ"}),
    ("ab BETWEEN 0 AND 2", lambda r: r.ab is not None and 0 <= r.ab <= 2),
    ("ab NOT IN (1, 2)", lambda r: r.ab is not None and r.ab not in {1, 2}),
    ("ab < 1.5 AND taux >= 0", lambda r: r.ab is not None and r.ab < 1.5 and r.taux is not None and r.taux >= 0),
    ("ab > cd", lambda r: None not in (r.ab, r.cd) and r.ab > r.cd),
    ("3 < ab", lambda r: r.ab is not None and r.ab > 3),
    ("1 = 1 AND 'a' <> 'b'", lambda r: True),
    ("identifiant = 9007199254740993", lambda r: r.identifiant == 2**53 + 1),
    ("identifiant < -9223372036854775807", lambda r: r.identifiant == -(2**63)),
    ("identifiant = 99999999999999999999", lambda r: False),
    ("ab + cd * 2 > 3", lambda r: None not in (r.ab, r.cd) and r.ab + r.cd * 2 > 3),
    ("ab / taux > 1", lambda r: None not in (r.ab, r.taux) and r.taux != 0 and r.ab / r.taux > 1),
    ("ab % 2 = 1", lambda r: r.ab is not None and r.ab > 0 and r.ab % 2 == 1),
    ("ab div 2 = 1", lambda r: r.ab in {2, 3}),
    ("ab ^ 2 = 9 AND -ab > 0", lambda r: r.ab == -3),
    ("identifiant * 1000 > 5", lambda r: r.identifiant is not None and r.identifiant > 0),
    ("actif", lambda r: r.actif),
    ("actif = FALSE", lambda r: r.actif is False),
    ("NOT actif AND TRUE", lambda r: r.actif is False),
    ("(ab = 1) = FALSE", lambda r: r.ab is not None and r.ab != 1),
    ("FALSE", lambda r: False),
    ("debut > DATE('2025-01-10')", lambda r: r.debut is not None and r.debut > date(2025, 1, 10)),
    ("debut = '2025-01-10'", lambda r: r.debut == date(2025, 1, 10)),
    ("debut IN (DATE('2025-01-10'), DATE('2025-01-11'))", lambda r: r.debut in {date(2025, 1, 10), date(2025, 1, 11)}),
    ("debut = TIMESTAMP('2025-01-10T00:00:00Z')", lambda r: r.debut == date(2025, 1, 10)),
    ("vu >= TIMESTAMP('2025-01-10T01:00:00+01:00')", lambda r: r.vu and r.vu >= datetime(2025, 1, 10, tzinfo=UTC)),
    ("vu BETWEEN DATE('2025-01-10') AND DATE('2025-01-11')",
     lambda r: r.vu and datetime(2025, 1, 10, tzinfo=UTC) <= r.vu <= datetime(2025, 1, 11, tzinfo=UTC)),
    ("debut < vu", lambda r: r.debut and r.vu and datetime.combine(r.debut, datetime.min.time(), UTC) < r.vu),
    ("T_AFTER(debut, DATE('2025-01-10'))", lambda r: r.debut and r.debut > date(2025, 1, 10)),
    ("T_BEFORE(vu, DATE('2025-01-10'))", lambda r: r.vu and _day(r.vu) < date(2025, 1, 10)),
    ("T_AFTER(vu, DATE('2025-01-10'))", lambda r: r.vu and _day(r.vu) > date(2025, 1, 10)),
    ("T_INTERSECTS(vu, DATE('2025-01-10'))", lambda r: _day(r.vu) == date(2025, 1, 10)),
    ("T_EQUALS(debut, DATE('2025-01-10'))", lambda r: r.debut == date(2025, 1, 10)),
    ("T_INTERSECTS(debut, INTERVAL('2025-01-05','2025-01-10'))",
     lambda r: r.debut and date(2025, 1, 5) <= r.debut <= date(2025, 1, 10)),
    ("T_INTERSECTS(debut, TIMESTAMP('2025-01-05T12:00:00Z'))", lambda r: r.debut == date(2025, 1, 5)),
    ("T_DISJOINT(debut, INTERVAL('2025-01-05','..'))", lambda r: r.debut and r.debut < date(2025, 1, 5)),
    ("T_INTERSECTS(INTERVAL(debut, fin), INTERVAL('..','2025-01-05'))",
     lambda r: r.debut and r.fin and r.debut <= date(2025, 1, 5)),
    *(
        (f"{name}(INTERVAL(debut, fin), INTERVAL('2025-01-08','2025-01-12'))",
         lambda r, test=test: test(_Known(r.debut), _Known(r.fin), date(2025, 1, 8), date(2025, 1, 12)))
        for name, test in {
            "T_AFTER": lambda s, e, a, b: s > b, "T_BEFORE": lambda s, e, a, b: e < a,
            "T_DISJOINT": lambda s, e, a, b: s > b or e < a, "T_EQUALS": lambda s, e, a, b: s == a and e == b,
            "T_INTERSECTS": lambda s, e, a, b: s <= b and e >= a, "T_CONTAINS": lambda s, e, a, b: s < a and e > b,
            "T_DURING": lambda s, e, a, b: s > a and e < b, "T_FINISHEDBY": lambda s, e, a, b: s < a and e == b,
            "T_FINISHES": lambda s, e, a, b: s > a and e == b, "T_MEETS": lambda s, e, a, b: e == a,
            "T_METBY": lambda s, e, a, b: s == b, "T_OVERLAPPEDBY": lambda s, e, a, b: s > a and s < b and e > b,
            "T_OVERLAPS": lambda s, e, a, b: s < a and e > a and e < b,
            "T_STARTEDBY": lambda s, e, a, b: s == a and e > b,
            "T_STARTS": lambda s, e, a, b: s == a and e < b,
        }.items()
    ),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "wanted"), CASES, ids=[case[0] for case in CASES])
def test_a_filter_finds_what_python_finds(stored: Connection, expression: str, wanted: Callable[[Row], Any]) -> None:
    assert _found(stored, expression) == {row.fid for row in ROWS if wanted(row)}


RELATIONS = ("intersects", "equals", "disjoint", "touches", "within", "overlaps", "crosses", "contains")
LITERALS = {
    "box": BOX,
    "line": shapely.LineString([(870_000, 6_280_000), (890_000, 6_280_000)]),
    "point": shapely.Point(900_000, 6_300_000),
    "points": shapely.MultiPoint([(900_000, 6_300_000), (880_000, 6_280_000)]),
    "far and near": shapely.MultiPolygon(
        [shapely.box(890_000, 6_260_000, 891_000, 6_261_000), shapely.box(0, 0, 9, 9)]
    ),
    "everything": shapely.box(100_000, 6_000_000, 1_200_000, 7_100_000),
    "collection": shapely.GeometryCollection([BOX, shapely.box(100, 100, 200, 200)]),
}


@pytest.mark.parametrize("name", LITERALS)
@pytest.mark.parametrize("relation", RELATIONS)
def test_a_spatial_function_finds_what_shapely_finds(stored: Connection, relation: str, name: str) -> None:
    literal = LITERALS[name]
    test = getattr(shapely, relation)
    merged = shapely.union_all([literal]) if name == "collection" else literal
    wanted = {row.fid for row in ROWS if row.shape is not None and test(row.shape, merged)}
    wkt = shapely.to_wkt(literal, rounding_precision=-1)
    for function in (f"S_{relation.upper()}", relation):
        assert _found(stored, f"{function}(geometry, {wkt})", filter_crs="EPSG:2154") == wanted
    if relation != "within":
        # the second operand may be the property
        turned = {"contains": "within"}.get(relation, relation)
        assert _found(stored, f"S_{turned.upper()}({wkt}, geom)", filter_crs="EPSG:2154") == wanted


def _degrees(shape: Any) -> Any:
    dense = shapely.segmentize(shape, 500)
    return shapely.transform(dense, lambda points: list(zip(*TO_DEGREES.transform(*points.T), strict=True)))


@pytest.mark.parametrize("relation", ["intersects", "disjoint", "within", "contains", "crosses", "overlaps"])
def test_a_literal_in_degrees_follows_the_curves(stored: Connection, relation: str) -> None:
    """Shapes that exactly touch the literal are left out: no two transformations agree to the last bit."""
    shape = shapely.box(4.9, 43.35, 5.6, 43.7)
    test = getattr(shapely, relation)
    clear = [
        r for r in ROWS if r.shape is not None and shapely.distance(_degrees(r.shape).boundary, shape.boundary) > 1e-6
    ]
    wanted = {row.fid for row in clear if test(_degrees(row.shape), shape)}
    found = _found(stored, f"S_{relation.upper()}(geometry, {shapely.to_wkt(shape)})")
    assert found & {row.fid for row in clear} == wanted
    flipped = shapely.to_wkt(shapely.transform(shape, lambda points: points[:, ::-1]))
    assert _found(stored, f"S_{relation.upper()}(geometry, {flipped})", filter_crs="EPSG:4326") == found
    if relation == "intersects":
        assert _found(stored, "S_INTERSECTS(geometry, BBOX(4.9,43.35,5.6,43.7))") == found


@pytest.mark.parametrize(
    ("expression", "everything"),
    [
        ("S_INTERSECTS(geometry, BBOX(-180,-90,180,90))", True),
        ("S_WITHIN(geometry, POLYGON((-180 -90,180 -90,180 90,-180 90,-180 -90)))", True),
        ("S_DISJOINT(geometry, POINT(179 -89))", True),
        ("S_INTERSECTS(geometry, BBOX(170,-90,-170,90))", False),
        ("S_CONTAINS(geometry, POINT(-179 89))", False),
        ("S_TOUCHES(geometry, LINESTRING(-180 -90, -170 -80))", False),
        ("S_EQUALS(geometry, POLYGON((-180 -90,180 -90,180 90,-180 90,-180 -90)))", False),
        ("S_DISJOINT(geometry, POLYGON EMPTY)", True),
        (
            "S_INTERSECTS(geometry, GEOMETRYCOLLECTION(POINT(0 0),POLYGON((-9 30,20 30,20 60,-9 60,-9 30))))",
            True,
        ),
    ],
)
def test_no_literal_anywhere_in_the_world_fails(stored: Connection, expression: str, everything: bool) -> None:
    shaped = {row.fid for row in ROWS if row.shape is not None}
    assert _found(stored, expression) == (shaped if everything else set())
    if "BBOX" not in expression:
        # two literals, without the property
        assert _found(stored, expression.replace("geometry", "POINT(5 43)")) in (set(), {row.fid for row in ROWS})


def test_a_filter_beside_others_and_a_walk_with_a_cursor(stored: Connection) -> None:
    pairs = [("filter", "ab > 0"), ("actif", "true"), ("bbox", "4,43,6,44.5"), ("sortby", "-nom")]
    query = parameters.parse(DATASET, pairs)
    statement, values = items.page(_generation(), query)
    found = {row[0] for row in stored.execute(statement, values).fetchall()}
    assert found == _found(stored, "ab > 0") & _found(stored, "actif") & _found(
        stored, "S_INTERSECTS(geometry, BBOX(4,43,6,44.5))"
    )
    assert found
