"""The communes out of three real files: the same keys and attributes, geometry within 10 cm."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely
from lab import Lab

from territoire.core import registry

pytestmark = pytest.mark.real_data
FILES = (
    "admin_express_cog_paca.gpkg",
    "SHP_LAMB93/COMMUNE.shp",
    "communes_paca_4326.geojson",
)


def content(lab: Lab) -> dict[str, tuple[object, ...]]:
    columns = ", ".join(column.name for column in lab.registry.get("communes").columns if column.name != "code_insee")
    with lab.connect_admin() as connection:
        number = connection.execute("select generation from etl.published where dataset = 'communes'").fetchone()
        assert number
        rows = connection.execute(
            f"select code_insee, public.st_asbinary(geom), {columns} from api.communes__g{number[0]}"
        ).fetchall()
    return {row[0]: row[1:] for row in rows}


@pytest.fixture
def communes(lab: Lab) -> Lab:
    """The communes as declared, with the départements that they refer to."""
    lab.use_the_declared("communes", "departements")
    lab.load("departements")
    lab.load("communes")
    return lab


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_format_gives_the_same_communes(communes: Lab, real_data: Path, name: str) -> None:
    before = content(communes)
    outcome = communes.load("communes", real_data / "admin-paca-adminexpress-cog" / name)
    assert (outcome.status, outcome.rows, outcome.rejected) == ("published", 946, 0)
    after = content(communes)
    assert after.keys() == before.keys()
    far: set[str] = set()
    for key, (geometry, *attributes) in before.items():
        other, *others = after[key]
        # the shapefile writes numbers as text of 15 decimals: the last bit may differ
        assert [pytest.approx(a, rel=1e-14) if isinstance(a, float) else a for a in attributes] == others, key
        one, two = shapely.from_wkb(bytes(geometry)), shapely.from_wkb(bytes(other))  # type: ignore[arg-type]
        if shapely.hausdorff_distance(one, two) >= 0.1:
            far.add(key)
    # one vertex of Marseille is missing from the producer's GeoJSON itself (246 of 247)
    assert far == ({"13055"} if name.endswith("geojson") else set())


@pytest.mark.parametrize(
    ("name", "file", "rows"),
    [
        ("batiments", "batiments-rnb-bdtopo-extrait/bdtopo_for_test.gpkg", 6),
        ("parcelles", "cadastre-apicarto-reponses/parcelle-025b38-POST.json", 1),
    ],
)
def test_what_is_declared_on_the_wfs_loads_the_producers_files_too(
    lab: Lab, real_data: Path, name: str, file: str, rows: int
) -> None:
    """BD TOPO as a file and parcels of API Carto have the fields of the WFS, but lie outside of the region."""
    lab.use_the_declared("communes", "departements", name)
    declared = next(lab.datasets.glob(f"*/{name}.yml"))
    text = declared.read_text("utf-8").replace("min_rows: 100", "min_rows: 1").replace("  within: territory\n", "")
    declared.write_text(text, "utf-8")
    lab.registry = registry.load(lab.datasets)
    outcome = lab.load(name, real_data / file)
    assert (outcome.status, outcome.rows, outcome.rejected) == ("published", rows, 0)
