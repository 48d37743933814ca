"""Loading everything while nothing can be reached: quick, said source by source, and nothing published is lost."""

from __future__ import annotations

import time
from typing import Any

import pytest
from geoplateforme.standin import Geoplateforme
from lab import LIEUX, Lab, free_port, row, write

SHARED: dict[str, Any] = {
    "title": {"fr": "Un jeu", "en": "A dataset"},
    "abstract": {"fr": "Pour les essais.", "en": "For tests."},
    "theme": "administratif",
    "producer": "ign",
    "licence": "licence-ouverte-2.0",
    "key": "code_insee",
    "columns": [{"name": "code_insee", "type": "text", "title": {"fr": "Code Insee"}, "nullable": False}],
    "geometry": {"type": "MultiPolygon", "srid": 2154},
}
ATOM = {"kind": "atom", "resource": "ADMIN-EXPRESS-COG", "format": "GPKG", "zone": "R93", "layer": "departement"}


@pytest.mark.parametrize("vice", [{}, {"down": "reset"}])
def test_all_datasets_fail_by_name_in_seconds_and_what_is_published_stays(
    vice: dict[str, str], lab: Lab, geoplateforme: Geoplateforme
) -> None:
    write(lab.folder / "lieux.gpkg", [row(n) for n in range(5)])
    lab.declare(source={**LIEUX["source"], "url": str(lab.folder / "lieux.gpkg")})
    lab.declare(SHARED, id="departements", source=ATOM)
    assert lab.command("etl", "run", "--all", **geoplateforme.env).returncode == 0

    for number in range(3):
        lab.declare(SHARED, id=f"couche_{number}", source={"kind": "wfs", "typename": f"BDTOPO_V3:couche_{number}"})
        lab.declare(SHARED, id=f"edition_{number}", source={**ATOM, "zone": f"R9{number}"})
    lab.declare(SHARED, id="fiche", source={"kind": "csw", "record": "IGNF_ADMIN-EXPRESS-COG"})
    away = {
        name: url.replace(geoplateforme.base, f"http://127.0.0.1:{free_port()}")
        for name, url in geoplateforme.env.items()
    }
    for name, value in vice.items():
        geoplateforme.vice(name, value)
        away = geoplateforme.env
    began = time.monotonic()
    run = lab.command("etl", "run", "--all", "--quiet", **away)
    took = time.monotonic() - began

    failed = [line.partition(":")[0] for line in run.stderr.splitlines() if ": FAILED: " in line]
    assert sorted(failed) == [
        "couche_0",
        "couche_1",
        "couche_2",
        "departements",
        "edition_0",
        "edition_1",
        "edition_2",
        "fiche",
    ]
    assert run.returncode == 1
    assert "8 of 9 datasets were not loaded" in run.stderr
    # each service is asked until its circuit opens, not once for each dataset
    assert run.stderr.count("is left alone") >= 2
    assert took < 30
    with lab.connect() as connection:
        found = connection.execute("select dataset, generation from etl.published order by dataset").fetchall()
    assert found == [("departements", 1), ("lieux", 1)]
