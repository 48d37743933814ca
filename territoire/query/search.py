"""Search by name: the SQL that finds features of every dataset by their label or their key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from territoire.core.derive import table
from territoire.query.items import Binder, Statement
from territoire.query.model import Generation

__all__ = ["LIMIT", "Hit", "fold", "search"]

#: How many names are given: more is a sign to type more letters.
LIMIT = 20
_LONGEST = 100

# Both cases stand here: what lower() does to accents depends on the database's collation.
_LETTERS = {
    "a": "àáâãäåÀÁÂÃÄÅ",
    "c": "çÇ",
    "e": "èéêëÈÉÊË",
    "i": "ìíîïÌÍÎÏ",
    "n": "ñÑ",
    "o": "òóôõöÒÓÔÕÖ",
    "u": "ùúûüÙÚÛÜ",
    "y": "ýÿÝŸ",
    " ": "-‐‑–—'’ʼ`/\t\n\r\u00a0\u202f",
}
_FROM = "".join(_LETTERS.values())
_TO = "".join(plain * len(accented) for plain, accented in _LETTERS.items())
_LIGATURES = (("œ", "oe"), ("Œ", "oe"), ("æ", "ae"), ("Æ", "ae"))


@dataclass(frozen=True, slots=True)
class Hit:
    """A feature found by its name."""

    dataset: str
    key: str
    label: str


def fold(text: str) -> str:
    """Return the text without case, accents, apostrophes or hyphens: what both sides of the search compare."""
    for ligature, letters in _LIGATURES:
        text = text.replace(ligature, letters)
    return re.sub(" +", " ", text.translate(str.maketrans(_FROM, _TO)).lower()).strip()


def search(generations: Sequence[Generation], text: str, limit: int = LIMIT) -> Statement | None:
    """Select dataset id, key and label of what is called like `text`; None if it is too short to search.

    Exact names come first, then names that begin so, then names with such a word, then the others.
    """
    wanted = fold(re.sub("[\x00\ud800-\udfff]", "", text)[:_LONGEST])
    named = [generation for generation in generations if generation.dataset.label]
    if len(wanted) < 2 or not named:
        return None
    binder = Binder()
    needle = binder.bind(wanted, "text")
    branches = sql.SQL(" union all ").join(_names(generation, order) for order, generation in enumerate(named))
    statement = sql.SQL(
        "select n.dataset, n.key, n.label from ("
        "select f.*, case when f.folded = {needle} or lower(f.key) = {needle} then 0"
        " when starts_with(f.folded, {needle}) then 1"
        " when strpos(' ' || f.folded, ' ' || {needle}) > 0 then 2"
        " when strpos(f.folded, {needle}) > 0 then 3 end as place"
        " from ({branches}) as f) as n where n.place is not null"
        " order by n.place, length(n.folded), n.folded, n.rank, n.key limit {limit}"
    ).format(needle=needle, branches=branches, limit=binder.bind(limit, "bigint"))
    return statement, binder.values


def _names(generation: Generation, order: int) -> sql.Composed:
    dataset = generation.dataset
    label = sql.SQL("v.{}").format(sql.Identifier(dataset.label or dataset.key))
    return sql.SQL(
        "select {id}::text as dataset, {order}::integer as rank, v.{key}::text as key, {label} as label,"
        " {folded} as folded from {view} as v where {label} is not null"
    ).format(
        id=sql.Literal(dataset.id),
        order=sql.Literal(order),
        key=sql.Identifier(dataset.key),
        label=label,
        folded=_folded(label),
        view=table.view(dataset.id, generation.number),
    )


def _folded(label: sql.Composed) -> sql.Composed:
    """Write `fold` in SQL: no extension is needed."""
    for ligature, letters in _LIGATURES:
        label = sql.SQL("replace({}, {}, {})").format(label, sql.Literal(ligature), sql.Literal(letters))
    return sql.SQL("btrim(regexp_replace(lower(translate({}, {}, {})), ' +', ' ', 'g'))").format(
        label, sql.Literal(_FROM), sql.Literal(_TO)
    )
