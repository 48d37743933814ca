"""The records of the catalogue, and how they are written: ISO 19139, ISO 19115-3, Dublin Core."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from .layers import EXTENT_CRS84

GMD = "http://www.isotc211.org/2005/gmd"
MDB = "http://standards.iso.org/iso/19115/-3/mdb/2.0"
DUBLIN = "http://www.opengis.net/cat/csw/2.0.2"
_LICENCE = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"
_MORE = 60


@dataclass(frozen=True)
class Link:
    """An online resource; `path` stands below the stand-in's address."""

    path: str
    protocol: str
    name: str


@dataclass(frozen=True)
class Record:
    """A record of metadata."""

    identifier: str
    title: str
    abstract: str
    subjects: tuple[str, ...]
    modified: str
    links: tuple[Link, ...] = ()
    kind: str = "dataset"
    publisher: str = "Institut national de l'information géographique et forestière"
    extent_crs84: tuple[float, float, float, float] = EXTENT_CRS84
    iso: tuple[str, ...] = (GMD, MDB)
    """The forms of ISO that it has: a catalogue of features (ISO 19110) has none."""

    @property
    def text(self) -> str:
        """All words of it."""
        return " ".join([self.identifier, self.title, self.abstract, *self.subjects, self.publisher])


def _records() -> list[Record]:
    cog = "ADMIN-EXPRESS-COG_4-0__GPKG_LAMB93_R93_2026-01-01"
    found = [
        Record(
            "IGNF_ADMIN-EXPRESS-COG",
            "ADMIN EXPRESS COG",
            "Découpage administratif du territoire, cohérent avec le code officiel géographique de l'Insee.",
            ("Unités administratives", "limites", "commune"),
            "2026-02-10",
            (
                Link("/wfs/ows", "OGC:WFS", "ADMINEXPRESS-COG.LATEST:commune"),
                Link(
                    f"/telechargement/download/ADMIN-EXPRESS-COG/{cog}/{cog}.7z", "WWW:DOWNLOAD-1.0-http--download", cog
                ),
            ),
        ),
        Record(
            "IGNF_BD-TOPO",
            "BD TOPO",
            "Description vectorielle 3D des éléments du territoire et de ses infrastructures, de précision métrique.",
            ("Bâtiments", "Réseaux de transport", "Hydrographie"),
            "2026-06-15",
            (
                Link("/wfs/ows", "OGC:WFS", "BDTOPO_V3:batiment"),
                Link("/telechargement/resource/BDTOPO", "WWW:LINK-1.0-http--link", "Téléchargement"),
            ),
        ),
        Record(
            "GPU_ZONE-URBA",
            "Zonages des documents d'urbanisme",
            "Zones des plans locaux d'urbanisme versés au Géoportail de l'urbanisme.",
            ("Usage des sols", "urbanisme"),
            "2026-05-04",
            (Link("/wfs/ows", "OGC:WFS", "wfs_du:zone_urba"),),
            publisher="Direction générale de l'aménagement, du logement et de la nature",
        ),
        Record(
            "PATRINAT_ZNIEFF1",
            "ZNIEFF de type I",
            "Zones naturelles d'intérêt écologique, faunistique et floristique.",
            ("Sites protégés", "Répartition des espèces"),
            "2026-01-20",
            (Link("/wfs/ows", "OGC:WFS", "patrinat_znieff1:znieff1"),),
            publisher="PatriNat",
        ),
        Record(
            "IGNF_PLAN-IGN-V2",
            "Plan IGN v2 <service & images>",
            "Cartographie multi-échelles, en images.",
            ("Cartographie",),
            "2026-09-01",
            (Link("/wmts", "OGC:WMTS", "GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2"),),
            kind="service",
        ),
        Record(
            "IGNF_OBJETS",
            "Catalogue des objets géographiques",
            "Classes, attributs et valeurs.",
            ("Catalogue d'objets",),
            "2026-06-15",
            iso=(),
        ),
        Record(
            "IGNF_RPG",
            "Registre parcellaire graphique",
            "Parcelles que les exploitants déclarent pour les aides de la politique agricole commune.",
            ("Installations agricoles et aquacoles",),
            "2026-03-02",
            (Link("/wfs/ows", "OGC:WFS", "RPG.LATEST:parcelles_graphiques"),),
            iso=(MDB,),
        ),
    ]
    found += [
        Record(
            f"ESSAI_{number:03}",
            f"Fiche d'essai {number:03}",
            "Une fiche parmi d'autres, pour que le catalogue ait des pages.",
            ("essai",),
            f"2025-{number % 12 + 1:02}-01",
            kind="series" if number % 10 == 0 else "dataset",
            extent_crs84=(-61.9, 15.8, -61.0, 16.6) if number % 5 == 0 else EXTENT_CRS84,
        )
        for number in range(_MORE)
    ]
    return found


