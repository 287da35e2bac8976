"""What every connector is: one source behind four batch calls, with a declaration of what it can do.

Push-down is an optimisation, never a meaning: whatever a source filters, `ExecutionQuery.matches` is applied to its
rows again. The declaration is data, read by the streams above, by the tests and by the README's provider table.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import timedelta
from enum import StrEnum
from math import inf
from typing import Any, Generic, Protocol, TypeVar, cast, runtime_checkable

from msgspec import Struct
from msgspec.structs import replace

from connectors.errors import ConnectorError
from connectors.listed import Listed, Listing, Unreadable
from schema.identity import NativeId
from schema.instant import Instant
from schema.model import (
    Execution,
    ExecutionError,
    ExecutionOrder,
    ExecutionStatus,
    ExecutionStep,
    SourceError,
    Workflow,
)

tally: ContextVar[Counter[str] | None] = ContextVar("tally", default=None)
"Calls by source of the query at hand: whoever asks sets it, and reads there what its question cost."

deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
"When the query at hand ends, on the monotonic clock: whoever asks sets it. None for work that no query waits for."

WHOLE_SOURCE = "~"
"The one partition of a source that lists the runs of all its workflows together."


class Range(Struct, frozen=True):
    """A range of integers: `start` inclusive, `end` exclusive, None for open."""

    start: int | None = None
    end: int | None = None

    def holds(self, value: int | None) -> bool:
        """Nothing is in a closed range, not even an unknown value."""
        if value is None:
            return self.start is None and self.end is None
        return (self.start is None or value >= self.start) and (self.end is None or value < self.end)

    @property
    def is_empty(self) -> bool:
        """No value can be in it."""
        return self.start is not None and self.end is not None and self.start >= self.end


EVER = Range()


class StepFilter(Struct, frozen=True):
    """Conditions that one step has to meet together."""

    statuses: frozenset[ExecutionStatus] | None = None
    name_contains: str | None = None
    types: frozenset[str] | None = None

    def matches(self, step: ExecutionStep) -> bool:
        """All given conditions hold."""
        return (
            (self.statuses is None or step.status in self.statuses)
            and (self.types is None or step.type in self.types)
            and (self.name_contains is None or self.name_contains.casefold() in step.name.casefold())
        )


class ExecutionQuery(Struct, frozen=True, cache_hash=True):
    """Which runs of one source, in which order. Times in nanoseconds since 1970, durations in nanoseconds.

    A set of None means any. `limit` is how many rows the caller can use: a hint for the size of a page.
    """

    order: ExecutionOrder = ExecutionOrder.STARTED_AT_DESC
    limit: int = 50
    workflow_ids: frozenset[str] | None = None
    statuses: frozenset[ExecutionStatus] | None = None
    started: Range = EVER
    ended: Range = EVER
    duration: Range = EVER
    workflow_name_contains: str | None = None
    "Checked on records that bring their workflow's name; other sources are asked for chosen workflows only."
    error_contains: str | None = None
    any_step: StepFilter | None = None

    @property
    def is_plain(self) -> bool:
        """Has no condition at all: only an order and a limit."""
        return self.started == EVER and self.asks_for_starts_only

    @property
    def asks_for_starts_only(self) -> bool:
        """Has no condition but on when runs started."""
        return (
            self.workflow_ids is None
            and self.statuses is None
            and self.workflow_name_contains is None
            and self.error_contains is None
            and self.any_step is None
            and self.ended == EVER
            and self.duration == EVER
        )

    def matches(self, execution: Execution) -> bool:
        """Every condition that the record itself can show; `error_contains` and `any_step` may need further calls."""
        return (
            (self.statuses is None or execution.status in self.statuses)
            and (self.workflow_ids is None or execution.key.workflow in self.workflow_ids)
            and (
                self.workflow_name_contains is None
                or execution.workflow_name is None
                or self.workflow_name_contains.casefold() in execution.workflow_name.casefold()
            )
            and self.started.holds(_ns(execution.started_at))
            and self.ended.holds(_ns(execution.ended_at))
            and (self.duration is EVER or self.duration.holds(execution.elapsed_ns))
        )

    def may_match(self, statuses: frozenset[ExecutionStatus]) -> bool:
        """Runs that can only have these statuses can match."""
        return not self.started.is_empty and not self.ended.is_empty and not self.duration.is_empty and (
            self.statuses is None or not self.statuses.isdisjoint(statuses)
        )  # fmt: skip

    def matches_error(self, error: ExecutionError | None) -> bool:
        """The part of the error's message, if one is asked for."""
        if self.error_contains is None:
            return True
        return error is not None and self.error_contains.casefold() in error.message.casefold()


