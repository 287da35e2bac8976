"""A process that shares a Redis with others: asks one source once, and says what it got and what it asked.

Run as a module with the Redis's address, the time a lock lives, and what the source does when it is asked: it tells the
list `asked`, and then waits for the list `gate`, so that a test can see it, and let it go on.
"""

import asyncio
import json
import sys
from typing import Any

from redis.asyncio import Redis

from connectors.cached import Cached
from connectors.contract import ExecutionQuery
from connectors.errors import ConnectorError, UnreachableError
from connectors.redis_link import RedisLink, open_redis
from connectors.remembered import Memory
from connectors.shared_cache import SharedCache
from tests.connectors.asked import Asked
from tests.connectors.rows import runs_of

SECRET = b"s" * 32
PATIENT = 30.0
"Seconds for Redis: what is tested with it is not its speed, and the machine may be busy."


class Gated(Asked):
    """Waits until it may answer, and then says what it is told."""

    redis: "Redis"

    async def _asked(self, *what: object) -> None:
        await super()._asked(*what)
        await self.redis.rpush("asked", str(what[0]))
        said: Any = await self.redis.blpop(["gate"], timeout=60)
        if said[1] != b"answer":
            raise UnreachableError(said[1].decode())


async def work(url: str, lock_seconds: float, queries: int) -> dict[str, Any]:
    source = Gated()
    source.redis = Redis.from_url(url, socket_timeout=None)
    link = RedisLink(open_redis(url), patience=PATIENT)
    shared = SharedCache(link, SECRET, lock_seconds=lock_seconds)
    cache = Cached(source, memory=Memory(), shared=shared)
    await source.redis.rpush("arrived", "1")

    async def query() -> list[str] | str:
        try:
            page = await cache.list_executions("w", ExecutionQuery(), None)
            return [type(one).__name__ + " " + one.native_id for one in runs_of(page)]
        except ConnectorError as error:
            return f"{type(error).__name__}: {error.message}"

    answers = await asyncio.gather(*(query() for _ in range(queries)))
    await cache.aclose()
    await shared.aclose()
    await link.aclose()
    await source.redis.aclose()
    return {"calls": len(source.calls), "answers": [one for at, one in enumerate(answers) if one not in answers[:at]]}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(work(sys.argv[1], float(sys.argv[2]), int(sys.argv[3])))), flush=True)
