"""Cuts a CQL2 text into tokens, in one pass, and bounds what a parser would have to hold: size, operators, depth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from territoire.query.cql2 import tree

Kind = Literal["text", "name", "number", "word", "symbol", "end"]
_TOKEN = re.compile(
    r"""(?P<text>'(?:[^'\\]|''|\\'|\\)*')
    |(?P<name>"(?:[^"]|"")+")
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<word>[^\W\d][\w.:]*)
    |(?P<symbol><>|<=|>=|!=|[=<>+\-*/%^(),])
    |(?P<space>\s+)""",
    re.VERBOSE,
)
_OPERATORS = frozenset({"and", "or", "not", "like", "between", "in", "is", "div"})
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
# PostgreSQL stores neither NUL nor lone surrogates
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Token:
    """A token: `value` is the text of a literal or name without its quotes, and a word as it stands."""

    kind: Kind
    value: str
    at: int

    @property
    def word(self) -> str:
        """The word in lower case, '' for any other token."""
        return self.value.lower() if self.kind == "word" else ""


def tokens(text: str) -> list[Token]:
    """Return the tokens of a CQL2 text, the last one of kind `end`; RequestError names what cannot stand there."""
    _check_size(text)
    found = list(_cut(text))
    operators = sum(
        token.word in _OPERATORS or (token.kind == "symbol" and token.value not in "(),") for token in found
    )
    if operators > tree.MAX_OPERATORS:
        raise tree.refusal(
            text,
            -1,
            f"{operators} operators, but it may have {tree.MAX_OPERATORS}",
            "use IN for many values",
        )
    _check_brackets(text, found)
    return [*found, Token("end", "", len(text))]


def check_json(text: str) -> None:
    """Refuse a JSON text that is too long or too deep, before a parser sees it."""
    _check_size(text)
    depth = 0
    # an operation is two levels, {} and []; the coordinates of a geometry are five at most
    deepest = 2 * tree.MAX_DEPTH + 5
    for match in _JSON_TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > deepest:
            raise _too_deep(text, match.start())


def _check_size(text: str) -> None:
    if len(text) > tree.MAX_LENGTH or len(text.encode("utf-8", "surrogatepass")) > tree.MAX_LENGTH:
        raise tree.refusal(
            text,
            -1,
            f"{len(text)} characters, but it may have {tree.MAX_LENGTH} bytes",
            "use fewer values, or a simpler geometry",
        )
    bad = _UNSTORABLE.search(text)
    if bad:
        raise tree.refusal(
            text, bad.start(), "a text cannot hold a NUL character, or half of one", "remove %00; write in UTF-8"
        )


def _cut(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _stray(text, at)
        value, kind = match[0], match.lastgroup
        if kind == "text":
            yield Token("text", value[1:-1].replace("\\'", "'").replace("''", "'"), at)
        elif kind == "name":
            yield Token("name", value[1:-1].replace('""', '"'), at)
        elif kind == "number":
            yield Token("number", value, at)
        elif kind == "word":
            yield Token("word", value, at)
        elif kind == "symbol":
            yield Token("symbol", value, at)
        at = match.end()


def _stray(text: str, at: int) -> Exception:
    if text[at] == "'":
        return tree.refusal(
            text,
            at,
            "this quote is never closed",
            "close it with '; write an apostrophe inside twice, as 'L''Isle-sur-la-Sorgue'",
        )
    if text[at] == '"':
        return tree.refusal(text, at, "this quoted name is never closed, or empty", 'write it as "nom"')
    return tree.refusal(text, at, f"{text[at]!r} has no meaning here", "texts stand in '...', names in \"...\"")


def _check_brackets(text: str, found: list[Token]) -> None:
    opened: list[Token] = []
    for token in found:
        if token.kind != "symbol":
            continue
        if token.value == "(":
            opened.append(token)
            if len(opened) > tree.MAX_DEPTH:
                raise _too_deep(text, token.at)
        elif token.value == ")":
            if not opened:
                raise tree.refusal(text, token.at, "this ) closes nothing", "remove it, or open it with (")
            opened.pop()
    if opened:
        raise tree.refusal(text, opened[-1].at, "this ( is never closed", "close it with )")


def _too_deep(text: str, at: int) -> Exception:
    return tree.refusal(text, at, f"nested deeper than {tree.MAX_DEPTH} levels", "ask a simpler question")
