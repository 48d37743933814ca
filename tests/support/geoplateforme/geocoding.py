"""Geocoding as the service answers it: search, reverse, their CSV batches, and completion."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from . import geocoding_tables as tables
from .exchange import Ask, Reply
from .gazetteer import Address, Commune, Gazetteer
from .geocoding_tables import RefusalError

_INDEXES = ("address", "poi", "parcel")


class Geocoding:
    """The geocoder of a folder of data."""

    def __init__(self, folder: Path) -> None:
        self._places = Gazetteer(folder)

    def answer(self, ask: Ask) -> Reply:
        """Answer one request."""
        path = ask.path.strip("/")
        routes: dict[str, Callable[[Ask], Reply]] = {
            "search": self._search,
            "reverse": self._reverse,
            "search/csv": self._search_csv,
            "reverse/csv": self._reverse_csv,
            "completion": self._complete,
            "getcapabilities": _capabilities,
        }
        if path not in routes:
            return _refusal("Not Found", 404)
        try:
            return routes[path](ask)
        except RefusalError as error:
            return _refusal(str(error), 400)

    def _search(self, ask: Ask) -> Reply:
        asks = ask.parameters
        text, limit, index = asks.get("q", "").strip(), _limit(asks, 10), _index(asks)
        if not 3 <= len(text) <= 200:
            raise RefusalError("q: must contain between 3 and 200 chars and start with a number or a letter")
        if index == "parcel":
            raise RefusalError("index parcel: q cannot be combined, use departmentcode, municipalitycode, section")
        found = itertools.islice(self._places.search(text, _kept(asks)), limit)
        if index == "poi":
            return _collection([_poi(address.commune, score) for score, address in found])
        return _collection([address.feature(score) for score, address in found])

    def _reverse(self, ask: Ask) -> Reply:
        asks = ask.parameters
        index = _index(asks)
        found = self._places.reverse(_number(asks, "lon", 180), _number(asks, "lat", 90))
        if found is None:
            return _collection([])
        metres, address = found
        if index == "parcel":
            return _collection([_parcel(address.commune, metres)])
        if index == "poi":
            return _collection([_poi(address.commune, 1.0)])
        # beyond some hundred metres the real one knows no house: then the commune is what remains
        score = max(0.0, 1 - metres / 10_000)
        return _collection([address.feature(score, distance=round(metres))])

    def _search_csv(self, ask: Ask) -> Reply:
        form = tables.form(ask)
        names, rows = tables.read(form)
        columns = form.get("columns") or names
        for column in columns:
            if column not in names:
                raise RefusalError(f"columns: {column} is not in the file")

        def added(row: Mapping[str, str]) -> dict[str, Any]:
            text = " ".join(row[column] for column in columns).strip()
            if not text:
                return {"result_status": "skipped"}
            found = list(itertools.islice(self._places.search(text, lambda _: True), 2))
            if not found:
                return {"result_status": "not-found"}
            score, address = found[0]
            return tables.flat(address.feature(score), {"result_score_next": found[1][0] if found[1:] else None})

        return tables.write(names, rows, added)

    def _reverse_csv(self, ask: Ask) -> Reply:
        names, rows = tables.read(tables.form(ask))
        lon, lat = (next((n for n in pair if n in names), None) for pair in (("longitude", "lon"), ("latitude", "lat")))
        if lon is None or lat is None:
            raise RefusalError("longitude and latitude columns must be present")

        def added(row: Mapping[str, str]) -> dict[str, Any]:
            try:
                found = self._places.reverse(float(row[lon]), float(row[lat]))
            except ValueError:
                return {"result_status": "skipped"}
            if found is None:
                return {"result_status": "not-found"}
            metres, address = found
            flat = tables.flat(address.feature(1.0), {"result_distance": round(metres)})
            return {**flat, "result_latitude": flat["latitude"], "result_longitude": flat["longitude"]}

        return tables.write(
            names, rows, added, ("result_latitude", "result_longitude", "result_distance", *tables.ADDED[2:])
        )

    def _complete(self, ask: Ask) -> Reply:
        asks = ask.parameters
        if not asks.get("text", "").strip():
            raise RefusalError("text: required param")
        limit = int(asks.get("maximumresponses", "10"))
        if not 1 <= limit <= 15:
            raise RefusalError("maximumResponses: must be an integer between 1 and 15")
        results = []
        for _, address in itertools.islice(self._places.search(asks["text"], _kept(asks)), limit):
            feature = address.feature(1.0)
            x, y = feature["geometry"]["coordinates"]
            said = feature["properties"]
            fulltext = said["label"] if address.street is None else f"{said['name']}, {said['postcode']} {said['city']}"
            results.append(
                {
                    "country": "StreetAddress",
                    "x": x,
                    "y": y,
                    "city": said["city"],
                    "oldcity": "",
                    "kind": said["type"],
                    "zipcode": said["postcode"],
                    "street": said.get("street", ""),
                    "metropole": True,
                    "fulltext": fulltext,
                    "classification": 7,
                }
            )
        return Reply("application/json", orjson.dumps({"status": "OK", "results": results}))


def _kept(asks: Mapping[str, str]) -> Callable[[Commune], bool]:
    filters = {}
    for name, most, read in (
        ("postcode", 50, lambda commune: commune.postcode),
        ("citycode", 200, lambda commune: commune.code),
        ("depcode", 10, lambda commune: commune.departement),
    ):
        if asks.get(name):
            values = asks[name].split(",")
            if len(values) > most:
                raise RefusalError(f"{name}: must contain at most {most} values")
            filters[name] = (read, values)
    return lambda commune: all(read(commune) in values for read, values in filters.values())


def _limit(asks: Mapping[str, str], default: int) -> int:
    text = asks.get("limit", str(default))
    if not text.isdigit() or not 1 <= int(text) <= 50:
        raise RefusalError("limit: must be an integer between 1 and 50")
    return int(text)


def _index(asks: Mapping[str, str]) -> str:
    index = asks.get("index", "address")
    if index not in _INDEXES:
        raise RefusalError(f"index: unexpected value '{index}'")
    return index


def _number(asks: Mapping[str, str], name: str, most: float) -> float:
    try:
        value = float(asks[name])
    except (KeyError, ValueError) as exc:
        raise RefusalError(f"{name}: must be a float") from exc
    if abs(value) > most:
        raise RefusalError(f"{name}: must be between -{most} and {most}")
    return value


def _poi(commune: Commune, score: float) -> dict[str, Any]:
    point = [round(value, 6) for value in _lonlat(commune)]
    properties = {
        "toponym": commune.name,
        "name": [commune.name],
        "category": ["administratif", "commune"],
        "city": [commune.name],
        "citycode": [commune.code],
        "postcode": [commune.postcode],
        "_score": score,
        "_type": "poi",
    }
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": point}, "properties": properties}


def _parcel(commune: Commune, metres: float) -> dict[str, Any]:
    properties = {
        "id": f"{commune.code}000AB0001",
        "departmentcode": commune.code[:2],
        "municipalitycode": commune.code[2:],
        "city": commune.name,
        "section": "AB",
        "sheet": "01",
        "number": "0001",
        "distance": round(metres),
        "_score": 1.0,
        "_type": "parcel",
    }
    point = [round(value, 6) for value in _lonlat(commune)]
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": point}, "properties": properties}


def _lonlat(commune: Commune) -> list[float]:
    return Address(commune).feature(1.0)["geometry"]["coordinates"]


def _collection(features: list[dict[str, Any]]) -> Reply:
    return Reply("application/json", orjson.dumps({"type": "FeatureCollection", "features": features}))


def _capabilities(_: Ask) -> Reply:
    content = {"info": {"name": "Géoplateforme, géocodage"}, "indexes": [{"id": name} for name in _INDEXES]}
    return Reply("application/json", orjson.dumps(content))


def _refusal(text: str, status: int) -> Reply:
    body = {"code": status, "detail": [text], "message": "Failed parsing query"}
    return Reply("application/json", orjson.dumps(body), status)
