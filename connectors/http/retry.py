"""Tries again what may go better the next time: a few times, after a random wait, and within a budget.

It is the one layer that does: a call made on the way of another one, for its token, is tried again with that one only.
stamina keeps the order of tries and errors. How long to wait is said here, as it cannot know of a query's deadline: a
wait given to it is taken as it is, beyond any timeout.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

import stamina
import structlog

from connectors.errors import ConnectorError, OutOfTimeError, ThrottledError, UnreachableError
from connectors.http.budget import RetryBudget
from connectors.http.client import HttpClient, Request, Response
from connectors.http.deadline import time_left

FURTHER_TRIES = 2
FIRST_WAIT = 0.25  # seconds at the most; twice as many before each further try
LONGEST_WAIT = 2.0  # seconds, unless the provider asks for more
BACK_AT_ONCE = 0.0
"What stamina is told to wait: `Retrying` waits itself, on the clock that it was given."

log = structlog.get_logger("histograph.calls")
_is_tried_again: ContextVar[bool] = ContextVar("is_tried_again", default=False)
"Whether this call is part of one that is tried again as a whole."

stamina.instrumentation.set_on_retry_hooks(())  # its own would log what it knows; we tell by hand, below


@dataclass(frozen=True, slots=True)
class Retrying:
    """Sends reads again that had no answer, a server's error, or came too often. Nothing else is ever sent twice."""

    inner: HttpClient
    source: str
    budget: RetryBudget = field(default_factory=RetryBudget)
    further_tries: int = FURTHER_TRIES
    patience: float = 8.0
    "Seconds to wait at the most, all in all, for work without a deadline."
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    randomness: Callable[[], float] = random.random
    "Numbers from 0 to 1."

    async def send(self, request: Request) -> Response:
        """The first good answer.

        Raises:
            ConnectorError: That of the last try, or of the first one for which waiting does not help.
        """
        if _is_tried_again.get():
            return await self.inner.send(request)
        self.budget.earn()
        if not request.is_read:
            return await self.inner.send(request)
        mark = _is_tried_again.set(True)
        try:
            return await self.inner.send(request)
        except ConnectorError as error:
            return await self._again(request, error)
        finally:
            _is_tried_again.reset(mark)

    async def _again(self, request: Request, failure: ConnectorError | None) -> Response:
        """After a first try that came to this: what most calls can do without, and so costs them nothing."""
        tries = _Tries(self, request)
        async for attempt in stamina.retry_context(on=tries.may_go_on, attempts=None, timeout=None):
            with attempt:
                if failure is not None:
                    first, failure = failure, None
                    raise first
                if tries.wait > 0:
                    await self.sleep(tries.wait)
                return await self.inner.send(request)
        raise AssertionError("stamina gives an answer or an error")


@dataclass(slots=True)
class _Tries:
    """The tries of one call."""

    layer: Retrying
    request: Request
    failed: int = 0
    wait: float = 0.0
    "Seconds before the next one."
    waited: float = 0.0

    def may_go_on(self, error: Exception) -> bool | float:
        """Whether to try again after this error; decides how long to wait before."""
        layer = self.layer
        if not isinstance(error, UnreachableError | ThrottledError) or isinstance(error, OutOfTimeError):
            return False
        self.failed += 1
        if not error.retryable or self.failed > layer.further_tries:
            return False
        self.wait = self._wait(error)
        left = time_left(layer.clock)
        if self.wait >= (layer.patience - self.waited if left is None else left) or not layer.budget.spend():
            return False
        self.waited += self.wait
        log.info(
            "again", source=layer.source, path=self.request.path, error=error.code.value, after=round(self.wait, 3)
        )
        return BACK_AT_ONCE

    def _wait(self, error: UnreachableError | ThrottledError) -> float:
        """Full jitter, but no less than the provider asks for."""
        longest = min(FIRST_WAIT * 2.0 ** (self.failed - 1), LONGEST_WAIT)
        return max(self.layer.randomness() * longest, error.retry_after or 0.0)
