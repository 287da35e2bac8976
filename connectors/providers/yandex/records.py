"""Yandex records: what arrives, and what it means. protobuf JSON: defaults are left out, int64 is text."""

import re
from typing import ClassVar, Generic

import msgspec
from msgspec import Raw, Struct

from connectors.errors import UnreadableError
from connectors.http.status import ErrorBody
from connectors.lists import Item, ListForm
from connectors.reading import StatusWords, decode, decoded_or_none, instant, integer, present
from connectors.steps import Wires
from schema.derived import derived
from schema.identity import NativeId
from schema.instant import SECOND, Instant
from schema.model import Execution, ExecutionError, ExecutionStatus, ExecutionStep

DURATION = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s", flags=re.ASCII)
NOTHING = Raw()

RUN_WORDS = StatusWords("yandex", {
    "queued": ExecutionStatus.QUEUED,
    "running": ExecutionStatus.RUNNING,
    "paused": ExecutionStatus.PAUSED,
    "stopped": ExecutionStatus.CANCELED,
    "failed": ExecutionStatus.FAILED,
    "finished": ExecutionStatus.SUCCEEDED,
    "status_unspecified": ExecutionStatus.UNKNOWN,
})  # fmt: skip
STEP_WORDS = StatusWords("yandex", {
    "scheduled": ExecutionStatus.QUEUED,
    "started": ExecutionStatus.RUNNING,
    "cancel_requested": ExecutionStatus.RUNNING,  # not over yet
    "completed": ExecutionStatus.SUCCEEDED,
    "failed": ExecutionStatus.FAILED,
    "cancelled": ExecutionStatus.CANCELED,
    "status_unspecified": ExecutionStatus.UNKNOWN,
})  # fmt: skip


class YandexExecution(Execution, frozen=True, kw_only=True):
    """`type YandexExecution`."""

    provider: ClassVar[str] = "YANDEX"


class YandexStep(ExecutionStep, frozen=True):
    """`type YandexStep`."""

    title: str | None = None

    @derived
    def ended_at(self) -> Instant | None:
        """Its start plus the duration."""
        return _end(self.started_at, self.duration_ns)


class WireError(Struct, rename="camel", gc=False):
    """`error`, `lastError`."""

    message: str = ""
    error_code: str | None = None


class WirePayload(Struct, rename="camel", gc=False):
    """`input`, `output` or `result`: JSON in a string, or free JSON."""

    input_json: str = ""
    output_json: str = ""
    result_json: str = ""
    input_value: Raw = NOTHING
    output_value: Raw = NOTHING
    result_value: Raw = NOTHING


class WireExecution(Struct, rename="camel"):
    """An `Execution`; `input`, `result` and `error` come with `get` only."""

    id: str
    workflow_id: str
    status: str = "STATUS_UNSPECIFIED"
    started_at: str | None = None
    duration: str | None = None
    input: WirePayload | None = None
    result: WirePayload | None = None
    error: WireError | None = None


class WirePlace(Struct, rename="camel", gc=False):
    """What tells where a run stands in a list."""

    id: str
    workflow_id: str
    started_at: str | None = None


class WireEntry(Struct, rename="camel", gc=False):
    """A history entry. `id` is the step's key in the workflow's text."""

    id: str = ""
    title: str | None = None
    description: str | None = None
    started_at: str | None = None
    duration: str | None = None
    input: WirePayload | None = None
    output: WirePayload | None = None
    error: WireError | None = None
    status: str = "STATUS_UNSPECIFIED"
    type: str | None = None
    attempts: str | int | None = None
    last_error: WireError | None = None


class WireList(Struct, Generic[Item], rename="camel"):
    """`{}` when there are none."""

    executions: list[Item] = []
    next_page_token: str = ""


class WireGot(Struct):
    """One run."""

    execution: Raw


class WireHistory(Struct):
    """A run's steps."""

    entries: list[Raw] = []


class WireWorkflow(Struct):
    """A workflow."""

    id: str
    name: str = ""


class WireWorkflows(Struct, rename="camel"):
    """A page of workflows."""

    workflows: list[WireWorkflow] = []
    next_page_token: str = ""


