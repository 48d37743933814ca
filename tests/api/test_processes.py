"""OGC API Processes over HTTP: each process on a stand-in of the Géoplateforme, jobs done by real workers."""

from __future__ import annotations

import contextlib
import csv
import functools
import html
import io
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import shapely
from geoplateforme.standin import Geoplateforme
from jsonschema import Draft202012Validator
from lab import Lab, Server, wait_until
from openapi_spec_validator import validate
from owslib.ogcapi.processes import Processes
from proofs import PROCESSES1, proves

from providers.processes import catalogue
from territoire.web.executing import SYNC_BODY

POINT = {"type": "Point", "coordinates": [6.2358, 44.0925]}
SQUARE = {"type": "Polygon", "coordinates": [[[6.1, 44.0], [6.3, 44.0], [6.3, 44.2], [6.1, 44.2], [6.1, 44.0]]]}
_EXCEPTION = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
_RESULTS = "http://www.opengis.net/def/rel/ogc/1.0/results"
Answer = tuple[int, dict[str, str], Any]


@pytest.fixture(scope="module")
def server(demo: Lab, geoplateforme_process: Geoplateforme) -> Iterator[Server]:
    """The demo territory, with the stand-in as Géoplateforme; no worker runs."""
    with demo.serve(**geoplateforme_process.env) as running:
        yield running


@pytest.fixture(scope="module")
def work(demo: Lab, geoplateforme_process: Geoplateforme) -> Iterator[subprocess.Popen[bytes]]:
    """A worker, from the first test that needs one: those without stand before."""
    with demo.work(**geoplateforme_process.env) as process:
        yield process


def ask(server: Server, path: str, content: object = None, *, method: str = "POST", **headers: str) -> Answer:
    """Send JSON (or bytes) and return status, headers in lower case, and JSON or text."""
    body = content if isinstance(content, bytes) or content is None else orjson.dumps(content)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(
        server.base + path, body, {"Content-Type": "application/json", **named}, method=method
    )
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        text = answer.read()
        found = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, found, orjson.loads(text) if "json" in found["content-type"] else text.decode()


def execute(server: Server, process: str, inputs: object, *, more: Any = None, **headers: str) -> Answer:
    """Execute a process."""
    return ask(server, f"/ogc/processes/{process}/execution", {"inputs": inputs, **(more or {})}, **headers)


def given(answer: Answer) -> Any:
    """Return what an execution gave: it must have succeeded."""
    assert answer[0] == 200, answer
    return answer[2]


@proves(f"{PROCESSES1}core", f"{PROCESSES1}json", f"{PROCESSES1}ogc-process-description")
def test_processes_are_described_with_valid_schemas(server: Server) -> None:
    landing = server.json("/ogc")
    [link] = [one for one in landing["links"] if one["rel"].endswith("/processes")]
    assert link["href"] == f"{server.base}/ogc/processes"
    listed = server.json("/ogc/processes?lang=en")["processes"]
    assert [one["id"] for one in listed] == list(catalogue.PROCESSES)
    for one in listed:
        full = server.json(f"/ogc/processes/{one['id']}?lang=en")
        assert {key: full[key] for key in one if key != "links"} == {k: v for k, v in one.items() if k != "links"}
        assert "async-execute" in one["jobControlOptions"]
        for described in [*full["inputs"].values(), *full["outputs"].values()]:
            Draft202012Validator.check_schema(described["schema"])
            assert described["title"]
        catalogue.describe(one["id"]).check(full["example"]["inputs"])
        assert server.json(f"/ogc/processes/{one['id']}?lang=fr")["title"] != full["title"]
    status, _, problem = ask(server, "/ogc/processes/geocoder", method="GET")
    assert (status, problem["type"]) == (404, f"{_EXCEPTION}no-such-process")
    assert "geocode" in problem["remedy"]


