"""`executionHistory`, from a checked request to a page with word from every source.

The way is straight: which partitions of which sources can have such runs; a stream for each; the merge; the conditions
that need further calls; the page. What each source gave, and what it did not, is told beside the page.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from math import inf

from msgspec.structs import replace

from connectors.contract import ExecutionQuery, Freshness, freshness
from connectors.errors import ConnectorError, TimedOutError
from resolvers import cursor as cursors
from resolvers.candidates import Candidates
from resolvers.context import Context
from resolvers.cursor import Cursor, Hints
from resolvers.fixed import FixedStream
from resolvers.merge import DisorderedError, Merge, Rest, Row
from resolvers.opening import opening
from resolvers.ordering import FIRST, Bound
from resolvers.outcomes import Report
from resolvers.partitions import SourcePlan, plan_at_hand, plan_source
from resolvers.request import HistoryRequest
from resolvers.streams import Memory, Stream, Terms
from schema.instant import Instant
from schema.model import ExecutionConnection, PageInfo

MAX_STARTS = 8
"Of one page, each having learned more of how far sources are out of order."


def shown_before(context: Context, request: HistoryRequest, after: str | None) -> ExecutionConnection | None:
    """A page of before, if it would be made of the very same answers now.

    Args:
        after: The cursor as it was given.
    """
    pages = context.house.pages
    shown = None if pages is None else pages.get((request.fingerprint, request.first, after), context.house.changes)
    if shown is None:
        return None
    context.found = shown.found
    return shown.page


async def make(context: Context, request: HistoryRequest, after: str | None) -> ExecutionConnection:
    """The page that is asked for, which may be shown again."""
    pages = context.house.pages
    if pages is None:
        return await History(context, request).page()
    key, changes = (request.fingerprint, request.first, after), context.house.changes
    told = Freshness()
    before = freshness.set(told)
    try:
        page = await History(context, request).page()
    finally:
        freshness.reset(before)
    pages.keep(key, page, context.found, told, changes)
    return page


@dataclass(slots=True)
class History:
    """One page in the making."""

    context: Context
    request: HistoryRequest
    as_of: int = field(init=False)
    position: Bound = field(init=False)
    query: ExecutionQuery = field(init=False)
    slack: Mapping[str, int] = field(init=False)
    "By source: what the pages before have seen."

    def __post_init__(self) -> None:
        after = self.request.after
        self.as_of = self.context.house.wall_clock() if after is None else after.as_of
        self.position = FIRST if after is None else after.bound
        self.query = self.request.query
        self.slack = {} if after is None else after.slack

    async def page(self) -> ExecutionConnection:
        """The page that was asked for."""
        plans = await self._plans()
        house = self.context.house
        hints = [] if self.request.after is None else self.request.after.hints
        for starts in range(1, MAX_STARTS + 1):
            streams = self._streams(plans, hints)
            merge = Merge(
                [stream for _, stream in streams],
                self.context.deadline,
                house.clock,
                house.leave_running,
                may_start_again=starts < MAX_STARTS,
            )
            candidates = Candidates(merge, self.query, self.context)
            try:
                rows = await candidates.take(self.request.first)
            except DisorderedError:
                hints = []  # they rely on the order
                continue
            merge.finish()
            if (told := freshness.get()) is not None and self._lacks(plans, candidates):
                told.ends(-inf)
            return self._connection(plans, streams, candidates, rows)
        raise AssertionError("the last start does not start again")

    def _lacks(self, plans: Sequence[SourcePlan], candidates: Candidates) -> bool:
        """Whether something failed, be it by a deadline of ours: whoever asks next may get more."""
        return bool(candidates.merge.errors or candidates.errors or any(plan.error is not None for plan in plans))

    async def _plans(self) -> list[SourcePlan]:
        """For each configured source its partitions, or why it is not asked."""
        asked = self.query, self.request, self.as_of
        sources = self.context.house.sources
        plans = {source.name: plan_at_hand(source, *asked) for source in sources}
        waiting = {
            asyncio.ensure_future(plan_source(source, *asked)): source
            for source in sources
            if plans[source.name] is None
        }
        if waiting:
            left = max(self.context.deadline - self.context.house.clock(), 0)
            try:
                done, _ = await asyncio.wait(waiting, timeout=left)
            except asyncio.CancelledError:
                for task in waiting:
                    task.cancel()
                raise
            for task, source in waiting.items():
                if task in done:
                    plans[source.name] = task.result()
                else:
                    self.context.house.leave_running(task)
                    error = TimedOutError("no list of workflows before the query's deadline")
                    plans[source.name] = SourcePlan(source, error=error)
        return [plan for plan in plans.values() if plan is not None]

    def _streams(self, plans: Sequence[SourcePlan], hints: Sequence[Hints]) -> list[tuple[str, Stream]]:
        """A stream for each partition, beside its source's name; they start where hints of the cursor allow."""
        streams: list[tuple[str, Stream]] = []
        for plan in plans:
            if not plan.partitions:
                continue
            source = plan.source
            open_stream = opening(
                source.connector,
                self.query if plan.query is None else plan.query,
                source.memory,
                position=self.position,
                carried_slack=self.slack.get(source.name, 0),
                until=self._until,
                now=self.context.house.wall_clock,
            )
            name = source.name
            places = cursors.places_from(hints, name, plan.partitions, self.position)
            for partition, (bound, hint) in zip(plan.partitions, places, strict=True):
                streams.append((name, open_stream(partition, bound, hint)))
        for plan in plans:
            if plan.ids:
                loaders = self.context.loaders(plan.source.name)
                terms = Terms(plan.source.connector, self.query, Memory(), self.position, until=self._until)
                fixed = FixedStream(
                    terms=terms,
                    partition="",
                    bound=terms.start_at(self.position),
                    loaders=loaders,
                    ids=plan.ids,
                )
                streams.append((plan.source.name, fixed))
        return streams

    @property
    def _until(self) -> int | None:
        """A list of the oldest first ends where it was first asked for."""
        return None if self.query.order.is_descending else self.as_of

    def _connection(
        self,
        plans: Sequence[SourcePlan],
        streams: Sequence[tuple[str, Stream]],
        candidates: Candidates,
        rows: Sequence[Row],
    ) -> ExecutionConnection:
        merge = candidates.merge
        end: Bound | None = candidates.reached
        if not candidates.has_more and merge.stopped_at is not None:
            end = merge.stopped_at  # everything before it has been given
        has_next = candidates.has_more or merge.stopped_at is not None
        if end is None and has_next:
            end = self.position
        report = Report(self.context, self.query, plans, streams, candidates, rows)
        sources = self.context.house.sources
        slack = {one.name: most for one in sources if (most := max(one.memory.slack, self.slack.get(one.name, 0)))}
        write = CursorWriter(self.as_of, self.request.fingerprint, slack, self.context.house.cursor_key)
        return ExecutionConnection(
            nodes=tuple([execution for _, _, execution in rows]),
            places=[key for key, _, _ in rows],
            write=write,
            page_info=PageInfo(
                has_next_page=has_next,
                has_previous_page=self.request.after is not None,
                start=partial(write, rows[0][0]) if rows else None,
                end=None if end is None else partial(write_end, write, end, names_of(streams), merge.rest()),
            ),
            sources=report.outcomes(),
            as_of=Instant.of(self.as_of),
            count=None if self.request.is_filtered else partial(total_of, plans, self.query),
        )


