"""What our processes have in common: the means they work with, and their face towards pygeoapi."""

from __future__ import annotations

import functools
import threading
from typing import Any, ClassVar

import orjson
from pygeoapi.process.base import BaseProcessor, ProcessorExecuteError

from providers.processes.description import Description, Json
from providers.runtime import Runtime, runtime
from territoire.core import settings
from territoire.core.errors import RequestError
from territoire.core.executions import Output, Work
from territoire.core.settings import Settings
from territoire.geoplateforme.transport import Transport

__all__ = ["Means", "Processor", "RefusedExecutionError", "means"]


class Means:
    """What a process works with: what is published, and the services of the Géoplateforme, both opened at first use."""

    def __init__(self, given: Settings, *, runtime: Runtime, patience_s: float = 10.0) -> None:
        self._settings = given
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._transport: Transport | None = None
        self.runtime = runtime

    @property
    def transport(self) -> Transport:
        """The way to the Géoplateforme."""
        with self._lock:
            if self._transport is None:
                self._transport = Transport(self._settings, patience_s=self._patience_s)
            return self._transport

    def close(self) -> None:
        """Close the connections that were opened."""
        if self._transport is not None:
            self._transport.close()
        self.runtime.close()


@functools.cache
def means() -> Means:
    """Return this process's means, for pygeoapi, which hands a plug-in nothing."""
    return Means(settings.load(), runtime=runtime())


class RefusedExecutionError(ProcessorExecuteError):
    """An execution that cannot be done as asked, with the status that it deserves; the cause is our own error."""

    def __init__(self, refusal: RequestError) -> None:
        super().__init__(user_msg=str(refusal))
        self.http_status_code = refusal.status
        self.ogc_exception_code = "InvalidParameterValue" if refusal.status < 500 else "NoApplicableCode"


class Processor(BaseProcessor):
    """A process as pygeoapi knows it; each module below says what it is and does."""

    description: ClassVar[Description]

    def __init__(self, processor_def: Json) -> None:
        super().__init__(processor_def, self.description.metadata())

    @staticmethod
    def run(inputs: Json, work: Work, means: Means) -> Output:
        """Do the work; RequestError says what is wrong with the inputs, or with a service that was asked."""
        raise NotImplementedError

    def execute(self, data: Json, outputs: object = None) -> tuple[str, Any]:  # as pygeoapi has it
        """Check the inputs and return media type and value, a text or a JSON document."""
        try:
            done = self.run(self.description.check(data), Work(), means())
        except RequestError as exc:
            raise RefusedExecutionError(exc) from exc
        text = done.content.decode()
        return done.media, orjson.loads(text) if done.media.endswith("json") else text
