"""Arcee Orchestra. Source: its public pages on workflows by API, the least of all, so it is read tolerantly.

Each workflow has a list of its own, newest first, by limit and offset, with neither filters nor a total. Records carry
no workflow id and always whole inputs and outputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

import msgspec
from msgspec import Raw, Struct

from connectors.batching import one_by_one
from connectors.contract import Capabilities, ExecutionQuery, Page, Paging, Rate, StepList
from connectors.declaration import Opener, Provider, SourceSettings
from connectors.errors import ConnectorError, MissingError, UnsupportedError
from connectors.http.auth import Secret, bearer
from connectors.http.client import HttpClient, get, path
from connectors.http.status import ErrorBody, plain_text
from connectors.listed import comparable
from connectors.lists import ListForm
from connectors.reading import (
    StatusWords,
    body_of,
    decode,
    decoded_or_none,
    instant,
    present,
)
from connectors.steps import Wires, read_steps
from schema.identity import NativeId
from schema.instant import SECOND, Instant
from schema.model import Execution, ExecutionError, ExecutionOrder, ExecutionStatus, ExecutionStep, Workflow

NOTHING = Raw()
OUTWEIGHED = (ExecutionStatus.SUCCEEDED, ExecutionStatus.UNKNOWN)
"States that an error makes a failure."

# only `completed` is documented; the others are words that services of this kind use
WORDS = StatusWords("arcee", {
    "completed": ExecutionStatus.SUCCEEDED,
    "success": ExecutionStatus.SUCCEEDED,
    "succeeded": ExecutionStatus.SUCCEEDED,
    "failed": ExecutionStatus.FAILED,
    "error": ExecutionStatus.FAILED,
    "running": ExecutionStatus.RUNNING,
    "in_progress": ExecutionStatus.RUNNING,
    "started": ExecutionStatus.RUNNING,
    "executing": ExecutionStatus.RUNNING,
    "pending": ExecutionStatus.QUEUED,
    "queued": ExecutionStatus.QUEUED,
    "scheduled": ExecutionStatus.QUEUED,
    "paused": ExecutionStatus.PAUSED,
    "waiting": ExecutionStatus.PAUSED,
    "canceled": ExecutionStatus.CANCELED,
    "cancelled": ExecutionStatus.CANCELED,
    "stopped": ExecutionStatus.CANCELED,
})  # fmt: skip


class ArceeExecution(Execution, frozen=True, kw_only=True):
    """`type ArceeExecution`."""

    provider: ClassVar[str] = "ARCEE"
    all_outputs: Raw | None = None
    elapsed_seconds: int | None = None


class ArceeStep(ExecutionStep, frozen=True):
    """`type ArceeStep`."""

    node_id: str | None = None
    user_id: str | None = None
    organization_id: str | None = None
    elapsed_seconds: int | None = None
    step_metadata: Raw | None = None
    tokens: int | None = None
    approximate: bool = False


class WireTimed(Struct):
    """What runs and steps share. `outputs` is text or an object; `error` text, by some accounts an object."""

    id: str
    status: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    elapsed_time: Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)] | None = None
    error: Raw = NOTHING
    outputs: Raw = NOTHING
    inputs: Raw = NOTHING


class WirePlace(Struct, gc=False):
    """What tells where a run stands in the list of its workflow."""

    id: str
    start_time: str | None = None


class WireRun(WireTimed):
    """A run."""

    all_outputs: Raw = NOTHING


class WireStep(WireTimed, gc=False):
    """One execution of a node."""

    node_id: str | None = None
    user_id: str | None = None
    organization_id: str | None = None
    step_metadata: Raw = NOTHING
    tokens: int | None = None


class WireWorkflow(Struct):
    """A workflow, of which only this is read."""

    workflow_id: str
    name: str | None = None


class WireProblem(Struct):
    """An error's body, by whatever member; none is documented."""

    detail: str | list[object] | None = None
    error: str | None = None
    message: str | None = None


