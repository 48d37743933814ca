"""Drafts a declaration from a file, for `territoire dataset new`: what it cannot know is marked `À COMPLÉTER`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
import yaml
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError

from etl import extract, guess, report
from etl.extract import Landed
from etl.guess import Field
from territoire.core.errors import SourceError
from territoire.core.models import Dataset
from territoire.core.vocabulary import Vocabulary

MARK = "À COMPLÉTER"
_BATCH = 16_384
_LAMBERT_93 = 2154
_NO_KEY_REMEDY = (
    "add one in QGIS and save (field calculator, a new field of whole numbers, expression $id), or have its producer do"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A declaration to be completed: its id, theme and text."""

    id: str
    theme: str
    text: str


@dataclass(frozen=True, slots=True)
class Content:
    """What is known of a layer: what reading it has shown, or what its service says."""

    layer: str | None
    """Its name, where the file has several."""
    fields: tuple[Field, ...]
    left_out: tuple[tuple[str, str], ...]
    """Fields that cannot be published, with their OGR types."""
    encoding: str | None
    geometry: str | None
    srid: int
    crs_guessed: bool
    srid_guessed: bool


def draft(
    file: str, *, layer: str | None, wanted_id: str | None, theme: str | None, vocabulary: Vocabulary, landing: Path
) -> Draft:
    """Read a file and write the declaration that it suggests; SourceError where none can be drafted."""
    is_address = file.startswith(("http://", "https://"))
    url = file if is_address else str(Path(file).expanduser().resolve())
    [landed] = extract.extract(
        _probe("http" if is_address else "file", url),
        folder=landing / "draft" / "0",
        relative_to=landing,
        override=[],
        report=report.Silent(),
    )
    content = _read(landed, layer)
    chosen = guess.key(content.fields)
    if chosen is None:
        raise _no_key(url, content)
    stem = content.layer or Path(url.rstrip("/")).name.split(".")[0]
    name = wanted_id or guess.identifier(stem, prefix="jeu")[:40].rstrip("_")
    placed = theme or next(iter(vocabulary.themes))
    lines = [
        *head(name, stem, theme, vocabulary),
        *_source("http" if is_address else "file", url, content),
        _key(chosen),
        *body(content, chosen),
    ]
    return Draft(id=name, theme=placed, text="\n".join(lines) + "\n")


def _probe(kind: str, url: str) -> Dataset:
    """Return the smallest dataset whose source is this file: what extract wants to hear."""
    text = {"fr": "-"}
    column = {"name": "id", "type": "text", "title": text}
    words = {"id": "draft", "title": text, "abstract": text, "theme": "-", "producer": "-", "licence": "-"}
    return Dataset.model_validate({**words, "source": {"kind": kind, "url": url}, "key": "id", "columns": [column]})


def _no_key(url: str, content: Content) -> SourceError:
    """Say which fields might have been the key, and why each is not."""
    reasons = "; ".join(f"{one.name} {one.why_no_key}" for one in guess.key_like(content.fields)[:4])
    return SourceError(
        f"{url}: no field is unique and never empty, and a dataset needs such a key: {reasons or 'there is no field'}",
        remedy=_NO_KEY_REMEDY,
    )


def _read(landed: Landed, wanted: str | None) -> Content:
    try:
        name, several = _layer(landed, wanted)
        info: dict[str, Any] = pyogrio.read_info(landed.opens, layer=name)  # of pyogrio's own making
        taken: set[str] = set()
        fields: list[Field] = []
        left_out: list[tuple[str, str]] = []
        for field, ogr_type, subtype in zip(info["fields"], info["ogr_types"], info["ogr_subtypes"], strict=True):
            column_type = guess.column_type(ogr_type, subtype)
            if column_type is None:
                left_out.append((str(field), str(ogr_type).removeprefix("OFT")))
            else:
                fields.append(Field(str(field), guess.column_name(str(field), taken), column_type))
        encoding, kinds = _look(landed, name, fields, has_geometry=info["geometry_type"] is not None)
    except (DataSourceError, DataLayerError, pa.ArrowException, RuntimeError) as exc:
        raise SourceError(f"{landed.url}: cannot be read: {exc}", remedy="open it in QGIS to see what it is") from exc
    srid, crs_guessed, srid_guessed = _srid(info)
    return Content(
        layer=name if several else None,
        fields=tuple(fields),
        left_out=tuple(left_out),
        encoding=encoding,
        geometry=None if kinds is None else guess.geometry_type(kinds),
        srid=srid,
        crs_guessed=crs_guessed,
        srid_guessed=srid_guessed,
    )


def _layer(landed: Landed, wanted: str | None) -> tuple[str, bool]:
    """Return the layer's name, and whether the file has several."""
    names = [str(row[0]) for row in pyogrio.list_layers(landed.opens)]
    if len(names) == 1 and wanted is None:
        return names[0], False
    for name in names:
        if wanted is not None and name.lower() == wanted.lower():
            return name, len(names) > 1
    said = f"there is no layer {wanted!r}" if wanted else f"the file has {len(names)} layers"
    remedy = f"--layer one of: {', '.join(names)}" if names else "open it in QGIS to see what it is"
    raise SourceError(f"{landed.url}: {said}", remedy=remedy)


def _look(landed: Landed, layer: str, fields: list[Field], *, has_geometry: bool) -> tuple[str | None, set[str] | None]:
    """Read all values; return the encoding that the file does not say, and the types of its geometries."""
    for encoding in (None, "cp1252"):
        for one in fields:
            one.seen.clear()
            one.why_no_key = ""
        try:
            return encoding, _scan(landed, layer, fields, encoding=encoding, has_geometry=has_geometry)
        except (pa.ArrowInvalid, UnicodeDecodeError):
            continue  # texts of an old shapefile: not UTF-8, whatever GDAL believed
    raise SourceError(f"{landed.url}: its texts are in an unknown encoding", remedy="save it as GeoPackage in QGIS")


