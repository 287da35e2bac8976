"""Several processes share what one of them has fetched, by a real Redis."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace
from redis.asyncio import Redis

from connectors.cached import Cached
from connectors.contract import Answers, ExecutionQuery, Page
from connectors.errors import (
    ConnectorError,
    ForbiddenError,
    MissingError,
    OutOfTimeError,
    RefusedError,
    ThrottledError,
    TimedOutError,
    UnreachableError,
    UnreadableError,
)
from connectors.redis_link import RedisLink, open_redis
from connectors.shared_cache import SharedCache
from schema.identity import NativeId
from tests.connectors.asked import OPEN, Asked, AskedExecution, Clock, run, turns
from tests.connectors.redis_server import RedisServer, redis_server
from tests.connectors.rows import runs_of
from tests.connectors.sharing import PATIENT, SECRET

ROOT = Path(__file__).parent.parent.parent
QUERY = ExecutionQuery()
A, B = NativeId("w", "a"), NativeId("w", "b")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
async def redis(server: RedisServer) -> AsyncIterator[Redis]:
    """A client of the test's own; Redis is empty at first."""
    async with Redis.from_url(server.url, socket_timeout=None) as client:
        await client.flushall()
        yield client


class Processes:
    """Caches that share nothing but the Redis, each with a source and a clock of its own."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self._url = url
        self._stack = stack

    def one(
        self, source: Asked | None = None, clock: Clock | None = None, secret: bytes = SECRET, **further: Any
    ) -> tuple[Cached, Asked]:
        source, clock = source or Asked(), clock or Clock()
        link = RedisLink(open_redis(self._url), patience=PATIENT)
        shared = SharedCache(link, secret, **further)
        cache = Cached(source, clock, lambda: int(clock.now * 1e9), randomness=lambda: 0.5, shared=shared)
        for close in (link.aclose, shared.aclose, cache.aclose):
            self._stack.push_async_callback(close)
        return cache, source


@pytest.fixture
async def processes(redis: Redis, server: RedisServer) -> AsyncIterator[Processes]:
    async with AsyncExitStack() as stack:
        yield Processes(server.url, stack)


async def grown_old(redis: Redis, seconds: float) -> None:
    """As if all that is in Redis had been there for so long already."""
    for key in await redis.keys("histograph:a:*"):
        await redis.pexpire(key, await redis.pttl(key) - int(seconds * 1000))


async def ask_everything(cache: Cached) -> tuple[object, ...]:
    page = await cache.list_executions("w", QUERY, None)
    runs = await cache.get_executions([A, B, NativeId("w", "nowhere")])
    steps = await cache.list_steps([run("a"), run("b", OPEN)])
    return page, runs, steps, await cache.workflows()


async def test_what_one_has_fetched_no_other_asks_for(processes: Processes) -> None:
    one, asked = processes.one()
    other, not_asked = processes.one()

    first = await ask_everything(one)
    second = await ask_everything(other)

    assert len(asked.calls) == 4
    assert not_asked.calls == []
    assert second == first
    assert isinstance(second[0], Page)
    assert [type(row) for row in runs_of(second[0])] == [AskedExecution] * 2
    assert runs_of(second[0])[0].started_at.text == "2026-11-20T08:00:00.123456789Z"  # type: ignore[union-attr]
    assert second[0].as_of == 1000 * 10**9


async def test_what_is_not_there_is_shared_too(processes: Processes) -> None:
    one, _ = processes.one(Asked(trouble=lambda: MissingError("HTTP 404", http_status=404)))
    other, not_asked = processes.one()

    for cache in (one, other):
        with pytest.raises(MissingError, match="HTTP 404"):
            await cache.list_executions("w", QUERY, None)
    assert not_asked.calls == []


async def test_an_answer_is_as_old_for_the_second_process_as_it_is(processes: Processes, redis: Redis) -> None:
    """By Redis's clock: 4 of its 5 seconds are gone, and one is left on the second one's clock."""
    one, _ = processes.one()
    clock = Clock(5_000_000.0)
    other, source = processes.one(clock=clock)
    await one.list_executions("w", QUERY, None)
    await grown_old(redis, 4)

    await other.list_executions("w", QUERY, None)
    clock.now += 0.5
    await other.list_executions("w", QUERY, None)
    assert (source.calls, other.uses["refreshed"]) == ([], 0)
    clock.now += 1
    await other.list_executions("w", QUERY, None)
    assert other.uses["refreshed"] == 1


async def test_an_answer_past_its_time_is_asked_for_anew_by_one_of_them(processes: Processes, redis: Redis) -> None:
    one, source = processes.one()
    await one.list_executions("w", QUERY, None)
    await grown_old(redis, 20)
    gate = asyncio.Event()
    others = [processes.one(Asked(gate=gate)) for _ in range(3)]

    tasks = [asyncio.create_task(cache.list_executions("w", QUERY, None)) for cache, _ in others]
    while not any(source.calls for _, source in others):
        await turns()
    gate.set()
    pages = await asyncio.gather(*tasks)

    assert sum(len(source.calls) for _, source in others) == 1
    assert pages[0] == pages[1] == pages[2]
    assert len(source.calls) == 1


async def test_each_run_of_a_batch_waits_for_the_process_that_asks_it(processes: Processes) -> None:
    gate = asyncio.Event()
    runs = [run(name, OPEN) for name in "abc"]
    one, first = processes.one(Asked(runs=runs, gate=gate))
    other, second = processes.one(Asked(runs=runs, gate=gate))
    keys = [row.key for row in runs]

    early = asyncio.create_task(one.get_executions(keys[:2]))
    while not first.calls:
        await turns()
    late = asyncio.create_task(other.get_executions(keys[1:]))
    while not second.calls:
        await turns()
    gate.set()

    assert dict(await early) == {row.key: row for row in runs[:2]}
    assert dict(await late) == {row.key: row for row in runs[1:]}
    assert (first.calls, second.calls) == ([("runs", "a", "b")], [("runs", "c")])


@pytest.mark.parametrize(
    "error",
    [
        UnreachableError("HTTP 500", http_status=500),
        TimedOutError("no answer"),
        ThrottledError("HTTP 429", retry_after=2.0),
        RefusedError("HTTP 401"),
        ForbiddenError("HTTP 403"),
        UnreadableError("no JSON"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_failure_is_told_to_those_who_wait_and_to_nobody_else(
    processes: Processes, error: ConnectorError, redis: Redis
) -> None:
    gate = asyncio.Event()
    one, asked = processes.one(Asked(gate=gate, trouble=lambda: error))
    other, waits = processes.one()
    third, after = processes.one()

    tasks = [asyncio.create_task(one.list_executions("w", QUERY, None))]
    while not asked.calls:
        await turns()
    tasks.append(asyncio.create_task(other.list_executions("w", QUERY, None)))
    await looked_at_the_lock(redis)
    gate.set()
    ends = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(end) for end in ends] == [type(error)] * 2
    assert ends[1].as_data() == error.as_data()  # type: ignore[union-attr]
    assert waits.calls == []
    assert runs_of(await third.list_executions("w", QUERY, None))
    assert len(after.calls) == 1


async def looked_at_the_lock(redis: Redis) -> None:
    """Until somebody waits for it: looks at it again and again."""
    before = (await redis.info("commandstats")).get("cmdstat_mget", {}).get("calls", 0)
    while (await redis.info("commandstats")).get("cmdstat_mget", {}).get("calls", 0) <= before:
        await turns()


async def test_that_a_query_ran_out_of_time_is_told_to_nobody(processes: Processes, redis: Redis) -> None:
    gate = asyncio.Event()
    one, asked = processes.one(Asked(gate=gate, trouble=lambda: OutOfTimeError("the query's deadline struck")))
    other, asks_too = processes.one()
    early = asyncio.create_task(one.list_executions("w", QUERY, None))
    while not asked.calls:
        await turns()
    late = asyncio.create_task(other.list_executions("w", QUERY, None))
    await looked_at_the_lock(redis)
    gate.set()

    assert [type(end) for end in await asyncio.gather(early, return_exceptions=True)] == [OutOfTimeError]
    assert runs_of(await late)
    assert len(asks_too.calls) == 1


async def test_when_the_one_that_asks_is_cancelled_another_one_asks(processes: Processes, redis: Redis) -> None:
    one, asked = processes.one(Asked(gate=asyncio.Event()), lock_seconds=600)
    other, takes_over = processes.one(lock_seconds=600)
    early = asyncio.create_task(one.list_executions("w", QUERY, None))
    while not asked.calls:
        await turns()
    late = asyncio.create_task(other.list_executions("w", QUERY, None))
    await looked_at_the_lock(redis)

    early.cancel()

    assert runs_of(await late)
    assert (asked.cancelled, len(takes_over.calls)) == (1, 1)


async def test_cancelled_at_any_moment_no_lock_stays_behind(processes: Processes, redis: Redis) -> None:
    for count in range(0, 60, 3):
        gate = asyncio.Event()
        cache, _ = processes.one(Asked(gate=gate), lock_seconds=600)
        task = asyncio.create_task(cache.list_executions(f"w{count}", QUERY, None))
        await turns(count)
        task.cancel()
        await asyncio.wait([task])
        await cache.aclose()
        assert cache.shared is not None
        await cache.shared.aclose()
        assert await redis.keys("histograph:l:*") == []


async def test_old_answers_of_another_process_stand_in(processes: Processes, redis: Redis) -> None:
    """And say from when they are; not past the hard limit, and not after a refusal."""
    one, _ = processes.one()
    page = await one.list_executions("w", QUERY, None)
    await one.get_executions([A, B])
    await grown_old(redis, 600)
    error = UnreachableError("HTTP 500")
    other, source = processes.one(Asked(trouble=lambda: error))

    found = await other.list_executions("w", QUERY, None)
    runs = await other.get_executions([A, B])

    assert found == replace(page, stale_because=error)
    assert isinstance(runs, Answers)
    assert (runs[B], list(runs.stale)) == (run("b", OPEN), [B])
    assert len(source.calls) == 2

    await grown_old(redis, 290)
    third, _ = processes.one(Asked(trouble=lambda: error))
    assert (await third.list_executions("w", QUERY, None)).stale_because is error
    await grown_old(redis, 11)
    fourth, _ = processes.one(Asked(trouble=lambda: error))
    with pytest.raises(UnreachableError):
        await fourth.list_executions("w", QUERY, None)


@pytest.mark.parametrize("refusal", [RefusedError("HTTP 401"), ForbiddenError("HTTP 403"), MissingError("HTTP 404")])
async def test_after_a_refusal_nothing_of_other_processes_stands_in(
    processes: Processes, redis: Redis, refusal: ConnectorError
) -> None:
    one, _ = processes.one()
    await one.list_executions("w", QUERY, None)
    await grown_old(redis, 600)
    clock, troubles = Clock(), [refusal, UnreachableError("HTTP 500")]
    other, _ = processes.one(Asked(trouble=lambda: troubles[0]), clock)
    with pytest.raises(type(refusal)):
        await other.list_executions("w", QUERY, None)
    troubles.pop(0)
    clock.now += 60
    await redis.delete(*await redis.keys("histograph:l:*") or ["none"])

    if isinstance(refusal, MissingError):
        await grown_old(redis, 60)
    with pytest.raises(UnreachableError):
        await other.list_executions("w", QUERY, None)


async def test_a_deleted_run_is_in_no_list_of_another_process(processes: Processes) -> None:
    one, source = processes.one()
    await one.list_executions("w", QUERY, None)
    await one.get_executions([A])

    await one.delete_execution(A)
    other, _ = processes.one(Asked(runs=source.runs))

    page = await other.list_executions("w", QUERY, None)
    assert [row.native_id for row in runs_of(page)] == ["b"]
    assert await other.get_executions([A]) == {}


async def test_answers_that_cannot_be_shared_are_right_all_the_same(processes: Processes) -> None:
    far = [run("a", duration_ns=2**70, raw=Raw(b"[1]"))]
    for _ in range(2):
        cache, source = processes.one(Asked(runs=far))
        assert list(runs_of(await cache.list_executions("w", QUERY, None))) == far
        assert len(source.calls) == 1


async def test_two_accounts_of_one_name_share_nothing(processes: Processes) -> None:
    one, first = processes.one(secret=b"a" * 32)
    other, second = processes.one(Asked(runs=[run("x")]), secret=b"b" * 32)

    pages = [await cache.list_executions("w", QUERY, None) for cache in (one, other)]

    assert [[row.native_id for row in runs_of(page)] for page in pages] == [["a", "b"], ["x"]]
    assert [len(first.calls), len(second.calls)] == [1, 1]


async def test_an_answer_that_lies_under_the_key_of_another_is_none(processes: Processes, redis: Redis) -> None:
    """Nor is a damaged one, nor one of an older version, nor nothing at all."""
    one, _ = processes.one(Asked(runs=[run("x", workflow="v"), run("a")]))
    await one.list_executions("v", QUERY, None)
    (of_v,) = await redis.keys("histograph:a:*")
    await one.list_executions("w", QUERY, None)
    (of_w,) = set(await redis.keys("histograph:a:*")) - {of_v}
    good: Any = await redis.get(of_w)
    foreign: Any = await redis.get(of_v)

    for bad in (foreign, good[:-1], good[:20] + bytes([good[20] ^ 1]) + good[21:], b"\x00" + good[1:], b"", b"garbage"):
        await redis.set(of_w, bad, px=899_000)
        cache, source = processes.one()
        page = await cache.list_executions("w", QUERY, None)
        assert [row.native_id for row in runs_of(page)] == ["a", "b"]
        assert len(source.calls) == 1


async def test_an_entry_of_another_type_costs_thrift_only(processes: Processes, redis: Redis) -> None:
    one, _ = processes.one()
    await one.list_executions("w", QUERY, None)
    (key,) = await redis.keys("histograph:a:*")
    await redis.delete(key)
    await redis.rpush(key, "a list")

    cache, source = processes.one()
    assert runs_of(await cache.list_executions("w", QUERY, None))
    assert len(source.calls) == 1


class Process:
    """`tests.connectors.sharing` as a process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def start(cls, url: str, lock_seconds: float = 600, queries: int = 1) -> "Process":
        command = [sys.executable, "-m", "tests.connectors.sharing", url, str(lock_seconds), str(queries)]
        return cls(await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT))

    async def said(self) -> Any:
        out, _ = await self.process.communicate()
        return json.loads(out)


