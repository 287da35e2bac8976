"""A source for tests of caches: says what it is told to, holds answers back if told so, and notes what it is asked."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from msgspec import Raw
from msgspec.structs import replace

from connectors.contract import Capabilities, ExecutionQuery, Filter, Page, Paging, Rate, StepList
from connectors.errors import ConnectorError
from schema.identity import NativeId
from schema.instant import Instant
from schema.model import Execution, ExecutionOrder, ExecutionStatus, ExecutionStep, Workflow

DONE, OPEN = ExecutionStatus.SUCCEEDED, ExecutionStatus.RUNNING
CAN = Capabilities(
    paging=Paging.OFFSET,
    page_size=100,
    statuses=frozenset(ExecutionStatus),
    pushes_down=frozenset({Filter.STARTED_FROM}),
    orders=frozenset({ExecutionOrder.STARTED_AT_DESC}),
    rate=Rate(5, 1),
)


class AskedExecution(Execution, frozen=True, kw_only=True):
    """A run with fields of its own."""

    provider: ClassVar[str] = "ASKED"
    outputs: Raw | None = None
    noted_at: Instant | None = None
    tags: tuple[str, ...] = ()


class AskedStep(ExecutionStep, frozen=True, kw_only=True):
    """A step."""

    approximate: bool = False


def run(name: str, status: ExecutionStatus = DONE, workflow: str = "w", **fields: object) -> AskedExecution:
    """A run with some JSON in it."""
    made = AskedExecution(
        source="src",
        key=NativeId(workflow, name),
        status=status,
        raw_status=status.value.lower(),
        started_at=Instant.parse("2026-11-20T08:00:00.123456789Z"),
        raw=Raw(b'{"id": "%s"}' % name.encode()),
    )
    return replace(made, **fields)


def steps(of: Execution, *names: str) -> StepList:
    """Steps of a run."""
    return StepList(
        steps=tuple(
            AskedStep(source=of.source, run=of.key, place=name, name=name, status=of.status, raw_status="")
            for name in names
        )
    )


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class Asked:
    """The source. What `trouble` gives is raised, or stands for one run when `spoils` names it."""

    name: str = "src"
    capabilities: Capabilities = CAN
    runs: list[AskedExecution] = field(default_factory=lambda: [run("a"), run("b", OPEN)])
    trouble: Callable[[], ConnectorError | None] = lambda: None
    spoilt: Mapping[NativeId, ConnectorError] = field(default_factory=dict)
    gate: asyncio.Event | None = None
    "Answers wait for it."
    calls: list[tuple[object, ...]] = field(default_factory=list)
    "What was asked, as it was asked."
    cancelled: int = 0
    provider: ClassVar[str] = "ASKED"

    async def workflows(self) -> Sequence[Workflow]:
        await self._asked("workflows")
        names = sorted({one.key.workflow for one in self.runs})
        return [Workflow(source=self.name, provider="ASKED", native_id=name, name=f"the {name}") for name in names]

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        await self._asked("page", partition, query, cursor)
        return Page(executions=[one for one in self.runs if one.key.workflow == partition], next_cursor=None)

    async def get_executions(self, ids: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
        await self._asked("runs", *(key.execution for key in ids))
        return {one.key: one for one in self.runs if one.key in ids} | self._spoilt(ids)

    async def list_steps(self, runs: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
        await self._asked("steps", *(one.key.execution for one in runs))
        known = {one.key for one in self.runs}
        found = {one.key: steps(one, "s1", "s2") for one in runs if one.key in known}
        return found | self._spoilt([one.key for one in runs])

    async def delete_execution(self, key: NativeId) -> bool:
        self.calls.append(("delete", key.execution))
        self.runs = [one for one in self.runs if one.key != key]
        return True

    def _spoilt(self, keys: Sequence[NativeId]) -> dict[NativeId, ConnectorError]:
        return {key: error for key, error in self.spoilt.items() if key in keys}

    async def _asked(self, *what: object) -> None:
        self.calls.append(what)
        try:
            if self.gate is not None:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if (error := self.trouble()) is not None:
            raise error


async def turns(count: int = 20) -> None:
    """Lets everything that can go on do so."""
    for _ in range(count):
        await asyncio.sleep(0)
