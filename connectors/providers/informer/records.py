"""Informer records: what arrives, and what it means. States follow from flags; steps lie in the record of their run."""

from functools import partial
from typing import ClassVar, Generic

import msgspec
from msgspec import Raw, Struct

from connectors.contract import StepList
from connectors.http.status import ErrorBody
from connectors.lists import Item, ListForm
from connectors.reading import (
    StatusWords,
    decode,
    decoded_or_none,
    instant,
    present,
)
from connectors.steps import Wires, read_steps
from schema.identity import NativeId
from schema.instant import Instant
from schema.model import Execution, ExecutionError, ExecutionStatus, ExecutionStep

NOTHING = Raw()

STEP_WORDS = StatusWords("informer", {
    "success": ExecutionStatus.SUCCEEDED,
    "warning": ExecutionStatus.SUCCEEDED_WITH_WARNINGS,
    "error": ExecutionStatus.FAILED,
})  # fmt: skip
SUCCEEDED, FAILED, RUNNING = ExecutionStatus.SUCCEEDED, ExecutionStatus.FAILED, ExecutionStatus.RUNNING
"Names of ours: a look into the enum for each record takes long."
STATUSES = frozenset({
    SUCCEEDED,
    ExecutionStatus.SUCCEEDED_WITH_WARNINGS,
    FAILED,
    RUNNING,
    ExecutionStatus.UNKNOWN,
})  # fmt: skip


class WireTask(Struct, gc=False):
    """What was attempted."""

    key: str | None = None
    opts: Raw = NOTHING


class WireResult(Struct, gc=False):
    """What came of it; `status` is in the long form only."""

    key: str | None = None
    message: str | None = None
    success: bool | None = None
    status: str | None = None


class WireProgress(Struct, gc=False):
    """An entry of `progress`."""

    task: WireTask = msgspec.field(default_factory=WireTask)
    result: WireResult | None = None


class WireHistory(Struct, rename="camel"):
    """A job history record. `duration` is a pair of stamps."""

    id: str
    job_id: str
    owner_id: str | None = None
    success: bool | None = None
    warnings: bool | None = None
    duration: list[str | None] | None = None
    data: Raw = NOTHING
    progress: list[Raw] | None = None
    created_at: str | None = None


class WireStatus(Struct):
    """What a result has in the long form only."""

    status: str | None = None


class WireForm(Struct):
    """What tells of an entry of `progress` in which form it came."""

    result: WireStatus | None = None


class WireForms(Struct):
    """The same of a record."""

    progress: list[WireForm] | None = None


class WirePlace(Struct, rename="camel", gc=False):
    """What tells where a run stands in the list of its job."""

    id: str
    job_id: str
    duration: list[str | None] | None = None
    created_at: str | None = None


class WireEmbedded(Struct, Generic[Item], rename={"history": "inf:job-history"}):
    """HAL's members."""

    history: list[Item] = []


class WirePage(Struct, Generic[Item], rename={"embedded": "_embedded"}):
    """A page; its links are not followed."""

    start: int
    count: int
    total: int
    embedded: WireEmbedded[Item] = msgspec.field(default_factory=WireEmbedded)


class WireJob(Struct, rename="camel"):
    """A job, of which only this is read."""

    id: str
    name: str | None = None
    natural_id: str | None = None


class WireProblem(Struct):
    """Hapi's error body."""

    message: str = ""


class WireName(Struct):
    """The option of a task that people read."""

    name: str | None = None


FLAGS = {None: "null", True: "true", False: "false"}
NO_RESULT = WireResult()
HISTORY = msgspec.json.Decoder(WireHistory)
FORMS = msgspec.json.Decoder(WireForms)
PROGRESS = Wires(WireProgress, "progress[{}]")
RECORD = msgspec.json.Decoder(Raw)
JOBS = msgspec.json.Decoder(list[WireJob])
PROBLEM = msgspec.json.Decoder(WireProblem)
NAME = msgspec.json.Decoder(WireName)


class InformerExecution(Execution, frozen=True, kw_only=True):
    """`type InformerExecution`. Its record brings its steps, in the short form when it comes from a list."""

    provider: ClassVar[str] = "INFORMER"
    owner_id: str | None = None
    success: bool | None = None
    warnings: bool | None = None
    data: Raw | None = None
    created_at: Instant | None = None

    @property
    def told(self) -> StepList:
        """The steps that came with it. Read when they are asked for, as of most runs nobody does."""
        return StepList(run_error=self.error) if self.raw is None else read_told(self.raw, self.source)


class InformerStep(ExecutionStep, frozen=True):
    """`type InformerStep`."""

    task_key: str | None = None
    task_opts: Raw | None = None
    result_key: str | None = None
    message: str | None = None
    success: bool | None = None
    is_in_full: bool = False
    "Came with the status that only the long form has."