ROWS = ["AskedExecution a", "AskedExecution b"]


async def test_four_processes_with_250_queries_each_make_one_call(server: RedisServer, redis: Redis) -> None:
    processes = [await Process.start(server.url, queries=250) for _ in range(4)]
    for _ in processes:
        await redis.blpop(["arrived"], timeout=60)
    await redis.blpop(["asked"], timeout=60)
    await redis.rpush("gate", "answer")

    said = await asyncio.gather(*(process.said() for process in processes))

    assert sorted(one["calls"] for one in said) == [0, 0, 0, 1]
    assert all(one["answers"] == [ROWS] for one in said)


async def test_four_processes_hear_of_one_failure(server: RedisServer, redis: Redis) -> None:
    first = await Process.start(server.url)
    await redis.blpop(["asked"], timeout=60)
    others = [await Process.start(server.url) for _ in range(3)]
    for _ in range(4):
        await redis.blpop(["arrived"], timeout=60)
    for _ in others:
        await looked_at_the_lock(redis)
    await redis.rpush("gate", "HTTP 500", "answer")

    said = await asyncio.gather(*(process.said() for process in (first, *others)))

    assert said[0] == {"calls": 1, "answers": ["UnreachableError: HTTP 500"]}
    # one that came to wait only after the failure asks for itself, or waits for such a one
    assert sum(one["calls"] for one in said) <= 2
    assert all(one["answers"] in ([ROWS], ["UnreachableError: HTTP 500"]) for one in said)


