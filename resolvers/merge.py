"""The one fan-in: many streams become one list, read no further than its next rows need.

Rows wait by stream, sorted, and the first of each stream in a heap. The frontier is the least bound of all streams; a
row before it is the next of the list, as nothing unread can come before it. While there is none, streams are asked
whose bound lies before the first row that waits: as many at once as the rows that are wanted may come from, and each
goes on as soon as it has answered.

A row is read when it is the next of the list. One that cannot be read is left out then.
"""

import asyncio
import heapq
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from uuid import uuid4

import structlog

from connectors.errors import ConnectorError, LimitReachedError, TimedOutError, UnreadableError
from connectors.listed import Listed
from resolvers.ordering import FIRST, Bound, Key
from resolvers.streams import Stream
from schema.model import FOREVER, Execution

Row = tuple[Key, int, Execution]
"A run with its key and the index of its stream."
Rest = tuple[Bound | None, int | None]
"A bound of what is left of a stream, and a hint for who reads on."
Call = asyncio.Task[None]
AHEAD = 4
"Streams asked at the same time while no row waits, beside those that must be asked."
TURNS = 2
"Of the loop until the call of a stream that was started has left: the stream's own, and its flight's."

log = structlog.get_logger("histograph.merge")


class DisorderedError(Exception):
    """A row came that others were given before it. What was learned is in the source's memory: start again."""


