"""The plug-ins as pygeoapi calls them: no I/O to build one, generations that come and go, a database that does."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from lab import Lab, row, write
from psycopg import sql
from pygeoapi.plugin import load_plugin
from pygeoapi.provider.base import ProviderGenericError, ProviderItemNotFoundError

from providers.features import PostGISFeatureProvider
from providers.runtime import Runtime, TooSlowError, runtime
from providers.tiles import PostGISTileProvider
from territoire.core import settings
from territoire.core.derive import resource
from territoire.query import items, parameters

NOWHERE = "postgresql://reader@127.0.0.1:1/nowhere"


@pytest.fixture
def territory(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Generator[Lab]:
    """A laboratory that this process's plug-ins serve, with 50 places in it."""
    for name, value in lab.environment.items():
        if name.startswith("TERRITOIRE_"):
            monkeypatch.setenv(name, value)
    lab.declare()
    _publish(lab, range(1, 51))
    runtime.cache_clear()
    yield lab
    runtime().close()
    runtime.cache_clear()


def _publish(lab: Lab, numbers: range, **options: Any) -> None:  # as lab.load takes them
    file = write(lab.datasets / "lieux.gpkg", [row(number) for number in numbers])
    assert lab.load("lieux", file, force=True, **options).status == "published"


def _features(lab: Lab) -> PostGISFeatureProvider:
    definitions = resource.resource(lab.registry.get("lieux"), lab.registry.vocabulary)["providers"]
    return load_plugin("provider", definitions[0])


def _tiles(lab: Lab) -> PostGISTileProvider:
    definitions = resource.resource(lab.registry.get("lieux"), lab.registry.vocabulary)["providers"]
    return load_plugin("provider", definitions[1])


def _ids(page: dict[str, Any]) -> list[str]:
    return [feature["id"] for feature in page["features"]]


