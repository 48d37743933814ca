"""The token of a `next` link."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from territoire.core.errors import RequestError
from territoire.query import crs, cursor
from territoire.query.model import Equal, Position, Query, Sort

TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)
POSITIONS = st.builds(
    Position, st.lists(st.none() | TEXTS, max_size=3).map(tuple), st.integers(min_value=0, max_value=2**63 - 1)
)
MARKS = st.builds("{}-{:x}".format, st.integers(0, 2**31 - 1), st.integers(0, 2**47))
COUNTS = st.none() | st.integers(min_value=0, max_value=2**63 - 1)


def _query(position: Position) -> Query:
    return Query(crs.DEFAULT, sortby=tuple(Sort(f"c{n}", descending=False) for n in range(len(position.values))))


def _forge(content: object) -> str:
    body = json.dumps(content).encode()
    digest = hashlib.blake2b(body, digest_size=6, person=b"cursor").digest()
    return base64.urlsafe_b64encode(digest + body).decode().rstrip("=")


@given(MARKS, POSITIONS, COUNTS)
def test_what_goes_in_comes_out(generation: str, position: Position, matched: int | None) -> None:
    query = _query(position)
    decoded = cursor.decode(cursor.encode(generation, position, query, matched))
    assert decoded == cursor.Cursor(generation, position, matched, query.fingerprint)
    decoded.check(query)


@given(POSITIONS, st.data())
def test_no_character_can_be_changed(position: Position, data: st.DataObject) -> None:
    token = cursor.encode("3-19ab", position, _query(position), 946)
    at = data.draw(st.integers(min_value=0, max_value=len(token) - 1))
    other = data.draw(st.characters().filter(lambda character: character != token[at]))
    with pytest.raises(RequestError):
        cursor.decode(token[:at] + other + token[at + 1 :])


@given(POSITIONS, st.data())
def test_no_character_can_be_lost_or_added(position: Position, data: st.DataObject) -> None:
    token = cursor.encode("3-19ab", position, _query(position), None)
    at = data.draw(st.integers(min_value=0, max_value=len(token) - 1))
    for altered in (token[:at] + token[at + 1 :], token[:at] + "=" + token[at:], token[:at]):
        with pytest.raises(RequestError):
            cursor.decode(altered)


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_any_other_text_is_refused_and_nothing_else(token: str) -> None:
    with pytest.raises(RequestError):
        cursor.decode(token)


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        ["1-0", 2, [], None],
        ["1-0", 2, [], None, "f", "more"],
        ["1", 2, [], None, "f"],
        [True, 2, [], None, "f"],
        [2**31, 2, [], None, "f"],
        [1, -2, [], None, "f"],
        [1, 2**63, [], None, "f"],
        [1, 2.5, [], None, "f"],
        ["1-0", 2, "ab", None, "f"],
        ["1-0", 2, [3], None, "f"],
        ["1-0", 2, ["a\x00b"], None, "f"],
        ["1-0", 2, ["\ud800"], None, "f"],
        ["1-0", 2, [], -1, "f"],
        ["1-0", 2, [], None, 5],
    ],
)
def test_a_forged_token_is_read_as_carefully_as_any_input(content: object) -> None:
    with pytest.raises(RequestError, match="not a cursor of this server"):
        cursor.decode(_forge(content))


def test_a_deeply_nested_token_is_refused() -> None:
    body = b"[" * 2000 + b"]" * 2000
    digest = hashlib.blake2b(body, digest_size=6, person=b"cursor").digest()
    with pytest.raises(RequestError):
        cursor.decode(base64.urlsafe_b64encode(digest + body).decode().rstrip("="))


def test_a_cursor_goes_with_its_filters_and_its_order() -> None:
    position = Position((), 10)
    decoded = cursor.decode(cursor.encode("1-0", position, Query(crs.DEFAULT), None))
    decoded.check(Query(crs.by_srid(2154), limit=5, properties=("nom",), skip_geometry=True))
    for other in (
        Query(crs.DEFAULT, equals=(Equal("nom", "Arles"),)),
        Query(crs.DEFAULT, sortby=(Sort("nom", descending=False),)),
    ):
        with pytest.raises(RequestError, match="other filters or another order"):
            decoded.check(other)
