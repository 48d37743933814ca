"""The transport of the Géoplateforme: what it asks, waits for, keeps, and refuses; over real sockets."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from loopback import Loopback, Reply, loopback

from territoire.core.errors import UpstreamBusyError, UpstreamError, UpstreamTimeoutError
from territoire.core.settings import Settings
from territoire.geoplateforme import xml
from territoire.geoplateforme.transport import Transport

NAMES = ("wfs", "wmts", "wms", "wms_vector", "tms", "csw", "atom", "search", "geocoding", "altimetry", "navigation")
Make = Callable[..., Transport]


def settings(url: str, folder: Path, **more: str) -> Settings:
    urls = {f"geoplateforme_{name}_url": f"{url}/{name}" for name in NAMES}
    return Settings(var=folder, **(urls | more))  # pyright: ignore[reportArgumentType, reportCallIssue]


@pytest.fixture
def server() -> Generator[Loopback]:
    """A source whose answers the test decides."""
    with loopback() as running:
        yield running


@pytest.fixture
def make(server: Loopback, tmp_path: Path) -> Generator[Make]:
    """Makes transports towards the server."""
    made: list[Transport] = []

    def new(patience_s: float = 1.0, **more: str) -> Transport:
        made.append(Transport(settings(server.url, tmp_path, **more), patience_s=patience_s))
        return made[-1]

    yield new
    for one in made:
        one.close()


def test_a_fresh_answer_is_not_asked_again_even_by_another_process(server: Loopback, make: Make) -> None:
    server.answer = lambda _: Reply(b"{}", headers={"Content-Type": "application/json; charset=utf-8"})
    first = make().get("wfs", params={"request": "GetFeature"})
    again = make().get("wfs", params={"request": "GetFeature"})
    other = make().get("wfs", params={"request": "GetCapabilities"})
    assert (first.media, first.is_cached, again.is_cached, other.is_cached) == ("application/json", False, True, False)
    assert len(server.seen) == 2


def test_an_old_answer_is_asked_for_with_its_etag(server: Loopback, make: Make) -> None:
    server.answer = lambda _: Reply(b"<a/>", headers={"ETag": '"1"'})
    transport = make()
    transport.get("csw", fresh_s=0)
    server.answer = lambda _: Reply(status=304)
    renewed = transport.get("csw", fresh_s=0)
    assert server.seen[1][3]["if-none-match"] == '"1"'
    assert (renewed.body, renewed.is_cached, renewed.is_stale) == (b"<a/>", True, False)


@pytest.mark.parametrize(
    "vice",
    [
        Reply(status=500),
        Reply(status=503, headers={"Retry-After": "60"}),
        Reply(b"<html><title>Maintenance</title></html>", headers={"Content-Type": "application/json"}),
        Reply(b"{}", is_cut=True),
    ],
    ids=["500", "503", "page", "cut"],
)
def test_while_the_source_fails_the_answer_from_before_stands_in_and_says_so(
    server: Loopback, make: Make, vice: Reply
) -> None:
    server.answer = lambda _: Reply(b'{"a":1}')
    transport = make()
    transport.get("wfs", fresh_s=0)
    server.answer = lambda _: vice
    kept = transport.get("wfs", fresh_s=0)
    assert (kept.body, kept.is_stale) == (b'{"a":1}', True)
    with pytest.raises((UpstreamError, UpstreamBusyError)):
        transport.get("wfs", params={"never": "asked"}, fresh_s=0)


EXCEPTION = (
    b'<?xml version="1.0"?><ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows/1.1">'
    b'<ows:Exception exceptionCode="InvalidParameterValue"><ows:ExceptionText>Unknown namespace [X]'
    b"</ows:ExceptionText></ows:Exception></ows:ExceptionReport>"
)


@pytest.mark.parametrize(
    ("body", "media", "said"),
    [
        (EXCEPTION, "application/xml;charset=UTF-8", "Unknown namespace [X] (InvalidParameterValue)"),
        (EXCEPTION, "text/html", "Unknown namespace"),
        (
            b"<ServiceExceptionReport><ServiceException>no</ServiceException></ServiceExceptionReport>",
            "image/png",
            "no",
        ),
        (b'{"version":"2.0.0","exceptions":[{"code":"noApplicableCode","text":"bad CQL"}]}', "text/xml", "bad CQL"),
        (b"<!DOCTYPE html><html><head><title>Oups</title></head></html>", "application/json", "Oups"),
    ],
)
def test_an_exception_hidden_in_a_200_is_found(
    server: Loopback, make: Make, body: bytes, media: str, said: str
) -> None:
    server.answer = lambda _: Reply(body, headers={"Content-Type": media})
    with pytest.raises(UpstreamError) as caught:
        make().get("wfs")
    assert said in caught.value.message
    assert caught.value.status == 502


def test_a_429_is_waited_for_and_keeps_every_process_from_asking(server: Loopback, make: Make) -> None:
    replies = iter([Reply(status=429, headers={"Retry-After": "5"})])
    server.answer = lambda _: next(replies, Reply(b"{}"))
    one, other = make(patience_s=0.5), make(patience_s=0.5)
    with pytest.raises(UpstreamBusyError) as caught:
        one.get("geocoding", "search")
    assert caught.value.retry_after == 5
    with pytest.raises(UpstreamBusyError, match="too long to wait"):
        other.get("geocoding", "search")
    assert len(server.seen) == 1
    assert make(patience_s=8).get("geocoding", "search").body == b"{}"


_ASK = """
import os, sys
from pathlib import Path
from territoire.core.settings import Settings
from territoire.geoplateforme.transport import Transport
given = Settings(var=Path(sys.argv[2]), geoplateforme_altimetry_url=sys.argv[1], geoplateforme_csw_url=sys.argv[3])
with Transport(given, patience_s=60) as transport:
    # connected first: the server counts arrivals, and what a busy machine needs to connect would bunch them
    transport.get("csw", params={"n": str(os.getpid())})
    for number in range(5):
        transport.get("altimetry", params={"n": f"{os.getpid()}/{number}"}, fresh_s=0)
