"""The one module that knows aiohttp: a session with a bounded number of connections per source, and what can befall it.

Redirects are never followed: they would carry credentials elsewhere. Messages name the host alone: an address may hold
a token, and what the library says of its errors may hold anything.
"""

import asyncio
import errno
import math
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import aiohttp
from aiohttp.hdrs import CONTENT_ENCODING
from yarl import URL

from connectors.errors import (
    ConnectorError,
    OutOfTimeError,
    TimedOutError,
    UnreachableError,
    UnreadableError,
    UntrustedError,
)
from connectors.http.client import PLAIN, Request, Response
from connectors.http.deadline import time_left
from connectors.http.unpack import GZIP, PIECE, DamagedError, Unpacker

TIMEOUT = 8.0  # seconds for a whole call, however much drips in
CONNECT_TIMEOUT = 2.0  # seconds to a connection, TLS included
READ_TIMEOUT = 3.0  # seconds without a byte
READ_SHARE = READ_TIMEOUT / TIMEOUT  # for sources that are given more time
FAIR = 1.0  # seconds; a source that was given as much and did not answer has failed, whatever the query's deadline
MAX_BODY = 32 * 1024 * 1024  # bytes, packed and unpacked
IDENTITY = frozenset({"", "identity"})
READABLE = IDENTITY | GZIP

UNTRUSTED = {
    10: "it has expired",
    18: "it is signed by itself",
    19: "its authority is not known",
    20: "its authority is not known",
    21: "its authority is not known",
    62: "it is for another name",
    64: "it is for another address",
}
"OpenSSL's reasons that an operator can do something about."
SYSTEM: dict[int | None, str] = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.EHOSTUNREACH: "no way to it",
    errno.ENETUNREACH: "no way to it",
}
"The system's reasons."


