"""Reads Mapbox vector tiles (version 2.1), independently of what writes them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely


@dataclass
class Layer:
    """A layer of a tile: geometries in tile units, y down."""

    name: str
    extent: int
    ids: list[int]
    properties: list[dict[str, Any]]
    shapes: list[shapely.Geometry]

    def on(self, bounds: tuple[float, float, float, float]) -> list[shapely.Geometry]:
        """Return the geometries where they lie on the ground, for a tile of these bounds."""
        west, south, east, north = bounds
        scale = np.array([(east - west) / self.extent, (south - north) / self.extent])
        return [shapely.transform(shape, lambda xy: xy * scale + np.array([west, north])) for shape in self.shapes]


def read(tile: bytes) -> dict[str, Layer]:
    """Return the layers of a tile by name, in their order; a name that stands twice is an error (4.1)."""
    found: dict[str, Layer] = {}
    for field, value in _fields(tile):
        assert field == 3
        layer = _layer(value)
        assert layer.name not in found
        found[layer.name] = layer
    return found


def _layer(data: bytes) -> Layer:
    keys: list[str] = []
    values: list[Any] = []
    raw: list[bytes] = []
    name, extent, version = "", 4096, 1
    for field, value in _fields(data):
        if field == 1:
            name = value.decode()
        elif field == 2:
            raw.append(value)
        elif field == 3:
            keys.append(value.decode())
        elif field == 4:
            values.append(_value(value))
        elif field == 5:
            extent = value
        elif field == 15:
            version = value
    assert version == 2
    layer = Layer(name, extent, [], [], [])
    for feature in raw:
        parts = dict(_fields(feature))
        tags = list(_varints(parts.get(2, b"")))
        layer.ids.append(parts[1])
        layer.properties.append({keys[k]: values[v] for k, v in zip(tags[::2], tags[1::2], strict=True)})
        layer.shapes.append(_shape(parts[3], list(_varints(parts[4]))))
    return layer


def _shape(kind: int, commands: list[int]) -> shapely.Geometry:
    parts: list[list[tuple[int, int]]] = []
    x = y = at = 0
    while at < len(commands):
        command, count = commands[at] & 7, commands[at] >> 3
        at += 1
        for _ in range(count if command != 7 else 0):
            x, y = x + _signed(commands[at]), y + _signed(commands[at + 1])
            at += 2
            if command == 1:
                parts.append([])
            parts[-1].append((x, y))
    if kind == 1:
        return shapely.MultiPoint([part[0] for part in parts])
    if kind == 2:
        return shapely.MultiLineString(parts)
    rings = [shapely.LinearRing(part) for part in parts]
    # an exterior ring is clockwise on the screen, where y goes down (4.3.4.4)
    outer = [shapely.Polygon(ring) for ring in rings if ring.is_ccw]
    inner = [shapely.Polygon(ring) for ring in rings if not ring.is_ccw]
    return shapely.union_all(outer).difference(shapely.union_all(inner))


def _value(data: bytes) -> Any:
    [(field, value)] = _fields(data)
    if field == 1:
        return value.decode()
    if field in {2, 3}:
        return struct.unpack("<f" if field == 2 else "<d", value)[0]
    if field == 4:
        return value - (1 << 64) if value >> 63 else value
    return _signed(value) if field == 6 else bool(value) if field == 7 else value


def _signed(value: int) -> int:
    return (value >> 1) ^ -(value & 1)


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        if key & 7 == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        length = {1: 8, 5: 4}.get(key & 7)
        if length is None:
            length, at = _varint(data, at)
        yield key >> 3, data[at : at + length]
        at += length


def _varints(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
