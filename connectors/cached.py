"""Remembers what a source has answered: finished runs and their steps for long, what can change for a short time.

The lifetime comes from the value. Failures are not remembered. Without a shared cache each process remembers alone.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from cachetools import TLRUCache
from msgspec.structs import replace

from connectors.contract import Capabilities, Connector, Deleting, ExecutionQuery, Page, StepList
from connectors.errors import ConnectorError
from schema.identity import NativeId
from schema.model import Execution, Workflow

FINAL_TTL = 3600.0  # seconds; a finished run changes no more, but its provider may purge it
LIVE_TTL = 5.0  # seconds; lists, and runs that are not over
WORKFLOWS_TTL = 300.0  # seconds
MAX_PAGES = 2_000
MAX_EXECUTIONS = 50_000
MAX_STEP_LISTS = 20_000


def _page_ttl(_key: object, _page: Page, now: float) -> float:
    return now + LIVE_TTL


def _execution_ttl(_key: object, execution: Execution, now: float) -> float:
    return now + (FINAL_TTL if execution.status.is_final else LIVE_TTL)


def _steps_ttl(_key: object, remembered: tuple[StepList, bool], now: float) -> float:
    return now + (FINAL_TTL if remembered[1] else LIVE_TTL)


@dataclass(slots=True)
class Cached:
    """A connector in front of another one of the same source."""

    inner: Connector
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], int] = time.time_ns
    close: Callable[[], Any] | None = None
    _pages: TLRUCache[Any, Page] = field(init=False, repr=False)
    _executions: TLRUCache[NativeId, Execution] = field(init=False, repr=False)
    _steps: TLRUCache[NativeId, tuple[StepList, bool]] = field(init=False, repr=False)
    _workflows: tuple[float, Sequence[Workflow]] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._pages = TLRUCache(MAX_PAGES, _page_ttl, timer=self.clock)
        self._executions = TLRUCache(MAX_EXECUTIONS, _execution_ttl, timer=self.clock)
        self._steps = TLRUCache(MAX_STEP_LISTS, _steps_ttl, timer=self.clock)

    @property
    def name(self) -> str:
        """The source's name."""
        return self.inner.name

    @property
    def provider(self) -> str:
        """The SDL's word for its provider."""
        return self.inner.provider

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return self.inner.capabilities

    async def workflows(self) -> Sequence[Workflow]:
        """All its workflows, some minutes old at the most."""
        now = self.clock()
        if self._workflows is None or self._workflows[0] <= now:
            self._workflows = (now + WORKFLOWS_TTL, await self.inner.workflows())
        return self._workflows[1]

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        """One page, some seconds old at the most, and stamped with its time."""
        key = (partition, query, cursor)
        page = self._pages.get(key)
        if page is None:
            asked_at = self.wall_clock()
            page = replace(await self.inner.list_executions(partition, query, cursor), as_of=asked_at)
            self._pages[key] = page
        return page

    async def get_executions(self, ids: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
        """These runs; only those not remembered are asked for."""
        found: dict[NativeId, Execution | ConnectorError] = {}
        for key in ids:
            if (known := self._executions.get(key)) is not None:
                found[key] = known
        if missing := [key for key in ids if key not in found]:
            for key, fetched in (await self.inner.get_executions(missing)).items():
                found[key] = fetched
                if isinstance(fetched, Execution):
                    self._executions[key] = fetched
        return found

    async def list_steps(self, runs: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
        """The steps of these runs; those of a finished run are asked for once."""
        found: dict[NativeId, StepList | ConnectorError] = {}
        for run in runs:
            if (known := self._steps.get(run.key)) is not None:
                found[run.key] = known[0]
        if missing := [run for run in runs if run.key not in found]:
            fetched = await self.inner.list_steps(missing)
            for run in missing:
                if isinstance(steps := fetched.get(run.key), StepList):
                    self._steps[run.key] = (steps, run.status.is_final)
            found.update(fetched)
        return found

    async def delete_execution(self, key: NativeId) -> bool:
        """Deletes a run and forgets it, with the lists that may name it."""
        deleted = await cast(Deleting, self.inner).delete_execution(key)
        self._executions.pop(key, None)
        self._steps.pop(key, None)
        self._pages.clear()
        return deleted

    async def aclose(self) -> None:
        """Closes the source's connections."""
        if self.close is not None:
            await self.close()
