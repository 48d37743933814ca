"""Generates what the stand-in serves: the demo territory under the Géoplateforme's names, and buildings."""

from __future__ import annotations

import sqlite3
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import shapely

from . import further, relief
from .layers import BUILDINGS, FEATURE_LAYERS, FeatureLayer

DEMO = Path(__file__).resolve().parents[3] / "datasets" / "_demo" / "admin-express-cog-paca.gpkg.zip"
FEATURES = "features.gpkg"
_EPOCH = np.datetime64("2016-01-01T00:00:00", "ms")
_TO_DEGREES = pyproj.Transformer.from_crs(2154, 4326, always_xy=True)
Columns = dict[str, np.ndarray]


def build(folder: Path) -> None:
    """Write features.gpkg (EPSG:4326) and two rasters (EPSG:2154) to `folder`, always the same."""
    random = np.random.default_rng(93)
    communes = _read("commune")
    _write(folder, "ADMINEXPRESS-COG.LATEST:commune", _communes(communes), communes["geometry"])
    epcis = _read("epci_partie_paca")
    _write(folder, "ADMINEXPRESS-COG.LATEST:epci", _epcis(epcis, communes), epcis["geometry"])
    for layer, code in (("departement", "INSEE_DEP"), ("region", "INSEE_REG")):
        rows = _read(layer)
        _write(folder, f"ADMINEXPRESS-COG.LATEST:{layer}", _larger(layer, rows, code), rows["geometry"])
    where = _places(random, communes, BUILDINGS)
    _write(folder, "BDTOPO_V3:batiment", _buildings(random, where), _boxes(random, where))
    _write(folder, "wfs_du:zone_urba", *_zones(communes))
    _write(folder, "LANDCOVER.FORESTINVENTORY.V2:formation_vegetale", *_forests(random, communes))
    _write(folder, "BAN-PLUS:lien_adresse_parcelle", *_links(communes))
    for layer in further.FURTHER:
        _write(folder, layer.typename, *further.rows(layer, communes))
    _index(folder / FEATURES)
    relief.write(folder)


def _read(layer: str) -> dict[str, Any]:
    meta, _, wkb, columns = pyogrio.raw.read(DEMO, layer=layer)
    return {**dict(zip(meta["fields"], columns, strict=True)), "geometry": shapely.from_wkb(wkb)}


def _texts(values: Any) -> np.ndarray:
    return np.array(list(values), dtype=object)


def _communes(rows: dict[str, Any]) -> Columns:
    areas_ha = (shapely.area(rows["geometry"]) / 10_000).astype("int64")
    count = len(areas_ha)
    return {
        "cleabs": _texts(f"COMMUNE_{9754_000_000 + n * 7919 % count:016}" for n in range(count)),
        "nom_officiel": rows["NOM"],
        "nom_officiel_en_majuscules": _texts(name.upper() for name in rows["NOM"]),
        "statut": _texts("Commune simple" for _ in range(count)),
        "code_insee": rows["INSEE_COM"],
        "population": rows["POPULATION"],
        "date_du_recensement": np.full(count, "2023-01-01", dtype="datetime64[D]"),
        "organisme_recenseur": _texts("INSEE" for _ in range(count)),
        "code_insee_du_canton": _texts(None for _ in range(count)),
        "code_insee_de_l_arrondissement": rows["INSEE_ARR"],
        "code_insee_du_departement": rows["INSEE_DEP"],
        "code_insee_de_la_region": rows["INSEE_REG"],
        "code_siren": rows["SIREN_COM"],
        "codes_siren_des_epci": rows["SIREN_EPCI"],
        "code_postal": _texts((codes or "").split(",")[0] or None for codes in rows["CODES_POST"]),
        "superficie_cadastrale": areas_ha,
    }


def _epcis(rows: dict[str, Any], communes: dict[str, Any]) -> Columns:
    members = {
        siren: [n for n, its in enumerate(communes["SIREN_EPCI"]) if its == siren] for siren in rows["CODE_SIREN"]
    }
    return {
        "cleabs": _texts(f"EPCI____{int(siren):016}" for siren in rows["CODE_SIREN"]),
        "nom_officiel": rows["NOM"],
        "nom_officiel_en_majuscules": _texts(name.upper() for name in rows["NOM"]),
        "nature": rows["NATURE"],
        "codes_insee_des_communes_membres": _texts(
            "/".join(communes["INSEE_COM"][members[siren]]) for siren in rows["CODE_SIREN"]
        ),
        "codes_insee_des_departements_membres": _texts(
            "/".join(sorted(set(communes["INSEE_DEP"][members[siren]]))) for siren in rows["CODE_SIREN"]
        ),
        "code_siren": rows["CODE_SIREN"],
    }


