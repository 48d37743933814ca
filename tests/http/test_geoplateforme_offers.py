"""What the Géoplateforme offers: read once a day, searched, compared, drafted into declarations."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Generator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml
from geoplateforme.standin import Geoplateforme
from lab import LIEUX, ROOT, Lab
from owslib.util import ServiceException, openURL
from owslib.wfs import WebFeatureService

from territoire.core import registry
from territoire.core.errors import UpstreamBusyError, UpstreamError
from territoire.core.layers import LiveLayer
from territoire.core.models import Dataset
from territoire.core.settings import Settings
from territoire.core.sources import Live, WfsSource
from territoire.geoplateforme import catalogue, compare, offers, wfs
from territoire.geoplateforme import search as finding
from territoire.geoplateforme.catalogue import Snapshot
from territoire.geoplateforme.offers import Grid, Offer
from territoire.geoplateforme.transport import Transport

BUILDINGS = "BDTOPO_V3:batiment"


@pytest.fixture
def transport(geoplateforme: Geoplateforme, tmp_path: Path) -> Generator[Transport]:
    """A transport towards the stand-in, with nothing kept."""
    urls = {name.removeprefix("TERRITOIRE_").lower(): url for name, url in geoplateforme.env.items()}
    with Transport(Settings(var=tmp_path, **urls), patience_s=5) as made:  # pyright: ignore[reportCallIssue, reportArgumentType]
        yield made


def test_each_service_says_what_it_offers(transport: Transport) -> None:
    found = {service: catalogue.current(transport, service).offers for service in offers.SERVICES}
    commune = found["wfs"]["ADMINEXPRESS-COG.LATEST:commune"]
    assert "EPSG:4326" in commune.crs
    assert commune.extent_crs84 is not None
    assert 4 < commune.extent_crs84[0] < 5 < 43 < commune.extent_crs84[3]
    [grid] = found["wmts"]["GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2"].grids
    assert grid == Grid("PM_0_19", "EPSG:3857", "0", "19")
    assert found["wmts"]["IGNF_COSIA_2024-2026"].styles == ("CoSIA",)
    assert {"image/png", "image/jpeg"} <= set(found["wms"]["ORTHOIMAGERY.ORTHOPHOTOS"].formats)
    assert "EPSG:2154" in found["wms_vector"]["patrinat_znieff1:znieff1"].crs
    assert "PLAN.IGN" in found["tms"]


def test_what_is_read_back_is_what_was_written(transport: Transport) -> None:
    read = catalogue.current(transport, "wmts")
    assert catalogue.current(transport, "wmts") == read


def test_a_new_day_asks_again_and_an_outage_leaves_what_was_known(
    transport: Transport, geoplateforme: Geoplateforme
) -> None:
    read = catalogue.current(transport, "tms", today=date(2026, 1, 1))
    geoplateforme.vice("html")
    assert catalogue.current(transport, "tms", today=date(2026, 1, 1)) == read
    object.__setattr__(transport.services["tms"], "fresh_s", 0)
    later = catalogue.current(transport, "tms", today=date(2026, 1, 2))
    assert later.offers == read.offers


_READ = """
import json, sys
from pathlib import Path
from territoire.core.settings import Settings
from territoire.geoplateforme import catalogue, offers
from territoire.geoplateforme.transport import Transport

read = offers.read
def counted(*given):
    print("parsed")
    return read(*given)
offers.read = counted
with Transport(Settings(var=Path(sys.argv[1]), geoplateforme_wfs_url=sys.argv[2]), patience_s=60) as transport:
    for _ in range(3):
        print("offers:", len(catalogue.current(transport, "wfs").offers))
"""


def test_capabilities_of_5_mb_are_asked_and_parsed_once_by_four_processes(
    geoplateforme: Geoplateforme, tmp_path: Path
) -> None:
    geoplateforme.vice("capabilities_mb", 5)
    command = [sys.executable, "-c", _READ, str(tmp_path), geoplateforme.env["TERRITOIRE_GEOPLATEFORME_WFS_URL"]]
    workers = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(4)
    ]
    said = "".join(worker.communicate(timeout=100)[0] for worker in workers)
    assert said.count("parsed") == 1, said
    assert len(re.findall(r"offers: [0-9]{3}", said)) == 12
    assert len([seen for seen in geoplateforme.requests if "GetCapabilities" in seen.url]) == 1
    assert next(tmp_path.glob("geoplateforme/cache/*/*")).stat().st_size > 4_500_000


def test_the_schema_of_a_feature_type_is_asked_for_in_words_of_wfs_2(
    transport: Transport, geoplateforme: Geoplateforme
) -> None:
    """OWSLib's get_schema sends `typeName` to a WFS 2.0, without the time limit of the service."""
    schema = wfs.describe(transport, BUILDINGS)
    assert (schema.geometry, schema.geometry_type) == ("geometrie", "MultiPolygon")
    known = {field.name: field.type for field in schema.fields}
    assert (known["cleabs"], known["hauteur"]) == ("text", "number")
    assert [seen.url for seen in geoplateforme.requests if f"TYPENAMES={BUILDINGS.replace(':', '%3A')}" in seen.url]


