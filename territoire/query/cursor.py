"""The opaque token of a `next` link: generation, position, count, and what the walk filters and sorts by."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

from territoire.core.errors import RequestError
from territoire.query.model import MARK, Position, Query

#: A sorted text may be long, and stands in the token whole; servers take addresses of 64 kB.
_LONGEST = 49_152
_BIGGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """A decoded cursor; `generation` is the mark of the one that is walked."""

    generation: str
    position: Position
    matched: int | None
    fingerprint: str

    def check(self, query: Query) -> None:
        """Refuse a cursor that was made for other filters or another order."""
        if self.fingerprint != query.fingerprint or len(self.position.values) != len(query.sortby):
            raise RequestError(
                "cursor: it belongs to a request with other filters or another order",
                remedy="follow the `next` link unchanged, or leave `cursor` out to start again",
            )


def encode(generation: str, position: Position, query: Query, matched: int | None) -> str:
    """Return the token that goes on after `position` in the generation of that mark."""
    content = [generation, position.fid, list(position.values), matched, query.fingerprint]
    body = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    return _text(_digest(body) + body)


def decode(token: str) -> Cursor:
    """Read a token; RequestError if it is not one of ours, unaltered."""
    try:
        if len(token) > _LONGEST:
            raise ValueError("too long")
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        if _text(raw) != token:
            raise ValueError("not as we write it")
        digest, body = raw[:6], raw[6:]
        if digest != _digest(body):
            raise ValueError("altered")
        generation, fid, values, matched, fingerprint = json.loads(body)
        return _checked(generation, fid, values, matched, fingerprint)
    except (ValueError, TypeError, binascii.Error, RecursionError) as exc:
        raise RequestError(
            "cursor: this is not a cursor of this server, or it was altered",
            remedy="follow the `next` link unchanged, or leave `cursor` out to start again",
        ) from exc


def _checked(generation: object, fid: object, values: object, matched: object, fingerprint: object) -> Cursor:
    if not isinstance(values, list) or not isinstance(fingerprint, str):
        raise TypeError("not a cursor")
    if not isinstance(generation, str) or not MARK.fullmatch(generation):
        raise ValueError("not a mark of ours")
    count = None if matched is None else _number(matched, _BIGGEST)
    position = Position(tuple(_value(value) for value in values), _number(fid, _BIGGEST))
    return Cursor(generation, position, count, fingerprint)


def _number(value: object, biggest: int) -> int:
    if type(value) is not int or not 0 <= value <= biggest:
        raise ValueError("not a number of ours")
    return value


def _value(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("not a text")
    # half of a surrogate pair is JSON, but no text: UnicodeEncodeError is a ValueError
    value.encode()
    return value


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _digest(body: bytes) -> bytes:
    # not a secret: it finds accidents; a forged cursor can only name another position of the same public data
    return hashlib.blake2b(body, digest_size=6, person=b"cursor").digest()
