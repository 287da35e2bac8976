"""Counts calls against a rate: so many may be made at once, and room for one more comes back bit by bit."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from connectors.contract import Rate


@dataclass(slots=True)
class Bucket:
    """Calls fill it, time empties it. Those who wait for room are let in by the order in which they came.

    aiolimiter does the same at several times the price, which each call would pay.
    """

    rate: Rate
    _level: float = field(default=0.0, init=False)
    "Calls in it."
    _seen: float = field(default=0.0, init=False)
    "When that was so, on the loop's clock."
    _line: "deque[asyncio.Future[None]]" = field(default_factory=deque, init=False, repr=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False, repr=False)

    def take(self) -> bool:
        """Room for one call, if there is any that nobody waits for."""
        if self._line or self._short_of_room() > 0:
            return False
        self._level += 1
        return True

    async def wait(self) -> None:
        """Waits in line for room, and takes it."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(waiter)
        self._let_in()
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():  # let in, and gone before he heard of it
                self._level = max(self._level - 1, 0.0)
            self._let_in()
            raise

    def _short_of_room(self) -> float:
        """How much of a call's room is missing; none of it at zero and below."""
        now = asyncio.get_running_loop().time()
        if self._level > 0:
            self._level = max(self._level - (now - self._seen) * self.rate.requests / self.rate.seconds, 0.0)
        self._seen = now
        return self._level + 1 - self.rate.requests

    def _let_in(self) -> None:
        """As many as there is room for; the next one by and by."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._line:
            if not self._line[0].done():
                if (short := self._short_of_room()) > 0:
                    rest = short * self.rate.seconds / self.rate.requests
                    self._timer = asyncio.get_running_loop().call_later(rest, self._let_in)
                    return
                self._level += 1
                self._line[0].set_result(None)
            self._line.popleft()