@dataclass(frozen=True, slots=True)
class CursorWriter:
    """Writes the cursors of one page, which may be long after it was made."""

    as_of: int
    fingerprint: bytes
    slack: Mapping[str, int]
    key: bytes

    def __call__(self, place: Bound, hints: Sequence[Hints] = ()) -> str:
        """The cursor of a place in the list."""
        cursor = Cursor(cursors.position_of(place), self.as_of, self.fingerprint, dict(self.slack), list(hints))
        return cursors.write(cursor, self.key)


def names_of(streams: Sequence[tuple[str, Stream]]) -> list[tuple[str, str]]:
    """Their sources and partitions."""
    return [(source, stream.partition) for source, stream in streams]


def write_end(write: CursorWriter, end: Bound, names: Sequence[tuple[str, str]], rest: Sequence[Rest]) -> str:
    """The cursor of a page's end, with hints at where the streams stand, by source, as seen from there."""
    hints: list[Hints] = []
    for source, own in groupby(zip(names, rest, strict=True), key=lambda one: one[0][0]):
        told = list(own)
        partitions = [partition for (_, partition), _ in told]
        hints.append(cursors.hints_for(source, partitions, end[0], [left for _, left in told]))
    return write(end, hints)


async def total_of(plans: Sequence[SourcePlan], query: ExecutionQuery) -> int | None:
    """How many runs there are in all; None unless every source asked can count."""
    asked = [plan for plan in plans if not plan.is_skipped]
    if any(plan.error is not None or not plan.source.connector.capabilities.counts for plan in asked):
        return None
    one = replace(query, limit=1)
    calls = [plan.source.connector.list_executions(name, one, None) for plan in asked for name in plan.partitions]
    try:
        totals = [page.total for page in await asyncio.gather(*calls)]
    except ConnectorError:
        return None
    return None if None in totals else sum(total for total in totals if total is not None)
