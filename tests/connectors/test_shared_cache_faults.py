"""Redis absent, hung, refusing, or lost in the middle: answers stay right, and only thrift is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from redis.asyncio import Redis

from connectors.cached import Cached
from connectors.contract import ExecutionQuery
from connectors.redis_link import COOL_DOWN, LostError, RedisLink, open_redis
from connectors.shared_cache import SharedCache
from schema.identity import NativeId
from tests.connectors.asked import OPEN, Asked, Clock, run, turns
from tests.connectors.redis_server import RedisServer, redis_server
from tests.connectors.rows import runs_of
from tests.connectors.sharing import PATIENT, SECRET

QUERY = ExecutionQuery()
A, B = NativeId("w", "a"), NativeId("w", "b")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


class Setting:
    """Caches over one Redis, whose link has a clock of its own."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.rest = Clock()

    def link(self, url: str, patience: float = PATIENT) -> RedisLink:
        link = RedisLink(open_redis(url), patience, clock=self.rest)
        self._stack.push_async_callback(link.aclose)
        return link

    def one(self, link: RedisLink, source: Asked | None = None) -> tuple[Cached, Asked]:
        source = source or Asked()
        shared = SharedCache(link, SECRET)
        cache = Cached(source, Clock(), randomness=lambda: 0.5, shared=shared)
        for close in (shared.aclose, cache.aclose):
            self._stack.push_async_callback(close)
        return cache, source


@pytest.fixture
async def setting() -> AsyncIterator[Setting]:
    async with AsyncExitStack() as stack:
        yield Setting(stack)


async def is_right(cache: Cached) -> None:
    """Everything is answered as by the source."""
    page = await cache.list_executions("w", QUERY, None)
    assert [one.native_id for one in runs_of(page)] == ["a", "b"]
    assert page.stale_because is None
    assert await cache.get_executions([A, B, NativeId("w", "x")]) == {A: run("a"), B: run("b", OPEN)}
    steps = await cache.list_steps([run("a"), run("b", OPEN)])
    assert [len(one.steps) for one in steps.values()] == [2, 2]  # type: ignore[union-attr]
    assert [one.native_id for one in await cache.workflows()] == ["w"]


@pytest.mark.parametrize("url", ["unix:///nowhere/r.sock", "redis://127.0.0.1:1/0", "redis://nowhere.invalid:6379/0"])
async def test_without_a_redis_each_process_remembers_alone(setting: Setting, url: str) -> None:
    link = setting.link(url)
    for _ in range(2):
        cache, source = setting.one(link)
        await is_right(cache)
        await is_right(cache)
        assert len(source.calls) == 4
        setting.rest.now += 10


async def test_a_redis_that_hangs_costs_its_patience_once(setting: Setting, server: RedisServer) -> None:
    link = setting.link(server.url, patience=0.05)
    server.hang()

    cache, source = setting.one(link)
    await is_right(cache)

    assert len(source.calls) == 4
    with pytest.raises(LostError):
        await link.run(told_not_to_be_asked)


async def told_not_to_be_asked(_: Redis) -> None:
    raise AssertionError("it rests")


@pytest.mark.parametrize("harm", [RedisServer.kill, RedisServer.hang], ids=["killed", "hung"])
async def test_lost_while_somebody_asks(
    setting: Setting, server: RedisServer, harm: Callable[[RedisServer], None]
) -> None:
    """The one that asks, and the one that waits for it, have right answers; the second one asks for itself."""
    gate = asyncio.Event()
    one, asked = setting.one(setting.link(server.url, patience=0.2), Asked(gate=gate))
    other, waits = setting.one(setting.link(server.url, patience=0.2))
    early = asyncio.create_task(one.list_executions("w", QUERY, None))
    while not asked.calls:
        await turns()
    late = asyncio.create_task(other.list_executions("w", QUERY, None))
    await turns(200)

    harm(server)
    assert len(runs_of(await late)) == 2
    gate.set()
    assert len(runs_of(await early)) == 2
    assert [len(asked.calls), len(waits.calls)] == [1, 1]
    await is_right(one)
    await is_right(other)


async def test_back_again_it_is_used_again_after_a_rest(setting: Setting, server: RedisServer) -> None:
    link = setting.link(server.url)
    cache, _ = setting.one(link)
    await cache.list_executions("w", QUERY, None)
    server.kill()
    other, source = setting.one(link)
    await other.list_executions("w", QUERY, None)
    assert len(source.calls) == 1
    server.start()

    resting, source = setting.one(link)
    await resting.list_executions("w", QUERY, None)
    assert len(source.calls) == 1
    setting.rest.now += COOL_DOWN
    first, source = setting.one(link)
    await first.list_executions("w", QUERY, None)
    assert len(source.calls) == 1  # the new Redis is empty
    second, source = setting.one(link)
    await second.list_executions("w", QUERY, None)
    assert source.calls == []


async def test_one_command_finds_out_whether_it_is_back(setting: Setting) -> None:
    link = setting.link("unix:///nowhere/r.sock")
    with pytest.raises(LostError):
        await link.run(lambda redis: redis.get("x"))
    setting.rest.now += COOL_DOWN
    tries, gate = 0, asyncio.Event()

    async def probe(_: Redis) -> str:
        nonlocal tries
        tries += 1
        await gate.wait()
        return "here"

    async def go_on() -> None:
        await turns()
        gate.set()

    ends = await asyncio.gather(*(link.run(probe) for _ in range(5)), go_on(), return_exceptions=True)

    assert tries == 1
    assert [type(end) for end in ends[1:5]] == [LostError] * 4
    assert ends[0] == "here"
    assert await link.run(probe) == "here"


async def test_that_we_are_late_ourselves_is_not_laid_at_its_door(setting: Setting, server: RedisServer) -> None:
    """Its answer has come while our loop was busy for longer than its patience."""
    link = setting.link(server.url, patience=1e-9)

    async def busy(redis: Redis) -> str:
        await turns(5)
        return "here"

    assert await link.run(busy) == "here"


async def test_a_redis_that_is_full_costs_thrift_only(setting: Setting, server: RedisServer) -> None:
    async with Redis.from_url(server.url) as redis:
        await redis.config_set("maxmemory", "1")

        for _ in range(2):
            cache, source = setting.one(setting.link(server.url))
            await is_right(cache)
            assert len(source.calls) == 4


async def test_a_deletion_is_made_without_redis_too(setting: Setting) -> None:
    cache, _ = setting.one(setting.link("unix:///nowhere/r.sock"))
    await cache.list_executions("w", QUERY, None)

    assert await cache.delete_execution(A)
    page = await cache.list_executions("w", QUERY, None)

    assert [one.native_id for one in runs_of(page)] == ["b"]


async def test_cancelled_while_redis_hangs_nothing_is_left_behind(setting: Setting, server: RedisServer) -> None:
    server.hang()
    cache, source = setting.one(setting.link(server.url))
    waiting = asyncio.create_task(cache.list_executions("w", QUERY, None))
    await turns()

    waiting.cancel()
    await asyncio.wait([waiting])
    await cache.aclose()
    assert cache.shared is not None
    server.kill()  # a hung one would be waited for
    await cache.shared.aclose()

    assert source.calls == []
    assert len(asyncio.all_tasks()) == 1
