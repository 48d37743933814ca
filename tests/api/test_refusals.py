"""What makes no sense is refused with a 4xx problem that says what to do; a hostile request never gets a 5xx."""

from __future__ import annotations

from urllib.parse import quote

import orjson
import pytest
from lab import Lab, Server, get, row, write

ITEMS = "/ogc/collections/communes/items"
REFUSED = [
    ("/ogc/collections/communs", 404, "communes"),
    ("/ogc/collections/communs/items", 404, "communes"),
    ("/ogc/collections/communes/items/99999", 404, "list of items"),
    ("/ogc/collections/communes/items/13055?limit=3", 400, "not a parameter"),
    ("/ogc/collections/communes/items/13055?skipGeometry=2", 400, "neither true nor false"),
    (f"{ITEMS}?f=gml", 400, "json or html"),
    (f"{ITEMS}?limt=3", 400, "did you mean limit?"),
    (f"{ITEMS}?populaton=3", 400, "did you mean population"),
    (f"{ITEMS}?filter=", 400, "line 1, column 1"),
    (f"{ITEMS}?filter=populaton%3D3", 400, "did you mean population"),
    (f"{ITEMS}?filter=pg_sleep(10)%3D1", 400, "there is no function 'pg_sleep'"),
    (f"{ITEMS}?filter=nom%3D13", 400, "nom is of type text"),
    (f"{ITEMS}?filter=nom%3D'L'Isle'", 400, "L''Isle"),
    (f"{ITEMS}?filter=population%3D1e309", 400, "not a finite number"),
    (f"{ITEMS}?filter=TRUE&filter-lang=cql-json", 400, "cql2-json"),
    (f"{ITEMS}?filter=TRUE&filter-crs=EPSG:27572", 400, "EPSG/0/2154"),
    (f"{ITEMS}?q=x", 400, "not offered yet"),
    (f"{ITEMS}?ids=1", 400, "not offered yet"),
    (f"{ITEMS}?limit=0", 400, "1 or more"),
    (f"{ITEMS}?limit=-1", 400, "1 or more"),
    (f"{ITEMS}?limit=ten", 400, "1 or more"),
    (f"{ITEMS}?limit=1&limit=2", 400, "twice"),
    (f"{ITEMS}?offset=-1", 400, "0 or more"),
    (f"{ITEMS}?bbox=1,2,3", 400, "west,south,east,north"),
    (f"{ITEMS}?bbox=a,b,c,d", 400, "finite number"),
    (f"{ITEMS}?bbox=5,44,6,43", 400, "south"),
    (f"{ITEMS}?bbox=5,-100,6,100", 400, "-90 to 90"),
    (f"{ITEMS}?bbox=890000,6240000,900000,6250000", 400, "bbox-crs"),
    (f"{ITEMS}?bbox=1e309,0,1,1", 400, "finite"),
    (f"{ITEMS}?bbox=nan,0,1,1", 400, "finite"),
    (f"{ITEMS}?datetime=abc", 400, "2026-01-31"),
    (f"{ITEMS}?datetime=2026-13-01", 400, "2026-01-31"),
    (f"{ITEMS}?datetime=2026-02-01/2026-01-01", 400, "before it starts"),
    (f"{ITEMS}?cursor=xyz", 400, "next"),
    (f"{ITEMS}?sortby=", 400, "not a column"),
    (f"{ITEMS}?sortby=nomm", 400, "nom"),
    (f"{ITEMS}?properties=nomm", 400, "nom"),
    (f"{ITEMS}?population=beaucoup", 400, "42"),
    (f"{ITEMS}?population=99999999999", 400, "42"),
    (f"{ITEMS}?skipGeometry=maybe", 400, "true"),
    (f"{ITEMS}?resultType=all", 400, "hits"),
    (f"{ITEMS}?crs=EPSG:27572", 400, "EPSG/0/2154"),
    (f"{ITEMS}?lang=xx", 400, "fr or en"),
    ("/ogc/collections?limit=3", 400, "not a parameter"),
    ("/ogc?x=1", 400, "not a parameter"),
    ("/ogc/collections/communes/tiles/WorldCRS84Quad", 404, "WebMercatorQuad"),
    ("/ogc/collections/communes/tiles/WebMercatorQuad/99/0/0", 404, "0 to 14"),
    ("/ogc/collections/communes/tiles/WebMercatorQuad/3/8/0", 404, "0 to 7"),
    ("/ogc/collections/communes/tiles/WebMercatorQuad/a/b/c", 404, "whole numbers"),
    ("/tiles/communes/3/-1/0.mvt", 404, "whole numbers"),
    ("/tiles/nope.json", 404, ""),
    ("/tiles/communes/0/0/0.mvt?f=png", 400, "MVT"),
    ("/ogc/nowhere", 404, "/ogc"),
]


