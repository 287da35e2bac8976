"""A `[sources.…]` table of the provider boomi."""

from datetime import timedelta
from typing import Literal

from connectors.declaration import SourceSettings
from connectors.http.auth import Secret

RETENTION = timedelta(days=30)


class BoomiSettings(SourceSettings, frozen=True, kw_only=True):
    """One account, by one of two doors: the Platform REST (`rest`), or Spaces GraphQL (`spaces`)."""

    base_url: str = "https://api.boomi.com"
    account_id: str
    username: str
    "`BOOMI_TOKEN.<e-mail>` for an API token."
    api_token: Secret
    override_account_id: str | None = None
    "Partners: the child account to act for."
    mode: Literal["rest", "spaces"] = "rest"
    graphql_url: str = "https://platform.boomi.com/graphql"
    "Only for spaces."
    space_guid: str | None = None
    "Only for spaces, and needed there, as are `workflow_ids`."

    def problem(self) -> str | None:
        """Spaces lists the runs of one process at a time, and cannot tell which there are."""
        if self.mode == "spaces" and (self.space_guid is None or not self.workflow_ids):
            return 'mode = "spaces" needs space_guid and workflow_ids'
        if self.mode == "spaces" and self.override_account_id is not None:
            return 'override_account_id goes with mode = "rest" only'
        return None
