"""A source with a fault among four that are well: asked by a process that knows nothing of it, and by one that does.

All of it runs in an `IdleLoop`, with the bounds, waits and lifetimes as they are in operation.
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from unittest import mock

from graphql import DocumentNode, GraphQLSchema, execute, parse

from connectors.cached import Cached
from connectors.caches import Caches
from connectors.connect import connect
from connectors.registry import find_providers
from connectors.remembered import Memory
from resolvers.context import Context, House, Source
from sandbox import PROVIDERS, Active, Problem, Run, Sandbox, State, Workflow, World
from sandbox.faults import Fault
from schema.instant import SECOND
from settings import Settings, read_settings
from tests.system.idle import IdleLoop
from tests.system.service import NOW

QUERY = parse("""query ($input: ExecutionHistoryInput) {
  executionHistory(input: $input, first: 500) {
    nodes { id source nativeId status startedAt endedAt durationMs workflow { nativeId } }
    pageInfo { hasNextPage } complete asOf
    sources { source status count requests asOf error { code message retryable } }
  }
}""")
STEPS = parse("""query ($input: ExecutionHistoryInput) {
  executionHistory(input: $input, first: 500) {
    nodes { id source status startedAt steps {
      complete totalCount error { code } nodes { id name status startedAt endedAt }
    } }
  }
}""")
OLD = 400.0
"Seconds after which nothing of a list is fresh any more, nor the list of workflows, and all may still stand in."
SAVED = 15
"Calls after which as many further tries are saved up as may be."
FEW, MANY = 12, {"sailpoint": 400}
"Runs of a source, and those that are more than a page of the largest of two workflows, where that is not 160."
OTHERS = 6
"Runs of one that is well."
PRECISION = {"boomi": SECOND, "informer": 10**6, "arcee": 10**3}
TOKENS = ("/iam/v1/tokens", "/oauth/token")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """What came of one question."""

    status: str
    code: str | None
    is_stale: bool
    calls: int
    "Sent to the source, tokens aside."
    rows: Sequence[Row]
    others: Sequence[Row]
    is_complete: bool
    has_next_page: bool
    message: str
    hits: int
    spoiled: Sequence[str]
    "Runs whose records the fault has spoiled."


@dataclass
class Bench:
    """Five sources, of which one gets faults."""

    sandbox: Sandbox
    faulty: str
    "The provider's name."
    schema: GraphQLSchema
    settings: Settings
    said: list[str] = field(default_factory=list)
    "All that was answered, and how connectors and the keys of their caches show themselves."
    _others: list[Cached] = field(default_factory=list)
    _open: list[Cached] = field(default_factory=list)

    @property
    def source(self) -> str:
        """The name of the faulty one."""
        return next(name for name, one in self.settings.sources.items() if one.provider == self.faulty)

    async def truth(self) -> Sequence[Row]:
        """All rows when all are well."""
        answer = await self._ask(self._process())
        assert answer["complete"], answer["sources"]
        return cast(Sequence[Row], answer["nodes"])

    async def with_steps(self, fault: str | None = None) -> Sequence[Row]:
        """All rows with their steps, by a process that knows nothing. A fault hits the calls for steps alone."""
        process = self._process()
        if fault is None:
            return cast(Sequence[Row], (await self._ask(process, STEPS))["nodes"])
        async with self._suffering(fault, of="execution" if self.faulty == "informer" else "steps"):
            answer = await self._ask(process, STEPS)
            await process.aclose()
        return cast(Sequence[Row], answer["nodes"])

    async def cold(self, fault: str) -> Cell:
        """The answer of a process that has asked the source for nothing before."""
        process = self._process()
        async with self._suffering(fault) as active:
            return await self._cell(process, active, is_cold=True)

    async def warm(self, fault: str) -> Cell:
        """That of one that has asked often, the last time so long ago that it has to ask again."""
        process = self._process()
        self.sandbox.calls.clear()
        while sum(call.provider == self.faulty for call in self.sandbox.calls) < SAVED:
            await self._ask(process, sources=[self.source])
            await self._later(OLD)
        await self._ask(process)
        await self._later(OLD)
        async with self._suffering(fault) as active:
            return await self._cell(process, active, is_cold=False)

    async def aclose(self) -> None:
        """Ends what it has opened."""
        for connector in [*self._others, *self._open]:
            await connector.aclose()

    def _process(self) -> House:
        """A process that has asked the faulty source for nothing. The others it has known for long."""
        if not self._others:
            self._others = [self._connect(name) for name in self.settings.sources if name != self.source]
        new = self._connect(self.source)
        self._open.append(new)
        by_name = {one.name: one for one in [*self._others, new]}
        return House(
            [Source(by_name[name]) for name in self.settings.sources], clock=self._clock, wall_clock=lambda: NOW
        )

    def _connect(self, name: str) -> Cached:
        configured = self.settings.sources[name]
        caches = Caches(Memory(clock=self._clock), clock=self._clock)
        return connect(name, configured, find_providers()[configured.provider], caches, self._clock)

    async def _ask(self, process: House, document: DocumentNode = QUERY, **wanted: Any) -> Mapping[str, Any]:
        context = Context(process)
        context.enter()
        told: Any = execute(self.schema, document, context_value=context, variable_values={"input": wanted})
        result = await told
        assert result.errors is None, result.errors
        self.said.append(json.dumps(result.data))
        found: Mapping[str, Any] = result.data["executionHistory"]
        return found

    async def _cell(self, process: House, active: Active, *, is_cold: bool) -> Cell:
        self.sandbox.calls.clear()
        answer = await self._ask(process)
        (outcome,) = (one for one in answer["sources"] if one["source"] == self.source)
        error = outcome["error"] or {}
        seen = [call for call in self.sandbox.calls if call.provider == self.faulty and not call.path.endswith(TOKENS)]
        exchanges = int(is_cold and self.faulty in ("yandex", "sailpoint"))
        connector = next(one.connector for one in process.sources if one.name == self.source)
        self.said += [repr(connector), repr(list(cast(Cached, connector)._memory._entries))]
        await process.aclose()
        return Cell(
            status=outcome["status"],
            code=error.get("code"),
            is_stale=outcome["asOf"] is not None and "an older answer stands in" in error.get("message", ""),
            calls=outcome["requests"] - exchanges if is_invisible(active.fault) else len(seen),
            rows=[row for row in answer["nodes"] if row["source"] == self.source],
            others=[row for row in answer["nodes"] if row["source"] != self.source],
            is_complete=answer["complete"],
            has_next_page=answer["pageInfo"]["hasNextPage"],
            message=error.get("message", ""),
            hits=active.hits,
            spoiled=list(active.spoiled),
        )

    @contextlib.asynccontextmanager
    async def _suffering(self, fault: str, **scope: str) -> AsyncIterator[Active]:
        try:
            yield await self.sandbox.fault(self.faulty, fault, **scope)
        finally:
            await self.sandbox.heal(self.faulty)
            for connector in self._open:
                await connector.aclose()
            self._open.clear()

    async def _later(self, seconds: float) -> None:
        cast(IdleLoop, asyncio.get_running_loop()).pass_by(seconds)
        await asyncio.sleep(0)

    @property
    def _clock(self) -> Any:
        return asyncio.get_running_loop().time


def is_invisible(fault: Fault) -> bool:
    """Nothing arrives at the source, so that calls are counted where they are sent."""
    return fault.strike is None


@contextlib.asynccontextmanager
async def bench(faulty: str, folder: Path, schema: GraphQLSchema, *, tls: bool, long: bool) -> AsyncIterator[Bench]:
    """Some runs of two workflows for each provider. `long`: more than a page for the faulty one. `tls`: it has TLS."""
    worlds = {name: world(name, OTHERS) for name in PROVIDERS}
    worlds[faulty] = world(faulty, MANY.get(faulty, 160) if long else FEW)
    async with Sandbox(now=NOW, limits=False, worlds=worlds, tls=[faulty] if tls else False) as sandbox:
        for table in sandbox.sources.values():
            table["requests_per_second"] = 10_000
        settings = read_settings(sandbox.write_settings(folder), find_providers())
        with trusting(sandbox):
            made = Bench(sandbox, faulty, schema, settings)
            try:
                yield made
            finally:
                await made.aclose()


@contextlib.contextmanager
def trusting(sandbox: Sandbox) -> Iterator[None]:
    """As if SSL_CERT_FILE had named the sandbox's authority when the process was started."""
    if sandbox.ca_bundle is None:
        yield
        return
    with mock.patch(
        "aiohttp.connector._SSL_CONTEXT_VERIFIED", ssl.create_default_context(cafile=str(sandbox.ca_bundle))
    ):
        yield


def world(provider: str, count: int) -> World:
    """Two runs in three are of one workflow. Those of a world with many begin within a second."""
    flows = [Workflow(id=f"{provider}-flow-{index}", name=f"Flow {index}") for index in range(2)]
    apart = 60 * SECOND if count <= FEW else SECOND // 1000
    runs = []
    for index in range(count):
        start = NOW - 3600 * SECOND - index * apart
        start -= start % PRECISION.get(provider, 1)
        failed = index % 4 == 3
        runs.append(
            Run(
                id=f"{provider}-run-{index:04d}",
                workflow=flows[index % 3 == 2].id,
                started_at=start,
                ended_at=start + 5 * SECOND,
                outcome=State.FAILED if failed else State.SUCCEEDED,
                error=Problem(message="disk full", code="E") if failed else None,
            )
        )
    return World(flows, runs)