def key_of(wire: WirePlace) -> NativeId:
    """Which run it is."""
    return NativeId(wire.job_id, wire.id)


def start_of(wire: WirePlace) -> str | None:
    """As `read_history` finds it."""
    return (wire.duration or [None])[0] or wire.created_at


LIST = ListForm(WirePage[WirePlace], WirePage[Raw], WirePlace, lambda page: page.embedded.history, start_of)


def read_history(record: Raw, source: str) -> InformerExecution:
    """One record. Its error is the message of the step that failed."""
    wire = decode(HISTORY, record, "job history")
    key = NativeId(wire.job_id, wire.id)
    created, started, ended = read_times(wire)
    status = read_status(wire.success, wire.warnings, has_ended=ended is not None)
    return InformerExecution(
        source=source,
        key=key,
        status=status,
        raw_status=f"success={_flag(wire.success)},warnings={_flag(wire.warnings)}",
        started_at=started or created,
        ended_at=ended,
        error=read_progress(wire, source, key, status).run_error if status is FAILED else None,
        owner_id=wire.owner_id,
        success=wire.success,
        warnings=wire.warnings,
        data=present(wire.data),
        created_at=created,
        raw=record,
    )


def read_times(wire: WireHistory) -> tuple[Instant | None, Instant | None, Instant | None]:
    """When it was made, when it started, and its end."""
    stamps = wire.duration or []
    created = instant(wire.created_at)
    at = stamps[0] if stamps else None
    started = created if at == wire.created_at else instant(at)  # as a rule
    return created, started, instant(stamps[1]) if len(stamps) > 1 else None


def read_status(success: bool | None, warnings: bool | None, *, has_ended: bool) -> ExecutionStatus:
    """The state that the flags and the second stamp make together. A fresh record may start with `success: false`."""
    if success:
        return ExecutionStatus.SUCCEEDED_WITH_WARNINGS if warnings else SUCCEEDED
    if not has_ended:
        return RUNNING
    return FAILED if success is False else ExecutionStatus.UNKNOWN


def read_told(record: Raw, source: str) -> StepList:
    """The steps of a record, as `read_history` would find it."""
    wire = decode(HISTORY, record, "job history")
    _, _, ended = read_times(wire)
    status = read_status(wire.success, wire.warnings, has_ended=ended is not None)
    return read_progress(wire, source, NativeId(wire.job_id, wire.id), status)


def read_progress(wire: WireHistory, source: str, run: NativeId, status: ExecutionStatus) -> StepList:
    """The steps of a run in this state. One that failed has the message of a step for its error."""
    steps, bad = read_steps(wire.progress or (), PROGRESS, partial(read_step, source, run, status is RUNNING))
    error = next((step.error for step in steps if step.error), None) if status is FAILED else None
    return StepList(steps=steps, run_error=error, unreadable=bad)


def read_step(  # noqa: PLR0917  # the first three are those of a run
    source: str, run: NativeId, run_is_open: bool, wire: WireProgress, record: Raw, index: int
) -> InformerStep:
    """An entry of `progress`: no times and no id, so its place is its index."""
    result = wire.result or NO_RESULT
    if result.status is not None:
        status = STEP_WORDS(result.status)
    elif result.success is not None:
        status = SUCCEEDED if result.success else FAILED
    else:
        status = RUNNING if wire.result is None and run_is_open else ExecutionStatus.UNKNOWN
    said = result.message or result.key
    return InformerStep(
        source,
        run,
        str(index),
        _task_name(wire.task) or wire.task.key or f"#{index}",
        status,
        result.status or f"success={_flag(result.success)}",
        record,
        None,  # of no id
        wire.task.key,
        ExecutionError(said) if status is FAILED and said else None,
        task_key=wire.task.key,
        task_opts=present(wire.task.opts),
        result_key=result.key,
        message=result.message,
        success=result.success,
        is_in_full=result.status is not None,
    )


def came_short(run: Execution) -> bool:
    """Its record surely has steps in their short form, as records of lists do. Told without reading the steps."""
    forms = None if run.raw is None else decoded_or_none(FORMS, run.raw)
    entries = () if forms is None else forms.progress or ()
    return any(one.result is None or one.result.status is None for one in entries)


def is_whole(told: StepList) -> bool:
    """They came in their long form, all of them."""
    return (
        bool(told.steps)
        and not told.unreadable
        and all(isinstance(step, InformerStep) and step.is_in_full for step in told.steps)
    )


def _task_name(task: WireTask) -> str | None:
    named = decoded_or_none(NAME, task.opts) if task.opts else None
    return None if named is None else named.name


def _flag(value: bool | None) -> str:
    return FLAGS[value]


def read_problem(body: bytes) -> ErrorBody:
    """`{"statusCode":400,"error":"Bad Request","message":"…"}`."""
    problem = decoded_or_none(PROBLEM, body)
    return ErrorBody() if problem is None else ErrorBody(problem.message)
