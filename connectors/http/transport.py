"""The one module that knows aiohttp: a session and a bounded number of connections per source.

Redirects are never followed: they would carry credentials elsewhere.
"""

import asyncio
import ssl
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import aiohttp
from yarl import URL

from connectors.errors import TimedOutError, UnreachableError, UnreadableError
from connectors.http.client import Request, Response

CONNECT_TIMEOUT = 2.0  # seconds
MAX_BODY = 32 * 1024 * 1024  # bytes, after decompression
CHUNK = 64 * 1024  # bytes


@dataclass(slots=True)
class Transport:
    """Sends to one base URL. Opens its session on the first call, and has to be closed."""

    base_url: str
    timeout: float = 8.0
    "Seconds for a whole call."
    max_connections: int = 8
    ca_bundle: str | None = None
    "Path of a PEM file with further trusted authorities."
    max_body: int = MAX_BODY
    _session: aiohttp.ClientSession | None = field(default=None, init=False)

    async def send(self, request: Request) -> Response:
        """One call, read whole."""
        query = f"?{urlencode(request.params)}" if request.params else ""
        url = URL(f"{self.base_url.rstrip('/')}{request.path}{query}", encoded=True)
        where = urlsplit(self.base_url).hostname
        try:
            async with self._open().request(
                request.method, url, headers=dict(request.headers), data=request.body, allow_redirects=False
            ) as answer:
                body = await self._read(answer)
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return Response(status=answer.status, headers=headers, body=body)
        except TimeoutError as error:
            raise TimedOutError(f"no answer from {where} within {self.timeout:g} s") from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise UnreachableError(f"the certificate of {where} is not trusted") from error
        except aiohttp.ClientPayloadError as error:
            raise UnreachableError(f"the answer of {where} broke off") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # ValueError: what aiohttp says of answers that are no HTTP
            raise UnreachableError(f"no connection to {where}: {type(error).__name__}") from error

    async def aclose(self) -> None:
        """Closes its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            context: ssl.SSLContext | bool = True
            if self.ca_bundle is not None:
                context = ssl.create_default_context()
                context.load_verify_locations(self.ca_bundle)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self.max_connections, ssl=context),
                timeout=aiohttp.ClientTimeout(total=self.timeout, sock_connect=CONNECT_TIMEOUT),
                cookie_jar=aiohttp.DummyCookieJar(),
                requote_redirect_url=False,
                headers={"User-Agent": "histograph"},
            )
        return self._session

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        parts, size = [], 0
        async for part in answer.content.iter_chunked(CHUNK):
            size += len(part)
            if size > self.max_body:
                raise UnreadableError(f"an answer of more than {self.max_body} bytes")
            parts.append(part)
            await asyncio.sleep(0)  # a large body must not hold up the others
        return b"".join(parts)
