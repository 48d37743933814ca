"""Documents that are long to write, kept as bytes until something is published."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import orjson

#: Addresses times languages; a document of 500 collections is about a megabyte.
_KEPT = 16


class Rendered:
    """Keeps the last documents; a key holds all that a document depends on, the catalogue's revision first."""

    def __init__(self) -> None:
        self._documents: dict[Hashable, bytes] = {}

    def get(self, key: Hashable, write: Callable[[], object]) -> bytes:
        """Return a document as it was written for `key`, or write it now."""
        found = self._documents.pop(key, None)
        if found is None:
            found = orjson.dumps(write())
            while len(self._documents) >= _KEPT:
                del self._documents[next(iter(self._documents))]
        # the last used stands last
        self._documents[key] = found
        return found