def _larger(layer: str, rows: dict[str, Any], code: str) -> Columns:
    columns = {
        "cleabs": _texts(f"{layer.upper():_<8.8}{int(value):016}" for value in rows[code]),
        "nom_officiel": rows["NOM"],
        "nom_officiel_en_majuscules": _texts(name.upper() for name in rows["NOM"]),
        "code_insee": rows[code],
    }
    if layer == "departement":
        columns["code_insee_de_la_region"] = rows["INSEE_REG"]
    return {**columns, "code_siren": _texts(f"22{int(value):04}001" for value in rows[code])}


def _places(random: np.random.Generator, communes: dict[str, Any], count: int) -> np.ndarray:
    """Return `count` points around the communes' middles, more where more people live, in EPSG:2154."""
    middles = shapely.get_coordinates(shapely.point_on_surface(communes["geometry"]))
    weights = np.sqrt(communes["POPULATION"] + 50.0)
    chosen = random.choice(len(middles), size=count, p=weights / weights.sum())
    return middles[chosen] + random.normal(0, 900, size=(count, 2))


def _boxes(random: np.random.Generator, where: np.ndarray) -> np.ndarray:
    """Return a turned rectangle around each point, in EPSG:2154."""
    half = random.uniform(3, 14, size=(len(where), 2))
    angle = random.uniform(0, np.pi / 2, len(where))
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)])[None, :, :] * half[:, None, :]
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    east = where[:, 0, None] + corners[:, :, 0] * cos - corners[:, :, 1] * sin
    north = where[:, 1, None] + corners[:, :, 0] * sin + corners[:, :, 1] * cos
    return shapely.multipolygons(shapely.polygons(np.dstack([east, north]))[:, None])


