"""Equal calls under way are one call: who asks for what is already asked for waits for the same answer.

A call runs in a task of its own. When one of those who wait is cancelled, the others go on waiting; when the last one
is, so is the call. Who merely runs out of patience leaves the call running: its answer still fills the cache.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Hashable, Iterable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from connectors.contract import deadline, tally
from connectors.errors import ConnectorError, OutOfTimeError, UnreachableError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Ask = Callable[[Sequence[K]], Coroutine[Any, Any, Mapping[K, V | ConnectorError]]]

TICK = 0.001
"Seconds that loops' clocks do not tell apart, or hardly."
WORTH_IT = 1.0
"Seconds of more time that make it worth to ask again for what another query had too little time for."


class Flight(Struct, Generic[K, V], eq=False):
    """One call under way."""

    keys: Sequence[K]
    deadline: float | None
    in_background: bool = False
    waiting: "set[asyncio.Future[None]]" = msgspec.field(default_factory=set)
    "One for each who waits; done when he need not wait longer."
    is_kept: bool = False
    "Goes on although nobody waits."
    is_over: bool = False
    landed: Mapping[K, V | ConnectorError] | None = None
    "What it has brought. None when it was cancelled, or befallen by an error of ours."
    failure: Exception | None = None
    "That error."
    task: "asyncio.Task[None] | None" = None


class Alarm(Struct, eq=False):
    """When those lose patience who do so at the same time for all that the loop can tell, as the calls of one query."""

    at: float
    "On the loop's clock."
    waiting: "set[asyncio.Future[None]]" = msgspec.field(default_factory=set)
    timer: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class Flights(Generic[K, V]):
    """The calls under way to one source."""

    _by_key: dict[K, Flight[K, V]] = field(default_factory=dict, init=False)
    _under_way: set[Flight[K, V]] = field(default_factory=set, init=False)
    "Those that are about to end as well."
    _in_background: int = field(default=0, init=False)
    _alarm: Alarm | None = field(default=None, init=False)
    "The last one that was set, while it has not rung."

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
            await self._land(flights, end)
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

    async def get_one(self, key: K, ask: Ask[K, V], patience: float | None = None) -> V | ConnectorError | None:
        """The same for one key, which most are asked for alone; None where `ask` leaves it out."""
        end = None if patience is None else asyncio.get_running_loop().time() + patience
        while True:
            flight = self._by_key.get(key) or self._launch(Flight((key,), deadline.get()), ask, tally.get())
            await self._land([flight], end)
            landed = _landed(flight)
            if not _ended_early(flight, landed):
                return landed.get(key)

    def start(self, keys: Iterable[K], ask: Ask[K, V], at_most: int) -> bool:
        """Asks in the background, for nobody's account and without a deadline, for what is not asked for already.

        Not while `at_most` such calls are under way.
        """
        free = [key for key in dict.fromkeys(keys) if key not in self._by_key]
        if not free or self._in_background >= at_most:
            return False
        self._in_background += 1
        self._launch(Flight(free, None, in_background=True, is_kept=True), ask, None)
        return True

    async def aclose(self) -> None:
        """Ends all calls, also those that are about to end."""
        flights = list(self._under_way)
        tasks = [flight.task for flight in flights if flight.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for flight in flights:
            self._end(flight)  # one that was cancelled before its first step knows nothing of it

    def _board(self, keys: Sequence[K], ask: Ask[K, V]) -> list[Flight[K, V]]:
        free = [key for key in keys if key not in self._by_key]
        if free:
            self._launch(Flight(free, deadline.get()), ask, tally.get())
        return list(dict.fromkeys([self._by_key[key] for key in keys]))

    def _launch(self, flight: Flight[K, V], ask: Ask[K, V], counts: Counter[str] | None) -> Flight[K, V]:
        # not the context of who happens to be the first: his log lines, say, are not those of the others
        flight.task = asyncio.get_running_loop().create_task(self._fly(flight, ask, counts), context=Context())
        for key in flight.keys:
            self._by_key[key] = flight
        self._under_way.add(flight)
        return flight

    async def _fly(self, flight: Flight[K, V], ask: Ask[K, V], counts: Counter[str] | None) -> None:
        """The call. Its end is told from here, as whoever watches a task hears of it a turn of the loop later."""
        tally.set(counts)
        deadline.set(flight.deadline)
        try:
            flight.landed = await ask(flight.keys)
        except ConnectorError as error:
            flight.landed = dict.fromkeys(flight.keys, error)
        except Exception as error:  # for those who wait
            flight.failure = error
        finally:
            self._end(flight)

    def _end(self, flight: Flight[K, V]) -> None:
        if flight.is_over:
            return
        flight.is_over = True
        self._under_way.discard(flight)
        self._forget(flight)
        if flight.in_background:
            self._in_background -= 1
        _wake(flight.waiting)

    async def _land(self, flights: Sequence[Flight[K, V]], end: float | None) -> None:
        """Waits for each, until `end` on the loop's clock. Being cancelled is not passed on to what others wait for.

        That is `asyncio.wait`, which takes several times as long.
        """
        loop = asyncio.get_running_loop()
        waiters = []
        for flight in flights:
            waiter: asyncio.Future[None] = loop.create_future()
            flight.waiting.add(waiter)
            waiters.append(waiter)
        alarm = None if end is None else self._alarm_at(end, waiters)
        try:
            for waiter in waiters:
                await waiter
            for flight in flights:
                flight.is_kept = flight.is_kept or not flight.is_over
        finally:
            if alarm is not None:
                self._heed_no_more(alarm, waiters)
            for flight, waiter in zip(flights, waiters, strict=True):
                self._leave(flight, waiter)

    def _alarm_at(self, end: float, waiters: "Sequence[asyncio.Future[None]]") -> Alarm:
        alarm = self._alarm
        if alarm is None or abs(alarm.at - end) > TICK:
            alarm = self._alarm = Alarm(end)
            alarm.timer = asyncio.get_running_loop().call_at(end, self._ring, alarm)
        alarm.waiting.update(waiters)
        return alarm

    def _ring(self, alarm: Alarm) -> None:
        _wake(alarm.waiting)
        self._give_up(alarm)

    def _give_up(self, alarm: Alarm) -> None:
        """Nobody may join it any more."""
        if self._alarm is alarm:
            self._alarm = None

    def _heed_no_more(self, alarm: Alarm, waiters: "Sequence[asyncio.Future[None]]") -> None:
        alarm.waiting.difference_update(waiters)
        if not alarm.waiting and alarm.timer is not None:
            alarm.timer.cancel()
            self._give_up(alarm)

    def _leave(self, flight: Flight[K, V], waiter: "asyncio.Future[None]") -> None:
        if flight.is_over:
            return
        flight.waiting.discard(waiter)
        if not flight.waiting and not flight.is_kept and flight.task is not None:
            self._forget(flight)  # who comes now must not wait for a call that ends
            flight.task.cancel()
            flight.task.add_done_callback(lambda _: self._end(flight))  # of which it may know nothing, see `aclose`

    def _forget(self, flight: Flight[K, V]) -> None:
        for key in flight.keys:
            if self._by_key.get(key) is flight:
                del self._by_key[key]


def _wake(waiters: "Iterable[asyncio.Future[None]]") -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)


def _landed(flight: Flight[K, V]) -> Mapping[K, V | ConnectorError]:
    """What a call brought, or the error that befell it. An error of ours is raised."""
    if flight.landed is not None:
        return flight.landed
    if flight.failure is not None:
        raise flight.failure
    if flight.is_over:
        return dict.fromkeys(flight.keys, UnreachableError("not asked: its connections are being closed"))
    return dict.fromkeys(flight.keys, OutOfTimeError("no answer in the time that the query has for it"))


def _ended_early(flight: Flight[Any, Any], landed: Mapping[Any, object]) -> bool:
    """It ended with the query that began it, and the one at hand has more time left."""
    if flight.deadline is None or not flight.is_over:
        return False
    mine = deadline.get()
    return (mine is None or mine >= flight.deadline + WORTH_IT) and any(
        isinstance(answer, OutOfTimeError) for answer in landed.values()
    )
