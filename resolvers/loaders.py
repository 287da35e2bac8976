"""Dataloaders over one source, for one request: whatever fields ask in the same tick goes in one batch call.

A failure is a value here, never an exception of the batch: it belongs to one key, and a future that failed and is not
awaited would warn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import structlog
from aiodataloader import DataLoader

from connectors.contract import Answers, Connector, Stale, StepList
from connectors.errors import ConnectorError, MissingError, UnreadableError
from resolvers.left_out import lacking
from schema.identity import NativeId
from schema.model import Execution, ExecutionError, Workflow

log = structlog.get_logger("histograph.loaders")


@dataclass(frozen=True, slots=True)
class Failed:
    """In place of a value that could not be had."""

    error: ConnectorError


def masked(error: Exception, source: str) -> Failed:
    """A connector's error as it is; any other is ours, logged whole and shown as a reference."""
    if isinstance(error, ConnectorError):
        return Failed(error)
    reference = uuid4().hex[:12]
    log.error("connector failed", source=source, reference=reference, exc_info=error)
    return Failed(UnreadableError("an error of ours, which is logged", reference=reference))


class StepsLoader(DataLoader[Execution, StepList | Failed]):
    """The steps of runs. In `stale` stands which of them are of before."""

    def __init__(self, connector: Connector) -> None:
        super().__init__(get_cache_key=lambda run: run.key)
        self._connector = connector
        self.stale: dict[NativeId, Stale] = {}

    async def batch_load_fn(self, keys: list[Execution]) -> list[StepList | Failed]:
        """Same length and order as the keys."""
        try:
            found = await self._connector.list_steps(keys)
        except Exception as error:
            return [masked(error, self._connector.name)] * len(keys)
        self.stale |= stale_in(found)
        missing = MissingError("the run is not there any more")
        answers = [found.get(run.key, missing) for run in keys]
        return [Failed(answer) if isinstance(answer, ConnectorError) else answer for answer in answers]


class DetailLoader(DataLoader[NativeId, Execution | Failed | None]):
    """Runs with the fields that a listing leaves out; None where there is no such run. `stale` as above."""

    def __init__(self, connector: Connector) -> None:
        super().__init__()
        self._connector = connector
        self.stale: dict[NativeId, Stale] = {}

    async def batch_load_fn(self, keys: list[NativeId]) -> list[Execution | Failed | None]:
        """Same length and order as the keys."""
        try:
            found = await self._connector.get_executions(keys)
        except Exception as error:
            return [masked(error, self._connector.name)] * len(keys)
        self.stale |= stale_in(found)
        answers = [found.get(key) for key in keys]
        return [Failed(answer) if isinstance(answer, ConnectorError) else answer for answer in answers]


def stale_in(found: object) -> Mapping[NativeId, Stale]:
    """Which of the answers are of before, where their source could not be asked."""
    return found.stale if isinstance(found, Answers) else {}


class WorkflowLoader(DataLoader[str, Workflow | Failed | None]):
    """Workflows by native id, by one list of them all."""

    def __init__(self, connector: Connector) -> None:
        super().__init__()
        self._connector = connector

    async def batch_load_fn(self, keys: list[str]) -> list[Workflow | Failed | None]:
        """Same length and order as the keys."""
        try:
            workflows = await self._connector.workflows()
        except Exception as error:
            return [masked(error, self._connector.name)] * len(keys)
        by_id = by_any_id(workflows)
        return [by_id.get(key) for key in keys]


def by_any_id(workflows: Sequence[Workflow]) -> dict[str, Workflow]:
    """Workflows by native id and by every further one."""
    further = {alias: workflow for workflow in workflows for alias in workflow.aliases}
    return further | {workflow.native_id: workflow for workflow in workflows}


@dataclass(slots=True)
class Loaders:
    """All loaders of one source."""

    connector: Connector
    steps: StepsLoader = field(init=False)
    details: DetailLoader = field(init=False)
    workflows: WorkflowLoader = field(init=False)

    def __post_init__(self) -> None:
        self.steps = StepsLoader(self.connector)
        self.details = DetailLoader(self.connector)
        self.workflows = WorkflowLoader(self.connector)

    async def error_of(self, run: Execution) -> ExecutionError | None:
        """Why a run failed, from wherever its source tells that.

        Raises:
            ConnectorError: It could not be had.
        """
        can = self.connector.capabilities
        if run.error is not None or not run.status.may_have_error:
            return run.error
        if "error" in can.fields_from_steps:
            steps = await self.steps.load(run)
            if isinstance(steps, Failed):
                raise steps.error
            if steps.run_error is None and (why := lacking(steps)) is not None:
                raise why.with_traceback(None)  # it may be remembered, and raised many times
            return steps.run_error
        if "error" in can.fields_from_detail:
            detail = await self.detail(run)
            return None if detail is None else detail.error
        return None

    async def detail(self, run: Execution) -> Execution | None:
        """The run with all its fields.

        Raises:
            ConnectorError: It could not be had.
        """
        detail = await self.details.load(run.key)
        if isinstance(detail, Failed):
            raise detail.error
        return detail
