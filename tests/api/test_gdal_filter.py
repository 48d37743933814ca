"""GDAL sends its WHERE to the server as `cql-text`, and gets what Python finds in the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyogrio.raw
import pyproj
import pytest
from clients import Request, watch
from lab import Lab, Server, row, write
from ogr import run, service

ITEMS = "/ogc/collections/lieux/items"
NAMES = ("L'Isle-sur-la-Sorgue", "Èze", "eze", "Arles", "ARLES", "Saint-Rémy", "100 %", r"a\b", '< 50 & "x"')
COLUMNS = [
    {"name": "code", "type": "text", "title": {"fr": "Code"}, "nullable": False},
    {"name": "nom", "type": "text", "title": {"fr": "Nom"}},
    {"name": "population", "type": "integer", "title": {"fr": "Population"}},
    {"name": "identifiant", "type": "bigint", "title": {"fr": "Identifiant"}},
    {"name": "taux", "type": "number", "title": {"fr": "Taux"}},
    {"name": "actif", "type": "boolean", "title": {"fr": "Actif"}},
    {"name": "jour", "type": "date", "title": {"fr": "Jour"}},
    {"name": "vu", "type": "timestamp", "title": {"fr": "Vu"}},
    {"name": "secret", "type": "text", "title": {"fr": "Secret"}, "queryable": False},
]
ROWS = [
    row(
        number,
        nom=None if number % 10 == 9 else NAMES[number % len(NAMES)],
        identifiant=5_000_000_000 + number,
        actif=number % 3 == 0,
        vu=np.datetime64(f"2026-03-{number % 28 + 1:02}T12:30:00"),
        secret=f"s{number % 2}",
    )
    for number in range(80)
]


@pytest.fixture(scope="module")
def server(new_database: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Rows with a column of every type."""
    lab = Lab(new_database(), tmp_path_factory.mktemp("gdal"))
    lab.declare(columns=COLUMNS)
    types = {"actif": "bool", "vu": "datetime64[ms]"}
    outcome = lab.load("lieux", write(lab.folder / "lieux.gpkg", ROWS, types=types))
    assert outcome.status == "published"
    with lab.serve() as running:
        yield running


def found(server: Server, where: str) -> tuple[set[str], list[Request]]:
    """Return the keys that GDAL finds, and the requests for items that it made of the filter."""
    with watch(server) as traffic:
        meta, _, _, values = pyogrio.raw.read(service(server), layer="lieux", where=where)
    assert traffic.failed == []
    keys = {str(key) for key in values[list(meta["fields"]).index("code")]}
    return keys, [asked for asked in traffic.at(ITEMS) if asked.query.keys() & {"filter", "datetime"}]


PUSHED: list[tuple[str, str, Callable[[dict[str, Any]], Any]]] = [
    ("population > 70", "population > 70", lambda r: r["population"] > 70),
    ("population <= 3 AND taux >= 0.25", "(population <= 3) AND (taux >= 0.25)", lambda r: 2 <= r["population"] <= 3),
    ("taux < 0.3 OR population = 40", "(taux < 0.3) OR (population = 40)", lambda r: r["population"] in {0, 1, 2, 40}),
    ("identifiant > 5000000077", "identifiant > 5000000077", lambda r: r["population"] > 77),
    ("NOT (population < 75)", "NOT (population < 75)", lambda r: r["population"] >= 75),
    ("population BETWEEN 5 AND 7", "(population >= 5) AND (population <= 7)", lambda r: 5 <= r["population"] <= 7),
    ("nom = 'L''Isle-sur-la-Sorgue'", "nom = 'L''Isle-sur-la-Sorgue'", lambda r: r["nom"] == NAMES[0]),
    ("nom <> 'Arles'", "nom <> 'Arles'", lambda r: r["nom"] not in {None, "Arles"}),
    ("nom IS NULL", "(nom IS NULL)", lambda r: r["nom"] is None),
    ("nom IS NOT NULL", "NOT ((nom IS NULL))", lambda r: r["nom"] is not None),
    ("nom LIKE 'A%'", "nom LIKE 'A%'", lambda r: (r["nom"] or "").startswith("A")),
    ("nom ILIKE 'è_e'", "nom ILIKE 'è_e'", lambda r: r["nom"] == "Èze"),
    ("nom LIKE 'a\\%'", "nom LIKE 'a\\%'", lambda r: r["nom"] == r"a\b"),
    ("actif = 1", "actif = 1", lambda r: r["actif"]),
    ("actif <> 1", "actif <> 1", lambda r: not r["actif"]),
    ("jour > '2026-01-20'", "jour > '2026-01-20T'", lambda r: r["jour"] > "2026-01-20"),
    ("jour = '2026/01/20'", "jour = '2026-01-20T'", lambda r: r["jour"] == "2026-01-20"),
    ("vu >= '2026-03-20T12:30:00Z'", "vu >= '2026-03-20T12:30:00Z'", lambda r: str(r["vu"]) >= "2026-03-20T12:30"),
    ("vu < '2026/03/20 13:00:00'", "vu < '2026-03-20T13:00:00Z'", lambda r: str(r["vu"]) < "2026-03-20T13"),
]


