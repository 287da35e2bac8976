"""The SDL's types as frozen values: times as `Instant`s, durations in integer nanoseconds, payloads as undecoded JSON.

A field is the SDL's name in snake case. Providers add their own fields in subclasses named like their SDL types.
"""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from functools import cached_property, partial
from typing import Any, ClassVar

from msgspec import Raw, Struct

from schema.derived import derived, part
from schema.identity import NativeId, pack
from schema.instant import Instant

NANOSECONDS_PER_MS = 1_000_000
FOREVER = 2**70
"In place of a start that is not known yet: such a run is the newest of all. Beyond the nanoseconds of the year 9999."


class ExecutionStatus(StrEnum):
    """Unified states; the SDL describes them."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    SUCCEEDED = "SUCCEEDED"
    SUCCEEDED_WITH_WARNINGS = "SUCCEEDED_WITH_WARNINGS"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    ABORTED = "ABORTED"
    TIMED_OUT = "TIMED_OUT"
    SKIPPED = "SKIPPED"
    DISCARDED = "DISCARDED"
    UNKNOWN = "UNKNOWN"

    @cached_property
    def is_final(self) -> bool:
        """A run in this state changes no more."""
        return self not in _OPEN

    @cached_property
    def may_have_error(self) -> bool:
        """A run in this state may have an error to tell."""
        return self not in _WITHOUT_ERROR


_OPEN = frozenset({ExecutionStatus.QUEUED, ExecutionStatus.RUNNING, ExecutionStatus.PAUSED, ExecutionStatus.UNKNOWN})
_WITHOUT_ERROR = frozenset({
    ExecutionStatus.QUEUED, ExecutionStatus.RUNNING, ExecutionStatus.PAUSED,
    ExecutionStatus.SUCCEEDED, ExecutionStatus.SKIPPED,
})  # fmt: skip


class ExecutionOrder(StrEnum):
    """Orders of the list."""

    STARTED_AT_DESC = "STARTED_AT_DESC"
    STARTED_AT_ASC = "STARTED_AT_ASC"

    @cached_property
    def is_descending(self) -> bool:
        """Newest first."""
        return self is ExecutionOrder.STARTED_AT_DESC


class SourceOutcomeStatus(StrEnum):
    """How a source answered."""

    OK = "OK"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class SourceErrorCode(StrEnum):
    """Kinds of trouble with a source."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    RATE_LIMITED = "RATE_LIMITED"
    TIMEOUT = "TIMEOUT"
    UNREACHABLE = "UNREACHABLE"
    BAD_RESPONSE = "BAD_RESPONSE"
    UNSUPPORTED = "UNSUPPORTED"
    LIMIT_REACHED = "LIMIT_REACHED"


class ExecutionError(Struct, frozen=True):
    """Why something failed."""

    message: str
    code: str | None = None


class Workflow(Struct, frozen=True, kw_only=True, dict=True):
    """What runs are runs of. A name of None is not known yet, which is not the same as having none."""

    source: str
    provider: str
    native_id: str
    name: str | None = None
    aliases: tuple[str, ...] = ()
    "Further ids that the provider takes for the same workflow."
    run_count: int | None = None
    "Its runs as the provider counts them, now or ever: a hint at how dense they lie."

    @cached_property
    def id(self) -> str:
        """Opaque id."""
        return pack(self.source, self.native_id)


class Timed:
    """What runs and steps have in common. Each declares the fields itself: their order is that of positions."""

    __slots__ = ("_duration_ms", "_ended_at", "_id", "_started_at")  # where values lie that are derived

    status: ExecutionStatus
    raw_status: str
    duration_ns: int | None
    error: ExecutionError | None
    input: Raw | None
    output: Raw | None
    raw: Raw | None

    @property
    @abstractmethod
    def started_at(self) -> Instant | None:
        """Its start."""

    @property
    @abstractmethod
    def ended_at(self) -> Instant | None:
        """Its end."""

    @property
    def elapsed_ns(self) -> int | None:
        """Nanoseconds from start to end; None while it is not over, or unknown."""
        if self.duration_ns is not None:
            return self.duration_ns
        if self.started_at is None or self.ended_at is None:
            return None
        return self.ended_at.ns - self.started_at.ns

    @derived
    def duration_ms(self) -> float | None:
        """The same in milliseconds."""
        elapsed = self.elapsed_ns
        return None if elapsed is None else elapsed / NANOSECONDS_PER_MS


class Execution(Timed, Struct, frozen=True, kw_only=True, dict=True):
    """One run. `key` is its native id with the workflow; `native_id` the provider's own text."""

    provider: ClassVar[str]
    "The SDL's word, such as BOOMI."
    source: str
    key: NativeId
    workflow_name: str | None = None
    "Where the record brings it along."
    status: ExecutionStatus
    raw_status: str
    started_at: Instant | None = None
    ended_at: Instant | None = None
    duration_ns: int | None = None
    "As the provider gives it; None: the end less the start."
    error: ExecutionError | None = None
    input: Raw | None = None
    output: Raw | None = None
    raw: Raw | None = None

    @derived
    def id(self) -> str:
        """Opaque id."""
        return pack(self.source, self.key.workflow, self.key.execution)

    native_id = part[str]("key", "execution")
    "The provider's own id."

    @cached_property
    def workflow(self) -> Workflow | None:
        """Null where the provider does not say."""
        if not self.key.workflow:
            return None
        return Workflow(
            source=self.source, provider=self.provider, native_id=self.key.workflow, name=self.workflow_name
        )


