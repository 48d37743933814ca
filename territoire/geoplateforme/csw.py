"""One record of the catalogue (CSW 2.0.2), read from its ISO form as it is now."""

from __future__ import annotations

from territoire.core.errors import NotFoundError, UpstreamBusyError, UpstreamError
from territoire.geoplateforme import iso
from territoire.geoplateforme.answers import OutageError
from territoire.geoplateforme.record import Record
from territoire.geoplateforme.transport import Transport

__all__ = ["record"]

_SCHEMAS = ("http://www.isotc211.org/2005/gmd", "http://standards.iso.org/iso/19115/-3/mdb/2.0")


def record(transport: Transport, identifier: str) -> Record:
    """Return what a record says; NotFoundError when there is none, UpstreamBusyError when the catalogue is away."""
    params = {"SERVICE": "CSW", "VERSION": "2.0.2", "REQUEST": "GetRecordById", "ELEMENTSETNAME": "full"}
    refused: UpstreamError | None = None
    for schema in _SCHEMAS:  # a catalogue turns the newer standard into the older one, or does not
        try:
            answer = transport.get("csw", params={**params, "ID": identifier, "OUTPUTSCHEMA": schema}, fresh_s=0.0)
        except OutageError:
            raise
        except UpstreamError as exc:
            refused = exc
            continue
        if answer.is_stale:
            raise UpstreamBusyError("csw: the Géoplateforme is not available", remedy="try again later")
        if found := iso.records(answer.body):
            return found[0]
    raise NotFoundError(
        f"csw: the catalogue has no record {identifier!r} in an ISO form",
        remedy="look for it: https://cartes.gouv.fr/rechercher-une-donnee",
    ) from refused
