"""Equal calls under way are one call, whoever of those who wait for it leaves."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextvars import ContextVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.cached import Cached
from connectors.contract import ExecutionQuery, Page, deadline, tally
from connectors.errors import ConnectorError, OutOfTimeError, UnreachableError
from connectors.flights import Flights
from schema.identity import NativeId
from tests.connectors.asked import OPEN, Asked, AskedExecution, Clock, run, turns
from tests.connectors.rows import runs_of

QUERY = ExecutionQuery()
GROUPS = ["a", "ab", "bc", "abc", "cd"]


def cache_of(source: Asked) -> Cached:
    return Cached(source, Clock(), randomness=lambda: 0.5)


async def test_a_thousand_equal_queries_at_once_make_the_calls_of_one() -> None:
    source = Asked(gate=asyncio.Event())
    cache = cache_of(source)

    async def query() -> tuple[object, ...]:
        await cache.workflows()
        page = await cache.list_executions("w", QUERY, None)
        details = await cache.get_executions([one.key for one in runs_of(page)])
        steps = await cache.list_steps(runs_of(page))
        return page, details, steps

    tasks = [asyncio.create_task(query()) for _ in range(1000)]
    await turns()
    assert source.gate is not None
    source.gate.set()
    answers = await asyncio.gather(*tasks)

    assert source.calls == [("workflows",), ("page", "w", QUERY, None), ("runs", "b"), ("steps", "a", "b")]
    assert all(answer == answers[0] for answer in answers)


async def test_a_query_that_is_over_asks_for_nothing_by_the_clock_that_its_deadline_is_told_on() -> None:
    source = Asked()
    cache = Cached(source, Clock(), deadline_clock=lambda: 100.0)

    mark = deadline.set(100.0)
    try:
        with pytest.raises(OutOfTimeError, match="not asked"):
            await cache.list_executions("w", QUERY, None)
        deadline.set(101.0)
        await cache.list_executions("w", QUERY, None)
    finally:
        deadline.reset(mark)

    assert source.calls == [("page", "w", QUERY, None)]


async def test_each_run_of_a_batch_waits_for_whoever_asks_it_already() -> None:
    source = Asked(runs=[run(name, OPEN) for name in "abcd"], gate=asyncio.Event())
    cache = cache_of(source)

    batches = [[NativeId("w", name) for name in names] for names in GROUPS]
    tasks = [asyncio.create_task(cache.get_executions(batch)) for batch in batches]
    await turns()
    assert source.calls == [("runs", "a"), ("runs", "b"), ("runs", "c"), ("runs", "d")]
    assert source.gate is not None
    source.gate.set()

    assert [list(found) for found in await asyncio.gather(*tasks)] == batches


async def test_the_same_id_twice_in_a_batch_is_one() -> None:
    source = Asked(runs=[run("a", OPEN)])

    found = await cache_of(source).get_executions([NativeId("w", "a")] * 3)

    assert len(found) == 1
    assert source.calls == [("runs", "a")]


@pytest.mark.parametrize("leaving", [{0}, {1}, {2}, {0, 1}, {0, 2}, {1, 2}], ids=str)
async def test_who_leaves_leaves_the_others_waiting(leaving: set[int]) -> None:
    source = Asked(gate=asyncio.Event())
    cache = cache_of(source)
    tasks = [asyncio.create_task(cache.list_executions("w", QUERY, None)) for _ in range(3)]
    await turns()

    for index in leaving:
        tasks[index].cancel()
    await turns()
    assert source.cancelled == 0
    assert source.gate is not None
    source.gate.set()
    ends = await asyncio.gather(*tasks, return_exceptions=True)

    assert {index for index, end in enumerate(ends) if isinstance(end, asyncio.CancelledError)} == leaving
    assert all(isinstance(end, Page) for index, end in enumerate(ends) if index not in leaving)
    assert len(source.calls) == 1


async def test_when_the_last_one_leaves_the_call_ends_and_the_next_one_asks_anew() -> None:
    source = Asked(gate=asyncio.Event())
    cache = cache_of(source)
    tasks = [asyncio.create_task(cache.list_executions("w", QUERY, None)) for _ in range(3)]
    await turns()

    for task in tasks:
        task.cancel()
    fourth = asyncio.create_task(cache.list_executions("w", QUERY, None))  # before the call has heard of it
    await turns()
    assert source.cancelled == 1
    assert source.gate is not None
    source.gate.set()

    assert runs_of(await fourth)
    assert len(source.calls) == 2


async def test_a_batch_goes_on_for_the_one_run_that_another_query_waits_for() -> None:
    source = Asked(runs=[run(name, OPEN) for name in "ab"], gate=asyncio.Event())
    cache = cache_of(source)
    both = asyncio.create_task(cache.get_executions([NativeId("w", "a"), NativeId("w", "b")]))
    await turns()
    one = asyncio.create_task(cache.get_executions([NativeId("w", "b")]))
    await turns()

    both.cancel()
    await turns()
    assert source.cancelled == 0
    assert source.gate is not None
    source.gate.set()

    assert list(await one) == [NativeId("w", "b")]
    assert source.calls == [("runs", "a", "b")]


async def test_a_task_that_is_left_running_keeps_its_call() -> None:
    """As the merge does at a query's deadline: nobody awaits it any more, and its answer still fills the cache."""
    source = Asked(gate=asyncio.Event())
    cache = cache_of(source)
    left_running = asyncio.create_task(cache.list_executions("w", QUERY, None))
    await asyncio.wait([left_running], timeout=0)
    await turns()

    assert source.gate is not None
    source.gate.set()
    await turns()

    await cache.list_executions("w", QUERY, None)
    assert len(source.calls) == 1
    assert left_running.done()


