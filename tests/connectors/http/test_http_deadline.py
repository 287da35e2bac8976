"""Deadlines shrink on the way down: whatever waits below a query gives up by when it ends, and says what struck."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from connectors.contract import Rate, deadline
from connectors.errors import OutOfTimeError, ThrottledError
from connectors.http.auth import Authorized, Renewed, Token
from connectors.http.client import Request
from connectors.http.deadline import time_left, within_deadline
from connectors.http.pace import Pace, Paced
from connectors.http.transport import Transport
from tests.connectors.http.fakes import FakeClock, ending_at
from tests.connectors.http.test_http_pace import JumpingLoop, Stamping
from tests.connectors.replay import Replay, answer

READ = Request(path="/runs")


def jumping(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(work)


def loop_time() -> float:
    return asyncio.get_running_loop().time()


def test_work_that_no_query_waits_for_has_no_deadline() -> None:
    assert deadline.get() is None
    assert time_left() is None


def test_time_left_shrinks_and_goes_below_nought() -> None:
    clock = FakeClock()
    with ending_at(clock.now + 10.0):
        assert time_left(clock) == 10.0
        clock.now += 12.0
        assert time_left(clock) == -2.0
    assert time_left(clock) is None


def test_what_is_inside_ends_with_the_query() -> None:
    async def work() -> None:
        with ending_at(loop_time() + 3.0), pytest.raises(OutOfTimeError) as caught:
            async with within_deadline("tea", loop_time):
                await asyncio.Event().wait()
        assert caught.value.message == "the query's deadline struck while waiting for tea"
        assert loop_time() == pytest.approx(3.0, abs=0.01)

    jumping(work())


def test_a_cancellation_stays_one() -> None:
    async def work() -> None:
        async def wait() -> None:
            with ending_at(loop_time() + 3.0):
                async with within_deadline("tea", loop_time):
                    await asyncio.Event().wait()

        task = asyncio.create_task(wait())
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    jumping(work())


# the rate


def test_a_call_waits_for_its_turn_while_there_is_time() -> None:
    async def work() -> None:
        inner = Stamping()
        paced = Paced(inner, Pace(Rate(1, 2), clock=loop_time))
        with ending_at(loop_time() + 5.0):
            found = await asyncio.gather(*(paced.send(READ) for _ in range(10)), return_exceptions=True)
            gave_up = loop_time()

        assert inner.times == pytest.approx([0.0, 2.0, 4.0], abs=0.01)
        assert [type(one) for one in found[3:]] == [OutOfTimeError] * 7
        assert gave_up == pytest.approx(5.0, abs=0.01)

    jumping(work())


def test_a_call_whose_turn_would_come_too_late_gives_up_at_once() -> None:
    async def work() -> None:
        paced = Paced(Stamping(), Pace(Rate(1, 2), clock=loop_time))
        waiting = [asyncio.create_task(paced.send(READ)) for _ in range(4)]
        await asyncio.sleep(0)
        with ending_at(loop_time() + 5.0), pytest.raises(OutOfTimeError) as caught:
            await paced.send(READ)
        assert caught.value.message == "not asked: 3 calls before this one fill the time that the query has left"
        assert loop_time() < 0.01
        await asyncio.gather(*waiting)

    jumping(work())


def test_who_gives_up_takes_no_turn_from_the_others() -> None:
    async def work() -> None:
        inner = Stamping()
        paced = Paced(inner, Pace(Rate(1, 2), clock=loop_time))
        with ending_at(1.0):
            hurried = [asyncio.create_task(paced.send(READ)) for _ in range(5)]
        patient = [asyncio.create_task(paced.send(READ)) for _ in range(2)]
        await asyncio.gather(*hurried, *patient, return_exceptions=True)
        assert inner.times == pytest.approx([0.0, 2.0, 4.0], abs=0.01)

    jumping(work())


def test_background_work_waits_as_long_as_it_takes() -> None:
    async def work() -> None:
        inner = Stamping()
        paced = Paced(inner, Pace(Rate(1, 60), clock=loop_time))
        await asyncio.gather(*(paced.send(READ) for _ in range(3)))
        assert inner.times == pytest.approx([0.0, 60.0, 120.0], abs=0.01)

    jumping(work())


# pauses that the provider asks for


BUSY = answer({}, 429, {"retry-after": "4"})


def paced(http: Replay, clock: FakeClock, throttling: frozenset[int] = frozenset({429})) -> Paced:
    return Paced(http, Pace(Rate(100, 1), patience=8.0, clock=clock, sleep=clock.sleep), throttling)


async def test_after_retry_after_all_calls_wait() -> None:
    clock = FakeClock()
    client = paced(Replay(BUSY, answer({}), answer({})), clock)

    assert (await client.send(READ)).status == 429
    clock.now += 1.0
    await client.send(READ)
    await client.send(READ)

    assert clock.slept == [3.0]


@pytest.mark.parametrize(("left", "waits"), [(4.1, True), (4.0, False), (1.0, False), (None, True)])
async def test_a_pause_that_outlasts_the_query_is_told_at_once(left: float | None, waits: bool) -> None:
    clock = FakeClock()
    http = Replay(BUSY, answer({}))
    client = paced(http, clock)
    await client.send(READ)

    with ending_at(None if left is None else clock.now + left):
        if waits:
            assert (await client.send(READ)).status == 200
        else:
            with pytest.raises(ThrottledError) as caught:
                await client.send(READ)
            assert caught.value.retry_after == 4.0
            assert (len(http.requests), clock.slept) == (1, [])


async def test_background_work_waits_no_longer_than_for_an_answer() -> None:
    clock = FakeClock()
    client = paced(Replay(answer({}, 429, {"retry-after": "8"}), answer({})), clock)
    await client.send(READ)

    with pytest.raises(ThrottledError):
        await client.send(READ)
    assert clock.slept == []


async def test_a_pause_holds_for_all_clients_of_the_credential() -> None:
    clock = FakeClock()
    pace = Pace(Rate(100, 1), clock=clock, sleep=clock.sleep)
    await Paced(Replay(BUSY), pace).send(READ)

    await Paced(Replay(answer({})), pace).send(READ)

    assert clock.slept == [4.0]


@pytest.mark.parametrize(
    ("status", "throttling", "pauses"),
    [(429, {429}, True), (503, {429, 503}, True), (503, {429}, False), (200, {429}, False)],
)
async def test_only_what_the_provider_calls_throttling_pauses(status: int, throttling: set[int], pauses: bool) -> None:
    """A 503 of others is one server's trouble, and no word on the rate."""
    clock = FakeClock()
    client = paced(Replay(answer({}, status, {"retry-after": "4"}), answer({})), clock, frozenset(throttling))
    await client.send(READ)
    await client.send(READ)

    assert bool(clock.slept) is pauses


