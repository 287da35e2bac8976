"""Joins the layers around one source, in one visible order:

Cached( provider ) over Breaker( Retrying( StatusChecked( Observed( Paced( Authorized( Transport ))))))

A source has one session, one rate, one budget of retries and one ledger, whichever of its base URLs a call is for. A
breaker belongs to one base URL: where tokens come from may be well while the API is not.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from msgspec import structs

from connectors.cached import Cached
from connectors.caches import Caches
from connectors.contract import Rate
from connectors.declaration import Provider, SourceSettings
from connectors.http.auth import Authorized, Credentials, Secret
from connectors.http.breaker import Breaker
from connectors.http.budget import RetryBudget
from connectors.http.client import HttpClient
from connectors.http.observe import Ledger, Observed
from connectors.http.pace import Pace, Paced
from connectors.http.retry import Retrying
from connectors.http.status import ErrorBody, StatusChecked, no_body
from connectors.http.transport import Connections, Transport
from connectors.narrowed import Narrowed


def connect(
    name: str,
    settings: SourceSettings,
    provider: Provider,
    caches: Caches | None = None,
    clock: Callable[[], float] = time.monotonic,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Cached:
    """The source, ready to be asked. It opens its connections on the first call; close it with `aclose`.

    `clock` is the one that deadlines are told on, `sleep` what waits before a further try.
    """
    rate, most = _rate(settings, provider), provider.capabilities.max_connections
    opener = LayeredClients(name, settings, rate, most, clock, sleep)
    connector = provider.connect(name, settings, opener)
    if settings.workflow_ids is not None:
        connector = Narrowed(connector, frozenset(settings.workflow_ids))
    return (caches or Caches()).around(connector, settings, rate, opener.aclose, clock)


def _rate(settings: SourceSettings, provider: Provider) -> Rate:
    if settings.requests_per_second is None:
        return provider.capabilities.rate
    return Rate(max(settings.requests_per_second, 1.0), max(1.0 / settings.requests_per_second, 1.0))


@dataclass(slots=True)
class LayeredClients:
    """Opens clients for one source, and closes them together. All act for one credential, so they share its rate."""

    source: str
    settings: SourceSettings
    rate: Rate
    max_connections: int
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    randomness: Callable[[], float] = random.random
    connections: Connections = field(init=False)
    pace: Pace = field(init=False)
    budget: RetryBudget = field(default_factory=RetryBudget, init=False)
    ledger: Ledger = field(default_factory=Ledger, init=False)
    secrets: tuple[Secret, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.connections = Connections(self.settings.max_connections or self.max_connections)
        self.pace = Pace(self.rate, self.settings.timeout_seconds, self.clock, self.sleep)
        self.secrets = tuple(value for value in structs.astuple(self.settings) if isinstance(value, Secret))

    def __call__(
        self,
        base_url: str,
        credentials: Credentials | None = None,
        *,
        read_error: Callable[[bytes], ErrorBody] = no_body,
        throttling: frozenset[int] = frozenset({429}),
        ca_bundle: str | None = None,
    ) -> HttpClient:
        """A client of one base URL with all its layers."""
        timeout, clock = self.settings.timeout_seconds, self.clock
        client: HttpClient = Transport(base_url, self.connections, timeout, ca_bundle, clock=clock)
        client = Authorized(client, credentials, self.secrets, clock)
        client = Paced(client, self.pace, throttling)
        client = Observed(client, self.source, clock, self.ledger)
        client = StatusChecked(client, read_error, throttling)
        client = Retrying(
            client,
            self.source,
            self.budget,
            patience=timeout,
            clock=clock,
            sleep=self.sleep,
            randomness=self.randomness,
        )
        return Breaker(client, self.source, clock=clock)

    async def aclose(self) -> None:
        """Closes all connections of the source."""
        await self.connections.aclose()
