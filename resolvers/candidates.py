"""Conditions that a run's own record does not answer: part of its error, and any of its steps.

What they need is loaded only for runs that meet all other conditions, some at a time, until the page is full.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from connectors.contract import ExecutionQuery
from connectors.errors import ConnectorError, LimitReachedError, TimedOutError
from resolvers.context import Context
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

    async def take(self, count: int) -> list[Row]:
        """The next rows that match. Fewer at the end of the list, or when `errors` says why."""
        if self.query.error_contains is None and self.query.any_step is None:
            rows = await self.merge.take(count)
            self.reached = rows[-1][0] if rows else None
            self.has_more = await self.merge.has_more()
            return rows
        taken: list[Row] = []
        looked_into = 0
        while rows := await self.merge.take(AT_A_TIME):
            verdicts = await self._verdicts([execution for _, _, execution in rows])
            for index, (row, verdict) in enumerate(zip(rows, verdicts, strict=True)):
                if len(taken) == count or verdict is None:
                    self.has_more = True
                    self.merge.put_back(rows[index:])
                    if verdict is None and len(taken) < count:
                        self._not_reached(rows[index:], TimedOutError("the deadline came first; ask on"))
                    return taken
                self.reached = row[0]
                if verdict:
                    taken.append(row)
            looked_into += len(rows)
            if looked_into >= MAX_CANDIDATES and await self.merge.has_more():
                self.has_more = True
                self._not_reached(rows, LimitReachedError(f"stopped after {looked_into} runs; the next page goes on"))
                return taken
        return taken

    async def _verdicts(self, runs: Sequence[Execution]) -> list[bool | None]:
        """For each run whether it matches; None from the first one on that the deadline left open."""
        tasks = [asyncio.ensure_future(self._matches(run)) for run in runs]
        left = max(self.context.deadline - self.context.house.clock(), 0)
        try:
            done, _ = await asyncio.wait(tasks, timeout=left)
        finally:
            for task in tasks:
                task.cancel()
        return [task.result() if task in done else None for task in tasks]

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
            return any(self.query.any_step.matches(step) for step in steps.steps)
        except ConnectorError as error:
            self.errors.setdefault(run.source, error)
            return False

    def _not_reached(self, rows: Iterable[Row], error: ConnectorError) -> None:
        for _, _, run in rows:
            self.errors.setdefault(run.source, error)