def test_a_server_without_jobs_lists_none_and_does_all_at_once(
    demo: Lab, server: Server, geoplateforme: Geoplateforme
) -> None:
    # as a server that knows its reader alone
    unknown = {"TERRITOIRE_DATABASE_URL": "", "TERRITOIRE_LOADER_URL": "", "TERRITOIRE_SUBMITTER_URL": ""}
    with demo.serve(**unknown, **geoplateforme.env) as alone:
        for one in alone.json("/ogc/processes")["processes"]:
            assert one["jobControlOptions"] == ["sync-execute"]
        assert alone.json("/ogc/processes/geocode")["jobControlOptions"] == ["sync-execute"]
        claimed, with_jobs = (set(one.json("/ogc/conformance")["conformsTo"]) for one in (alone, server))
        assert with_jobs - claimed == {f"{PROCESSES1}dismiss"}
        assert f"{PROCESSES1}dismiss" not in alone.get("/ogc/conformance?f=html")[2].decode()
        assert "respond-async" not in alone.get("/ogc/processes/geocode?f=html")[2].decode()
        # a preference that cannot be met is left out (RFC 7240), and not said to be applied
        status, headers, found = execute(alone, "geocode", {"text": "Digne"}, Prefer="respond-async")
        assert (status, "preference-applied" in headers) == (200, False)
        assert found["features"]
        status, _, problem = execute(alone, "geocode", {"csv": "a\n" + "x\n" * SYNC_BODY}, Prefer="respond-async")
        assert (status, problem["remedy"]) == (413, "ask for less at once")


@proves(f"{PROCESSES1}oas30")
def test_the_definition_has_the_processes(server: Server) -> None:
    definition = server.json("/ogc/openapi", Accept="application/vnd.oai.openapi+json;version=3.0")
    validate(definition)
    paths = definition["paths"]
    assert "post" in paths["/processes/{processID}/execution"]
    assert {"get", "delete"} <= paths["/jobs/{jobID}"].keys()
    assert "/jobs" not in paths
    assert server.get("/ogc/jobs")[0] == 404


def test_geocode_and_back(server: Server, geoplateforme: Geoplateforme) -> None:
    text = "12 Avenue de la Gare Digne-les-Bains"
    found = given(execute(server, "geocode", {"text": text, "limit": 2}))
    best = found["features"][0]
    assert "Digne" in best["properties"]["label"]
    assert abs(best["geometry"]["coordinates"][1] - 44.09) < 0.1
    back = given(execute(server, "reverse-geocode", {"point": best["geometry"]}))
    assert back["features"][0]["properties"]["label"] == best["properties"]["label"]
    assert {seen.service for seen in geoplateforme.requests} == {"geocoding"}


