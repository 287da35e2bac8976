"""The breaker: when it opens, what it does then, and how it closes again."""

import asyncio

import pytest
from structlog.testing import capture_logs

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
    UnsupportedError,
    UntrustedError,
)
from connectors.http.auth import Authorized, Renewed, Secret, Token
from connectors.http.breaker import Breaker
from connectors.http.client import Request, Response
from tests.connectors.http.fakes import FakeClock
from tests.connectors.replay import Answer, Replay, answer

READ = Request(path="/runs")
DOWN = UnreachableError("down")


class Upstream:
    """Answers as it is told to."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.gives: Answer = answer({})
        self.http = Replay(lambda _: self.gives)
        self.breaker = Breaker(self.http, "llm", clock=self.clock)

    async def ask(self, gives: Answer | None = None, times: int = 1) -> ConnectorError | None:
        """The last error."""
        self.gives = answer({}) if gives is None else gives
        error = None
        for _ in range(times):
            try:
                await self.breaker.send(READ)
                error = None
            except ConnectorError as caught:
                error = caught
        return error

    @property
    def calls(self) -> int:
        return len(self.http.requests)


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
async def opened(upstream: Upstream) -> Upstream:
    await upstream.ask(DOWN, times=10)
    assert upstream.breaker.is_open
    upstream.http.requests.clear()
    return upstream


# opening


@pytest.mark.parametrize(
    ("outcomes", "is_open"),
    [
        ("f" * 9, False),
        ("f" * 10, True),
        ("sf" * 4 + "s", False),
        ("sf" * 5, True),
        ("fs" * 5, True),
        ("s" * 6 + "f" * 4, False),
        ("s" * 6 + "f" * 6, True),
        ("s" * 20 + "f" * 9, False),
        ("s" * 20 + "f" * 10, True),
        ("s" * 1000 + "f" * 10, True),
        ("ssf" * 100, False),
    ],
)
async def test_it_opens_when_half_of_the_last_twenty_failed_of_at_least_ten(
    upstream: Upstream, outcomes: str, is_open: bool
) -> None:
    for outcome in outcomes:
        await upstream.ask(DOWN if outcome == "f" else None)

    assert upstream.breaker.is_open is is_open


@pytest.mark.parametrize("error", [DOWN, TimedOutError("late"), UntrustedError("another name")], ids=type)
async def test_what_counts_as_a_failure(upstream: Upstream, error: ConnectorError) -> None:
    await upstream.ask(error, times=10)
    assert upstream.breaker.is_open


@pytest.mark.parametrize(
    "error",
    [
        RefusedError("401"),
        ForbiddenError("403"),
        MissingError("404"),
        UnsupportedError("400"),
        UnreadableError("HTML"),
        ThrottledError("429"),
        OutOfTimeError("too little time"),
    ],
    ids=type,
)
async def test_what_does_not(upstream: Upstream, error: ConnectorError) -> None:
    await upstream.ask(error, times=100)
    assert not upstream.breaker.is_open


@pytest.mark.parametrize("error", [ThrottledError("429"), OutOfTimeError("too little time")], ids=type)
async def test_what_tells_nothing_is_no_success_either(upstream: Upstream, error: ConnectorError) -> None:
    for _ in range(10):
        await upstream.ask(error, times=5)
        await upstream.ask(DOWN)
    assert upstream.breaker.is_open


async def test_callers_who_leave_do_not_count() -> None:
    class Hanging:
        calls = 0

        async def send(self, request: Request) -> Response:
            self.calls += 1
            await asyncio.Event().wait()
            raise AssertionError

    breaker = Breaker(Hanging(), "llm")
    callers = [asyncio.create_task(breaker.send(READ)) for _ in range(50)]
    await asyncio.sleep(0)
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)

    assert not breaker.is_open


async def test_an_error_of_ours_does_not_count() -> None:
    class Broken:
        async def send(self, request: Request) -> Response:
            raise KeyError("a bug")

    breaker = Breaker(Broken(), "llm")
    for _ in range(20):
        with pytest.raises(KeyError):
            await breaker.send(READ)

    assert not breaker.is_open


# open


async def test_an_open_breaker_answers_without_a_call_and_without_a_wait(opened: Upstream) -> None:
    opened.clock.now += 2.0
    error = await opened.ask(None, times=100)

    assert type(error) is UnreachableError
    assert error.message == "not asked: it keeps failing, and is left alone for some seconds"
    assert (error.retryable, error.retry_after) == (True, 3.0)
    assert (opened.calls, opened.clock.slept) == (0, [])


async def test_it_answers_in_one_go(opened: Upstream) -> None:
    """Not even the event loop gets a turn."""
    with pytest.raises(UnreachableError):
        opened.breaker.send(READ).send(None)


# half open


@pytest.mark.parametrize("is_back", [True, False])
async def test_after_the_cool_down_exactly_one_call_probes_and_the_others_wait_for_it(is_back: bool) -> None:
    clock, gate, calls = FakeClock(), asyncio.Event(), 0

    class Upstream:
        async def send(self, request: Request) -> Response:
            nonlocal calls
            calls += 1
            if calls <= 10:
                raise DOWN
            await gate.wait()
            if is_back:
                return answer({})
            raise DOWN

    breaker = Breaker(Upstream(), "llm", clock=clock)
    for _ in range(10):
        with pytest.raises(UnreachableError):
            await breaker.send(READ)
    clock.now += 5.0
    callers = [asyncio.create_task(breaker.send(READ)) for _ in range(20)]
    await asyncio.sleep(0)
    assert calls == 11
    gate.set()
    found = await asyncio.gather(*callers, return_exceptions=True)

    assert calls == (30 if is_back else 11)
    assert [isinstance(one, Response) for one in found] == [is_back] * 20
    assert breaker.is_open is not is_back


async def test_a_probe_that_succeeds_closes_it_for_all(opened: Upstream) -> None:
    opened.clock.now += 5.0
    assert await opened.ask(None, times=5) is None
    assert opened.calls == 5

    await opened.ask(DOWN, times=4)
    assert not opened.breaker.is_open, "old failures are forgotten"


async def test_a_probe_that_fails_opens_it_for_another_while(opened: Upstream) -> None:
    for _ in range(3):
        opened.clock.now += 5.0
        await opened.ask(DOWN, times=10)
        error = await opened.ask(DOWN)
        assert error is not None and error.retry_after == 5.0

    assert opened.calls == 3


@pytest.mark.parametrize("status", [MissingError("404"), RefusedError("401"), UnreadableError("HTML")], ids=type)
async def test_any_answer_shows_that_it_is_back(opened: Upstream, status: ConnectorError) -> None:
    opened.clock.now += 5.0
    assert await opened.ask(status) is status
    assert not opened.breaker.is_open


@pytest.mark.parametrize("error", [ThrottledError("429"), OutOfTimeError("too little time")], ids=type)
async def test_a_probe_that_tells_nothing_leaves_its_place_to_the_next(opened: Upstream, error: ConnectorError) -> None:
    opened.clock.now += 5.0
    assert await opened.ask(error) is error
    assert opened.breaker.is_open

    assert await opened.ask(None) is None
    assert not opened.breaker.is_open


async def test_so_does_a_probe_whose_caller_leaves() -> None:
    clock = FakeClock()
    gives: list[Answer] = [DOWN] * 10

    class Upstream:
        async def send(self, request: Request) -> Response:
            if not gives:
                await asyncio.Event().wait()
            given = gives.pop()
            if isinstance(given, Response):
                return given
            raise DOWN

    breaker = Breaker(Upstream(), "llm", clock=clock)
    for _ in range(10):
        with pytest.raises(UnreachableError):
            await breaker.send(READ)
    clock.now += 5.0
    probe = asyncio.create_task(breaker.send(READ))
    await asyncio.sleep(0)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert breaker.is_open

    gives.append(answer({}))
    assert (await breaker.send(READ)).status == 200
    assert not breaker.is_open


async def test_what_was_sent_before_it_opened_tells_nothing_after_it_has_closed() -> None:
    clock, gate = FakeClock(), asyncio.Event()

    class Upstream:
        is_up = False

        async def send(self, request: Request) -> Response:
            if request.path == "/slow":
                await gate.wait()
            elif self.is_up:
                return answer({})
            raise DOWN

    upstream = Upstream()
    breaker = Breaker(upstream, "llm", clock=clock)
    slow = [asyncio.create_task(breaker.send(Request(path="/slow"))) for _ in range(30)]
    await asyncio.sleep(0)
    for _ in range(10):
        with pytest.raises(UnreachableError):
            await breaker.send(READ)
    clock.now += 5.0
    upstream.is_up = True
    await breaker.send(READ)
    gate.set()
    await asyncio.gather(*slow, return_exceptions=True)

    assert not breaker.is_open


# on the way of another call


async def test_a_call_for_a_token_counts_as_part_of_the_call_that_needs_it() -> None:
    """So that a probe is not refused by the breaker in front of the place where its token comes from."""
    clock, exchange = FakeClock(), Replay(lambda _: DOWN)
    to_exchange = Breaker(exchange, "llm", clock=clock)

    async def fetch() -> Token:
        await to_exchange.send(READ)
        return Token(Secret("t"), 600)

    breaker = Breaker(Authorized(Replay(lambda _: answer({})), Renewed(fetch)), "llm", clock=clock)
    for _ in range(12):
        with pytest.raises(UnreachableError):
            await breaker.send(READ)

    assert (breaker.is_open, to_exchange.is_open) == (True, False)
    assert len(exchange.requests) == 10


async def test_opening_and_closing_are_logged_once_each(upstream: Upstream) -> None:
    with capture_logs() as logs:
        await upstream.ask(DOWN, times=50)
        upstream.clock.now += 5.0
        await upstream.ask(None, times=50)

    assert [(log["event"], log["source"], log["log_level"]) for log in logs] == [
        ("source is left alone", "llm", "warning"),
        ("source is back", "llm", "info"),
    ]
