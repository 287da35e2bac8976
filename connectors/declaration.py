"""What a provider's module declares: its name, its settings, what it can do, and how to make a connector of it.

A module of ours lies in `connectors/providers/` with its SDL in `schema/providers/`; one of others is named by the
entry-point group `histograph.connectors` and brings its SDL as text. Nothing else has to be touched for either.
"""

from collections.abc import Callable
from typing import Any, Protocol

from msgspec import Struct

from connectors.contract import Capabilities, Connector, Door
from connectors.http.auth import Credentials
from connectors.http.client import HttpClient
from connectors.http.status import ErrorBody, no_body


class SourceSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[sources.<name>]` table: what any source may set. Providers add their own fields.

    Fields that end in `_url` have to be https addresses, or http ones on loopback.
    """

    provider: str
    base_url: str
    workflow_ids: tuple[str, ...] | None = None
    "Only these workflows are listed."
    requests_per_second: float | None = None
    max_connections: int | None = None
    timeout_seconds: float = 8.0

    def problem(self) -> str | None:
        """What is wrong with the settings taken together, in a line; None when nothing is."""
        return None


class Opener(Protocol):
    """Opens HTTP clients for one source, with all layers around them."""

    def __call__(
        self,
        base_url: str,
        credentials: Credentials | None = None,
        *,
        read_error: Callable[[bytes], ErrorBody] = no_body,
        throttling: frozenset[int] = frozenset({429}),
        ca_bundle: str | None = None,
    ) -> HttpClient:
        """A client of one base URL."""
        ...


class Provider(Struct, frozen=True, kw_only=True):
    """A provider's declaration, by convention `PROVIDER` in its module."""

    name: str
    'As in `provider = "…"`; in upper case the SDL\'s enum value.'
    title: str
    settings: type[SourceSettings]
    capabilities: Capabilities
    connect: Callable[[str, Any, Opener], Connector]
    "Takes the source's name, its settings of the type above, and what opens HTTP clients."
    sdl: str | None = None
    "Only for providers from elsewhere."
    door: Door | None = None
    "Its own GraphQL, for `[server] spaces_source`."
