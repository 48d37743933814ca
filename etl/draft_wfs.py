"""Drafts a declaration from a feature type of the Géoplateforme: its schema says the columns, not what they hold."""

from __future__ import annotations

from collections.abc import Sequence

from etl import draft, guess
from etl.draft import MARK, Content, Draft
from etl.guess import Field
from territoire.core import registry
from territoire.core.errors import SourceError
from territoire.core.sources import GEOMETRY
from territoire.core.vocabulary import Vocabulary
from territoire.geoplateforme import catalogue, wfs
from territoire.geoplateforme.transport import Transport

__all__ = ["propose"]

#: What the producers behind the Géoplateforme call their keys, surest first.
_KEYS = ("cleabs", "idu", "gid", "ogc_fid", "fid", "id")
_SRID = 2154


def propose(
    transport: Transport, typename: str, *, live: bool, wanted_id: str | None, theme: str | None, vocabulary: Vocabulary
) -> Draft:
    """Write the declaration that a feature type suggests; NotFoundError when the service has none of that name."""
    offer = catalogue.offer(transport, "wfs", typename)
    schema = wfs.describe(transport, typename)
    taken: set[str] = set()
    fields = tuple(Field(one.name, guess.column_name(one.name, taken), one.type) for one in schema.fields)
    chosen = _key(typename, fields)
    local = typename.rpartition(":")[2]
    name = wanted_id or guess.identifier(local, prefix="jeu")[:40].rstrip("_")
    content = Content(
        layer=None,
        fields=fields,
        left_out=(),
        encoding=None,
        geometry=schema.geometry_type,
        srid=_SRID,
        crs_guessed=False,
        srid_guessed=False,
    )
    said = " ".join(f"{offer.title}. {offer.abstract}".split())
    lines = [
        *draft.head(name, local, theme, vocabulary),
        f"# La Géoplateforme en dit : {said[:200]}",
        *_origin(schema, live=live),
        f"key: {chosen.column}  # {MARK} : choisie par son nom ; est-elle unique et jamais vide ?",
        *draft.body(content, chosen),
    ]
    return Draft(id=name, theme=theme or next(iter(vocabulary.themes)), text="\n".join(lines) + "\n")


def _origin(schema: wfs.Schema, *, live: bool) -> Sequence[str]:
    if live:
        return [f"live: {{service: wfs, layer: {draft.text(schema.typename)}}}"]
    # a whole country is what nobody wants by mistake
    box = f"BBOX({GEOMETRY}, {registry.TERRITORY}, 'EPSG:4326')"
    kept = f'  filter: "{box}"' if schema.geometry else "  # filter: \"code_insee LIKE '13%'\""
    return [
        "source:",
        "  kind: wfs",
        f"  typename: {draft.text(schema.typename)}",
        f"{kept}  # {MARK} : en ECQL, ce qui doit être chargé ; un code de commune ou de département trie mieux",
        f'  # millesime: "2026"  # {MARK} : l\'édition des données, entre guillemets',
    ]


def _key(typename: str, fields: Sequence[Field]) -> Field:
    """Choose the key by the names alone: no value was read."""
    fit = [one for one in fields if one.type in {"text", "integer", "bigint"}]
    named = [one for name in _KEYS for one in fit if one.name.lower() == name]
    chosen = next(iter(named), None) or guess.key(fit)
    if chosen is None:
        raise SourceError(
            f"wfs: {typename} has no field of text or whole numbers, and a dataset needs such a key",
            remedy="declare another feature type",
        )
    return chosen
