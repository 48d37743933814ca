"""The nginx of docker/nginx.conf, as the system has it, before a real server: links, tiles, keys, and the outage."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from lab import ROOT, Lab, Server, free_port, get, row, wait_until, write

pytestmark = pytest.mark.e2e
PUBLIC = "https://geo.example.org/sud"
HTML = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"


@dataclass(frozen=True)
class Site:
    """A server behind its nginx."""

    base: str
    server: Server
    access: Path

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of a GET through nginx."""
        return get(self.base + path, **headers)

    def json(self, path: str) -> Any:
        """Return the JSON of an answer through nginx that must be 200."""
        status, _, body = self.get(path)
        assert status == 200, body[:500]
        return orjson.loads(body)


@pytest.fixture(scope="module")
def nginx() -> str:
    """The program; the tests are skipped where there is none."""
    found = shutil.which("nginx", path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"]))
    if found is None:
        pytest.skip("no nginx on this machine (bin/setup-e2e installs it)")
    return found


def configuration(folder: Path, *, listen: int, server: int) -> Path:
    """Write docker/nginx.conf with the places of this test in place of the container's, and nothing else changed."""
    text = (ROOT / "docker" / "nginx.conf").read_text(encoding="utf-8")
    for said, here in (
        ("listen 8080;", f"listen 127.0.0.1:{listen};"),
        ("http://api:8000;", f"http://127.0.0.1:{server};"),
        ("/run/nginx.pid", str(folder / "nginx.pid")),
        ("/dev/stdout", str(folder / "access.log")),
        ("/dev/stderr", str(folder / "error.log")),
    ):
        assert text.count(said) == 1
        text = text.replace(said, here)
    (folder / "cache").mkdir()
    file = folder / "nginx.conf"
    file.write_text(text.replace("/var/cache/nginx", str(folder / "cache")), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def site(nginx: str, new_database: Any, tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    """Places whose keys hold slashes, served behind nginx under a public address; the last test stops the server."""
    # not in pytest's folder, which only we may enter: an nginx started by root has workers of another account
    folder = Path(tempfile.mkdtemp(prefix="territoire-nginx-"))
    folder.chmod(0o755)
    lab = Lab(new_database(), tmp_path_factory.mktemp("site"))
    lab.declare()
    lab.load("lieux", write(lab.folder / "lieux.gpkg", [row(n, code=f"L/{n}") for n in range(2000)]))
    listen = free_port()
    with lab.serve(workers=2, TERRITOIRE_PUBLIC_URL=PUBLIC) as server:
        file = configuration(folder, listen=listen, server=int(server.base.rsplit(":", 1)[1]))
        checked = subprocess.run([nginx, "-t", "-c", file], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        process = subprocess.Popen([nginx, "-c", file, "-g", "daemon off;"], stderr=subprocess.DEVNULL)
        running = Site(f"http://127.0.0.1:{listen}", server, folder / "access.log")
        try:
            wait_until(_answers(running), seconds=10, what="nginx")
            yield running
        finally:
            process.terminate()
            process.wait(10)
    errors = (folder / "error.log").read_text()
    shutil.rmtree(folder)
    assert "[emerg]" not in errors
    assert "[alert]" not in errors


def _answers(site: Site) -> Callable[[], bool]:
    def answers() -> bool:
        try:
            return site.get("/health/ready")[0] == 200
        except OSError:
            return False

    return answers


def test_every_link_is_of_the_public_address(site: Site) -> None:
    collection = "/ogc/collections/lieux"
    for path in ("/ogc", "/ogc/collections", collection, f"{collection}/items", "/tiles/lieux.json"):
        found = re.findall(r"https?://[^\"\s<>]+", orjson.dumps(site.json(path)).decode())
        assert [link for link in found if link.startswith(PUBLIC)]
        assert [
            link for link in found if "127.0.0.1" in link or ("geo.example.org" in link and PUBLIC not in link)
        ] == []
    page = site.json("/ogc/collections/lieux/items?limit=5")
    [following] = [link["href"] for link in page["links"] if link["rel"] == "next"]
    assert len(site.json(following.removeprefix(PUBLIC))["features"]) == 5


def test_pages_items_and_definition_pass(site: Site) -> None:
    for path in ("/", "/ogc", "/ogc/collections/lieux", "/ogc/collections/lieux/items"):
        status, headers, body = site.get(path, Accept=HTML)
        assert (status, headers["content-type"].split(";")[0]) == (200, "text/html")
        assert b"<html" in body
    assert site.json("/ogc/collections/lieux/items?limit=1")["numberMatched"] == 2000
    assert site.get("/ogc/openapi", Accept="application/vnd.oai.openapi+json;version=3.0")[0] == 200
    assert site.get("/static/vendor/maplibre-gl.css")[0] == 200
    assert site.get("/ogc/collections/nope")[0] == 404


def test_a_key_with_a_slash_stays_one_segment(site: Site) -> None:
    assert site.json("/ogc/collections/lieux/items/L%2F7")["id"] == "L/7"


def test_a_long_filter_passes_in_the_address(site: Site) -> None:
    status, _, body = site.get("/ogc/collections/lieux/items?nom=" + "x" * 20_000)
    assert (status, orjson.loads(body).get("numberMatched")) == (200, 0)


def test_what_a_visitor_claims_of_proxies_changes_nothing(site: Site) -> None:
    claimed = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher", "Forwarded": "host=evil.example"}
    status, _, body = get(f"{site.base}/ogc", **claimed)
    assert status == 200
    assert b"evil" not in body
    assert b"gopher" not in body


def test_tiles_are_kept_by_nginx_and_not_compressed_twice(site: Site) -> None:
    address = site.json("/tiles/lieux.json")["tiles"][0].removeprefix(PUBLIC)
    tile = address.replace("{z}", "8").replace("{x}", "132").replace("{y}", "93")
    first = site.get(tile, Accept_Encoding="identity")
    again = site.get(tile, Accept_Encoding="identity")
    assert (first[0], again[0]) == (200, 200)
    assert again[1]["x-cache"] == "HIT"
    assert first[2] == again[2]
    status, headers, body = site.get(tile, Accept_Encoding="gzip")
    assert status == 200
    assert (gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body) == first[2]
    assert site.get("/ogc/collections/lieux/tiles/WebMercatorQuad/8/93/132")[0] == 200
    assert site.get("/tiles/lieux/2/0/0.mvt")[0] == 204
    assert site.get("/tiles/lieux/2/9/0.mvt")[0] in {400, 404}


def test_the_log_holds_no_address_of_a_visitor(site: Site) -> None:
    site.get("/ogc/collections?f=json")
    lines = site.access.read_text().splitlines()
    assert any(" GET /ogc/collections?f=json 200 " in line for line in lines)
    assert not any("127.0.0.1" in line for line in lines)


def test_without_its_server_nginx_says_when_to_come_back(site: Site) -> None:
    address = site.json("/tiles/lieux.json")["tiles"][0].removeprefix(PUBLIC)
    tile = address.replace("{z}", "8").replace("{x}", "132").replace("{y}", "93")
    kept = site.get(tile, Accept_Encoding="identity")
    site.server.process.terminate()
    site.server.process.wait(20)
    status, headers, body = site.get("/ogc/collections")
    assert (status, headers["content-type"]) == (503, "application/problem+json")
    assert (headers["retry-after"], headers["access-control-allow-origin"]) == ("30", "*")
    assert orjson.loads(body)["status"] == 503
    status, headers, body = site.get("/", Accept=HTML)
    assert (status, headers["content-type"], headers["retry-after"]) == (503, "text/html; charset=utf-8", "30")
    assert "Service interrompu" in body.decode()
    # a map that is open keeps the tiles it has seen
    assert site.get(tile, Accept_Encoding="identity")[2] == kept[2]
