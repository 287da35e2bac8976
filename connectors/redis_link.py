"""Redis as a guest: asked with little patience, and left alone for a moment when it does not answer.

Nothing depends on its answers but thrift. Who cannot reach it goes on as if there were none.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

PATIENCE = 0.1  # seconds for a round trip
TURNS = 10
"Turns of the loop that an answer has in any case: when we are late ourselves, Redis is not to blame."
COOL_DOWN = 1.0  # seconds
MAX_CONNECTIONS = 16

log = structlog.get_logger("histograph.cache")

T = TypeVar("T")


class LostError(Exception):
    """Redis did not answer, or is left alone for having not."""


def open_redis(url: str) -> Redis:
    """A client that tries nothing twice. It connects on its first command.

    Raises:
        ValueError: It is not the address of a Redis.
    """
    # its own timeouts are off: `RedisLink` has one that is fair to a process that is busy
    return Redis.from_url(
        url,
        socket_timeout=None,
        socket_connect_timeout=None,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        driver_info=None,
    )


@dataclass(slots=True)
class RedisLink:
    """Round trips to one Redis."""

    client: Redis
    patience: float = PATIENCE
    cool_down: float = COOL_DOWN
    clock: Callable[[], float] = time.monotonic
    _rests_until: float = field(default=float("-inf"), init=False)
    _is_lost: bool = field(default=False, init=False)
    _is_probed: bool = field(default=False, init=False)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONNECTIONS), init=False, repr=False)

    async def run(self, command: Callable[[Redis], Awaitable[T]]) -> T:
        """What the command gives.

        Raises:
            LostError: There is no answer, or not in time.
        """
        async with self._room:
            is_probe = self._admit()
            try:
                answer = await self._in_time(command)
            except (RedisError, OSError, TimeoutError) as error:
                self._lose(error)
                raise LostError from error
            finally:
                self._is_probed = self._is_probed and not is_probe
            if self._is_lost:
                self._is_lost = False
                log.info("shared cache is back")
            return answer

    async def aclose(self) -> None:
        """Closes its connections."""
        await self.client.aclose()

    def _admit(self) -> bool:
        """Whether this is the one command that finds out if it is back."""
        if not self._is_lost:
            return False
        if self._is_probed or self.clock() < self._rests_until:
            raise LostError
        self._is_probed = True
        return True

    async def _in_time(self, command: Callable[[Redis], Awaitable[T]]) -> T:
        task = asyncio.ensure_future(command(self.client))
        try:
            await asyncio.wait([task], timeout=self.patience)
            for _ in range(TURNS):
                if task.done():
                    break
                await asyncio.sleep(0)
            if not task.done():
                raise TimeoutError
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait([task])

    def _lose(self, error: Exception) -> None:
        if not self._is_lost:
            log.warning("shared cache is lost; each process remembers alone", reason=type(error).__name__)
        self._is_lost = True
        self._rests_until = self.clock() + self.cool_down
