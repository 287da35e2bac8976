"""The face of HTTP that providers and layers see: a request, an answer read whole, and something that sends.

A layer takes a client and is a client. None of them but the transport knows a library.
"""

import re
from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import quote

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from connectors.errors import MissingError

JSON = "application/json"
MAX_SEGMENT = 512  # characters of an id in a path
PLAIN = re.compile(r"[\w.~-]+", flags=re.ASCII)
"What nobody would escape, as in most ids."


class Request(Struct, frozen=True, kw_only=True, gc=False):
    """One call. `path` follows the source's base URL and is escaped already, see `path`.

    Nothing that it holds leads back to it, so that the garbage collector has no business here; nor with answers.
    """

    method: str = "GET"
    path: str
    params: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = (("Accept", JSON),)
    body: bytes | None = None
    is_read: bool = True
    "Changes nothing, so that it may be sent again; true of queries by POST as well."
    check: "Callable[[Response], None] | None" = None
    "Raises for what is no answer although its status is good; that is tried again, and counts, as a bad status would."

    def with_headers(self, headers: Mapping[str, str]) -> "Request":
        """The same request with further headers."""
        return replace(self, headers=(*self.headers, *headers.items()))


class Response(Struct, frozen=True, kw_only=True, gc=False):
    """An answer, read whole and decompressed. Its headers are found by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient(Protocol):
    """Anything that sends."""

    async def send(self, request: Request) -> Response:
        """Sends it and gives the whole answer.

        Raises:
            ConnectorError: Nothing else leaves a client.
        """
        ...


def path(template: str, *ids: str) -> str:
    """A path whose `{}`s are ids, each escaped into one segment.

    `path("/workflows/{}/runs", "a:b/c")` is `/workflows/a%3Ab%2Fc/runs`. Dots alone cannot be escaped (`%2E%2E` means
    `..` to servers), so an id of dots is taken for one that does not exist.
    """
    for text in ids:
        if text in ("", ".", "..") or len(text) > MAX_SEGMENT or not _is_sendable(text):
            raise MissingError("there can be no such id")
    return template.format(*(text if PLAIN.fullmatch(text) else quote(text, safe="") for text in ids))


def get(path: str, params: Mapping[str, str | int | None] | None = None, *, accept: str = JSON) -> Request:
    """A GET; parameters of None are left out."""
    given = tuple((name, str(value)) for name, value in (params or {}).items() if value is not None)
    if not all(_is_sendable(value) for _, value in given):
        raise MissingError("there can be no such id")
    return Request(path=path, params=given, headers=(("Accept", accept),))


def post(path: str, content: object, *, is_read: bool = True) -> Request:
    """A POST of JSON."""
    headers = (("Accept", JSON), ("Content-Type", JSON))
    try:
        body = msgspec.json.encode(content)
    except UnicodeEncodeError:
        raise MissingError("there can be no such id") from None
    return Request(method="POST", path=path, headers=headers, body=body, is_read=is_read)


def _is_sendable(text: str) -> bool:
    """False for half of a surrogate pair, which JSON can bring in and UTF-8 cannot carry."""
    return text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text)
