"""Credentials: fixed ones, and tokens that are fetched, shared while they live, and renewed.

A token is renewed before it ends, and once when the provider refuses it early; callers that need one meanwhile wait for
the same exchange. What a provider sends back never holds the credentials that it was sent, whatever it says of them.
"""

import asyncio
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from connectors.http.client import HttpClient, Request, Response
from connectors.http.deadline import within_deadline

UNAUTHORIZED = 401
SECRET_LENGTH = 8  # characters; what is shorter is a word that an answer may well hold
HIDDEN = "[hidden]"
HIDDEN_BYTES = HIDDEN.encode()
NONE: Mapping[str, str] = MappingProxyType({})


class Secret:
    """A text that shows itself to nobody by accident: not in `repr`, nor in logs."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


class Credentials(Protocol):
    """What lets a request in."""

    def at_hand(self) -> Mapping[str, str] | None:
        """Headers that can be sent without waiting for any."""
        ...

    async def headers(self) -> Mapping[str, str]:
        """Headers to send now."""
        ...

    def refused(self, headers: Mapping[str, str]) -> bool:
        """The provider did not take these headers. True when others can be had."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same headers always."""

    name: str
    value: Secret
    _headers: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_headers", {self.name: self.value.reveal()})  # it is frozen

    def at_hand(self) -> Mapping[str, str]:
        """The header."""
        return self._headers

    async def headers(self) -> Mapping[str, str]:
        """The same."""
        return self._headers

    def refused(self, headers: Mapping[str, str]) -> bool:
        """There are no others."""
        return False


def basic(username: str, password: Secret) -> Fixed:
    """HTTP Basic."""
    pair = b64encode(f"{username}:{password.reveal()}".encode()).decode("ascii")
    return Fixed("Authorization", Secret(f"Basic {pair}"))


def bearer(token: Secret, header: str = "Authorization") -> Fixed:
    """A bearer token that does not end."""
    return Fixed(header, Secret(f"Bearer {token.reveal()}"))


class Token(Struct, frozen=True):
    """A bearer token, and how many seconds it lives from now."""

    value: Secret
    lives: float


@dataclass(slots=True)
class Renewed:
    """A bearer token from an exchange, kept while it lives and fetched again `margin` seconds before its end."""

    fetch: Callable[[], Awaitable[Token]]
    margin: float = 60.0
    patience: float = 10.0
    "Seconds for which a token that took the place of a refused one is kept, be it refused as well."
    further: Mapping[str, str] = field(default_factory=dict)
    "Headers that go with it."
    clock: Callable[[], float] = time.monotonic
    _known: Mapping[str, str] | None = field(default=None, init=False, repr=False)
    "The token's header, and those that go with it."
    _renew_at: float = field(default=0.0, init=False)
    _kept_until: float = field(default=float("-inf"), init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    def at_hand(self) -> Mapping[str, str] | None:
        """The token's header, while it lives."""
        return self._known if self.clock() < self._renew_at else None

    async def headers(self) -> Mapping[str, str]:
        """The token's header; waits for an exchange when there is none that lives."""
        async with self._lock:
            if (known := self.at_hand()) is not None:
                return known
            token = await self.fetch()
            self._known = {"Authorization": f"Bearer {token.value.reveal()}", **self.further}
            self._renew_at = self.clock() + max(token.lives - self.margin, token.lives / 2)
            return self._known

    def refused(self, headers: Mapping[str, str]) -> bool:
        """Forgets the token, unless another caller has fetched a newer one meanwhile.

        Where new ones are refused as well, an exchange for each call would be of no use to anybody.
        """
        if headers == self._known:
            if self.clock() < self._kept_until:
                return False
            self._known = None
            self._kept_until = self.clock() + self.patience
        return True


@dataclass(slots=True)
class Authorized:
    """Adds credentials, if there are any; sends once more with fresh ones after a 401."""

    inner: HttpClient
    credentials: Credentials | None = None
    secrets: tuple[Secret, ...] = field(default=(), repr=False)
    "What the credentials are made of."
    clock: Callable[[], float] = time.monotonic
    _sent: Mapping[str, str] | None = field(default=None, init=False, repr=False)
    "The credentials that were sent last."
    _hidden: Sequence[tuple[str, bytes]] = field(default=(), init=False, repr=False)
    "What no answer to them may hold."

    async def send(self, request: Request) -> Response:
        """The answer, be it a 401 for the second time."""
        if self.credentials is None:
            return self._discreet(await self.inner.send(request), NONE)
        headers = self.credentials.at_hand()
        if headers is None:
            headers = await self._headers(self.credentials)
        response = await self.inner.send(request.with_headers(headers))
        if response.status == UNAUTHORIZED and self.credentials.refused(headers):
            headers = await self._headers(self.credentials)
            response = await self.inner.send(request.with_headers(headers))
        return self._discreet(response, headers)

    async def _headers(self, credentials: Credentials) -> Mapping[str, str]:
        async with within_deadline("an access token", self.clock):
            return await credentials.headers()

    def _discreet(self, response: Response, sent: Mapping[str, str]) -> Response:
        """The answer without our credentials (what follows a scheme's name): some providers repeat what they refuse."""
        if sent is not self._sent:
            self._sent, self._hidden = sent, self._told_by(sent)
        body, headers = response.body, response.headers
        in_headers = "\n".join(headers.values())
        for text, as_bytes in self._hidden:
            body = body.replace(as_bytes, HIDDEN_BYTES)
            if text in in_headers:
                headers = {name.lower(): value.replace(text, HIDDEN) for name, value in headers.items()}
        if body is response.body and headers is response.headers:
            return response
        return replace(response, body=body, headers=headers)

    def _told_by(self, sent: Mapping[str, str]) -> Sequence[tuple[str, bytes]]:
        """Each of them once, as each answer is searched for all: what is sent is often one of the secrets as it is."""
        texts = [*[secret.reveal() for secret in self.secrets], *[one.partition(" ")[2] for one in sent.values()]]
        return [(text, text.encode()) for text in dict.fromkeys(texts) if len(text) >= SECRET_LENGTH]