def _ns(moment: Instant | None) -> int | None:
    return None if moment is None else moment.ns


class Page(Struct, frozen=True, kw_only=True):
    """Some rows of one partition, in the source's order.

    `next_cursor` is the source's own way to go on: a token, or an offset in digits where the declaration says offsets.
    None after the last page.
    """

    executions: Sequence[Execution | Listed]
    next_cursor: str | None
    total: int | None = None
    "Rows in the whole list, where the provider counts them."
    unreadable: Sequence[Unreadable] = ()
    "Records whose place is not known. Those of `executions` may be unreadable, too."
    as_of: int = 0
    "When it was fetched, in nanoseconds since 1970; the cache fills it in."
    stale_because: ConnectorError | None = None
    "Why a page of before, of the time `as_of`, stands in for one that could not be had. Newer runs may be missing."

    def rows(self) -> Sequence[Listed]:
        """Its runs, read or not."""
        if isinstance(self.executions, Listing):
            return self.executions
        return [one if type(one) is Listed else Listed.of(cast(Execution, one)) for one in self.executions]

    def read_through(self) -> tuple[list[Execution], list[Unreadable]]:
        """All of it: the runs, and what cannot be read."""
        found = [one.read() if isinstance(one, Listed) else one for one in self.executions]
        runs = [one for one in found if isinstance(one, Execution)]
        return runs, [*self.unreadable, *(one for one in found if isinstance(one, Unreadable))]


class StepList(Struct, frozen=True, kw_only=True):
    """All steps of one run; with them, for providers that tell it only there, why the run failed."""

    steps: tuple[ExecutionStep, ...] = ()
    run_error: ExecutionError | None = None
    unreadable: tuple[Unreadable, ...] = ()
    "Steps that are left out. One of them may be why the run failed, where that is told only there."
    doubt: ConnectorError | None = None
    "Why there may be more steps than these."


class Stale(Struct, frozen=True):
    """Word that an answer of before stands in for one that could not be had."""

    as_of: int
    "When it was fetched, in nanoseconds since 1970."
    because: ConnectorError

    def as_data(self) -> SourceError:
        """As it stands beside what is shown."""
        return replace(self.because.as_data(), message=f"an older answer stands in: {self.because.message}")


class Workflows(list[Workflow]):
    """A source's workflows; with word, where they are those of before. Newer ones may be missing then."""

    stale: Stale | None = None


T = TypeVar("T")


class Answers(dict[NativeId, T], Generic[T]):
    """What a batch call brought, by run; with word of those that were open and are shown as they were before."""

    stale: Mapping[NativeId, Stale]

    def __init__(self, found: Mapping[NativeId, T], stale: Mapping[NativeId, Stale]) -> None:
        super().__init__(found)
        self.stale = stale


class Paging(StrEnum):
    """How a list is continued."""

    TOKEN = "token"  # noqa: S105  # of a page
    OFFSET = "offset"
    NONE = "none"


class Filter(StrEnum):
    """Conditions that a source may apply itself."""

    WORKFLOWS = "workflows"
    STATUSES = "statuses"
    STARTED_FROM = "started from"
    STARTED_TO = "started to"
    IDS = "ids"


