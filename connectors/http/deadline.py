"""How long may still be waited: a query ends at one moment, and whatever is done for it ends by then.

The moment travels in a context variable (`contract.deadline`), as calls start in loaders, caches and tasks that know
nothing of queries. Work that no query waits for has none; it is bounded by its source's timeout alone.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from connectors.contract import deadline
from connectors.errors import OutOfTimeError


def time_left(clock: Callable[[], float] = time.monotonic) -> float | None:
    """Seconds until the query at hand ends, below zero once it has; None where there is none."""
    end = deadline.get()
    return None if end is None else end - clock()


@asynccontextmanager
async def within_deadline(what: str, clock: Callable[[], float] = time.monotonic) -> AsyncIterator[None]:
    """Cancels what is inside when the query ends.

    Raises:
        OutOfTimeError: It has ended. The message says what was waited for.
    """
    try:
        async with asyncio.timeout(time_left(clock)):
            yield
    except TimeoutError:
        raise OutOfTimeError(f"the query's deadline struck while waiting for {what}") from None
