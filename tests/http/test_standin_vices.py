"""The vices of the Géoplateforme's stand-in, its quotas, and its services that are no OWS."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator

import httpx2
import pytest
from geoplateforme.standin import Geoplateforme
from lab import ROOT
from lxml import etree

HITS = "/wfs/ows?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=BDTOPO_V3:batiment&RESULTTYPE=hits"
CAPABILITIES = "/wfs/ows?SERVICE=WFS&REQUEST=GetCapabilities"
COG = "/telechargement/resource/ADMIN-EXPRESS-COG"
ATOM = {"a": "http://www.w3.org/2005/Atom", "gpf_dl": "https://data.geopf.fr/annexes/ressources/xsd/gpf_dl.xsd"}


@pytest.fixture
def client(geoplateforme: Geoplateforme) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=geoplateforme.base, timeout=60) as found:
        yield found


def test_quotas_are_a_sliding_second_then_five_seconds_of_429(
    geoplateforme: Geoplateforme, client: httpx2.Client
) -> None:
    geoplateforme.vice("quota")
    start = time.monotonic()
    answers = [client.get("/csw?REQUEST=GetCapabilities&SERVICE=CSW") for _ in range(20)]
    assert time.monotonic() - start < 1, "the machine was too slow for the test to say anything"
    assert [answer.status_code for answer in answers] == [200] * 15 + [429] * 5
    assert answers[-1].headers["retry-after"] == "5"
    assert client.get("/wfs/ows").status_code == 400, "another service has its own quota"
    time.sleep(2)
    later = client.get("/csw?REQUEST=GetCapabilities&SERVICE=CSW")
    assert (later.status_code, int(later.headers["retry-after"]) <= 3) == (429, True)


def test_wmts_has_no_quota(geoplateforme: Geoplateforme, client: httpx2.Client) -> None:
    geoplateforme.vice("quota")
    assert {client.get("/wmts?REQUEST=GetCapabilities").status_code for _ in range(80)} == {200}


def test_a_burst_of_429_ends(geoplateforme: Geoplateforme, client: httpx2.Client) -> None:
    geoplateforme.vice("busy", 2, service="wfs")
    geoplateforme.vice("retry_after", 3)
    assert client.get("/wmts?REQUEST=GetCapabilities").status_code == 200
    assert [client.get(HITS).status_code for _ in range(3)] == [429, 429, 200]
    assert [(seen.service, seen.status) for seen in geoplateforme.requests] == [
        ("wmts", 200),
        ("wfs", 429),
        ("wfs", 429),
        ("wfs", 200),
    ]
    geoplateforme.vice("busy", 1)
    assert client.get(HITS).headers["retry-after"] == "3"


def test_slow_answers(geoplateforme: Geoplateforme, client: httpx2.Client) -> None:
    geoplateforme.vice("slow", 0.6, times=1)
    start = time.monotonic()
    assert client.get(HITS).status_code == 200
    assert time.monotonic() - start > 0.6
    geoplateforme.vice("slow", 3)
    with pytest.raises(httpx2.ReadTimeout):
        client.get(HITS, timeout=0.3)


@pytest.mark.parametrize(
    ("vice", "media", "text"),
    [
        ("html", "text/html; charset=utf-8", "<!DOCTYPE html>"),
        ("exception", "application/xml;charset=UTF-8", "ows:ExceptionReport"),
        ("bomb", "application/xml", "&lol9;"),
        ("external_entity", "application/xml", 'SYSTEM "file:///'),
    ],
)
def test_nonsense_comes_with_200(
    geoplateforme: Geoplateforme, client: httpx2.Client, vice: str, media: str, text: str
) -> None:
    geoplateforme.vice(vice, times=1)
    answer = client.get(CAPABILITIES)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media)
    assert text in answer.text
    assert "WFS_Capabilities" in client.get(CAPABILITIES).text


def test_the_bomb_is_one(geoplateforme: Geoplateforme, client: httpx2.Client) -> None:
    geoplateforme.vice("bomb")
    body = client.get(CAPABILITIES).content
    with pytest.raises(etree.XMLSyntaxError, match=r"amplification|entity|Maximum"):
        etree.fromstring(body, etree.XMLParser(resolve_entities=True))


def test_status_503_with_retry_after(geoplateforme: Geoplateforme, client: httpx2.Client) -> None:
    geoplateforme.vice("status", 503, service="wfs")
    assert (client.get(HITS).status_code, client.get(HITS).headers["retry-after"]) == (503, "1")


def test_a_redirect_leads_to_the_canary(geoplateforme: Geoplateforme, client: httpx2.Client) -> None:
    geoplateforme.vice("redirect")
    assert client.get(HITS).headers["location"] == geoplateforme.canary
    assert geoplateforme.canary_seen == []
    client.get(HITS, follow_redirects=True)
    assert len(geoplateforme.canary_seen) == 1


def test_a_body_without_end(geoplateforme: Geoplateforme, client: httpx2.Client) -> None:
    geoplateforme.vice("endless")
    size = 0
    with client.stream("GET", HITS) as answer:
        for part in answer.iter_bytes():
            size += len(part)
            if size > 50_000_000:
                break
    assert size > 50_000_000
    geoplateforme.reset()
    assert client.get(HITS).status_code == 200


def test_a_body_that_is_cut(geoplateforme: Geoplateforme, client: httpx2.Client) -> None:
    geoplateforme.vice("cut", times=1)
    with pytest.raises(httpx2.RemoteProtocolError):
        client.get(CAPABILITIES)
    assert client.get(CAPABILITIES).status_code == 200


@pytest.mark.parametrize(("how", "error"), [("refused", httpx2.ConnectError), ("reset", httpx2.TransportError)])
def test_down(geoplateforme: Geoplateforme, how: str, error: type[Exception]) -> None:
    geoplateforme.vice("down", how)
    with pytest.raises(error):
        httpx2.get(geoplateforme.base + HITS, timeout=5)
    geoplateforme.vice("down", False)
    assert httpx2.get(geoplateforme.base + HITS, timeout=5).status_code == 200


def test_vices_of_the_wfs(geoplateforme: Geoplateforme, client: httpx2.Client) -> None:
    page = HITS.replace("&RESULTTYPE=hits", "&OUTPUTFORMAT=application/json&COUNT=7&SORTBY=cleabs")
    right = client.get(page).json()["features"][0]["geometry"]["coordinates"][0][0][0]
    geoplateforme.vice("axis")
    assert client.get(page).json()["features"][0]["geometry"]["coordinates"][0][0][0] == right[::-1]
    geoplateforme.vice("truncation", 3)
    assert client.get(page).json()["numberReturned"] == 3
    geoplateforme.vice("no_key", ["BDTOPO_V3:batiment"])
    assert client.get(page + "&STARTINDEX=0").status_code == 200
    assert "primary key" in client.get(HITS + "&STARTINDEX=0").text
    geoplateforme.vice("capabilities_mb")
    large = client.get(CAPABILITIES).content
    assert 4_800_000 < len(large) < 5_600_000
    assert large.count(b"<FeatureType ") > 500
    geoplateforme.reset()
    assert len(client.get(CAPABILITIES).content) < 50_000


@pytest.mark.usefixtures("geoplateforme")
def test_the_command_prints_the_settings() -> None:
    process = subprocess.Popen([ROOT / "bin" / "geoplateforme-standin"], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        settings = dict(re.findall(r"export (\w+)=(\S+)", "".join(process.stdout.readline() for _ in range(11))))
        answer = httpx2.get(settings["TERRITOIRE_GEOPLATEFORME_CSW_URL"] + "?REQUEST=GetCapabilities", timeout=30)
        assert "csw:Capabilities" in answer.text
    finally:
        os.kill(process.pid, signal.SIGINT)
        process.wait(30)
        process.stdout.close()
    assert process.returncode == 0, json.dumps(settings)