RUN = msgspec.json.Decoder(WireRun)
STEP = Wires(WireStep, "step", "start_time", "end_time")
RUNS = ListForm(list[WirePlace], list[Raw], WirePlace, lambda page: page, lambda wire: wire.start_time)
RECORDS = msgspec.json.Decoder(list[Raw])
WORKFLOWS = msgspec.json.Decoder(list[WireWorkflow])
PROBLEM = msgspec.json.Decoder(WireProblem)
ANYTHING = msgspec.json.Decoder()


def read_run(record: Raw, source: str, workflow_id: str) -> ArceeExecution:
    """One run; the workflow is the one that was asked for."""
    wire = decode(RUN, record, "run")
    error = read_error(wire.error)
    status = read_status(wire, has_failed=error is not None)
    return ArceeExecution(
        source=source,
        key=NativeId(workflow_id, wire.id),
        status=status,
        raw_status=wire.status or "",
        started_at=instant(wire.start_time),
        ended_at=instant(wire.end_time),
        duration_ns=read_duration(wire, status),
        error=error,
        input=present(wire.inputs),
        output=present(wire.outputs),
        all_outputs=present(wire.all_outputs),
        elapsed_seconds=None if wire.elapsed_time is None else int(wire.elapsed_time),
        raw=record,
    )


def read_step(source: str, run: NativeId, wire: WireStep, record: Raw, _index: int) -> ArceeStep:
    """One execution of a node."""
    error = read_error(wire.error)
    status = read_status(wire, has_failed=error is not None)
    return ArceeStep(
        source,
        run,
        wire.id,
        wire.node_id or wire.id,
        status,
        wire.status or "",
        record,
        wire.id,
        None,  # of no type
        error,
        wire.start_time,
        wire.end_time,
        read_duration(wire, status),
        present(wire.inputs),
        present(wire.outputs),
        node_id=wire.node_id,
        user_id=wire.user_id,
        organization_id=wire.organization_id,
        elapsed_seconds=None if wire.elapsed_time is None else int(wire.elapsed_time),
        step_metadata=present(wire.step_metadata),
        tokens=wire.tokens,
    )


def read_status(wire: WireTimed, *, has_failed: bool) -> ExecutionStatus:
    """An error outweighs a word of success, and stands in for a word that nobody knows."""
    if has_failed:
        status = WORDS(wire.status)
        return ExecutionStatus.FAILED if status in OUTWEIGHED else status
    if wire.status:
        return WORDS(wire.status)
    is_running = wire.end_time is None and wire.start_time is not None
    return ExecutionStatus.RUNNING if is_running else ExecutionStatus.UNKNOWN


def read_duration(wire: WireTimed, status: ExecutionStatus) -> int | None:
    """`elapsed_time` has its fraction cut off, so it counts only when the end is missing. None: by the two times."""
    if wire.end_time is None and wire.elapsed_time is not None and status.is_final:
        return int(wire.elapsed_time * SECOND)
    return None


def read_error(raw: Raw) -> ExecutionError | None:
    """Text, or an object with a message; an empty one is none."""
    if present(raw) is None:
        return None
    value = decode(ANYTHING, raw, "error")
    if isinstance(value, dict):
        message, code = value.get("message") or value.get("detail"), value.get("code") or value.get("type")
        if isinstance(message, str):
            return ExecutionError(message, code if isinstance(code, str) else None)
    if not value:
        return None
    return ExecutionError(value if isinstance(value, str) else bytes(raw).decode())


def steps_from_outputs(run: Execution) -> StepList:
    """For tenants that serve no steps: a step for each node that gave something, without times, marked approximate.

    Nodes that gave nothing are not among them.
    """
    outputs = _object(run.all_outputs) if isinstance(run, ArceeExecution) else {}
    nodes = [name for name in outputs if name not in _object(run.input)]
    return StepList(
        doubt=UnsupportedError("it serves no steps of this run: at the most those are told that its outputs name"),
        steps=tuple(
            ArceeStep(
                source=run.source,
                run=run.key,
                place=name,
                name=name,
                node_id=name,
                status=ExecutionStatus.UNKNOWN,
                raw_status="",
                output=outputs[name],
                approximate=True,
            )
            for name in nodes
        ),
    )


OBJECT = msgspec.json.Decoder(dict[str, Raw])


def _object(raw: Raw | None) -> dict[str, Raw]:
    return (None if raw is None else decoded_or_none(OBJECT, raw)) or {}