class ExecutionStep(Timed, Struct, frozen=True, gc=False):
    """One unit of work in a run. `place` is unique in the run: the native id where that is, else its index.

    There are many. They hold nothing that could lead back to them, so the collector need not go through them; their
    fields may be given by position, as each keyword takes longer than most of what is read; and times are read when
    somebody asks for them.
    """

    source: str
    run: NativeId
    place: str
    name: str
    status: ExecutionStatus
    raw_status: str
    raw: Raw | None = None
    native_id: str | None = None
    type: str | None = None
    error: ExecutionError | None = None
    started: str | None = None
    "A time that can be read, as it came; so is `ended`."
    ended: str | None = None
    duration_ns: int | None = None
    "As in a run."
    input: Raw | None = None
    output: Raw | None = None
    description: str | None = None
    attempts: int | None = None
    last_error: ExecutionError | None = None

    @derived
    def started_at(self) -> Instant | None:
        """Its start."""
        return Instant.parse(self.started) if self.started else None

    @derived
    def ended_at(self) -> Instant | None:
        """Its end."""
        return Instant.parse(self.ended) if self.ended else None

    @derived
    def id(self) -> str:
        """Opaque id."""
        return pack(self.source, self.run.workflow, self.run.execution, self.place)


class SourceError(Struct, frozen=True, kw_only=True):
    """Trouble with a source, as data."""

    code: SourceErrorCode
    message: str
    retryable: bool = False
    retry_after_ms: float | None = None
    http_status: int | None = None
    reference: str | None = None


class SourceOutcome(Struct, frozen=True, kw_only=True):
    """How one source answered this query."""

    source: str
    provider: str
    status: SourceOutcomeStatus
    count: int = 0
    as_of: Instant | None = None
    requests: int = 0
    duration_ms: float = 0.0
    error: SourceError | None = None


class PageInfo(Struct, frozen=True, kw_only=True, dict=True):
    """Relay's page information. Cursors are written when they are selected."""

    has_next_page: bool
    has_previous_page: bool
    start: Callable[[], str] | None = None
    end: Callable[[], str] | None = None

    @cached_property
    def start_cursor(self) -> str | None:
        """Of the first row."""
        return None if self.start is None else self.start()

    @cached_property
    def end_cursor(self) -> str | None:
        """Where the next page begins."""
        return None if self.end is None else self.end()


class ExecutionEdge(Struct, frozen=True, dict=True):
    """A run and its place in the list; the cursor is written when it is selected."""

    node: Execution
    place: Any
    write: Callable[[Any], str]

    @cached_property
    def cursor(self) -> str:
        """Opaque."""
        return self.write(self.place)


class ExecutionConnection(Struct, frozen=True, kw_only=True, dict=True, weakref=True):
    """One page of runs, with word from every source. Edges are made when they are selected."""

    nodes: tuple[Execution, ...] = ()
    places: Sequence[Any] = ()
    "Theirs in the list."
    write: Callable[[Any], str]
    "Makes cursors of places."
    page_info: PageInfo
    sources: Sequence[SourceOutcome]
    as_of: Instant
    count: Callable[[], Awaitable[int | None]] | None = None
    "Called for `totalCount` when that is selected; None when nobody can tell."

    @cached_property
    def edges(self) -> tuple[ExecutionEdge, ...]:
        """The runs with their cursors."""
        return tuple([ExecutionEdge(*one, self.write) for one in zip(self.nodes, self.places, strict=True)])

    @cached_property
    def complete(self) -> bool:
        """No source has left anything out."""
        return all(outcome.status in (SourceOutcomeStatus.OK, SourceOutcomeStatus.SKIPPED) for outcome in self.sources)


class ExecutionStepEdge(Struct, frozen=True, dict=True):
    """A step and its place in the run; the cursor is written when it is selected."""

    node: ExecutionStep
    place: int
    write: Callable[[int, ExecutionStep], str]

    @cached_property
    def cursor(self) -> str:
        """Opaque."""
        return self.write(self.place, self.node)


class ExecutionStepConnection(Struct, frozen=True, kw_only=True, dict=True, weakref=True):
    """Steps of one run. Edges are made when they are selected."""

    nodes: tuple[ExecutionStep, ...] = ()
    places: Sequence[int] = ()
    "Their indexes among all steps of the run."
    write: Callable[[int, ExecutionStep], str]
    "Makes cursors."
    has_next_page: bool = False
    has_previous_page: bool = False
    total_count: int | None
    complete: bool = True
    error: SourceError | None = None

    @cached_property
    def edges(self) -> tuple[ExecutionStepEdge, ...]:
        """The steps with their cursors."""
        return tuple([ExecutionStepEdge(*one, self.write) for one in zip(self.nodes, self.places, strict=True)])

    @cached_property
    def page_info(self) -> PageInfo:
        """Relay's."""
        edges = self.edges
        return PageInfo(
            has_next_page=self.has_next_page,
            has_previous_page=self.has_previous_page,
            start=partial(getattr, edges[0], "cursor") if edges else None,
            end=partial(getattr, edges[-1], "cursor") if edges else None,
        )


class DeleteExecutionResult(Struct, frozen=True, kw_only=True):
    """What became of a deletion."""

    id: str
    deleted: bool
    error: SourceError | None = None
