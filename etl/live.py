"""Publishes what is shown live: looks at the source, checks the declaration against it, keeps what serving needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from etl import ledger, publish
from etl.refresh import attempt
from territoire.core.database import Connection
from territoire.core.errors import CheckError, LoadError
from territoire.core.layers import LiveLayer
from territoire.core.models import Dataset
from territoire.core.registry import nearest
from territoire.geoplateforme import live_csw, live_tms, live_wfs, live_wms, live_wmts
from territoire.geoplateforme.transport import Transport

__all__ = ["LiveDeclaration", "describe", "publish_live"]

LiveDeclaration = Dataset | LiveLayer
#: XML Schema types that may feed a column of a type.
_FITS: Mapping[str, frozenset[str]] = {
    "integer": frozenset({"int", "integer", "short", "byte", "long"}),
    "bigint": frozenset({"int", "integer", "short", "byte", "long"}),
    "number": frozenset({"int", "integer", "short", "byte", "long", "double", "float", "decimal", "number"}),
    "boolean": frozenset({"boolean"}),
    "date": frozenset({"date", "dateTime", "date-time"}),
    "timestamp": frozenset({"date", "dateTime", "date-time"}),
}


def publish_live(declared: LiveDeclaration, *, connection: Connection, transport: Transport) -> None:
    """Publish a live declaration, or refresh what is known of its source; a failure leaves what was published."""
    with attempt(connection, declared.id, forced=False) as run:
        ledger.step(connection, run, "extract", _address(declared))
        description = describe(declared, transport)
        ledger.step(connection, run, "publish", "")
        _store(connection, declared, description)
        ledger.end(connection, run, "published")


def describe(declared: LiveDeclaration, transport: Transport) -> dict[str, Any]:  # a JSON document
    """Return what the source says of a live declaration; CheckError when it is not as declared."""
    live = declared.live
    if live is None:
        raise LoadError(f"{declared.id}: it is not live", remedy="load it: territoire etl run")
    if isinstance(declared, Dataset):
        return _features(declared, transport, live.layer or "")
    if live.service == "csw":
        return live_csw.describe(transport, live.search)
    if live.service == "wmts":
        return live_wmts.describe(transport, live.layer or "", live.style)
    if live.service == "tms":
        return live_tms.describe(transport, live.layer or "", live.style)
    return live_wms.describe(transport, live.service, live.layer or "", live.style)


def _features(dataset: Dataset, transport: Transport, name: str) -> dict[str, Any]:  # a JSON document
    found = live_wfs.describe(transport, name)
    by_name = {field.lower(): field for field in found.fields}
    faults: list[str] = []
    fields: dict[str, str] = {}
    for column in dataset.columns:
        field = by_name.get(column.field.lower())
        if field is None:
            faults.append(f"{name} has no field {column.field} ({nearest(column.field.lower(), by_name)})")
            continue
        fields[column.name] = field
        wanted = _FITS.get(column.type)
        if wanted and found.fields[field] not in wanted:
            faults.append(f"{column.name} is declared {column.type}, and {field} is {found.fields[field]}")
    if dataset.geometry and not found.geometry:
        faults.append(f"{name} has no geometry")
    if faults:
        raise CheckError(
            f"{dataset.id}: " + "; ".join(faults), remedy="correct the declaration; what was published is untouched"
        )
    # sorting by the key must work, or no page but the first could be asked for
    key = fields[dataset.key]
    live_wfs.page(transport, name, live_wfs.Selection(fields=(key,), sort=(f"{key} A",), count=1, start=1))
    counted, _ = live_wfs.count(transport, name, "")
    return {
        "extent_crs84": list(found.extent_crs84),
        "crs": list(found.crs),
        "fields": fields,
        "types": {column: found.fields[field] for column, field in fields.items()},
        "geometry": found.geometry,
        "geometry_type": found.geometry_type,
        "count": counted,
    }


def _store(connection: Connection, declared: LiveDeclaration, description: Mapping[str, Any]) -> None:
    kind = declared.live.service if declared.live else ""
    declaration = declared.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    with connection.transaction():
        connection.execute(
            "insert into etl.layers (dataset, kind, declaration, description) values (%s, %s, %s, %s)"
            " on conflict (dataset) do update set kind = excluded.kind, declaration = excluded.declaration,"
            " description = excluded.description, published_at = clock_timestamp()",
            [declared.id, kind, Jsonb(declaration), Jsonb(dict(description))],
        )
        connection.execute("select pg_notify(%s, %s)", [publish.CHANNEL, declared.id])


def _address(declared: LiveDeclaration) -> str:
    live = declared.live
    return f"{live.service}:{live.layer or live.search or ''}" if live else ""