def _following(page: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what pygeoapi would hand over as `properties` for the next link."""
    (link,) = page["links"]
    return [(name, text) for name, text in parse_qsl(urlsplit(link["href"]).query) if name == "cursor"]


def _is_seen(lab: Lab, rows: int) -> bool:
    return _features(lab).query(limit=1)["numberMatched"] == rows


def test_a_plug_in_is_built_without_the_database(territory: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERRITOIRE_READER_URL", NOWHERE)
    runtime.cache_clear()
    fields = _features(territory).fields
    assert list(fields) == ["code", "nom", "population", "taux", "jour"]
    assert fields["jour"] == {"title": "Jour", "type": "string", "format": "date"}
    assert _tiles(territory).fields == fields


def test_a_database_that_is_away_is_a_503_at_once_for_those_who_wait_too(
    territory: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERRITOIRE_READER_URL", NOWHERE)
    runtime.cache_clear()
    for longest in (7.0, 0.5):
        began = time.monotonic()
        with pytest.raises(ProviderGenericError, match="does not answer") as caught:
            _features(territory).query()
        assert caught.value.http_status_code == 503
        assert time.monotonic() - began < longest


def test_connections_that_the_database_ended_are_replaced_unseen(territory: Lab) -> None:
    assert _is_seen(territory, 50)
    with territory.connect_admin() as admin:
        ended = admin.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where usename = 'reader' and datname = current_database()"
        ).fetchone()
    assert ended is not None
    assert ended[0] > 0
    assert len(_ids(_features(territory).query())) == 50


def test_a_publication_is_seen_within_two_seconds_and_a_walk_stays_in_its_generation(territory: Lab) -> None:
    before = _features(territory).query(limit=30)
    _publish(territory, range(101, 131))
    deadline = time.monotonic() + 2
    while not _is_seen(territory, 30):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    rest = _features(territory).query(limit=30, properties=_following(before))
    assert sorted(_ids(before) + _ids(rest)) == [f"L{number:06}" for number in range(1, 51)]
    # pygeoapi would add a link of its own beside a count
    assert "numberMatched" not in rest


def test_a_walk_whose_generation_is_gone_is_a_410(territory: Lab) -> None:
    before = _features(territory).query(limit=30)
    for first in (101, 201, 301):
        _publish(territory, range(first, first + 30), grace_s=0)
    for _ in range(2):
        with pytest.raises(ProviderGenericError, match="start again") as caught:
            _features(territory).query(limit=30, properties=_following(before))
        assert caught.value.http_status_code == 410


def test_a_generation_that_goes_between_two_pages_is_a_410(territory: Lab) -> None:
    before = _features(territory).query(limit=10)
    _publish(territory, range(101, 131))
    _features(territory).query(limit=10, properties=_following(before))
    with territory.connect() as loader:
        loader.execute("drop view api.lieux__g1")
    with pytest.raises(ProviderGenericError) as caught:
        _features(territory).query(limit=10, properties=_following(before))
    assert caught.value.http_status_code == 410


def test_a_cursor_made_by_a_process_that_saw_more_is_read_from_the_database(territory: Lab) -> None:
    slow = Runtime(settings.load())
    assert slow.generation("lieux").number == 1
    _publish(territory, range(101, 131))
    assert slow.generation("lieux", runtime().generation("lieux").mark).rows == 30
    slow.close()


def test_the_declaration_that_was_published_rules_not_the_one_on_disk(territory: Lab) -> None:
    assert _is_seen(territory, 50)
    territory.declare(columns=[{"name": "code", "type": "text", "title": {"fr": "Code"}}], time=None, label=None)
    assert "population" in _features(territory).fields
    assert len(_ids(_features(territory).query(properties=[("population", "7")]))) == 1


def test_a_child_process_gets_a_runtime_of_its_own(territory: Lab) -> None:
    assert _is_seen(territory, 50)
    mine = runtime()
    child = os.fork()
    if child == 0:
        os._exit(0 if runtime() is not mine and _is_seen(territory, 50) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert runtime() is mine


def test_what_takes_longer_than_its_budget_is_given_up(territory: Lab) -> None:
    generation = runtime().generation("lieux")
    statement, values = items.count(generation, parameters.parse(generation.dataset, []))
    slow = statement + sql.SQL(" where pg_sleep(0.05) is not null")
    with pytest.raises(TooSlowError):
        runtime().fetch(generation, (slow, values), budget_ms=50)
    assert runtime().fetch(generation, (statement, values), budget_ms=5000) == [(50,)]


def test_hits_arrive_by_either_spelling(territory: Lab) -> None:
    for given in ({"resulttype": "hits"}, {"properties": [("resultType", "hits")]}):
        page = _features(territory).query(**given)  # pyright: ignore[reportArgumentType]
        assert (page["features"], page["numberMatched"]) == ([], 50)


@pytest.mark.parametrize("identifier", ["", "'", "L999999", "\x00", "a/b", "é" * 5000])
def test_an_id_of_nothing_is_not_found(territory: Lab, identifier: str) -> None:
    with pytest.raises(ProviderItemNotFoundError):
        _features(territory).get(identifier)


def test_the_next_link_repeats_what_was_asked(territory: Lab) -> None:
    page = _features(territory).query(
        limit=5,
        bbox=[4.2, 43.0, 7.7, 45.1],
        datetime_="2026-01-01/..",
        sortby=[{"property": "nom", "order": "-"}, {"property": "code", "order": "+"}],
        select_properties=["nom"],
        skip_geometry=True,
        properties=[("jour", "2026-01-02")],
        offset=0,
    )
    assert page["links"] == []
    page = _features(territory).query(limit=5, bbox=[4.2, 43.0, 7.7, 45.1], sortby=[{"property": "nom", "order": "-"}])
    query = dict(parse_qsl(urlsplit(page["links"][0]["href"]).query))
    del query["cursor"]
    assert query == {"limit": "5", "bbox": "4.2,43.0,7.7,45.1", "sortby": "-nom"}


def test_the_address_of_items_may_be_relative_to_the_root(territory: Lab) -> None:
    definition = resource.resource(territory.registry.get("lieux"), territory.registry.vocabulary, base_url="/ogc")
    provider = load_plugin("provider", definition["providers"][0])
    assert provider.query(limit=5)["links"][0]["href"].startswith("/ogc/collections/lieux/items?limit=5&cursor=")


def test_a_tileset_that_is_not_offered_is_not_found(territory: Lab) -> None:
    for ask in (
        lambda: _tiles(territory).get_tiles(tileset="WorldCRS84Quad", z="0", y="0", x="0"),
        lambda: _tiles(territory).get_metadata("lieux", "/ogc", tileset="WorldCRS84Quad"),
    ):
        with pytest.raises(ProviderGenericError, match="WebMercatorQuad") as caught:
            ask()
        assert caught.value.http_status_code == 404
