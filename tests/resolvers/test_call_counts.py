"""What pages cost, in calls: the same however deep, and only for the partitions that give rows.

Each page is asked for in a process of its own, so that nothing but the cursor helps.
"""

import pytest
from msgspec.structs import replace

from resolvers import cursor as cursors
from schema.instant import SECOND
from schema.model import ExecutionOrder
from tests.resolvers.fakes import ASC, DESC, KINDS, FakeSource, Walk, calls_of, pages_of, run

MINUTE = 60 * SECOND
FIRST = 50


def one_of(kind: str, runs: int = 11_000) -> FakeSource:
    """A run each minute, more or less: now and then there are several at once."""
    made = [run("s", f"r{at}", (at - at % 3 if at % 10 < 4 else at) * MINUTE) for at in range(runs)]
    return FakeSource("s", kind, made, precision=SECOND if kind == "token" else 1, is_still=True)


async def costs_of(source: FakeSource, order: ExecutionOrder, pages: int, *, bare: bool = False) -> list[int]:
    """The calls that each page took. `bare`: without the hints of its cursor."""
    walk, after, found = Walk([source], order=order, first=FIRST), None, []
    for _ in range(pages):
        source.calls.clear()
        page = await walk.page(after)
        found.append(len(source.calls))
        after = page.page_info.end_cursor
        assert after is not None
        if bare:
            after = cursors.write(replace(cursors.read(after), hints=[]))
    return found


@pytest.mark.parametrize(
    ("kind", "order", "first_page", "further"),
    [
        ("token", DESC, 1, 1),
        ("token", ASC, 1, 1),
        ("usual", DESC, 1, 1),
        ("offset", DESC, 1, 1),
        ("counted", DESC, 1, 1),
        ("counted", ASC, 1, 1),
        ("unordered", DESC, 7, 1),
        ("unordered", ASC, 7, 1),
    ],
)
async def test_page_200_costs_what_page_2_does(kind: str, order: ExecutionOrder, first_page: int, further: int) -> None:
    costs = await costs_of(one_of(kind), order, 200)

    assert costs[0] <= first_page
    assert max(costs[1:]) <= further, costs
    assert abs(costs[199] - costs[1]) <= 2


@pytest.mark.parametrize(
    ("kind", "at_most"), [("token", 1), ("usual", 1), ("offset", 12), ("counted", 12), ("unordered", 7)]
)
async def test_without_hints_a_position_is_searched_for_by_halves(kind: str, at_most: int) -> None:
    """As after a change of the source's workflows, or in a cursor with no room for hints."""
    costs = await costs_of(one_of(kind), DESC, 100, bare=True)

    assert max(costs) <= at_most


@pytest.mark.parametrize("kind", ["offset", "counted"])
async def test_a_range_of_time_far_back_is_searched_for_too(kind: str) -> None:
    source = one_of(kind)
    walk = Walk([source], {"started_at": {"to": source.runs[9000].started_at}}, first=FIRST)

    page = await walk.page()

    assert len(page.nodes) == FIRST
    assert len(source.calls) <= 14
    source.calls.clear()
    await walk.page(page.page_info.end_cursor)
    assert len(source.calls) <= 2


async def test_a_list_without_order_and_filters_costs_what_it_is_long() -> None:
    """Oldest first, of a source that gives the newest first and no filters by time: 1,100 runs, 100 a page."""
    source = one_of("offset", 1100)
    costs = [len(source.calls) for _ in await pages_of(Walk([source], order=ASC, first=FIRST))]
    source.calls.clear()

    await Walk([source], order=ASC, first=FIRST).page()

    assert len(costs) == 22
    assert len(source.calls) == 12  # of 100 rows, each but the first with one that is known


def wide(kind: str, partitions: int, runs: int) -> FakeSource:
    return FakeSource(
        "wide",
        kind,
        [run("wide", f"r{at}", at * MINUTE, workflow=f"w{at * 7 % partitions:04}") for at in range(runs)],
        is_still=True,
    )


@pytest.mark.parametrize("kind", ["offset", "counted", "usual", "unordered"])
async def test_five_hundred_workflows_cost_a_call_each_and_later_only_those_that_give_rows(kind: str) -> None:
    source = wide(kind, 500, 6000)
    walk = Walk([source], first=FIRST)

    page = await walk.page()
    assert len(source.calls) == 500
    assert {call.partition for call in source.calls} == {f"w{at:04}" for at in range(500)}

    for _ in range(40):
        source.calls.clear()
        page = await walk.page(page.page_info.end_cursor)
        gave = {one.key.workflow for one in page.nodes}
        assert len(page.nodes) == FIRST
        assert len(source.calls) <= len(gave) + 10
        assert gave <= {call.partition for call in source.calls}


async def test_workflows_without_further_runs_are_not_asked_again() -> None:
    source = wide("offset", 500, 600)
    source.runs += [run("wide", f"busy{at}", at * MINUTE, workflow="busy") for at in range(3000)]
    pages = await pages_of(Walk([source], first=FIRST))
    source.calls.clear()

    await Walk([source], first=FIRST).page(pages[-3].page_info.end_cursor)

    assert {call.partition for call in source.calls} == {"busy"}


async def test_chosen_workflows_are_the_only_ones_asked() -> None:
    source = wide("offset", 500, 1000)

    await Walk([source], {"workflow_ids": ["w0003", "w0450", "nowhere"]}, first=FIRST).page()

    assert sorted(call.partition for call in source.calls) == ["w0003", "w0450"]


async def test_a_source_that_cannot_have_such_runs_is_not_asked() -> None:
    of = [FakeSource("s", kind, [run("s", "r", 0)], names=["w"]) for kind in sorted(KINDS)]

    page = await Walk(of, {"sources": ["elsewhere"]}).page()

    assert calls_of(of) == 0
    assert {outcome.status for outcome in page.sources} == {"SKIPPED"}
    assert page.complete


@pytest.mark.parametrize("partitions", [1000])
async def test_a_cursor_for_a_thousand_workflows_is_short(partitions: int) -> None:
    """With all distances, and room for the offsets too."""
    source = wide("offset", partitions, 12_000)
    page = await Walk([source], first=500).page()

    for _ in range(6):
        after = page.page_info.end_cursor or ""
        assert len(after) < 4096
        (hints,) = cursors.read(after).hints
        assert len(cursors.unpack_distances(hints.distances, partitions) or ()) == partitions
        assert len(cursors.unpack_numbers(hints.numbers)) == partitions
        page = await Walk([source], first=500).page(after)
