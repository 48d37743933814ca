"""How every service of the Géoplateforme is asked: within its quota, again where that is safe, from the cache."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import stamina

from territoire.core.errors import SettingsError, UpstreamBusyError, UpstreamError, UpstreamTimeoutError
from territoire.core.settings import Settings
from territoire.geoplateforme import answers, cache, download, refusals
from territoire.geoplateforme.answers import Answer, OutageError
from territoire.geoplateforme.breaker import Breaker
from territoire.geoplateforme.cache import Cache, Kept
from territoire.geoplateforme.download import Download
from territoire.geoplateforme.exchange import Asked, Exchange, Raw, UnreachableError
from territoire.geoplateforme.pulse import Pulse
from territoire.geoplateforme.quota import Quota
from territoire.geoplateforme.services import Service, Services

__all__ = ["VISITORS_BYTES", "Answer", "Check", "Download", "Service", "Transport"]

#: The largest answer that is read for a visitor: many may ask at once, and each is held in memory.
VISITORS_BYTES = 32 * 2**20

#: Raises UpstreamError for what is no answer to the request.
Check = Callable[[Answer], object]

_TRIES = 4
#: For how many failures one counts after which nothing came back: the second opens the circuit.
_SILENT = 3
#: While the service fails, an answer up to this old stands in for a new one.
_STALE_S = 14 * 86_400.0
#: A large file is continued as often as this.
_DOWNLOAD_TRIES = 10


class Transport:
    """Asks the services; one per process, safe among threads, to be closed.

    `patience_s` is how long a request may wait for its turn and between its tries: seconds for a visitor,
    minutes for a load; `most_bytes` is the size of the largest answer, where that is less than the service's own.
    """

    def __init__(self, settings: Settings, *, patience_s: float = 10.0, most_bytes: int | None = None) -> None:
        self.services = Services(settings, most_bytes=most_bytes)
        self.folder = settings.var / "geoplateforme"
        """What is kept of the services: quotas, answers, parsed capabilities, when each last answered."""
        quotas = self.folder / "quota"
        try:
            quotas.mkdir(parents=True, exist_ok=True)
            self.pulse = Pulse(self.folder / "pulse")
        except OSError as exc:
            raise SettingsError(
                f"{self.folder} cannot be made: {exc.strerror}", remedy="give a folder by TERRITOIRE_VAR"
            ) from exc
        self._key = settings.geoplateforme_key.get_secret_value() if settings.geoplateforme_key else None
        self._patience_s = patience_s
        self._exchange = Exchange(self.services, key=self._key)
        self._cache = Cache(self.folder / "cache")
        self._breakers = {one.name: Breaker(one.name) for one in self.services}
        self._quotas = {
            one.name: Quota(
                quotas / f"{one.name}-{urlsplit(one.url).netloc}", service=one.name, per_second=one.per_second
            )
            for one in self.services
        }

    def close(self) -> None:
        """Close the connections."""
        self._exchange.close()

    def __enter__(self) -> Transport:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(
        self,
        service: str,
        path: str = "",
        params: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        fresh_s: float | None = None,
        check: Check | None = None,
    ) -> Answer:
        """Return what `path` below a service says; a kept answer up to `fresh_s` seconds old will do.

        `check` raises UpstreamError for what is no answer to this request, before it is kept: OutageError where a kept
        one may stand in. UpstreamError, UpstreamBusyError or UpstreamTimeoutError where there is neither an answer nor
        a kept one.
        """
        asked = self._asked("GET", service, path, params, headers=headers)
        return self._cached(asked, fresh_s=asked.service.fresh_s if fresh_s is None else fresh_s, check=check)

    def post(
        self,
        service: str,
        path: str = "",
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        content: bytes | None = None,
        media: str | None = None,
        fresh_s: float | None = None,
        check: Check | None = None,
    ) -> Answer:
        """Post a form, files (name -> file name, bytes, content type) or bytes of type `media`.

        The answer is kept only if `fresh_s` is given: the request must then be one that changes nothing.
        """
        given: dict[str, Any] = {"data": form, "files": files, "content": content}  # httpx2's arguments
        body = {name: value for name, value in given.items() if value is not None}
        asked = self._asked("POST", service, path, params, headers={"Content-Type": media} if media else None)
        asked = replace(asked, body=body)
        if fresh_s is None:
            return self._fetch(asked, None, check)
        return self._cached(asked, fresh_s=fresh_s, check=check)

    def download(
        self,
        service: str,
        path: str,
        target: Path,
        *,
        params: Mapping[str, str] | None = None,
        progress: Callable[[int, int | None], None],
        resume: bool = False,
    ) -> Download:
        """Stream a large file to `target`; with `resume`, go on from what an earlier call left unfinished."""
        asked = self._asked("GET", service, path, params, headers=None)
        partial = download.Partial(target, keep=resume)

        def once() -> Download:
            return download.fetch(self._exchange, asked, partial, progress)

        def again(exc: Exception) -> bool | float:
            return isinstance(exc, UpstreamTimeoutError) or self._may_try_again(asked, exc, self._patience_s)

        tries = stamina.retry_context(on=again, attempts=_DOWNLOAD_TRIES, timeout=None, wait_initial=0.2, wait_max=5)
        for attempt in tries:
            with attempt:
                return self._counted(asked, once)
        raise AssertionError("retry_context ends by a return or an exception")

    def locate(self, address: str) -> tuple[str, str, dict[str, str]]:
        """Return service, path and parameters of an address of an answer; UpstreamError if it may not be called."""
        service, path, params = self.services.locate(address)
        return service.name, path, params

    def _asked(
        self,
        method: str,
        service: str,
        path: str,
        params: Mapping[str, str] | None,
        *,
        headers: Mapping[str, str] | None,
    ) -> Asked:
        given = dict(params or {})
        names = [name.lower() for name in given]
        if len(set(names)) != len(names) or "apikey" in names:
            # the Géoplateforme refuses a parameter that is there twice, whatever its case
            raise UpstreamError(f"{service}: a parameter is given twice, or is the key", remedy="give each once")
        if any("\ud800" <= letter <= "\udfff" for value in given.values() for letter in value):
            # what a terminal of another encoding makes of its bytes
            raise UpstreamError(f"{service}: a parameter is no text", remedy="write it in UTF-8")
        chosen = self.services[service]
        return Asked(chosen, method, chosen.address(path), given, headers or {})

    def _cached(self, asked: Asked, *, fresh_s: float, check: Check | None) -> Answer:
        private = self._key if asked.service.is_private else None
        rest = repr((sorted(asked.headers.items()), sorted(asked.body.items()))).encode()
        name = cache.key(asked.method, asked.address, asked.params.items(), secret=private, rest=rest)
        kept = self._cache.find(name)
        if kept and kept.age_s() < fresh_s:
            return kept.answer
        try:
            answer = self._fetch(asked, kept, check)
        except (UpstreamBusyError, UpstreamTimeoutError, OutageError):
            if kept and kept.age_s() < _STALE_S:
                return replace(kept.answer, is_stale=True)
            raise
        self._cache.keep(name, answer)
        return answer

    def _fetch(self, asked: Asked, kept: Kept | None, check: Check | None) -> Answer:
        """Ask, and return an answer that was looked at; the kept one, renewed, if the service says it still holds."""
        if kept:
            asked = replace(asked, headers={**asked.headers, **kept.conditions})
        answer = self._retry(asked, lambda: self._looked_at(asked, self._exchange.send(asked), check))
        if answer.status == 304 and kept:
            return replace(kept.answer, retrieved_at=answer.retrieved_at, is_cached=True)
        return answer

    def _looked_at(self, asked: Asked, raw: Raw, check: Check | None) -> Answer:
        """Return the answer if it is one; raise what else it is."""
        media = raw.headers.get("content-type", "").split(";")[0].strip().lower()
        address = f"{asked.address}?{urlencode(asked.params)}" if asked.params else asked.address
        answer = Answer(address, raw.status, media, raw.headers, raw.body, datetime.now(UTC))
        if raw.status == 304 or (raw.status == 404 and asked.service.may_lack):
            return answer
        refusals.check_status(asked.service, raw.status, raw.headers, raw.body)
        html = {key.lower(): value for key, value in asked.params.items()}.get("info_format") == "text/html"
        answers.check(raw.body, service=asked.service.name, html=html)
        if check:
            check(answer)
        return answer

    def _counted[T](self, asked: Asked, once: Callable[[], T]) -> T:
        """Do one exchange within quota and circuit, and let both learn from it."""
        breaker, quota = self._breakers[asked.service.name], self._quotas[asked.service.name]
        breaker.enter()
        quota.wait(self._patience_s)
        try:
            done = once()
        except refusals.TooManyError as exc:
            quota.block(exc.retry_after)
            breaker.succeed()
            raise
        except (UpstreamBusyError, UpstreamTimeoutError, OutageError) as exc:
            breaker.fail(counts=_SILENT if isinstance(exc, UnreachableError) and exc.is_silent else 1)
            self.pulse.note(asked.service.name, answered=False)
            raise
        except UpstreamError:
            breaker.succeed()  # it answers, if not what we like
            raise
        breaker.succeed()
        self.pulse.note(asked.service.name, answered=True)
        return done

    def _retry[T](self, asked: Asked, once: Callable[[], T]) -> T:
        end = time.monotonic() + self._patience_s

        def again(exc: Exception) -> bool | float:
            return self._may_try_again(asked, exc, end - time.monotonic())

        tries = stamina.retry_context(on=again, attempts=_TRIES, timeout=self._patience_s, wait_initial=0.2, wait_max=2)
        for attempt in tries:
            with attempt:
                return self._counted(asked, once)
        raise AssertionError("retry_context ends by a return or an exception")

    def _may_try_again(self, asked: Asked, exc: Exception, left_s: float) -> bool | float:
        """Say whether another try is safe and worth the wait, and after how many seconds where the service says.

        A POST is sent again only where the service cannot have done it: it was not reached, or said 429 or 503.
        """
        if isinstance(exc, UnreachableError):
            return asked.method == "GET" or not exc.sent
        if isinstance(exc, refusals.PatienceError):
            return float(exc.retry_after) if exc.retry_after <= left_s else False
        return isinstance(exc, refusals.GatewayError) and asked.method == "GET"
