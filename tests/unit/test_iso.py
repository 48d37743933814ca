"""Records of metadata are read alike from ISO 19139 and ISO 19115-3, and nothing that users need is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]  # it publishes no types
from owslib.iso import MD_Metadata

from territoire.core.errors import UpstreamError
from territoire.geoplateforme import iso
from territoire.geoplateforme.record import Constraint, Contact, Dates, Keyword, Link, Record

_GMD = (
    'xmlns:gmd="http://www.isotc211.org/2005/gmd" xmlns:gco="http://www.isotc211.org/2005/gco"'
    ' xmlns:gmx="http://www.isotc211.org/2005/gmx" xmlns:xlink="http://www.w3.org/1999/xlink"'
)
_ISO = "http://standards.iso.org/iso/19115/-3"
_MDB = (
    f'xmlns:mdb="{_ISO}/mdb/2.0" xmlns:cit="{_ISO}/cit/2.0" xmlns:mri="{_ISO}/mri/1.0" xmlns:mcc="{_ISO}/mcc/1.0"'
    f' xmlns:mrd="{_ISO}/mrd/1.0" xmlns:mco="{_ISO}/mco/1.0" xmlns:mrl="{_ISO}/mrl/2.0" xmlns:gex="{_ISO}/gex/1.0"'
    f' xmlns:lan="{_ISO}/lan/1.0" xmlns:mrs="{_ISO}/mrs/1.0" xmlns:gco="{_ISO}/gco/1.0" xmlns:gcx="{_ISO}/gcx/1.0"'
    ' xmlns:xlink="http://www.w3.org/1999/xlink"'
)
_ETALAB = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"


def _text(said: str) -> str:
    return f"<gco:CharacterString>{said}</gco:CharacterString>"


def _code(name: str, value: str) -> str:
    return f'<{name} codeListValue="{value}">{value.upper()}</{name}>'


def _date(prefix: str, kind: str, day: str) -> str:
    return (
        f"<{prefix}:date><{prefix}:CI_Date><{prefix}:date><gco:Date>{day}</gco:Date></{prefix}:date>"
        f"<{prefix}:dateType>{_code(f'{prefix}:CI_DateTypeCode', kind)}</{prefix}:dateType>"
        f"</{prefix}:CI_Date></{prefix}:date>"
    )


def _box(prefix: str, sides: tuple[str, ...]) -> str:
    names = ("westBoundLongitude", "southBoundLatitude", "eastBoundLongitude", "northBoundLatitude")
    inner = "".join(
        f"<{prefix}:{name}><gco:Decimal>{side}</gco:Decimal></{prefix}:{name}>"
        for name, side in zip(names, sides, strict=True)
    )
    return (
        f"<{prefix}:EX_Extent><{prefix}:geographicElement><{prefix}:EX_GeographicBoundingBox>{inner}"
        f"</{prefix}:EX_GeographicBoundingBox></{prefix}:geographicElement></{prefix}:EX_Extent>"
    )


def _keywords(prefix: str, citation: str) -> str:
    return (
        f"<{prefix}:descriptiveKeywords><{prefix}:MD_Keywords><{prefix}:keyword>{_text('Bâtiments')}</{prefix}:keyword>"
        f"<{prefix}:thesaurusName><{citation}:CI_Citation><{citation}:title>{_text('GEMET')}</{citation}:title>"
        f"</{citation}:CI_Citation></{prefix}:thesaurusName></{prefix}:MD_Keywords></{prefix}:descriptiveKeywords>"
        f"<{prefix}:descriptiveKeywords><{prefix}:MD_Keywords><{prefix}:keyword>{_text('maison')}</{prefix}:keyword>"
        f"</{prefix}:MD_Keywords></{prefix}:descriptiveKeywords>"
    )


def _constraints(prefix: str, anchor: str) -> str:
    return (
        f"<{prefix}:MD_LegalConstraints><{prefix}:useLimitation>{_text('Usage libre')}</{prefix}:useLimitation>"
        f"<{prefix}:useLimitation>{_text('Pas de la navigation')}</{prefix}:useLimitation>"
        f'<{prefix}:otherConstraints><{anchor}:Anchor xlink:href="{_ETALAB}">Licence Ouverte</{anchor}:Anchor>'
        f"</{prefix}:otherConstraints></{prefix}:MD_LegalConstraints>"
    )


def _crs(prefix: str, identifier: str, code: str) -> str:
    return (
        f"<{prefix}:MD_ReferenceSystem><{prefix}:referenceSystemIdentifier><{identifier}><{identifier[:3]}:code>"
        f"{_text(code)}</{identifier[:3]}:code></{identifier}></{prefix}:referenceSystemIdentifier>"
        f"</{prefix}:MD_ReferenceSystem>"
    )


def _online(prefix: str, url: str, protocol: str, name: str, address: str) -> str:
    return (
        f"<{prefix}:CI_OnlineResource><{prefix}:linkage>{address.format(url)}</{prefix}:linkage>"
        f"<{prefix}:protocol>{_text(protocol)}</{prefix}:protocol><{prefix}:name>{_text(name)}</{prefix}:name>"
        f"</{prefix}:CI_OnlineResource>"
    )


def _iso_19139() -> str:
    url = "<gmd:URL>{}</gmd:URL>"
    party = (
        f"<gmd:CI_ResponsibleParty><gmd:individualName>{_text('A. B.')}</gmd:individualName><gmd:organisationName>"
        f"{_text('IGN')}</gmd:organisationName><gmd:contactInfo><gmd:CI_Contact><gmd:address><gmd:CI_Address>"
        f"<gmd:electronicMailAddress>{_text('sav@ign.fr')}</gmd:electronicMailAddress></gmd:CI_Address></gmd:address>"
        "<gmd:onlineResource><gmd:CI_OnlineResource><gmd:linkage><gmd:URL>https://www.ign.fr</gmd:URL></gmd:linkage>"
        "</gmd:CI_OnlineResource></gmd:onlineResource></gmd:CI_Contact></gmd:contactInfo>"
        f"<gmd:role>{_code('gmd:CI_RoleCode', 'owner')}</gmd:role></gmd:CI_ResponsibleParty>"
    )
    options = "gmd:MD_DigitalTransferOptions"
    formats = "".join(
        f"<gmd:distributionFormat><gmd:MD_Format><gmd:name>{_text(name)}</gmd:name></gmd:MD_Format>"
        "</gmd:distributionFormat>"
        for name in ("GPKG", "FlatGeobuf")
    )
    return (
        f"<gmd:MD_Metadata {_GMD}><gmd:fileIdentifier>{_text('IGNF_BD-TOPO')}</gmd:fileIdentifier>"
        f"<gmd:language>{_code('gmd:LanguageCode', 'fre')}</gmd:language>"
        f"<gmd:hierarchyLevel>{_code('gmd:MD_ScopeCode', 'series')}</gmd:hierarchyLevel>"
        f"<gmd:contact>{party}</gmd:contact><gmd:dateStamp><gco:Date>2026-06-20</gco:Date></gmd:dateStamp>"
        f"<gmd:referenceSystemInfo>{_crs('gmd', 'gmd:RS_Identifier', 'EPSG:2154')}</gmd:referenceSystemInfo>"
        "<gmd:referenceSystemInfo>"
        f"{_crs('gmd', 'gmd:RS_Identifier', 'urn:ogc:def:crs:EPSG::5490')}</gmd:referenceSystemInfo>"
        "<gmd:identificationInfo><gmd:MD_DataIdentification><gmd:citation><gmd:CI_Citation>"
        f"<gmd:title>{_text('BD  TOPO')}</gmd:title>{_date('gmd', 'creation', '2008-01-01')}"
        f"{_date('gmd', 'publication', '2026-06-15')}{_date('gmd', 'publication', '2026-03-15')}"
        f"<gmd:edition>{_text('2026-06')}</gmd:edition></gmd:CI_Citation></gmd:citation>"
        f"<gmd:abstract>{_text('Une ligne.&#10;Une autre.')}</gmd:abstract>"
        f"<gmd:pointOfContact>{party}</gmd:pointOfContact>{_keywords('gmd', 'gmd')}"
        f"<gmd:resourceConstraints>{_constraints('gmd', 'gmx')}</gmd:resourceConstraints>"
        "<gmd:spatialResolution><gmd:MD_Resolution><gmd:equivalentScale><gmd:MD_RepresentativeFraction>"
        "<gmd:denominator><gco:Integer>5000</gco:Integer></gmd:denominator></gmd:MD_RepresentativeFraction>"
        "</gmd:equivalentScale></gmd:MD_Resolution></gmd:spatialResolution><gmd:spatialResolution><gmd:MD_Resolution>"
        '<gmd:distance><gco:Distance uom="http://standards.iso.org/units#m">1.0</gco:Distance></gmd:distance>'
        "</gmd:MD_Resolution></gmd:spatialResolution>"
        f"<gmd:extent>{_box('gmd', ('4.2', '42.9', '7.8', '45.2'))}</gmd:extent>"
        f"<gmd:extent>{_box('gmd', ('-62', '15.8', '-61', '16.6'))}</gmd:extent>"
        f"<gmd:extent>{_box('gmd', ('ouest', '15.8', '-61', '96'))}</gmd:extent>"
        "</gmd:MD_DataIdentification></gmd:identificationInfo><gmd:distributionInfo><gmd:MD_Distribution>"
        f"{formats}<gmd:distributor><gmd:MD_Distributor><gmd:distributorContact>{party}"
        f"</gmd:distributorContact><gmd:distributorTransferOptions><{options}><gmd:onLine>"
        f"{_online('gmd', 'https://ign.example/topo.7z', 'WWW:DOWNLOAD', 'R93', url)}</gmd:onLine></{options}>"
        "</gmd:distributorTransferOptions></gmd:MD_Distributor></gmd:distributor>"
        f"<gmd:transferOptions><{options}><gmd:onLine>"
        f"{_online('gmd', 'https://ign.example/wfs', 'OGC:WFS', 'BDTOPO_V3:batiment', url)}</gmd:onLine></{options}>"
        "</gmd:transferOptions></gmd:MD_Distribution></gmd:distributionInfo><gmd:dataQualityInfo><gmd:DQ_DataQuality>"
        f"<gmd:lineage><gmd:LI_Lineage><gmd:statement>{_text('Saisie')}</gmd:statement></gmd:LI_Lineage></gmd:lineage>"
        "</gmd:DQ_DataQuality></gmd:dataQualityInfo></gmd:MD_Metadata>"
    )


def _iso_19115_3() -> str:
    party = (
        f"<cit:CI_Responsibility><cit:role>{_code('cit:CI_RoleCode', 'owner')}</cit:role><cit:party>"
        f"<cit:CI_Organisation><cit:name>{_text('IGN')}</cit:name><cit:contactInfo><cit:CI_Contact><cit:address>"
        f"<cit:CI_Address><cit:electronicMailAddress>{_text('sav@ign.fr')}</cit:electronicMailAddress></cit:CI_Address>"
        "</cit:address></cit:CI_Contact></cit:contactInfo><cit:individual><cit:CI_Individual>"
        f"<cit:name>{_text('A. B.')}"
        "</cit:name></cit:CI_Individual></cit:individual></cit:CI_Organisation></cit:party></cit:CI_Responsibility>"
    )
    stamps = "".join(
        f"<mdb:dateInfo>{_date('cit', kind, day).removeprefix('<cit:date>').removesuffix('</cit:date>')}</mdb:dateInfo>"
        for kind, day in (("creation", "2008-02-02"), ("revision", "2026-06-20"))
    )
    links = "".join(
        f"<mrd:onLine>{_online('cit', *one, _text('{}'))}</mrd:onLine>"
        for one in (
            ("https://ign.example/wfs", "OGC:WFS", "BDTOPO_V3:batiment"),
            ("https://ign.example/topo.7z", "WWW:DOWNLOAD", "R93"),
        )
    )
    formats = "".join(
        "<mrd:distributionFormat><mrd:MD_Format><mrd:formatSpecificationCitation><cit:CI_Citation>"
        f"<cit:title>{_text(name)}</cit:title></cit:CI_Citation></mrd:formatSpecificationCitation></mrd:MD_Format>"
        "</mrd:distributionFormat>"
        for name in ("GPKG", "FlatGeobuf")
    )
    return (
        f"<mdb:MD_Metadata {_MDB}><mdb:metadataIdentifier><mcc:MD_Identifier><mcc:code>{_text('IGNF_BD-TOPO')}"
        "</mcc:code></mcc:MD_Identifier></mdb:metadataIdentifier><mdb:defaultLocale><lan:PT_Locale><lan:language>"
        f"{_code('lan:LanguageCode', 'fre')}</lan:language></lan:PT_Locale></mdb:defaultLocale><mdb:metadataScope>"
        f"<mdb:MD_MetadataScope><mdb:resourceScope>{_code('mcc:MD_ScopeCode', 'series')}</mdb:resourceScope>"
        f"</mdb:MD_MetadataScope></mdb:metadataScope><mdb:contact>{party}</mdb:contact>{stamps}"
        f"<mdb:referenceSystemInfo>{_crs('mrs', 'mcc:MD_Identifier', 'EPSG:2154')}</mdb:referenceSystemInfo>"
        "<mdb:referenceSystemInfo>"
        f"{_crs('mrs', 'mcc:MD_Identifier', 'http://www.opengis.net/def/crs/EPSG/0/5490')}</mdb:referenceSystemInfo>"
        "<mdb:identificationInfo><mri:MD_DataIdentification><mri:citation><cit:CI_Citation>"
        f"<cit:title>{_text('BD TOPO')}</cit:title>{_date('cit', 'creation', '2008-01-01')}"
        f"{_date('cit', 'publication', '2026-06-15')}<cit:edition>{_text('2026-06')}</cit:edition></cit:CI_Citation>"
        f"</mri:citation><mri:abstract>{_text('Une ligne.&#10;Une autre.')}</mri:abstract>"
        "<mri:spatialResolution><mri:MD_Resolution><mri:equivalentScale><mri:MD_RepresentativeFraction>"
        "<mri:denominator><gco:Integer>5000</gco:Integer></mri:denominator></mri:MD_RepresentativeFraction>"
        "</mri:equivalentScale></mri:MD_Resolution></mri:spatialResolution><mri:spatialResolution><mri:MD_Resolution>"
        '<mri:distance><gco:Distance uom="m">1</gco:Distance></mri:distance></mri:MD_Resolution>'
        f"</mri:spatialResolution><mri:extent>{_box('gex', ('4.2', '42.9', '7.8', '45.2'))}</mri:extent>"
        f"<mri:extent>{_box('gex', ('-62', '15.8', '-61', '16.6'))}</mri:extent>{_keywords('mri', 'cit')}"
        f"<mri:resourceConstraints>{_constraints('mco', 'gcx')}</mri:resourceConstraints>"
        "</mri:MD_DataIdentification></mdb:identificationInfo><mdb:distributionInfo><mrd:MD_Distribution>"
        f"{formats}<mrd:transferOptions><mrd:MD_DigitalTransferOptions>{links}"
        "</mrd:MD_DigitalTransferOptions></mrd:transferOptions></mrd:MD_Distribution></mdb:distributionInfo>"
        f"<mdb:resourceLineage><mrl:LI_Lineage><mrl:statement>{_text('Saisie')}</mrl:statement></mrl:LI_Lineage>"
        "</mdb:resourceLineage></mdb:MD_Metadata>"
    )


EXPECTED = Record(
    identifier="IGNF_BD-TOPO",
    title="BD TOPO",
    abstract="Une ligne.\nUne autre.",
    kind="series",
    language="fre",
    keywords=(Keyword("Bâtiments", "GEMET"), Keyword("maison")),
    dates=Dates(creation="2008-01-01", publication="2026-06-15", metadata="2026-06-20"),
    edition="2026-06",
    box_crs84=(-62.0, 15.8, 7.8, 45.2),
    scale=5000,
    resolution="1 m",
    lineage="Saisie",
    constraints=(
        Constraint("Licence Ouverte", _ETALAB),
        Constraint("Usage libre"),
        Constraint("Pas de la navigation"),
    ),
    contacts=(Contact("IGN", "A. B.", "sav@ign.fr", "owner"),),
    crs=("EPSG:2154", "EPSG:5490"),
    formats=("GPKG", "FlatGeobuf"),
    links=(
        Link("https://ign.example/topo.7z", "WWW:DOWNLOAD", "R93"),
        Link("https://ign.example/wfs", "OGC:WFS", "BDTOPO_V3:batiment"),
    ),
)


@pytest.mark.parametrize("written", [_iso_19139(), _iso_19115_3()], ids=["19139", "19115-3"])
def test_a_record_says_the_same_in_both_standards(written: str) -> None:
    read = iso.read(written.encode())
    assert set(read.links) == set(EXPECTED.links)
    for name in Record.__dataclass_fields__.keys() - {"links"}:
        assert getattr(read, name) == getattr(EXPECTED, name), name
    assert read.licence == Constraint("Licence Ouverte", _ETALAB)


def test_an_answer_of_a_catalogue_holds_several_records_and_one_without_any_is_refused() -> None:
    answer = (
        f'<csw:Results xmlns:csw="http://www.opengis.net/cat/csw/2.0.2">{_iso_19139()}{_iso_19115_3()}</csw:Results>'
    )
    assert [one.identifier for one in iso.records(answer.encode())] == ["IGNF_BD-TOPO", "IGNF_BD-TOPO"]
    with pytest.raises(UpstreamError, match="no record"):
        iso.read(b"<a/>")
    with pytest.raises(UpstreamError, match="document type"):
        iso.read(b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>')


def test_an_empty_record_is_read_too() -> None:
    read = iso.read(f"<gmd:MD_Metadata {_GMD}/>".encode())
    assert (read.identifier, read.title, read.kind) == ("", "", "dataset")
    assert read.box_crs84 is None
    assert read.links == read.crs == read.contacts == ()


def test_owslib_still_loses_what_our_reader_keeps() -> None:
    """A fixed OWSLib fails here: then look whether its reader can take the place of ours."""
    read = MD_Metadata(etree.fromstring(_iso_19139().encode()))
    [about] = read.identification
    assert read.referencesystem is not None
    assert read.distribution is not None
    assert read.referencesystem.code == EXPECTED.crs[0]
    assert read.distribution.format == EXPECTED.formats[0]
    assert (about.bbox.minx, about.bbox.maxx) == ("4.2", "7.8")


@pytest.mark.real_data
def test_every_real_record_is_read(real_data: Path) -> None:
    folder = real_data / "metadonnees-iso19139-france"
    found = [one for file in sorted(folder.rglob("*.xml")) for one in iso.records(file.read_bytes())]
    assert len(found) == 21
    assert all(one.identifier and one.title and one.abstract and one.dates.metadata for one in found)
    assert sum(len(one.links) for one in found) == 138
    assert sum(bool(one.contacts) for one in found) == 20
    assert sum(one.box_crs84 is not None for one in found) == 20
    assert sum(one.licence is not None for one in found) == 12
