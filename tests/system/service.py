"""The API without its own HTTP, over a sandbox: pages may be asked of one process, or each of a new one."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ariadne import graphql
from graphql import GraphQLSchema

from connectors.cached import Cached
from connectors.connect import connect
from connectors.registry import find_providers
from resolvers.context import Context, House, Source
from sandbox import Sandbox
from schema.instant import Instant
from settings import read_settings

NOW = Instant.parse("2026-11-20T08:00:00Z").ns
"The clock of sandbox and API, held."


@dataclass
class Service:
    """The API without its own HTTP: each page may be asked of a process that remembers nothing."""

    schema: GraphQLSchema
    folder: Path
    sandbox: Sandbox
    remembers: bool = True
    pace: int = 10_000
    "Calls a second to each source; by default so many that only their number counts."
    deadline_seconds: float = 60.0
    step: float = 60.0
    "Seconds between two pages: more than lists are remembered."
    now: float = 0.0
    _open: list[Cached] = field(default_factory=list)
    _house: House | None = None

    def _connect(self) -> House:
        providers = find_providers()
        for table in self.sandbox.sources.values():
            table["requests_per_second"] = self.pace
        configured = read_settings(self.sandbox.write_settings(self.folder), providers)
        connectors = []
        for name, one in configured.sources.items():
            connected = connect(name, one, providers[one.provider], clock=self._clock)
            connectors.append(Cached(connected.inner, clock=lambda: self.now, close=connected.close))
        self._open += connectors
        sources = [Source(connector) for connector in connectors]
        return House(sources=sources, deadline_seconds=self.deadline_seconds, clock=self._clock, wall_clock=lambda: NOW)

    def _clock(self) -> float:
        """Goes on during a page, and jumps between two: long enough for a breaker to try again."""
        return time.monotonic() + self.now

    async def page(self, query: str, **variables: Any) -> Mapping[str, Any]:
        """`executionHistory` of a query: by a process that lives on, or by a new one."""
        if self._house is not None:  # what the page before left running ends in its own time, before time jumps
            await asyncio.gather(*self._house.background, return_exceptions=True)
        self.now += self.step
        if self._house is None or not self.remembers:
            self._house = self._connect()
        context = Context(self._house)
        context.enter()
        _, result = await graphql(self.schema, {"query": query, "variables": variables}, context_value=context)
        assert "errors" not in result, result["errors"]
        found: Mapping[str, Any] = result["data"]["executionHistory"]
        return found

    async def aclose(self) -> None:
        if self._house is not None:
            await self._house.aclose()
        for connector in self._open:
            await connector.aclose()