@pytest.mark.parametrize(("where", "sent", "test"), PUSHED)
def test_a_comparison_is_sent_and_answered_by_the_server(
    where: str, sent: str, test: Callable[[dict[str, Any]], Any], server: Server
) -> None:
    keys, asked = found(server, where)
    assert asked
    assert all(request.query["filter"] == [sent] for request in asked)
    assert all(request.query["filter-lang"] == ["cql-text"] for request in asked)
    wanted = {r["code"] for r in ROWS if test(r)}
    assert keys == wanted
    assert 0 < len(wanted) < len(ROWS)


def test_what_cannot_be_sent_is_filtered_by_gdal_behind_what_can(server: Server) -> None:
    keys, asked = found(server, "population > 60 AND nom IN ('Saint-Rémy', 'Èze')")
    assert {request.query["filter"][0] for request in asked} == {"population > 60"}
    assert keys == {r["code"] for r in ROWS if r["population"] > 60 and r["nom"] in {"Saint-Rémy", "Èze"}}
    # a column that cannot be queried is not named in the API definition
    assert found(server, "secret = 's1'") == ({r["code"] for r in ROWS if r["secret"] == "s1"}, [])


def test_a_filter_of_gdal_goes_with_its_box_and_is_counted_by_the_server(gdal: tuple[int, int], server: Server) -> None:
    to_degrees = pyproj.Transformer.from_crs("EPSG:2154", "OGC:CRS84", always_xy=True)
    # a line of points, cut after the 21st; without CRS= the newer GDAL asks in Lambert-93
    (west, south), (east, north) = (to_degrees.transform(x, 6_300_000) for x in (899_950, 902_050))
    box = (west, min(south, north) - 0.01, east, max(south, north) + 0.01)
    in_degrees = ("-oo", "CRS=OGC:CRS84") if gdal >= (3, 7) else ()
    with watch(server) as traffic:
        asked_for = ("-where", "population > 10", "-spat", *map(str, box))
        said = run("ogrinfo", "-so", *in_degrees, *asked_for, service(server), "lieux")
    assert "Feature Count: 10\n" in said
    [asked] = [asked for asked in traffic.at(ITEMS) if asked.query.get("resultType") == ["hits"]]
    assert asked.query["filter"] == ["population > 10"]
    assert "bbox" in asked.query


def test_a_column_that_is_null_in_the_first_features_keeps_its_type(lab: Lab) -> None:
    lab.declare(columns=COLUMNS)
    empty = {"population": None, "identifiant": None, "taux": None, "actif": None, "jour": None, "vu": None}
    rows = [r if r["code"] == "L000050" else {**r, **empty} for r in ROWS]
    types = {"population": "int64", "identifiant": "int64", "taux": "float64", "actif": "bool"}
    dates = {"jour": "datetime64[D]", "vu": "datetime64[ms]"}
    lab.load("lieux", write(lab.folder / "lieux.gpkg", rows, types=types | dates))
    with lab.serve() as server:
        assert {f["id"] for f in server.json(f"{ITEMS}?limit=20")["features"]}.isdisjoint({"L000050"})
        information = pyogrio.read_info(service(server), layer="lieux")
        assert dict(zip(information["fields"], map(str, information["dtypes"]), strict=True)) == {
            "id": "object", "code": "object", "nom": "object", "population": "int32", "identifiant": "float64",
            "taux": "float64", "actif": "bool", "jour": "datetime64[D]", "vu": "datetime64[ms]", "secret": "object",
        }  # fmt: skip
        for where in ("population = 50", "identifiant > 0", "actif = 1 OR taux > 6", "jour > '2000-01-01'"):
            assert found(server, where)[0] == {"L000050"}, where


def test_the_systems_gdal_sends_it_too(gdal: tuple[int, int], server: Server, tmp_path: Any) -> None:
    file = tmp_path / "copy.gpkg"
    with watch(server) as traffic:
        run("ogr2ogr", "-where", "population > 70 AND nom LIKE 'A%'", str(file), service(server), "lieux")
    assert {a.query["filter"][0] for a in traffic.at(ITEMS) if "filter" in a.query} == {
        "(population > 70) AND (nom LIKE 'A%')"
    }
    wanted = [r for r in ROWS if r["population"] > 70 and (r["nom"] or "").startswith("A")]
    assert pyogrio.read_info(file)["features"] == len(wanted) > 0