class WireDetail(Struct, rename="camel"):
    """A member of `Status.details`."""

    request_id: str | None = None


class WireStatus(Struct):
    """`google.rpc.Status`."""

    code: int = 0
    message: str = ""
    details: list[WireDetail] = []


EXECUTION = msgspec.json.Decoder(WireExecution)
ENTRY = Wires(WireEntry, "entries[{}]", "started_at")
GOT = msgspec.json.Decoder(WireGot)
HISTORY = msgspec.json.Decoder(WireHistory)
WORKFLOW = msgspec.json.Decoder(WireWorkflow)
WORKFLOWS = msgspec.json.Decoder(WireWorkflows)
STATUS = msgspec.json.Decoder(WireStatus)


def key_of(wire: WirePlace) -> NativeId:
    """Which run it is."""
    return NativeId(wire.workflow_id, wire.id)


LIST = ListForm(
    WireList[WirePlace], WireList[Raw], WirePlace, lambda page: page.executions, lambda wire: wire.started_at
)


def read_execution(record: Raw, source: str) -> YandexExecution:
    """One run. Yandex gives no end: it is the start plus the duration."""
    wire = decode(EXECUTION, record, "execution")
    started, duration, status = instant(wire.started_at), read_duration(wire.duration), RUN_WORDS(wire.status)
    is_final = status.is_final
    return YandexExecution(
        source=source,
        key=NativeId(wire.workflow_id, wire.id),
        status=status,
        raw_status=wire.status,
        started_at=started,
        ended_at=_end(started, duration) if is_final else None,
        duration_ns=duration if is_final else None,
        error=read_error(wire.error),
        input=read_payload(wire.input),
        output=read_payload(wire.result),
        raw=record,
    )


def read_step(source: str, run: NativeId, wire: WireEntry, record: Raw, index: int) -> YandexStep:
    """One history entry. Its key repeats in loops, so its place in the run is its index."""
    duration, status = read_duration(wire.duration), STEP_WORDS(wire.status)
    return YandexStep(
        source,
        run,
        str(index),
        wire.title or wire.id or f"#{index}",
        status,
        wire.status,
        record,
        wire.id or None,
        wire.type,
        read_error(wire.error),
        wire.started_at,
        None,  # see `YandexStep.ended_at`
        duration if status.is_final else None,
        read_payload(wire.input),
        read_payload(wire.output),
        wire.description,
        integer(wire.attempts),
        read_error(wire.last_error),
        wire.title,
    )


def read_error(wire: WireError | None) -> ExecutionError | None:
    """An error; an empty one is none."""
    if wire is None or not (wire.message or wire.error_code):
        return None
    return ExecutionError(wire.message, wire.error_code)


def read_payload(wire: WirePayload | None) -> Raw | None:
    """JSON in a string becomes JSON, undecoded: it may be megabytes, and nobody may ask for it."""
    if wire is None:
        return None
    if text := wire.input_json or wire.output_json or wire.result_json:
        return None if text.strip() in ("", "null") else Raw(text.encode())
    values = (wire.input_value, wire.output_value, wire.result_value)
    return next((present(raw) for raw in values if bytes(raw)), None)


def read_duration(text: str | None) -> int | None:
    """protobuf's `"1.070697344s"` in nanoseconds."""
    if not text:
        return None
    match = DURATION.fullmatch(text)
    if match is None:
        raise UnreadableError("a duration that is not decimal seconds with an s")
    sign, whole, digits = match.groups()
    ns = int(whole) * SECOND
    if digits:
        ns += int(digits.ljust(9, "0"))
    return -ns if sign else ns


def read_status_body(body: bytes) -> ErrorBody:
    """`{"code":16,"message":"…","details":[{"requestId":"…"}]}`."""
    status = decoded_or_none(STATUS, body)
    if status is None:
        return ErrorBody()
    return ErrorBody(status.message, next((detail.request_id for detail in status.details if detail.request_id), None))


def _end(started: Instant | None, duration: int | None) -> Instant | None:
    return Instant.of(started.ns + duration) if started is not None and duration is not None else None