def _scan(
    landed: Landed, layer: str, fields: list[Field], *, encoding: str | None, has_geometry: bool
) -> set[str] | None:
    kinds: set[str] = set()
    start = 0
    with pyogrio.open_arrow(
        landed.opens,
        layer=layer,
        columns=[one.name for one in fields],
        encoding=encoding,
        read_geometry=has_geometry,
        batch_size=_BATCH,
        use_pyarrow=True,
    ) as (meta, reader):
        for batch in reader:
            for one in fields:
                values = batch.column(one.name)
                if one.type == "text":
                    values.validate(full=True)
                guess.look(one, values, start)
            if has_geometry:
                kinds |= guess.geometry_types(batch.column(meta["geometry_name"] or "wkb_geometry"))
            start += batch.num_rows
    if start == 0:
        raise SourceError(f"{landed.url}: the layer holds no feature", remedy="draft it from a file that has some")
    return kinds if has_geometry else None


def _srid(info: dict[str, Any]) -> tuple[int, bool, bool]:  # of pyogrio's own making
    """Return the SRID to publish in, whether the file's CRS was guessed, and whether the SRID is another's."""
    if not info["crs"]:
        bounds = info["total_bounds"]
        degrees = bounds is not None and all(abs(bound) <= 180 for bound in bounds)
        return (4326 if degrees else _LAMBERT_93), info["geometry_type"] is not None, False
    try:
        code = CRS.from_user_input(info["crs"]).to_epsg(min_confidence=70)
    except CRSError:
        code = None
    return (code, False, False) if code else (_LAMBERT_93, False, True)


def head(name: str, stem: str, theme: str | None, vocabulary: Vocabulary) -> list[str]:
    """Write the lines of a declaration that say what it is and whose."""
    producer = "autre" if "autre" in vocabulary.producers else next(iter(vocabulary.producers))
    licence = next(iter(vocabulary.licences))
    title = text(stem.replace("_", " ").capitalize())
    return [
        "# yaml-language-server: $schema=../dataset.schema.json",
        f"id: {name}",
        f"title: {{fr: {title}, en: {title}}}  # {MARK}",
        f"abstract:  # {MARK} : ce que le jeu contient, d'où il vient, ce qui lui manque",
        "  fr: À compléter.",
        "  en: To be completed.",
        f"theme: {theme or next(iter(vocabulary.themes))}"
        + ("" if theme else f"  # {MARK} : {', '.join(vocabulary.themes)}"),
        f"producer: {producer}  # {MARK} : un mot de _vocabulary/producers.yml, où ajouter le vôtre",
        f"licence: {licence}  # {MARK} : celle que dit le producteur ; {', '.join(vocabulary.licences)}",
    ]


def _source(kind: str, url: str, content: Content) -> list[str]:
    lines = ["source:"]
    if kind == "http":
        lines.append("  kind: http")
    lines.append(f"  url: {text(url)}")
    if content.layer:
        lines.append(f"  layer: {text(content.layer)}")
    if content.encoding:
        lines.append(
            f"  encoding: {content.encoding}  # {MARK} : supposé, le fichier ne le dit pas ; voyez les accents"
        )
    if content.crs_guessed:
        lines.append(f"  crs: EPSG:{content.srid}  # {MARK} : supposé, le fichier ne le dit pas")
    lines.append(f'  # millesime: "2024"  # {MARK} : l\'édition des données, entre guillemets')
    return lines


def _key(chosen: Field) -> str:
    line = f"key: {chosen.column}  # unique et jamais vide dans ce fichier"
    return line if guess.is_named_key(chosen) else f"{line} ; {MARK} : l'est-elle par nature ?"


def body(content: Content, chosen: Field) -> list[str]:
    """Write the lines of a declaration from `label` to `geometry`, for the key that was chosen."""
    return [*_label(content), *_columns(content, chosen), *_geometry(content)]


def _label(content: Content) -> list[str]:
    found = guess.label(content.fields)
    if found:
        return [f"label: {found.column}"]
    return [f"# label: nom  # {MARK} : la colonne de texte qui nomme un objet, s'il y en a une"]


def _columns(content: Content, chosen: Field) -> list[str]:
    lines = [f"columns:  # {MARK} : les titres viennent des champs ; ôtez ce qui n'est pas à publier, dites `unit:`"]
    for one in content.fields:
        title = text(one.name.replace("_", " ").strip().capitalize() or one.column)
        source = "" if one.name == one.column else f"from: {text(one.name)}, "
        filled = ", nullable: false" if one is chosen else ""
        lines.append(f"  - {{name: {one.column}, {source}type: {one.type}, title: {{fr: {title}}}{filled}}}")
    lines += [f"  # champ {name} ({kind}) : ce type ne se publie pas" for name, kind in content.left_out]
    return lines


def _geometry(content: Content) -> list[str]:
    if content.geometry is None:
        return []
    line = f"geometry: {{type: {content.geometry}, srid: {content.srid}}}"
    if content.srid_guessed:
        line += f"  # {MARK} : le système du fichier n'a pas de code EPSG ; il sera reprojeté"
    return [line]


def text(value: str) -> str:
    """Write a text as YAML reads it back: plain where that is safe, else in quotes."""
    if re.fullmatch(r"[^\W\d_][\w '’-]*", value) and yaml.safe_load(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)
