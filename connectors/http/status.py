"""HTTP status codes become errors that say what to do. What a body tells about it is the provider's to read.

Of a good answer's body only this is judged here, below the retries: that it is there, and that it does not end in the
middle. A proxy that loses its upstream sends such bodies as if they were whole; the next try often gets all of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec import Struct

from connectors.errors import (
    ConnectorError,
    ForbiddenError,
    MissingError,
    RefusedError,
    ThrottledError,
    UnreachableError,
    UnreadableError,
    UnsupportedError,
)
from connectors.http.client import HttpClient, Request, Response
from connectors.http.retry_after import retry_after

MAX_MESSAGE = 300  # characters of a provider's message that are shown


class ErrorBody(Struct, frozen=True):
    """What an error's body tells."""

    message: str = ""
    reference: str | None = None


def no_body(body: bytes) -> ErrorBody:
    """For providers whose error bodies tell nothing."""
    return ErrorBody()


def plain_text(body: bytes) -> ErrorBody:
    """For bodies that are none of the provider's forms: the text itself, but no document, be it JSON, XML or HTML."""
    text = body[: 4 * MAX_MESSAGE].decode("utf-8", "replace").strip()
    return ErrorBody("" if text.startswith(("<", "{", "[")) else text)


@dataclass(frozen=True, slots=True)
class StatusChecked:
    """Lets answers of the 2xx kind through and raises for all others."""

    inner: HttpClient
    read_error: Callable[[bytes], ErrorBody] = no_body
    throttling: frozenset[int] = field(default_factory=lambda: frozenset({429}))
    "Statuses by which the provider says «too many»."

    async def send(self, request: Request) -> Response:
        """A good answer.

        Raises:
            ConnectorError: By what the status says is to be done.
        """
        response = await self.inner.send(request)
        if 200 <= response.status < 300:
            if request.is_read and response.status not in _WITHOUT_BODY:
                _check_whole(response)
            if request.check is not None:
                request.check(response)
            return response
        raise self._error(response)

    def _error(self, response: Response) -> ConnectorError:
        status = response.status
        told = self.read_error(response.body) if status >= 400 else ErrorBody()
        said = f": {_shown(told.message)}" if told.message.strip() else ""
        wait = retry_after(response)
        if status in self.throttling:
            kind: type[ConnectorError] = ThrottledError
            said = said or ": busy, or over its rate limit"
        elif status in _TRY_AGAIN or (status >= 500 and status not in _KINDS):
            kind = UnreachableError
        elif 300 <= status < 400:
            kind, said = UnreadableError, ": a redirect, which is not followed; set base_url to where it leads"
        else:
            kind, wait = _KINDS.get(status, UnsupportedError), None
        return kind(f"HTTP {status}{said}", http_status=status, reference=told.reference, retry_after=wait)


_KINDS: dict[int, type[ConnectorError]] = {
    401: RefusedError,
    403: ForbiddenError,
    404: MissingError,
    410: MissingError,
    501: UnsupportedError,
}
_TRY_AGAIN = frozenset({408, 409})
"Not in time, and lost against somebody else's call: what gRPC says as ABORTED."


_WITHOUT_BODY = frozenset({204, 205})
_CLOSES = {b"{": b"}", b"[": b"]"}


def _check_whole(response: Response) -> None:
    """Raises an UnreachableError for a body that is missing, or starts as JSON and does not end so."""
    start = response.body[:64].lstrip()[:1] or response.body.strip()[:1]
    if not start:
        raise UnreachableError(f"HTTP {response.status} without a body", http_status=response.status)
    end = response.body[-64:].rstrip()[-1:] or response.body.strip()[-1:]
    if end != _CLOSES.get(start, end):
        raise UnreachableError(f"HTTP {response.status} with half a body", http_status=response.status)


def _shown(message: str) -> str:
    one_line = " ".join(message.split())
    return one_line if len(one_line) <= MAX_MESSAGE else f"{one_line[:MAX_MESSAGE]}…"
