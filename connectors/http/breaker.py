"""Leaves a source alone that keeps failing, instead of making each query wait for it.

Closed, it counts; open, it answers by itself; after a cool-down one call may probe, and what comes of it decides
for those that have come meanwhile.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

import structlog

from connectors.errors import ConnectorError, OutOfTimeError, ThrottledError, UnreachableError
from connectors.http.client import HttpClient, Request, Response

WINDOW = 20  # outcomes that count, the last ones
LEAST = 10  # outcomes below which nothing is concluded
SHARE = 0.5  # of failures among them
COOL_DOWN = 5.0  # seconds

log = structlog.get_logger("histograph.calls")
_is_guarded: ContextVar[bool] = ContextVar("is_guarded", default=False)
"Whether this call is made on the way of another one, for its token: then it counts as part of that one."


@dataclass(slots=True)
class Breaker:
    """Refuses calls for a while when half of the last ones had no answer, or a server's error.

    | outcome | counts as |
    | --- | --- |
    | an answer, be it 401, 403, 404, an unsupported request or an unreadable body | success: somebody is there |
    | `UnreachableError`: refused, reset, broken off, 5xx, out of the source's time, not to be trusted | failure |
    | `ThrottledError`: it works and says «later», which pacing heeds | nothing |
    | `OutOfTimeError`, cancelled by the caller, an error of ours | nothing |
    """

    inner: HttpClient
    source: str
    cool_down: float = COOL_DOWN
    clock: Callable[[], float] = time.monotonic
    _failures: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW), init=False)
    _opened_at: float | None = field(default=None, init=False)
    _probe: asyncio.Future[None] | None = field(default=None, init=False)
    "Done when the call that probes has ended."
    _turn: int = field(default=0, init=False)
    "Counts openings and closings: what was sent before one tells nothing after it."

    @property
    def is_open(self) -> bool:
        """Calls are refused, or only one is let through."""
        return self._opened_at is not None

    async def send(self, request: Request) -> Response:
        """Sends, or refuses without a call and without a wait. Only while one call probes do the others wait for it."""
        if _is_guarded.get():
            return await self.inner.send(request)
        is_probe = self._opened_at is not None and await self._admit()
        turn = self._turn
        mark = _is_guarded.set(True)
        has_failed: bool | None = None
        try:
            response = await self.inner.send(request)
            has_failed = False
            return response
        except ConnectorError as error:
            has_failed = _failure(error)
            raise
        finally:
            _is_guarded.reset(mark)
            if is_probe:
                self._settle(has_failed)
            elif turn == self._turn and has_failed is not None:
                self._count(has_failed)

    async def _admit(self) -> bool:
        """Whether this call is the probe.

        Raises:
            UnreachableError: It is open.
        """
        while self._opened_at is not None:
            rest = self._opened_at + self.cool_down - self.clock()
            if rest > 0:
                said = "not asked: it keeps failing, and is left alone for some seconds"
                raise UnreachableError(said, retry_after=rest)
            if self._probe is None:
                self._probe = asyncio.get_running_loop().create_future()
                return True
            await asyncio.wait([self._probe])
        return False

    def _settle(self, has_failed: bool | None) -> None:
        """After a probe. One that tells nothing leaves its place to the next."""
        probe, self._probe = self._probe, None
        if probe is not None:
            probe.set_result(None)
        if has_failed is None:
            return
        self._failures.clear()
        self._turn += 1
        self._opened_at = self.clock() if has_failed else None
        if not has_failed:
            log.info("source is back", source=self.source)

    def _count(self, has_failed: bool) -> None:
        self._failures.append(has_failed)
        failed, of = sum(self._failures), len(self._failures)
        if of >= LEAST and failed >= SHARE * of:
            log.warning("source is left alone", source=self.source, failed=failed, of=of)
            self._failures.clear()
            self._turn += 1
            self._opened_at = self.clock()


def _failure(error: ConnectorError) -> bool | None:
    """None: it tells nothing of the source."""
    if isinstance(error, ThrottledError | OutOfTimeError):
        return None
    return isinstance(error, UnreachableError)
