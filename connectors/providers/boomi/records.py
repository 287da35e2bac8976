"""Boomi's records: what arrives, and what it means. Fields without a value are left out rather than null."""

from typing import ClassVar, Generic

import msgspec
from msgspec import Raw, Struct

from connectors.http.status import ErrorBody, plain_text
from connectors.lists import Item, ListForm
from connectors.reading import StatusWords, decode, decoded_or_none, instant, integer
from connectors.steps import Wires
from schema.identity import NativeId
from schema.instant import Instant
from schema.model import NANOSECONDS_PER_MS, Execution, ExecutionError, ExecutionStatus, ExecutionStep

WORDS = StatusWords("boomi", {
    "enqueued": ExecutionStatus.QUEUED,
    "started": ExecutionStatus.RUNNING,
    "inprocess": ExecutionStatus.RUNNING,
    "complete": ExecutionStatus.SUCCEEDED,
    "complete_warn": ExecutionStatus.SUCCEEDED_WITH_WARNINGS,
    "error": ExecutionStatus.FAILED,
    "aborted": ExecutionStatus.ABORTED,
    "aborted_recovering": ExecutionStatus.ABORTED,
    "discarded": ExecutionStatus.DISCARDED,
})  # fmt: skip

FAILED, SUCCEEDED, UNKNOWN = ExecutionStatus.FAILED, ExecutionStatus.SUCCEEDED, ExecutionStatus.UNKNOWN
"Names of ours: a look into the enum for each record takes long."
WITH_ERROR = (FAILED, ExecutionStatus.ABORTED, ExecutionStatus.DISCARDED)

# an integer as 5816, "5816", ["Long", 5816] or ["Long", "5816"]
type_long = int | str | list[int | str]


class BoomiExecution(Execution, frozen=True):
    """`type BoomiExecution`. Its own fields may be given by position: so many keywords make a dict of themselves."""

    provider: ClassVar[str] = "BOOMI"
    execution_type: str | None = None
    original_execution_id: str | None = None
    parent_execution_id: str | None = None
    top_level_execution_id: str | None = None
    account: str | None = None
    process_id: str | None = None
    process_name: str | None = None
    atom_id: str | None = None
    atom_name: str | None = None
    node_id: str | None = None
    inbound_document_count: int | None = None
    inbound_error_document_count: int | None = None
    outbound_document_count: int | None = None
    inbound_document_size: int | None = None
    outbound_document_size: int | None = None
    recorded_at: Instant | None = None
    message: str | None = None
    report_key: str | None = None
    launcher_id: str | None = None


class BoomiStep(ExecutionStep, frozen=True):
    """`type BoomiStep`."""

    connector_type: str | None = None
    action_type: str | None = None
    error_count: int | None = None
    success_count: int | None = None
    size: int | None = None
    is_start_shape: bool | None = None
    record_type: str | None = None


class WireExecutionRecord(Struct, rename="camel"):
    """An `ExecutionRecord`. The specification calls nearly all members required, its own sample leaves many out."""

    execution_id: str
    execution_time: str | None = None
    recorded_date: str | None = None
    execution_duration: type_long | None = None
    status: str | None = None
    execution_type: str | None = None
    original_execution_id: str | None = None
    parent_execution_id: str | None = None
    top_level_execution_id: str | None = None
    account: str | None = None
    process_id: str | None = None
    process_name: str | None = None
    atom_id: str | None = None
    atom_name: str | None = None
    node_id: str | None = None
    inbound_document_count: int | None = None
    inbound_error_document_count: int | None = None
    outbound_document_count: int | None = None
    inbound_document_size: type_long | None = None
    outbound_document_size: type_long | None = None
    message: str | None = None
    report_key: str | None = None
    launcher_id: str | None = msgspec.field(default=None, name="launcherID")


class WirePlace(Struct, rename="camel", gc=False):
    """What tells where a run stands in a list."""

    execution_id: str
    process_id: str | None = None
    execution_time: str | None = None


class WireExecutionConnector(Struct, rename="camel", gc=False):
    """An `ExecutionConnector`: one connector shape of one run."""

    id: str
    execution_id: str
    execution_connector: str | None = None
    connector_type: str | None = None
    action_type: str | None = None
    error_count: int | None = None
    success_count: int | None = None
    size: type_long | None = None
    is_start_shape: bool | None = None
    record_type: str | None = None