async def test_a_refusal_that_does_not_say_how_long_pauses_nothing() -> None:
    clock = FakeClock()
    client = paced(Replay(answer({}, 429), answer({})), clock)
    await client.send(READ)
    await client.send(READ)

    assert clock.slept == []


async def test_the_longest_of_several_pauses_counts() -> None:
    clock = FakeClock()
    pace = Pace(Rate(100, 1), clock=clock, sleep=clock.sleep)
    pace.pause(5.0)
    pace.pause(1.0)
    await pace.turn()

    assert clock.slept == [5.0]


# tokens and calls


def test_waiting_for_a_token_ends_with_the_query() -> None:
    async def work() -> None:
        async def hang() -> Token:
            await asyncio.Event().wait()
            raise AssertionError

        client = Authorized(Replay(), Renewed(hang), clock=loop_time)
        with ending_at(loop_time() + 2.0):
            found = await asyncio.gather(client.send(READ), client.send(READ), return_exceptions=True)
        assert [str(one) for one in found] == ["the query's deadline struck while waiting for an access token"] * 2
        assert loop_time() == pytest.approx(2.0, abs=0.01)

    jumping(work())


@pytest.mark.parametrize("left", [0.0, -5.0])
async def test_after_the_deadline_nothing_is_sent(left: float) -> None:
    clock = FakeClock()
    transport = Transport("http://127.0.0.1:1", clock=clock)

    with ending_at(clock.now + left), pytest.raises(OutOfTimeError) as caught:
        await transport.send(READ)

    assert caught.value.message == "not asked: the query's deadline has passed"
    await transport.aclose()
