"""What OWSLib 0.36 does wrong with such services, and what our client does in its place.

Each test shows the defect in OWSLib itself: it fails once OWSLib is cured, so that someone looks whether our own way
is still needed. Three more stand with what they concern: exceptions and 429 taken for data, and get_schema, in
test_geoplateforme_offers.py; metadata in test_iso.py.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from geoplateforme.standin import Geoplateforme
from lab import ROOT
from owslib.feature.wfs200 import WebFeatureService_2_0_0
from owslib.ogcapi import API, REQUEST_HEADERS
from owslib.util import ServiceException, build_get_url, openURL
from owslib.wfs import WebFeatureService

from territoire.core.errors import UpstreamError
from territoire.core.settings import Settings
from territoire.geoplateforme import live_wfs
from territoire.geoplateforme.live_wfs import Selection
from territoire.geoplateforme.transport import Transport

FOREST = "LANDCOVER.FORESTINVENTORY.V2:formation_vegetale"
COUNT = 6200
BOX_CRS84 = (5.3, 43.2, 5.5, 43.4)
FIRST = "FORMVEGE0000000000000000"
#: The same in both languages: one forest.
FES = (
    '<fes:Filter xmlns:fes="http://www.opengis.net/fes/2.0"><fes:PropertyIsEqualTo>'
    f"<fes:ValueReference>id</fes:ValueReference><fes:Literal>{FIRST}</fes:Literal>"
    "</fes:PropertyIsEqualTo></fes:Filter>"
)
ECQL = f"id = '{FIRST}'"
Make = Callable[..., Transport]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make transports with other addresses or a key."""
    made: list[Transport] = []

    def build(**given: Any) -> Transport:
        made.append(Transport(Settings(var=tmp_path / str(len(made)), **given), patience_s=5))
        return made[-1]

    yield build
    for one in made:
        one.close()


@pytest.fixture
def url(geoplateforme: Geoplateforme) -> str:
    return geoplateforme.env["TERRITOIRE_GEOPLATEFORME_WFS_URL"]


@pytest.fixture
def service(url: str) -> WebFeatureService_2_0_0:
    return WebFeatureService(url, version="2.0.0")


def _asked(geoplateforme: Geoplateforme) -> str:
    return geoplateforme.requests[-1].url


def test_a_filter_on_get_is_sent_under_a_name_that_nobody_reads(
    service: WebFeatureService_2_0_0, make: Make, url: str, geoplateforme: Geoplateforme
) -> None:
    """The whole layer comes, cut at 5,000 features: nothing says that it was not filtered."""
    read = orjson.loads(service.getfeature(FOREST, filter=FES, outputFormat="application/json").read())
    assert "&query=" in _asked(geoplateforme)
    assert (read["numberMatched"], read["numberReturned"]) == (COUNT, 5000)
    ours = live_wfs.page(make(geoplateforme_wfs_url=url), FOREST, Selection(ECQL))
    assert ours.matched == len(ours.features) == 1


def test_a_filter_beside_a_box_is_dropped(
    service: WebFeatureService_2_0_0, make: Make, url: str, geoplateforme: Geoplateforme
) -> None:
    everywhere = (4.15, 42.9, 7.8, 45.2)
    given = {"filter": FES, "bbox": (*everywhere, "EPSG:4326"), "outputFormat": "application/json"}
    assert orjson.loads(service.getfeature(FOREST, **given).read())["numberMatched"] == COUNT
    assert FIRST not in _asked(geoplateforme)
    box = f"BBOX(the_geom, {', '.join(map(str, everywhere))}, 'EPSG:4326')"
    transport = make(geoplateforme_wfs_url=url)
    assert live_wfs.count(transport, FOREST, box)[0] == COUNT
    assert live_wfs.count(transport, FOREST, f"{box} AND {ECQL}")[0] == 1


def test_there_is_no_argument_for_ecql() -> None:
    assert not [name for name in inspect.signature(WebFeatureService_2_0_0.getfeature).parameters if "cql" in name]
    assert "ecql" in inspect.signature(Selection).parameters