class WireOwner(Struct, rename="camel"):
    """Whose an `ExecutionConnector` is."""

    execution_id: str


class WireProcess(Struct):
    """A `Process`."""

    id: str
    name: str | None = None


class WireResult(Struct, Generic[Item], rename="camel"):
    """A page. `result` is missing when nothing was found; `numberOfResults` is no total."""

    result: list[Item] = []
    query_token: str | None = None


class WireNested(Struct):
    """The inner member of one of the forms of errors."""

    message: str = ""


class WireProblem(Struct):
    """`{"message"}`, `{"error":{"message"}}` or `{"@type":"Error","message"}`."""

    message: str = ""
    error: WireNested = msgspec.field(default_factory=WireNested)


RECORD = msgspec.json.Decoder(WireExecutionRecord)
CONNECTOR = Wires(WireExecutionConnector, "ExecutionConnector")
OWNER = Wires(WireOwner, "ExecutionConnector")
PROCESS = msgspec.json.Decoder(WireProcess)
RESULT = msgspec.json.Decoder(WireResult[Raw])
PROBLEM = msgspec.json.Decoder(WireProblem)


def key_of(wire: WirePlace) -> NativeId:
    """Which run it is."""
    return NativeId(wire.process_id or "", wire.execution_id)


RUNS = ListForm(
    WireResult[WirePlace],
    WireResult[Raw],
    WirePlace,
    lambda page: page.result,
    lambda wire: wire.execution_time,
    id_field="executionId",
)


def read_execution(record: Raw, source: str, process_id: str = "") -> BoomiExecution:
    """One `ExecutionRecord`. `executionTime` is its start; `recordedDate` its end, and stale while it runs.

    Spaces leaves out the process that it was asked for, and the end: it is the start plus the duration.
    """
    wire = decode(RECORD, record, "ExecutionRecord")
    status, started, recorded = WORDS(wire.status), instant(wire.execution_time), instant(wire.recorded_date)
    duration_ms = integer(wire.execution_duration)
    duration = None if duration_ms is None else duration_ms * NANOSECONDS_PER_MS
    ended = recorded
    if ended is None and started is not None and duration is not None:
        ended = Instant.of(started.ns + duration)
    process_id = wire.process_id or process_id
    is_final = status.is_final
    return BoomiExecution(
        wire.execution_type,
        wire.original_execution_id,
        wire.parent_execution_id,
        wire.top_level_execution_id,
        wire.account,
        process_id or None,
        wire.process_name,
        wire.atom_id,
        wire.atom_name,
        wire.node_id,
        wire.inbound_document_count,
        wire.inbound_error_document_count,
        wire.outbound_document_count,
        integer(wire.inbound_document_size),
        integer(wire.outbound_document_size),
        recorded,
        wire.message,
        wire.report_key,
        wire.launcher_id,
        source=source,
        key=NativeId(process_id, wire.execution_id),
        workflow_name=wire.process_name,
        status=status,
        raw_status=wire.status or "",
        started_at=started,
        ended_at=ended if is_final else None,
        duration_ns=duration if is_final else None,
        error=ExecutionError(wire.message) if wire.message and status in WITH_ERROR else None,
        raw=record,
    )


def read_step(run: Execution, wire: WireExecutionConnector, record: Raw, _index: int = 0) -> BoomiStep:
    """One connector shape. Its state follows from its errors, and from whether the run is over."""
    status = FAILED if wire.error_count else SUCCEEDED if run.status.is_final else UNKNOWN
    return BoomiStep(
        run.source,
        run.key,
        wire.id,
        wire.execution_connector or wire.id,
        status,
        f"errorCount={wire.error_count}",
        record,
        wire.id,
        wire.connector_type,
        connector_type=wire.connector_type,
        action_type=wire.action_type,
        error_count=wire.error_count,
        success_count=wire.success_count,
        size=integer(wire.size),
        is_start_shape=wire.is_start_shape,
        record_type=wire.record_type,
    )


def read_problem(body: bytes) -> ErrorBody:
    """Any of the three forms, or plain text; XML and HTML tell nothing."""
    problem = decoded_or_none(PROBLEM, body)
    if problem is None:
        return plain_text(body)
    return ErrorBody(problem.message or problem.error.message)