"""


def test_four_processes_together_stay_within_the_quota(server: Loopback, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _ASK, f"{server.url}/altimetry", str(tmp_path), f"{server.url}/csw"]
    workers = [subprocess.Popen(command) for _ in range(4)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0, 0]
    times = [seen[0] for seen in server.seen if seen[2].startswith("/altimetry")]
    assert len(times) == 20
    # altimetry allows five a second
    busiest = max(sum(start <= other < start + 1 for other in times) for start in times)
    assert busiest <= 5
    assert times[-1] - times[0] > 3


def test_an_endless_answer_and_a_bomb_are_cut_by_size(server: Loopback, make: Make) -> None:
    transport = make()
    server.answer = lambda _: Reply(pieces=itertools.repeat(b"x" * 65536))
    with pytest.raises(UpstreamError, match="larger than 4194304 bytes"):
        transport.get("completion")
    bomb = gzip.compress(bytes(64 * 2**20))
    server.answer = lambda _: Reply(bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(UpstreamError, match="larger than 4194304 bytes"):
        transport.get("completion", params={"other": "1"})


def test_a_slow_answer_ends_at_the_time_limit(server: Loopback, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def drip() -> Generator[bytes]:
        while True:
            yield b"{"
            time.sleep(0.2)

    server.answer = lambda _: Reply(pieces=drip())
    transport = make()
    service = transport.services["completion"]
    object.__setattr__(service, "timeout_s", 1.0)
    started = time.monotonic()
    with pytest.raises(UpstreamTimeoutError, match="within 1 s"):
        transport.get("completion")
    assert time.monotonic() - started < 4


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:1/wfs", "http://169.254.169.254/latest", "/elsewhere", "https://127.0.0.1/wfs", "file:///etc"],
)
def test_a_redirect_leads_nowhere_but_to_a_service(server: Loopback, make: Make, target: str) -> None:
    server.answer = lambda _: Reply(status=302, headers={"Location": target})
    with pytest.raises(UpstreamError, match="not one of the addresses that may be called"):
        make().get("wfs")
    assert len(server.seen) == 1


def test_a_redirect_to_another_service_is_followed(server: Loopback, make: Make) -> None:
    def answer(path: str) -> Reply:
        return Reply(status=302, headers={"Location": "/csw?a=1"}) if path.startswith("/wfs") else Reply(b"<a/>")

    server.answer = answer
    assert make().get("wfs").body == b"<a/>"
    assert [path for _, _, path, _ in server.seen] == ["/wfs", "/csw?a=1"]


@pytest.mark.parametrize("path", ["../admin", "a/../../b", "%2e%2e/b", "/root", "a?b=1", "a#b", "a\r\nX: y", "..\\b"])
def test_a_path_stays_below_its_service(server: Loopback, make: Make, path: str) -> None:
    with pytest.raises(UpstreamError):
        make().get("tms", path)
    assert server.seen == []


def test_a_parameter_goes_once_and_stays_a_value(server: Loopback, make: Make) -> None:
    transport = make()
    with pytest.raises(UpstreamError, match="given twice"):
        transport.get("wfs", params={"VERSION": "1", "version": "2"})
    transport.get("wfs", params={"typenames": "a&request=GetCapabilities\r\nHost: x"})
    assert server.seen[0][2] == "/wfs?typenames=a%26request%3DGetCapabilities%0D%0AHost%3A+x"


def test_bytes_that_are_no_text_are_not_sent(server: Loopback, make: Make) -> None:
    with pytest.raises(UpstreamError, match="no text"):
        make().get("search", params={"text": b"b\xe2timent".decode("utf-8", "surrogateescape")})
    assert not server.seen


def test_a_post_is_repeated_only_where_the_source_cannot_have_done_it(server: Loopback, make: Make) -> None:
    server.answer = lambda _: Reply(status=502)
    with pytest.raises(UpstreamError):
        make().post("wfs", form={"request": "GetFeature", "cql_filter": "a=1"})
    assert (len(server.seen), server.bodies[0]) == (1, b"request=GetFeature&cql_filter=a%3D1")
    with pytest.raises(UpstreamError):
        make(patience_s=3).get("wfs")
    assert len(server.seen) > 3


def test_after_failures_in_a_row_nobody_waits(server: Loopback, make: Make) -> None:
    server.answer = lambda _: Reply(status=500)
    transport = make(patience_s=0.3)
    for number in range(6):
        with pytest.raises((UpstreamError, UpstreamBusyError)):
            transport.get("wms", params={"n": str(number)})
    asked = len(server.seen)
    with pytest.raises(UpstreamBusyError, match="left alone") as caught:
        transport.get("wms", params={"n": "last"})
    assert caught.value.retry_after > 20
    assert len(server.seen) == asked
    # another service of the same source has a circuit of its own
    server.answer = lambda _: Reply(b"<a/>")
    assert transport.get("csw").body == b"<a/>"


def test_a_source_whose_packets_vanish_is_soon_left_alone(
    silent_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("territoire.geoplateforme.exchange._CONNECT_S", 0.2)
    with Transport(settings(silent_address, tmp_path), patience_s=5) as transport:
        # the first visitor's own second try opens the circuit: the next wait for nothing
        for number in range(2):
            with pytest.raises(UpstreamBusyError, match="left alone"):
                transport.get("wfs", params={"n": str(number)})


@pytest.fixture
def silent_address() -> Generator[str]:
    """An address that refuses nothing and answers nothing: the queue of its connections is full."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_the_key_goes_to_private_services_only_and_is_never_shown(
    server: Loopback, make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    transport = make(geoplateforme_wms_url=f"{server.url}/private/wms-r", geoplateforme_key="s3cr3t")
    answer = transport.get("wms", params={"layers": "SCAN25"})
    transport.get("wfs")
    assert [path for _, _, path, _ in server.seen] == ["/private/wms-r?layers=SCAN25&apikey=s3cr3t", "/wfs"]
    server.answer = lambda _: Reply(status=403)
    with pytest.raises(UpstreamError) as caught:
        transport.get("wms", params={"layers": "other"})
    kept = [str(file) + file.read_text("latin-1") for file in tmp_path.rglob("*") if file.is_file()]
    assert "s3cr3t" not in "".join([answer.url, str(caught.value), caplog.text, *kept])


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>".encode("utf-16"),
        b"<a>" * 200 + b"</a>" * 200,
        b"<a",
        b"<a " + b" ".join(b'x%d="1"' % number for number in range(300)) + b"/>",
    ],
)
def test_xml_that_could_harm_its_parser_is_refused(body: bytes) -> None:
    with pytest.raises(UpstreamError):
        xml.parse(body, service="wfs")


def test_a_download_goes_on_where_it_was_cut(server: Loopback, make: Make, tmp_path: Path) -> None:
    whole = bytes(range(256)) * 4096
    target = tmp_path / "archive.7z"

    def answer(path: str) -> Reply:
        start = server.seen[-1][3].get("range")
        headers = {"ETag": '"v1"'}
        if start is None:
            return Reply(whole[:400_000], headers=headers, is_cut=True)
        first = int(start.removeprefix("bytes=").rstrip("-"))
        return Reply(
            whole[first:], 206, headers={**headers, "Content-Range": f"bytes {first}-{len(whole) - 1}/{len(whole)}"}
        )

    server.answer = answer
    got = make().download("atom", "download/P/D/archive.7z", target, progress=lambda done, total: None, resume=True)
    assert target.read_bytes() == whole
    assert got.bytes == len(whole)
    assert [seen[3].get("if-range") for seen in server.seen] == [None, '"v1"']
