"""Asks a source once, as an operator would after writing its settings."""

import time

from msgspec import Struct

from connectors.contract import WHOLE_SOURCE, Connector, ExecutionQuery
from connectors.errors import ConnectorError
from schema.instant import Instant


class Check(Struct, frozen=True, kw_only=True):
    """What came of it."""

    source: str
    provider: str
    problem: str | None = None
    workflows: int | None = None
    newest: Instant | None = None
    "Start of the newest run found; of the first workflow only, where each has its own list."
    seconds: float


async def check(connector: Connector) -> Check:
    """Lists the workflows, then one run of the first."""
    started = time.monotonic()
    problem, workflows, newest = None, None, None
    try:
        found = await connector.workflows()
        workflows = len(found)
        partition = (found[0].native_id if found else None) if connector.capabilities.partitioned else WHOLE_SOURCE
        if partition is not None:
            page = await connector.list_executions(partition, ExecutionQuery(limit=1), None)
            starts = [row.started for row in page.rows() if row.started is not None]
            newest = Instant.of(max(starts)) if starts else None
    except ConnectorError as error:
        problem = f"{error.code.value}: {error.message}"
    return Check(
        source=connector.name,
        provider=connector.provider,
        problem=problem,
        workflows=workflows,
        newest=newest,
        seconds=time.monotonic() - started,
    )
