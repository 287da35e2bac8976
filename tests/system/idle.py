"""An event loop in which waiting takes no time: when nothing can happen before the next timer, it is that time at once.

What talks over loopback inside one process is either ready or waits for a timer, so timeouts of seconds, waits between
tries and caches that grow old are tested as they are, and a busy machine changes nothing. `loop.time` is the clock.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

GRACE = 0.004
"Seconds of real time that the kernel gets to deliver what was sent, before nothing is taken to be under way."


class IdleSelector(selectors.DefaultSelector):
    """Tells how long was waited in vain."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now, or will be within the grace; else the time has passed."""
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        if not (ready := super().select(GRACE)):
            self.passed += timeout
        return ready


class IdleLoop(asyncio.SelectorEventLoop):
    """Its time is that of its timers alone."""

    def __init__(self) -> None:
        self._idle = IdleSelector()
        super().__init__(self._idle)

    def time(self) -> float:
        """Seconds that were waited for since it was made."""
        return 1000.0 + self._idle.passed

    def pass_by(self, seconds: float) -> None:
        """So much time goes by at once, in which nobody does anything."""
        self._idle.passed += seconds


def run_idle(work: Coroutine[Any, Any, T]) -> T:
    """Runs it to its end in a loop of its own."""
    with asyncio.Runner(loop_factory=IdleLoop) as runner:
        return runner.run(work)
