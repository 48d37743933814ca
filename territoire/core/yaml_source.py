"""Reads YAML strictly: no duplicate key, no number that a leading zero would silently change, lines remembered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from territoire.core.errors import DeclarationError

KeyPath = tuple[str | int, ...]
_LEADING_ZERO = re.compile(r"^[-+]?0[0-9_]+$")


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document with the line at which each key path starts."""

    file: Path
    content: Any  # what a YAML file holds is known once the models have read it
    lines: dict[KeyPath, int]

    def line(self, path: KeyPath) -> int:
        """Return the line of `path`, or of its nearest parent that the file has."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(file: Path) -> Document:
    """Read one YAML file; DeclarationError names file, line and what is wrong."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise DeclarationError(f"{file}: cannot be read: {exc}", remedy="save it as UTF-8 text") from exc
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        lines: dict[KeyPath, int] = {}
        content = None if node is None else _construct(loader, node, (), lines, file)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else str(file)
        problem = getattr(exc, "problem", None) or str(exc)
        remedy = "a tab: indent with spaces" if "\\t" in problem else "check indentation and quotes"
        raise DeclarationError(f"{where}: not YAML: {problem}", remedy=remedy) from exc
    finally:
        loader.dispose()
    return Document(file=file, content=content, lines=lines)


def _construct(
    loader: yaml.SafeLoader, node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], file: Path
) -> Any:  # a YAML value: mapping, list or scalar
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}  # values of any YAML type
        for key_node, value_node in node.value:
            key = str(_construct(loader, key_node, (*path, "<key>"), {}, file))
            if key in mapping:
                raise DeclarationError(
                    f"{file}:{key_node.start_mark.line + 1}: {dotted((*path, key))} stands twice",
                    remedy="keep one",
                )
            lines[(*path, key)] = key_node.start_mark.line + 1
            mapping[key] = _construct(loader, value_node, (*path, key), lines, file)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_construct(loader, item, (*path, index), lines, file) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.ScalarNode) and node.style is None and _LEADING_ZERO.match(node.value):
        raise DeclarationError(
            f"{file}:{line}: {dotted(path)}: {node.value} without quotes is a number in YAML, and may lose its zero",
            remedy=f'write "{node.value}"',
        )
    return loader.construct_object(node, deep=True)


def dotted(path: KeyPath) -> str:
    """Write a key path the way people read it: columns[3].type."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "the file"