RECORDS: list[Record] = _records()


def write(record: Record, schema: str, element_set: str, base: str) -> str:
    """Write a record in one of the schemas; `base` is the stand-in's address."""
    if schema == GMD:
        return _iso_19139(record, base)
    if schema == MDB:
        return _iso_19115_3(record, base)
    return _dublin_core(record, element_set, base)


def _dublin_core(record: Record, element_set: str, base: str) -> str:
    name = {"full": "Record", "brief": "BriefRecord"}.get(element_set, "SummaryRecord")
    west, south, east, north = record.extent_crs84
    box = (
        f'<ows:BoundingBox crs="urn:ogc:def:crs:OGC:1.3:CRS84"><ows:LowerCorner>{west} {south}</ows:LowerCorner>'
        f"<ows:UpperCorner>{east} {north}</ows:UpperCorner></ows:BoundingBox>"
    )
    parts = [
        f"<dc:identifier>{record.identifier}</dc:identifier>",
        f"<dc:title>{escape(record.title)}</dc:title>",
        f"<dc:type>{record.kind}</dc:type>",
    ]
    if element_set != "brief":
        parts += [f"<dc:subject>{escape(subject)}</dc:subject>" for subject in record.subjects]
        parts += [
            "<dc:format>GeoPackage</dc:format>",
            f"<dct:abstract>{escape(record.abstract)}</dct:abstract>",
            f"<dct:modified>{record.modified}</dct:modified>",
        ]
    if element_set == "full":
        parts += [
            f"<dc:date>{record.modified}</dc:date>",
            f"<dc:description>{escape(record.abstract)}</dc:description>",
            f"<dc:rights>{_LICENCE}</dc:rights>",
            f"<dc:publisher>{escape(record.publisher)}</dc:publisher>",
            "<dc:language>fre</dc:language>",
        ]
        parts += [_uri(link, base) for link in record.links]
    return f"<csw:{name}>{''.join(parts)}{box}</csw:{name}>"


def _uri(link: Link, base: str) -> str:
    named = f"protocol={quoteattr(link.protocol)} name={quoteattr(link.name)}"
    return f"<dc:URI {named}>{escape(base + link.path)}</dc:URI>"