class Rate(Struct, frozen=True):
    """Calls allowed: `requests` at once, and as many again in each `seconds`."""

    requests: float
    seconds: float


class Capabilities(Struct, frozen=True, kw_only=True):
    """What a source can do, as data."""

    paging: Paging
    page_size: int
    "Rows that one page holds at the most."
    statuses: frozenset[ExecutionStatus]
    "States its runs can have; a query for others makes no call."
    partitioned: bool = True
    "One list per workflow; otherwise one for the whole source."
    pushes_down: frozenset[Filter] = frozenset()
    orders: frozenset[ExecutionOrder] = frozenset()
    "Orders of start that its lists come in."
    order_promised: bool = False
    "False: the order is usual, and checked as it is read."
    has_input: bool = False
    has_output: bool = False
    has_step_times: bool = False
    fields_from_detail: frozenset[str] = frozenset()
    "SDL fields that a listing leaves out and `get_executions` brings."
    fields_from_steps: frozenset[str] = frozenset()
    "SDL fields that come with the steps."
    steps_per_call: int = 1
    "Runs whose steps one call brings; 0 when they come with the run."
    counts: bool = False
    "A page tells how many rows there are in all."
    deletes: bool = False
    retention: timedelta | None = None
    rate: Rate = Rate(5, 1)
    rate_is_published: bool = False
    max_connections: int = 8


class Connector(Protocol):
    """One source. Nothing but a `ConnectorError` leaves its calls; what is not there is missing from the answer."""

    @property
    def name(self) -> str:
        """The source's name in the settings."""
        ...

    @property
    def provider(self) -> str:
        """The SDL's word for the provider, such as BOOMI."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    async def workflows(self) -> Sequence[Workflow]:
        """All its workflows, with names."""
        ...

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        """One page of a partition: a workflow's id, or `WHOLE_SOURCE`.

        Args:
            partition: A workflow's id, or `WHOLE_SOURCE`.
            query: May be applied in part; the caller checks again.
            cursor: `next_cursor` of the page before, asked with the same query; None for the first.
        """
        ...

    async def get_executions(self, ids: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
        """These runs, with the fields that a listing leaves out.

        A run that is not there is not in the answer; one that could not be had has its error as value.
        """
        ...

    async def list_steps(self, runs: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
        """The steps of these runs, with errors as values, as in `get_executions`."""
        ...


class Deleting(Protocol):
    """A connector that can delete runs as well."""

    async def delete_execution(self, key: NativeId) -> bool:
        """Deletes one run; False when there is none."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """A connector that remembers what it was told."""

    changes: int
    "Counts what makes remembered answers wrong before their time: deletions, rights withdrawn."

    def workflows_at_hand(self) -> "Workflows | None":
        """What `workflows` would give, if it need not be waited for."""
        ...

    def workflows_known(self) -> tuple[int, Sequence[Workflow]] | None:
        """The workflows, if they are remembered, beside a number that changes when one of them does."""
        ...


class Freshness(Struct):
    """Until when all that a request was told may be told again."""

    until: float = inf
    "On the clock that connectors remember by."

    def ends(self, until: float) -> None:
        """One more answer was used, which is good until then."""
        self.until = min(self.until, until)


freshness: ContextVar[Freshness | None] = ContextVar("freshness", default=None)
"Of the request at hand, where somebody wants to know."


class Door(Struct, frozen=True, kw_only=True):
    """A provider's own GraphQL over its runs, kept open in front of a source of ours for clients written for that."""

    sdl: str
    field: str
    "The root field that lists runs. Its argument is `input`, in the SDL's own words; a DateTime is an `Instant`."
    max_rows: int
    read_input: Callable[[Mapping[str, Any]], ExecutionQuery]
    write: Callable[[Execution, Mapping[str, Any]], Mapping[str, Any] | None]
    "Takes a run and the input. None: it is not among those asked for after all."
    read_document: Callable[[str], str] = str
    "The document that is meant by one that clients send."
