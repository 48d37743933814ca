"""Reads GeoServer's ECQL, as far as clients of the Géoplateforme use it, into a condition in SQL."""

from __future__ import annotations

import re
from typing import Any

import shapely

from . import selection
from .layers import FeatureLayer
from .selection import ALL, Condition, WfsError

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>'(?:[^']|'')*')
  | (?P<time>\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?Z?)?)
  | (?P<number>[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|[+-]?\.\d+)
  | (?P<quoted>"[^"]+")
  | (?P<name>[^\W\d][\w.:]*)
  | (?P<sign><>|<=|>=|!=|[=<>(),;/])
    )""",
    re.VERBOSE,
)
_SPATIAL = ("INTERSECTS", "DISJOINT", "CONTAINS", "WITHIN", "TOUCHES", "CROSSES", "OVERLAPS", "EQUALS")
_WKT = ("POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "ENVELOPE", "SRID")
_METRES_A_DEGREE = 111_320
_UNITS_M = {"meters": 1, "metres": 1, "kilometers": 1000, "feet": 0.3048, "statute miles": 1609.344}
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "<>": "<>", "!=": "!="}


def parse(text: str, layer: FeatureLayer) -> Condition:
    """Return what `cql_filter` keeps of a layer, or raise WfsError as GeoServer refuses it."""
    reader = _Reader(text, layer)
    condition = reader.disjunction()
    if reader.kind is not None:
        raise reader.refusal()
    return condition


class _Reader:
    """Reads from left to right; the token at hand is `kind` and `token`."""

    def __init__(self, text: str, layer: FeatureLayer) -> None:
        self.text = text
        self.layer = layer
        self.position = 0
        self.kind: str | None = None
        self.token = ""
        self._next()

    def refusal(self) -> WfsError:
        """Return what GeoServer says of a filter that it cannot read."""
        return WfsError(
            f"Could not parse CQL filter list. Encountered '{self.token}' before column {self.position}."
            f" Parsing : {self.text}.",
            "NoApplicableCode",
        )

    def disjunction(self) -> Condition:
        """Read what OR joins."""
        found = self._conjunction()
        while self._take("OR"):
            found |= self._conjunction()
        return found

    def _conjunction(self) -> Condition:
        found = self._negation()
        while self._take("AND"):
            found &= self._negation()
        return found

    def _negation(self) -> Condition:
        if self._take("NOT"):
            return ~self._negation()
        if self._take("("):
            found = self.disjunction()
            self._expect(")")
            return found
        return self._predicate()

    def _predicate(self) -> Condition:
        if self._take("INCLUDE"):
            return ALL
        if self._take("EXCLUDE"):
            return ~ALL
        word = self.token.upper()
        if self.kind == "name" and word in (*_SPATIAL, "BBOX", "DWITHIN", "BEYOND"):
            self._next()
            self._expect("(")
            found = self._spatial(word)
            self._expect(")")
            return found
        if self.kind in ("text", "number", "time"):
            literal, operator = self._literal(), self._operator()
            return selection.compare(self.layer, self._column(), _MIRRORED[operator], literal)
        return self._compared(self._column())

    def _compared(self, column: str) -> Condition:
        if self._take("IS"):
            negated = self._take("NOT")
            self._expect("NULL")
            return Condition(f"({column} is {'not ' if negated else ''}null)")
        if self._take("BEFORE"):
            return selection.compare(self.layer, column, "<", self._literal())
        if self._take("AFTER"):
            return selection.compare(self.layer, column, ">", self._literal())
        if self._take("DURING"):
            start = self._literal()
            self._expect("/")
            return self._between(column, start, self._literal())
        negated = self._take("NOT")
        found = self._membership(column)
        if found is None:
            if negated:
                raise self.refusal()
            operator = self._operator()
            return selection.compare(self.layer, column, operator, self._literal())
        # NOT (x IN ...) is not true of a null, and neither is x NOT IN ...
        return Condition(f"({column} is not null)") & ~found if negated else found

    def _membership(self, column: str) -> Condition | None:
        if self._take("IN"):
            self._expect("(")
            values = [self._literal()]
            while self._take(","):
                values.append(self._literal())
            self._expect(")")
            marks = ", ".join("?" * len(values))
            kept = tuple(selection.value(self.layer, column, value) for value in values)
            return Condition(f"ifnull({column} in ({marks}), 0)", kept)
        if self._take("LIKE"):
            return selection.like(column, str(self._literal()), matches_case=True)
        if self._take("ILIKE"):
            return selection.like(column, str(self._literal()), matches_case=False)
        if self._take("BETWEEN"):
            low = self._literal()
            self._expect("AND")
            return self._between(column, low, self._literal())
        return None

    def _between(self, column: str, low: Any, high: Any) -> Condition:
        at_least = selection.compare(self.layer, column, ">=", low)
        return at_least & selection.compare(self.layer, column, "<=", high)

    def _spatial(self, word: str) -> Condition:
        if self._column() != '"geom"':
            raise WfsError(f"{word} wants the geometry of {self.layer.typename}: {self.layer.geometry}")
        self._expect(",")
        if word == "BBOX":
            return self._box()
        shape, srid = self._shape()
        if word in ("DWITHIN", "BEYOND"):
            self._expect(",")
            distance = float(self._literal())
            self._expect(",")
            unit = self.token
            self._next()
            # as GeoServer on degrees: an approximation
            around = selection.to_crs84(shape, srid, is_authority_order=False)
            around = shapely.buffer(around, distance * _UNITS_M[unit] / _METRES_A_DEGREE)
            found = selection.spatial(self.layer, "intersects", around, 4326)
            return ~found if word == "BEYOND" else found
        return selection.spatial(self.layer, word.lower(), shape, srid)

    def _box(self) -> Condition:
        bounds = [float(self._literal())]
        for _ in range(3):
            self._expect(",")
            bounds.append(float(self._literal()))
        crs = str(self._literal()) if self._take(",") else None
        return selection.box(self.layer, tuple(bounds), crs)

    def _shape(self) -> tuple[Any, int | None]:
        """Read [SRID=n;]WKT: with an SRID it is in longitude, latitude, without one in the layer's axis order."""
        rest = self.text[self.position - len(self.token) :]
        found = re.match(r"(?:SRID=(?P<srid>\d+);)?\s*(?P<wkt>[A-Z]+\s*\([^A-Za-z]*\))", rest, re.I)
        if found is None or self.token.upper() not in _WKT:
            raise self.refusal()
        wkt = _balanced(found["wkt"])
        try:
            shape = shapely.from_wkt(wkt)
        except shapely.errors.GEOSException as exc:
            raise self.refusal() from exc
        self.position += found.start("wkt") + len(wkt) - len(self.token)
        self._next()
        return shape, int(found["srid"]) if found["srid"] else None

    def _column(self) -> str:
        if self.kind not in ("name", "quoted"):
            raise self.refusal()
        name = self.token.strip('"')
        self._next()
        if self.token == "(" and name.lower() in ("strtolowercase", "strtouppercase"):
            self._expect("(")
            inner = self._column()
            self._expect(")")
            return f"{'fold' if 'lower' in name.lower() else 'capitals'}({inner})"
        return selection.field(self.layer, name)

    def _literal(self) -> Any:
        kind, token = self.kind, self.token
        self._next()
        if kind == "text":
            return token[1:-1].replace("''", "'")
        if kind == "time":
            return token
        if kind == "number":
            return float(token) if re.search(r"[.eE]", token) else int(token)
        if token.lower() in ("true", "false"):
            return token.lower() == "true"
        raise self.refusal()

    def _operator(self) -> str:
        if self.token not in _MIRRORED:
            raise self.refusal()
        token = self.token
        self._next()
        return token

    def _take(self, word: str) -> bool:
        if self.kind in ("name", "sign") and self.token.upper() == word:
            self._next()
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self.refusal()

    def _next(self) -> None:
        if not self.text[self.position :].strip():
            self.kind, self.token = None, ""
            return
        found = _TOKEN.match(self.text, self.position)
        if found is None:
            self.token = self.text[self.position : self.position + 1]
            raise self.refusal()
        self.kind, self.token = found.lastgroup, found[found.lastgroup or 0]
        self.position = found.end()


def _balanced(text: str) -> str:
    """Return `text` up to the bracket that closes its first one."""
    depth = 0
    for index, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == ")" and depth == 0:
            return text[: index + 1]
    return text