def test_owslib_needs_operations_metadata_and_we_do_not() -> None:
    """Capabilities asked for by sections, or cut for their size, have none."""
    document = (
        b'<WFS_Capabilities xmlns="http://www.opengis.net/wfs/2.0" version="2.0.0"><FeatureTypeList><FeatureType>'
        b"<Name>a:b</Name><Title>T</Title><DefaultCRS>urn:ogc:def:crs:EPSG::4326</DefaultCRS></FeatureType>"
        b"</FeatureTypeList></WFS_Capabilities>"
    )
    with pytest.raises(TypeError):
        WebFeatureService("http://127.0.0.1:1", version="2.0.0", xml=document)
    assert offers.read("wfs", document) == (Offer("wfs", "a:b", "T", crs=("EPSG:4326",)),)


def test_owslib_takes_an_exception_with_a_charset_for_data(transport: Transport, geoplateforme: Geoplateforme) -> None:
    geoplateforme.vice("exception")
    asked = f"{geoplateforme.base}/wfs/ows?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetCapabilities"
    try:
        assert b"Exception" in openURL(asked).read()
    except ServiceException:
        pytest.fail("OWSLib is cured: this test may go")
    with pytest.raises(UpstreamError, match="the Géoplateforme refuses"):
        catalogue.current(transport, "wfs")


def test_owslib_takes_a_429_for_data(geoplateforme: Geoplateforme, transport: Transport) -> None:
    geoplateforme.vice("busy", 1)
    assert openURL(f"{geoplateforme.base}/tms/1.0.0").read() is not None
    geoplateforme.vice("busy", 1)
    with pytest.raises(UpstreamBusyError):
        catalogue.current(transport, "tms")


def test_the_search_falls_back_on_the_capabilities(transport: Transport, geoplateforme: Geoplateforme) -> None:
    found = finding.search(transport, ["batiment"])
    assert (found.fallback, BUILDINGS in {one.name for one in found.offers}) == ("", True)
    geoplateforme.vice("html", service="search")
    other = finding.search(transport, ["znieff1"])
    assert "HTML" in other.fallback
    assert {one.name for one in other.offers} == {"patrinat_znieff1:znieff1"}


def test_words_are_found_without_regard_to_case_and_accents() -> None:
    known = [Offer("wfs", "a:b", "Forêt publique", "Édition 2026"), Offer("wfs", "a:c", "Haie")]
    assert finding.matching(known, ["FORET", "edition"]) == known[:1]
    assert finding.matching(known, ["foret", "haie"]) == []


def test_new_gone_renamed_and_flipped_are_told_apart() -> None:
    old = Offer("wfs", "X.LATEST:a", "A", "édition 2025")
    before = Snapshot("wfs", date(2026, 1, 1), {one.name: one for one in (old, *_named("b:b", "c:c"))})
    flipped, renamed = replace(old, abstract="édition 2026"), Offer("wfs", "bb:b", "b:b")
    after = Snapshot("wfs", date(2026, 2, 1), {one.name: one for one in (flipped, renamed, *_named("d:d"))})
    found = compare.difference(before, after)
    assert [one.name for one in found.new] == ["d:d"]
    assert [one.name for one in found.gone] == ["c:c"]
    assert [(was.name, now.name) for was, now in found.renamed] == [("b:b", "bb:b")]
    assert found.flipped == ((old, flipped),)


def _named(*names: str) -> list[Offer]:
    return [Offer("wfs", name, name) for name in names]


def test_an_offer_says_its_edition_where_a_title_or_an_abstract_does() -> None:
    for title, abstract, edition in (
        ("Parcelles", "Parcelles ; Édition 2026-03-01", "2026-03-01"),
        ("ADMINEXPRESS COG 2023", "édition 2023", "2023"),
        ("Contours des IRIS édition 2022", "", "2022"),
        ("Cours d'eau, dernière édition", "Le code rural", None),
        ("Arrêtés", "Édition octobre 2023, réédition 2024", None),
    ):
        assert Offer("wfs", "a:b", title, abstract).edition == edition