def read_problem(body: bytes) -> ErrorBody:
    """`detail`, `error` or `message`, else the text itself."""
    problem = decoded_or_none(PROBLEM, body)
    if problem is None:
        return plain_text(body)
    details = [problem.detail] if isinstance(problem.detail, str) else problem.detail or []
    said = [detail.get("msg") if isinstance(detail, dict) else detail for detail in details]
    detail = "; ".join(text for text in said if isinstance(text, str))
    return ErrorBody(detail or problem.error or problem.message or "")


class ArceeSettings(SourceSettings, frozen=True, kw_only=True):
    """One account."""

    base_url: str = "https://orchestra.arcee.ai/api/v1/workflow"
    api_token: Secret
    auth_header: str = "Authorization"
    "The documentation prints `Authentication`, its samples use this."


@dataclass(frozen=True, slots=True)
class Arcee:
    """The connector."""

    name: str
    http: HttpClient
    provider: ClassVar[str] = ArceeExecution.provider
    capabilities: ClassVar[Capabilities] = Capabilities(
        paging=Paging.OFFSET,
        page_size=100,
        statuses=WORDS.statuses,
        orders=frozenset({ExecutionOrder.STARTED_AT_DESC}),
        order_promised=True,
        has_input=True,
        has_output=True,
        has_step_times=True,
        rate=Rate(5, 1),
    )

    async def workflows(self) -> Sequence[Workflow]:
        """All workflows of the account."""
        wires = body_of(await self.http.send(get("/workflows")), WORKFLOWS, "workflows")
        return [
            Workflow(source=self.name, provider=self.provider, native_id=wire.workflow_id, name=wire.name)
            for wire in wires
        ]

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        """One page of a workflow's runs, by offset. A page that is not full is the last."""
        limit, offset = min(max(query.limit, 1), self.capabilities.page_size), int(cursor or 0)
        response = await self.http.send(get(path("/workflows/{}/runs", partition), {"limit": limit, "offset": offset}))
        records, runs, bad = RUNS.read(
            response,
            "runs",
            lambda wire: NativeId(partition, wire.id),
            lambda record: read_run(record, self.name, partition),
        )
        return Page(
            executions=runs,
            unreadable=bad,
            next_cursor=str(offset + len(records)) if len(records) >= limit else None,
        )

    async def get_executions(self, ids: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
        """One call a run, answered by a list of one; an empty list means that there is none."""

        async def get_one(key: NativeId) -> Execution | None:
            response = await self.http.send(get(path("/workflows/{}/runs/{}", key.workflow, key.execution)))
            records = body_of(response, RECORDS, "run")
            return read_run(records[0], self.name, key.workflow) if records else None

        return await one_by_one(ids, get_one)

    async def list_steps(self, runs: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
        """One call a run."""
        by_key = {run.key: run for run in runs}

        async def steps(key: NativeId) -> StepList:
            try:
                response = await self.http.send(get(path("/workflows/{}/runs/{}/steps", key.workflow, key.execution)))
            except MissingError:
                return steps_from_outputs(by_key[key])
            records = body_of(response, RECORDS, "steps")
            found, bad = read_steps(records, STEP, partial(read_step, self.name, key))
            return StepList(steps=in_order(found), unreadable=bad)

        return await one_by_one(by_key, steps)


def in_order(steps: Sequence[ArceeStep]) -> tuple[ArceeStep, ...]:
    """By their start, as their order is not documented."""
    starts = comparable([step.started for step in steps])
    if starts is not None and starts == sorted(starts):  # as a rule
        return tuple(steps)
    return tuple(sorted(steps, key=lambda step: step.started_at or NEVER))


NEVER = Instant(2**63, "")


def connect(name: str, settings: ArceeSettings, open_client: Opener) -> Arcee:
    """A connector with a token that does not end."""
    credentials = bearer(settings.api_token, settings.auth_header)
    return Arcee(name, open_client(settings.base_url, credentials, read_error=read_problem))


PROVIDER = Provider(
    name="arcee",
    title="Arcee Orchestra",
    settings=ArceeSettings,
    capabilities=Arcee.capabilities,
    connect=connect,
)
