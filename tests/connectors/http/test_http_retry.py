"""Further tries: for what, how many, after how long, and within which budget."""

import asyncio
from collections.abc import Callable

import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from connectors.errors import (
    ConnectorError,
    ForbiddenError,
    LimitReachedError,
    MissingError,
    OutOfTimeError,
    RefusedError,
    ThrottledError,
    TimedOutError,
    UnreachableError,
    UnreadableError,
    UnsupportedError,
    UntrustedError,
)
from connectors.http.auth import Authorized, Renewed, Secret, Token
from connectors.http.budget import RetryBudget
from connectors.http.client import HttpClient, Request, Response, post
from connectors.http.retry import Retrying
from connectors.http.status import StatusChecked
from tests.connectors.http.fakes import FakeClock, ending_at
from tests.connectors.replay import Answer, Replay, answer

READ = Request(path="/runs")
QUERY = post("/ExecutionRecord/query", {})
DELETE = Request(method="DELETE", path="/runs/r1", is_read=False)
DOWN = UnreachableError("down")


def full_budget() -> RetryBudget:
    budget = RetryBudget(most_saved=1000)
    for _ in range(5000):
        budget.earn()
    return budget


def retrying(
    http: HttpClient,
    clock: FakeClock | None = None,
    budget: RetryBudget | None = None,
    randomness: Callable[[], float] = lambda: 1.0,
) -> Retrying:
    clock = clock or FakeClock()
    return Retrying(
        http, "llm", budget or full_budget(), clock=clock, sleep=clock.sleep, randomness=randomness, patience=8.0
    )


# for what


@pytest.mark.parametrize("error", [DOWN, TimedOutError("late"), ThrottledError("busy")], ids=type)
@pytest.mark.parametrize("request_", [READ, QUERY], ids=["GET", "query by POST"])
async def test_a_read_is_tried_again_when_it_may_go_better(request_: Request, error: ConnectorError) -> None:
    http, good = Replay(error, error, answer({"a": 1})), answer({"a": 1})

    assert await retrying(http).send(request_) == good
    assert http.requests == [request_] * 3


@pytest.mark.parametrize(
    "error",
    [
        UntrustedError("another name"),
        OutOfTimeError("too little time"),
        RefusedError("401"),
        ForbiddenError("403"),
        MissingError("404"),
        UnsupportedError("400"),
        UnreadableError("a redirect"),
        LimitReachedError("ours"),
    ],
    ids=type,
)
async def test_what_will_not_go_better_is_sent_once(error: ConnectorError) -> None:
    http = Replay(error, answer({}))

    with pytest.raises(type(error)) as caught:
        await retrying(http).send(READ)

    assert caught.value is error
    assert len(http.requests) == 1


async def test_what_changes_something_is_sent_once() -> None:
    http = Replay(DOWN, answer({}))

    with pytest.raises(UnreachableError):
        await retrying(http).send(DELETE)

    assert len(http.requests) == 1


async def test_an_error_of_ours_is_not_tried_again() -> None:
    class Broken:
        calls = 0

        async def send(self, request: Request) -> Response:
            self.calls += 1
            raise KeyError("a bug")

    broken = Broken()
    with pytest.raises(KeyError):
        await retrying(broken).send(READ)

    assert broken.calls == 1


async def test_a_caller_who_gives_up_is_not_served_any_more() -> None:
    class Hanging:
        calls = 0
        is_called = asyncio.Event()

        async def send(self, request: Request) -> Response:
            self.calls += 1
            self.is_called.set()
            await asyncio.Event().wait()
            raise AssertionError

    hanging = Hanging()
    caller = asyncio.create_task(retrying(hanging).send(READ))
    await hanging.is_called.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller

    assert hanging.calls == 1


async def test_an_empty_answer_is_asked_for_again() -> None:
    """It is found below the retries, where the status is."""
    http = Replay(answer(b""), answer(b'{"result":[{"a"'), answer({"result": []}))

    response = await retrying(StatusChecked(http)).send(READ)

    assert response.body == b'{"result": []}'
    assert len(http.requests) == 3


# how many, how long


async def test_the_third_failure_is_the_last_and_is_told() -> None:
    last = UnreachableError("the third")
    http = Replay(UnreachableError("the first"), TimedOutError("the second"), last, answer({}))

    with pytest.raises(UnreachableError) as caught:
        await retrying(http).send(READ)

    assert caught.value is last
    assert len(http.requests) == 3


@pytest.mark.parametrize(("luck", "waits"), [(1.0, [0.25, 0.5]), (0.5, [0.125, 0.25]), (0.0, [])])
async def test_waits_are_full_jitter_and_grow(luck: float, waits: list[float]) -> None:
    clock = FakeClock()

    with pytest.raises(UnreachableError):
        await retrying(Replay(lambda _: DOWN), clock, randomness=lambda: luck).send(READ)

    assert clock.slept == waits


async def test_the_provider_says_how_long() -> None:
    clock = FakeClock()
    http = Replay(ThrottledError("busy", retry_after=3.0), UnreachableError("503", retry_after=1.0), answer({}))

    await retrying(http, clock).send(READ)

    assert clock.slept == [3.0, 1.0]


async def test_it_cannot_say_less_than_our_own_wait() -> None:
    clock = FakeClock()

    await retrying(Replay(ThrottledError("busy", retry_after=0.0), answer({})), clock).send(READ)

    assert clock.slept == [0.25]


