"""Conditions that a run's own record does not answer: part of its error, and any of its steps.

What they need is loaded only for runs that meet all other conditions, some at a time, until the page is full.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from connectors.contract import ExecutionQuery
from connectors.errors import ConnectorError, LimitReachedError, TimedOutError
from resolvers.context import Context
from resolvers.left_out import lacking
from resolvers.loaders import Failed
from resolvers.merge import Merge, Row
from resolvers.ordering import Key
from schema.model import Execution

AT_A_TIME = 25
MAX_CANDIDATES = 500
"Runs looked into for one page; what lies behind them is for the next page."


@dataclass(slots=True)
class Candidates:
    """Rows of a merge that meet the remaining conditions too."""

    merge: Merge
    query: ExecutionQuery
    context: Context
    errors: dict[str, ConnectorError] = field(default_factory=dict)
    "By source: runs that could not be looked into, or were not reached."
    reached: Key | None = None
    "The last row looked into."
    has_more: bool = False
    "There are rows behind it. Whether one of them matches is not known before it is looked into."

    async def take(self, count: int) -> list[Row]:
        """The next rows that match. Fewer at the end of the list, or when `errors` says why."""
        if self.query.error_contains is None and self.query.any_step is None:
            rows = await self.merge.take(count)
            self.reached = rows[-1][0] if rows else None
            self.has_more = await self.merge.has_more()
            return rows
        taken: list[Row] = []
        looked_into, size = 0, 0
        while len(taken) < count and looked_into < MAX_CANDIDATES:
            # as many as are wanting, and more when few of them match
            size = min(max(count - len(taken), 2 * size), AT_A_TIME)
            rows = await self.merge.take(size)
            verdicts = await self._verdicts([execution for _, _, execution in rows])
            used = self._sift(rows, verdicts, taken, count)
            self.merge.put_back(rows[used:])
            looked_into += used
            if used < len(rows) or len(rows) < size:
                break
        self.has_more = await self.merge.has_more()
        if self.has_more and len(taken) < count:
            if looked_into >= MAX_CANDIDATES:
                self._not_reached(LimitReachedError(f"stopped after {looked_into} runs; the next page goes on"))
            else:
                self._not_reached(TimedOutError("the deadline came before all runs were looked into; ask on"))
        return taken

    def _sift(self, rows: Sequence[Row], verdicts: Sequence[bool], taken: list[Row], count: int) -> int:
        """Takes what matches. Gives how many rows are done with: up to the first match that there is no room for."""
        for index, (row, matches) in enumerate(zip(rows, verdicts, strict=False)):
            if matches and len(taken) == count:
                return index
            if matches:
                taken.append(row)
            self.reached = row[0]
        return len(verdicts)

    async def _verdicts(self, runs: Sequence[Execution]) -> list[bool]:
        """For each run whether it matches; only up to the first one that the deadline left open."""
        if not runs:
            return []
        tasks = [asyncio.ensure_future(self._matches(run)) for run in runs]
        left = max(self.context.deadline - self.context.house.clock(), 0)
        try:
            done, pending = await asyncio.wait(tasks, timeout=left)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            raise
        for task in pending:
            self.context.house.leave_running(task)
        return [task.result() for task in takewhile(done.__contains__, tasks)]

    async def _matches(self, run: Execution) -> bool:
        loaders = self.context.loaders(run.source)
        try:
            if self.query.error_contains is not None and not self.query.matches_error(await loaders.error_of(run)):
                return False
            if self.query.any_step is None:
                return True
            steps = await loaders.steps.load(run)
            if isinstance(steps, Failed):
                raise steps.error
            if (was := loaders.steps.stale.get(run.key)) is not None:
                self.errors.setdefault(run.source, was.because)
            if any(self.query.any_step.matches(step) for step in steps.steps):
                return True
            if (why := lacking(steps)) is not None:
                raise why.with_traceback(None)  # it may be remembered, and raised many times
            return False
        except ConnectorError as error:
            self.errors.setdefault(run.source, error)
            return False

    def _not_reached(self, error: ConnectorError) -> None:
        """Any source that has rows left may have matches among them."""
        for stream, (bound, _) in zip(self.merge.streams, self.merge.rest(), strict=True):
            if bound is not None:
                self.errors.setdefault(stream.terms.source, error)