@settings(deadline=None)
@given(
    groups=st.lists(st.frozensets(st.sampled_from("abcde"), min_size=1), min_size=1, max_size=6),
    leaving=st.frozensets(st.integers(0, 5)),
    failing=st.frozensets(st.sampled_from("abcde")),
)
def test_whoever_asks_leaves_or_fails_each_key_is_asked_for_once_at_a_time(
    groups: list[frozenset[str]], leaving: frozenset[int], failing: frozenset[str]
) -> None:
    """Any batches at once, some of whose callers leave: the others get all they asked for; nothing is left behind."""

    async def check() -> None:
        gate, under_way, twice = asyncio.Event(), Counter[str](), Counter[str]()

        async def ask(keys: Sequence[str]) -> dict[str, str | ConnectorError]:
            under_way.update(keys)
            twice.update(key for key in keys if under_way[key] > 1)
            try:
                await gate.wait()
                return {key: UnreachableError(key) if key in failing else key.upper() for key in keys}
            finally:
                under_way.subtract(keys)

        flights: Flights[str, str] = Flights()

        async def get(group: frozenset[str]) -> dict[str, str | ConnectorError]:
            if len(group) > 1:
                return await flights.get(sorted(group), ask)
            (key,) = group
            answer = await flights.get_one(key, ask)
            return {} if answer is None else {key: answer}

        tasks = [asyncio.create_task(get(group)) for group in groups]
        await turns(3)
        for index, task in enumerate(tasks):
            if index in leaving:
                task.cancel()
        await turns(3)
        gate.set()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        for index, (group, end) in enumerate(zip(groups, ends, strict=True)):
            if index in leaving:
                assert isinstance(end, asyncio.CancelledError)
            else:
                assert isinstance(end, dict)
                assert end.keys() == group
                assert all(isinstance(end[key], UnreachableError) == (key in failing) for key in group)
        assert not +under_way
        assert not twice
        assert await flights.get([], ask) == {}
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(check())


async def test_a_call_may_end_before_its_first_step() -> None:
    """All who waited for it have left, or all connections are closed, in the tick in which it was asked for."""

    async def ask(keys: Sequence[str]) -> dict[str, str | ConnectorError]:
        raise AssertionError("too late")

    flights: Flights[str, str] = Flights()
    leaving, staying = [asyncio.create_task(flights.get_one(key, ask)) for key in "ab"]
    asyncio.get_running_loop().call_soon(leaving.cancel)  # before the calls' own first steps
    closing = asyncio.create_task(flights.aclose())

    assert isinstance(await staying, UnreachableError)
    await closing
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await turns()
    assert await flights.get([], ask) == {}
    assert flights.start("ab", answer_at_once, 1)  # neither key is asked for any more
    await turns()
    assert flights.start("a", answer_at_once, 1)
    await turns()


async def never(keys: Sequence[str]) -> dict[str, str | ConnectorError]:
    await asyncio.Event().wait()
    return {}


async def test_who_asks_again_as_time_is_up_for_all_is_told_so_again() -> None:
    """Who begins to wait when the others' end has struck, and they have not gone yet, has an end of his own."""
    flights: Flights[str, str] = Flights()

    async def twice(key: str) -> list[object]:
        return [await flights.get_one(key, never, 0.0) for _ in range(2)]

    async with asyncio.timeout(5):
        ends = await asyncio.gather(*map(twice, "abc"))

    assert [type(end) for both in ends for end in both] == [OutOfTimeError] * 6
    await flights.aclose()


async def test_who_leaves_takes_no_end_from_the_others() -> None:
    """Of two who wait until the same moment, one leaves; and a third with more time is not told before it."""
    flights: Flights[str, str] = Flights()
    leaving, staying, patient = [
        asyncio.create_task(flights.get_one(key, never, patience))
        for key, patience in [("a", 0.0), ("b", 0.0), ("c", 5.0)]
    ]
    asyncio.get_running_loop().call_soon(leaving.cancel)  # before their end can strike

    async with asyncio.timeout(5):
        assert isinstance(await staying, OutOfTimeError)

    assert leaving.cancelled()
    await turns()
    assert not patient.done()
    await flights.aclose()
    assert isinstance(await patient, UnreachableError)


async def answer_at_once(keys: Sequence[str]) -> dict[str, str | ConnectorError]:
    return dict.fromkeys(keys, "answer")


