"""The promise: pages end to end are the whole list, each run once, in order. For any data, any sources, any `first`."""

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from connectors.errors import UnreachableError
from resolvers import cursor as cursors
from resolvers.cursor import DEFAULT_KEY
from resolvers.request import read_request
from schema.instant import SECOND, Instant
from schema.model import Execution, ExecutionOrder, ExecutionStatus
from tests.resolvers.fakes import (
    ASC,
    DESC,
    KINDS,
    NOW,
    Call,
    FakeSource,
    Walk,
    calls_of,
    ids_of,
    key_of,
    outcome_of,
    pages_of,
    rows_of,
    run,
    truth,
)
from tests.resolvers.generated import FIRSTS, inputs, sources

ORDERS = st.sampled_from(ExecutionOrder)


def expected(of: list[FakeSource], conditions: dict[str, Any], order: ExecutionOrder) -> list[tuple[str, str, str]]:
    request = read_request(conditions, order, 500, None, b"")
    wanted = [one for one in of if request.sources is None or one.name in request.sources]
    return truth(wanted, request.query, order)


def is_in_order(runs: list[Execution], order: ExecutionOrder) -> bool:
    keys = [key_of(one, order) for one in runs]
    return all(before < after for before, after in pairwise(keys))


async def check_promise(
    of: list[FakeSource], conditions: dict[str, Any], order: ExecutionOrder, first: int, fresh: bool
) -> None:
    walk = Walk(of, conditions, order, first, fresh=fresh)
    whole = expected(of, conditions, order)

    pages = await pages_of(walk)

    assert ids_of(rows_of(pages)) == whole
    assert all(len(page.nodes) == first for page in pages[:-1])
    assert len(pages[-1].nodes) > 0 or len(pages) == 1  # a next page that was promised has rows
    assert all(page.complete for page in pages)
    assert ids_of((await walk.page(first=500)).nodes) == whole[:500]


@settings(deadline=None, max_examples=400, derandomize=True)
@given(sources(), inputs(), ORDERS, FIRSTS, st.booleans())
async def test_pages_end_to_end_are_the_whole_list(
    of: list[FakeSource], conditions: dict[str, Any], order: ExecutionOrder, first: int, fresh: bool
) -> None:
    await check_promise(of, conditions, order, first, fresh)


@pytest.mark.heavy
@settings(deadline=None, max_examples=1500, derandomize=True)
@given(sources(), inputs(), ORDERS, FIRSTS, st.booleans())
async def test_pages_end_to_end_are_the_whole_list_at_length(
    of: list[FakeSource], conditions: dict[str, Any], order: ExecutionOrder, first: int, fresh: bool
) -> None:
    await check_promise(of, conditions, order, first, fresh)


@pytest.mark.parametrize("order", ExecutionOrder)
@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("first", [40, 500])
async def test_a_burst_of_more_runs_than_a_page_holds(kind: str, order: ExecutionOrder, first: int) -> None:
    """350 runs in one nanosecond, between 120 older and 120 newer ones, beside a quiet source."""
    burst = [run("s", f"b{at}", 130 * 60 * SECOND) for at in range(350)]
    others = [run("s", f"r{at}", (at + (20 if at > 119 else 0)) * 60 * SECOND) for at in range(240)]
    beside = FakeSource("t", "token", [run("t", f"r{at}", at * 600 * SECOND) for at in range(40)], precision=SECOND)
    of = [FakeSource("s", kind, burst + others, precision=SECOND), beside]

    pages = await pages_of(Walk(of, order=order, first=first))

    assert ids_of(rows_of(pages)) == truth(of, None, order)
    assert all(page.complete for page in pages)


@settings(deadline=None, max_examples=150, derandomize=True)
@given(sources(3), inputs(), ORDERS, FIRSTS)
async def test_hints_only_save_calls(
    of: list[FakeSource], conditions: dict[str, Any], order: ExecutionOrder, first: int
) -> None:
    """Each page with the hints of the page before is the page without them."""
    walk = Walk(of, conditions, order, first)
    for page in await pages_of(walk):
        if (after := page.page_info.end_cursor) is not None:
            bare = cursors.write(replace(cursors.read(after, DEFAULT_KEY), hints=[]))
            assert ids_of((await walk.page(bare)).nodes) == ids_of((await walk.page(after)).nodes)


@settings(deadline=None, max_examples=100, derandomize=True)
@given(sources(3), ORDERS, st.integers(1, 20))
async def test_any_edge_s_cursor_goes_on_behind_it(of: list[FakeSource], order: ExecutionOrder, first: int) -> None:
    walk = Walk(of, order=order, first=first)
    whole = truth(of, None, order)
    page = await walk.page()

    for at, edge in enumerate(page.edges, 1):
        assert ids_of((await walk.page(edge.cursor)).nodes) == whole[at : at + first]


