"""QGIS pans and zooms over live layers by their definitions: what it draws, and what the cache saves the source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import qgis as qgis_runner
from clients import watch
from geoplateforme.standin import Geoplateforme
from lab import Lab
from live_layers import publish

from territoire.core.database import Urls

pytestmark = pytest.mark.e2e


def test_a_session_in_qgis_draws_live_layers_and_the_next_one_costs_the_source_nothing(
    new_database: Callable[[], Urls], geoplateforme: Geoplateforme, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lab = Lab(new_database(), tmp_path_factory.mktemp("live"))
    publish(lab, geoplateforme)
    with lab.serve(**geoplateforme.env) as server:
        for name, service, provider in (("plan_ign", "wmts", "wms"), ("batiments_direct", "wfs", "OAPIF")):
            asked: list[tuple[int, int]] = []
            for _ in range(2):
                # a home of its own: QGIS keeps answers itself
                home: Path = tmp_path_factory.mktemp("qgis")
                definition = home / f"{name}.qlr"
                definition.write_bytes(server.get(f"/qgis/{name}.qlr")[2])
                geoplateforme.reset()
                with watch(server) as traffic:
                    found = qgis_runner.run("qgis_live_probe.py", definition, home=home)
                assert (found["valid"], found["provider"]) == (True, provider)
                # buildings are not everywhere
                assert sum(colours > 1 for colours in found["colours"]) > 6, found
                assert traffic.failed == []
                ours = [request for request in traffic.requests if f"/{name}/" in request.path]
                asked.append((len(ours), sum(seen.service == service for seen in geoplateforme.requests)))
            (first, of_source), (second, again) = asked
            print(f"{name}: {first} requests of QGIS, {of_source} of the source; the next user: {second}, {again}")
            assert 0 < of_source <= first
            assert second > 0
            assert again == 0
