"""What the services offer, read once a day for the whole machine: capabilities are 5 MB, and rarely change."""

from __future__ import annotations

import fcntl
import secrets
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from territoire.core.errors import NotFoundError
from territoire.geoplateforme import offers
from territoire.geoplateforme.offers import Offer
from territoire.geoplateforme.transport import Transport

__all__ = ["Snapshot", "checked", "current", "keep_as_checked", "offer"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The offers of a service by name, as they were on a day (UTC)."""

    service: str
    read_on: date
    offers: Mapping[str, Offer]


def current(transport: Transport, service: str, *, today: date | None = None) -> Snapshot:
    """Return what a service offers today; what was kept before, with its date, while it does not answer.

    Whoever comes first on a day asks and parses; the other processes of the machine wait for it and read the result.
    """
    day = today or datetime.now(UTC).date()
    file = _file(transport, service, "json")
    kept = _read(file, service)
    if kept and kept.read_on == day:
        return kept
    with _alone(file):
        kept = _read(file, service)
        if kept and kept.read_on == day:
            return kept
        answer = transport.get(service, params=offers.REQUESTS[service], fresh_s=3600)
        if answer.is_stale and kept:
            return kept
        found = {one.name: one for one in offers.read(service, answer.body)}
        snapshot = Snapshot(service, day, found)
        _write(file, snapshot)
        return snapshot


def offer(transport: Transport, service: str, name: str) -> Offer:
    """Return one offer by its name; NotFoundError when the service has it not."""
    found = current(transport, service).offers.get(name)
    if found is None:
        raise NotFoundError(
            f"{service}: the Géoplateforme offers no {name!r}",
            remedy=f"look for its name: territoire geoplateforme search {name.split(':')[-1].split('.')[0]}",
        )
    return found


def checked(transport: Transport, service: str) -> Snapshot | None:
    """Return the offers as the last `territoire geoplateforme check` saw them, None before the first."""
    return _read(_file(transport, service, "checked.json"), service)


def keep_as_checked(transport: Transport, snapshot: Snapshot) -> None:
    """Make this what the next check compares with."""
    _write(_file(transport, snapshot.service, "checked.json"), snapshot)


def _file(transport: Transport, service: str, ending: str) -> Path:
    folder = transport.folder / "capabilities"
    folder.mkdir(exist_ok=True)
    return folder / f"{service}-{urlsplit(transport.services[service].url).netloc}.{ending}"


@contextmanager
def _alone(file: Path) -> Generator[None]:
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(file: Path, service: str) -> Snapshot | None:
    try:
        kept = orjson.loads(file.read_bytes())
        found = {one["name"]: Offer.of(one) for one in kept["offers"]}
        return Snapshot(service, date.fromisoformat(kept["read_on"]), found)
    except FileNotFoundError:
        return None
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None  # written by another version: read anew


def _write(file: Path, snapshot: Snapshot) -> None:
    content = {"read_on": snapshot.read_on.isoformat(), "offers": [asdict(one) for one in snapshot.offers.values()]}
    partial = file.with_name(f".{secrets.token_hex(8)}")
    try:
        partial.write_bytes(orjson.dumps(content))
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