def test_the_check_fails_when_a_declared_layer_is_gone(lab: Lab, geoplateforme: Geoplateforme) -> None:
    lab.declare(source={"kind": "wfs", "typename": BUILDINGS})
    first = lab.command("geoplateforme", "check", **geoplateforme.env)
    assert (first.returncode, "first check" in first.stderr) == (0, True), first.stderr
    lab.declare(source={"kind": "wfs", "typename": "BDTOPO_V2:batiment"})
    second = lab.command("geoplateforme", "check", "--json", **geoplateforme.env)
    report = json.loads(second.stdout)
    assert second.returncode == 1
    [missing] = report["missing"]
    fields = sorted(column["name"] for column in LIEUX["columns"])
    assert missing == {
        **{"dataset": LIEUX["id"], "service": "wfs", "layer": "BDTOPO_V2:batiment"},
        # the type of that name has other fields than this declaration reads
        **{"fields": fields, "heirs": []},
    }
    assert [one["new"] for one in report["differences"]] == [[]] * 5


def test_the_check_looks_for_the_files_of_products_and_records(lab: Lab, geoplateforme: Geoplateforme) -> None:
    product = {"kind": "atom", "resource": "ADMIN-EXPRESS-COG", "format": "GPKG", "zone": "R93", "crs": "LAMB93"}
    lab.declare(source=[product, {"kind": "csw", "record": "IGNF_ADMIN-EXPRESS-COG"}])
    well = lab.command("geoplateforme", "check", **geoplateforme.env)
    assert well.returncode == 0, well.stderr
    lab.declare(source=[{**product, "zone": "R94"}, {"kind": "csw", "record": "IGNF_RPG"}])
    ill = lab.command("geoplateforme", "check", "--json", **geoplateforme.env)
    assert ill.returncode == 1
    gone = json.loads(ill.stdout)["without_file"]
    assert [(one["dataset"], one["source"]) for one in gone] == [
        (LIEUX["id"], "atom:ADMIN-EXPRESS-COG:GPKG:R94"),
        (LIEUX["id"], "csw:IGNF_RPG"),
    ]
    assert "leads to a file" in gone[1]["reason"]
    # a service that does not answer is no product that is gone
    geoplateforme.vice("status", 503, service="atom")
    away = lab.command("geoplateforme", "check", "--json", **geoplateforme.env)
    silent = json.loads(away.stdout)
    assert (len(silent["without_file"]), len(silent["silent"])) == (1, 1)
    assert "retry_scheduled" in away.stderr


def test_a_layer_whose_name_and_title_changed_is_known_by_its_fields(lab: Lab, geoplateforme: Geoplateforme) -> None:
    columns = [
        {"name": "cleabs", "type": "text", "title": {"fr": "Identifiant"}, "nullable": False},
        {"name": "usage", "from": "USAGE_1", "type": "text", "title": {"fr": "Usage"}},
    ]
    shared = {"columns": columns, "key": "cleabs", "label": "usage", "time": None}
    lab.declare(source={"kind": "wfs", "typename": "BDTOPO_V2:batiment"}, **shared)
    checked = lab.command("geoplateforme", "check", **geoplateforme.env)
    assert checked.returncode == 1
    said = " ".join(checked.stderr.split())
    assert "no longer offered; BDTOPO_V3:batiment has the fields that it reads" in said


def test_the_heirs_of_a_layer_are_looked_for_among_two_capabilities() -> None:
    """What is new, and what has its name elsewhere, when it has every field that is read."""
    january, february = (
        _capabilities("v1:bati", "v1:haie"),
        _capabilities("v2:batiment", "v2:route", "v1:haie", "w:bati"),
    )
    before, after = (
        Snapshot("wfs", date(2026, month, 1), {one.name: one for one in offers.read("wfs", document)})
        for month, document in ((1, january), (2, february))
    )
    found = compare.difference(before, after)
    assert ([one.name for one in found.gone], found.renamed) == (["v1:bati"], ())
    [gone] = compare.missing([compare.Use("bati", "wfs", "v1:bati", ("cleabs", "usage_1"))], {"wfs": after})
    names = compare.candidates(gone, after, found.new)
    assert names == ["v2:batiment", "v2:route", "w:bati"]
    fields = {"v2:batiment": ["Cleabs", "USAGE_1", "hauteur"], "v2:route": ["cleabs", "nature"], "w:bati": []}
    assert compare.heirs(gone, names, lambda name: fields[name]) == ["v2:batiment"]
    assert compare.heirs(replace(gone, fields=()), names, lambda name: fields[name]) == []


