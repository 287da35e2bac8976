"""Rows that are held back: put in order by their starts as they are written, and placed some at a time."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from connectors.listed import Listed, Listing
from resolvers.held import Held, by_start
from resolvers.ordering import rank_of
from schema.identity import NativeId
from schema.instant import SECOND, read_ns
from schema.model import Execution, ExecutionOrder
from tests.resolvers.fakes import DESC

ORDERS = st.sampled_from(ExecutionOrder)
FRACTIONS = st.text("0123456789", max_size=9).map(lambda digits: f".{digits}" if digits else "")
STARTS = st.builds(
    lambda at, fraction: (
        f"2026-02-{1 + at // 86400:02}T{at // 3600 % 24:02}:{at // 60 % 60:02}:{at % 60:02}{fraction}Z"
    ),
    st.integers(0, 3 * 86400) | st.integers(0, 3),
    FRACTIONS,
)


def unread(_: Raw) -> Execution:
    raise AssertionError("nobody needs to look at it")


def listing(starts: Sequence[str]) -> Listing[int]:
    wires = range(len(starts))
    return Listing(wires, starts, lambda: [Raw()] * len(starts), lambda at: NativeId("w", str(at)), unread, size=0)


@given(st.lists(STARTS, min_size=1, max_size=20), ORDERS)
def test_rows_are_put_in_order_by_texts_as_by_times(starts: list[str], order: ExecutionOrder) -> None:
    """Whether with 0 or 9 digits of a fraction."""
    indices = by_start(listing(starts), order)

    assert indices is not None
    ranks = [rank_of(read_ns(starts[at]), order) for at in indices]
    assert ranks == sorted(ranks)
    assert sorted(indices) == list(range(len(starts)))


@given(st.lists(STARTS, min_size=1, max_size=20), ORDERS)
def test_rows_that_were_placed_before_are_put_in_the_same_order(starts: list[str], order: ExecutionOrder) -> None:
    rows = [Listed(NativeId("w", str(at)), read_ns(text), Raw(), unread) for at, text in enumerate(starts)]

    indices = by_start(rows, order)

    assert indices is not None
    ranks = [rank_of(rows[at].started, order) for at in indices]
    assert ranks == sorted(ranks)


def test_rows_that_came_in_order_are_told_by_a_range() -> None:
    starts = ["2026-02-01T00:00:02Z", "2026-02-01T00:00:01.5Z", "2026-02-01T00:00:01Z"]
    assert by_start(listing(starts), DESC) == range(3)
    assert by_start(listing(starts[::-1]), DESC) == [2, 1, 0]


def test_rows_of_which_one_has_no_start_are_in_no_order() -> None:
    rows = [Listed(NativeId("w", "a"), SECOND, Raw(), unread), Listed(NativeId("w", "b"), None, Raw(), unread)]
    assert by_start(rows, DESC) is None


def test_few_rows_are_made_at_first_then_more() -> None:
    made: list[int] = []

    def key_of(at: int) -> NativeId:
        made.append(at)
        return NativeId("w", str(at))

    starts = [f"2026-02-01T00:00:{59 - at:02}Z" for at in range(60)]
    held = Held(Listing(range(60), starts, lambda: [Raw()] * 60, key_of, unread, size=0), range(60))

    sizes = []
    while held.first is not None:
        sizes.append(len(held.some()))

    assert sizes == [4, 8, 16, 32]
    assert made == list(range(60))  # each once
    assert held.some() == []


def test_a_row_is_the_same_one_each_time() -> None:
    rows = listing(["2026-02-01T00:00:00Z"] * 3)
    assert rows[1] is rows[1:][0] is list(rows)[1] is rows[-2]
