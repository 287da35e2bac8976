"""The merge: reads no further than it must, and no failure, bug or slow source takes rows from the others."""

import asyncio
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from structlog.testing import capture_logs

from connectors.cached import Cached
from connectors.contract import WHOLE_SOURCE, Paging
from connectors.errors import ConnectorError, ThrottledError, UnreachableError
from resolvers.context import Context, House, Source
from resolvers.history import History
from resolvers.merge import DisorderedError, Merge
from resolvers.opening import opening
from resolvers.ordering import FIRST
from resolvers.request import read_request
from resolvers.streams import Memory, Stream
from schema.instant import SECOND
from schema.model import ExecutionConnection, ExecutionOrder, ExecutionStatus, Workflow
from tests.resolvers.fakes import DESC, KINDS, NOW, Call, FakeSource, Walk, ids_of, key_of, outcome_of, run, truth

QUERY = read_request({}, DESC, 50, None, b"").query


def stream_of(source: FakeSource, partition: str = "w") -> Stream:
    return opening(source, QUERY, Memory())(partition)


def filled(name: str, kind: str = "offset", runs: int = 30, apart: int = 60 * SECOND) -> FakeSource:
    return FakeSource(name, kind, [run(name, f"r{at:02}", at * apart) for at in range(runs)])


def names(rows: Iterable[tuple[object, int, object]]) -> list[int]:
    return [index for _, index, _ in rows]


async def test_rows_of_several_streams_come_in_one_order() -> None:
    merge = Merge([stream_of(filled("b")), stream_of(filled("a"))])

    rows = await merge.take(6)

    assert names(rows) == [1, 0, 1, 0, 1, 0]  # ties by the source's name
    assert [key for key, _, _ in rows] == sorted(key for key, _, _ in rows)


async def test_a_stream_is_not_read_beyond_the_rows_that_are_wanted() -> None:
    new, old = (
        filled("new", runs=300),
        FakeSource("old", "offset", [run("old", f"r{at}", 10**6 * SECOND + at) for at in range(300)]),
    )
    merge = Merge([stream_of(new), stream_of(old)])

    await merge.take(150)

    assert len(new.calls) == 2
    assert len(old.calls) == 1


async def test_rows_that_are_put_back_come_again() -> None:
    merge = Merge([stream_of(filled("a"))])
    rows = await merge.take(5)
    merge.put_back(rows[2:])

    assert await merge.take(3) == rows[2:]


async def test_at_its_end_there_are_fewer_rows_and_no_more() -> None:
    merge = Merge([stream_of(filled("a", runs=3)), stream_of(filled("b", runs=0))])

    assert len(await merge.take(10)) == 3
    assert not await merge.has_more()
    assert merge.rest() == [(None, 3), (None, 0)]


async def test_no_streams_are_an_empty_list() -> None:
    merge = Merge([])
    assert await merge.take(5) == []
    assert not await merge.has_more()


@pytest.mark.parametrize("error", [UnreachableError("down"), ThrottledError("slow down", retry_after=3)])
async def test_a_stream_that_fails_is_left_out_and_its_error_kept(error: ConnectorError) -> None:
    failing = filled("failing")
    failing.before = raising(error)
    merge = Merge([stream_of(failing), stream_of(filled("well"))])

    rows = await merge.take(50)

    assert names(rows) == [1] * 30
    assert merge.errors == {0: error}
    assert merge.rest()[0] == (FIRST, None)  # nothing is known of it


async def test_a_stream_that_brings_nothing_is_asked_again_while_another_is_waited_for() -> None:
    """Its ten pages, in which nothing meets the condition."""
    released = asyncio.Event()
    slow, barren = filled("slow"), filled("barren", runs=100)
    barren.page_size = 10
    query = replace(QUERY, statuses=frozenset({ExecutionStatus.FAILED}))
    merge = Merge([opening(one, query, Memory())("w") for one in (slow, barren)])
    slow.hangs, slow.released = (lambda _: True), released

    def let_go(_: FakeSource, call: Call) -> None:
        if call.cursor == "90":
            released.set()

    barren.before = let_go

    assert await merge.take(10) == []
    assert len(barren.calls) >= 10
    assert len(slow.calls) == 1


async def test_rows_read_before_a_failure_are_given() -> None:
    source = filled("s", runs=300)
    source.before = lambda source, _: None if len(source.calls) == 1 else raising(UnreachableError("down"))(source, _)
    merge = Merge([stream_of(source)])

    rows = await merge.take(300)

    assert 50 <= len(rows) < 100
    assert set(merge.errors) == {0}