@dataclass(slots=True)
class Merge:
    """Takes rows off sorted streams. A stream that fails is left out from then on; its error is kept beside it."""

    streams: Sequence[Stream]
    deadline: float = float("inf")
    "On the clock; what has not answered by then counts as failed."
    clock: Callable[[], float] = time.monotonic
    leave_running: Callable[[Call], None] = lambda call: None
    "Takes over calls that nobody waits for any more: their answers still fill the cache."
    may_start_again: bool = True
    "Otherwise a source whose order proves wrong has failed."
    errors: dict[int, ConnectorError] = field(default_factory=dict)
    "By the stream's index."
    answered: dict[int, float] = field(default_factory=dict)
    "When a stream has answered last, on the clock."
    stopped_at: Bound | None = None
    "Where a bound of ours ended the list for this time; what lies behind is for the next page."
    _given: list[Key] = field(default_factory=list)
    _open: dict[int, Bound] = field(init=False)
    "The streams not at their end, by index, with their bounds as of the rows that were taken over from them."
    _frontier: Bound | None = FIRST
    _waiting: dict[int, list[tuple[Key, Listed]]] = field(default_factory=dict)
    "By stream, the first row last."
    _firsts: list[tuple[Key, int]] = field(default_factory=list)
    "A heap of the first row of each stream; of rows that were the first until others came, too."
    _running: dict[Call, int] = field(default_factory=dict)
    _done: list[Call] = field(default_factory=list)
    _is_enough_done: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._open = {index: edge for index, one in enumerate(self.streams) if (edge := one.edge) is not None}

    async def take(self, count: int) -> list[Row]:
        """The next rows, fewer only at the end of the list.

        Raises:
            DisorderedError: A source's order proved wrong.
        """
        taken: list[Row] = []
        while len(taken) < count:
            run = self._next()
            if run is None:
                if not await self.has_more(count - len(taken)):
                    break
                continue
            key, index = self._firsts[0]
            self._drop(index)
            taken.append((key, index, run))
            self._given.append(key)
        return taken

    def put_back(self, rows: Sequence[Row]) -> None:
        """The last rows that were taken, which are not used."""
        for key, index, run in rows:
            self._wait_with(index, [(key, Listed.of(run))])
        del self._given[len(self._given) - len(rows) :]

    async def has_more(self, wanted: int = 0) -> bool:
        """Whether there is a next row; reads on until that is known. `wanted`: how many may be taken after it."""
        try:
            while self._next() is None:
                needed = self._needed(wanted)
                handed = [index for index in needed if self.streams[index].hand_over()]
                if handed:
                    self._move_on([late for index in handed for late in self._take_over(index)])
                    continue
                await self._ask(needed)
                if not self._running:
                    return False
                await self._wait()
            return True
        except DisorderedError:
            self.finish()  # who starts again asks for the same
            raise
        except BaseException:
            for call in self._running:
                call.cancel()
            raise

    def finish(self) -> None:
        """Nothing more will be taken."""
        for call in self._running:
            self.leave_running(call)
        self._running.clear()

    def rest(self) -> list[Rest]:
        """For each stream: a bound before which none of its rows left comes (None: none are left), and its hint.

        Of a stream that failed nothing is known.
        """
        found: list[Rest] = []
        for index, stream in enumerate(self.streams):
            own, bound = self._waiting.get(index), self._open.get(index)
            if index in self.errors:
                found.append((FIRST, None))
            elif not own:
                found.append((bound, stream.hint_for(stream.next_held)))
            else:
                key, row = own[-1]
                found.append((key if bound is None else min(bound, key), stream.hint_for(row)))
        return found

    def _next(self) -> Execution | None:
        """The first row that waits, if it is the next of the list."""
        while (first := self._first()) is not None:
            key, index = first
            if self._frontier is not None and key >= self._frontier:
                return None
            run = self._waiting[index][-1][1].read()
            if isinstance(run, Execution):
                return run
            self._drop(index)
            self.streams[index].leave_out(run)
        return None

    def _first(self) -> tuple[Key, int] | None:
        """The first row that waits."""
        while self._firsts:
            key, index = self._firsts[0]
            own = self._waiting[index]
            if own and own[-1][0] == key:
                return key, index
            heapq.heappop(self._firsts)
        return None

    def _drop(self, index: int) -> None:
        """The first row that waits, which is of this stream, waits no more."""
        own = self._waiting[index]
        own.pop()
        if own:
            heapq.heapreplace(self._firsts, (own[-1][0], index))
        else:
            heapq.heappop(self._firsts)

    def _wait_with(self, index: int, rows: Sequence[tuple[Key, Listed]]) -> None:
        """More rows of a stream, in any order: most are sorted, which costs little then."""
        own = self._waiting.setdefault(index, [])
        before = own[-1][0] if own else None
        own += rows
        own.sort(key=itemgetter(0), reverse=True)
        if own and own[-1][0] != before:
            heapq.heappush(self._firsts, (own[-1][0], index))

    def _move_frontier(self) -> None:
        ends = [] if self.stopped_at is None else [self.stopped_at]
        self._frontier = min([*self._open.values(), *ends], default=None)

    def _needed(self, wanted: int) -> list[int]:
        """The streams to ask now: those that may come before the first row that waits, as far as rows are wanted.

        A stream is expected to have a row near its bound. While no row waits, there is less to go by.
        """
        running = set(self._running.values())
        idle = {index: bound for index, bound in self._open.items() if index not in running and self._is_near(bound)}
        if not idle:
            return []
        first = self._first()
        if first is not None:
            idle = {index: bound for index, bound in idle.items() if bound < first[0]}
            if not idle:
                return []
        # what waits comes after all of these: only bounds can stand before them
        edge = heapq.nsmallest(1 if first is None else wanted + 1, self._open.values())[-1]
        needed = [index for index, bound in idle.items() if bound <= edge]
        nearest = [] if first is not None else heapq.nsmallest(AHEAD - len(running), idle, key=idle.__getitem__)
        return list(dict.fromkeys([*needed, *nearest]))

    def _is_near(self, bound: Bound) -> bool:
        return self.stopped_at is None or bound < self.stopped_at

    async def _ask(self, needed: Sequence[int]) -> None:
        """Starts streams: the first one of each source, all together, and the others when the calls of these have left.

        Answers are read one after the other: the sooner the first ones come, the sooner all are read.
        """
        firsts: dict[str, int] = {}
        for index in needed:
            firsts.setdefault(self.streams[index].terms.source, index)
        for index in firsts.values():
            self._start(index)
        if len(firsts) == len(needed):
            return
        for _ in range(TURNS):
            await asyncio.sleep(0)
        for index in needed:
            if firsts[self.streams[index].terms.source] != index:
                self._start(index)

    def _start(self, index: int) -> None:
        call = asyncio.create_task(self.streams[index].advance())
        self._running[call] = index
        call.add_done_callback(self._arrive)

    def _arrive(self, call: Call) -> None:
        if not call.cancelled():
            call.exception()  # seen, so that nobody warns of one that is never collected
        if (index := self._running.get(call)) is not None:
            self._done.append(call)
            self.answered[index] = self.clock()
            if self._may_go_on(index):
                self._is_enough_done.set()

    def _may_go_on(self, index: int) -> bool:
        """Whether there may be a row to take, or a stream to ask, now that this one has answered.

        There is none as long as all streams were asked and one is still waited for that any row has to wait for.
        """
        if len(self._running) < len(self._open) or not self.streams[index].rows:
            return True
        for one, at in reversed(self._running.items()):  # those asked last answer last, mostly
            if not one.done() and self._open.get(at) == self._frontier:
                return False
        return True

    async def _wait(self) -> None:
        """Until enough streams have answered to go on, or the deadline has struck for all that have not."""
        left = None if self.deadline == float("inf") else max(self.deadline - self.clock(), 0)
        try:
            async with asyncio.timeout(left):
                await self._is_enough_done.wait()
        except TimeoutError:
            for call in self._running.keys() - self._done:
                self._fail(self._running.pop(call), TimedOutError("no answer before the query's deadline"))
                self.leave_running(call)
        done, self._done = self._done, []
        self._is_enough_done.clear()
        self._move_on([index for call in done for index in self._collect(call)])

    def _collect(self, call: Call) -> Sequence[int]:
        """Takes note of how a stream's call has ended. Gives its index for each row that comes too late."""
        index = self._running.pop(call)
        stream = self.streams[index]
        late = self._take_over(index)
        if (error := self._error_of(call, stream)) is not None:
            self._fail(index, error)
        if isinstance(error, LimitReachedError) and stream.has_moved and stream.bound is not None:
            self.stopped_at = stream.bound if self.stopped_at is None else min(self.stopped_at, stream.bound)
        return late

    def _take_over(self, index: int) -> Sequence[int]:
        """Rows of a stream wait here from now on. Gives its index for each that comes too late."""
        stream = self.streams[index]
        if (edge := stream.edge) is None:
            self._open.pop(index, None)
        else:
            self._open[index] = edge
        rows, stream.rows = stream.rows, []
        late = self._late(rows)
        self._wait_with(index, [one for one in rows if one not in late] if late else rows)
        lost = [row.key for key, row in late if abs(key[0]) == FOREVER]
        stream.unplaced.update(lost)  # starting again would not find them any sooner
        return [index] * (len(late) - len(lost))

    def _late(self, rows: Sequence[tuple[Key, Listed]]) -> Sequence[tuple[Key, Listed]]:
        """Those that others were given before."""
        if not self._given:
            return ()
        last = self._given[-1]
        return [one for one in rows if one[0] <= last]

    def _fail(self, index: int, error: ConnectorError) -> None:
        self.errors[index] = error
        self._open.pop(index, None)

    def _error_of(self, call: Call, stream: Stream) -> ConnectorError | None:
        error = asyncio.CancelledError() if call.cancelled() else call.exception()
        if error is None or isinstance(error, ConnectorError):
            return error
        reference = uuid4().hex[:12]
        log.error("connector failed", source=stream.terms.source, reference=reference, exc_info=error)
        return UnreadableError("an error of ours, which is logged", reference=reference)

    def _move_on(self, late: Sequence[int]) -> None:
        """With what was taken over; `late`: streams of rows that others were given before."""
        self._move_frontier()
        if not late:
            return
        if self.may_start_again:
            raise DisorderedError
        for index in late:
            self._fail(index, UnreadableError("its order keeps changing; runs may be missing"))
        self._move_frontier()
