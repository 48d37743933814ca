"""One request as the routes see it: public address, language, format, and parameters that are known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import urlencode

from starlette.requests import Request

from territoire.core.errors import RequestError
from territoire.query import parameters
from territoire.web import negotiate
from territoire.web.negotiate import Language

_HOST = re.compile(r"^(?:[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$")
_PREFIX = re.compile(r"^(?:/[A-Za-z0-9._~-]{1,80}){0,5}$")
DOCUMENT = {"json": ("application/json",), "html": ("text/html",)}
FEATURES = {
    "json": ("application/geo+json", "application/json"),
    "html": ("text/html",),
    # its drafts had the second
    "jsonfg": ("application/fg+json", "application/vnd.ogc.fg+json"),
    "csv": ("text/csv",),
}
JSON_ONLY = {"json": ("application/json",)}
#: A result has the form that its process gives it: whoever asks takes that.
ANY = {"json": ("application/json", "application/geo+json", "text/csv", "text/html")}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for, beside what its route is about; `base` is the public address without trailing slash."""

    base: str
    path: str
    format: str
    language: Language
    pairs: tuple[tuple[str, str], ...]
    if_none_match: str | None = None

    @property
    def ogc(self) -> str:
        """Public address of the OGC API's landing page."""
        return f"{self.base}/ogc"

    @property
    def url(self) -> str:
        """Public address of this request, as it came."""
        return self.link()

    def link(self, **changed: str | None) -> str:
        """Return this request's address with parameters changed, or left out where None."""
        kept = [(name, value) for name, value in self.pairs if name not in changed]
        added = [(name, value) for name, value in changed.items() if value is not None]
        query = urlencode([*kept, *added])
        return f"{self.base}{self.path}{'?' if query else ''}{query}"


def read(
    request: Request,
    *,
    offered: Mapping[str, tuple[str, ...]] = DOCUMENT,
    known: Sequence[str] | None = (),
) -> Asked:
    """Read a request; `known` names its own parameters (None: the route judges them), all others are refused."""
    pairs = tuple(request.query_params.multi_items())
    if known is not None:
        for name, _ in pairs:
            if name not in {"f", "lang", *known}:
                raise parameters.unknown(name, ["f", "lang", *known])
    named = dict(pairs)
    return Asked(
        base=base(request),
        path=request.url.path,
        format=negotiate.choose(offered, f=named.get("f"), accept=request.headers.get("accept")),
        language=negotiate.language(lang=named.get("lang"), accept_language=request.headers.get("accept-language")),
        pairs=pairs,
        if_none_match=request.headers.get("if-none-match"),
    )


def base(request: Request) -> str:
    """Return the public address: TERRITOIRE_PUBLIC_URL, else what a trusted proxy says, else the request's own."""
    public: str | None = request.app.state.public_url
    if public:
        return public
    scheme, host, prefix = request.url.scheme, request.headers.get("host", ""), ""
    if _from_trusted_proxy(request):
        # the last proxy writes its own at the end of what it was given
        scheme = _last(request, "x-forwarded-proto", scheme)
        host = _last(request, "x-forwarded-host", host)
        prefix = _last(request, "x-forwarded-prefix", "").rstrip("/")
    if not _HOST.match(host) or scheme not in {"http", "https"} or not _PREFIX.match(prefix):
        raise RequestError("the Host header is not a host", remedy="send Host: name:port")
    return f"{scheme}://{host}{prefix}"


def _from_trusted_proxy(request: Request) -> bool:
    trusted: Sequence[IPv4Network | IPv6Network] = request.app.state.trusted_proxies
    if not trusted or request.client is None:
        return False
    try:
        address = ip_address(request.client.host)
    except ValueError:
        return False
    return any(address in network for network in trusted)


def _last(request: Request, header: str, otherwise: str) -> str:
    return request.headers.get(header, otherwise).rsplit(",", 1)[-1].strip() or otherwise
