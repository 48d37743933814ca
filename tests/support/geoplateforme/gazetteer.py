"""Made-up addresses: four streets of forty numbers in each commune of the demo territory."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import shapely

from .data import FEATURES
from .layers import FEATURE_LAYERS

_STREETS = ("Rue de la République", "Avenue de la Gare", "Chemin des Oliviers", "Place de la Mairie")
_NUMBERS = 40
_TO_L93 = pyproj.Transformer.from_crs(4326, 2154, always_xy=True)


@dataclass(frozen=True)
class Commune:
    """A commune, with its middle in EPSG:2154."""

    code: str
    name: str
    postcode: str
    departement: str
    population: int
    east_m: float
    north_m: float


@dataclass(frozen=True)
class Address:
    """A number in a street, a street, or a commune: by what is known of it."""

    commune: Commune
    street: int | None = None
    number: int | None = None

    @property
    def street_name(self) -> str:
        """Name of the street, or of the commune."""
        return self.commune.name if self.street is None else _STREETS[self.street]

    @property
    def position_l93(self) -> tuple[float, float]:
        """Its place in EPSG:2154: streets are parallels, numbers 12 m apart."""
        east, north = self.commune.east_m, self.commune.north_m
        return east + 12 * (self.number or 0), north + (0 if self.street is None else 60 * (self.street + 1))

    def properties(self, score: float) -> dict[str, Any]:
        """Return what the geocoder says of it."""
        commune = self.commune
        kind = "municipality" if self.street is None else "street" if self.number is None else "housenumber"
        name = f"{self.number} {self.street_name}" if self.number else self.street_name
        identifier = commune.code if self.street is None else f"{commune.code}_{self.street + 1:04}"
        place = commune.name if self.street is None else f"{name} {commune.postcode} {commune.name}"
        east, north = self.position_l93
        found: dict[str, Any] = {
            "label": place,
            "score": round(score, 6),
            "id": f"{identifier}_{self.number:05}" if self.number else identifier,
            "banId": str(uuid.uuid5(uuid.NAMESPACE_OID, identifier)),
            "type": kind,
            "name": name,
            "postcode": commune.postcode,
            "citycode": commune.code,
            "x": round(east, 2),
            "y": round(north, 2),
            "city": commune.name,
            "context": f"{commune.departement}, Provence-Alpes-Côte d'Azur",
            "importance": 0.5,
            "_type": "address",
        }
        if self.number:
            found["housenumber"] = str(self.number)
        if self.street is not None:
            found["street"] = self.street_name
        else:
            found["population"] = commune.population
        return found

    def feature(self, score: float, **more: Any) -> dict[str, Any]:
        """Return it as GeoJSON, in longitude, latitude."""
        point = [round(value, 6) for value in _TO_L93.transform(*self.position_l93, direction="INVERSE")]
        properties = {**self.properties(score), **more}
        return {"type": "Feature", "geometry": {"type": "Point", "coordinates": point}, "properties": properties}


class Gazetteer:
    """Finds addresses by words or position."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _communes(self) -> tuple[list[Commune], np.ndarray]:
        layer = FEATURE_LAYERS["ADMINEXPRESS-COG.LATEST:commune"]
        meta, _, wkb, columns = pyogrio.raw.read(self._folder / FEATURES, layer=layer.table)
        rows = dict(zip(meta["fields"], columns, strict=True))
        shapes = shapely.from_wkb(wkb)
        east, north = _TO_L93.transform(*shapely.get_coordinates(shapely.point_on_surface(shapes)).T)
        names = ("code_insee", "nom_officiel", "code_postal", "code_insee_du_departement", "population")
        fields = zip(*(rows[name] for name in names), east, north, strict=True)
        return [Commune(a, b, c or "", d, int(e), float(x), float(y)) for a, b, c, d, e, x, y in fields], shapes

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self._communes[1])

    @cached_property
    def _by_word(self) -> dict[str, list[int]]:
        found: defaultdict[str, list[int]] = defaultdict(list)
        for number, commune in enumerate(self._communes[0]):
            for word in {*words(commune.name), commune.postcode, commune.code}:
                found[word].append(number)
        return dict(found)

    def search(self, text: str, keep: Any) -> Iterator[tuple[float, Address]]:
        """Give addresses with scores of 0 to 1, best first; `keep` says which communes are wanted."""
        asked = words(text)
        if not asked:
            return
        hits = Counter(number for word in set(asked) for number in self._by_word.get(word, ()))
        streets = [len(set(asked) & set(words(street))) for street in _STREETS]
        street = int(np.argmax(streets)) if max(streets) > 1 else None
        number = next((int(word) for word in asked if word.isdigit() and 0 < int(word) <= _NUMBERS), None)
        scored = []
        for position, count in hits.items():
            commune = self._communes[0][position]
            if not keep(commune):
                continue
            address = Address(commune, street, number if street is not None else None)
            known = set(words(commune.name)) | {commune.postcode, commune.code}
            known |= set(words(address.street_name)) | ({str(number)} if address.number else set())
            share = len(set(asked) & known) / max(len(set(asked)), 1)
            whole = len(set(words(commune.name)) & set(asked)) / len(set(words(commune.name)))
            scored.append((round(0.97 * share * (0.6 + 0.4 * whole), 6), count, commune.population, address))
        scored.sort(key=lambda one: (-one[0], -one[1], -one[2]))
        yield from ((score, address) for score, _, _, address in scored if score >= 0.3)

    def reverse(self, lon: float, lat: float) -> tuple[float, Address] | None:
        """Return the nearest address of the commune at a position, and its distance in metres."""
        inside = self._tree.query(shapely.Point(lon, lat), predicate="intersects")
        if not len(inside):
            return None
        east, north = _TO_L93.transform(lon, lat)
        commune = self._communes[0][int(inside[0])]
        candidates = (Address(commune, street, n + 1) for street in range(len(_STREETS)) for n in range(_NUMBERS))
        return min(((_metres(one, east, north), one) for one in candidates), key=lambda pair: pair[0])


def _metres(address: Address, east: float, north: float) -> float:
    at = address.position_l93
    return float(np.hypot(at[0] - east, at[1] - north))


def words(text: str) -> list[str]:
    """Return the words of a text without accents, capitals and articles."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return [word for word in _split(bare) if word not in ("de", "la", "le", "les", "l", "d", "du", "des")]


def _split(text: str) -> Iterable[str]:
    return re.findall(r"[a-z0-9]+", text)