@pytest.mark.parametrize(("path", "status", "said"), REFUSED)
def test_a_refusal_is_a_problem_that_says_what_to_do(demo_server: Server, path: str, status: int, said: str) -> None:
    found, headers, body = demo_server.get(path)
    assert (found, headers["content-type"]) == (status, "application/problem+json")
    problem = orjson.loads(body)
    assert problem["status"] == status
    assert said in f"{problem['detail']} {problem.get('remedy', '')}"
    assert headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/ogc/nowhere", "/ogc/collections/communs", f"{ITEMS}?limt=3", f"{ITEMS}/99999"])
def test_a_browser_gets_the_refusal_as_a_page(demo_server: Server, path: str) -> None:
    status, headers, body = demo_server.get(path, Accept="text/html", Accept_Language="en")
    assert status in {400, 404}
    assert headers["content-type"].startswith("text/html")
    assert b'lang="en"' in body


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/ogc/collections/communs", "Vérifiez l'adresse"),
        (f"{ITEMS}?limt=3", "quelque chose que le service ne comprend pas"),
    ],
)
def test_the_page_of_a_refusal_says_in_french_what_to_do(demo_server: Server, path: str, said: str) -> None:
    page = demo_server.get(path, Accept="text/html", Accept_Language="fr")[2].decode()
    advice, detail = page.split("<h2>")[0].rsplit("<h1>", 1)[1], page.rsplit('<p lang="en">', 1)[1]
    assert said in advice
    assert "did you mean" in detail


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{ITEMS}?bbox-crs=http://www.opengis.net/def/crs/EPSG/0/3857", 200),
        (f"{ITEMS}?resultType=hits", 200),
        (f"{ITEMS}/13055?skipGeometry=2", 400),
        (f"{ITEMS}/13055?limit=3", 400),
    ],
)
def test_a_page_takes_and_refuses_what_the_json_does(demo_server: Server, path: str, status: int) -> None:
    for form, media in (("html", "text/html"), ("json", "application/")):
        found, headers, _ = demo_server.get(f"{path}&f={form}")
        assert (found, headers["content-type"].startswith(media)) == (status, True)


def test_a_larger_limit_is_clamped(demo_server: Server) -> None:
    content = demo_server.json(f"{ITEMS}?limit=123456789012345678901234567890&skipGeometry=true")
    assert content["numberReturned"] == 946


def test_a_cursor_altered_in_any_byte_is_refused_and_one_of_another_filter_too(demo_server: Server) -> None:
    first = demo_server.json(f"{ITEMS}?limit=10&sortby=-population&skipGeometry=true")
    href = next(link["href"] for link in first["links"] if link["rel"] == "next")
    token = href.rsplit("cursor=", 1)[1]
    for place in range(0, len(token), 5):
        altered = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert demo_server.get(f"{ITEMS}?limit=10&sortby=-population&cursor={altered}")[0] == 400
    for changed in ("sortby=population", "sortby=-population&code_departement=13", "sortby=-nom"):
        assert demo_server.get(f"{ITEMS}?limit=10&{changed}&cursor={token}")[0] == 400


def test_pages_and_headers_take_what_is_hostile_too(demo_server: Server) -> None:
    before = demo_server.workers()
    for value in ("'; drop table data.communes__g1; --", "\x00", "é" * 3000, "(" * 3000, "</script><script>"):
        for path in (f"/?q={quote(value, safe='')}", f"{ITEMS}?f=html&nom={quote(value, safe='')}"):
            assert demo_server.get(path, Accept="text/html")[0] in {200, 400}, path
    assert demo_server.get("/ogc", Host="a b")[0] == 400
    assert demo_server.workers() == before


def test_what_is_stored_comes_back_as_it_is_by_filter_too(lab: Lab) -> None:
    names = [
        "L'Isle-sur-la-Sorgue",
        "Saint-Rémy-de-Provence",
        "< 50 logements",
        'a "b" & c > d',
        "100 %",
        "\\N",
        "é/ñ?#",
    ]
    lab.declare()
    write(lab.datasets / "lieux.gpkg", [row(n, nom=name) for n, name in enumerate(names)])
    lab.load("lieux")
    with lab.serve() as server:
        found = {f["id"]: f for f in server.json("/ogc/collections/lieux/items")["features"]}
        assert [found[f"L{n:06}"]["properties"]["nom"] for n in range(len(names))] == names
        for n, name in enumerate(names):
            [feature] = server.json(f"/ogc/collections/lieux/items?nom={quote(name, safe='')}")["features"]
            assert feature == found[f"L{n:06}"]
            page = server.get(f"/ogc/collections/lieux/items/L{n:06}?f=html")[2].decode()
            assert "< 50 logements" not in page


def test_a_key_may_hold_any_character(lab: Lab) -> None:
    keys = ["a/b", "c d", "é?x=1", "#", "..", "%2F"]
    lab.declare()
    write(lab.datasets / "lieux.gpkg", [row(n, code=key) for n, key in enumerate(keys)])
    lab.load("lieux")
    with lab.serve() as server:
        for key in (key for key in keys if key != ".."):
            url = f"/ogc/collections/lieux/items/{quote(key, safe='')}"
            assert server.json(url)["id"] == key
            assert server.get(url, Accept="text/html")[0] == 200
        assert get(server.base + "/ogc/collections/lieux/items?code=..")[0] == 200