def _capabilities(*names: str) -> bytes:
    types = "".join(
        f"<FeatureType><Name>{name}</Name><Title>Title of {name}</Title>"
        "<DefaultCRS>urn:ogc:def:crs:EPSG::4326</DefaultCRS></FeatureType>"
        for name in names
    )
    head = '<WFS_Capabilities xmlns="http://www.opengis.net/wfs/2.0" version="2.0.0"><FeatureTypeList>'
    return f"{head}{types}</FeatureTypeList></WFS_Capabilities>".encode()


def test_the_commands_browse_and_show(lab: Lab, geoplateforme: Geoplateforme) -> None:
    listed = lab.command("geoplateforme", "layers", "znieff1", "--json", **geoplateforme.env)
    assert {one["service"] for one in json.loads(listed.stdout)} == {"wfs", "wms_vector"}
    shown = lab.command("geoplateforme", "capabilities", BUILDINGS, **geoplateforme.env)
    assert "geometrie MultiPolygon" in shown.stdout
    absent = lab.command("geoplateforme", "capabilities", "BDTOPO_V3:batimant", **geoplateforme.env)
    assert (absent.returncode, "no service offers" in absent.stderr) == (1, True)
    assert lab.command("geoplateforme", "search", "orthophotos", **geoplateforme.env).returncode == 0


@pytest.mark.parametrize("more", [(), ("--live",)], ids=["loaded", "live"])
def test_a_feature_type_is_drafted_into_a_declaration_that_is_right(
    lab: Lab, geoplateforme: Geoplateforme, more: tuple[str, ...]
) -> None:
    made = lab.command("dataset", "new", "--from-wfs", BUILDINGS, *more, **geoplateforme.env)
    assert made.returncode == 0, made.stderr
    file = lab.folder / "batiment.yml"
    file.write_text(made.stdout, encoding="utf-8")
    read = registry.read_declaration(file, lab.registry.vocabulary)
    assert isinstance(read, Dataset)
    assert (read.id, read.key, read.geometry and read.geometry.type) == ("batiment", "cleabs", "MultiPolygon")
    if more:
        assert read.live == Live(service="wfs", layer=BUILDINGS)
    else:
        box = "BBOX({geometry}, 4.15, 42.9, 7.8, 45.2, 'EPSG:4326')"  # of the territory, not of the country
        assert read.source == (WfsSource(kind="wfs", typename=BUILDINGS, filter=box),)
    assert "À COMPLÉTER : choisie par son nom" in made.stdout


def test_a_draft_wants_a_file_or_a_feature_type(lab: Lab) -> None:
    for arguments in ((), ("x.gpkg", "--from-wfs", "a:b"), ("x.gpkg", "--live")):
        refused = lab.command("dataset", "new", *arguments)
        assert (refused.returncode, "--from-wfs" in refused.stderr) == (1, True)


@pytest.mark.real_data
@pytest.mark.parametrize(("service", "count"), [("wfs", 436), ("wmts", 543), ("wms", 308)])
def test_each_real_offer_is_one_that_can_be_declared(
    real_data: Path, monkeypatch: pytest.MonkeyPatch, service: str, count: int
) -> None:
    """OWSLib parses them without opening a connection."""

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    [file] = (real_data / "ogc-geoplateforme" / "happign" / f"get_layers_metada_{service}").rglob("*.xml")
    found = offers.read(service, file.read_bytes())
    assert len({one.name for one in found}) == count
    assert all(one.extent_crs84 for one in found)
    for one in found:
        if service == "wfs":
            WfsSource(kind="wfs", typename=one.name)
            continue
        words = {"id": "x", "title": {"fr": one.title}, "abstract": {"fr": one.abstract or one.title}}
        words |= {"theme": "t", "producer": "p", "licence": "l", "live": {"service": service, "layer": one.name}}
        LiveLayer.model_validate(yaml.safe_load(json.dumps(words)))
        assert one.formats
        assert all(grid.first and grid.last for grid in one.grids)
        assert bool(one.grids) == (service == "wmts")


@pytest.mark.real_data
def test_the_real_index_of_tiles_is_read(real_data: Path) -> None:
    found = offers.read("tms", (real_data / "ogc-geoplateforme" / "ogc-client" / "tms-resource-geopf.xml").read_bytes())
    assert "PLAN.IGN" in {one.name for one in found}
