"""Answers of before: given while new ones are fetched, and in place of those that cannot be had."""

import asyncio
import time

import pytest
from msgspec.structs import replace

from connectors.cached import MAX_REFRESHES, Cached
from connectors.contract import Answers, ExecutionQuery, Page, Stale, Workflows, deadline
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
from connectors.lifetimes import may_stand_in
from schema.identity import NativeId
from tests.connectors.asked import DONE, OPEN, Asked, Clock, run, turns
from tests.connectors.rows import runs_of

QUERY = ExecutionQuery()
A, B = NativeId("w", "a"), NativeId("w", "b")

STAND_IN = [
    UnreachableError("no connection"),
    UnreachableError("HTTP 503", http_status=503),
    UnreachableError("not asked: it keeps failing", retry_after=4.0),  # an open breaker
    UntrustedError("the certificate"),
    TimedOutError("no answer"),
    OutOfTimeError("the query's deadline struck"),
    ThrottledError("HTTP 429", http_status=429, retry_after=30.0),
]
NEVER = [
    RefusedError("HTTP 401", http_status=401),
    ForbiddenError("HTTP 403", http_status=403),
    MissingError("HTTP 404", http_status=404),
    UnreadableError("a page of HTML (a login page?)"),
    UnsupportedError("HTTP 400", http_status=400),
]


def told(error: ConnectorError) -> str:
    return f"{type(error).__name__}: {error.message}"


class Setting:
    """A source that has answered everything once, some time ago."""

    def __init__(self, **further: object) -> None:
        self.clock = Clock()
        self.source = Asked()
        self.cache = Cached(
            self.source,
            self.clock,
            lambda: int(self.clock.now * 1e9),
            randomness=lambda: 0.5,
            **further,  # type: ignore[arg-type]
        )

    async def ask(self) -> tuple[Page, Answers[object], Answers[object], Workflows]:
        return (
            await self.cache.list_executions("w", QUERY, None),
            await self.cache.get_executions([A, B]),  # type: ignore[return-value]
            await self.cache.list_steps([run("a"), run("b", OPEN)]),
            await self.cache.workflows(),
        )

    def fail(self, error: ConnectorError | None) -> None:
        self.source.trouble = lambda: error


@pytest.mark.parametrize("error", STAND_IN, ids=told)
async def test_old_answers_stand_in_for_a_source_that_fails_and_say_so(error: ConnectorError) -> None:
    setting = Setting()
    page, runs, steps, workflows = await setting.ask()
    assert (page.stale_because, runs.stale, steps.stale, workflows.stale) == (None, {}, {}, None)

    setting.clock.now += 600
    setting.fail(error)
    old_page, old_runs, old_steps, old_workflows = await setting.ask()

    assert old_page == replace(page, stale_because=error)
    assert old_page.as_of == 1000 * 10**9
    assert old_runs == runs
    assert old_steps == steps
    assert list(old_workflows) == list(workflows)
    was = Stale(1000 * 10**9, error)
    # what is finished is what it was
    assert (old_runs.stale, old_steps.stale, old_workflows.stale) == ({B: was}, {B: was}, was)


@pytest.mark.parametrize("error", NEVER, ids=told)
async def test_nothing_stands_in_for_an_answer_that_says_no(error: ConnectorError) -> None:
    setting = Setting()
    await setting.ask()
    setting.clock.now += 600
    setting.fail(error)

    with pytest.raises(type(error)):
        await setting.cache.list_executions("w", QUERY, None)
    with pytest.raises(type(error)):
        await setting.cache.workflows()
    runs = await setting.cache.get_executions([B])
    assert runs == ({} if isinstance(error, MissingError) else {B: error})


@pytest.mark.parametrize("error", [*STAND_IN, *NEVER], ids=told)
def test_the_rule_by_class(error: ConnectorError) -> None:
    assert may_stand_in(error) == isinstance(error, UnreachableError | ThrottledError)


@pytest.mark.parametrize("error", STAND_IN, ids=told)
async def test_past_the_hard_limit_it_is_the_error_and_never_nothing(error: ConnectorError) -> None:
    setting = Setting()
    await setting.ask()
    setting.fail(error)

    setting.clock.now += 900.1
    with pytest.raises(type(error)):
        await setting.cache.list_executions("w", QUERY, None)
    with pytest.raises(type(error)):
        await setting.cache.workflows()
    runs = await setting.cache.get_executions([A, B])
    assert runs == {A: run("a"), B: error}  # A is finished
    setting.clock.now = 1000 + 86400.1
    assert await setting.cache.get_executions([A, B]) == {A: error, B: error}
    assert await setting.cache.list_steps([run("a")]) == {A: error}