async def test_when_the_process_that_asks_dies_another_one_takes_over(server: RedisServer, redis: Redis) -> None:
    first = await Process.start(server.url, lock_seconds=0.3)
    await redis.blpop(["asked"], timeout=60)
    second = await Process.start(server.url, lock_seconds=0.3)
    for _ in range(2):
        await redis.blpop(["arrived"], timeout=60)
    await looked_at_the_lock(redis)
    await looked_at_the_lock(redis)

    first.process.kill()
    await first.process.wait()
    await redis.blpop(["asked"], timeout=60)
    await redis.rpush("gate", "answer")  # that the dead one was waiting for is gone with it

    assert await second.said() == {"calls": 1, "answers": [ROWS]}


async def test_a_lock_is_kept_for_as_long_as_its_owner_asks(processes: Processes, redis: Redis) -> None:
    """Its 0.3 seconds pass several times over; Redis's own clock tells."""
    gate = asyncio.Event()
    one, asked = processes.one(Asked(gate=gate), lock_seconds=0.3)
    other, waits = processes.one(lock_seconds=0.3)
    early = asyncio.create_task(one.list_executions("w", QUERY, None))
    while not asked.calls:
        await turns()
    (lock,) = await redis.keys("histograph:l:*")
    late = asyncio.create_task(other.list_executions("w", QUERY, None))
    renewed, lives = 0, await redis.pttl(lock)
    while renewed < 5:
        now = await redis.pttl(lock)
        assert now > 0, "the lock is lost"
        renewed, lives = renewed + (now > lives), now
    gate.set()

    await asyncio.gather(early, late)
    assert waits.calls == []