def test_a_table_keeps_its_lines_its_separator_and_its_accents(server: Server, geoplateforme: Geoplateforme) -> None:
    table = (
        'n;rue;ville;latitude\n1;"12, Rue de la République";Aix-en-Provence;x\n2;;;y\n3;Chemin des Oliviers;Apt;"z;z"\n'
    )
    status, headers, text = execute(server, "geocode", {"csv": table, "columns": ["rue", "ville"]})
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/csv")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))
    assert [row["n"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["rue"] == "12, Rue de la République"
    assert rows[2]["latitude"] == "z;z"
    assert "Aix" in rows[0]["result_city"]
    assert rows[1]["result_status"] == "skipped"
    assert float(rows[2]["geo_latitude"]) == pytest.approx(43.88, abs=0.2)
    back = "longitude,latitude\n5.37,43.3\n,\n"
    text = given(execute(server, "reverse-geocode", {"csv": back}))
    assert [row["result_status"] for row in csv.DictReader(io.StringIO(text, newline=""))] == ["ok", "skipped"]


def test_a_profile_has_distances_heights_and_holes(server: Server, geoplateforme: Geoplateforme) -> None:
    line = {"type": "LineString", "coordinates": [[6.2, 44.0], [6.3, 44.1]]}
    profile = given(execute(server, "elevation-profile", {"line": line, "sampling": 20}))
    said = profile["properties"]
    assert len(said["samples"]) == len(profile["geometry"]["coordinates"]) == 20
    assert said["length_m"] == pytest.approx(13_700, rel=0.02)
    assert said["min_m"] <= said["samples"][0]["height_m"] <= said["max_m"]
    assert said["ascent_m"] - said["descent_m"] == pytest.approx(
        said["samples"][-1]["height_m"] - said["samples"][0]["height_m"], abs=0.02
    )
    abroad = {"type": "LineString", "coordinates": [[-10, 30], [-9, 30]]}
    heights = given(execute(server, "elevation-profile", {"line": abroad, "sampling": 2}))["properties"]
    assert [sample["height_m"] for sample in heights["samples"]] == [None, None]
    assert heights["min_m"] is None
    winding = [[6.2 + n / 5000, 44 + n % 2 / 1000] for n in range(600)]
    long = given(execute(server, "elevation-profile", {"line": {"type": "LineString", "coordinates": winding}}))
    assert len(long["properties"]["samples"]) == 100
    # long lists go in a body
    assert [seen.method for seen in geoplateforme.requests] == ["GET", "GET", "POST"]


def test_routes_and_isochrones(server: Server, geoplateforme: Geoplateforme) -> None:
    end = {"type": "Point", "coordinates": [5.7837, 43.8341]}
    route = given(execute(server, "itinerary", {"start": POINT, "end": end, "steps": True}))
    assert route["geometry"]["type"] == "LineString"
    assert route["properties"]["length_m"] > 40_000
    assert route["properties"]["duration_s"] > 1000
    assert route["properties"]["version"]
    near, far = (given(execute(server, "isochrone", {"point": POINT, "minutes": n})) for n in (5, 20))
    assert shapely.from_geojson(json.dumps(far["geometry"])).contains(
        shapely.from_geojson(json.dumps(near["geometry"]))
    )
    assert given(execute(server, "isochrone", {"point": POINT, "metres": 800}))["properties"]["metres"] == 800


def test_statistics_of_a_commune_are_its_own(server: Server, geoplateforme: Geoplateforme) -> None:
    """Neighbours share its border and do not count; what it lies in is cut to it."""
    asked = {"code_insee": "04070", "datasets": ["communes", "departements"]}
    communes, departements = given(execute(server, "zone-statistics", asked))["datasets"]
    lambert = "crs=http://www.opengis.net/def/crs/EPSG/0/2154"
    [feature] = server.json(f"/ogc/collections/communes/items?code_insee=04070&{lambert}")["features"]
    assert communes["count"] == departements["count"] == 1
    population = feature["properties"]["population"]
    assert communes["sums"]["population"] == {"of_features": population, "within": pytest.approx(population)}
    assert communes["area_m2"] == pytest.approx(shapely.from_geojson(json.dumps(feature["geometry"])).area)
    assert departements["area_m2"] == pytest.approx(communes["area_m2"], rel=0.01)
    assert geoplateforme.requests == []


def test_statistics_of_a_polygon_are_those_of_its_features(server: Server, geoplateforme: Geoplateforme) -> None:
    found = given(execute(server, "zone-statistics", {"zone": SQUARE, "datasets": ["communes"]}))["datasets"][0]
    box = "6.1,44.0,6.3,44.2"
    features = server.json(f"/ogc/collections/communes/items?bbox={box}&limit=1000")["features"]
    assert found["count"] == len(features) > 5
    assert found["sums"]["population"]["of_features"] == sum(f["properties"]["population"] for f in features)
    assert found["sums"]["population"]["within"] < found["sums"]["population"]["of_features"]
    # 0.2 degrees of latitude by 0.2 of longitude at 44.1 degrees north
    assert found["area_m2"] == pytest.approx(22_222 * 16_010, rel=0.01)
    everything = given(execute(server, "zone-statistics", {"zone": SQUARE}))["datasets"]
    assert {one["dataset"] for one in everything} == {
        one["id"] for one in server.json("/ogc/collections")["collections"]
    }
    assert geoplateforme.requests == []


def test_statistics_of_an_isochrone_are_those_that_sql_counts(
    demo: Lab, server: Server, geoplateforme: Geoplateforme
) -> None:
    """The area that both ask for is the same: the stand-in's, kept for the second one."""
    reach = {"point": POINT, "minutes": 10}
    area = given(execute(server, "isochrone", reach))["geometry"]
    [found] = given(execute(server, "zone-statistics", {**reach, "datasets": ["communes"]}))["datasets"]
    assert {seen.service for seen in geoplateforme.requests} == {"isochrone"}
    with demo.connect_admin() as connection:
        row = connection.execute(
            "with zone as (select ST_Transform(ST_SetSRID(ST_GeomFromGeoJSON(%s), 4326), 2154) as geom),"
            " cut as (select c.population, ST_Area(c.geom) as whole, ST_Area(ST_Intersection(c.geom, z.geom)) as part"
            " from api.communes as c, zone as z where ST_Intersects(c.geom, z.geom))"
            " select count(*), sum(part), sum(population), sum(population * part / whole) from cut where part > 1",
            [json.dumps(area)],
        ).fetchone()
    assert row
    count, part, of_features, within = row
    assert found["count"] == count > 1
    assert found["area_m2"] == pytest.approx(part, rel=1e-3)
    assert found["sums"]["population"]["of_features"] == of_features
    assert found["sums"]["population"]["within"] == pytest.approx(within, rel=1e-3)


@pytest.mark.parametrize(
    ("process", "inputs", "words"),
    [
        ("geocode", {}, "one of text, csv is needed"),
        ("geocode", {"text": "Aix", "csv": "a\nb"}, "one of text, csv is needed"),
        ("geocode", {"texte": "Aix", "text": "Aix"}, "no input 'texte'"),
        ("geocode", {"text": "ab"}, "inputs.text"),
        ("geocode", {"text": ["Aix"]}, "inputs.text"),
        ("geocode", {"text": {"href": "http://127.0.0.1:1/"}}, "a link is not followed"),
        ("geocode", {"csv": "a;b\n1;2;3"}, "line 2 has 3 cells"),
        ("geocode", {"csv": "a;b\n1;2", "columns": ["c"]}, "no column 'c'"),
        ("reverse-geocode", {"csv": "longitude,latitude\nx,y"}, "line 2 has no position"),
        ("reverse-geocode", {"point": {"type": "Point", "coordinates": [200, 0]}}, "inputs.point.coordinates.0"),
        ("reverse-geocode", {"point": {"type": "Point", "coordinates": [1e999, 0]}}, "not JSON"),
        ("elevation-profile", {"line": {"type": "LineString", "coordinates": [[1, 2]]}}, "inputs.line.coordinates"),
        ("elevation-profile", {"line": {"type": "LineString", "coordinates": [[[]]] * 9}}, "inputs.line.coordinates"),
        ("isochrone", {"point": POINT, "minutes": 1e9}, "inputs.minutes"),
        ("zone-statistics", {"code_insee": "' or 1=1"}, "inputs.code_insee"),
        ("zone-statistics", {"zone": SQUARE, "minutes": 3}, "go with point"),
        ("zone-statistics", {"point": POINT}, "one of minutes, metres"),
        ("zone-statistics", {"zone": {"type": "Polygon", "coordinates": [[["a", 1]] * 4]}}, "inputs.zone"),
    ],
)
@pytest.mark.parametrize("prefer", ["respond-sync", "respond-async"])
def test_hostile_inputs_are_refused_when_they_are_handed_in(
    server: Server, process: str, inputs: Any, words: str, prefer: str
) -> None:
    body = json.dumps({"inputs": inputs}).encode().replace(b"Infinity", b"1e999")
    status, _, problem = ask(server, f"/ogc/processes/{process}/execution", body, Prefer=prefer)
    assert status == 400, problem
    assert words in problem["detail"]


def test_executions_that_are_none_are_refused(server: Server) -> None:
    path = "/ogc/processes/geocode/execution"
    for body in (b"", b"[]", b"{", b'{"inputs": []}', b'{"inputs": ' + b"[" * 5000 + b"]" * 5000 + b"}"):
        assert ask(server, path, body)[0] == 400
    assert ask(server, path, b"<a/>", Content_Type="application/xml")[0] == 415
    text = {"inputs": {"text": "Digne"}}
    for more, words in (
        ({"response": "xml"}, "response"),
        ({"response": ["raw"]}, "response"),
        ({"subscriber": {"successUri": "http://127.0.0.1/"}}, "nobody is called back"),
        ({"outputs": {"geometry": {}}}, "no output 'geometry'"),
        ({"outputs": {"features": {"transmissionMode": "reference"}}}, "as a value only"),
    ):
        status, _, problem = ask(server, path, text | more)
        assert (status, words in problem["detail"]) == (400, True), problem
    large = {"inputs": {"csv": "a\n" + "x\n" * SYNC_BODY}}
    status, _, problem = ask(server, path, large)
    assert status == 413
    assert "respond-async" in problem["remedy"]
    assert ask(server, path, {"inputs": {}}, method="GET")[0] == 405
    request = urllib.request.Request(server.base + path, method="OPTIONS")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.headers["Allow"] == "OPTIONS, POST"


def test_a_document_holds_outputs_by_name(server: Server, geoplateforme: Geoplateforme) -> None:
    more = {"response": "document", "outputs": {"features": {"transmissionMode": "value"}}}
    status, headers, document = execute(server, "geocode", {"text": "Digne"}, more=more)
    assert (status, headers["content-type"]) == (200, "application/json")
    assert document["features"]["mediaType"] == "application/geo+json"
    assert document["features"]["value"]["type"] == "FeatureCollection"
    table = {"csv": "ville\nDigne"}
    assert "result_label" in execute(server, "geocode", table, more={"response": "document"})[2]["table"]["value"]


def test_a_source_that_is_down_is_a_bad_gateway_or_busy(server: Server, geoplateforme: Geoplateforme) -> None:
    geoplateforme.vice("html", service="geocoding")
    status, _, problem = execute(server, "geocode", {"text": "Manosque, une fois"})
    assert status == 502
    assert "geocoding" in problem["detail"]
    assert given(execute(server, "zone-statistics", {"zone": SQUARE, "datasets": ["communes"]}))


def test_without_a_worker_a_job_waits_and_can_be_dismissed(server: Server) -> None:
    status, headers, job = execute(server, "geocode", {"text": "Digne"}, Prefer="respond-async")
    assert (status, headers["preference-applied"]) == (201, "respond-async")
    assert headers["location"] == f"{server.base}/ogc/jobs/{job['jobID']}"
    path = headers["location"].removeprefix(server.base)
    assert (job["status"], job["processID"], job["type"]) == ("accepted", "geocode", "process")
    assert server.json(path)["status"] == "accepted"
    early, _, problem = ask(server, f"{path}/results", method="GET")
    assert (early, problem["type"]) == (404, f"{_EXCEPTION}result-not-ready")
    dismissed, _, job = ask(server, path, method="DELETE")
    assert (dismissed, job["status"]) == (200, "dismissed")
    assert ask(server, path, method="DELETE")[0] == 410
    assert ask(server, f"{path}/results", method="GET")[0] == 410


def test_a_batch_outlives_the_server_and_its_worker(demo: Lab, server: Server, geoplateforme: Geoplateforme) -> None:
    """Killed in the middle: another worker goes on after the last slice that was done."""
    with demo.serve(**geoplateforme.env) as ended:
        path = _batch(ended, 6000)
        ended.process.kill()
    geoplateforme.vice("slow", 0.3, service="geocoding")
    with demo.work("--stalled-after", "1.5", **geoplateforme.env) as worker:
        wait_until(lambda: server.json(path)["progress"] > 20, seconds=20, what="progress")
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    before = len([seen for seen in geoplateforme.requests if seen.status])
    assert server.json(path)["status"] == "running"
    geoplateforme.vice("slow", False)
    with demo.work("--stalled-after", "1.5", **geoplateforme.env):
        wait_until(lambda: server.json(path)["status"] == "successful", seconds=20, what="its end")
    job = server.json(path)
    [results] = [link["href"] for link in job["links"] if link["rel"] == _RESULTS]
    text = server.get(results.removeprefix(server.base))[2].decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["n"] for row in rows] == [str(n) for n in range(6000)]
    assert all(row["result_city"] for row in rows)
    assert job["progress"] == 100
    # six slices, of which one at most was asked twice
    assert before >= 2
    assert len(geoplateforme.requests) <= 7


@proves(f"{PROCESSES1}dismiss")
def test_a_running_job_is_dismissed(server: Server, work: object, geoplateforme: Geoplateforme) -> None:
    geoplateforme.vice("slow", 0.4, service="geocoding")
    path = _batch(server, 8000)
    wait_until(lambda: server.json(path)["progress"] > 0, seconds=15, what="progress")
    running = server.json(path)
    assert running["status"] == "running"
    assert re.fullmatch(r"\d+ of 8000 lines", running["message"])
    assert ask(server, path, method="DELETE")[2]["status"] == "dismissed"
    wait_until(lambda: all(seen.status for seen in geoplateforme.requests), seconds=5, what="the last request")
    asked = len(geoplateforme.requests)
    wait_until(lambda: server.json(path)["status"] == "dismissed", seconds=2, what="it stays so")
    assert len(geoplateforme.requests) <= asked + 1
    unknown = f"/ogc/jobs/{uuid.uuid4()}"
    for number in (unknown, "/ogc/jobs/1", "/ogc/jobs/%00"):
        for method in ("GET", "DELETE"):
            status, _, problem = ask(server, number, method=method)
            assert (status, problem["type"]) == (404, f"{_EXCEPTION}no-such-job"), problem


def test_a_job_that_fails_says_why_in_its_status_and_results(
    server: Server, work: object, geoplateforme: Geoplateforme
) -> None:
    geoplateforme.vice("exception", service="geocoding")
    _, headers, _ = execute(server, "geocode", {"text": "Forcalquier, un échec"}, Prefer="respond-async")
    path = headers["location"].removeprefix(server.base)
    wait_until(lambda: server.json(path)["status"] == "failed", seconds=15, what="its failure")
    job = server.json(path)
    assert job["problem"]["status"] == 502
    status, _, problem = ask(server, f"{path}/results", method="GET")
    assert (status, problem) == (502, job["problem"])
    assert not any(link["rel"] == _RESULTS for link in job["links"])
    page = server.get(f"{path}?f=html")[2].decode()
    assert "Traceback" not in page
    assert job["message"].split("'")[0] in page


def _done(demo: Lab, response: str, size: int) -> str:
    """Put down a job that has a result of so many bytes, and return its path."""
    with demo.connect_admin() as connection:
        row = connection.execute(
            "insert into jobs.executions (process, inputs, response, status, output, media, result) values"
            " ('geocode', '{}', %s, 'successful', 'table', 'text/csv', substring(convert_to(repeat(%s, %s), 'UTF8')"
            " from 1 for %s)) returning job",
            [response, "0123456789abcdef", size // 16 + 1, size],
        ).fetchone()
    assert row
    return f"/ogc/jobs/{row[0]}/results"


def test_a_large_result_is_given_in_pieces_and_not_as_a_document(demo: Lab, server: Server) -> None:
    size = 3 * 2**20 + 17
    status, headers, body = server.get(_done(demo, "raw", size))
    assert (status, headers["content-length"], len(body)) == (200, str(size), size)
    assert body == (b"0123456789abcdef" * (size // 16 + 1))[:size]
    status, _, problem = ask(server, _done(demo, "document", 33 * 2**20), method="GET")
    assert (status, problem["remedy"]) == (413, "hand it in with response raw")


def test_the_server_takes_in_two_large_tables_at_a_time(server: Server) -> None:
    """The third is told to wait, and small inputs pass."""
    head = (
        "POST /ogc/processes/geocode/execution HTTP/1.1\r\nHost: x\r\nPrefer: respond-async\r\n"
        f"Content-Type: application/json\r\nContent-Length: {4 * SYNC_BODY}\r\n\r\n"
    ).encode()
    address = server.base.removeprefix("http://").split(":")
    with contextlib.ExitStack() as open_ones:
        for _ in range(2):
            one = open_ones.enter_context(socket.create_connection((address[0], int(address[1]))))
            one.sendall(head + b" " * (2 * SYNC_BODY))
        table = {"csv": "a\n" + "x\n" * SYNC_BODY}
        wait_until(
            lambda: execute(server, "geocode", table, Prefer="respond-async")[0] == 503, seconds=10, what="a refusal"
        )
        status, headers, _ = execute(server, "geocode", table, Prefer="respond-async")
        assert (status, int(headers["retry-after"]) > 0) == (503, True)
        status, _, job = execute(server, "geocode", {"csv": "ville\nApt"}, Prefer="respond-async")
        assert status == 201
        ask(server, f"/ogc/jobs/{job['jobID']}", method="DELETE")

    def taken() -> bool:
        status, _, job = execute(server, "geocode", table, Prefer="respond-async")
        if status == 201:
            ask(server, f"/ogc/jobs/{job['jobID']}", method="DELETE")
        return status == 201

    wait_until(taken, seconds=10, what="room, as both broke off")


def test_owslib_lists_describes_and_executes(server: Server, work: object, geoplateforme: Geoplateforme) -> None:
    client = Processes(f"{server.base}/ogc")
    assert [one["id"] for one in client.processes()] == list(catalogue.PROCESSES)
    assert client.process("isochrone")["inputs"]["point"]["minOccurs"] == 1
    document = client.execute("geocode", inputs={"text": "Gap"})
    assert document["features"]["value"]["features"]
    job = client.execute("zone-statistics", inputs={"code_insee": "05061", "datasets": ["communes"]}, async_=True)
    path = f"/ogc/jobs/{job['jobID']}"
    wait_until(lambda: server.json(path)["status"] == "successful", seconds=15, what="its end")
    results = server.json(f"{path}/results")
    assert results["statistics"]["value"]["datasets"][0]["count"] == 1


_PROGRAMS = [(name, tool) for name in catalogue.PROCESSES for tool in ("curl", "Python, requests", "R, httr2")]
_COMMANDS = {"curl": ["bash", "-c"], "R, httr2": ["Rscript", "-e"]}


@pytest.mark.parametrize(("process", "tool"), [*_PROGRAMS, ("itinerary", "Python, OWSLib")])
def test_the_page_s_programs_run(server: Server, geoplateforme: Geoplateforme, process: str, tool: str) -> None:
    page = html.unescape(server.get(f"/ogc/processes/{process}?f=html")[2].decode())
    found = re.search(rf"<summary>{tool}</summary>.*?<code[^>]*>(.*?)</code>", page, flags=re.DOTALL)
    assert found
    if tool == "R, httr2" and not _has_httr2():
        pytest.skip("R with httr2 is not installed: apt-get install r-base-core r-cran-httr2")
    command = [*_COMMANDS.get(tool, [sys.executable, "-c"]), found[1]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert '"status":4' not in done.stdout
    assert len(done.stdout) > 40


@functools.cache
def _has_httr2() -> bool:
    if shutil.which("Rscript") is None:
        return False
    return subprocess.run(["Rscript", "-e", "library(httr2)"], capture_output=True, check=False).returncode == 0


def _batch(server: Server, lines: int) -> str:
    """Hand in a table of addresses and return the path of its job."""
    table = "n,adresse\n" + "".join(f"{n},{n % 40 + 1} Rue de la République Manosque\n" for n in range(lines))
    status, headers, _ = execute(server, "geocode", {"csv": table, "columns": ["adresse"]}, Prefer="respond-async")
    assert status == 201
    return headers["location"].removeprefix(server.base)
