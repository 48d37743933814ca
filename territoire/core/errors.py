"""The tree of errors: each says what is wrong and, in `remedy`, what to do about it."""

from __future__ import annotations


class TerritoireError(Exception):
    """Anything that the platform refuses or cannot do; the roof prints it without a traceback."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  -> {self.remedy}" if self.remedy else self.message


class SettingsError(TerritoireError):
    """A setting (environment variable, option) has a value that cannot work."""


class DeclarationError(TerritoireError):
    """A dataset's declaration is wrong; the message names file, key path and remedy."""


class ClusterError(TerritoireError):
    """The private PostgreSQL cluster cannot be made, started, stopped or entered."""


class DatabaseError(TerritoireError):
    """The database is away, refuses us, or is not in the state that the command needs."""


class MigrationError(DatabaseError):
    """A migration is missing, was altered after it was applied, or failed."""


class SourceError(TerritoireError):
    """A source cannot be fetched or read: absent, truncated, of another shape than declared."""


class LoadError(TerritoireError):
    """A load cannot go on; the published generation is untouched."""


class CheckError(LoadError):
    """A check that the declaration asks for does not hold on the new generation."""


class BusyError(LoadError):
    """Another run holds this dataset's lock."""


class RequestError(TerritoireError):
    """A request that cannot be answered as asked; carries the HTTP status it deserves."""

    status = 400
    title = "Bad Request"
    type = "about:blank"
    """What kind of problem it is (RFC 9457), where a standard has an address for it."""
    passes = False
    """Whether the same request may succeed later: a job waits for that."""


class NotFoundError(RequestError):
    """What the request names does not exist."""

    status = 404
    title = "Not Found"


class NoSuchProcessError(NotFoundError):
    """There is no such process (OGC 18-062r2, /req/core/process-exception/no-such-process)."""

    type = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-process"


class NoSuchJobError(NotFoundError):
    """There is no such job, or none any more."""

    type = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-job"


class ResultNotReadyError(NotFoundError):
    """The job is not done yet."""

    type = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/result-not-ready"


class GoneError(RequestError):
    """The generation that a cursor walks has been removed; `restart` is the query to begin again with."""

    status = 410
    title = "Gone"


class NotAcceptableError(RequestError):
    """None of the formats asked for is one that this resource has."""

    status = 406
    title = "Not Acceptable"


class TooLargeError(RequestError):
    """What is asked is longer than the server reads, or than its links could say."""

    status = 413
    title = "Content Too Large"


class AddressTooLongError(RequestError):
    """The address of the request is longer than the server reads."""

    status = 414
    title = "URI Too Long"


class UnsupportedMediaError(RequestError):
    """The body of the request is of a type that this resource does not read."""

    status = 415
    title = "Unsupported Media Type"


class UnavailableError(RequestError):
    """The database is away; the same request will work again later, `retry_after` seconds from now."""

    status = 503
    title = "Service Unavailable"
    passes = True
    retry_after = 5


class UpstreamError(RequestError):
    """A service that we stand before answered nonsense: an exception, a page, too much, or another address."""

    status = 502
    title = "Bad Gateway"


class UpstreamBusyError(UnavailableError):
    """A service that we stand before is away or asks for patience of `retry_after` seconds."""

    def __init__(self, message: str, *, remedy: str = "", retry_after: int = 5) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after = retry_after


class UpstreamTimeoutError(RequestError):
    """A service that we stand before did not answer in time."""

    status = 504
    title = "Gateway Timeout"
    passes = True
