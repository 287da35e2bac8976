"""The API without its own HTTP, in a time that stands still: only tests move it, and whoever waits to try again.

What is told to wait goes on at once, and the clock says that it has waited.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ariadne import graphql
from graphql import GraphQLSchema

from app import build_schema
from connectors.caches import Caches
from connectors.connect import connect
from connectors.registry import find_providers
from connectors.remembered import Memory
from resolvers.context import Context, House, Source
from resolvers.pages import Pages
from sandbox import Sandbox
from schema.instant import SECOND
from settings import read_settings
from tests.system.service import NOW

PACE = 10_000
"Calls a second to each source: so many that only their number counts."
DEADLINE = 60.0  # seconds


@dataclass
class StillApi:
    """One process."""

    schema: GraphQLSchema
    sandbox: Sandbox
    house: House = field(default_factory=lambda: House(sources=[], deadline_seconds=DEADLINE))
    now: float = 0.0

    def __post_init__(self) -> None:
        self.house.clock = lambda: self.now
        self.house.pages = Pages(self.house.clock)
        self.house.wall_clock = lambda: NOW + int(self.now * SECOND)

    async def sleep(self, seconds: float) -> None:
        """Takes no time but on the clock."""
        self.now += seconds
        await asyncio.sleep(0)

    async def ask(self, query: str, **variables: Any) -> Mapping[str, Any]:
        """`executionHistory` of a query."""
        context = Context(self.house)
        context.enter()
        _, result = await graphql(self.schema, {"query": query, "variables": variables}, context_value=context)
        assert "errors" not in result, result["errors"]
        found: Mapping[str, Any] = result["data"]["executionHistory"]
        return found


@contextlib.asynccontextmanager
async def still_api(sandbox: Sandbox, folder: Path) -> AsyncIterator[StillApi]:
    """A process that has just started."""
    providers = find_providers()
    for table in sandbox.sources.values():
        table["requests_per_second"] = PACE
    configured = read_settings(sandbox.write_settings(folder), providers).sources
    api = StillApi(build_schema(providers), sandbox)
    caches = Caches(Memory(clock=api.house.clock), clock=api.house.clock)
    connected = [
        connect(name, one, providers[one.provider], caches, api.house.clock, sleep=api.sleep)
        for name, one in configured.items()
    ]
    for connector in connected:
        connector.wall_clock = api.house.wall_clock
    api.house.sources = [Source(connector) for connector in connected]
    try:
        yield api
    finally:
        await api.house.aclose()
        for connector in connected:
            await connector.aclose()