# while the lists move


class Moving:
    """Lists that change before calls, and between pages: new runs start, some are deleted."""

    def __init__(self, of: list[FakeSource], dice: random.Random, *, within_pages: bool) -> None:
        self.of, self.dice = of, dice
        self.throughout = {one.id for source in of for one in source.runs}
        self.clock = NOW
        for source in of:
            source.swapped = False  # runs that are new to the list would make others change places
        if within_pages:
            for source in of:
                source.before = lambda source, _: self.move(source)

    def move(self, source: FakeSource) -> None:
        if source.runs and self.dice.random() < 0.6:
            gone = self.dice.sample(source.runs, self.dice.randint(1, min(3, len(source.runs))))
            self.throughout -= {one.id for one in gone}
            source.runs = [one for one in source.runs if one not in gone]
        if self.dice.random() < 0.5:
            for _ in range(self.dice.randint(1, 3)):
                self.clock += 60 * SECOND
                name, workflow = f"new{self.clock}", self.dice.choice(["w0", "w1"])
                source.runs.append(run(source.name, name, NOW - self.clock, workflow=workflow))

    def between(self, _: int) -> None:
        for source in self.of:
            self.move(source)


@settings(deadline=None, max_examples=500, derandomize=True)
@given(sources(3, at_least=12), ORDERS, FIRSTS, st.booleans(), st.booleans(), st.integers(0, 10**6))
async def test_runs_that_were_there_throughout_appear_once_and_in_order(
    of: list[FakeSource], order: ExecutionOrder, first: int, within_pages: bool, fresh: bool, seed: int
) -> None:
    moving = Moving(of, random.Random(seed), within_pages=within_pages)

    pages = await pages_of(
        Walk(of, order=order, first=first, fresh=fresh, wall_clock=lambda: moving.clock), moving.between
    )

    rows = rows_of(pages)
    assert len({one.id for one in rows}) == len(rows)
    assert is_in_order(rows, order)
    there = ids_of(one for source in of for one in source.runs if one.id in moving.throughout)
    found = ids_of(one for one in rows if one.id in moving.throughout)
    assert found == [name for name in truth(of, None, order) if name in set(there)]


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_a_run_that_starts_while_the_list_is_read_is_not_part_of_it(kind: str) -> None:
    """Nor does it push any other one out. With the oldest first as well."""
    for order in ExecutionOrder:
        of = [FakeSource("s", kind, [run("s", f"r{at}", at * 60 * SECOND) for at in range(90)], precision=SECOND)]
        whole = truth(of, None, order)

        def start_one(number: int, source: FakeSource = of[0]) -> None:
            source.runs.append(run("s", f"new{number}", -number * SECOND))

        pages = await pages_of(Walk(of, order=order, first=20, wall_clock=lambda: NOW), start_one)

        assert ids_of(rows_of(pages)) == whole


# sources that fail


@settings(deadline=None, max_examples=150, derandomize=True)
@given(sources(4), ORDERS, st.sampled_from([1, 2, 5, 10]), st.integers(1, 6), st.integers(0, 3), st.booleans())
async def test_a_source_that_fails_on_one_page_takes_nothing_from_the_others(
    of: list[FakeSource], order: ExecutionOrder, first: int, page_number: int, which: int, fresh: bool
) -> None:
    failing = of[which % len(of)]
    is_down = page_number == 1
    calls_down = 0

    def before(source: FakeSource, call: Call) -> None:
        nonlocal calls_down
        if is_down:
            calls_down += 1
            raise UnreachableError("down")

    failing.before = before
    walk = Walk(of, order=order, first=first, fresh=fresh)
    whole = truth(of, None, order)
    rows: list[Execution] = []
    after: str | None = None
    for number in range(1, 500):
        is_down, calls_down = number == page_number, 0
        page = await walk.page(after)
        outcome = outcome_of(page, failing.name)
        if calls_down:
            assert outcome.error is not None
            assert outcome.error.code == "UNREACHABLE"
            assert outcome.status in ("FAILED", "PARTIAL")
            assert not page.complete
            is_down = False
            again = await walk.page(after)
            given = ids_of(rows)
            place = whole.index(given[-1]) + 1 if given else 0
            assert ids_of(again.nodes) == whole[place : place + first]
            assert again.complete
        else:
            assert page.complete
        rows += page.nodes
        after = page.page_info.end_cursor
        if not page.page_info.has_next_page:
            break

    assert is_in_order(rows, order)
    assert ids_of(one for one in rows if one.source != failing.name) == [one for one in whole if one[0] != failing.name]