def raising(error: Exception):  # type: ignore[no-untyped-def]
    def before(_: FakeSource, __: Call) -> None:
        raise error

    return before


# bugs of ours


async def test_a_bug_in_a_connector_is_logged_whole_and_shown_as_a_reference() -> None:
    broken, well = filled("broken"), filled("well")
    broken.before = raising(KeyError("secret payload"))

    with capture_logs() as logs:
        page = await Walk([broken, well], first=10).page()

    assert {one.source for one in page.nodes} == {"well"}
    error = outcome_of(page, "broken").error
    assert error is not None
    assert error.reference
    assert "secret" not in error.message
    (told,) = [entry for entry in logs if entry["event"] == "connector failed"]
    assert told["reference"] == error.reference
    assert isinstance(told["exc_info"], KeyError)


async def test_a_call_that_somebody_else_cancelled_is_a_failure_of_its_source_only() -> None:
    broken, well = filled("broken"), filled("well")
    broken.before = raising(asyncio.CancelledError())  # type: ignore[arg-type]

    page = await Walk([broken, well], first=50).page()

    assert ids_of(page.nodes) == truth([well])
    assert outcome_of(page, "broken").status == "FAILED"


# the deadline


class Clock:
    """Strikes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def ask(house: House, *, late: bool = False) -> ExecutionConnection:
    """A page of ten. `late`: the deadline is over when it begins."""
    context = Context(house)
    if late:
        assert isinstance(house.clock, Clock)
        house.clock.now += house.deadline_seconds + 1
    return await History(context, read_request({}, DESC, 10, None, b"")).page()


def struck_by(clock: Clock) -> FakeSource:
    """One that has nothing, and when it says so the deadline has struck."""
    empty = filled("empty", runs=0)
    empty.names, empty.before = ["w"], lambda *_: setattr(clock, "now", 11.0)
    return empty


async def test_the_deadline_names_what_has_not_answered_and_gives_the_rest() -> None:
    """The cut-off call is left running, and its answer is taken."""
    clock, released = Clock(), asyncio.Event()
    slow, well = filled("slow"), filled("well")
    slow.hangs, slow.released = (lambda _: True), released
    house = House([*map(Source, (slow, well, struck_by(clock)))], clock=clock, deadline_seconds=10)

    page = await ask(house)

    assert len(page.nodes) == 10
    assert {one.source for one in page.nodes} == {"well"}
    outcome = outcome_of(page, "slow")
    assert (outcome.status, outcome.error and outcome.error.code) == ("FAILED", "TIMEOUT")
    assert outcome_of(page, "well").status == "OK"
    assert page.page_info.has_next_page
    (left,) = house.background
    assert not left.done()

    released.set()
    await left
    assert house.background == set()


async def test_what_answers_after_the_deadline_changes_nothing_of_the_page() -> None:
    """Its rows were not given: a hint that it is read would lose them."""
    clock, released = Clock(), asyncio.Event()
    slow, well = filled("slow"), filled("well")
    slow.hangs, slow.released = (lambda _: True), released
    merge = Merge([*map(stream_of, (slow, well, struck_by(clock)))], deadline=10, clock=clock)
    left: list[asyncio.Task[None]] = []
    merge.leave_running = left.append

    await merge.take(5)
    released.set()
    await asyncio.gather(*left)

    assert slow.calls and merge.streams[0].bound is None
    assert merge.rest()[0] == (FIRST, None)


async def test_a_source_that_does_not_list_its_workflows_in_time_is_named() -> None:
    clock, released = Clock(), asyncio.Event()

    class Stuck(FakeSource):
        async def workflows(self) -> Sequence[Workflow]:
            await released.wait()
            return []

    house = House([Source(Stuck("stuck", "offset"))], clock=clock)

    page = await ask(house, late=True)

    (outcome,) = page.sources
    assert (outcome.status, outcome.error and outcome.error.code) == ("FAILED", "TIMEOUT")
    assert len(house.background) == 1
    released.set()
    await asyncio.gather(*house.background)


async def test_a_page_that_the_deadline_left_empty_says_so() -> None:
    clock = Clock()
    released = asyncio.Event()
    slow = filled("slow")
    slow.hangs, slow.released = (lambda _: True), released
    slow.kind = "token"
    house = House([Source(slow)], clock=clock)

    page = await ask(house, late=True)

    assert (page.nodes, page.page_info.has_next_page, page.complete) == ((), False, False)
    released.set()
    await asyncio.gather(*house.background)


async def test_who_goes_away_cancels_the_calls_in_flight() -> None:
    released = asyncio.Event()
    slow = filled("slow")
    under_way = asyncio.Event()
    slow.hangs, slow.released = (lambda _: True), released
    slow.before = lambda *_: under_way.set()
    house = House([Source(slow), Source(filled("well"))])
    asked = asyncio.create_task(ask(house))
    await under_way.wait()

    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert house.background == set()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_the_first_calls_of_all_sources_leave_before_their_other_lists_are_looked_at() -> None:
    left: list[tuple[str, str]] = []
    tasks: list[int] = []

    def leaves(source: FakeSource, call: Call) -> None:
        left.append((source.name, call.partition))
        tasks.append(len(asyncio.all_tasks()))

    sources = [filled("a"), filled("b")]
    for source in sources:
        source.before = leaves
    caches = [Cached(source) for source in sources]
    merge = Merge([opening(one, QUERY, Memory())(partition) for one in caches for partition in ("w", "x", "y")])

    await merge.take(5)

    assert left == [("a", "w"), ("b", "w"), ("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]
    assert tasks[:2] == [5, 5]  # we, and for each of the two lists its stream and its call
    for cache in caches:
        await cache.aclose()


@pytest.mark.parametrize(("turns", "calls"), [(0, 0), (1, 1), (2, 1), (3, 3), (4, 3)])
async def test_who_goes_away_while_streams_are_started_leaves_none_of_them_running(turns: int, calls: int) -> None:
    """In whichever turn of the loop that is."""
    sources = [filled("a"), filled("b")]
    for source in sources:
        source.hangs, source.released = (lambda _: True), asyncio.Event()
    caches = [Cached(source) for source in sources]
    merge = Merge([opening(one, QUERY, Memory())(partition) for one in caches for partition in ("w", "x", "y")])
    taking = asyncio.create_task(merge.take(5))
    for _ in range(turns):
        await asyncio.sleep(0)

    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    for _ in range(4):
        await asyncio.sleep(0)

    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert [len(source.calls) for source in sources] == [calls, calls]


# an order that proves wrong


async def test_a_row_that_comes_too_late_starts_the_merge_again() -> None:
    """The source promises an order, and breaks it by more than a page."""
    source = filled("s", runs=200)
    source.sorts_by = lambda one: (
        10**6 * SECOND - int(one.native_id[1:]) * SECOND - 10**5 * SECOND * (one.native_id == "r05")
    )
    memory = Memory()
    merge = Merge([opening(source, QUERY, memory)("w")])

    with capture_logs() as logs, pytest.raises(DisorderedError):
        await merge.take(200)

    assert memory.slack >= 2 * 100 * 60 * SECOND
    assert [entry["event"] for entry in logs] == ["rows out of order"]
    again = Merge([opening(source, QUERY, memory)("w")])
    assert len(await again.take(200)) == 200


async def test_where_starting_again_is_no_use_the_source_fails_alone() -> None:
    source = filled("s", runs=200)
    source.sorts_by = lambda one: (
        10**6 * SECOND - int(one.native_id[1:]) * SECOND - 10**5 * SECOND * (one.native_id == "r05")
    )
    well = filled("well", runs=200)
    merge = Merge([stream_of(source), stream_of(well)], may_start_again=False)

    rows = await merge.take(400)

    assert names(rows).count(1) == 200
    assert set(merge.errors) == {0}


# starts that are none


@given(
    kind=st.sampled_from(sorted(kind for kind in KINDS if KINDS[kind].paging is not Paging.NONE)),
    order=st.sampled_from(ExecutionOrder),
    misdated=st.sets(st.integers(0, 29), max_size=8),
    page_size=st.integers(8, 40),
)
async def test_a_start_that_is_none_costs_its_run_and_no_other(
    kind: str, order: ExecutionOrder, misdated: set[int], page_size: int
) -> None:
    """Wherever it stands in a page, the last place included, and whichever way the list goes."""
    source = filled("spoilt", kind)
    source.page_size, source.misdated = page_size, frozenset(f"r{at:02}" for at in misdated)
    well = filled("well", kind)
    query = read_request({}, order, 100, None, b"").query
    partition = "w" if KINDS[kind].partitioned else WHOLE_SOURCE
    streams = [opening(one, query, Memory(), now=lambda: NOW)(partition) for one in (source, well)]
    merge = Merge(streams)

    rows = await merge.take(100)

    keys = [key for key, _, _ in rows]
    assert keys == sorted(
        key_of(one, order)
        for one in source.runs + well.runs
        if one.native_id not in source.misdated or one.source == "well"
    )
    assert merge.errors == {}
    assert {one.native_id for one in streams[0].unreadable} == source.misdated