@dataclass(slots=True)
class Connections:
    """A source's session: so many connections, whatever is asked of it. A source that hangs delays no other."""

    limit: int = 8
    _session: aiohttp.ClientSession | None = field(default=None, init=False, repr=False)

    def session(self) -> aiohttp.ClientSession:
        """Opened on the first call."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self.limit),
                cookie_jar=aiohttp.DummyCookieJar(),
                requote_redirect_url=False,
                auto_decompress=False,
                headers={"User-Agent": "histograph", "Accept-Encoding": "gzip"},
            )
            # by itself it would send a GET again that was hung up on, unseen by retries, their budget and the count of
            # calls; there is no argument for it
            self._session._retry_connection = False
        return self._session

    async def aclose(self) -> None:
        """Closes them."""
        if self._session is not None:
            await self._session.close()
            self._session = None


@dataclass(slots=True)
class Transport:
    """Sends to one base URL."""

    base_url: str
    connections: Connections = field(default_factory=Connections)
    timeout: float = TIMEOUT
    "Seconds for a whole call."
    ca_bundle: str | None = None
    "Path of a PEM file with further trusted authorities."
    max_body: int = MAX_BODY
    connect_timeout: float = CONNECT_TIMEOUT
    read_timeout: float = READ_TIMEOUT
    fair: float = FAIR
    clock: Callable[[], float] = time.monotonic
    _trust: ssl.SSLContext | bool = field(default=True, init=False, repr=False)
    _usual: aiohttp.ClientTimeout | None = field(default=None, init=False, repr=False)
    "The limits of a call that has all the time there is, as most have."

    async def send(self, request: Request) -> Response:
        """One call, read whole."""
        left = time_left(self.clock)
        if left is not None and left <= 0:
            raise OutOfTimeError("not asked: the query's deadline has passed")
        total = self.timeout if left is None else min(self.timeout, left)
        url = URL(f"{self.base_url.rstrip('/')}{request.path}{_query(request.params)}", encoded=True)
        try:
            answer = await self.connections.session().request(
                request.method,
                url,
                headers=request.headers,
                data=request.body,
                allow_redirects=False,
                timeout=self._limits(total),
                ssl=self._trusted(),
            )
            try:
                body = await self._read(answer)
            finally:
                if not answer.closed:  # as it is by itself once it is read to its end
                    answer.close()
            return Response(status=answer.status, headers=answer.headers, body=body)
        except TimeoutError as error:
            raise self._late(error, total) from None
        except (aiohttp.ClientError, DamagedError, OSError, ValueError) as error:
            raise _failed(error, self._host) from None

    async def aclose(self) -> None:
        """Closes its connections, and those of all who share them."""
        await self.connections.aclose()

    @property
    def _host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def _silence(self) -> float:
        """Seconds without a byte that are borne: more for sources that are given more time."""
        return max(self.read_timeout, self.timeout * READ_SHARE)

    def _limits(self, total: float) -> aiohttp.ClientTimeout:
        if self._usual is not None and self._usual.total == total:
            return self._usual
        limits = aiohttp.ClientTimeout(
            total=total,
            sock_connect=self.connect_timeout,
            sock_read=self._silence,
            ceil_threshold=math.inf,
        )
        if total == self.timeout:
            self._usual = limits
        return limits

    def _trusted(self) -> ssl.SSLContext | bool:
        if self.ca_bundle is not None and self._trust is True:
            try:
                context = ssl.create_default_context()
                context.load_verify_locations(self.ca_bundle)
            except OSError as error:
                raise UntrustedError(f"ca_bundle cannot be read: {type(error).__name__}") from None
            self._trust = context
        return self._trust

    def _late(self, error: TimeoutError, total: float) -> TimedOutError:
        """Which of the bounds has struck."""
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return TimedOutError(f"no connection to {self._host} within {self.connect_timeout:g} s")
        if isinstance(error, aiohttp.SocketTimeoutError):
            return TimedOutError(f"not a byte from {self._host} for {self._silence:g} s")
        if total >= self.timeout:
            return TimedOutError(f"no answer from {self._host} within {self.timeout:g} s")
        kind = TimedOutError if total >= self.fair else OutOfTimeError
        return kind(f"no answer from {self._host} before the query's deadline, in {total:.2g} s")

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        """The body, unpacked. Both forms of it have the same bound, which holds piece by piece."""
        packing = answer.headers.get(CONTENT_ENCODING, "").strip().lower()
        if packing not in READABLE:
            raise UnreadableError("packed in a way that was not asked for")
        if (answer.content_length or 0) > self.max_body:
            raise self._too_large()
        unpacker = None if packing in IDENTITY else Unpacker()
        parts: list[bytes] = []
        came = size = 0
        content = answer.content
        while not content.at_eof() and (part := content.read_nowait(PIECE) or await content.read(PIECE)):
            came += len(part)
            if came > self.max_body:
                raise self._too_large()
            if unpacker is None:
                parts.append(part)
                continue
            for piece in unpacker.pieces(part):
                if parts:
                    await asyncio.sleep(0)  # a large body must not hold up the others
                size += len(piece)
                if size > self.max_body:
                    raise self._too_large()
                parts.append(piece)
        if unpacker is not None:
            unpacker.end()
        return b"".join(parts)

    def _too_large(self) -> UnreadableError:
        return UnreadableError(f"an answer of more than {self.max_body} bytes")


def _query(params: Sequence[tuple[str, str]]) -> str:
    """The part after the path. Most of it is words and numbers, which `urlencode` takes long to leave as they are."""
    if not params:
        return ""
    if PLAIN.fullmatch("".join(map("".join, params))):
        return "?" + "&".join(map("=".join, params))
    return f"?{urlencode(params)}"


def _failed(error: Exception, host: str) -> ConnectorError:
    """What the library, or the system below it, says of a call that failed."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = UNTRUSTED.get(getattr(error.certificate_error, "verify_code", 0))
        return UntrustedError(f"the certificate of {host} is not trusted{f': {reason}' if reason else ''}")
    if isinstance(error, aiohttp.ClientSSLError):
        return UntrustedError(f"no TLS connection to {host}")
    if isinstance(error, aiohttp.ClientPayloadError | DamagedError):
        return UnreachableError(f"the answer of {host} broke off")
    # ValueError: what aiohttp says of answers that are no HTTP
    return UnreachableError(f"no connection to {host}: {_kind(error)}")


def _kind(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is not known"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it hung up"
    return SYSTEM.get(getattr(error, "errno", None), type(error).__name__)