async def test_a_source_without_its_workflows_is_told_and_costs_the_others_no_hints() -> None:
    wide = FakeSource(
        "wide", "offset", [run("wide", f"r{at}", at * 60 * SECOND, workflow=f"w{at % 50}") for at in range(500)]
    )
    other = FakeSource("other", "offset", [run("other", f"r{at}", at * 60 * SECOND) for at in range(500)])
    walk = Walk([wide, other], first=20)
    page = await walk.page()
    assert page.complete
    other.is_down = True
    wide.calls.clear()

    page = await walk.page(page.page_info.end_cursor)

    outcome = outcome_of(page, "other")
    assert (outcome.status, outcome.error and outcome.error.code) == ("FAILED", "UNREACHABLE")
    assert {one.source for one in page.nodes} == {"wide"}
    assert len(wide.calls) < 30


# bounds of ours


@pytest.mark.parametrize("kind", ["offset", "counted", "usual"])
async def test_what_lies_behind_the_bound_of_pages_is_for_the_next_page(kind: str) -> None:
    """Four matches among 9,000 runs, whose source cannot look for them."""
    rare = {100, 4000, 4001, 8900}
    of = [
        FakeSource(
            "s",
            kind,
            [run("s", f"r{at}", at * 60 * SECOND, status=FAILED if at in rare else SUCCEEDED) for at in range(9000)],
        ),
        FakeSource("t", "token", [run("t", f"r{at}", at * 60 * SECOND, status=FAILED) for at in range(0, 9000, 500)]),
    ]

    pages = await pages_of(Walk(of, {"status": ["FAILED"]}, first=10))

    assert ids_of(rows_of(pages)) == expected(of, {"status": ["FAILED"]}, DESC)
    told = [outcome_of(page, "s") for page in pages]
    assert [one.status for one in told] == ["PARTIAL"] * (len(pages) - 1) + ["OK"]
    assert {one.error.code for one in told if one.error is not None} == {"LIMIT_REACHED"}
    assert len(pages) > 3


@pytest.mark.parametrize("kind", ["token", "usual"])
async def test_more_ties_than_may_be_read_are_told_and_do_not_hold_up_the_list(kind: str) -> None:
    """Their order is the source's, so all of them would have to be read. Pages are small here, and so is the bound."""
    ties = [run("s", f"b{at}", 60 * SECOND) for at in range(700)]
    older = run("s", "older", 3600 * SECOND)
    of = [FakeSource("s", kind, [*ties, older], page_size=5), FakeSource("t", "whole", [run("t", "r", 0)])]

    pages = await pages_of(Walk(of, first=100), at_most=20)

    assert not all(page.complete for page in pages)
    assert {outcome_of(page, "s").error.code for page in pages if not page.complete} == {"LIMIT_REACHED"}  # type: ignore[union-attr]
    assert is_in_order(rows_of(pages), DESC)


async def test_a_list_too_long_to_be_sorted_here_is_told_and_ends() -> None:
    of = [FakeSource("s", "offset", [run("s", f"r{at}", at * SECOND) for at in range(11_000)])]

    page = await Walk(of, order=ASC, first=10).page()

    outcome = outcome_of(page, "s")
    assert (outcome.status, outcome.error and outcome.error.code) == ("PARTIAL", "LIMIT_REACHED")


# records that are out of the ordinary


@pytest.mark.parametrize("kind", ["offset", "usual", "whole"])
@pytest.mark.parametrize("first", [1, 3, 50])
async def test_runs_without_a_start_are_the_newest(kind: str, first: int) -> None:
    waiting = [run("s", f"q{at}", None, status=ExecutionStatus.QUEUED) for at in range(4)]
    of = [
        FakeSource("s", kind, waiting + [run("s", f"r{at}", at * 60 * SECOND) for at in range(70)]),
        FakeSource("t", "token", [run("t", f"r{at}", at * 60 * SECOND) for at in range(9)], precision=SECOND),
    ]
    for order in ExecutionOrder:
        pages = await pages_of(Walk(of, order=order, first=first))

        assert ids_of(rows_of(pages)) == truth(of, None, order)
        assert all(page.complete for page in pages)


