"""The one fan-in: many streams become one list, read no further than its next rows need.

Rows wait in one heap. The frontier is the least bound of all streams; a row before it is the next of the list, as
nothing unread can come before it. While there is none, exactly those streams are asked whose bound lies before the
first row that waits: all at once, and each goes on as soon as it has answered.
"""

import asyncio
import heapq
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from uuid import uuid4

import structlog

from connectors.errors import ConnectorError, LimitReachedError, TimedOutError, UnreadableError
from resolvers.ordering import FIRST, Bound, Key
from resolvers.streams import DisorderedError, Stream
from schema.model import Execution

Row = tuple[Key, int, Execution]
"A run with its key and the index of its stream."

log = structlog.get_logger("histograph.merge")


@dataclass(slots=True)
class Merge:
    """Takes rows off sorted streams. A stream that fails is left out from then on; its error is kept beside it."""

    streams: list[Stream]
    deadline: float = float("inf")
    "On the clock; what has not answered by then counts as failed."
    clock: Callable[[], float] = time.monotonic
    leave_running: Callable[["asyncio.Task[None]"], None] = lambda task: None
    "Takes over calls that the deadline cut off: their answers still fill the cache."
    errors: dict[int, ConnectorError] = field(default_factory=dict)
    "By the stream's index."
    answered: dict[int, float] = field(default_factory=dict)
    "When a stream has answered last, on the clock."
    stopped_at: Bound | None = None
    "Where a bound of ours ended the list for this time; what lies behind is for the next page."
    _frontier: Bound | None = FIRST
    _heap: list[Row] = field(default_factory=list)
    _running: dict["asyncio.Task[None]", int] = field(default_factory=dict)

    async def take(self, count: int) -> list[Row]:
        """The next rows, fewer only at the end of the list.

        Raises:
            DisorderedError: A source's order proved wrong; start again.
        """
        taken: list[Row] = []
        while len(taken) < count and await self.has_more():
            taken.append(heapq.heappop(self._heap))
        return taken

    def put_back(self, rows: Iterable[Row]) -> None:
        """Rows that were taken and are not used."""
        for row in rows:
            heapq.heappush(self._heap, row)

    async def has_more(self) -> bool:
        """Whether there is a next row; reads on until that is known."""
        try:
            while not self._is_settled():
                for index in self._needed():
                    self._running[asyncio.create_task(self.streams[index].advance())] = index
                if not self._running:
                    return False
                await self._wait()
            return True
        finally:
            for task in self._running:  # there are some only when this is left by an exception
                task.cancel()
            self._running.clear()

    def rest(self) -> list[tuple[Bound | None, int | None]]:
        """For each stream: a bound before which none of its rows left comes (None: none are left), and an offset."""
        firsts: dict[int, Row] = {}
        for row in self._heap:
            firsts[row[1]] = min(firsts.get(row[1], row), row)
        found: list[tuple[Bound | None, int | None]] = []
        for index, stream in enumerate(self.streams):
            first = firsts.get(index)
            if first is None:
                found.append((stream.bound, stream.offset_of(None)))
            else:
                bound = first[0] if stream.bound is None else min(stream.bound, first[0])
                found.append((bound, stream.offset_of(first[2])))
        return found

    def _is_settled(self) -> bool:
        return bool(self._heap) and (self._frontier is None or self._heap[0][0] < self._frontier)

    def _move_frontier(self) -> None:
        bounds = [stream.bound for index, stream in enumerate(self.streams) if self._is_open(index)]
        bounds.append(self.stopped_at)
        self._frontier = min((bound for bound in bounds if bound is not None), default=None)

    def _is_open(self, index: int) -> bool:
        return self.streams[index].bound is not None and index not in self.errors

    def _needed(self) -> list[int]:
        ends = [end for end in (self._heap[0][0] if self._heap else None, self.stopped_at) if end is not None]
        end = min(ends, default=None)
        running = set(self._running.values())
        return [
            index
            for index, stream in enumerate(self.streams)
            if index not in running
            and self._is_open(index)
            and stream.bound is not None
            and (end is None or stream.bound < end)
        ]

    async def _wait(self) -> None:
        """Until a stream has answered, or the deadline has struck for all that have not."""
        left = None if self.deadline == float("inf") else max(self.deadline - self.clock(), 0)
        done, _ = await asyncio.wait(self._running, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            for task, index in self._running.items():
                self.errors[index] = TimedOutError("no answer before the query's deadline")
                self.leave_running(task)
            self._running.clear()
        self._collect(done)
        self._move_frontier()

    def _collect(self, done: Iterable["asyncio.Task[None]"]) -> None:
        for task in done:
            index = self._running.pop(task)
            stream = self.streams[index]
            self.answered[index] = self.clock()
            try:
                task.result()
            except LimitReachedError as error:
                self.errors[index] = error
                if stream.bound is not None:
                    self.stopped_at = stream.bound if self.stopped_at is None else min(self.stopped_at, stream.bound)
            except ConnectorError as error:
                self.errors[index] = error
            except DisorderedError:
                raise
            except Exception:
                reference = uuid4().hex[:12]
                log.exception("connector failed", source=stream.connector.name, reference=reference)
                self.errors[index] = UnreadableError("an error of ours, which is logged", reference=reference)
            for key, execution in stream.rows:
                heapq.heappush(self._heap, (key, index, execution))
            stream.rows.clear()
