"""`executionHistory`, from a checked request to a page with word from every source.

The way is straight: which partitions of which sources can have such runs; a stream for each; the merge; the conditions
that need further calls; the page. What each source gave, and what it did not, is told beside the page.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from connectors.contract import ExecutionQuery, Range
from connectors.errors import ConnectorError, TimedOutError, UnreadableError
from resolvers import cursor as cursors
from resolvers.candidates import Candidates
from resolvers.context import Context
from resolvers.cursor import EXHAUSTED, Cursor
from resolvers.fixed import FixedStream
from resolvers.merge import Merge, Row
from resolvers.opening import open_stream
from resolvers.ordering import FIRST, Bound
from resolvers.outcomes import Report
from resolvers.partitions import SourcePlan, plan_source
from resolvers.request import HistoryRequest
from resolvers.streams import DisorderedError, Memory, Stream
from schema.instant import Instant
from schema.model import ExecutionConnection, ExecutionEdge, PageInfo

MAX_RESTARTS = 8


@dataclass(slots=True)
class History:
    """One page in the making."""

    context: Context
    request: HistoryRequest
    as_of: int = field(init=False)
    position: Bound = field(init=False)
    query: ExecutionQuery = field(init=False)

    def __post_init__(self) -> None:
        after = self.request.after
        self.as_of = self.context.house.wall_clock() if after is None else after.as_of
        self.position = FIRST if after is None else after.bound
        self.query = self.request.query
        if not self.query.order.is_descending:  # the end of this list is where it was first asked for
            end = self.as_of + 1
            started = self.query.started
            end = end if started.end is None else min(end, started.end)
            self.query = replace(self.query, started=Range(started.start, end))

    async def page(self) -> ExecutionConnection:
        """The page that was asked for."""
        plans = await self._plans()
        for _ in range(MAX_RESTARTS):
            streams = self._streams(plans)
            merge = Merge(
                [stream for _, stream in streams],
                self.context.deadline,
                self.context.house.clock,
                self.context.house.leave_running,
            )
            candidates = Candidates(merge, self.query, self.context)
            try:
                rows = await candidates.take(self.request.first)
            except DisorderedError:
                continue
            return self._connection(plans, streams, candidates, rows)
        raise UnreadableError("the order of a source keeps changing")

    async def _plans(self) -> list[SourcePlan]:
        """For each configured source its partitions, or why it is not asked."""
        sources = self.context.house.sources
        tasks = [asyncio.ensure_future(plan_source(source, self.query, self.request, self.as_of)) for source in sources]
        left = max(self.context.deadline - self.context.house.clock(), 0)
        try:
            done, _ = await asyncio.wait(tasks, timeout=left)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            raise
        plans = []
        for source, task in zip(sources, tasks, strict=True):
            if task in done:
                plans.append(task.result())
            else:
                self.context.house.leave_running(task)
                error = TimedOutError("no list of workflows before the query's deadline")
                plans.append(SourcePlan(source, error=error))
        return plans

    def _streams(self, plans: Sequence[SourcePlan]) -> list[tuple[str, Stream]]:
        """A stream for each partition, beside its source's name; they start where hints of the cursor allow."""
        places = [(plan.source, partition) for plan in plans for partition in plan.partitions]
        hints = self.request.after.hints if self.request.after is not None else None
        names = [(source.name, partition) for source, partition in places]
        if hints is not None and (hints.partitions != cursors.fingerprint(names) or len(hints.distances) != len(names)):
            hints = None
        streams: list[tuple[str, Stream]] = []
        by_source = {plan.source.name: plan for plan in plans}
        for index, (source, partition) in enumerate(places):
            query = by_source[source.name].query or self.query
            bound, hint = self.position, None
            if hints is not None:
                units = hints.distances[index]
                bound = bound if units == 0 else (self.position[0] + cursors.at_least(units),)
                hint = hints.offsets[index] if index < len(hints.offsets) else None
            stream = open_stream(
                source.connector,
                partition,
                query,
                source.memory(partition),
                position=self.position,
                bound=bound,
                hint=hint,
            )
            if hints is not None and hints.distances[index] == EXHAUSTED:
                stream.bound = None
            streams.append((source.name, stream))
        for plan in plans:
            if plan.ids:
                loaders = self.context.loaders(plan.source.name)
                fixed = FixedStream(
                    connector=plan.source.connector,
                    partition="",
                    query=self.query,
                    memory=Memory(),
                    position=self.position,
                    loaders=loaders,
                    ids=plan.ids,
                )
                streams.append((plan.source.name, fixed))
        return streams

    def _connection(
        self,
        plans: Sequence[SourcePlan],
        streams: Sequence[tuple[str, Stream]],
        candidates: Candidates,
        rows: Sequence[Row],
    ) -> ExecutionConnection:
        merge = candidates.merge
        has_next = candidates.has_more or merge.stopped_at is not None
        end: Bound | None = candidates.reached
        if not candidates.has_more and merge.stopped_at is not None:
            end = merge.stopped_at  # everything before it has been given
        report = Report(self.context, self.query, plans, streams, candidates, rows)
        return ExecutionConnection(
            edges=[ExecutionEdge(execution, key, self._write) for key, _, execution in rows],
            page_info=PageInfo(
                has_next_page=has_next,
                has_previous_page=self.request.after is not None,
                start_cursor=self._write(rows[0][0]) if rows else None,
                end_cursor=None if end is None else self._write(end, streams, merge),
            ),
            sources=report.outcomes(),
            as_of=Instant.of(self.as_of),
            count=None if self.request.is_filtered else lambda: total_of(plans, self.query),
        )

    def _write(self, place: Bound, streams: Sequence[tuple[str, Stream]] = (), merge: Merge | None = None) -> str:
        """A cursor; with hints when it is told where the streams stand."""
        hints = None
        if merge is not None:
            names = [(source, stream.partition) for source, stream in streams]
            hints = cursors.hints_for(names, place[0], merge.rest())
        cursor = Cursor(cursors.position_of(place), self.as_of, self.request.fingerprint, hints)
        return cursors.write(cursor, self.context.house.cursor_key)


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