async def test_a_run_without_a_start_that_is_found_too_late_is_told() -> None:
    """It would have been the first of the list; the source shows it far down."""
    of = [FakeSource("s", "offset", [run("s", f"r{at:03}", at * 60 * SECOND) for at in range(300)])]
    of[0].runs[250] = replace(of[0].runs[250], started_at=None)
    of[0].sorts_by = lambda one: -int(one.native_id[1:])

    pages = await pages_of(Walk(of, first=100))

    rows = rows_of(pages)
    assert ids_of(rows) == [name for name in truth(of) if name[2] != "r250"]
    assert [page.complete for page in pages] == [True, False, False]


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("order", ExecutionOrder)
@pytest.mark.parametrize("places_all", [False, True])
async def test_records_that_cannot_be_read_hold_up_no_others(
    kind: str, order: ExecutionOrder, places_all: bool
) -> None:
    """Alone, at the end of a page, and more than a page of them in a row; found at once, or when somebody looks."""
    runs = [run("s", f"r{at}", at * 60 * SECOND) for at in range(120)]
    bad = frozenset({f"r{at}" for at in (0, 7, 8, 29, *range(40, 75))})
    of = [FakeSource("s", kind, runs, page_size=15, unreadable=bad, places_all=places_all)]

    pages = await pages_of(Walk(of, order=order, first=10))

    assert ids_of(rows_of(pages)) == truth(of, None, order)
    told = [outcome_of(page, "s") for page in pages]
    assert {one.error.code for one in told if one.error is not None} == {"BAD_RESPONSE"}
    assert {one.status for one in told} <= {"OK", "PARTIAL"}


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("within", [{}, {"started_at": {"from": Instant.of(NOW - 200 * 60 * SECOND), "to": None}}])
async def test_only_rows_that_are_shown_are_read(kind: str, within: dict[str, Any]) -> None:
    """And the one behind them, which tells that there is a next page. A range of starts needs no more."""
    of = [FakeSource("s", kind, [run("s", f"r{at}", at * 60 * SECOND) for at in range(300)])]

    page = await Walk(of, within, first=30).page()

    assert of[0].looked_at == [f"r{at}" for at in range(31)]
    assert page.page_info.has_next_page


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_no_next_page_is_promised_of_rows_that_cannot_be_read(kind: str) -> None:
    """The last ten of the list; the page is full without them, and says what it lacks."""
    runs = [run("s", f"r{at}", at * 60 * SECOND) for at in range(40)]
    bad = frozenset(f"r{at}" for at in range(30, 40))
    of = [FakeSource("s", kind, runs, unreadable=bad, places_all=True)]

    page = await Walk(of, first=30).page()

    assert len(page.nodes) == 30
    assert not page.page_info.has_next_page
    assert outcome_of(page, "s").error is not None


@pytest.mark.parametrize(("kind", "order"), [("counted", DESC), ("counted", ASC), ("usual", DESC)])
async def test_disorder_that_is_seen_is_learned_and_carried_to_other_processes(
    kind: str, order: ExecutionOrder
) -> None:
    """Each tenth record is ten minutes late: found as the first page is read, which then starts again."""
    of = [FakeSource("s", kind, [run("s", f"r{at}", at * 20 * SECOND) for at in range(400)], page_size=40)]
    late = -600 * SECOND if order is DESC else 600 * SECOND
    of[0].sorts_by = lambda one: started(one) + (late if one.native_id.endswith("5") else 0)

    pages = await pages_of(Walk(of, order=order, first=50))

    assert ids_of(rows_of(pages)) == truth(of, None, order)
    assert all(page.complete for page in pages)
    assert cursors.read(pages[0].page_info.end_cursor or "").slack["s"] >= 590 * SECOND


def started(one: Execution) -> int:
    assert one.started_at is not None
    return one.started_at.ns


async def test_one_disordered_source_fails_alone_when_starting_again_does_not_help() -> None:
    """Its rows get ever newer, however far they are read."""
    of = [
        FakeSource("s", "offset", []),
        FakeSource("t", "token", [run("t", f"r{at}", at * SECOND) for at in range(30)]),
    ]
    clock = iter(range(10**6))

    def grow(source: FakeSource, call: Call) -> None:
        at = next(clock)
        source.runs = [run("s", f"r{at}-{n}", (1000 - n - 50 * at) * SECOND) for n in range(20)]

    of[0].names = ["w"]
    of[0].before = grow
    of[0].page_size = 10
    of[0].sorts_by = lambda one: -int(one.native_id.partition("-")[2])

    page = await Walk(of, first=30).page()

    assert (
        ids_of(one for one in page.nodes if one.source == "t")
        == truth(of[1:])[: len([n for n in page.nodes if n.source == "t"])]
    )
    assert outcome_of(page, "t").status == "OK"


async def test_ids_are_asked_for_directly_and_paged_like_any_other_list() -> None:
    of = [FakeSource("s", "offset", [run("s", f"r{at}", at * SECOND) for at in range(30)])]
    chosen = [one.id for one in of[0].runs[5:25]]

    pages = await pages_of(Walk(of, {"ids": chosen}, first=6))

    assert [one.id for one in rows_of(pages)] == chosen
    assert calls_of(of) == 0


SUCCEEDED, FAILED = ExecutionStatus.SUCCEEDED, ExecutionStatus.FAILED
Before = Callable[[FakeSource, Call], None]