@pytest.mark.parametrize("refusal", [RefusedError("HTTP 401"), ForbiddenError("HTTP 403"), MissingError("HTTP 404")])
async def test_after_a_refusal_nothing_of_before_stands_in_either(refusal: ConnectorError) -> None:
    setting = Setting()
    await setting.cache.list_executions("w", QUERY, None)
    setting.clock.now += 600
    setting.fail(refusal)
    with pytest.raises(type(refusal)):
        await setting.cache.list_executions("w", QUERY, None)

    setting.clock.now += 60
    setting.fail(UnreachableError("HTTP 500"))
    with pytest.raises(UnreachableError):
        await setting.cache.list_executions("w", QUERY, None)


async def test_refused_credentials_end_what_stands_in_for_the_whole_source() -> None:
    setting = Setting()
    await setting.ask()
    setting.clock.now += 600
    setting.fail(RefusedError("HTTP 401"))
    assert [type(one) for one in (await setting.cache.get_executions([B])).values()] == [RefusedError]

    setting.fail(UnreachableError("HTTP 500"))
    with pytest.raises(UnreachableError):
        await setting.cache.list_executions("w", QUERY, None)
    setting.fail(None)
    await setting.cache.list_executions("w", QUERY, None)
    setting.clock.now += 60
    setting.fail(UnreachableError("HTTP 500"))
    assert (await setting.cache.list_executions("w", QUERY, None)).stale_because is not None


async def test_after_a_failure_the_source_rests_for_a_moment_where_something_stands_in() -> None:
    setting = Setting()
    await setting.cache.list_executions("w", QUERY, None)
    setting.clock.now += 600
    setting.fail(UnreachableError("HTTP 500"))
    for _ in range(10):
        await setting.cache.list_executions("w", QUERY, None)
    assert len(setting.source.calls) == 2

    setting.clock.now += 1.1
    setting.fail(None)
    assert (await setting.cache.list_executions("w", QUERY, None)).stale_because is None


@pytest.mark.parametrize(("wait", "rest"), [(None, 1.0), (0.2, 1.0), (3.0, 3.0), (30.0, 5.0)])
async def test_it_rests_for_as_long_as_it_asks_to_within_bounds(wait: float | None, rest: float) -> None:
    setting = Setting()
    await setting.cache.list_executions("w", QUERY, None)
    setting.clock.now += 600
    setting.fail(ThrottledError("HTTP 429", retry_after=wait))
    await setting.cache.list_executions("w", QUERY, None)

    setting.clock.now += rest - 0.01
    await setting.cache.list_executions("w", QUERY, None)
    assert len(setting.source.calls) == 2
    setting.clock.now += 0.02
    await setting.cache.list_executions("w", QUERY, None)
    assert len(setting.source.calls) == 3


async def test_without_anything_to_stand_in_each_query_asks() -> None:
    setting = Setting()
    setting.fail(UnreachableError("HTTP 500"))

    for _ in range(3):
        with pytest.raises(UnreachableError):
            await setting.cache.list_executions("w", QUERY, None)
    assert len(setting.source.calls) == 3


async def test_a_source_that_hangs_does_not_use_up_the_querys_time() -> None:
    """Half of the time left is waited for an answer; then that of before stands in, and the call goes on."""
    setting = Setting()
    await setting.cache.list_executions("w", QUERY, None)
    setting.clock.now += 600
    setting.source.gate = asyncio.Event()
    deadline.set(time.monotonic() + 0.05)

    page = await setting.cache.list_executions("w", QUERY, None)

    assert isinstance(page.stale_because, OutOfTimeError)
    assert page.as_of == 1000 * 10**9
    assert setting.source.cancelled == 0
    setting.source.gate.set()
    await turns()
    deadline.set(None)
    assert (await setting.cache.list_executions("w", QUERY, None)).stale_because is None
    assert len(setting.source.calls) == 2