def _iso_19139(record: Record, base: str) -> str:
    west, south, east, north = record.extent_crs84
    keywords = "".join(f"<gmd:keyword>{_text(subject)}</gmd:keyword>" for subject in record.subjects)
    links = "".join(
        f"<gmd:onLine><gmd:CI_OnlineResource><gmd:linkage><gmd:URL>{escape(base + link.path)}</gmd:URL></gmd:linkage>"
        f"<gmd:protocol>{_text(link.protocol)}</gmd:protocol><gmd:name>{_text(link.name)}</gmd:name>"
        "</gmd:CI_OnlineResource></gmd:onLine>"
        for link in record.links
    )
    return (
        f'<gmd:MD_Metadata xmlns:gmd="{GMD}" xmlns:gco="http://www.isotc211.org/2005/gco">'
        f"<gmd:fileIdentifier>{_text(record.identifier)}</gmd:fileIdentifier>"
        f"<gmd:language>{_text('fre')}</gmd:language>"
        f'<gmd:hierarchyLevel><gmd:MD_ScopeCode codeList="#" codeListValue="{record.kind}"/></gmd:hierarchyLevel>'
        f"<gmd:contact>{_party(record)}</gmd:contact>"
        f"<gmd:dateStamp><gco:Date>{record.modified}</gco:Date></gmd:dateStamp>"
        "<gmd:identificationInfo><gmd:MD_DataIdentification><gmd:citation><gmd:CI_Citation>"
        f"<gmd:title>{_text(record.title)}</gmd:title><gmd:date><gmd:CI_Date><gmd:date><gco:Date>{record.modified}"
        '</gco:Date></gmd:date><gmd:dateType><gmd:CI_DateTypeCode codeList="#" codeListValue="revision"/>'
        "</gmd:dateType>"
        f"</gmd:CI_Date></gmd:date></gmd:CI_Citation></gmd:citation><gmd:abstract>{_text(record.abstract)}"
        f"</gmd:abstract><gmd:pointOfContact>{_party(record)}</gmd:pointOfContact>"
        f"<gmd:descriptiveKeywords><gmd:MD_Keywords>{keywords}</gmd:MD_Keywords></gmd:descriptiveKeywords>"
        "<gmd:resourceConstraints><gmd:MD_LegalConstraints><gmd:otherConstraints>"
        f"{_text(_LICENCE)}</gmd:otherConstraints></gmd:MD_LegalConstraints></gmd:resourceConstraints>"
        f"<gmd:language>{_text('fre')}</gmd:language><gmd:extent><gmd:EX_Extent><gmd:geographicElement>"
        "<gmd:EX_GeographicBoundingBox>"
        f"<gmd:westBoundLongitude>{_decimal(west)}</gmd:westBoundLongitude>"
        f"<gmd:eastBoundLongitude>{_decimal(east)}</gmd:eastBoundLongitude>"
        f"<gmd:southBoundLatitude>{_decimal(south)}</gmd:southBoundLatitude>"
        f"<gmd:northBoundLatitude>{_decimal(north)}</gmd:northBoundLatitude>"
        "</gmd:EX_GeographicBoundingBox></gmd:geographicElement></gmd:EX_Extent></gmd:extent>"
        "</gmd:MD_DataIdentification></gmd:identificationInfo><gmd:distributionInfo><gmd:MD_Distribution>"
        "<gmd:transferOptions><gmd:MD_DigitalTransferOptions>"
        f"{links}</gmd:MD_DigitalTransferOptions></gmd:transferOptions></gmd:MD_Distribution></gmd:distributionInfo>"
        "</gmd:MD_Metadata>"
    )


def _iso_19115_3(record: Record, base: str) -> str:
    def text(value: str) -> str:
        return f"<gco:CharacterString>{escape(value)}</gco:CharacterString>"

    links = "".join(
        "<mrd:onLine><cit:CI_OnlineResource>"
        f"<cit:linkage>{text(base + link.path)}</cit:linkage><cit:protocol>{text(link.protocol)}</cit:protocol>"
        f"<cit:name>{text(link.name)}</cit:name></cit:CI_OnlineResource></mrd:onLine>"
        for link in record.links
    )
    iso = "http://standards.iso.org/iso/19115/-3"
    spaces = {"mcc": "mcc/1.0", "cit": "cit/2.0", "mri": "mri/1.0", "mrd": "mrd/1.0", "gco": "gco/1.0"}
    declared = "".join(f' xmlns:{prefix}="{iso}/{path}"' for prefix, path in spaces.items())
    return (
        f'<mdb:MD_Metadata xmlns:mdb="{MDB}"{declared}><mdb:metadataIdentifier><mcc:MD_Identifier>'
        f"<mcc:code>{text(record.identifier)}</mcc:code></mcc:MD_Identifier></mdb:metadataIdentifier>"
        "<mdb:identificationInfo><mri:MD_DataIdentification><mri:citation><cit:CI_Citation>"
        f"<cit:title>{text(record.title)}</cit:title></cit:CI_Citation></mri:citation>"
        f"<mri:abstract>{text(record.abstract)}</mri:abstract></mri:MD_DataIdentification></mdb:identificationInfo>"
        "<mdb:distributionInfo><mrd:MD_Distribution><mrd:transferOptions><mrd:MD_DigitalTransferOptions>"
        f"{links}</mrd:MD_DigitalTransferOptions></mrd:transferOptions></mrd:MD_Distribution></mdb:distributionInfo>"
        "</mdb:MD_Metadata>"
    )


def _party(record: Record) -> str:
    return (
        f"<gmd:CI_ResponsibleParty><gmd:organisationName>{_text(record.publisher)}</gmd:organisationName>"
        '<gmd:role><gmd:CI_RoleCode codeList="#" codeListValue="pointOfContact"/></gmd:role></gmd:CI_ResponsibleParty>'
    )


def _text(value: str) -> str:
    return f"<gco:CharacterString>{escape(value)}</gco:CharacterString>"


def _decimal(value: float) -> str:
    return f"<gco:Decimal>{value}</gco:Decimal>"