@pytest.mark.parametrize(
    ("left", "retry_after", "calls"),
    [
        (10.0, 9.9, 2),
        (10.0, 10.0, 1),
        (10.0, 3600.0, 1),
        (0.2, None, 1),
        (0.3, None, 2),
        (0.0, None, 1),
        (-1.0, None, 1),
        (None, 7.9, 2),
        (None, 8.0, 1),  # nobody waits: bounded by the source's timeout
    ],
)
async def test_a_wait_that_does_not_fit_is_not_begun(left: float | None, retry_after: float | None, calls: int) -> None:
    clock = FakeClock()
    http = Replay(lambda _: ThrottledError("busy", retry_after=retry_after))

    with ending_at(None if left is None else clock.now + left), pytest.raises(ThrottledError) as caught:
        await retrying(http, clock).send(READ)

    assert len(http.requests) == calls
    assert caught.value.retry_after == retry_after
    assert left is None or sum(clock.slept) <= max(left, 0)


async def test_time_spent_in_a_try_is_gone() -> None:
    clock = FakeClock()

    def slow(request: Request) -> Answer:
        clock.now += 8.0
        return TimedOutError("no answer within 8 s")

    http = Replay(slow)
    with ending_at(clock.now + 10.0), pytest.raises(TimedOutError):
        await retrying(http, clock).send(READ)

    assert len(http.requests) == 2, "2 s are left after the first, none after the second"


# the budget


@pytest.mark.parametrize("calls", [1, 2, 3, 4, 5, 6, 9, 10, 11, 50, 1000])
async def test_when_all_fails_calls_sent_are_at_most_a_fifth_more(calls: int) -> None:
    http, budget = Replay(lambda _: DOWN), RetryBudget()

    for _ in range(calls):
        with pytest.raises(UnreachableError):
            await retrying(http, budget=budget).send(READ)

    assert calls <= len(http.requests) <= 1.2 * calls
    assert calls < 5 or len(http.requests) == calls + calls // 5


async def test_the_same_holds_for_calls_at_once() -> None:
    http, budget = Replay(lambda _: DOWN), RetryBudget()
    client = retrying(http, budget=budget)

    await asyncio.gather(*(client.send(READ) for _ in range(100)), return_exceptions=True)

    assert 100 < len(http.requests) <= 120


@given(outcomes=st.lists(st.booleans(), max_size=300))
def test_for_any_run_of_failures_the_share_is_kept(outcomes: list[bool]) -> None:
    """At every moment, not on the average only."""
    budget, spent = RetryBudget(), 0
    for number, fails in enumerate(outcomes, start=1):
        budget.earn()
        while fails and budget.spend():
            spent += 1
        assert spent <= number / 5


async def test_quiet_times_leave_three_further_tries_for_troubled_ones() -> None:
    state = {"down": False}
    http, budget = Replay(lambda _: DOWN if state["down"] else answer({})), RetryBudget()
    client = retrying(http, budget=budget)
    for _ in range(1000):
        await client.send(READ)
    http.requests.clear()
    state["down"] = True

    for _ in range(20):
        with pytest.raises(UnreachableError):
            await client.send(READ)

    assert 20 + 3 <= len(http.requests) <= 20 + 3 + 20 // 5


# one layer


async def test_a_call_for_a_token_is_tried_again_with_the_call_that_needs_it() -> None:
    """Not three times three."""
    clock, budget = FakeClock(), full_budget()
    exchange, api = Replay(lambda _: DOWN), Replay(lambda _: answer({}))
    to_exchange = retrying(exchange, clock, budget)

    async def fetch() -> Token:
        await to_exchange.send(READ)
        return Token(Secret("t"), 600)

    client = retrying(Authorized(api, Renewed(fetch)), clock, budget)
    with pytest.raises(UnreachableError):
        await client.send(QUERY)

    assert (len(exchange.requests), len(api.requests)) == (3, 0)


async def test_for_a_call_that_is_sent_once_its_token_is_tried_for_by_itself() -> None:
    exchange, api = Replay(DOWN, answer({})), Replay(lambda _: answer({}))
    to_exchange = retrying(exchange)

    async def fetch() -> Token:
        await to_exchange.send(READ)
        return Token(Secret("t"), 600)

    await retrying(Authorized(api, Renewed(fetch))).send(DELETE)

    assert (len(exchange.requests), len(api.requests)) == (2, 1)


# what is told


async def test_a_log_tells_of_each_further_try_and_nothing_that_was_sent() -> None:
    secret = Request(path="/runs", params=(("token", "canary"),), headers=(("A", "canary"),), body=b"canary")

    with capture_logs() as logs:
        await retrying(Replay(DOWN, answer({}))).send(secret)

    assert logs == [
        {"event": "again", "source": "llm", "path": "/runs", "error": "UNREACHABLE", "after": 0.25, "log_level": "info"}
    ]
    assert stamina.instrumentation.get_on_retry_hooks() == ()


async def test_no_wait_goes_by_another_clock() -> None:
    """stamina would wait on the event loop's: there it is told to come back at once."""
    clock = FakeClock()

    with pytest.raises(ThrottledError):
        await asyncio.wait_for(
            retrying(Replay(lambda _: ThrottledError("busy", retry_after=3.5)), clock).send(READ), timeout=3
        )

    assert clock.slept == [3.5, 3.5]
