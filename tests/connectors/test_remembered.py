"""The memory of a process: in how many bytes, in what order things give way, and when they are gone."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from connectors.contract import ExecutionQuery, Page
from connectors.footprint import detached, weight_of
from connectors.lifetimes import HARD_LIVE, Lifetime
from connectors.questions import PageOf, RunOf
from connectors.remembered import MINUTE, PLACE, SOME, Answer, Memory
from schema.identity import NativeId
from tests.connectors.asked import AskedExecution, Clock, run


def rows(count: int, size: int) -> list[AskedExecution]:
    """Runs of so many bytes of JSON each, as views of one answer."""
    return [run(f"r{at}", raw=Raw(b'{"x": "%s"}' % (b"y" * size)), tags=(f"tag {at}",)) for at in range(count)]


@pytest.fixture
def measured() -> Iterator[Callable[[], int]]:
    """Bytes in use by what is made from here on."""
    gc.collect()
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()


def test_the_bound_in_bytes_holds(measured: Callable[[], int]) -> None:
    """Filled four times over, with few large answers as with many small ones: memory grows by no more than it."""
    bound = 1024 * 1024
    memory = Memory(bound, Clock())
    for at in range(4 * bound // 100_000):
        page = detached(Page(executions=rows(20, 4000), next_cursor=None))
        memory.keep((None, 0, PageOf(f"w{at}", ExecutionQuery(), None)), Answer(page, 0, Lifetime(5, 5, 900)))
        assert memory.size <= bound
    assert measured() <= bound
    for at in range(4000):
        memory.keep((None, 0, RunOf(NativeId("w", f"r{at}"))), Answer(run(f"r{at}"), 0, Lifetime(5, 5, 900)))
        assert memory.size <= bound
    gc.collect()
    assert bound / 3 <= measured() <= bound


def test_an_answer_larger_than_all_room_is_not_kept_nor_is_the_one_before() -> None:
    memory = Memory(10_000, Clock())
    memory.keep("k", Answer(run("a"), 0, Lifetime(5, 5, 900)))
    assert len(memory) == 1

    memory.keep("k", Answer(Page(executions=rows(1, 20_000), next_cursor=None), 0, Lifetime(5, 5, 900)))

    assert memory.get("k") is None
    assert memory.size == 0


def test_what_was_not_used_for_longest_gives_way_first() -> None:
    one = Memory(10_000, Clock())
    one.keep(0, Answer(rows(1, 2000)[0], 0, Lifetime(5, 5, 900)))
    memory = Memory(one.size * 3, Clock())
    for at in range(3):
        memory.keep(at, Answer(rows(1, 2000)[0], 0, Lifetime(5, 5, 900)))
    memory.get(0)

    memory.keep(3, Answer(rows(1, 2000)[0], 0, Lifetime(5, 5, 900)))

    assert [memory.get(at) is not None for at in range(4)] == [True, False, True, True]


def test_past_the_hard_limit_nothing_is_known() -> None:
    clock = Clock()
    memory = Memory(10_000, clock)
    memory.keep("k", Answer(run("a"), 0, Lifetime(5, 5, HARD_LIVE), age=300.0))

    clock.now += HARD_LIVE - 300 - 0.1
    assert memory.get("k") is not None
    clock.now += 0.2
    assert memory.get("k") is None
    assert (len(memory), memory.size) == (0, 0)


LIVES = [10.0, 47.0, HARD_LIVE, 24 * 3600.0]


def keep(memory: Memory, key: str, hard: float, age: float = 0.0) -> None:
    memory.keep(key, Answer(run("a"), 0, Lifetime(5, 5, hard), age), 1000)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(LIVES), st.floats(0, 2000)), max_size=40))
def test_what_is_past_its_limit_is_never_given_and_goes_a_minute_later_if_others_come(
    steps: list[tuple[str, float, float]],
) -> None:
    """Whatever comes when, in place of what, and however it ends: nothing that is still good is lost by it."""
    clock = Clock()
    memory = Memory(10_000_000, clock)
    ends: dict[str, float] = {}
    for key, hard, passing in steps:
        clock.now += passing
        keep(memory, key, hard)
        ends[key] = clock.now + hard

        assert len(memory) <= sum(end > clock.now - MINUTE for end in ends.values())
        assert memory.size == len(memory) * (1000 + PLACE)
    for key, end in ends.items():
        assert (memory.get(key) is not None) == (end > clock.now)


def test_what_is_past_its_limit_goes_some_at_a_time() -> None:
    """All that a busy minute has left: not in one go, and not more than what is due."""
    clock = Clock()
    memory = Memory(10_000_000, clock)
    for at in range(5 * SOME):
        keep(memory, f"run {at}", HARD_LIVE)
    keep(memory, "long", 24 * 3600)
    clock.now += HARD_LIVE + MINUTE

    sizes = []
    for at in range(6):
        keep(memory, f"new {at}", HARD_LIVE)
        sizes.append(len(memory))

    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] >= 4 * SOME
    assert sizes[-1] == 7
    assert memory.get("long") is not None


def test_an_answer_that_comes_past_its_limit_is_not_kept_nor_is_the_one_before() -> None:
    memory = Memory(10_000_000, Clock())
    keep(memory, "k", HARD_LIVE)

    keep(memory, "k", HARD_LIVE, age=HARD_LIVE)

    assert (memory.get("k"), len(memory), memory.size) == (None, 0, 0)


def test_of_what_is_forgotten_nothing_is_left(measured: Callable[[], int]) -> None:
    """Be it that it was told to go, or that it gave way: who asks something else each time does not fill the memory."""
    memory = Memory(100 * (1000 + PLACE), Clock())
    for at in range(1000):
        keep(memory, f"{at}", HARD_LIVE)
    before = measured()
    for at in range(20_000):
        keep(memory, f"{at}", HARD_LIVE + at)
        if at % 3 == 0:
            memory.forget(f"{at}")

    assert measured() - before < 300_000


def test_what_is_remembered_holds_no_answer_as_a_whole() -> None:
    """An undecoded value is a view of the bytes that it came in; of a megabyte, say, for a record of ten bytes."""
    record = Raw(memoryview(b"[" + b" " * 1_000_000 + b'"x"]')[-4:-1])

    kept = detached(run("a", raw=record))

    assert kept == run("a", raw=record)
    assert kept.raw is not None
    assert kept.raw.copy() is kept.raw  # it owns its bytes
    assert weight_of(kept) < 3000
