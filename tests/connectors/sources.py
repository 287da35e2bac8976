"""A source for tests: a connector that answers from what it is given, and counts what it is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from connectors.contract import WHOLE_SOURCE, Capabilities, ExecutionQuery, Filter, Page, Paging, StepList
from connectors.errors import ConnectorError
from schema.identity import NativeId
from schema.model import Execution, ExecutionOrder, ExecutionStatus, ExecutionStep, Workflow


class ToyExecution(Execution, frozen=True, kw_only=True):
    """A run of a toy."""

    provider: ClassVar[str] = "TOY"


def toy_run(
    native_id: str, workflow: str = "flow-1", status: ExecutionStatus = ExecutionStatus.SUCCEEDED
) -> ToyExecution:
    return ToyExecution(source="toys", key=NativeId(workflow, native_id), status=status, raw_status=status.value)


def toy_step(run: Execution, name: str = "only") -> ExecutionStep:
    return ExecutionStep(
        source=run.source, run=run.key, place="0", name=name, status=ExecutionStatus.SUCCEEDED, raw_status=""
    )


@dataclass
class Toys:
    """Its `asked` holds one entry for each call, with what the call was for."""

    runs: dict[NativeId, Execution | ConnectorError] = field(default_factory=dict)
    flows: tuple[Workflow, ...] = ()
    failing: ConnectorError | None = None
    asked: list[tuple[str, object]] = field(default_factory=list)
    name: str = "toys"
    provider: str = "TOY"
    capabilities: Capabilities = Capabilities(  # noqa: RUF009
        paging=Paging.NONE,
        page_size=100,
        statuses=frozenset(ExecutionStatus),
        pushes_down=frozenset(Filter),
        orders=frozenset(ExecutionOrder),
        fields_from_detail=frozenset({"input"}),
        deletes=True,
    )

    async def workflows(self) -> Sequence[Workflow]:
        self._note("workflows", None)
        return self.flows

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        self._note("list", (partition, query, cursor))
        runs = [run for run in self.runs.values() if isinstance(run, Execution)]
        return Page(executions=[run for run in runs if partition in (WHOLE_SOURCE, run.key.workflow)], next_cursor=None)

    async def get_executions(self, ids: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
        self._note("get", list(ids))
        return {key: self.runs[key] for key in ids if key in self.runs}

    async def list_steps(self, runs: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
        self._note("steps", [run.key for run in runs])
        found: dict[NativeId, StepList | ConnectorError] = {}
        for run in runs:
            known = self.runs.get(run.key)
            if known is not None:
                found[run.key] = StepList(steps=(toy_step(run),)) if isinstance(known, Execution) else known
        return found

    async def delete_execution(self, key: NativeId) -> bool:
        self._note("delete", key)
        return self.runs.pop(key, None) is not None

    def _note(self, call: str, what: object) -> None:
        self.asked.append((call, what))
        if self.failing is not None:
            raise self.failing

    def count(self, call: str) -> int:
        return sum(name == call for name, _ in self.asked)
