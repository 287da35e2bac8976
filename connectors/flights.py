"""Equal calls under way are one call: who asks for what is already asked for waits for the same answer.

A call runs in a task of its own. When one of those who wait is cancelled, the others go on waiting; when the last one
is, so is the call. Who merely runs out of patience leaves the call running: its answer still fills the cache.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from connectors.contract import deadline, tally
from connectors.errors import ConnectorError, OutOfTimeError, UnreachableError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Ask = Callable[[Sequence[K]], Coroutine[Any, Any, Mapping[K, V | ConnectorError]]]

WORTH_IT = 1.0
"Seconds of more time that make it worth to ask again for what another query had too little time for."


@dataclass(slots=True, eq=False)
class Flight(Generic[K, V]):
    """One call under way."""

    keys: Sequence[K]
    task: "asyncio.Task[Mapping[K, V | ConnectorError]]"
    deadline: float | None
    waiting: int = 0
    is_kept: bool = False
    "Goes on although nobody waits."


@dataclass(slots=True)
class Flights(Generic[K, V]):
    """The calls under way to one source."""

    _by_key: dict[K, Flight[K, V]] = field(default_factory=dict, init=False)
    _tasks: "set[asyncio.Task[Any]]" = field(default_factory=set, init=False)
    _in_background: int = field(default=0, init=False)

    async def get(
        self, keys: Iterable[K], ask: Ask[K, V], patience: float | None = None
    ) -> dict[K, V | ConnectorError]:
        """The answers for these keys. What is not asked for by anybody yet is asked for in one call.

        Args:
            keys: What is wanted.
            ask: Asks for some of it. What it leaves out is left out here.
            patience: Seconds to wait; what has not come by then is an `OutOfTimeError`.
        """
        end = None if patience is None else asyncio.get_running_loop().time() + patience
        found: dict[K, V | ConnectorError] = {}
        wanted = list(dict.fromkeys(keys))
        while wanted:
            flights = self._board(wanted, ask)
            try:
                for flight in flights:
                    await _landing(flight.task, end)
                for flight in flights:
                    flight.is_kept = flight.is_kept or not flight.task.done()
            finally:
                self._leave(flights)
            answers: dict[K, V | ConnectorError] = {}
            again: set[K] = set()
            for flight in flights:
                landed = _landed(flight)
                answers.update(landed)
                if _ended_early(flight, landed):
                    again.update(flight.keys)
            found.update([(key, answers[key]) for key in wanted if key in answers and key not in again])
            wanted = [key for key in wanted if key in again]
        return found

    def start(self, keys: Iterable[K], ask: Ask[K, V], at_most: int) -> bool:
        """Asks in the background, for nobody's account and without a deadline, for what is not asked for already.

        Not while `at_most` such calls are under way.
        """
        free = [key for key in dict.fromkeys(keys) if key not in self._by_key]
        if not free or self._in_background >= at_most:
            return False
        self._in_background += 1
        flight = self._launch(free, ask, Context())
        flight.is_kept = True
        flight.task.add_done_callback(self._end_in_background)
        return True

    async def aclose(self) -> None:
        """Ends all calls, also those that are about to end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _board(self, keys: Sequence[K], ask: Ask[K, V]) -> list[Flight[K, V]]:
        free = [key for key in keys if key not in self._by_key]
        if free:
            # not the context of who happens to be the first: his log lines, say, are not those of the others
            context = Context()
            context.run(tally.set, tally.get())
            context.run(deadline.set, deadline.get())
            self._launch(free, ask, context)
        flights = list(dict.fromkeys(self._by_key[key] for key in keys))
        for flight in flights:
            flight.waiting += 1
        return flights

    def _launch(self, keys: Sequence[K], ask: Ask[K, V], context: Context) -> Flight[K, V]:
        task = asyncio.create_task(ask(keys), context=context)
        flight = Flight(keys, task, context.get(deadline))
        self._by_key.update(dict.fromkeys(keys, flight))
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._land(flight))
        return flight

    def _leave(self, flights: Iterable[Flight[K, V]]) -> None:
        for flight in flights:
            flight.waiting -= 1
            if flight.waiting == 0 and not flight.is_kept and not flight.task.done():
                self._forget(flight)  # who comes now must not wait for a call that ends
                flight.task.cancel()

    def _land(self, flight: Flight[K, V]) -> None:
        self._forget(flight)
        self._tasks.discard(flight.task)
        if not flight.task.cancelled():
            flight.task.exception()  # seen, so that nobody warns of it when all who waited have left

    def _end_in_background(self, _task: object) -> None:
        self._in_background -= 1

    def _forget(self, flight: Flight[K, V]) -> None:
        for key in flight.keys:
            if self._by_key.get(key) is flight:
                del self._by_key[key]


async def _landing(task: "asyncio.Task[Any]", end: float | None) -> None:
    """Waits for the task, until `end` on the loop's clock. Being cancelled is not passed on to it.

    That is `asyncio.wait` for one: it keeps sets and counts for any number, and takes three times as long.
    """
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()

    def wake(_task: object = None) -> None:
        if not waiter.done():
            waiter.set_result(None)

    timer = None if end is None else loop.call_at(end, wake)
    task.add_done_callback(wake)
    try:
        await waiter
    finally:
        task.remove_done_callback(wake)
        if timer is not None:
            timer.cancel()


def _landed(flight: Flight[K, V]) -> Mapping[K, V | ConnectorError]:
    """What a call brought, or the error that befell it. An error of ours is raised."""
    if not flight.task.done():
        return dict.fromkeys(flight.keys, OutOfTimeError("no answer in the time that the query has for it"))
    if flight.task.cancelled():
        return dict.fromkeys(flight.keys, UnreachableError("not asked: its connections are being closed"))
    error = flight.task.exception()
    if isinstance(error, ConnectorError):
        return dict.fromkeys(flight.keys, error)
    return flight.task.result()


def _ended_early(flight: Flight[Any, Any], landed: Mapping[Any, object]) -> bool:
    """It ended with the query that began it, and the one at hand has more time left."""
    if flight.deadline is None or not flight.task.done():
        return False
    mine = deadline.get()
    return (mine is None or mine >= flight.deadline + WORTH_IT) and any(
        isinstance(answer, OutOfTimeError) for answer in landed.values()
    )
