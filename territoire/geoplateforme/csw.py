"""One record of the catalogue (CSW 2.0.2), read from its ISO form as it is now."""

from __future__ import annotations

from territoire.core.errors import NotFoundError, UpstreamBusyError
from territoire.geoplateforme import iso
from territoire.geoplateforme.record import Record
from territoire.geoplateforme.transport import Transport

__all__ = ["record"]

_GMD = "http://www.isotc211.org/2005/gmd"


def record(transport: Transport, identifier: str) -> Record:
    """Return what a record says; NotFoundError when there is none, UpstreamBusyError when the catalogue is away."""
    params = {"SERVICE": "CSW", "VERSION": "2.0.2", "REQUEST": "GetRecordById", "ELEMENTSETNAME": "full"}
    answer = transport.get("csw", params={**params, "ID": identifier, "OUTPUTSCHEMA": _GMD}, fresh_s=0.0)
    if answer.is_stale:
        raise UpstreamBusyError("csw: the Géoplateforme is not available", remedy="try again later")
    found = iso.records(answer.body)
    if not found:
        raise NotFoundError(
            f"csw: the catalogue has no record {identifier!r} in an ISO form",
            remedy="look for it: https://cartes.gouv.fr/rechercher-une-donnee",
        )
    return found[0]
