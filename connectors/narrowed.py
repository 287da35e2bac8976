"""Keeps a source to the workflows that the operator has named (`workflow_ids`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from msgspec.structs import replace

from connectors.contract import WHOLE_SOURCE, Capabilities, Connector, Deleting, ExecutionQuery, Page, StepList
from connectors.errors import ConnectorError
from schema.identity import NativeId
from schema.model import Execution, Workflow


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A connector in front of another one: workflows that are not named are not there."""

    inner: Connector
    workflow_ids: frozenset[str]

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
        """The named ones, by whichever of their ids."""
        return [flow for flow in await self.inner.workflows() if self._is_named(flow.native_id, *flow.aliases)]

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        """One page; a list of the whole source is asked for the named workflows only."""
        if partition == WHOLE_SOURCE:
            wanted = self.workflow_ids if query.workflow_ids is None else self.workflow_ids & query.workflow_ids
            if not wanted:
                return Page(executions=(), next_cursor=None)
            query = replace(query, workflow_ids=wanted)
        return await self.inner.list_executions(partition, query, cursor)

    async def get_executions(self, ids: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
        """Runs of other workflows are not there, whatever workflow the id claims."""
        found = await self.inner.get_executions(ids)
        hidden = await self._hidden({run.key.workflow for run in found.values() if isinstance(run, Execution)})
        return {
            key: run for key, run in found.items() if not (isinstance(run, Execution) and run.key.workflow in hidden)
        }

    async def list_steps(self, runs: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
        """The steps of runs that were let through before."""
        return await self.inner.list_steps(runs)

    async def delete_execution(self, key: NativeId) -> bool:
        """Deletes one run of a named workflow."""
        if await self._hidden({key.workflow}):
            return False
        return await cast(Deleting, self.inner).delete_execution(key)

    async def _hidden(self, workflow_ids: set[str]) -> set[str]:
        """Those of the ids that are not named, by whichever name."""
        unnamed = {native_id for native_id in workflow_ids if not self._is_named(native_id)}
        if not unnamed:
            return set()
        return unnamed - {flow.native_id for flow in await self.workflows()}

    def _is_named(self, *ids: str) -> bool:
        return not self.workflow_ids.isdisjoint(ids)
