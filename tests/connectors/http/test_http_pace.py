"""A rate kept to, on a clock that jumps."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.connect import _rate
from connectors.contract import Rate
from connectors.http.bucket import Bucket
from connectors.http.client import Request, Response
from connectors.http.pace import Pace, Paced
from connectors.registry import find_providers
from tests.connectors.http.fakes import FakeClock, ending_at
from tests.connectors.replay import answer
from tests.connectors.test_contract import settings_of

REQUEST = Request(path="/runs")


class JumpingLoop(asyncio.SelectorEventLoop):
    """Nothing is waited for: when nobody has anything to do, it is the time of the next timer.

    A turn takes a microsecond, as in a clock that stood quite still, rounding would wait for itself.
    """

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        self.now += 1e-6
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self.now = max(self.now, self._scheduled[0].when())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


class Stamping:
    """Notes when each call came."""

    def __init__(self) -> None:
        self.times: list[float] = []

    async def send(self, request: Request) -> Response:
        self.times.append(asyncio.get_running_loop().time())
        return answer({})


def times_of(rate: Rate, calls: int) -> list[float]:
    """When calls made at once are sent."""

    async def all_at_once() -> list[float]:
        inner = Stamping()
        paced = Paced(inner, Pace(rate))
        await asyncio.gather(*(paced.send(REQUEST) for _ in range(calls)))
        return inner.times

    return jumping(all_at_once())


def jumping(work: Coroutine[Any, Any, list[float]]) -> list[float]:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(work)


def test_as_many_as_the_rate_allows_go_at_once() -> None:
    assert times_of(Rate(5, 1), 5) == pytest.approx([0.0] * 5, abs=0.01)


def test_the_others_go_as_room_comes_back() -> None:
    times = times_of(Rate(5, 1), 10)
    assert times[:5] == pytest.approx([0.0] * 5, abs=0.01)
    assert times[5:] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0], abs=0.01)


async def test_a_call_that_comes_too_late_or_in_a_pause_takes_no_room() -> None:
    clock = FakeClock()
    pace = Pace(Rate(1, 60), clock=clock)
    with ending_at(clock.now):
        assert not pace.take()
    pace.pause(1.0)
    assert not pace.take()

    clock.now += 1.0
    with ending_at(clock.now + 0.1):
        assert pace.take()
    assert not pace.take()


def test_those_who_wait_go_in_the_order_in_which_they_came() -> None:
    """Room that comes back is for who waits, not for who comes at that moment; who has gone away takes none of it."""

    async def one_after_the_other() -> list[float]:
        bucket, went = Bucket(Rate(1, 1)), list[float]()

        async def go(number: float) -> None:
            if not bucket.take():
                await bucket.wait()
            went.append(number)

        tasks = [asyncio.create_task(go(number)) for number in range(5)]
        await asyncio.sleep(0.5)
        tasks[2].cancel()
        await asyncio.sleep(0.5 - 1e-5)
        tasks.append(asyncio.create_task(go(5)))
        await asyncio.gather(*tasks, return_exceptions=True)
        return [*went, asyncio.get_running_loop().time()]

    *went, seconds = jumping(one_after_the_other())
    assert went == [0, 1, 3, 4, 5]
    assert seconds == pytest.approx(4, abs=0.01)


def test_room_of_one_who_is_let_in_and_does_not_hear_of_it_is_given_back() -> None:
    async def cancelled_as_it_is_let_in() -> list[float]:
        bucket, loop = Bucket(Rate(1, 10)), asyncio.get_running_loop()
        assert isinstance(loop, JumpingLoop)
        assert bucket.take()
        first, second = asyncio.create_task(bucket.wait()), asyncio.create_task(bucket.wait())
        await asyncio.sleep(0)
        loop.now = 10.0
        bucket._let_in()
        first.cancel()
        await second
        return [loop.time()]

    assert jumping(cancelled_as_it_is_let_in()) == pytest.approx([10], abs=0.01)


@pytest.mark.parametrize("name", find_providers())
def test_no_providers_published_limit_is_broken_in_any_window(name: str) -> None:
    """Boomi: 10 in a second. SailPoint: 100 in 10 s. The others publish none, and keep to their own."""
    limit, window = {"boomi": (10, 1.0), "sailpoint": (100, 10.0)}.get(name, (20, 1.0))
    times = times_of(find_providers()[name].capabilities.rate, 200)

    for at in times:
        assert sum(at <= other < at + window for other in times) <= limit


@pytest.mark.parametrize(
    ("per_second", "rate"),
    [
        (None, Rate(5, 1)),
        (5.0, Rate(5, 1)),
        (20.0, Rate(20, 1)),
        (1.0, Rate(1, 1)),
        (0.5, Rate(1, 2)),
        (0.1, Rate(1, 10)),
    ],
)
def test_the_operators_rate_takes_the_place_of_ours(per_second: float | None, rate: Rate) -> None:
    settings = replace(settings_of("arcee"), requests_per_second=per_second)
    assert _rate(settings, find_providers()["arcee"]) == rate


@pytest.mark.parametrize(("per_second", "seconds"), [(0.5, [0.0, 2.0, 4.0]), (0.1, [0.0, 10.0, 20.0])])
def test_a_rate_below_one_a_second_is_kept_as_well(per_second: float, seconds: list[float]) -> None:
    assert times_of(Rate(1.0, 1.0 / per_second), 3) == pytest.approx(seconds, abs=0.01)
