"""Joins the layers around one source, in one visible order:

Cached( provider ) over StatusChecked( Observed( Paced( Authorized( Transport ))))
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.cached import Cached
from connectors.contract import Rate
from connectors.declaration import Provider, SourceSettings
from connectors.http.auth import Authorized, Credentials
from connectors.http.client import HttpClient
from connectors.http.observe import Observed
from connectors.http.pace import Paced
from connectors.http.status import ErrorBody, StatusChecked, no_body
from connectors.http.transport import Transport
from connectors.narrowed import Narrowed


def connect(name: str, settings: SourceSettings, provider: Provider) -> Cached:
    """The source, ready to be asked. It opens its connections on the first call; close it with `aclose`."""
    opener = LayeredClients(name, settings, _rate(settings, provider), provider.capabilities.max_connections)
    connector = provider.connect(name, settings, opener)
    if settings.workflow_ids is not None:
        connector = Narrowed(connector, frozenset(settings.workflow_ids))
    return Cached(connector, close=opener.aclose)


def _rate(settings: SourceSettings, provider: Provider) -> Rate:
    if settings.requests_per_second is None:
        return provider.capabilities.rate
    return Rate(max(settings.requests_per_second, 1.0), max(1.0 / settings.requests_per_second, 1.0))


@dataclass(slots=True)
class LayeredClients:
    """Opens clients for one source, and closes them together."""

    source: str
    settings: SourceSettings
    rate: Rate
    max_connections: int
    _transports: list[Transport] = field(default_factory=list, init=False)

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
        transport = Transport(
            base_url,
            timeout=self.settings.timeout_seconds,
            max_connections=self.settings.max_connections or self.max_connections,
            ca_bundle=ca_bundle,
        )
        self._transports.append(transport)
        client: HttpClient = transport
        if credentials is not None:
            client = Authorized(client, credentials)
        client = Paced(client, self.rate)
        client = Observed(client, self.source)
        return StatusChecked(client, read_error, throttling)

    async def aclose(self) -> None:
        """Closes all connections of the source."""
        for transport in self._transports:
            await transport.aclose()
