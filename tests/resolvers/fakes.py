"""Sources in memory, one for each way in which providers page, sort and filter; and a walk through all pages.

A source shows a list that a test may change, also just before a call. Ties come in an order of the source's own, which
is not ours, and stays as it is.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, ClassVar

from msgspec import Raw
from msgspec.structs import replace

from connectors.contract import (
    WHOLE_SOURCE,
    Capabilities,
    Connector,
    ExecutionQuery,
    Filter,
    Page,
    Paging,
    StepList,
)
from connectors.errors import ConnectorError, UnreachableError
from connectors.listed import Listed, Listing, Unreadable
from resolvers.context import Context, House, Source
from resolvers.cursor import DEFAULT_KEY
from resolvers.history import History
from resolvers.ordering import Key, placed
from resolvers.request import read_request
from schema.identity import NativeId
from schema.instant import SECOND, Instant
from schema.model import (
    Execution,
    ExecutionConnection,
    ExecutionError,
    ExecutionOrder,
    ExecutionStatus,
    ExecutionStep,
    SourceOutcome,
    Workflow,
)

DESC, ASC = ExecutionOrder.STARTED_AT_DESC, ExecutionOrder.STARTED_AT_ASC
NOW = 1_750_000_000 * SECOND
"When all walks begin, by the wall clock."
TIMES = frozenset({Filter.STARTED_FROM, Filter.STARTED_TO})

ANY = frozenset(ExecutionStatus)

KINDS = {
    # as Boomi's REST: one list, whole seconds, both orders, all filters
    "token": Capabilities(
        paging=Paging.TOKEN,
        page_size=100,
        statuses=ANY,
        partitioned=False,
        pushes_down=frozenset(Filter),
        orders=frozenset(ExecutionOrder),
        order_promised=True,
    ),
    # as Yandex: newest first as a rule
    "usual": Capabilities(
        paging=Paging.TOKEN, page_size=100, statuses=ANY, pushes_down=TIMES, orders=frozenset({DESC})
    ),
    # as Arcee: offsets, newest first, no filters
    "offset": Capabilities(
        paging=Paging.OFFSET, page_size=100, statuses=ANY, orders=frozenset({DESC}), order_promised=True
    ),
    # as Informer: offsets, both orders, a total
    "counted": Capabilities(
        paging=Paging.OFFSET, page_size=100, statuses=ANY, orders=frozenset(ExecutionOrder), counts=True
    ),
    # as SailPoint: no order, filters by time
    "unordered": Capabilities(paging=Paging.OFFSET, page_size=250, statuses=ANY, pushes_down=TIMES),
    # as Boomi's Spaces: everything at once
    "whole": Capabilities(
        paging=Paging.NONE, page_size=1000, statuses=ANY, pushes_down=frozenset({Filter.STARTED_FROM})
    ),
}


class FakeExecution(Execution, frozen=True, kw_only=True):
    provider: ClassVar[str] = "BOOMI"


class FakeStep(ExecutionStep, frozen=True, kw_only=True):
    pass


def run(
    source: str,
    name: str,
    started: int | None,
    *,
    workflow: str = "w",
    status: ExecutionStatus = ExecutionStatus.SUCCEEDED,
    seconds: int | None = 1,
    error: str | None = None,
) -> FakeExecution:
    """A run that started so many nanoseconds before (or with a negative number: after) `NOW`."""
    start = None if started is None else NOW - started
    return FakeExecution(
        source=source,
        key=NativeId(workflow, name),
        status=status,
        raw_status=status.value,
        started_at=None if start is None else Instant.of(start),
        ended_at=None if seconds is None or start is None else Instant.of(start + seconds * SECOND),
        error=None if error is None else ExecutionError(error),
    )


def key_of(of: Execution, order: ExecutionOrder) -> Key:
    """Where a run stands in the list."""
    return placed([Listed.of(of)], of.source, order)[0][0]


def step(of: Execution, name: str, status: ExecutionStatus = ExecutionStatus.SUCCEEDED) -> FakeStep:
    return FakeStep(source=of.source, run=of.key, place=name, name=name, status=status, raw_status=status.value)


@dataclass(frozen=True, slots=True)
class Call:
    partition: str
    query: ExecutionQuery
    cursor: str | None


@dataclass(slots=True)
class FakeSource:
    """A connector over a list of runs. All but `name` and `kind` may be changed at any time."""

    name: str
    kind: str
    runs: list[FakeExecution] = field(default_factory=list)
    page_size: int | None = None
    precision: int = 1
    "Nanoseconds that its filters tell apart."
    is_still: bool = False
    "Its runs do not change: sorted once."
    sorts_by: Callable[[FakeExecution], int] | None = None
    "In place of the start."
    late: int = 0
    "Rows are sorted by a time that differs from their start by up to so many nanoseconds."
    swapped: bool = False
    "Neighbours in its lists change places."
    generous: bool = False
    "Gives pages of its own size, whatever was asked for."
    unreadable: frozenset[str] = frozenset()
    "Names of runs that cannot be read."
    misdated: frozenset[str] = frozenset()
    "Names of runs whose start looks like a time and is none: it has a second 60 to 99. They cannot be read."
    places_all: bool = False
    "Of those that cannot be read the place can be told."
    looked_at: list[str] = field(default_factory=list)
    "Names of the rows that somebody read."
    steps: dict[NativeId, StepList | ConnectorError] = field(default_factory=dict)
    is_down: bool = False
    "Its workflows cannot be listed."
    names: Sequence[str] | None = None
    "Its workflows; None: those that its runs have."
    before: Callable[["FakeSource", Call], None] = lambda source, call: None
    "Called before each call: may change the runs, or raise."
    hangs: Callable[[Call], bool] = lambda call: False
    released: asyncio.Event | None = None
    "Ends the calls that hang."
    calls: list[Call] = field(default_factory=list)
    step_calls: list[NativeId] = field(default_factory=list)
    got: list[NativeId] = field(default_factory=list)
    workflow_calls: int = 0
    _sorted: dict[object, list[FakeExecution]] = field(default_factory=dict)
    provider: ClassVar[str] = "BOOMI"

    @property
    def capabilities(self) -> Capabilities:
        can = KINDS[self.kind]
        return can if self.page_size is None else replace(can, page_size=self.page_size)

    async def workflows(self) -> Sequence[Workflow]:
        self.workflow_calls += 1
        if self.is_down:
            raise UnreachableError("down")
        names = self.names if self.names is not None else sorted({one.key.workflow for one in self.runs})
        return [
            Workflow(source=self.name, provider=self.provider, native_id=name, name=f"the {name}") for name in names
        ]

    async def list_executions(self, partition: str, query: ExecutionQuery, cursor: str | None) -> Page:
        call = Call(partition, query, cursor)
        self.calls.append(call)
        self.before(self, call)
        if self.hangs(call):
            assert self.released is not None
            await self.released.wait()
        await asyncio.sleep(0)
        rows = self._listed(partition, query)
        size = self.capabilities.page_size if self.generous else min(query.limit, self.capabilities.page_size)
        if self.capabilities.paging is Paging.NONE:
            size = len(rows) or 1
        start = self._start(rows, cursor)
        shown, is_more = rows[start : start + size], len(rows) > start + size
        lost = [] if self.places_all else [one for one in shown if one.native_id in self.unreadable]
        return Page(
            executions=self._rows([one for one in shown if one not in lost]),
            unreadable=[Unreadable(one.native_id, "no sense") for one in lost],
            next_cursor=self._cursor(shown[-1], start + size) if is_more else None,
            total=len(rows) if self.capabilities.counts else None,
            as_of=NOW,
        )

    def _rows(self, shown: Sequence[FakeExecution]) -> Sequence[Listed]:
        """Made when somebody comes to them, if all have a start."""
        by_record = {str(at).encode(): one for at, one in enumerate(shown)}

        def read(record: Raw) -> Execution:
            one = by_record[bytes(record)]
            self.looked_at.append(one.native_id)
            if one.native_id in self.unreadable | self.misdated:
                raise ValueError("no sense")
            return one

        records = list(map(Raw, by_record))
        starts = [self._start_of(one) for one in shown if one.started_at is not None]
        if len(starts) == len(shown):
            return Listing(shown, starts, lambda: records, lambda one: one.key, read, size=sum(map(len, by_record)))
        starts_ns = [None if one.started_at is None else one.started_at.ns for one in shown]
        return [Listed(one.key, at, record, read) for one, at, record in zip(shown, starts_ns, records, strict=True)]

    def _start_of(self, one: FakeExecution) -> str:
        assert one.started_at is not None
        text = one.started_at.text
        return f"{text[:17]}9{text[18:]}" if one.native_id in self.misdated else text

    async def get_executions(self, ids: Sequence[NativeId]) -> Mapping[NativeId, Execution | ConnectorError]:
        self.got += ids
        return {one.key: one for one in self.runs if one.key in ids}

    async def list_steps(self, runs: Sequence[Execution]) -> Mapping[NativeId, StepList | ConnectorError]:
        self.step_calls += [one.key for one in runs]
        return {one.key: self.steps[one.key] for one in runs if one.key in self.steps}

    def _listed(self, partition: str, query: ExecutionQuery) -> list[FakeExecution]:
        """The list as the source has it by now."""
        pushed, started = self.capabilities.pushes_down, query.started
        low = started.start if Filter.STARTED_FROM in pushed else None
        high = started.end if Filter.STARTED_TO in pushed else None
        low = None if low is None else low // self.precision * self.precision
        high = None if high is None else -(-high // self.precision) * self.precision
        return [
            one
            for one in self._all(partition, query.order)
            if (low is None or (one.started_at is not None and one.started_at.ns >= low))
            and (high is None or (one.started_at is not None and one.started_at.ns < high))
            and (Filter.STATUSES not in pushed or query.statuses is None or one.status in query.statuses)
            and (Filter.WORKFLOWS not in pushed or query.workflow_ids is None or one.key.workflow in query.workflow_ids)
        ]

    def _all(self, partition: str, order: ExecutionOrder) -> list[FakeExecution]:
        if self.is_still and (partition, order) in self._sorted:
            return self._sorted[partition, order]
        rows = [one for one in self.runs if partition in (WHOLE_SOURCE, one.key.workflow)]
        if not self.capabilities.orders:
            rows.sort(key=_dice)
        else:
            order_of_it = order if order in self.capabilities.orders else next(iter(self.capabilities.orders))
            rows.sort(key=self._place, reverse=order_of_it.is_descending)
        if self.swapped:
            for at in range(0, len(rows) - 1, 2):
                rows[at], rows[at + 1] = rows[at + 1], rows[at]
        self._sorted[partition, order] = rows
        return rows

    def _place(self, one: FakeExecution) -> tuple[int, int]:
        """What the source sorts by."""
        if self.sorts_by is not None:
            return self.sorts_by(one), _dice(one)
        start = NOW + 10**6 * SECOND if one.started_at is None else one.started_at.ns
        return start + (_dice(one) % self.late if self.late else 0), _dice(one)

    def _cursor(self, last: FakeExecution, end: int) -> str:
        """An offset in digits, or a token that stands for a row, whatever becomes of those before it."""
        if self.capabilities.paging is Paging.OFFSET:
            return str(end)
        place, dice = self._place(last)
        return f"after:{place}:{dice}:{last.key.execution}"

    def _start(self, rows: Sequence[FakeExecution], cursor: str | None) -> int:
        if cursor is None:
            return 0
        if self.capabilities.paging is Paging.OFFSET:
            return int(cursor)
        _, place, dice, name = cursor.split(":")
        by_name = [one.key.execution for one in rows]
        if name in by_name:
            return by_name.index(name) + 1
        is_descending = len(rows) > 1 and self._place(rows[0]) > self._place(rows[-1])
        given = (int(place), int(dice))
        return sum(self._place(one) > given if is_descending else self._place(one) < given for one in rows)


def _dice(one: FakeExecution) -> int:
    return int.from_bytes(blake2b("/".join((one.key.workflow, one.key.execution)).encode(), digest_size=7).digest())


@dataclass(slots=True)
class Walk:
    """Asks for page after page, each in a process of its own unless `house` is kept."""

    sources: Sequence[Connector]
    given: Mapping[str, Any] = field(default_factory=dict)
    order: ExecutionOrder = DESC
    first: int = 50
    fresh: bool = True
    key: bytes = DEFAULT_KEY
    wall_clock: Callable[[], int] = lambda: NOW
    house: House | None = None

    async def page(self, after: str | None = None, first: int | None = None) -> ExecutionConnection:
        if self.fresh or self.house is None:
            self.house = House([Source(one) for one in self.sources], cursor_key=self.key, wall_clock=self.wall_clock)
        request = read_request(self.given, self.order, first or self.first, after, self.house.cursor_key)
        return await History(Context(self.house), request).page()


async def pages_of(
    walk: Walk, between: Callable[[int], None] = lambda number: None, at_most: int = 2000
) -> list[ExecutionConnection]:
    """All pages, from the first to the last. `between` is called before each page but the first, with its number."""
    pages = [await walk.page()]
    while pages[-1].page_info.has_next_page:
        assert len(pages) < at_most, "the pages do not end"
        between(len(pages) + 1)
        after = pages[-1].page_info.end_cursor
        assert after is not None, "there is a next page, and no way to it"
        pages.append(await walk.page(after))
    return pages


def rows_of(pages: Iterable[ExecutionConnection]) -> list[Execution]:
    return [node for page in pages for node in page.nodes]


def ids_of(runs: Iterable[Execution]) -> list[tuple[str, str, str]]:
    return [(one.source, one.key.workflow, one.key.execution) for one in runs]


def truth(
    sources: Iterable[FakeSource], wanted: ExecutionQuery | None = None, order: ExecutionOrder = DESC
) -> list[tuple[str, str, str]]:
    """What the whole list has to be."""
    runs = [
        one
        for source in sources
        for one in source.runs
        if one.native_id not in source.unreadable and (wanted is None or wanted.matches(one))
    ]
    return ids_of(sorted(runs, key=lambda one: key_of(one, order)))


def outcome_of(page: ExecutionConnection, name: str) -> SourceOutcome:
    return next(outcome for outcome in page.sources if outcome.source == name)


def calls_of(sources: Iterable[FakeSource]) -> int:
    return sum(len(source.calls) for source in sources)
