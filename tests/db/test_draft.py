"""A declaration drafted from a file passes the check as it is, loads, and marks what it could not know."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import shapely
import yaml
from lab import DEMO, Lab, write

from etl import draft, guess
from territoire.core import registry
from territoire.core.errors import SourceError
from territoire.core.models import Dataset

POINT = shapely.Point(900_000, 6_300_000)


def rows(count: int = 5, **more: Any) -> list[dict[str, Any]]:
    """Return rows with a number, a name and what else is wanted; a list gives a value to each."""
    return [
        {"code": f"C{n}", "nom": "Barême d'été", **{k: v[n] if isinstance(v, list) else v for k, v in more.items()}}
        | {"geom": more.get("geom", POINT)}
        for n in range(count)
    ]


def make(lab: Lab, file: Path | str, **given: str) -> draft.Draft:
    """Draft a declaration, and write it where the registry finds it."""
    made = draft.draft(
        str(file),
        layer=given.get("layer"),
        wanted_id=given.get("id"),
        theme="foncier",
        vocabulary=lab.registry.vocabulary,
        landing=lab.folder / "landing",
    )
    target = lab.datasets / "foncier" / f"{made.id}.yml"
    target.parent.mkdir(exist_ok=True)
    target.write_text(made.text, encoding="utf-8")
    return made


def loaded(lab: Lab, made: draft.Draft) -> tuple[Dataset, int | None]:
    """Check and load a draft; return the dataset and its number of rows."""
    lab.registry = registry.load(lab.datasets)
    outcome = lab.load(made.id)
    assert (outcome.status, outcome.rejected) == ("published", 0)
    return lab.registry.get(made.id), outcome.rows


@pytest.mark.parametrize(
    ("name", "driver"),
    [
        ("Zones humides.gpkg", "GPKG"),
        ("zones.shp", "ESRI Shapefile"),
        ("zones.geojson", "GeoJSON"),
        ("z.fgb", "FlatGeobuf"),
    ],
)
def test_a_draft_of_each_format_loads_as_it_is(lab: Lab, name: str, driver: str) -> None:
    crs = "EPSG:4326" if driver == "GeoJSON" else "EPSG:2154"
    place = shapely.box(5, 43, 6, 44) if driver == "GeoJSON" else shapely.box(9e5, 6.3e6, 9.1e5, 6.31e6)
    written = rows(20, actif=True, surface=1.5, jour="2026-01-02", geom=place)
    file = write(lab.folder / name, written, driver=driver, crs=crs, geometry_type="Polygon")
    made = make(lab, file)
    dataset, count = loaded(lab, made)
    assert count == 20
    assert (dataset.key, dataset.label) == ("code", "nom")
    assert dataset.column("surface").type == "number"
    assert dataset.geometry
    assert (dataset.geometry.type, dataset.geometry.srid) == ("MultiPolygon", int(crs[5:]))
    assert made.text.count(draft.MARK) >= 5
    with lab.connect_admin() as connection:
        [name] = connection.execute(f"select nom from api.{made.id} limit 1").fetchone() or [None]
    assert name == "Barême d'été"


def test_names_are_lower_case_free_and_unique(lab: Lab) -> None:
    more = {"X": 1, "limit": 2, "Été à Nîmes": 3, "été_a_nimes": 4, "2024": 5, "geom": POINT, "œuvre": 6, "???": 7}
    dataset, _ = loaded(lab, make(lab, write(lab.folder / "noms.geojson", rows(**more), driver="GeoJSON")))
    names = {column.field: column.name for column in dataset.columns}
    assert names == {
        "code": "code",
        "nom": "nom",
        "X": "champ_x",
        "limit": "champ_limit",
        "Été à Nîmes": "ete_a_nimes",
        "été_a_nimes": "ete_a_nimes_2",
        "2024": "champ_2024",
        "œuvre": "oeuvre",
        "???": "champ",
    }


def test_the_key_is_the_field_whose_name_says_so(lab: Lab) -> None:
    file = write(lab.folder / "cles.gpkg", rows(3, adresse=["a", "b", "c"], insee=["1", "2", "3"], id_obj=[7, 8, 9]))
    made = make(lab, file)
    assert "key: code  # unique et jamais vide dans ce fichier\n" in made.text
    chance = [{"adresse": letter, "geom": POINT} for letter in "abc"]
    assert f"; {draft.MARK} : l'est-elle par nature ?" in make(lab, write(lab.folder / "hasard.gpkg", chance)).text


def test_without_a_unique_field_it_says_why_and_what_to_do(lab: Lab) -> None:
    bad = [{"id": n % 2, "nom": None if n == 3 else f"N{n}", "taux": n / 8, "geom": POINT} for n in range(5)]
    with pytest.raises(SourceError) as caught:
        make(lab, write(lab.folder / "sans.gpkg", bad))
    assert "id has 0 twice; nom is empty in feature 4; taux is neither text nor a whole number" in caught.value.message
    assert "$id" in str(caught.value.remedy)


def test_a_value_twice_is_seen_across_batches() -> None:
    one = guess.Field("code", "code", "text")
    guess.look(one, pa.array(["a", "b"]), 0)
    assert one.unique
    guess.look(one, pa.array(["c", "a"]), 2)
    assert one.why_no_key == "has 'a' twice"


def test_layers_are_listed_and_one_is_chosen(lab: Lab) -> None:
    with pytest.raises(SourceError, match="6 layers") as caught:
        make(lab, DEMO)
    assert "commune, epci_partie_paca, departement" in str(caught.value.remedy)
    with pytest.raises(SourceError, match="there is no layer 'routes'"):
        make(lab, DEMO, layer="routes")
    dataset, count = loaded(lab, make(lab, DEMO, layer="DEPARTEMENT", id="departements"))
    assert (count, dataset.key, dataset.source[0].layer) == (6, "insee_dep", "departement")


def test_an_old_shapefile_is_read_in_its_encoding_and_a_missing_crs_is_marked(lab: Lab) -> None:
    file = write(lab.folder / "vieux.shp", rows(), driver="ESRI Shapefile", geometry_type="Point")
    dbf = file.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes().replace("Barême d'été".encode(), "Barême d'été  ".encode("cp1252")))
    file.with_suffix(".cpg").write_text("UTF-8")
    file.with_suffix(".prj").unlink()
    made = make(lab, file)
    assert "crs: EPSG:2154  # À COMPLÉTER" in made.text
    assert "encoding: cp1252  # À COMPLÉTER" in made.text
    loaded(lab, made)


def test_a_table_without_geometry_and_a_mix_of_geometries(lab: Lab) -> None:
    bare = write(lab.folder / "table.gpkg", [{"code": "a", "geom": None}], geometry_type="Unknown")
    assert loaded(lab, make(lab, bare))[1] == 1
    mixed = rows(2)
    mixed[1]["geom"] = shapely.box(9e5, 6.3e6, 9.1e5, 6.31e6)
    dataset, _ = loaded(lab, make(lab, write(lab.folder / "mixte.gpkg", mixed)))
    assert dataset.geometry
    assert dataset.geometry.type == "Geometry"


def test_the_command_prints_or_writes_and_never_over_a_file(lab: Lab) -> None:
    file = write(lab.folder / "haies.gpkg", rows())
    printed = lab.command("dataset", "new", str(file), "--id", "haies_vives")
    assert printed.returncode == 0, printed.stderr
    assert yaml.safe_load(printed.stdout)["id"] == "haies_vives"
    assert lab.command("dataset", "new", str(file), "--write").stderr.count("--theme one of administratif") == 1
    first = lab.command("dataset", "new", str(file), "--write", "--theme", "environnement")
    target = lab.datasets / "environnement" / "haies.yml"
    assert (first.returncode, str(target) in first.stderr) == (0, True)
    target.write_text(target.read_text() + "# mine\n")
    again = lab.command("dataset", "new", str(file), "--write", "--theme", "environnement")
    assert (again.returncode, "declared already" in again.stderr) == (1, True)
    assert target.read_text().endswith("# mine\n")
    assert lab.command("dataset", "check", str(target)).returncode == 0
    assert lab.command("etl", "run", "haies").returncode == 0
    wrong = lab.command("dataset", "new", str(file), "--theme", "environement", "--id", "Haies")
    assert (wrong.returncode, "did you mean environnement" in wrong.stderr) == (1, True)
    assert "is not an id" in lab.command("dataset", "new", str(file), "--id", "Haies").stderr
    assert "is not there" in lab.command("dataset", "new", str(lab.folder / "nope.gpkg")).stderr


def test_a_zip_is_opened_as_the_load_does(lab: Lab) -> None:
    file = write(lab.folder / "haies.shp", rows(), driver="ESRI Shapefile", geometry_type="Point")
    with zipfile.ZipFile(lab.folder / "haies.zip", "w") as archive:
        for part in lab.folder.glob("haies.[!z]*"):
            archive.write(part, f"dossier/{part.name}")
    for part in lab.folder.glob("haies.[!z]*"):
        part.unlink()
    assert not file.exists()
    dataset, count = loaded(lab, make(lab, lab.folder / "haies.zip"))
    assert (count, dataset.id) == (5, "haies")


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("path", "layer", "key"),
    [
        ("admin-ign-samples/rok4-ARRONDISSEMENT/ARRONDISSEMENT.shp", None, "id"),
        ("nature-mailles-inpn-l93/L93_10K.zip", None, "cd_sig"),
        ("admin-paca-adminexpress-cog/admin_express_cog_paca.gpkg", "epci_partie_paca", "code_siren"),
        ("risques-ppr-cnig/pprm_38ddt20180002.gpkg", "pprm_38ddt20180002_procedure", "codeprocedure"),
        ("batiments-perigueux-bdnb-osm/prg/osm.shp", None, "osm_id"),
    ],
)
def test_real_files_are_drafted_and_loaded(lab: Lab, real_data: Path, path: str, layer: str | None, key: str) -> None:
    given = {"layer": layer} if layer else {}
    dataset, count = loaded(lab, make(lab, real_data / path, id="reel", **given))
    assert dataset.key == key
    assert count
