"""Conditions on steps and errors: looked up for few runs, until the page is full or a bound is reached."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import StepList
from connectors.errors import ConnectorError, UnreachableError
from connectors.listed import Unreadable
from resolvers.candidates import AT_A_TIME
from resolvers.context import Context, House, Source
from resolvers.history import History
from resolvers.request import read_request
from schema.instant import SECOND
from schema.model import ExecutionStatus
from tests.resolvers.fakes import DESC, FakeSource, Walk, ids_of, outcome_of, pages_of, rows_of, run, step, truth

FAILED = ExecutionStatus.FAILED
WANTED: dict[str, Any] = {"any_step": {"name_contains": "PUSH", "status": ["FAILED"]}}


def stepped(name: str, runs: int, matching: set[int], kind: str = "offset") -> FakeSource:
    """Runs of two steps; those that match have a failed one called «push»."""
    source = FakeSource(name, kind, [run(name, f"r{at:04}", at * 60 * SECOND) for at in range(runs)])
    for at, one in enumerate(source.runs):
        last = step(one, "push", FAILED) if at in matching else step(one, "push")
        source.steps[one.key] = StepList(steps=(step(one, "pull", FAILED), last))
    return source


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.sets(st.integers(0, 119), max_size=30), st.sampled_from([1, 3, 10, 60]), st.booleans())
async def test_pages_end_to_end_are_all_runs_with_such_a_step(matching: set[int], first: int, fresh: bool) -> None:
    of = [stepped("a", 120, matching), stepped("b", 40, {at for at in matching if at < 40}, "token")]

    pages = await pages_of(Walk(of, WANTED, first=first, fresh=fresh))

    chosen = {f"r{at:04}" for at in matching}
    assert ids_of(rows_of(pages)) == [name for name in truth(of) if name[2] in chosen]
    assert all(page.complete for page in pages)
    assert all(len(page.nodes) == first for page in pages[:-1])


async def test_it_stops_when_the_page_is_full() -> None:
    """Each run matches: no more steps are loaded than rows are given."""
    source = stepped("s", 300, set(range(300)))

    page = await Walk([source], WANTED, first=10).page()

    assert len(page.nodes) == 10
    assert len(source.step_calls) == 10
    assert page.page_info.has_next_page


async def test_rare_matches_are_looked_for_in_growing_batches() -> None:
    source = stepped("s", 300, {80})

    page = await Walk([source], WANTED, first=1).page()

    assert [one.native_id for one in page.nodes] == ["r0080"]
    assert len(source.step_calls) <= 81 + AT_A_TIME
    assert len(set(source.step_calls)) == len(source.step_calls)


async def test_behind_the_last_match_nothing_is_promised() -> None:
    """The rest was looked into with the page: none of it matches."""
    source = stepped("s", 20, {0, 2})

    page = await Walk([source], WANTED, first=5).page()

    assert len(page.nodes) == 2
    assert not page.page_info.has_next_page


async def test_the_bound_of_candidates_makes_every_source_with_rows_left_partial_and_the_next_page_goes_on() -> None:
    of = [stepped("a", 1300, {3, 800, 1290}), stepped("b", 700, {650}, "token"), stepped("c", 3, {0}, "token")]

    pages = await pages_of(Walk(of, WANTED, first=5))

    matches = {("a", "r0003"), ("a", "r0800"), ("a", "r1290"), ("b", "r0650"), ("c", "r0000")}
    assert ids_of(rows_of(pages)) == [name for name in truth(of) if (name[0], name[2]) in matches]
    for name in "ab":
        outcome = outcome_of(pages[0], name)
        assert (outcome.status, outcome.error and outcome.error.code) == ("PARTIAL", "LIMIT_REACHED")
    assert outcome_of(pages[0], "c").status == "OK"
    assert pages[-1].complete
    assert len(pages) == 4  # of 2003 runs, each page has looked into the last batch as well


async def test_steps_that_cannot_be_had_are_told_and_asking_again_finds_them() -> None:
    source = stepped("s", 30, {4, 6})
    key = source.runs[4].key
    steps: StepList | ConnectorError = source.steps[key]
    source.steps[key] = UnreachableError("down")
    walk = Walk([source], WANTED, first=5)

    page = await walk.page()

    assert [one.native_id for one in page.nodes] == ["r0006"]
    outcome = outcome_of(page, "s")
    assert (outcome.status, outcome.error and outcome.error.code) == ("PARTIAL", "UNREACHABLE")
    source.steps[key] = steps
    assert [one.native_id for one in (await walk.page()).nodes] == ["r0004", "r0006"]


async def test_part_of_an_error_is_looked_for_where_the_run_brings_it() -> None:
    source = FakeSource(
        "s",
        "offset",
        [
            run("s", f"r{at}", at * SECOND, status=FAILED, error="Disk FULL" if at % 4 == 0 else "no route")
            for at in range(50)
        ],
    )

    pages = await pages_of(Walk([source], {"error_contains": "disk full"}, first=4))

    assert [one.native_id for one in rows_of(pages)] == [f"r{at}" for at in range(0, 50, 4)]
    assert source.step_calls == []


class SlowSteps(FakeSource):
    """Gives the steps of its first run at once, the others when it is told to."""

    async def list_steps(self, runs: Any) -> Any:
        assert self.released is not None
        if runs[0] != self.runs[0]:
            await self.released.wait()
        return await FakeSource.list_steps(self, runs)


async def test_the_deadline_keeps_what_is_known_and_says_where_to_go_on() -> None:
    """The steps that it cut off are still loaded, for the cache."""
    made = stepped("s", 30, {0, 1, 2})
    source = SlowSteps("s", "token", made.runs, steps=made.steps, released=asyncio.Event())
    now = [0.0]
    house = House([Source(source)], clock=lambda: now[0])
    context = Context(house)
    request = read_request(WANTED, DESC, 10, None, b"")
    source.before = lambda *_: now.__setitem__(0, 11.0)

    page = await History(context, request).page()

    assert page.page_info.has_next_page
    assert page.page_info.end_cursor is not None
    outcome = outcome_of(page, "s")
    assert (outcome.status, outcome.error and outcome.error.code) == ("PARTIAL", "TIMEOUT")
    assert house.background
    assert source.released is not None
    source.released.set()
    await asyncio.gather(*house.background)
    again = read_request(WANTED, DESC, 10, page.page_info.end_cursor, house.cursor_key)
    now[0], source.before = 0.0, lambda *_: None
    rows = [*page.nodes, *(await History(Context(house), again).page()).nodes]
    assert [one.native_id for one in rows] == ["r0000", "r0001", "r0002"]


@pytest.mark.parametrize("first", [1, 5])
async def test_a_page_is_the_same_whether_it_is_asked_for_whole_or_in_parts(first: int) -> None:
    source = stepped("s", 90, set(range(0, 90, 3)))
    walk = Walk([source], WANTED, first=first)

    assert ids_of(rows_of(await pages_of(walk))) == ids_of((await replace(walk, first=500).page()).nodes)


async def test_a_run_whose_lacking_step_might_match_makes_its_source_partial() -> None:
    """One that matches by another step is surely there."""
    source = stepped("s", 3, {0})
    for one in source.runs[:2]:
        steps = source.steps[one.key]
        assert isinstance(steps, StepList)
        source.steps[one.key] = StepList(steps=steps.steps, unreadable=(Unreadable("s9", "no status"),))

    page = await Walk([source], WANTED, first=5).page()

    assert [one.native_id for one in page.nodes] == ["r0000"]
    error = outcome_of(page, "s").error
    assert error is not None
    assert (error.code, page.complete) == ("BAD_RESPONSE", False)
    assert "s9" in error.message
