"""What is remembered, and for how long."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace

from connectors.cached import Cached
from connectors.contract import EVER, ExecutionQuery, Filter, Page, Range, Rate, StepFilter, StepList
from connectors.errors import MissingError, UnreachableError, UnreadableError
from connectors.lifetimes import LIVE, MAX_LISTS, REFRESH, Lifetime, lifetime_of, lists_fresh
from connectors.questions import AllWorkflows, PageOf, RunOf, StepsOf, pushed
from connectors.remembered import Memory
from schema.identity import NativeId
from schema.model import ExecutionOrder, ExecutionStatus, Workflow
from tests.connectors.asked import CAN, DONE, OPEN, Asked, Clock, run, turns
from tests.connectors.rows import runs_of

QUERY = ExecutionQuery()
A, B, NOWHERE = NativeId("w", "a"), NativeId("w", "b"), NativeId("w", "nowhere")
MIDDLE: Callable[[], float] = lambda: 0.5  # noqa: E731  # no jitter


def cached(source: Asked, clock: Clock, **further: object) -> Cached:
    return Cached(source, clock, lambda: int(clock.now * 1e9), randomness=MIDDLE, **further)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("question", "value", "expected"),
    [
        (RunOf(A), run("a", DONE), Lifetime(3600, 0, 86400)),
        (RunOf(A), run("a", OPEN), Lifetime(5, 0, 900)),
        (RunOf(A), run("a", ExecutionStatus.UNKNOWN), Lifetime(5, 0, 900)),
        (StepsOf(A, is_final=True), StepList(), Lifetime(3600, 0, 86400)),
        (StepsOf(A, is_final=False), StepList(), Lifetime(5, 0, 900)),
        (PageOf("w", QUERY, None), Page(executions=(), next_cursor=None), Lifetime(5, 5, 900)),
        (AllWorkflows(), [Workflow(source="src", provider="ASKED", native_id="w")], Lifetime(300, 0, 900)),
        (RunOf(A), MissingError("gone"), Lifetime(10, 0, 10)),
    ],
)
def test_how_long_an_answer_is_good_follows_from_it(question: object, value: object, expected: Lifetime) -> None:
    assert lifetime_of(question, value, LIVE, 0.5) == expected  # type: ignore[arg-type]


@settings(deadline=None)
@given(dice=st.floats(0, 1), lists=st.floats(5, MAX_LISTS))
def test_short_lifetimes_vary_by_a_tenth_and_no_more(dice: float, lists: float) -> None:
    page = lifetime_of(PageOf("w", QUERY, None), Page(executions=(), next_cursor=None), lists, dice)
    live = lifetime_of(RunOf(A), run("a", OPEN), lists, dice)

    assert 0.9 * lists <= page.fresh <= 1.1 * lists + 1e-9
    assert 0.9 * REFRESH <= page.refresh <= 1.1 * REFRESH
    assert 0.9 * LIVE <= live.fresh <= 1.1 * LIVE
    assert lifetime_of(RunOf(A), run("a"), lists, dice) == Lifetime(3600, 0, 86400)
    assert page.fresh + page.refresh <= page.hard


def test_the_dice_of_the_jitter_are_those_passed_in() -> None:
    page = Page(executions=(), next_cursor=None)

    assert [round(lifetime_of(PageOf("w", QUERY, None), page, 5, dice).fresh, 6) for dice in (0, 0.5, 1)] == [
        4.5,
        5,
        5.5,
    ]


@settings(deadline=None)
@given(workflows=st.integers(0, 20_000), requests=st.floats(0.5, 50), seconds=st.floats(0.5, 60))
def test_lists_live_twice_as_long_as_a_sweep_takes(workflows: int, requests: float, seconds: float) -> None:
    """So a query asked again after its deadline gets further, however many workflows there are."""
    lives = lists_fresh(CAN, workflows, Rate(requests, seconds))

    assert LIVE <= lives <= MAX_LISTS
    assert lives == MAX_LISTS or lives >= 2 * workflows * seconds / requests
    assert lists_fresh(replace(CAN, partitioned=False), workflows, Rate(requests, seconds)) == LIVE


async def test_a_wide_source_keeps_its_lists_for_longer() -> None:
    """100 workflows at 5 calls a second: 20 s for all of them, so 40 s."""
    source, clock = Asked(runs=[run("a", workflow=f"w{at}") for at in range(100)]), Clock()
    cache = cached(source, clock)
    await cache.workflows()
    await cache.list_executions("w7", QUERY, None)

    clock.now += 39.9
    await cache.list_executions("w7", QUERY, None)
    await turns()
    assert len(source.calls) == 2
    clock.now += 0.2
    await cache.list_executions("w7", QUERY, None)
    await turns()
    assert len(source.calls) == 3


async def test_the_pace_may_be_the_operators() -> None:
    source, clock = Asked(runs=[run("a", workflow=f"w{at}") for at in range(100)]), Clock()
    cache = cached(source, clock, rate=Rate(1, 1))
    await cache.workflows()
    await cache.list_executions("w7", QUERY, None)

    clock.now += 199
    await cache.list_executions("w7", QUERY, None)
    await turns()
    assert len(source.calls) == 2


async def test_a_list_is_asked_for_once_and_stamped_with_its_time() -> None:
    source, clock = Asked(), Clock()
    cache = cached(source, clock)

    first = await cache.list_executions("w", QUERY, None)
    clock.now += 4.9
    second = await cache.list_executions("w", QUERY, None)

    assert second is first
    assert first.as_of == 1000 * 10**9
    assert [one.native_id for one in runs_of(first)] == ["a", "b"]
    assert len(source.calls) == 1


async def test_another_partition_query_or_cursor_is_another_question() -> None:
    source = Asked()
    cache = cached(source, Clock())

    for _ in range(2):
        await cache.list_executions("w", QUERY, None)
        await cache.list_executions("v", QUERY, None)
        await cache.list_executions("w", QUERY, "2")
        await cache.list_executions("w", replace(QUERY, limit=7), None)
        await cache.list_executions("w", replace(QUERY, started=Range(1, None)), None)

    assert len(source.calls) == 5


async def test_conditions_that_the_source_does_not_apply_are_no_other_question() -> None:
    """It filters by the earliest start alone."""
    source = Asked()
    cache = cached(source, Clock())

    for query in (
        QUERY,
        replace(QUERY, statuses=frozenset({DONE})),
        replace(QUERY, error_contains="x", any_step=StepFilter(name_contains="y")),
        replace(QUERY, started=Range(None, 9), ended=Range(1, 2), duration=Range(3, 4)),
        replace(QUERY, workflow_ids=frozenset({"w"}), workflow_name_contains="w"),
        replace(QUERY, order=ExecutionOrder.STARTED_AT_ASC),  # it has one order only
    ):
        await cache.list_executions("w", query, None)

    assert source.calls == [("page", "w", QUERY, None)]


@settings(deadline=None)
@given(
    filters=st.frozensets(st.sampled_from(Filter)),
    query=st.builds(
        ExecutionQuery,
        order=st.sampled_from(ExecutionOrder),
        limit=st.integers(1, 100),
        workflow_ids=st.none() | st.frozensets(st.text(max_size=3), max_size=3),
        statuses=st.none() | st.frozensets(st.sampled_from(ExecutionStatus)),
        started=st.builds(Range, st.none() | st.integers(0, 9), st.none() | st.integers(0, 9)),
        ended=st.just(EVER) | st.just(Range(1, 2)),
        error_contains=st.none() | st.text(max_size=2),
    ),
)
def test_what_is_asked_is_never_narrower_than_what_is_wanted(filters: frozenset[Filter], query: ExecutionQuery) -> None:
    """A row that matches the query matches what is left of it; and that is all that matters for equality."""
    can = replace(CAN, pushes_down=filters)
    left = pushed(query, can)

    assert pushed(left, can) == left
    for one in (run("a"), run("b", OPEN, workflow="v"), run("c", started_at=None)):
        assert not query.matches(one) or left.matches(one)
    for wanted, name in ((Filter.STATUSES, "statuses"), (Filter.WORKFLOWS, "workflow_ids")):
        assert getattr(left, name) == (getattr(query, name) if wanted in filters else None)


async def test_a_finished_run_is_fetched_once_and_a_running_one_every_few_seconds() -> None:
    source, clock = Asked(), Clock()
    cache = cached(source, clock)

    for _ in range(3):
        found = await cache.get_executions([A, B])
        assert [found[A].key, found[B].key] == [A, B]  # type: ignore[union-attr]
        clock.now += 6

    assert source.calls == [("runs", "a", "b"), ("runs", "b"), ("runs", "b")]


async def test_the_steps_of_a_finished_run_are_fetched_once() -> None:
    source, clock = Asked(), Clock()
    cache = cached(source, clock)

    for _ in range(3):
        found = await cache.list_steps([run("a"), run("b", OPEN)])
        assert {key.execution: [step.name for step in one.steps] for key, one in found.items()} == {  # type: ignore[union-attr]
            "a": ["s1", "s2"],
            "b": ["s1", "s2"],
        }
        clock.now += 6

    assert source.calls == [("steps", "a", "b"), ("steps", "b"), ("steps", "b")]


async def test_steps_from_when_a_run_was_open_are_not_those_of_the_finished_run() -> None:
    source = Asked()
    cache = cached(source, Clock())

    await cache.list_steps([run("b", OPEN)])
    await cache.list_steps([run("b", DONE)])

    assert source.calls == [("steps", "b"), ("steps", "b")]


async def test_a_listed_finished_run_needs_no_call_of_its_own() -> None:
    source, clock = Asked(), Clock()
    cache = cached(source, clock)
    page = await cache.list_executions("w", QUERY, None)

    found = await cache.get_executions([A])

    assert found[A] is runs_of(page)[0]
    assert source.calls == [("page", "w", QUERY, None)]
    await cache.get_executions([B])  # it is open: what the list says of it may be over
    assert source.calls[1:] == [("runs", "b")]


async def test_a_listed_run_is_not_enough_where_listings_leave_fields_out() -> None:
    source = Asked(capabilities=replace(CAN, fields_from_detail=frozenset({"input"})))
    cache = cached(source, Clock())

    await cache.list_executions("w", QUERY, None)
    await cache.get_executions([A])

    assert source.calls[1:] == [("runs", "a")]


async def test_lists_with_different_filters_share_their_finished_runs() -> None:
    source = Asked()
    cache = cached(source, Clock())

    pages = [await cache.list_executions("w", replace(QUERY, started=Range(at, None)), None) for at in range(3)]

    assert len(source.calls) == 3
    assert all(runs_of(page)[0] is runs_of(pages[0])[0] for page in pages)


async def test_a_page_stands_for_its_runs_until_one_of_them_is_asked_for() -> None:
    """Until then its weight is a guess, and too high. Then its rows are remembered, too, and the run by itself."""
    memory = Memory()
    cache = cached(Asked(), Clock(), memory=memory)

    await cache.list_executions("w", QUERY, None)
    before = len(memory), memory.size
    await cache.get_executions([A])

    assert (before[0], len(memory)) == (1, 3)
    assert memory.size < before[1]


async def test_pages_that_come_later_hold_the_values_that_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.filing.AFTER_ALL", 0)
    source = Asked()
    cache = cached(source, Clock())

    pages = []
    for at in range(3):
        source.runs = [run("a")]
        pages.append(await cache.list_executions("w", replace(QUERY, started=Range(at, None)), None))
        await turns()

    assert all(runs_of(page)[0] is runs_of(pages[0])[0] for page in pages)


async def test_pages_let_go_of_the_bytes_that_they_came_in() -> None:
    """A little later, and whoever holds their runs already sees the same values."""
    source = Asked()
    source.runs = [run("a", raw=Raw(memoryview(b'["x"]')[1:-1]))]
    cache = cached(source, Clock())
    page = await cache.list_executions("w", QUERY, None)
    (shown,) = runs_of(page)
    assert shown.raw is not None
    assert shown.raw.copy() is not shown.raw

    await cache.get_executions([A])  # what sorts pages in at once

    assert shown.raw.copy() is shown.raw  # it owns its bytes
    assert shown == run("a", raw=Raw(b'"x"'))


async def test_a_run_that_is_deleted_right_after_it_was_listed_is_not_remembered() -> None:
    source = Asked()
    cache = cached(source, Clock())
    await cache.list_executions("w", QUERY, None)

    await cache.delete_execution(A)
    calls = len(source.calls)
    await cache.get_executions([A])

    assert source.calls[calls:] == [("runs", "a")]


async def test_a_finished_run_that_reads_differently_now_is_taken_as_it_reads_now() -> None:
    source = Asked()
    cache = cached(source, Clock())
    await cache.list_executions("w", QUERY, None)

    source.runs = [run("a", raw_status="reviewed")]
    page = await cache.list_executions("w", replace(QUERY, limit=9), None)
    found = await cache.get_executions([A])

    assert runs_of(page)[0].raw_status == found[A].raw_status == "reviewed"  # type: ignore[union-attr]


async def test_what_is_not_there_is_believed_for_ten_seconds() -> None:
    source, clock = Asked(), Clock()
    cache = cached(source, clock)

    for _ in range(2):
        assert await cache.get_executions([NOWHERE]) == {}
        assert await cache.list_steps([run("nowhere")]) == {}
        clock.now += 9.9
    assert len(source.calls) == 2
    clock.now += 0.2
    await cache.get_executions([NOWHERE])
    assert len(source.calls) == 3


async def test_a_list_that_is_not_there_is_believed_for_ten_seconds() -> None:
    source, clock = Asked(trouble=lambda: MissingError("HTTP 404", http_status=404)), Clock()
    cache = cached(source, clock)

    for _ in range(2):
        with pytest.raises(MissingError, match="HTTP 404"):
            await cache.list_executions("w", QUERY, None)
        clock.now += 9.9
    assert len(source.calls) == 1


@pytest.mark.parametrize("error", [UnreachableError("HTTP 500", http_status=500), UnreadableError("no JSON")])
async def test_no_other_failure_is_remembered(error: UnreachableError | UnreadableError) -> None:
    source = Asked(trouble=lambda: error)
    cache = cached(source, Clock())

    for _ in range(2):
        with pytest.raises(type(error)):
            await cache.list_executions("w", QUERY, None)
        with pytest.raises(type(error)):
            await cache.workflows()
        assert await cache.get_executions([A]) == {A: error}
        assert await cache.list_steps([run("a")]) == {A: error}
    assert len(source.calls) == 8


async def test_a_run_that_fails_in_a_batch_spoils_no_other() -> None:
    error = UnreadableError("no 'status'")
    source = Asked(spoilt={B: error})
    cache = cached(source, Clock())

    for _ in range(2):
        found = await cache.get_executions([A, B, NOWHERE])
        assert found == {A: source.runs[0], B: error}
    assert source.calls == [("runs", "a", "b", "nowhere"), ("runs", "b")]


async def test_workflows_are_asked_for_every_five_minutes() -> None:
    source, clock = Asked(), Clock()
    cache = cached(source, clock)

    for _ in range(3):
        assert [one.name for one in await cache.workflows()] == ["the w"]
        clock.now += 299.9
    assert len(source.calls) == 2


async def test_who_changes_what_he_was_given_changes_nothing_for_others() -> None:
    cache = cached(Asked(), Clock())

    (await cache.workflows()).clear()

    assert len(await cache.workflows()) == 1


async def test_a_deleted_run_is_forgotten_and_so_are_lists_that_may_name_it() -> None:
    source = Asked()
    cache = cached(source, Clock())
    await cache.list_executions("w", QUERY, None)
    await cache.list_steps([run("a")])

    assert await cache.delete_execution(A)

    page = await cache.list_executions("w", QUERY, None)
    assert [one.native_id for one in runs_of(page)] == ["b"]
    assert await cache.get_executions([A]) == {}
    assert await cache.list_steps([run("a")]) == {}


async def test_sources_of_one_memory_never_share_even_under_one_name() -> None:
    memory, clock = Memory(), Clock()
    one, other = Asked(runs=[run("a")]), Asked(runs=[run("x")])
    caches = [cached(source, clock, memory=memory) for source in (one, other)]

    pages = [await cache.list_executions("w", QUERY, None) for cache in caches]

    assert [runs_of(page)[0].native_id for page in pages] == ["a", "x"]
    assert [len(one.calls), len(other.calls)] == [1, 1]
