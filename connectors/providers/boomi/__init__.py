"""Boomi Enterprise Platform. Source: its Platform API reference («ExecutionRecord», «ExecutionConnector», «Process»)
and the Spaces page «Get execution history for a process».

Two doors to the same records: the Platform REST, and Spaces GraphQL for those who have no other.
"""

from connectors.declaration import Opener, Provider
from connectors.http.auth import Renewed, basic
from connectors.providers.boomi.door import SPACES
from connectors.providers.boomi.records import read_problem
from connectors.providers.boomi.rest import BoomiRest
from connectors.providers.boomi.settings import BoomiSettings
from connectors.providers.boomi.spaces import BoomiSpaces, JwtExchange

THROTTLING = frozenset({429, 503})
"REST says 503 for «busy» and for «over the rate limit» alike, GraphQL says 429."


def connect(name: str, settings: BoomiSettings, open_client: Opener) -> BoomiRest | BoomiSpaces:
    """A connector for the door that the settings name."""
    rest = open_client(
        settings.base_url, basic(settings.username, settings.api_token), read_error=read_problem, throttling=THROTTLING
    )
    if settings.mode == "rest":
        return BoomiRest(name, rest, settings)
    credentials = Renewed(JwtExchange(rest, settings.account_id), further={"SPACE_GUID": settings.space_guid or ""})
    graphql = open_client(settings.graphql_url, credentials, read_error=read_problem, throttling=THROTTLING)
    return BoomiSpaces(name, graphql, settings)


PROVIDER = Provider(
    name="boomi",
    title="Boomi",
    settings=BoomiSettings,
    capabilities=BoomiRest.capabilities,
    connect=connect,
    door=SPACES,
)
