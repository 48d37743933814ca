"""What the stand-in offers, under the names that the Géoplateforme gives."""

from __future__ import annotations

from dataclasses import dataclass, field

from .feature_layer import FeatureLayer, strings
from .further import FURTHER

#: West, south, east, north of all layers, in degrees (the région Sud and a margin).
EXTENT_CRS84 = (4.2, 42.9, 7.8, 45.2)
BUILDINGS = 120_000


_ADMIN = "ADMINEXPRESS-COG.LATEST"

FEATURE_LAYERS: dict[str, FeatureLayer] = {
    layer.typename: layer
    for layer in (
        FeatureLayer(
            _ADMIN,
            "commune",
            "ADMINEXPRESS COG, dernière édition : commune",
            "cleabs",
            {
                **strings("cleabs", "nom_officiel", "nom_officiel_en_majuscules", "statut", "code_insee"),
                "population": "int",
                "date_du_recensement": "date",
                **strings("organisme_recenseur", "code_insee_du_canton", "code_insee_de_l_arrondissement"),
                **strings("code_insee_du_departement", "code_insee_de_la_region", "code_siren"),
                **strings("codes_siren_des_epci", "code_postal"),
                "superficie_cadastrale": "int",
            },
        ),
        FeatureLayer(
            _ADMIN,
            "epci",
            "ADMINEXPRESS COG, dernière édition : EPCI",
            "cleabs",
            strings(
                "cleabs",
                "nom_officiel",
                "nom_officiel_en_majuscules",
                "nature",
                "codes_insee_des_communes_membres",
                "codes_insee_des_departements_membres",
                "code_siren",
            ),
        ),
        FeatureLayer(
            _ADMIN,
            "departement",
            "ADMINEXPRESS COG, dernière édition : département",
            "cleabs",
            strings(
                "cleabs",
                "nom_officiel",
                "nom_officiel_en_majuscules",
                "code_insee",
                "code_insee_de_la_region",
                "code_siren",
            ),
        ),
        FeatureLayer(
            _ADMIN,
            "region",
            "ADMINEXPRESS COG, dernière édition : région",
            "cleabs",
            strings("cleabs", "nom_officiel", "nom_officiel_en_majuscules", "code_insee", "code_siren"),
        ),
        FeatureLayer(
            "BDTOPO_V3",
            "batiment",
            "BDTOPO : bâtiment",
            "cleabs",
            {
                **strings("cleabs", "nature", "usage_1", "usage_2"),
                "construction_legere": "boolean",
                "etat_de_l_objet": "string",
                "date_creation": "dateTime",
                "date_modification": "dateTime",
                "date_d_apparition": "date",
                "date_de_confirmation": "date",
                **strings("sources", "identifiants_sources"),
                **strings("methode_d_acquisition_planimetrique", "methode_d_acquisition_altimetrique"),
                "precision_planimetrique": "double",
                "precision_altimetrique": "double",
                "nombre_de_logements": "int",
                "nombre_d_etages": "int",
                **strings("materiaux_des_murs", "materiaux_de_la_toiture"),
                "hauteur": "double",
                "altitude_minimale_sol": "double",
                "altitude_minimale_toit": "double",
                "altitude_maximale_toit": "double",
                "altitude_maximale_sol": "double",
                **strings("origine_du_batiment", "appariement_fichiers_fonciers", "identifiants_rnb"),
            },
        ),
        FeatureLayer(
            "wfs_du",
            "zone_urba",
            "Zonage du document d'urbanisme",
            "gid",
            {
                "gid": "int",
                **strings("gpu_doc_id", "gpu_status"),
                "gpu_timestamp": "dateTime",
                **strings("partition", "libelle", "libelong", "typezone", "destdomi", "nomfic", "urlfic", "insee"),
                **strings("datappro", "datvalid", "idurba"),
            },
            geometry="the_geom",
        ),
        FeatureLayer(
            "LANDCOVER.FORESTINVENTORY.V2",
            "formation_vegetale",
            "BD Forêt V2 : formation végétale",
            "id",
            strings("id", "code_tfv", "tfv", "tfv_g11", "essence"),
            geometry="the_geom",
            has_primary_key=False,
        ),
        FeatureLayer(
            "BAN-PLUS",
            "lien_adresse_parcelle",
            "BAN Plus : lien entre adresse et parcelle",
            "id_lien",
            strings("id_lien", "id_adr", "idu", "type_lien"),
            geometry=None,
        ),
        *FURTHER,
    )
}


@dataclass(frozen=True)
class ImageLayer:
    """A layer of WMS-Raster, WMTS or TMS; drawn by the layers `drawn` of a mapfile."""

    name: str
    title: str
    media: str
    drawn: tuple[str, ...]
    matrix_set: str
    levels: range = field(default_factory=lambda: range(0))
    style: str = "normal"


WMTS_LAYERS: dict[str, ImageLayer] = {
    layer.name: layer
    for layer in (
        ImageLayer(
            "GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2",
            "Plan IGN v2",
            "image/png",
            ("GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2",),
            "PM_0_19",
            range(20),
        ),
        ImageLayer(
            "ORTHOIMAGERY.ORTHOPHOTOS",
            "Photographies aériennes",
            "image/jpeg",
            ("ORTHOIMAGERY.ORTHOPHOTOS",),
            "PM_0_19",
            range(20),
        ),
        ImageLayer(
            "LIMITES_ADMINISTRATIVES_EXPRESS.LATEST",
            "Limites administratives",
            "image/png",
            ("LIMITES_ADMINISTRATIVES_EXPRESS.LATEST",),
            "PM_6_16",
            range(6, 17),
        ),
        ImageLayer(
            "IGNF_COSIA_2024-2026",
            "Couverture du sol par intelligence artificielle",
            "image/png",
            ("GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2",),
            "LAMB93_5cm_6_22",
            range(6, 23),
            style="CoSIA",
        ),
    )
}

#: Layers of WMS-Raster, drawn by the layer of the same name in rasters.map.
WMS_RASTER: dict[str, str] = {
    "ORTHOIMAGERY.ORTHOPHOTOS": "Photographies aériennes",
    "ELEVATION.ELEVATIONGRIDCOVERAGE.HIGHRES": "Altitude, RGE ALTI",
    "GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2": "Plan IGN v2",
}
#: Layers of WMS-Vecteur and the field names of nobody: they are drawn only.
WMS_VECTOR: dict[str, str] = {
    "LIMITES_ADMINISTRATIVES_EXPRESS.LATEST": "ADMINEXPRESS-COG.LATEST:commune",
    "BDTOPO_V3:batiment": "BDTOPO_V3:batiment",
    "patrinat_znieff1:znieff1": "patrinat_znieff1:znieff1",
}
#: Vector tiles: layers within the tile, by name of the tileset.
TMS_LAYERS: dict[str, dict[str, str]] = {
    "PLAN.IGN": {"limite_admin": "ADMINEXPRESS-COG.LATEST:commune", "bati_surf": "BDTOPO_V3:batiment"},
    "ADMIN_EXPRESS": {
        "commune": "ADMINEXPRESS-COG.LATEST:commune",
        "departement": "ADMINEXPRESS-COG.LATEST:departement",
        "region": "ADMINEXPRESS-COG.LATEST:region",
    },
}
TMS_LEVELS = {"PLAN.IGN": range(19), "ADMIN_EXPRESS": range(6, 17)}
