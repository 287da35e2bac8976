"""Five sources that hold the benchmark's data in memory, behind the declarations of the real ones.

What they answer is remembered and merged like any other source's answers; only the way over the network is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from msgspec.structs import replace

from bench import data
from connectors.contract import WHOLE_SOURCE, Capabilities, ExecutionQuery, Page, StepList
from connectors.declaration import Opener, Provider, SourceSettings
from connectors.errors import ConnectorError
from connectors.registry import find_providers
from schema.identity import NativeId
from schema.instant import Instant
from schema.model import NANOSECONDS_PER_MS, Execution, ExecutionError, ExecutionStatus, ExecutionStep, Workflow
from settings import ServerSettings, Settings


@dataclass(frozen=True, slots=True)
class InMemory:
    """A connector over rows that are there, the newest first."""

    name: str
    provider: str
    capabilities: Capabilities
    flows: Sequence[Workflow]
    rows: Sequence[Execution]
    steps: Mapping[NativeId, StepList]

    async def workflows(self) -> Sequence[Workflow]:
        """All."""
        return self.flows

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        """A page, by offset."""
        start = int(cursor or 0)
        end = start + min(max(query.limit, 1), self.capabilities.page_size)
        rows = [row for row in self.rows if partition in (row.key.workflow, WHOLE_SOURCE) and query.matches(row)]
        return Page(executions=rows[start:end], next_cursor=str(end) if end < len(rows) else None, total=len(rows))

    async def get_executions(self, ids: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
        """By their ids."""
        return {row.key: row for row in self.rows if row.key in set(ids)}

    async def list_steps(self, runs: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
        """By their runs."""
        return {run.key: self.steps[run.key] for run in runs}


class MemorySettings(SourceSettings, frozen=True, kw_only=True):
    """A source in memory has no address."""

    base_url: str = "http://127.0.0.1"


def providers(given: Sequence[data.Json] | None = None) -> Mapping[str, Provider]:
    """The real providers, but that they connect to memory; over these runs, or the benchmark's."""
    rows = data.runs() if given is None else given
    return {name: _in_memory(provider, rows) for name, provider in find_providers().items()}


def settings(**server: Any) -> Settings:
    """Five sources; of the server's settings those that it has."""
    sources = {name: MemorySettings(provider=provider.lower()) for name, (provider, _) in data.SOURCES.items()}
    known = {name: value for name, value in server.items() if name in ServerSettings.__struct_fields__}
    return Settings(server=ServerSettings(**known), sources=dict(sources))


def _in_memory(provider: Provider, rows: Sequence[data.Json]) -> Provider:
    def connect(name: str, _settings: SourceSettings, _open: Opener) -> InMemory:
        own = [row for row in rows if row["source"] == name]
        runs = [_run(row) for row in own]
        steps = {
            run.key: StepList(steps=tuple(_step(run, one) for one in row["steps"]["nodes"]))
            for run, row in zip(runs, own, strict=True)
        }
        flows = {row["workflow"]["nativeId"]: row["workflow"]["name"] for row in own}
        word = provider.name.upper()
        known = [Workflow(source=name, provider=word, native_id=one, name=called) for one, called in flows.items()]
        return InMemory(name, word, provider.capabilities, known, runs, steps)

    return replace(provider, settings=MemorySettings, connect=connect)


Model = TypeVar("Model", Execution, ExecutionStep)


def _type(base: type[Model], name: str) -> type[Model]:
    """A provider's own type, by its name in the SDL."""
    return next(kind for kind in base.__subclasses__() if kind.__name__ == name)


def _run(row: data.Json) -> Execution:
    error = row["error"]
    return _type(Execution, row["__typename"])(
        source=row["source"],
        key=NativeId(row["workflow"]["nativeId"], row["nativeId"]),
        error=None if error is None else ExecutionError(error["message"], error["code"]),
        status=ExecutionStatus(row["status"]),
        raw_status=row["rawStatus"],
        started_at=Instant.parse(row["startedAt"]),
        ended_at=None if row["endedAt"] is None else Instant.parse(row["endedAt"]),
    )


def _step(run: Execution, row: data.Json) -> ExecutionStep:
    return _type(ExecutionStep, row["__typename"])(
        source=run.source,
        run=run.key,
        place=row["nativeId"],
        native_id=row["nativeId"],
        name=row["name"],
        type=row["type"],
        attempts=row["attempts"],
        status=ExecutionStatus(row["status"]),
        raw_status=row["rawStatus"],
        started=row["startedAt"],
        ended=row["endedAt"],
        duration_ns=None if row["durationMs"] is None else int(row["durationMs"] * NANOSECONDS_PER_MS),
    )