def test_the_axes_of_a_box_depend_on_how_the_capabilities_spell_the_crs(
    service: WebFeatureService_2_0_0, make: Make, url: str, geoplateforme: Geoplateforme
) -> None:
    """The real capabilities spell it EPSG:4326 or as a URN, by layer: the same call asks for another place."""
    as_urn = service.getBBOXKVP(BOX_CRS84, [FOREST])
    assert as_urn == "43.2,5.3,43.4,5.5,urn:ogc:def:crs:EPSG::4326"
    capabilities = openURL(f"{url}?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetCapabilities").read()
    spelt = capabilities.replace(b"urn:ogc:def:crs:EPSG::4326", b"EPSG:4326")
    other = WebFeatureService(url, version="2.0.0", xml=spelt)
    assert other.getBBOXKVP(BOX_CRS84, [FOREST]) == "5.3,43.2,5.5,43.4,EPSG:4326"
    box = ", ".join(map(str, BOX_CRS84))
    found = live_wfs.page(make(geoplateforme_wfs_url=url), FOREST, Selection(f"BBOX(the_geom, {box}, 'EPSG:4326')"))
    assert found.features
    x, y = found.features[0]["geometry"]["coordinates"][0][0][0]
    assert (5 < x < 6, 43 < y < 44) == (True, True)


def test_a_parameter_of_the_address_is_sent_twice(make: Make, url: str) -> None:
    """Names are compared with their case: since January 2026 the Géoplateforme refuses both values."""
    address = build_get_url(
        f"{url}?VERSION=1.1.0", {"service": "WFS", "version": "2.0.0", "request": "GetCapabilities"}
    )
    assert "VERSION=1.1.0" in address
    assert "version=2.0.0" in address
    with pytest.raises(ServiceException, match="several times"):
        openURL(address)
    with pytest.raises(UpstreamError, match="given twice"):
        make(geoplateforme_wfs_url=url).get("wfs", params={"VERSION": "1.1.0", "version": "2.0.0"})
    with pytest.raises(ValueError, match="without parameters"):
        make(geoplateforme_wfs_url=f"{url}?VERSION=1.1.0")


def test_the_key_of_a_private_service_is_lost_after_the_capabilities(make: Make, geoplateforme: Geoplateforme) -> None:
    private = f"{geoplateforme.base}/private/wfs/ows"
    service = WebFeatureService(f"{private}?apikey=cle-d-essai", version="2.0.0")
    with pytest.raises((requests.HTTPError, ServiceException)):
        service.getfeature(FOREST, maxfeatures=1, outputFormat="application/json")
    assert "apikey" not in _asked(geoplateforme)
    transport = make(geoplateforme_wfs_url=private, geoplateforme_key="cle-d-essai")
    assert live_wfs.page(transport, FOREST, Selection(count=1)).matched == COUNT


def test_a_failure_of_a_moment_is_not_asked_again(make: Make, url: str, geoplateforme: Geoplateforme) -> None:
    asked = f"{url}?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES={FOREST}&RESULTTYPE=hits"
    geoplateforme.vice("status", 502, times=1)
    with pytest.raises(requests.HTTPError):
        openURL(asked)
    assert len(geoplateforme.requests) == 1
    geoplateforme.reset()
    geoplateforme.vice("status", 502, times=1)
    assert live_wfs.count(make(geoplateforme_wfs_url=url), FOREST, "")[0] == COUNT
    assert [seen.status for seen in geoplateforme.requests] == [502, 200]


def test_the_headers_of_one_client_of_ogc_api_are_those_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password given to one catalogue goes to the next; we read no OGC API by OWSLib."""
    monkeypatch.setattr("owslib.ogcapi.REQUEST_HEADERS", dict(REQUEST_HEADERS))
    API("http://127.0.0.1:1", json_="{}", headers={"Authorization": "Bearer secret"})
    assert API("http://127.0.0.1:1", json_="{}").headers["Authorization"] == "Bearer secret"
    # only this package may import owslib at all
    ours = [file.read_text("utf-8") for file in (ROOT / "territoire" / "geoplateforme").glob("*.py")]
    assert not [text for text in ours if "owslib.ogcapi" in text]


def test_an_unknown_crs_is_a_line_in_the_log(
    service: WebFeatureService_2_0_0, make: Make, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The request leaves all the same; the refusal, when it comes, is that of the service."""
    with caplog.at_level(logging.WARNING), pytest.raises(ServiceException):
        service.getfeature([FOREST], srsname="EPSG:27572", maxfeatures=1)
    assert any("not declared" in record.message for record in caplog.records)
    with pytest.raises(UpstreamError, match="refuses"):
        live_wfs.page(make(geoplateforme_wfs_url=url), FOREST, Selection(srid=27572))
