"""Fixtures: a private cluster for the run, a database per test, and the demo territory with its server."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Generator
from pathlib import Path

import psycopg
import pytest
import stock
from geoplateforme import mapserver
from geoplateforme.standin import Geoplateforme
from lab import REAL, Lab, Server
from outcomes import Recorder
from psycopg import sql
from psycopg.conninfo import make_conninfo
from stock import Serve

from etl import refresh
from territoire.core import cluster, migrations
from territoire.core.database import Urls
from territoire.core.settings import Settings

for name in [name for name in os.environ if name.startswith(("TERRITOIRE_", "PG"))]:
    del os.environ[name]


@pytest.fixture(scope="session")
def cluster_urls() -> Generator[Urls]:
    """A private cluster made for this run, removed at its end."""
    folder = Path(tempfile.mkdtemp(prefix="territoire-tests-"))
    folder.chmod(0o755)
    private = cluster.locate(Settings(var=folder))
    cluster.ensure_started(private, report=print)
    urls = Urls(*(cluster.url(private, role) for role in ("admin", "loader", "reader", "submitter")))
    # what it holds need not outlive a crash of the machine; the tests that kill a cluster make one of their own
    with psycopg.connect(urls.admin, autocommit=True) as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(sql.SQL("alter system set {} = off").format(sql.Identifier(name)))
        connection.execute("select pg_reload_conf()")
    try:
        yield urls
    finally:
        cluster.stop(private)
        cluster.remove(private)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def template(cluster_urls: Urls) -> str:
    """Name of a database that has had all migrations; tests get copies of it."""
    _create(cluster_urls, "migrated", None)
    migrations.migrate(_named(cluster_urls, "migrated").admin, report=print)
    return "migrated"


@pytest.fixture(scope="session")
def new_database(cluster_urls: Urls, template: str) -> Callable[[], Urls]:
    """Make a migrated database of its own, as often as asked; it goes with the cluster."""

    def make() -> Urls:
        name = f"t_{uuid.uuid4().hex[:12]}"
        _create(cluster_urls, name, template)
        urls = _named(cluster_urls, name)
        # grants and settings of a database are not copied with it
        migrations.migrate(urls.admin, report=print)
        return urls

    return make


@pytest.fixture
def lab(new_database: Callable[[], Urls], tmp_path: Path) -> Lab:
    """A laboratory of this test's own."""
    return Lab(new_database(), tmp_path)


@pytest.fixture(scope="session")
def demo(new_database: Callable[[], Urls], tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """The demo territory, loaded once for the session: tests only read it."""
    made = Lab(new_database(), tmp_path_factory.mktemp("demo"))
    made.use_the_declared()
    for dataset in refresh.order(list(made.registry.datasets.values())):
        assert made.load(dataset.id).status == "published"
    return made


@pytest.fixture(scope="session")
def demo_server(demo: Lab) -> Generator[Server]:
    """A real server on the demo territory."""
    with demo.serve() as server:
        yield server


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the producers' real files; the test is skipped where it is absent."""
    if not REAL.is_dir():
        pytest.skip("the producers' real files (../shared/data) are not on this machine")
    return REAL


@pytest.fixture(scope="session")
def geoplateforme_process(tmp_path_factory: pytest.TempPathFactory) -> Generator[Geoplateforme]:
    """The stand-in of the Géoplateforme, started once; tests take `geoplateforme`."""
    if not mapserver.is_installed():
        pytest.skip("MapServer is not installed: run bin/setup --dev, or apt-get install mapserver-bin cgi-mapserver")
    standin = Geoplateforme(tmp_path_factory.mktemp("geoplateforme"))
    try:
        yield standin
    finally:
        standin.close()


@pytest.fixture
def geoplateforme(geoplateforme_process: Geoplateforme) -> Geoplateforme:
    """The stand-in of the Géoplateforme with no vice turned on and no request counted."""
    geoplateforme_process.reset()
    return geoplateforme_process


def _create(urls: Urls, name: str, template: str | None) -> None:
    with psycopg.connect(urls.admin, autocommit=True) as connection:
        statement = sql.SQL("create database {}").format(sql.Identifier(name))
        if template:
            statement += sql.SQL(" template {}").format(sql.Identifier(template))
        connection.execute(statement)


def _named(urls: Urls, name: str) -> Urls:
    return Urls(*(make_conninfo(url, dbname=name) for url in (urls.admin, urls.loader, urls.reader, urls.submitter)))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --bless, which writes goldens in place of comparing them, and what `make conformance` compares with."""
    parser.addoption("--bless", action="store_true", help="write the golden files anew")
    parser.addoption(
        "--against", choices=["ours", "stock"], default="ours", help="which server conformance is asked of"
    )
    parser.addoption("--scores", type=Path, help="write what became of each test to this file, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Name the mark of what stock pygeoapi is not asked; keep the outcomes where --scores asks for them."""
    config.addinivalue_line("markers", "ours: wants what only our server offers, a grid of its own, say")
    if file := config.getoption("--scores"):
        config.pluginmanager.register(Recorder(file))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Ask of stock pygeoapi no test that starts a server of ours in another way, or wants what only ours offers."""
    if config.getoption("--against") == "ours":
        return
    kept = [i for i in items if "serve" in getattr(i, "fixturenames", ()) and i.get_closest_marker("ours") is None]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(scope="session")
def serve(pytestconfig: pytest.Config) -> Serve:
    """Start the server that conformance is asked of: ours, or stock pygeoapi's own providers (--against stock)."""
    return stock.serve_its_own if pytestconfig.getoption("--against") == "stock" else Lab.serve


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with tests/golden/NAME, or write it there under --bless."""
    folder = Path(__file__).parent / "golden"

    def compare(name: str, text: str) -> None:
        file = folder / name
        if request.config.getoption("--bless"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.read_text(encoding="utf-8") == text

    return compare
