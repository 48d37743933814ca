"""All processes by id, and the one function that does any of them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Self

from providers.processes.description import Description
from providers.processes.elevation_profile import ElevationProfileProcessor
from providers.processes.geocode import GeocodeProcessor
from providers.processes.isochrone import IsochroneProcessor
from providers.processes.itinerary import ItineraryProcessor
from providers.processes.processor import Means, Processor
from providers.processes.reverse_geocode import ReverseGeocodeProcessor
from providers.processes.zone_statistics import ZoneStatisticsProcessor
from providers.runtime import runtime
from territoire.core.errors import NoSuchProcessError
from territoire.core.executions import Output, Work
from territoire.core.registry import nearest
from territoire.core.settings import Settings

__all__ = ["PROCESSES", "Workshop", "describe"]

_ALL: tuple[type[Processor], ...] = (
    GeocodeProcessor,
    ReverseGeocodeProcessor,
    ElevationProfileProcessor,
    IsochroneProcessor,
    ItineraryProcessor,
    ZoneStatisticsProcessor,
)
PROCESSES = MappingProxyType({one.description.id: one for one in _ALL})


def describe(process: str) -> Description:
    """Return what a process says of itself; NotFoundError names the nearest ones."""
    if process in PROCESSES:
        return PROCESSES[process].description
    raise NoSuchProcessError(
        f"there is no process {process[:60]!r}", remedy=nearest(process[:60], PROCESSES) or "see /ogc/processes"
    )


class Workshop:
    """Where processes are done: a server's or a worker's own, to be closed."""

    def __init__(self, given: Settings, *, patience_s: float) -> None:
        self._means = Means(given, runtime=runtime(), patience_s=patience_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened."""
        self._means.close()

    def execute(self, process: str, inputs: dict[str, Any], work: Work) -> Output:  # inputs are JSON
        """Do a process; inputs are checked again, as a job may come from an older version of this program."""
        return PROCESSES[describe(process).id].run(describe(process).check(inputs), work, self._means)