async def test_what_a_call_leaves_out_is_left_out_of_the_answer() -> None:
    async def nothing(keys: Sequence[str]) -> dict[str, str | ConnectorError]:
        return {}

    flights: Flights[str, str] = Flights()

    assert await flights.get_one("a", nothing) is None
    assert await flights.get(["a", "b"], nothing) == {}


async def test_an_error_reaches_all_who_wait_and_nobody_after() -> None:
    source = Asked(gate=asyncio.Event(), trouble=lambda: UnreachableError("HTTP 500"))
    cache = cache_of(source)
    tasks = [asyncio.create_task(cache.list_executions("w", QUERY, None)) for _ in range(3)]
    await turns()
    assert source.gate is not None
    source.gate.set()

    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ends] == [UnreachableError] * 3
    source.trouble = lambda: None
    assert runs_of(await cache.list_executions("w", QUERY, None))


async def test_an_error_of_ours_reaches_all_who_wait_as_it_is() -> None:
    class Broken(Asked):
        async def get_executions(self, ids: object) -> dict[NativeId, AskedExecution]:
            raise ZeroDivisionError

    cache = cache_of(Broken())
    tasks = [asyncio.create_task(cache.get_executions([NativeId("w", "a")])) for _ in range(2)]

    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ends] == [ZeroDivisionError] * 2


async def test_calls_count_for_the_query_that_caused_them() -> None:
    class Counted(Asked):
        async def _asked(self, *what: object) -> None:
            counts = tally.get()
            assert counts is not None
            counts[self.name] += 1
            await super()._asked(*what)

    source = Counted(gate=asyncio.Event())
    cache = cache_of(source)

    async def query() -> int:
        counts = Counter[str]()
        tally.set(counts)
        await cache.list_executions("w", QUERY, None)
        return counts["src"]

    tasks = [asyncio.create_task(query()) for _ in range(3)]
    await turns()
    assert source.gate is not None
    source.gate.set()

    assert await asyncio.gather(*tasks) == [1, 0, 0]


mark: ContextVar[str] = ContextVar("mark", default="nobody")


async def test_a_call_has_nothing_else_of_the_query_that_was_first() -> None:
    class Marked(Asked):
        async def _asked(self, *what: object) -> None:
            await super()._asked(*what, mark.get())

    source = Marked()
    mark.set("the first one")

    await cache_of(source).workflows()

    assert source.calls == [("workflows", "nobody")]


async def test_a_query_with_more_time_is_not_harmed_by_the_deadline_of_the_first() -> None:
    """The first one's call ends with its query; the second one then asks for itself."""
    started = time.monotonic()

    class Timed(Asked):
        async def _asked(self, *what: object) -> None:
            await super()._asked(*what)
            end = deadline.get()
            assert end is not None
            if end < started + 50:
                raise OutOfTimeError("the query's deadline struck")

    source = Timed(gate=asyncio.Event())
    cache = cache_of(source)

    async def query(seconds: float) -> object:
        deadline.set(started + seconds)
        try:
            return await cache.list_executions("w", QUERY, None)
        except OutOfTimeError as error:
            return error

    tasks = [asyncio.create_task(query(seconds)) for seconds in (30, 30.5, 60, 60)]
    await turns()
    assert source.gate is not None
    source.gate.set()
    ends = await asyncio.gather(*tasks)

    assert [type(end) for end in ends] == [OutOfTimeError, OutOfTimeError, Page, Page]
    assert len(source.calls) == 2  # the second one, with half a second more, does not ask for that


async def test_past_its_deadline_a_query_asks_nothing() -> None:
    source = Asked()
    cache = cache_of(source)
    deadline.set(time.monotonic() - 1)

    with pytest.raises(OutOfTimeError, match="deadline has passed"):
        await cache.list_executions("w", QUERY, None)
    found = await cache.get_executions([NativeId("w", "a")])

    assert [type(one) for one in found.values()] == [OutOfTimeError]
    assert source.calls == []


async def test_at_its_deadline_a_query_gets_an_error_and_the_call_may_end() -> None:
    """No task that waits is cancelled for it: a dataloader would never recover from that."""
    source = Asked(gate=asyncio.Event())
    cache = cache_of(source)
    deadline.set(time.monotonic() + 0.02)

    found = await cache.get_executions([NativeId("w", "b")])

    assert [type(one) for one in found.values()] == [OutOfTimeError]
    assert source.cancelled == 0
    assert source.gate is not None
    source.gate.set()
    await turns()
    deadline.set(None)
    assert await cache.list_steps([]) == {}
    assert len(source.calls) == 1


async def test_closing_ends_the_calls_under_way_and_tells_those_who_wait() -> None:
    closed = []

    async def close() -> None:
        closed.append(True)

    source = Asked(gate=asyncio.Event())
    cache = Cached(source, Clock(), close=close)
    waiting = asyncio.create_task(cache.list_executions("w", QUERY, None))
    await turns()

    await cache.aclose()

    with pytest.raises(UnreachableError, match="being closed"):
        await waiting
    assert (source.cancelled, closed) == (1, [True])
    assert len(asyncio.all_tasks()) == 1
