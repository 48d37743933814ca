"""Writes 7z archives (LZMA2, one folder), whatever the names within: what good libraries refuse to write."""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Mapping

_SIGNATURE = b"7z\xbc\xaf\x27\x1c\x00\x04"
#: 1 MiB, and how the format spells it.
_DICTIONARY, _DICTIONARY_BYTE = 1 << 20, 16


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return a 7z archive of files by name."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 1, "dict_size": _DICTIONARY}]
    packed = lzma.compress(b"".join(files.values()), format=lzma.FORMAT_RAW, filters=filters)
    header = b"\x01" + _streams(files, len(packed)) + _names(list(files)) + b"\x00"
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return _SIGNATURE + struct.pack("<I", zlib.crc32(start)) + start + packed + header


def _streams(files: Mapping[str, bytes], packed: int) -> bytes:
    sizes = [len(content) for content in files.values()]
    pack = b"\x06" + _number(0) + _number(1) + b"\x09" + _number(packed) + b"\x00"
    coder = b"\x01" + bytes([0x21, 0x21, 1, _DICTIONARY_BYTE])  # one coder with a one-byte identifier and property
    unpack = b"\x07\x0b" + _number(1) + b"\x00" + coder + b"\x0c" + _number(sum(sizes)) + b"\x00"
    checks = b"".join(struct.pack("<I", zlib.crc32(content)) for content in files.values())
    parts = b"\x08\x0d" + _number(len(sizes))
    if len(sizes) > 1:
        parts += b"\x09" + b"".join(map(_number, sizes[:-1]))
    return b"\x04" + pack + unpack + parts + b"\x0a\x01" + checks + b"\x00\x00"


def _names(names: list[str]) -> bytes:
    text = b"\x00" + b"".join(name.encode("utf-16-le") + b"\x00\x00" for name in names)
    return b"\x05" + _number(len(names)) + b"\x11" + _number(len(text)) + text + b"\x00"


def _number(value: int) -> bytes:
    """Return a number as 7z has it: the first byte's leading ones tell how many bytes follow."""
    first, mask = 0, 0x80
    for length in range(8):
        if value < 1 << (7 * (length + 1)):
            return bytes([first | (value >> (8 * length))]) + (value & ((1 << (8 * length)) - 1)).to_bytes(
                length, "little"
            )
        first, mask = first | mask, mask >> 1
    return b"\xff" + value.to_bytes(8, "little")
