"""The one order, and how positions in it are said to sources."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import EVER, Range
from resolvers.ordering import FIRST, first_rank, last_rank, not_before, rank_of
from schema.model import FOREVER, ExecutionOrder
from tests.resolvers.fakes import ASC, DESC, NOW, key_of, run

NANOSECONDS = st.integers(-(2**62), 2**62)
BOUNDS = st.none() | NANOSECONDS
RANGES = st.builds(Range, BOUNDS, BOUNDS)
ORDERS = st.sampled_from(ExecutionOrder)


def test_newest_first_means_the_lowest_rank_first() -> None:
    newer, older = run("s", "a", 0), run("s", "b", 1)
    assert key_of(newer, DESC) < key_of(older, DESC)
    assert key_of(older, ASC) < key_of(newer, ASC)


def test_ties_are_ordered_by_source_then_workflow_then_id_whatever_the_order() -> None:
    runs = [
        run("a", "z", 5, workflow="w"),
        run("b", "a", 5, workflow="v"),
        run("b", "b", 5, workflow="v"),
        run("b", "a", 5),
    ]
    for order in ExecutionOrder:
        assert sorted(runs, key=lambda one: key_of(one, order)) == runs


def test_a_run_without_a_start_is_the_newest_of_all() -> None:
    waiting, newest = run("s", "a", None), run("s", "b", -(2**40))
    assert key_of(waiting, DESC) < key_of(newest, DESC)
    assert key_of(waiting, ASC) > key_of(newest, ASC)
    assert key_of(waiting, DESC) > FIRST


@given(st.none() | NANOSECONDS, ORDERS)
def test_a_bound_comes_before_all_keys_of_its_rank(ns: int | None, order: ExecutionOrder) -> None:
    rank = rank_of(ns, order)
    assert (rank - 1, "z", "z", "z") < (rank,) < (rank, "", "", "")


@given(NANOSECONDS, NANOSECONDS, RANGES, ORDERS)
def test_what_is_not_before_a_rank_is_asked_for_and_nothing_else_in_the_range(
    ns: int, at: int, within: Range, order: ExecutionOrder
) -> None:
    asked = not_before(rank_of(at, order), order, within)
    assert asked.holds(ns) == (within.holds(ns) and rank_of(ns, order) >= rank_of(at, order))


@given(NANOSECONDS, RANGES, ORDERS)
def test_nothing_of_a_range_lies_outside_its_first_and_last_rank(ns: int, within: Range, order: ExecutionOrder) -> None:
    if within.holds(ns):
        rank, last = rank_of(ns, order), last_rank(order, within)
        assert first_rank(order, within) <= rank
        assert last is None or rank <= last


@pytest.mark.parametrize("order", ExecutionOrder)
@pytest.mark.parametrize("rank", [FIRST[0], -FOREVER, FOREVER])
def test_a_rank_without_a_start_asks_for_the_whole_range(order: ExecutionOrder, rank: int) -> None:
    within = Range(1, 5)
    assert not_before(rank, order, within) == within


def test_open_ranges_have_no_ends() -> None:
    for order in ExecutionOrder:
        assert first_rank(order, EVER) == FIRST[0]
        assert last_rank(order, EVER) is None


def test_ends_of_a_range() -> None:
    within = Range(NOW - 10, NOW)
    assert (first_rank(DESC, within), last_rank(DESC, within)) == (-NOW + 1, -NOW + 10)
    assert (first_rank(ASC, within), last_rank(ASC, within)) == (NOW - 10, NOW - 1)
