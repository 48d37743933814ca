"""Live collections for tests: one of each kind, declared on the stand-in of the Géoplateforme."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import yaml
from geoplateforme.standin import Geoplateforme
from lab import Lab

ITEMS = "/ogc/collections/batiments_direct/items"
BATIMENTS: dict[str, Any] = {
    "id": "batiments_direct",
    "title": {"fr": "Bâtiments en direct", "en": "Buildings, live"},
    "abstract": {"fr": "Bâtiments de la BD TOPO, chez l'IGN.", "en": "Buildings of BD TOPO, at IGN."},
    "theme": "administratif",
    "producer": "ign",
    "licence": "licence-ouverte-2.0",
    "live": {"service": "wfs", "layer": "BDTOPO_V3:batiment"},
    "key": "cleabs",
    "columns": [
        {"name": "cleabs", "type": "text", "title": {"fr": "Identifiant"}, "nullable": False},
        {"name": "nature", "type": "text", "title": {"fr": "Nature"}},
        {"name": "usage", "from": "usage_1", "type": "text", "title": {"fr": "Usage"}},
        {"name": "hauteur", "type": "number", "title": {"fr": "Hauteur"}},
        {"name": "logements", "from": "nombre_de_logements", "type": "integer", "title": {"fr": "Logements"}},
        {"name": "apparition", "from": "date_d_apparition", "type": "date", "title": {"fr": "Apparition"}},
    ],
    "geometry": {"type": "MultiPolygon", "srid": 4326},
    "time": {"start": "apparition"},
}
LAYERS: dict[str, dict[str, str]] = {
    "plan_ign": {"service": "wmts", "layer": "GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2"},
    "cosia": {"service": "wmts", "layer": "IGNF_COSIA_2024-2026"},
    "plan_vecteur": {"service": "tms", "layer": "PLAN.IGN", "style": "standard"},
    "ortho": {"service": "wms", "layer": "ORTHOIMAGERY.ORTHOPHOTOS"},
    "znieff_carte": {"service": "wms_vector", "layer": "patrinat_znieff1:znieff1"},
    "catalogue_ign": {"service": "csw"},
}


def declare_layers(lab: Lab) -> None:
    """Write their declarations into the registry of a lab."""
    lab.declare(BATIMENTS)
    shared = {key: BATIMENTS[key] for key in ("theme", "producer", "licence", "abstract")}
    for name, live in LAYERS.items():
        content = {"id": name, "title": {"fr": name}, **shared, "live": live}
        file = lab.datasets / "administratif" / f"{name}.yml"
        file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def publish(lab: Lab, source: Geoplateforme) -> None:
    """Publish one collection of our own and a live one of each kind."""
    lab.use_the_declared("departements")
    declare_layers(lab)
    lab.load("departements")
    run = lab.command("etl", "run", "batiments_direct", *LAYERS, **source.env)
    assert run.returncode == 0, run.stdout + run.stderr


def age(var: Path, by: timedelta) -> None:
    """Make all answers that are kept below `var` older than they are."""
    files = [file for file in (var / "geoplateforme" / "cache").glob("*/*") if not file.name.startswith(".")]
    assert files
    for file in files:
        head, _, body = file.read_bytes().partition(b"\n")
        said = orjson.loads(head)
        said["retrieved_at"] = (datetime.fromisoformat(said["retrieved_at"]) - by).isoformat()
        file.write_bytes(orjson.dumps(said) + b"\n" + body)
