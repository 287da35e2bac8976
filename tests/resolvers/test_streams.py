"""What every stream promises the merge: nothing that it has not read yet comes before its bound."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import WHOLE_SOURCE, Range
from connectors.errors import LimitReachedError
from resolvers.opening import opening
from resolvers.ordering import FIRST, Bound, Key
from resolvers.request import read_request
from resolvers.streams import Memory, Stream
from schema.instant import SECOND
from schema.model import ExecutionOrder
from tests.resolvers.fakes import ASC, DESC, KINDS, NOW, FakeSource, key_of, run
from tests.resolvers.generated import UNITS

STARTS = st.builds(
    lambda ago, unit, shift: ago * unit + shift,
    st.integers(0, 40),
    st.sampled_from(UNITS),
    st.sampled_from([0, 0, 1, -1]),
)


def open_one(
    source: FakeSource,
    order: ExecutionOrder,
    position: Bound = FIRST,
    within: Range | None = None,
    hint: int | None = None,
) -> Stream:
    query = read_request({}, order, 10, None, b"").query
    if within is not None:
        query = type(query)(order=order, limit=10, started=within)
    partition = WHOLE_SOURCE if not source.capabilities.partitioned else "w"
    return opening(source, query, Memory(), position=position, now=lambda: NOW)(partition, hint=hint)


def is_before(bound: Bound | None, keys: set[Key]) -> bool:
    return bound is None or all(key > bound for key in keys)


@settings(deadline=None, max_examples=600, derandomize=True)
@given(
    st.sampled_from(sorted(KINDS)),
    st.lists(STARTS, max_size=40),
    st.sampled_from(ExecutionOrder),
    st.integers(5, 20),
    st.booleans(),
    st.sampled_from([0, 2 * SECOND]),
    st.none() | st.integers(0, 39),
    st.none() | st.integers(0, 60),
)
async def test_nothing_unread_comes_before_the_bound(
    kind: str,
    starts: list[int],
    order: ExecutionOrder,
    page_size: int,
    swapped: bool,
    late: int,
    given_before: int | None,
    hint: int | None,
) -> None:
    """From any position, with any hint of an offset, and with small disorder where no order is promised."""
    promised = KINDS[kind].order_promised
    runs = [run("s", f"r{at}", ago) for at, ago in enumerate(starts)]
    source = FakeSource(
        "s", kind, runs, page_size=page_size, swapped=swapped and not promised, late=0 if promised else late
    )
    keys = sorted(key_of(one, order) for one in runs)
    position: Bound = FIRST if given_before is None or not keys else keys[given_before % len(keys)]
    unread = {key for key in keys if key > position}
    stream = open_one(source, order, position, hint=hint)
    if isinstance(hint, int) and kind == "unordered":
        stream = open_one(source, order, position)  # of these a hint is the width of a window

    while stream.edge is not None:
        try:
            await stream.advance()
        except LimitReachedError:
            return  # a stream of windows, with many runs for its small pages
        for key, _ in stream.rows:
            unread.remove(key)  # each once
        stream.rows.clear()
        assert is_before(stream.edge, unread)
    assert unread == set()


@pytest.mark.parametrize("kind", ["usual", "counted"])
async def test_neighbours_that_change_places_at_the_border_of_pages_are_put_right(kind: str) -> None:
    """Far apart in time, so that no slack of some seconds would cover it."""
    source = FakeSource("s", kind, [run("s", f"r{at:02}", at * 3600 * SECOND) for at in range(60)], page_size=15)
    source.swapped = True
    stream = open_one(source, DESC)

    await stream.advance()

    assert len(stream.rows) == 15
    assert {row.key.execution for _, row in stream.rows} == {f"r{at:02}" for at in (*range(14), 15)}
    bound = stream.bound
    assert bound is not None
    assert bound <= key_of(source.runs[14], DESC)
    assert stream.terms.memory.slack == 0


@pytest.mark.parametrize("kind", ["usual", "counted"])
async def test_records_that_are_a_little_late_are_put_right_however_many_they_are(kind: str) -> None:
    """Forty starts in two seconds, written down in any order."""
    source = FakeSource("s", kind, [run("s", f"r{at:02}", at * SECOND // 20) for at in range(80)], page_size=20)
    source.late = 2 * SECOND
    stream = open_one(source, DESC)

    while stream.bound is not None:
        await stream.advance()

    assert len(stream.rows) == 80
    assert stream.terms.memory.slack == 0


@pytest.mark.parametrize("kind", ["token", "offset", "counted"])
async def test_a_promised_or_usual_order_is_read_no_further_than_it_must(kind: str) -> None:
    source = FakeSource("s", kind, [run("s", f"r{at}", at * 60 * SECOND) for at in range(500)])
    stream = open_one(source, DESC)

    await stream.advance()
    while stream.hand_over():
        pass

    assert len(stream.rows) <= 30
    bound = stream.bound
    assert bound is not None
    assert sum(key < bound for key, _ in stream.rows) > 10


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("order", ExecutionOrder)
async def test_past_the_end_of_the_range_nothing_more_is_read(kind: str, order: ExecutionOrder) -> None:
    """Ten runs of the middle."""
    source = FakeSource("s", kind, [run("s", f"r{at}", at * 60 * SECOND) for at in range(1000)])
    newest, oldest = source.runs[500].started_at, source.runs[509].started_at
    assert newest is not None
    assert oldest is not None
    stream = open_one(source, order, within=Range(oldest.ns, newest.ns + 1))

    while stream.bound is not None:
        await stream.advance()

    assert {row.key.execution for _, row in stream.rows} == {f"r{at}" for at in range(500, 510)}
    if order in KINDS[kind].orders or kind == "unordered":
        assert len(source.calls) <= 9


@pytest.mark.parametrize("kind", ["usual", "offset"])
async def test_one_old_run_among_the_newest_does_not_end_a_list_that_is_read_backwards(kind: str) -> None:
    """Oldest first, of a source that gives the newest first: left only where a whole page lies behind the position."""
    source = FakeSource("s", kind, [run("s", f"r{at:03}", at * 60 * SECOND) for at in range(400)], page_size=50)
    source.sorts_by = lambda one: -int(one.native_id[1:]) if one.native_id != "r399" else 0
    stream = open_one(source, ASC, key_of(source.runs[200], ASC))

    await stream.advance()

    assert {row.key.execution for _, row in stream.rows} == {f"r{at:03}" for at in range(200)}
    assert stream.bound is None
    assert len(source.calls) < 8


async def test_disorder_is_learned_for_all_of_a_source_and_doubled() -> None:
    """A run that comes a hundred minutes too late."""
    source = FakeSource("s", "offset", [run("s", f"r{at:03}", at * 60 * SECOND) for at in range(300)])
    source.sorts_by = lambda one: -2 * int(one.native_id[1:]) - (201 if one.native_id == "r005" else 0)
    stream = open_one(source, DESC)

    while stream.bound is not None:
        await stream.advance()

    assert stream.terms.memory.slack == 2 * 100 * 60 * SECOND


def test_what_a_cursor_carries_is_not_believed_beyond_its_list() -> None:
    """Anyone can write one while the default key is used."""
    memory = Memory()
    query = read_request({}, ASC, 10, None, b"").query
    stream = opening(FakeSource("s", "counted"), query, memory, carried_slack=10**15)("w")
    assert stream.slack >= 10**15
    assert memory.slack == 0


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_the_lists_of_a_source_are_asked_by_one_query(kind: str) -> None:
    """The very same: what it is remembered by is worked out once."""
    source = FakeSource("s", kind)
    open_stream = opening(source, read_request({}, DESC, 10, None, b"").query, Memory(), now=lambda: NOW)

    for partition in ("v", "w"):
        await open_stream(partition).advance()

    first, second = source.calls
    assert first.query is second.query
