"""Reads CQL2 JSON (OGC 21-065r2, /req/cql2-json) into the tree; integers stay integers."""

from __future__ import annotations

from typing import Any

import orjson

from territoire.query.cql2 import scan, tree, wkt
from territoire.query.cql2.tree import Box, Instant, Literal, Node, Operation, Property, Several, Shape, Span

_Json = Any  # what a JSON document may hold
_MEMBERS = "op with args, property, date, timestamp, interval, bbox, or type with coordinates"
#: Names of operators that differ from the text's in case only, and those of functions written as a member.
_FUNCTIONS = frozenset({"casei", "accenti"})


def parse(text: str) -> Node:
    """Return the tree of a CQL2 JSON text; RequestError names the path to what is wrong."""
    scan.check_json(text)
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        at = min(exc.pos, len(text))
        raise tree.refusal(
            text, at, f"this is not JSON: {exc.msg}", "write {'op': '=', 'args': [{'property': 'nom'}, 'Arles']}"
        ) from exc
    found = _node(document, "$")
    tree.check_depth(found, text)
    return found


def _node(value: _Json, path: str) -> Node:
    if isinstance(value, dict):
        return _member(value, path)
    if isinstance(value, list):
        return Several(tuple(_node(item, f"{path}[{place}]") for place, item in enumerate(value)))
    return Literal(value)


def _member(value: dict[str, _Json], path: str) -> Node:
    if "op" in value:
        return _operation(value, path)
    if "property" in value:
        return Property(_text(value["property"], f"{path}.property"))
    if "date" in value:
        return Instant("date", _text(value["date"], f"{path}.date"))
    if "timestamp" in value:
        return Instant("timestamp", _text(value["timestamp"], f"{path}.timestamp"))
    if "interval" in value:
        return _interval(value["interval"], f"{path}.interval")
    if "bbox" in value:
        return _box(value["bbox"], f"{path}.bbox")
    if value.get("type") in wkt.TYPES.values():
        return Shape(orjson.dumps(value).decode())
    for name in _FUNCTIONS & value.keys():
        return Operation(name, (_node(value[name], f"{path}.{name}"),))
    raise _wrong(path, f"an object with {_MEMBERS}")


def _operation(value: dict[str, _Json], path: str) -> Operation:
    args = value.get("args")
    if not isinstance(args, list):
        raise _wrong(f"{path}.args", "a list")
    name = _text(value["op"], f"{path}.op").lower()
    return Operation(name, tuple(_node(arg, f"{path}.args[{place}]") for place, arg in enumerate(args)))


def _interval(value: _Json, path: str) -> Span:
    if not isinstance(value, list) or len(value) != 2:
        raise _wrong(path, "a list of a start and an end")
    start, end = (None if bound == ".." else _node(bound, f"{path}[{n}]") for n, bound in enumerate(value))
    return Span(start, end)


def _box(value: _Json, path: str) -> Box:
    if not isinstance(value, list) or len(value) not in {4, 6} or any(type(n) not in {int, float} for n in value):
        raise _wrong(path, "a list of four numbers, or six with heights")
    half = len(value) // 2
    return Box((float(value[0]), float(value[1]), float(value[half]), float(value[half + 1])))


def _text(value: _Json, path: str) -> str:
    if not isinstance(value, str):
        raise _wrong(path, "a text")
    return value


def _wrong(path: str, expected: str) -> Exception:
    return tree.refusal("", -1, f"{path[:200]} should be {expected}", "see OGC 21-065r2, clause 8.3")
