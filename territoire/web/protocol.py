"""HTTP as uvicorn speaks it, but what it cannot read is refused with a problem, as everything else is."""

from __future__ import annotations

from http import HTTPStatus
from typing import override

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from territoire.core.errors import RequestError
from territoire.web import answers

#: Bytes of an address; httptools reads 65,535 and no more.
MAX_ADDRESS = 64_000
# one byte more, and the question mark that the application does not see
_KEPT = MAX_ADDRESS + 2


class Protocol(HttpToolsProtocol):
    """httptools' protocol with two differences: a long address reaches the application, and a 400 is a problem.

    The end of a long address is read and forgotten: `middleware.AddressLimit` refuses what is left of it, and the
    connection goes on. uvicorn would close it with the rest unread, so that most clients see it reset.
    """

    @override
    def on_url(self, url: bytes) -> None:
        """Keep as much of an address as shows that it is too long."""
        super().on_url(url[: _KEPT - len(self.url)])

    @override
    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, and end the connection."""
        answer = answers.problem(RequestError(msg, remedy="send HTTP/1.1, with the address percent-encoded"))
        lines = [
            f"HTTP/1.1 400 {HTTPStatus.BAD_REQUEST.phrase}".encode(),
            *(name + b": " + value for name, value in answer.raw_headers),
            b"access-control-allow-origin: *",
            b"connection: close",
        ]
        self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + bytes(answer.body))
        self.transport.close()