def _buildings(random: np.random.Generator, where: np.ndarray) -> Columns:
    count = len(where)
    heights = np.round(random.gamma(4, 1.8, count) + 2, 1)
    ground = np.round(relief.elevation_m(where[:, 0], where[:, 1]), 1)
    usages = np.array(["Résidentiel", "Annexe", "Indifférencié", "Commercial et services", "Agricole"], dtype=object)
    usage = usages[random.choice(5, count, p=[0.55, 0.2, 0.15, 0.06, 0.04])]
    homes = np.where(usage == "Résidentiel", random.poisson(1.6, count) + 1, 0)
    made = _EPOCH + random.integers(0, 10 * 365 * 86_400, count) * np.timedelta64(1000, "ms")
    numbers = random.permutation(count)
    return {
        "cleabs": _texts(f"BATIMENT{240_000_000 + int(n) * 13:016}" for n in numbers),
        "nature": np.where(random.random(count) < 0.97, "Indifférenciée", "Serre").astype(object),
        "usage_1": usage,
        "usage_2": np.where(random.random(count) < 0.1, "Annexe", None),
        "construction_legere": random.random(count) < 0.05,
        "etat_de_l_objet": np.full(count, "En service", dtype=object),
        "date_creation": made,
        "date_modification": made + np.timedelta64(400, "D"),
        "date_d_apparition": (made - np.timedelta64(9000, "D")).astype("datetime64[D]"),
        "date_de_confirmation": (made + np.timedelta64(200, "D")).astype("datetime64[D]"),
        "sources": np.full(count, "BDParcellaire", dtype=object),
        "identifiants_sources": _texts(f"{n:08}" for n in numbers),
        "methode_d_acquisition_planimetrique": np.full(count, "BDParcellaire recalée", dtype=object),
        "methode_d_acquisition_altimetrique": np.full(count, "Corrélation", dtype=object),
        "precision_planimetrique": np.full(count, 3.0),
        "precision_altimetrique": np.full(count, 2.5),
        "nombre_de_logements": homes.astype("int32"),
        "nombre_d_etages": np.maximum(1, heights // 3).astype("int32"),
        "materiaux_des_murs": np.where(homes > 0, "10", None),
        "materiaux_de_la_toiture": np.where(homes > 0, "10", None),
        "hauteur": heights,
        "altitude_minimale_sol": ground,
        "altitude_minimale_toit": np.round(ground + heights - 1, 1),
        "altitude_maximale_toit": np.round(ground + heights, 1),
        "altitude_maximale_sol": np.round(ground + 0.5, 1),
        "origine_du_batiment": np.full(count, "Cadastre", dtype=object),
        "appariement_fichiers_fonciers": np.where(homes > 0, "A 1.0", None),
        "identifiants_rnb": _texts(f"RNB{n:09}" for n in numbers),
    }


def _halves(shapes: np.ndarray, share: float) -> np.ndarray:
    """Return the shapes shrunk towards their middles by `share` of the diameter of a disc as large."""
    return shapely.buffer(shapes, -np.sqrt(shapely.area(shapes)) * share, quad_segs=2)


def _zones(communes: dict[str, Any]) -> tuple[Columns, np.ndarray]:
    inner = _halves(communes["geometry"], 0.25)
    shapes = np.concatenate([inner, shapely.difference(communes["geometry"], inner)])
    codes = np.concatenate([communes["INSEE_COM"]] * 2)
    kinds = ["U"] * len(inner) + ["N"] * len(inner)
    keep = np.flatnonzero(~shapely.is_empty(shapes))
    count = len(keep)
    return {
        "gid": np.arange(10_000, 10_000 + count, dtype="int64")[::-1],
        "gpu_doc_id": _texts(f"{int(codes[n]):032x}" for n in keep),
        "gpu_status": _texts("document.production" for _ in keep),
        "gpu_timestamp": np.full(count, "2026-05-04T10:11:12", dtype="datetime64[ms]"),
        "partition": _texts(f"DU_{codes[n]}" for n in keep),
        "libelle": _texts(f"{kinds[n]}a" for n in keep),
        "libelong": _texts("Zone urbaine" if kinds[n] == "U" else "Zone naturelle" for n in keep),
        "typezone": _texts(kinds[n] for n in keep),
        "destdomi": _texts(None for _ in keep),
        "nomfic": _texts(f"{codes[n]}_reglement_20250101.pdf" for n in keep),
        "urlfic": _texts(None for _ in keep),
        "insee": _texts(codes[n] for n in keep),
        "datappro": _texts("20250101" for _ in keep),
        "datvalid": _texts(None for _ in keep),
        "idurba": _texts(f"{codes[n]}_PLU_20250101" for n in keep),
    }, shapes[keep]


def _forests(random: np.random.Generator, communes: dict[str, Any]) -> tuple[Columns, np.ndarray]:
    where = _places(random, communes, 6_200)
    shapes = shapely.multipolygons(shapely.buffer(shapely.points(where), 120, quad_segs=3)[:, None])
    return {
        "id": _texts(f"FORMVEGE{n:016}" for n in random.permutation(6_200)),
        "code_tfv": _texts("FF2-52-52" for _ in where),
        "tfv": _texts("Forêt fermée de pin sylvestre pur" for _ in where),
        "tfv_g11": _texts("Forêt fermée conifères" for _ in where),
        "essence": _texts("Pin sylvestre" for _ in where),
    }, shapes


def _links(communes: dict[str, Any]) -> tuple[Columns, np.ndarray]:
    codes = communes["INSEE_COM"]
    return {
        "id_lien": _texts(f"LIEN{n:08}" for n in range(len(codes))),
        "id_adr": _texts(f"{code}_0010_00001" for code in codes),
        "idu": _texts(f"{code[:2]}{code[2:]}000AB0001" for code in codes),
        "type_lien": _texts("adresse dans parcelle" for _ in codes),
    }, shapely.multipolygons(shapely.buffer(shapely.point_on_surface(communes["geometry"]), 10, quad_segs=1)[:, None])


def _write(folder: Path, typename: str, columns: Columns, shapes_l93: np.ndarray) -> None:
    layer: FeatureLayer = FEATURE_LAYERS[typename]
    assert list(columns) == list(layer.fields), (typename, list(columns))
    shapes = shapely.transform(shapes_l93, lambda points: np.column_stack(_TO_DEGREES.transform(*points.T)))
    with warnings.catch_warnings():
        # a polygon among multipolygons is a matter of the writer, not ours
        warnings.simplefilter("ignore")
        pyogrio.raw.write(
            str(folder / FEATURES),
            geometry=shapely.to_wkb(shapes),
            field_data=list(columns.values()),
            fields=list(columns),
            crs="EPSG:4326",
            geometry_type=layer.shape,
            promote_to_multi=True,
            driver="GPKG",
            layer=layer.table,
            append=(folder / FEATURES).exists(),
            # what the GDAL of Debian 12 reads without a warning
            dataset_options={"VERSION": "1.3"},
        )


def _index(file: Path) -> None:
    """Index each key: pages sorted by it are as quick as the real ones."""
    with sqlite3.connect(file) as connection:
        for layer in FEATURE_LAYERS.values():
            connection.execute(f'create index "{layer.table}_key" on "{layer.table}" ("{layer.key}")')
    connection.close()
