"""Keeps to a provider's rate: to the one that it publishes, and to what it says when it has had enough.

A call waits until there is room for it, instead of being refused. It does not wait for what would come too late.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from connectors.contract import Rate, deadline
from connectors.errors import OutOfTimeError, ThrottledError
from connectors.http.bucket import Bucket
from connectors.http.client import HttpClient, Request, Response
from connectors.http.deadline import time_left, within_deadline
from connectors.http.retry_after import retry_after


@dataclass(slots=True)
class Pace:
    """What one credential may ask: shared by all clients that use it."""

    rate: Rate
    patience: float = 8.0
    "Seconds that a pause is waited for at the most by work without a deadline."
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _bucket: Bucket = field(init=False, repr=False)
    _waiting: int = field(default=0, init=False)
    _paused_until: float = field(default=float("-inf"), init=False)

    def __post_init__(self) -> None:
        self._bucket = Bucket(self.rate)

    def pause(self, seconds: float) -> None:
        """The provider wants no calls for so long."""
        self._paused_until = max(self._paused_until, self.clock() + seconds)

    def take(self) -> bool:
        """Room for one call, if it need not be waited for, as most need not. A call that comes too late takes none."""
        now, end = self.clock(), deadline.get()
        return now >= self._paused_until and (end is None or now < end) and self._bucket.take()

    async def turn(self) -> None:
        """Waits for room.

        Raises:
            ThrottledError: A pause lasts too long; `retry_after` is what is left of it.
            OutOfTimeError: So many calls wait that this one would come too late.
        """
        if self._paused_until > self.clock():
            await self._end_of_pause()
        ahead, left = self._waiting, time_left(self.clock)
        if left is not None and ahead * self.rate.seconds / self.rate.requests >= left:
            raise OutOfTimeError(f"not asked: {ahead} calls before this one fill the time that the query has left")
        if self._bucket.take():
            return
        self._waiting += 1
        try:
            async with within_deadline("its turn, to keep to the rate limit", self.clock):
                await self._bucket.wait()
        finally:
            self._waiting -= 1
        await self._end_of_pause()  # the answer to a call before this one may have asked for one

    async def _end_of_pause(self) -> None:
        while (rest := self._paused_until - self.clock()) > 0:
            left = time_left(self.clock)
            if rest >= (self.patience if left is None else left):
                raise ThrottledError(
                    "not asked: it wants no calls for now, being over its rate limit", retry_after=rest
                )
            await self.sleep(rest)


@dataclass(frozen=True, slots=True)
class Paced:
    """Sends when it is its turn, and heeds `Retry-After` for all that come after."""

    inner: HttpClient
    pace: Pace
    throttling: frozenset[int] = frozenset({429})
    "Statuses by which the provider says «too many»."

    async def send(self, request: Request) -> Response:
        """Waits for room, then sends."""
        if not self.pace.take():
            await self.pace.turn()
        response = await self.inner.send(request)
        if response.status in self.throttling:
            self.pace.pause(retry_after(response) or 0.0)
        return response