async def test_having_waited_in_vain_the_next_query_does_not_for_a_moment() -> None:
    setting = Setting()
    await setting.cache.list_executions("w", QUERY, None)
    setting.clock.now += 600
    error = TimedOutError("no answer within 8 s")
    setting.fail(error)
    await setting.cache.list_executions("w", QUERY, None)

    setting.source.gate = asyncio.Event()  # would hang for ever
    page = await setting.cache.list_executions("w", QUERY, None)

    assert page.stale_because is error


async def test_a_list_is_given_once_more_while_it_is_asked_for_anew() -> None:
    setting = Setting()
    first = await setting.cache.list_executions("w", QUERY, None)
    setting.clock.now += 7
    setting.source.gate = asyncio.Event()
    setting.source.runs = [run("c")]

    pages = [await setting.cache.list_executions("w", QUERY, None) for _ in range(5)]
    await turns()

    assert all(page is first and page.stale_because is None for page in pages)
    assert len(setting.source.calls) == 2
    setting.source.gate.set()
    await turns()
    fresh = await setting.cache.list_executions("w", QUERY, None)
    assert [one.native_id for one in runs_of(fresh)] == ["c"]
    assert fresh.as_of == 1007 * 10**9
    assert len(setting.source.calls) == 2
    assert setting.cache.uses == {"remembered": 6, "asked": 2, "refreshed": 1}


async def test_no_list_is_given_that_is_older_than_ten_seconds() -> None:
    setting = Setting()
    await setting.cache.list_executions("w", QUERY, None)
    setting.clock.now += 10.01

    page = await setting.cache.list_executions("w", QUERY, None)

    assert page.as_of == int(1010.01 * 1e9)


async def test_runs_and_workflows_are_not_given_past_their_time() -> None:
    setting = Setting()
    await setting.cache.get_executions([B])
    await setting.cache.workflows()
    setting.source.runs = [run("b", DONE, workflow="w")]

    setting.clock.now += 5.1
    assert (await setting.cache.get_executions([B]))[B] == run("b", DONE)
    setting.clock.now += 300
    await setting.cache.workflows()
    assert [call[0] for call in setting.source.calls] == ["runs", "workflows", "runs", "workflows"]


async def test_refreshes_are_bounded_and_nobodys_calls() -> None:
    setting = Setting()
    for at in range(20):
        await setting.cache.list_executions(f"w{at}", QUERY, None)
    setting.clock.now += 7
    setting.source.gate = asyncio.Event()

    for at in range(20):
        await setting.cache.list_executions(f"w{at}", QUERY, None)
    await turns()
    assert len(setting.source.calls) == 20 + MAX_REFRESHES
    setting.source.gate.set()
    await turns()

    for at in range(20):
        await setting.cache.list_executions(f"w{at}", QUERY, None)
    await turns()
    assert len(setting.source.calls) == 20 + 2 * MAX_REFRESHES


async def test_a_refresh_that_fails_changes_nothing_and_is_not_repeated_at_once() -> None:
    setting = Setting()
    first = await setting.cache.list_executions("w", QUERY, None)
    setting.clock.now += 7
    setting.fail(UnreachableError("HTTP 500"))

    for _ in range(5):
        assert await setting.cache.list_executions("w", QUERY, None) is first
        await turns()
    assert len(setting.source.calls) == 2
    setting.clock.now += 1.5
    await setting.cache.list_executions("w", QUERY, None)
    await turns()
    assert len(setting.source.calls) == 3


async def test_a_refresh_that_is_refused_ends_the_list() -> None:
    setting = Setting()
    await setting.cache.list_executions("w", QUERY, None)
    setting.clock.now += 7
    setting.fail(ForbiddenError("HTTP 403"))
    await setting.cache.list_executions("w", QUERY, None)
    await turns()

    with pytest.raises(ForbiddenError):
        await setting.cache.list_executions("w", QUERY, None)


async def test_who_joins_a_refresh_gets_its_answer() -> None:
    setting = Setting()
    await setting.cache.list_executions("w", QUERY, None)
    setting.clock.now += 7
    setting.source.gate = asyncio.Event()
    await setting.cache.list_executions("w", QUERY, None)
    await turns()
    setting.clock.now += 4

    waiting = asyncio.create_task(setting.cache.list_executions("w", QUERY, None))
    await turns()
    setting.source.gate.set()

    assert (await waiting).as_of == 1007 * 10**9
    assert len(setting.source.calls) == 2
