"""Feature types with one or a few features per commune: the fields of the real ones, and values made by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely

from .feature_layer import FeatureLayer, strings

_TOPO = {
    **strings("etat_de_l_objet"),
    "date_creation": "dateTime",
    "date_modification": "dateTime",
    "date_d_apparition": "date",
    "date_de_confirmation": "date",
}
_PATRINAT = {
    **strings("id_local", "nom_site", date_crea="date", modif_adm="date", modif_geo="date"),
    **strings("url_fiche", surf_off="double", acte_deb="date", acte_fin="date"),
    **strings("gest_site", "operateur", "precision", "src_geom", "src_annee", "marin", "p1_nature", "p4_geologi"),
    **strings("id_mnhn", area_sig="double", cd_sig="string", territoire="string"),
}
_GPU = {
    "gid": "int",
    **strings("gpu_doc_id", "gpu_status", gpu_timestamp="dateTime"),
    **strings("partition", "libelle", "txt", "typepsc", "nomfic", "urlfic", "insee", "datappro", "datvalid", "idurba"),
    **strings("stypepsc", "idpsc", "lib_idpsc", "nature", "symbole"),
}
_PEOPLE = dict.fromkeys(
    (
        *("ind", "men", "ind_0_3", "ind_4_5", "ind_6_10", "ind_11_17", "ind_25_39", "ind_40_54", "ind_55_64"),
        *("ind_65_79", "ind_80p", "men_5ind", "men_1ind", "men_prop", "men_coll", "log_soc", "men_surf", "log_av45"),
        *("log_45_70", "log_70_90", "log_ap90", "men_fmp", "men_mais", "ind_snv", "men_pauv"),
    ),
    "double",
)


def _patrinat(name: str, title: str) -> FeatureLayer:
    return FeatureLayer(f"patrinat_{name}", name, title, "id_mnhn", _PATRINAT, geometry="geom")


def _topo(name: str, title: str, fields: dict[str, str], shape: str = "MultiPolygon") -> FeatureLayer:
    own = {"cleabs": "string", **fields, **_TOPO}
    return FeatureLayer("BDTOPO_V3", name, f"BDTOPO : {title}", "cleabs", own, shape=shape)


FURTHER: tuple[FeatureLayer, ...] = (
    FeatureLayer(
        "CADASTRALPARCELS.PARCELLAIRE_EXPRESS",
        "parcelle",
        "PCI Vecteur : Parcelles",
        "idu",
        {
            **{"gid": "int", "numero": "string", "feuille": "int"},
            **strings("section", "code_dep", "nom_com", "code_com", "com_abs", "code_arr", "idu"),
            **{"contenance": "int", "code_insee": "string"},
        },
        geometry="geom",
    ),
    FeatureLayer(
        "STATISTICALUNITS.IRIS",
        "contours_iris",
        "Contours géométriques des IRIS de l'INSEE",
        "cleabs",
        strings("cleabs", "code_insee", "nom_commune", "iris", "code_iris", "nom_iris", "type_iris"),
    ),
    _patrinat("znieff1", "Zones naturelles d'intérêt écologique, faunistique et floristique de type 1"),
    _patrinat("znieff2", "Zones naturelles d'intérêt écologique, faunistique et floristique de type 2"),
    _patrinat("sic", "Sites Natura 2000 de la directive Habitats"),
    _patrinat("zps", "Sites Natura 2000 de la directive Oiseaux"),
    _topo(
        "troncon_de_route",
        "tronçon de route",
        {
            **strings("nature", "nom_collaboratif_gauche", "nom_collaboratif_droite", "importance", fictif="boolean"),
            **strings("position_par_rapport_au_sol", nombre_de_voies="int", largeur_de_chaussee="double"),
            **strings("sens_de_circulation", prive="boolean", urbain="boolean", vitesse_moyenne_vl="int"),
            **strings("acces_vehicule_leger", "acces_pieton", restriction_de_hauteur="double"),
            **strings(restriction_de_poids_total="double", insee_commune_gauche="string"),
            **strings("insee_commune_droite", "cpx_numero", "cpx_classement_administratif", "cpx_gestionnaire"),
            **strings("amenagement_cyclable_gauche", "amenagement_cyclable_droit", piste_dfci="boolean"),
            **strings("categorie_dfci"),
        },
        shape="MultiLineString",
    ),
    _topo(
        "zone_d_activite_ou_d_interet",
        "zone d'activité ou d'intérêt",
        {
            **strings("categorie", "nature", "nature_detaillee", "toponyme", "importance", fictif="boolean"),
            **strings("insee_commune", "commune", "adresse_postale", "nom_commercial"),
        },
    ),
    _topo("zone_de_vegetation", "zone de végétation", strings("nature")),
    _topo(
        "troncon_hydrographique",
        "tronçon hydrographique",
        {
            **strings("code_hydrographique", "nature", "persistance", "classe_de_largeur", "origine"),
            **strings("sens_de_l_ecoulement", "position_par_rapport_au_sol", "inventaire_police_de_l_eau"),
            **strings("cpx_toponyme_de_cours_d_eau", fosse="boolean", navigabilite="boolean"),
            **strings(reseau_principal_coulant="boolean", fictif="boolean"),
        },
        shape="MultiLineString",
    ),
    _topo("parc_ou_reserve", "parc ou réserve", strings("nature", "nature_detaillee", "toponyme", fictif="boolean")),
    FeatureLayer("wfs_du", "prescription_surf", "Prescriptions surfaciques", "gid", _GPU, geometry="the_geom"),
    FeatureLayer(
        "RPG.LATEST",
        "parcelles_graphiques",
        "RPG, dernière édition : parcelles",
        "id_parcel",
        {
            **strings("id_parcel", surf_parc="double"),
            **strings("code_cultu", "code_group", "culture_d1", "culture_d2", "cat_cult_p"),
        },
        geometry="geom",
    ),
    FeatureLayer(
        "INSEE.FILOSOFI.INDICATORS",
        "carreaux_1km",
        "Carroyages INSEE à 1 km",
        "id_inspire",
        {"id_inspire": "string", **_PEOPLE, "i_est_1km": "int"},
        geometry="geom",
    ),
    FeatureLayer(
        "INSEE.FILOSOFI.INDICATORS",
        "carreaux_200m",
        "Carroyages INSEE à 200 m",
        "id_inspire",
        {"id_inspire": "string", **strings("depcom", "nom_com"), **_PEOPLE, "i_car_est": "int"},
        geometry="geom",
    ),
)
#: Keys, by field and number of the feature, where the code of its commune is not in them.
_KEYS: dict[str, str] = {
    "cleabs": "OBJET___{:016}",
    "id_mnhn": "93{:07}",
    "id_parcel": "{}",
    "id_inspire": "CRS3035RES200mN2{:06}E4000000",
}
#: Values by field, from the code of the commune.
_BY_CODE: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(("code_insee", "insee", "insee_commune", "depcom"), lambda code: code),
    **dict.fromkeys(("insee_commune_gauche", "insee_commune_droite"), lambda code: code),
    "code_dep": lambda code: code[:2],
    "code_com": lambda code: code[2:],
    "idu": lambda code: f"{code}0000A0001",
    "code_iris": lambda code: f"{code}0000",
    "partition": lambda code: f"DU_{code}",
}
_FIXED = {"com_abs": "000", "code_arr": "000", "section": "0A", "numero": "0001", "iris": "0000", "type_iris": "Z"}
_FIXED |= {"importance": "3", "marin": "F", "datappro": "20250101", "typepsc": "05", "code_cultu": "VRC"}
_NAMES = ("nom_com", "nom_commune", "nom_iris", "nom_site", "toponyme", "commune")
_NUMBERS = {"int": "int32", "double": "float64", "boolean": "bool"}


def rows(layer: FeatureLayer, communes: dict[str, Any]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the columns of a layer, one feature for each commune of the demo, and their shapes in EPSG:2154."""
    codes, names = communes["INSEE_COM"], communes["NOM"]
    columns = {field: _column(field, kind, codes, names) for field, kind in layer.fields.items()}
    middles = shapely.point_on_surface(communes["geometry"])
    if layer.shape == "MultiLineString":
        where = shapely.get_coordinates(middles)
        return columns, shapely.multilinestrings(shapely.linestrings(np.stack([where, where + 150], 1))[:, None])
    if layer.namespace.startswith("patrinat"):
        inwards = -np.sqrt(shapely.area(communes["geometry"])) * 0.2
        return columns, shapely.buffer(shapely.simplify(communes["geometry"], 100), inwards, quad_segs=2)
    return columns, shapely.multipolygons(shapely.buffer(middles, 100, cap_style="square")[:, None])


def _column(field: str, kind: str, codes: np.ndarray, names: np.ndarray) -> np.ndarray:
    count = len(codes)
    if kind in _NUMBERS:
        return ((np.arange(count) * 7 + 10_000 * (field == "gid")) % 10_007).astype(_NUMBERS[kind])
    if kind in ("date", "dateTime"):
        return np.full(count, "2024-12-19", dtype="datetime64[D]" if kind == "date" else "datetime64[ms]")
    if field in _KEYS:
        return np.array([_KEYS[field].format(number * 13 % count) for number in range(count)], dtype=object)
    if field in _BY_CODE:
        return np.array([_BY_CODE[field](code) for code in codes], dtype=object)
    if field in _NAMES:
        return names
    return np.array([_FIXED.get(field, f"{field} {number % 5}") for number in range(count)], dtype=object)
